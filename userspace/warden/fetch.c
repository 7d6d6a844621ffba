// SPDX-License-Identifier: Apache-2.0
/*
 * libcurl's multi interface driven by libuv.
 *
 * curl says which sockets it wants watched and when it wants to be woken; libuv does both. What
 * curl hands over while it is at work (a piece of a stream, the end of a request) is only noted;
 * the callbacks of whoever asked run afterwards in `deliver`, where they may start, cancel and free
 * as they like. So no callback ever finds curl, or this file, half way through something.
 *
 * It decides nothing about what an answer means.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#include "fetch.h"
#include "util.h"

#define CONNECT_TIMEOUT_MS 3000
#define MAX_CONNECTIONS    64 /* of one pool; what is over it waits, its time-out running */
#define MAX_HEAD	   65536 /* of an answer, in bytes */

struct fetch {
	struct fetch_pool *pool;
	struct fetch *next;
	CURL *easy;
	struct curl_slist *headers;
	fetch_data_fn data;
	fetch_done_fn done;
	void *context;
	bool (*trust)(pid_t listener, const void *context);
	const void *trust_context;
	int fd; /* with trust: of the connection; curl's to close */
	struct fetch_answer answer;
	char problem[CURL_ERROR_SIZE];
	char *body;
	size_t size, capacity, max_size;
	size_t head_size;
	bool too_large;  /* the write callback stopped it */
	bool head_whole; /* the empty line after the head was seen */
	bool head_ready; /* stream: the end of the head was seen, not yet delivered */
	bool given_up;   /* stream: its owner wants no more */
	bool finished;   /* `answer` is complete, not yet delivered */
};

struct fetch_pool {
	uv_loop_t *loop;
	uv_timer_t timer;
	CURLM *multi;
	struct fetch *fetches;
	struct fetch *current; /* whose data callback runs; NULL when that cancelled it */
	size_t watches;        /* uv handles that are not closed yet */
	bool timer_closed;
	bool closing;
	bool delivering;
};

/* A socket of curl's that libuv watches. */
struct watch {
	uv_poll_t poll;
	struct fetch_pool *pool;
	curl_socket_t socket;
};

/* The callbacks of requests. */

static struct fetch **find_link(struct fetch *fetch)
{
	struct fetch **link = &fetch->pool->fetches;

	while (*link != fetch)
		link = &(*link)->next;
	return link;
}

static void close_easy(struct fetch *fetch)
{
	CURL *easy = TAKE_PTR(fetch->easy);

	if (!easy)
		return;
	curl_multi_remove_handle(fetch->pool->multi, easy);
	curl_easy_cleanup(easy);
}

static void fetch_destroy(struct fetch *fetch)
{
	close_easy(fetch);
	/* One of them may be a credential. */
	for (struct curl_slist *line = fetch->headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(fetch->headers);
	free(fetch->body);
	free(fetch);
}

void fetch_cancel(struct fetch *fetch)
{
	*find_link(fetch) = fetch->next;
	if (fetch->pool->current == fetch)
		fetch->pool->current = NULL;
	fetch_destroy(fetch);
}

static void fetch_finish(struct fetch *fetch)
{
	*find_link(fetch) = fetch->next;
	close_easy(fetch); /* now: the callback may free the pool, and curl's handle with it */
	if (fetch->data)
		fetch->size = 0; /* what was not delivered is no answer */
	fetch->answer.body = fetch->size ? fetch->body : "";
	fetch->answer.size = fetch->size;
	fetch->answer.problem = fetch->problem;
	fetch->done(&fetch->answer, fetch->context);
	fetch_destroy(fetch);
}

static void give_up(struct fetch *fetch)
{
	fetch->given_up = true;
	fetch->finished = true;
	fetch->answer.error = -ECANCELED;
	COPY_STRING(fetch->problem, "given up by its owner");
}

static void deliver_data(struct fetch_pool *pool, struct fetch *fetch)
{
	_cleanup_free_ char *body = TAKE_PTR(fetch->body);
	size_t size = fetch->size;
	bool head = fetch->head_ready;
	int r = 0;

	fetch->size = fetch->capacity = 0;
	fetch->head_ready = false;
	pool->current = fetch;
	if (head)
		r = fetch->data(fetch->answer.status, "", 0, fetch->context);
	if (pool->current && r == 0 && size)
		r = fetch->data(fetch->answer.status, body, size, fetch->context);
	if (pool->current && r < 0)
		give_up(fetch);
	pool->current = NULL;
}

static bool has_data(const struct fetch *fetch)
{
	return fetch->data && !fetch->given_up && (fetch->head_ready || fetch->size);
}

static struct fetch *next_ready(struct fetch_pool *pool)
{
	struct fetch *fetch = pool->fetches;

	while (fetch && !has_data(fetch) && !fetch->finished)
		fetch = fetch->next;
	return fetch;
}

/* Runs callbacks until none is due. Starts again at the head each time: any may have gone. */
static void deliver(struct fetch_pool *pool)
{
	struct fetch *fetch;

	if (pool->delivering)
		return;
	pool->delivering = true;
	while (!pool->closing && (fetch = next_ready(pool))) {
		if (has_data(fetch))
			deliver_data(pool, fetch);
		else
			fetch_finish(fetch);
	}
	pool->delivering = false;
}

/* The end of a request, as curl tells it. */

static int error_of(const struct fetch *fetch, CURLcode code)
{
	if (fetch->too_large)
		return -EFBIG;
	switch (code) {
	case CURLE_OK:
		/* curl is content with a head that breaks off; nothing is decided on one. */
		return fetch->head_whole ? 0 : -EPROTO;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_ABORTED_BY_CALLBACK: /* check_listener's: nobody there that may be talked to */
	case CURLE_COULDNT_CONNECT:
		/* Also for a unix socket that is not there: -ENOENT would read like a 404. */
		return -ECONNREFUSED;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_FILESIZE_EXCEEDED:
		return -EFBIG;
	default:
		/* Also an answer that ended before its length: half a body is none. */
		return -EPROTO;
	}
}

static void describe(struct fetch *fetch, CURLcode code)
{
	if (fetch->too_large)
		snprintf(fetch->problem, sizeof(fetch->problem),
			"the answer is larger than %zu bytes", fetch->max_size);
	else if (code == CURLE_OK && fetch->answer.error)
		COPY_STRING(fetch->problem, "the answer ended within its head");
	else if (fetch->answer.error && !fetch->problem[0])
		COPY_STRING(fetch->problem, curl_easy_strerror(code));
}

/* What curl knows of a whole answer. */
static void take_facts(struct fetch *fetch)
{
	const char *url = NULL;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &fetch->answer.status);
	curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &url);
	/* One that would be cut is another one. */
	if (url && strlen(url) < sizeof(fetch->answer.redirect))
		COPY_STRING(fetch->answer.redirect, url);
}

