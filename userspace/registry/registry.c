// SPDX-License-Identifier: Apache-2.0
/*
 * One query is a short conversation with a registry: HEAD for what is known already, GET for the
 * manifest, and for an index one GET for each manifest that is for this machine. A 401 with a
 * Bearer challenge is answered once per query with an anonymous token.
 *
 * What the registry says about a digest is never believed, only compared: the digest of a manifest
 * is computed here from the bytes that came. The one exception is HEAD, which can confirm a digest
 * that was computed earlier and can bring no new one.
 */
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <sys/utsname.h>
#include <time.h>

#include "registry.h"
#include "util.h"

#define MAX_MANIFEST   (4u << 20)
#define MAX_TOKEN      (64u << 10)
#define TIMEOUT_MS     10000 /* of a whole query */
#define TOKEN_SLOTS    16
#define TOKEN_LIFE_S   60 /* Distribution's token specification: what is meant without expires_in */
#define TOKEN_MARGIN_S 10

static const char *const accept_headers[] = {
	"Accept: application/vnd.docker.distribution.manifest.v2+json",
	"Accept: application/vnd.docker.distribution.manifest.list.v2+json",
	"Accept: application/vnd.oci.image.manifest.v1+json",
	"Accept: application/vnd.oci.image.index.v1+json",
	NULL,
};

/* An anonymous token, kept because a registry with tokens would cost three requests each time. */
struct token {
	char key[512]; /* "<domain>/<repository>" */
	char *value;
	int64_t expires; /* ms */
};

struct registry {
	struct fetch_pool *pool;
	char architecture[16];
	struct registry_query *queries;
	struct token tokens[TOKEN_SLOTS];
	size_t next_token;
};

enum step {
	STEP_HEAD,  /* is it still `known`? */
	STEP_TOP,   /* the manifest or index that the reference points at */
	STEP_CHILD, /* a manifest that the index names */
};

struct registry_query {
	struct registry *registry;
	struct registry_query *next;
	struct fetch *fetch;
	registry_done_fn done;
	void *context;
	struct reference reference;
	char known[REGISTRY_DIGEST_SIZE];
	enum step step;
	size_t child; /* index into result.digests.repository */
	bool plain;   /* a registry on this machine */
	bool token_tried;
	int64_t deadline; /* ms: of the whole conversation */
	struct registry_result result;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static unsigned int time_left(const struct registry_query *query)
{
	int64_t left = query->deadline - now_ms();

	return left > 1 ? left : 1; /* 0 would be no limit */
}

bool registry_is_digest(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strspn(text + 7, "0123456789abcdef") == 64 &&
	       !text[7 + 64];
}

static int digest_of(const char *data, size_t size, registry_digest digest)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int length;

	if (!EVP_Digest(data, size, hash, &length, EVP_sha256(), NULL))
		return -ENOMEM;
	strcpy(digest, "sha256:");
	for (unsigned int i = 0; i < length; i++)
		sprintf(digest + 7 + 2 * i, "%02x", hash[i]);
	return 0;
}

/* Addresses. */

