// SPDX-License-Identifier: Apache-2.0
/*
 * Credentials go to the registry that they are of, by way of its caller, and to the token service that
 * it names, over TLS unless the registry itself is spoken to without. Redirects of a token service are
 * not followed.
 */
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

#include "authorization.h"
#include "secret.h"
#include "util.h"

#define MAX_TOKEN     (64u << 10)
#define BASIC_LIFE_MS INT64_C(60000) /* then the credentials are looked at again */
/* Distribution's token specification: what is meant without expires_in. */
#define TOKEN_LIFE_S   60
#define TOKEN_MARGIN_S 10
#define MAX_LIFE_S     3600

struct authorization {
	struct authorization_request request;
	authorization_fn done;
	void *context;
	struct credentials_query *query;
	struct fetch *fetch;
};

static void end(struct authorization *authorization, int error, const char *value, int64_t life_ms,
	const char *problem)
{
	authorization->done(error, value, life_ms, problem, authorization->context);
	free(authorization);
}

/* "Basic <base64 of user:password>", owned. */
static char *basic_value(const char *user, const char *password)
{
	_cleanup_secret_ char *pair = NULL;
	size_t size;
	char *value;

	if (asprintf(&pair, "%s:%s", user, password) < 0)
		return NULL;
	size = strlen(pair);
	value = malloc(6 + 4 * ((size + 2) / 3) + 1);
	if (!value)
		return NULL;
	strcpy(value, "Basic ");
	EVP_EncodeBlock((unsigned char *)value + 6, (const unsigned char *)pair, size);
	return value;
}

/* Tokens. */

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t life_of(json_int_t seconds)
{
	if (seconds <= 0)
		seconds = TOKEN_LIFE_S;
	if (seconds > MAX_LIFE_S)
		seconds = MAX_LIFE_S;
	if (seconds > 2 * TOKEN_MARGIN_S)
		seconds -= TOKEN_MARGIN_S;
	return seconds * 1000;
}

/* `value` is owned; -EPROTO for what is no token. */
static int read_token(const struct fetch_answer *answer, char **value, int64_t *life_ms)
{
	int line, column;
	json_t *root = secret_json_load(answer->body, answer->size, &line, &column);
	const char *token = text_in(root, "token");
	int r = -EPROTO;

	if (!*token)
		token = text_in(root, "access_token");
	/* It becomes a header: nothing that could end one. */
	if (*token && token[strcspn(token, " \t\r\n")] == '\0') {
		r = asprintf(value, "Bearer %s", token) < 0 ? -ENOMEM : 0;
		*life_ms = life_of(json_integer_value(json_object_get(root, "expires_in")));
	}
	secret_json_free(root);
	return r;
}

static void on_token(const struct fetch_answer *answer, void *context)
{
	struct authorization *authorization = context;
	_cleanup_secret_ char *value = NULL;
	int64_t life_ms = 0;
	char problem[256];
	int r = answer->error;

	authorization->fetch = NULL;
	if (r < 0) {
		snprintf(problem, sizeof(problem), "its token service did not answer: %s",
			answer->problem);
		end(authorization, r, NULL, 0, problem);
		return;
	}
	r = answer->status == 200 ? read_token(answer, &value, &life_ms) : -EACCES;
	snprintf(problem, sizeof(problem), "its token service gave no token (HTTP %ld)",
		answer->status);
	end(authorization, r, value, life_ms, r < 0 ? problem : "");
}

static char *scope_of(const struct authorization_request *request)
{
	char *scope;

	if (request->challenge->scope[0])
		return strdup(request->challenge->scope);
	return asprintf(&scope, "repository:%s:pull", request->repository) < 0 ? NULL : scope;
}

/* The realm with service and scope as its query, as a GET has it. */
static char *token_url(const struct authorization_request *request)
{
	const char *realm = request->challenge->realm;
	_cleanup_free_ char *plain = scope_of(request);
	_cleanup_free_ char *scope = plain ? fetch_escape(plain, ":/") : NULL;
	_cleanup_free_ char *service = fetch_escape(request->challenge->service, "");
	char *url;

	if (!scope || !service ||
		asprintf(&url, "%s%cservice=%s&scope=%s", realm, strchr(realm, '?') ? '&' : '?',
			service, scope) < 0)
		return NULL;
	return url;
}