static void take_finished(struct fetch_pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		struct fetch *fetch;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		if (fetch->finished)
			continue;
		fetch->answer.error = error_of(fetch, message->data.result);
		describe(fetch, message->data.result);
		if (!fetch->answer.error)
			take_facts(fetch);
		fetch->finished = true;
	}
}

static void drive(struct fetch_pool *pool, curl_socket_t socket, int events)
{
	int running;

	if (pool->closing)
		return;
	curl_multi_socket_action(pool->multi, socket, events, &running);
	take_finished(pool);
	deliver(pool);
}

/* Sockets and time: what curl asks of the loop. */

static void pool_release(struct fetch_pool *pool)
{
	if (pool->timer_closed && pool->watches == 0)
		free(pool);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	struct fetch_pool *pool = watch->pool;

	free(watch);
	pool->watches--;
	pool_release(pool);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	int flags = 0;

	/*
	 * The other side has reset the connection. curl is to find that out by itself: it then tries
	 * a request again that went out on a connection which had been left open, and that is dead.
	 */
	if (status < 0)
		flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	drive(watch->pool, watch->socket, flags);
}

static struct watch *watch_new(struct fetch_pool *pool, curl_socket_t socket)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	if (uv_poll_init_socket(pool->loop, &watch->poll, socket) < 0) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->pool = pool;
	watch->socket = socket;
	pool->watches++;
	return watch;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
	struct fetch_pool *pool = context;
	struct watch *watch = assigned;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch) {
			curl_multi_assign(pool->multi, socket, NULL);
			uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
		}
		return 0;
	}
	if (!watch) {
		watch = watch_new(pool, socket);
		if (!watch)
			return -1; /* every transfer fails: curl's rule for this callback */
		curl_multi_assign(pool->multi, socket, watch);
	}
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&watch->poll, events, on_ready) < 0 ? -1 : 0;
}