/* docker's rule: localhost and 127.0.0.0/8 (with or without a port), and ::1. */
static bool is_loopback(const char *domain)
{
	char host[256];
	struct in_addr address;
	size_t length = strcspn(domain, ":");

	if (!strncmp(domain, "[::1]", 5))
		return domain[5] == '\0' || domain[5] == ':';
	if (length >= sizeof(host))
		return false;
	memcpy(host, domain, length);
	host[length] = '\0';
	if (!strcasecmp(host, "localhost"))
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

char *registry_base_url(const char *domain, bool *plain)
{
	char *url;

	*plain = is_loopback(domain);
	/* The name in references is not the registry's address; docker has both built in. */
	if (!strcmp(domain, "docker.io"))
		domain = "registry-1.docker.io";
	if (asprintf(&url, "%s://%s/v2/", *plain ? "http" : "https", domain) < 0)
		return NULL;
	return url;
}

/* Go's name of this machine's architecture, as indexes have it. */
static void machine_architecture(char *name, size_t size)
{
	static const struct {
		const char *machine, *name;
	} table[] = {
		{"x86_64", "amd64"},
		{"aarch64", "arm64"},
		{"armv7l", "arm"},
		{"armv6l", "arm"},
		{"i686", "386"},
		{"ppc64le", "ppc64le"},
		{"s390x", "s390x"},
		{"riscv64", "riscv64"},
		{"loongarch64", "loong64"},
	};
	struct utsname machine;
	const char *found = "unknown";

	if (uname(&machine) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			if (!strcmp(machine.machine, table[i].machine))
				found = table[i].name;
	strncpy_zero(name, size, found);
}

/* Manifests. */

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_for(const json_t *manifest, const char *architecture)
{
	const json_t *platform = json_object_get(manifest, "platform");

	/* One without a platform may be for any; an attestation says unknown/unknown. */
	if (!platform || json_is_null(platform))
		return true;
	return !strcmp(text_in(platform, "os"), "linux") &&
	       !strcmp(text_in(platform, "architecture"), architecture);
}

static int read_index(const json_t *manifests, const char *architecture,
	struct allowed_digests *digests, const char **problem)
{
	const json_t *manifest;
	size_t i;

	json_array_foreach (manifests, i, manifest) {
		const char *digest = text_in(manifest, "digest");

		if (!registry_is_digest(digest)) {
			*problem = "an entry of the index has no SHA-256 digest";
			return -EPROTO;
		}
		if (!is_for(manifest, architecture))
			continue;
		if (digests->repository_count == ARRAY_SIZE(digests->repository)) {
			*problem = "the index has too many manifests for this machine";
			return -EPROTO;
		}
		strcpy(digests->repository[digests->repository_count++], digest);
	}
	return 0;
}

static int read_config(const json_t *config, struct allowed_digests *digests, const char **problem)
{
	const char *digest = text_in(config, "digest");

	if (!registry_is_digest(digest)) {
		*problem = "the manifest names no configuration with a SHA-256 digest";
		return -EPROTO;
	}
	if (digests->config_count == ARRAY_SIZE(digests->config)) {
		*problem = "the index has too many manifests for this machine";
		return -EPROTO;
	}
	strcpy(digests->config[digests->config_count++], digest);
	return 0;
}

static int read_root(const json_t *root, const char *architecture, struct allowed_digests *digests,
	bool *is_index, const char **problem)
{
	const json_t *manifests = json_object_get(root, "manifests");
	const json_t *config = json_object_get(root, "config");
	json_int_t version = json_integer_value(json_object_get(root, "schemaVersion"));

	if (version == 1) {
		*problem = "the manifest is of schema 1, which has no configuration digest";
		return -ENOTSUP;
	}
	/* A document that is both would be one thing here and another in the engine. */
	if (version != 2 || json_is_array(manifests) == json_is_object(config) ||
		(manifests && json_object_get(root, "layers"))) {
		*problem = "neither a manifest nor an index of manifests";
		return -EPROTO;
	}
	*is_index = json_is_array(manifests);
	return *is_index ? read_index(manifests, architecture, digests, problem)
			 : read_config(config, digests, problem);
}

int registry_parse_manifest(const char *body, size_t size, const char *architecture,
	struct allowed_digests *digests, bool *is_index, const char **problem)
{
	json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
	int r;

	*is_index = false;
	*problem = "not JSON, or with a key twice";
	r = root ? read_root(root, architecture, digests, is_index, problem) : -EPROTO;
	json_decref(root);
	return r;
}

/* Tokens. */

/* One `name="value"`; *text is moved behind it. -EPROTO at the end or at anything else. */
static int next_parameter(const char **text, char *name, size_t name_size, char *value, size_t size)
{
	const char *c = *text + strspn(*text, " \t,");
	size_t length = strcspn(c, "= \t,\""), used = 0;

	if (length == 0 || length >= name_size || c[length] != '=' || c[length + 1] != '"')
		return -EPROTO;
	memcpy(name, c, length);
	name[length] = '\0';
	for (c += length + 2; *c != '"'; c++) {
		if (*c == '\\')
			c++;
		if (!*c || used + 1 >= size)
			return -EPROTO;
		value[used++] = *c;
	}
	value[used] = '\0';
	*text = c + 1;
	return 0;
}

int registry_parse_challenge(const char *header, struct registry_challenge *challenge)
{
	char name[32], value[512];

	*challenge = (struct registry_challenge){0};
	if (strncasecmp(header, "Bearer ", 7))
		return -EPROTO;
	header += 7;
	while (header[strspn(header, " \t,")]) {
		int r = next_parameter(&header, name, sizeof(name), value, sizeof(value));

		if (r < 0)
			return r;
		if (!strcasecmp(name, "realm"))
			COPY_STRING(challenge->realm, value);
		else if (!strcasecmp(name, "service"))
			COPY_STRING(challenge->service, value);
		else if (!strcasecmp(name, "scope"))
			COPY_STRING(challenge->scope, value);
	}
	return challenge->realm[0] ? 0 : -EPROTO;
}

static int token_key(const struct registry_query *query, char key[512])
{
	int length =
		snprintf(key, 512, "%s/%s", query->reference.domain, query->reference.repository);

	return length < 512 ? 0 : -ENAMETOOLONG;
}

static struct token *token_find(struct registry_query *query)
{
	struct registry *registry = query->registry;
	char key[512];

	if (token_key(query, key) < 0)
		return NULL;
	for (size_t i = 0; i < TOKEN_SLOTS; i++)
		if (registry->tokens[i].value && !strcmp(registry->tokens[i].key, key))
			return &registry->tokens[i];
	return NULL;
}

static void token_drop(struct token *token)
{
	free(TAKE_PTR(token->value));
	token->key[0] = '\0';
}

static const char *token_value(struct registry_query *query)
{
	struct token *token = token_find(query);

	if (token && token->expires <= now_ms())
		token_drop(token);
	return token ? token->value : NULL;
}

static int token_keep(struct registry_query *query, const char *value, json_int_t life)
{
	struct token *token = token_find(query);
	struct registry *registry = query->registry;

	if (!token)
		token = &registry->tokens[registry->next_token++ % TOKEN_SLOTS];
	token_drop(token);
	if (token_key(query, token->key) < 0)
		return -ENAMETOOLONG;
	token->value = strdup(value);
	if (life <= 0 || life > 3600)
		life = TOKEN_LIFE_S;
	if (life > 2 * TOKEN_MARGIN_S)
		life -= TOKEN_MARGIN_S;
	token->expires = now_ms() + life * 1000;
	return token->value ? 0 : -ENOMEM;
}

static int read_token(struct registry_query *query, const struct fetch_answer *answer)
{
	json_t *root = json_loadb(answer->body, answer->size, 0, NULL);
	const char *token = text_in(root, "token");
	int r = -EPROTO;

	if (!*token)
		token = text_in(root, "access_token");
	/* It becomes a header: nothing that could end one. */
	if (*token && token[strcspn(token, " \t\r\n")] == '\0')
		r = token_keep(
			query, token, json_integer_value(json_object_get(root, "expires_in")));
	json_decref(root);
	return r;
}

/* The conversation. */

static void query_unlink(struct registry_query *query)
{
	struct registry_query **link = &query->registry->queries;

	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
}

static void query_end(struct registry_query *query, enum registry_state state)
{
	query_unlink(query);
	query->result.state = state;
	query->done(&query->result, query->context);
	free(query);
}

static void __attribute__((format(printf, 3, 4)))
query_fail(struct registry_query *query, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(query->result.problem, sizeof(query->result.problem), format, arguments);
	va_end(arguments);
	/*
	 * With the index in hand it is certain what the tag points at now, so what was known of an
	 * older one is over, even if its manifests cannot be read.
	 */
	if (query->step == STEP_CHILD) {
		query_end(query, REGISTRY_FOUND);
		return;
	}
	query->result.error = error;
	query_end(query, REGISTRY_FAILED);
}

static void on_answer(const struct fetch_answer *answer, void *context);

static const char *query_target(const struct registry_query *query)
{
	if (query->step == STEP_CHILD)
		return query->result.digests.repository[query->child];
	return query->reference.digest[0] ? query->reference.digest : query->reference.tag;
}

/* Sends what `step` says. An error is returned, not reported. */
static int query_send(struct registry_query *query)
{
	_cleanup_free_ char *base = registry_base_url(query->reference.domain, &query->plain);
	_cleanup_free_ char *url = NULL;
	struct fetch_request request = {
		.method = query->step == STEP_HEAD ? FETCH_HEAD : FETCH_GET,
		.headers = accept_headers,
		.bearer = token_value(query),
		.direct = query->plain,
		.total_timeout_ms = time_left(query),
		.max_size = MAX_MANIFEST,
	};

	if (!base || asprintf(&url, "%s%s/manifests/%s", base, query->reference.repository,
			     query_target(query)) < 0)
		return -ENOMEM;
	request.url = url;
	return fetch_start(query->registry->pool, &request, NULL, on_answer, query, &query->fetch);
}

static void query_go(struct registry_query *query, enum step step)
{
	int r;

	query->step = step;
	r = query_send(query);
	if (r < 0)
		query_fail(query, r, "the request could not be made: %s", strerror(-r));
}

static void on_token(const struct fetch_answer *answer, void *context)
{
	struct registry_query *query = context;
	int r;

	query->fetch = NULL;
	if (answer->error) {
		query_fail(query, answer->error, "its token service did not answer: %s",
			answer->problem);
		return;
	}
	r = answer->status == 200 ? read_token(query, answer) : -EACCES;
	if (r < 0)
		query_fail(query, r, "its token service gave no anonymous token (HTTP %ld)",
			answer->status);
	else
		query_go(query, query->step);
}

/* The realm with service and scope as its query. */
static char *token_url(
	const struct registry_query *query, const struct registry_challenge *challenge)
{
	_cleanup_free_ char *service = fetch_escape(challenge->service, "");
	_cleanup_free_ char *scope = NULL;
	char *url, fallback[300];

	snprintf(fallback, sizeof(fallback), "repository:%s:pull", query->reference.repository);
	scope = fetch_escape(challenge->scope[0] ? challenge->scope : fallback, ":/");
	if (!service || !scope)
		return NULL;
	if (asprintf(&url, "%s%cservice=%s&scope=%s", challenge->realm,
		    strchr(challenge->realm, '?') ? '&' : '?', service, scope) < 0)
		return NULL;
	return url;
}

/* 401: asks for a token if that was not tried. Returns 0, or the error to fail with. */
static int ask_token(struct registry_query *query, const char *header)
{
	struct registry_challenge challenge;
	struct token *stale = token_find(query);
	_cleanup_free_ char *url = NULL;
	struct fetch_request request = {
		.method = FETCH_GET,
		.total_timeout_ms = time_left(query),
		.max_size = MAX_TOKEN,
		.direct = query->plain,
	};

	if (query->token_tried || registry_parse_challenge(header, &challenge) < 0)
		return -EACCES;
	query->token_tried = true;
	if (stale)
		token_drop(stale);
	/* A token in the open is for registries on this machine only. */
	if (strncasecmp(challenge.realm, "https://", 8) &&
		!(query->plain && !strncasecmp(challenge.realm, "http://", 7)))
		return -EACCES;
	url = token_url(query, &challenge);
	if (!url)
		return -ENOMEM;
	request.url = url;
	return fetch_start(query->registry->pool, &request, NULL, on_token, query, &query->fetch);
}

/* Is the body what was asked for? Its digest is then in `digest`. */
static int check_body(struct registry_query *query, const struct fetch_answer *answer,
	registry_digest digest, const char **problem)
{
	const char *wanted = query_target(query);
	int r = digest_of(answer->body, answer->size, digest);

	*problem = "out of memory";
	if (r < 0)
		return r;
	*problem = "the manifest's bytes are not those of the digest that was asked for";
	if (registry_is_digest(wanted) && strcmp(wanted, digest))
		return -EPROTO;
	*problem = "the manifest's bytes are not those of its Docker-Content-Digest";
	if (registry_is_digest(answer->content_digest) && strcmp(answer->content_digest, digest))
		return -EPROTO;
	return 0;
}

static void next_child(struct registry_query *query)
{
	struct allowed_digests *digests = &query->result.digests;

	query->child++;
	if (query->child < digests->repository_count) {
		query_go(query, STEP_CHILD);
		return;
	}
	digests->complete = true;
	query_end(query, REGISTRY_FOUND);
}

static void take_top(
	struct registry_query *query, const struct fetch_answer *answer, const char *digest)
{
	struct allowed_digests *digests = &query->result.digests;
	const char *problem;
	bool is_index;
	int r;

	strcpy(digests->repository[0], digest);
	digests->repository_count = 1;
	r = registry_parse_manifest(answer->body, answer->size, query->registry->architecture,
		digests, &is_index, &problem);
	if (r < 0) {
		query_fail(query, r, "%s", problem);
		return;
	}
	if (!is_index) {
		digests->complete = true;
		query_end(query, REGISTRY_FOUND);
		return;
	}
	next_child(query);
}

static void take_child(struct registry_query *query, const struct fetch_answer *answer)
{
	struct allowed_digests *digests = &query->result.digests;
	struct allowed_digests before = *digests;
	const char *problem;
	bool is_index;
	int r;

	r = registry_parse_manifest(answer->body, answer->size, query->registry->architecture,
		digests, &is_index, &problem);
	if (r == 0 && is_index) {
		*digests = before;
		problem = "an index within an index";
		r = -ENOTSUP;
	}
	if (r < 0)
		query_fail(query, r, "manifest %zu of the index: %s", query->child, problem);
	else
		next_child(query);
}

static void take_manifest(struct registry_query *query, const struct fetch_answer *answer)
{
	registry_digest digest;
	const char *problem;
	int r = check_body(query, answer, digest, &problem);

	if (r < 0)
		query_fail(query, r, "%s", problem);
	else if (query->step == STEP_TOP)
		take_top(query, answer, digest);
	else
		take_child(query, answer);
}

static void take_status(struct registry_query *query, const struct fetch_answer *answer)
{
	int r;

	switch (answer->status) {
	case 200:
		if (query->step != STEP_HEAD)
			take_manifest(query, answer);
		else if (!strcmp(answer->content_digest, query->known))
			query_end(query, REGISTRY_UNCHANGED);
		else
			query_go(query, STEP_TOP);
		return;
	case 401:
		r = ask_token(query, answer->authenticate);
		if (r < 0)
			query_fail(query, r, "the registry wants credentials (HTTP 401)");
		return;
	case 404:
		if (query->step == STEP_CHILD)
			break;
		COPY_STRING(query->result.problem, "the registry has no such tag or digest");
		query_end(query, REGISTRY_ABSENT);
		return;
	}
	query_fail(query, answer->status == 403 ? -EACCES : -EREMOTEIO,
		"the registry answered with HTTP %ld", answer->status);
}

static void on_answer(const struct fetch_answer *answer, void *context)
{
	struct registry_query *query = context;

	query->fetch = NULL;
	if (answer->error)
		query_fail(query, answer->error, "the registry cannot be reached: %s",
			answer->problem);
	else if (query->step == STEP_HEAD && answer->status != 200 && answer->status != 401)
		/* Not every registry answers HEAD well; GET is what counts, a 404 included. */
		query_go(query, STEP_TOP);
	else
		take_status(query, answer);
}

int registry_ask(struct registry *registry, const struct reference *reference, const char *known,
	registry_done_fn done, void *context, struct registry_query **handle)
{
	struct registry_query *query = calloc(1, sizeof(*query));
	int r;

	if (!query)
		return -ENOMEM;
	query->registry = registry;
	query->reference = *reference;
	query->done = done;
	query->context = context;
	query->deadline = now_ms() + TIMEOUT_MS;
	if (known && *known) {
		COPY_STRING(query->known, known);
		query->step = STEP_HEAD;
	} else {
		query->step = STEP_TOP;
	}
	r = query_send(query);
	if (r < 0) {
		free(query);
		return r;
	}
	query->next = registry->queries;
	registry->queries = query;
	if (handle)
		*handle = query;
	return 0;
}

void registry_cancel(struct registry_query *query)
{
	if (query->fetch)
		fetch_cancel(query->fetch);
	query_unlink(query);
	free(query);
}

struct registry *registry_new(struct fetch_pool *pool)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->pool = pool;
	machine_architecture(registry->architecture, sizeof(registry->architecture));
	return registry;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	while (registry->queries)
		registry_cancel(registry->queries);
	for (size_t i = 0; i < TOKEN_SLOTS; i++)
		token_drop(&registry->tokens[i]);
	free(registry);
}
