// SPDX-License-Identifier: Apache-2.0
/*
 * What is asked, as options of curl's: where to, with which credentials, past which proxy, and who may be
 * talked to.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fetch_internal.h"
#include "util.h"

#define CONNECT_TIMEOUT_MS 3000

static int add_header(struct fetch *fetch, const char *line)
{
	struct curl_slist *list = curl_slist_append(fetch->headers, line);

	if (!list)
		return -ENOMEM;
	fetch->headers = list;
	return 0;
}

static int add_headers(struct fetch *fetch, const struct fetch_request *request)
{
	const char *const *headers = request->headers;
	char *line;
	int r = 0;

	for (; headers && *headers && r == 0; headers++)
		r = add_header(fetch, *headers);
	if (r < 0 || !request->authorization)
		return r;
	if (asprintf(&line, "Authorization: %s", request->authorization) < 0)
		return -ENOMEM;
	r = add_header(fetch, line);
	explicit_bzero(line, strlen(line));
	free(line);
	return r;
}

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (curl_easy_setopt(easy, option, value) != CURLE_OK)                             \
			return -EINVAL;                                                            \
	} while (0)

static curl_socket_t open_socket(
	void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch *fetch = context;

	(void)purpose;
	fetch->fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return fetch->fd < 0 ? CURL_SOCKET_BAD : fetch->fd;
}

/*
 * Connected, and nothing said yet. It is this very connection of which the other side is asked for: a
 * path that was looked at before may have another socket by now.
 */
static int check_listener(
	void *context, char *remote, char *local, int remote_port, int local_port)
{
	const struct fetch *fetch = context;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	/* Whose listener it is cannot be found out: the same as one that is not trusted. */
	if (fetch->fd < 0 || getsockopt(fetch->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return CURL_PREREQFUNC_ABORT;
	return fetch->trust(peer.pid, fetch->trust_context) ? CURL_PREREQFUNC_OK :
							      CURL_PREREQFUNC_ABORT;
}

static int set_trust(struct fetch *fetch, const struct fetch_request *request)
{
	CURL *easy = fetch->easy;

	fetch->fd = -1;
	if (!request->unix_socket || !request->trust)
		return 0;
	fetch->trust = request->trust;
	fetch->trust_context = request->trust_context;
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, fetch);
	SET(CURLOPT_PREREQFUNCTION, check_listener);
	SET(CURLOPT_PREREQDATA, fetch);
	/* An earlier request's connection has another descriptor than the one that is asked. */
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	return 0;
}

static int set_blob(CURL *easy, CURLoption option, const struct fetch_blob *blob)
{
	struct curl_blob copy = {(void *)blob->data, blob->size, CURL_BLOB_COPY};

	if (blob->data)
		SET(option, &copy);
	return 0;
}

static int set_tls(CURL *easy, const struct fetch_tls *tls)
{
	int r;

	if (!tls)
		return 0;
	SET(CURLOPT_SSL_VERIFYPEER, tls->unverified ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, tls->unverified ? 0L : 2L);
	r = set_blob(easy, CURLOPT_CAINFO_BLOB, &tls->authorities);
	if (!r)
		r = set_blob(easy, CURLOPT_SSLCERT_BLOB, &tls->certificate);
	if (!r)
		r = set_blob(easy, CURLOPT_SSLKEY_BLOB, &tls->key);
	return r;
}

/* How the connection is made: where to, and past which proxy. */
static int set_connection(CURL *easy, const struct fetch_request *request)
{
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	/* Where an answer points to is its reader's question: credentials and schemes hang on it. */
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	if (request->unix_socket)
		SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	if (request->unix_socket || request->direct)
		SET(CURLOPT_NOPROXY, "*");
	return set_tls(easy, request->tls);
}

static int set_method(CURL *easy, const struct fetch_request *request)
{
	SET(CURLOPT_NOBODY, request->method == FETCH_HEAD ? 1L : 0L);
	if (request->method == FETCH_POST)
		SET(CURLOPT_COPYPOSTFIELDS, request->form ? request->form : "");
	return 0;
}

static int set_options(struct fetch *fetch, const struct fetch_request *request)
{
	CURL *easy = fetch->easy;
	int r;

	r = set_connection(easy, request);
	if (!r)
		r = set_trust(fetch, request);
	if (!r)
		r = set_method(easy, request);
	if (r < 0)
		return r;
	SET(CURLOPT_HTTPHEADER, fetch->headers);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
		(long)(request->connect_timeout_ms ? request->connect_timeout_ms
						   : CONNECT_TIMEOUT_MS));
	SET(CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
	SET(CURLOPT_USERAGENT, "latchd");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* Else giving up on a name waits for the resolver's thread, and the loop with it. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_ERRORBUFFER, fetch->problem);
	SET(CURLOPT_PRIVATE, fetch);
	SET(CURLOPT_WRITEFUNCTION, fetch_on_body);
	SET(CURLOPT_WRITEDATA, fetch);
	SET(CURLOPT_HEADERFUNCTION, fetch_on_header);
	SET(CURLOPT_HEADERDATA, fetch);
	return 0;
}

int fetch_set_request(struct fetch *fetch, const struct fetch_request *request)
{
	int r = add_headers(fetch, request);

	return r < 0 ? r : set_options(fetch, request);
}

char *fetch_escape(const char *text, const char *keep)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";
	char *escaped = malloc(3 * strlen(text) + 1), *to = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (strchr(unreserved, *text) || strchr(keep, *text))
			*to++ = *text;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*text);
	}
	*to = '\0';
	return escaped;
}