static void on_time(uv_timer_t *timer)
{
	drive(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct fetch_pool *pool = context;

	(void)multi;
	if (pool->closing)
		return 0;
	if (timeout_ms < 0)
		uv_timer_stop(&pool->timer);
	else
		uv_timer_start(&pool->timer, on_time, timeout_ms, 0);
	return 0;
}

/* The answer, as curl reads it. */

static int reserve(struct fetch *fetch, size_t more)
{
	size_t need = fetch->size + more + 1, capacity = fetch->capacity ? fetch->capacity : 4096;
	char *body;

	if (need <= fetch->capacity)
		return 0;
	while (capacity < need)
		capacity *= 2;
	body = realloc(fetch->body, capacity);
	if (!body)
		return -ENOMEM;
	fetch->body = body;
	fetch->capacity = capacity;
	return 0;
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
	struct fetch *fetch = context;

	(void)one; /* always 1 */
	if (fetch->given_up)
		return 0;
	if (size > fetch->max_size - fetch->size) {
		fetch->too_large = true;
		return 0;
	}
	if (reserve(fetch, size) < 0)
		return 0;
	memcpy(fetch->body + fetch->size, data, size);
	fetch->size += size;
	fetch->body[fetch->size] = '\0';
	return size;
}

/* The value of a header line if it is called `name` and fits; what does not fit is left empty. */
static void take_header(const char *line, size_t length, const char *name, char *value, size_t size)
{
	size_t prefix = strlen(name);

	if (length <= prefix || strncasecmp(line, name, prefix) || line[prefix] != ':')
		return;
	line += prefix + 1;
	length -= prefix + 1;
	while (length && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	while (length && strchr(" \t\r\n", line[length - 1]))
		length--;
	value[0] = '\0';
	if (length >= size || memchr(line, '\0', length))
		return;
	memcpy(value, line, length);
	value[length] = '\0';
}

/* Registries may give several challenges, in one header or in several. */
static void add_challenge(struct fetch_answer *answer, const char *value)
{
	size_t used = strlen(answer->authenticate), length = strlen(value);

	/* One that does not fit is left out, and what is there stays whole. */
	if (!length || used + length + 3 > sizeof(answer->authenticate))
		return;
	if (used) {
		memcpy(answer->authenticate + used, ", ", 2);
		used += 2;
	}
	memcpy(answer->authenticate + used, value, length + 1);
}

static size_t on_header(char *line, size_t one, size_t length, void *context)
{
	struct fetch *fetch = context;
	struct fetch_answer *answer = &fetch->answer;
	char challenge[sizeof(answer->authenticate)] = "";

	(void)one;
	fetch->head_size += length;
	if (fetch->head_size > MAX_HEAD) {
		fetch->too_large = true;
		return 0;
	}
	if (length > 5 && !memcmp(line, "HTTP/", 5)) {
		/* A new head: that of a redirect or of a proxy before it counts no more. */
		answer->content_type[0] = '\0';
		answer->content_digest[0] = '\0';
		answer->authenticate[0] = '\0';
		answer->retry_after[0] = '\0';
		fetch->head_whole = false;
	}
	take_header(
		line, length, "Content-Type", answer->content_type, sizeof(answer->content_type));
	take_header(line, length, "Docker-Content-Digest", answer->content_digest,
		sizeof(answer->content_digest));
	take_header(line, length, "Retry-After", answer->retry_after, sizeof(answer->retry_after));
	take_header(line, length, "WWW-Authenticate", challenge, sizeof(challenge));
	add_challenge(answer, challenge);
	if (length && (line[0] == '\r' || line[0] == '\n')) {
		curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &answer->status);
		fetch->head_whole = answer->status >= 200;
		fetch->head_ready = fetch->data && fetch->head_whole;
	}
	return length;
}

/* Starting. */

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
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, fetch);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, fetch);
	return 0;
}

static int start(struct fetch *fetch, const struct fetch_request *request)
{
	int r;

	fetch->easy = curl_easy_init();
	if (!fetch->easy)
		return -ENOMEM;
	r = add_headers(fetch, request);
	if (r < 0)
		return r;
	r = set_options(fetch, request);
	if (r < 0)
		return r;
	return curl_multi_add_handle(fetch->pool->multi, fetch->easy) == CURLM_OK ? 0 : -ENOMEM;
}

int fetch_start(struct fetch_pool *pool, const struct fetch_request *request, fetch_data_fn data,
	fetch_done_fn done, void *context, struct fetch **handle)
{
	struct fetch *fetch;
	int r;

	if (pool->closing)
		return -ECANCELED;
	fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return -ENOMEM;
	fetch->pool = pool;
	fetch->data = data;
	fetch->done = done;
	fetch->context = context;
	fetch->max_size = request->max_size;
	r = start(fetch, request);
	if (r < 0) {
		fetch_destroy(fetch);
		return r;
	}
	fetch->next = pool->fetches;
	pool->fetches = fetch;
	if (handle)
		*handle = fetch;
	return 0;
}

static int multi_setup(struct fetch_pool *pool)
{
	pool->multi = curl_multi_init();
	if (!pool->multi)
		return -ENOMEM;
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)MAX_CONNECTIONS);
	return 0;
}

struct fetch_pool *fetch_pool_new(uv_loop_t *loop)
{
	struct fetch_pool *pool;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		errno = ENOMEM;
		return NULL;
	}
	pool = calloc(1, sizeof(*pool));
	if (!pool || multi_setup(pool) < 0) {
		free(pool);
		errno = ENOMEM;
		return NULL;
	}
	pool->loop = loop;
	uv_timer_init(loop, &pool->timer);
	pool->timer.data = pool;
	return pool;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct fetch_pool *pool = handle->data;

	pool->timer_closed = true;
	pool_release(pool);
}

void fetch_pool_free(struct fetch_pool *pool)
{
	if (!pool || pool->closing)
		return;
	pool->closing = true;
	pool->current = NULL;
	while (pool->fetches) {
		struct fetch *fetch = pool->fetches;

		fetch->answer.error = -ECANCELED;
		COPY_STRING(fetch->problem, "cancelled");
		fetch_finish(fetch);
	}
	curl_multi_cleanup(pool->multi);
	uv_close((uv_handle_t *)&pool->timer, on_timer_closed);
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