/* What a POST has, for an identity token: OAuth 2's refresh. */
static char *token_form(const struct authorization_request *request, const char *identity_token)
{
	_cleanup_free_ char *plain = scope_of(request);
	_cleanup_free_ char *scope = plain ? fetch_escape(plain, "") : NULL;
	_cleanup_free_ char *service = fetch_escape(request->challenge->service, "");
	_cleanup_secret_ char *token = fetch_escape(identity_token, "");
	char *form;

	if (!scope || !service || !token ||
		asprintf(&form, "grant_type=refresh_token&client_id=latchd&service=%s&scope=%s"
				"&refresh_token=%s", service, scope, token) < 0)
		return NULL;
	return form;
}

static int ask_token(struct authorization *authorization, const struct credentials_answer *answer)
{
	const struct authorization_request *request = &authorization->request;
	bool refresh = answer->identity_token && answer->identity_token[0];
	_cleanup_free_ char *url = refresh ? strdup(request->challenge->realm) : token_url(request);
	_cleanup_secret_ char *form = refresh ? token_form(request, answer->identity_token) : NULL;
	_cleanup_secret_ char *basic = NULL;
	struct fetch_tls tls = {0};
	int r = request->tls(authorization->context, &tls);
	struct fetch_request fetch = {
		.method = refresh ? FETCH_POST : FETCH_GET,
		.url = url,
		.form = form,
		.tls = &tls,
		.direct = request->direct,
		.total_timeout_ms = request->timeout_ms,
		.max_size = MAX_TOKEN,
	};

	if (r < 0)
		return r;
	if (!refresh && answer->user && answer->password) {
		basic = basic_value(answer->user, answer->password);
		if (!basic)
			return -ENOMEM;
		fetch.authorization = basic;
	}
	if (!url || (refresh && !form))
		return -ENOMEM;
	return fetch_start(request->pool, &fetch, NULL, on_token, authorization, &authorization->fetch);
}

static void give_basic(struct authorization *authorization, const struct credentials_answer *answer)
{
	_cleanup_secret_ char *value = NULL;

	if (!answer->user || !answer->password) {
		end(authorization, -EACCES, NULL, 0,
			"the registry wants a user and a password, and there are none for it: `docker "
			"login`, and name the file with --docker-config");
		return;
	}
	value = basic_value(answer->user, answer->password);
	end(authorization, value ? 0 : -ENOMEM, value, BASIC_LIFE_MS, "out of memory");
}

static void on_credentials(const struct credentials_answer *answer, void *context)
{
	struct authorization *authorization = context;
	int r;

	authorization->query = NULL;
	if (answer->error) {
		end(authorization, -EACCES, NULL, 0, answer->problem);
		return;
	}
	if (!authorization->request.challenge->bearer) {
		give_basic(authorization, answer);
		return;
	}
	r = ask_token(authorization, answer);
	if (r < 0)
		end(authorization, r, NULL, 0, "its token service cannot be asked");
}

/* A token in the open is for registries that are spoken to in the open. */
static bool may_ask(const struct authorization_request *request)
{
	const struct challenge *challenge = request->challenge;

	return !challenge->bearer || !strncasecmp(challenge->realm, "https://", 8) ||
	       (request->plain && !strncasecmp(challenge->realm, "http://", 7));
}

int authorization_start(const struct authorization_request *request, authorization_fn done,
	void *context, struct authorization **result)
{
	struct authorization *authorization;
	int r;

	if (!may_ask(request))
		return -EACCES;
	authorization = calloc(1, sizeof(*authorization));
	if (!authorization)
		return -ENOMEM;
	authorization->request = *request;
	authorization->done = done;
	authorization->context = context;
	r = credentials_get(request->credentials, request->domain, on_credentials, authorization,
		&authorization->query);
	if (r < 0) {
		free(authorization);
		return r;
	}
	*result = authorization;
	return 0;
}

void authorization_cancel(struct authorization *authorization)
{
	if (authorization->query)
		credentials_cancel(authorization->query);
	if (authorization->fetch)
		fetch_cancel(authorization->fetch);
	free(authorization);
}
