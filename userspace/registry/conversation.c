// SPDX-License-Identifier: Apache-2.0
/*
 * What the registry says about a digest is never believed, only compared: the digest of a manifest is
 * computed here from the bytes that came. The one exception is HEAD, which can confirm a digest that
 * was computed earlier and can bring no new one.
 *
 * An endpoint that fails makes room for the next one; the last is the registry itself, and only its
 * 404 means that there is no such thing. Once a manifest is in hand the endpoint stays, and what fails
 * then makes the answer incomplete and not void: it is certain what the reference stands for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "authorization.h"
#include "conversation.h"
#include "endpoints.h"
#include "manifest.h"
#include "redirect.h"
#include "util.h"

#define MAX_MANIFEST  (4u << 20)
#define MAX_REDIRECTS 3
#define TIMEOUT_MS    10000 /* of a whole conversation */
#define URGENT_MS     5000
#define SCHEME_MS     INT64_C(300000) /* then HTTPS is tried again where plain HTTP answered */

static const char *const accept_headers[] = {
	"Accept: application/vnd.docker.distribution.manifest.v2+json",
	"Accept: application/vnd.docker.distribution.manifest.list.v2+json",
	"Accept: application/vnd.oci.image.manifest.v1+json",
	"Accept: application/vnd.oci.image.index.v1+json",
	NULL,
};

enum step {
	STEP_HEAD,  /* is it still `known`? */
	STEP_TOP,   /* the manifest or index that the reference points at */
	STEP_CHILD, /* a manifest that the index names */
};

struct conversation {
	struct exchange *exchange;
	registry_done_fn done;
	void *context;
	struct reference reference;
	char known[REGISTRY_DIGEST_SIZE];
	unsigned int flags;
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t count, at;
	struct host *host; /* of endpoints[at] */
	bool plain;        /* HTTP is spoken there */
	enum step step;
	bool authorized; /* an authorization was got in this conversation, from this endpoint */
	unsigned int redirects;
	bool elsewhere; /* one of them has led away from the endpoint */
	char url[2048]; /* of the request that runs */
	struct challenge challenge;
	struct fetch *fetch;
	struct authorization *authorization;
	uv_timer_t soon; /* the end of one that ends at once */
	struct manifest index;
	size_t child;
	int64_t began, deadline; /* of this endpoint's turn; of all */
	struct registry_result result;
	enum registry_state state;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static unsigned int time_left(const struct conversation *conversation)
{
	int64_t left = conversation->deadline - now_ms();

	return left > 1 ? left : 1; /* 0 would be no limit */
}

static const struct endpoint *endpoint_of(const struct conversation *conversation)
{
	return &conversation->endpoints[conversation->at];
}

/* The end. */

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer->data);
}

static void release(struct conversation *conversation)
{
	uv_close((uv_handle_t *)&conversation->soon, on_timer_closed);
}

static void on_soon(uv_timer_t *timer)
{
	struct conversation *conversation = timer->data;

	conversation->result.state = conversation->state;
	conversation->done(&conversation->result, conversation->context);
	release(conversation);
}

static void end(struct conversation *conversation, enum registry_state state)
{
	conversation->state = state;
	uv_timer_start(&conversation->soon, on_soon, 0, 0);
}

static void PRINTF_LIKE(3, 4)
	note_problem(struct conversation *conversation, int error, const char *format, ...)
{
	char problem[sizeof(conversation->result.problem)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem, sizeof(problem), format, arguments);
	va_end(arguments);
	conversation->result.error = error;
	COPY_STRING(conversation->result.problem, problem);
}

/* Endpoints. */

static void send_request(struct conversation *conversation);

/* Goes on with the next endpoint that may be asked, or ends. */
static void try_endpoints(struct conversation *conversation)
{
	int64_t now = now_ms();

	for (; conversation->at < conversation->count; conversation->at++) {
		const struct endpoint *endpoint = endpoint_of(conversation);
		struct host *host = hosts_get(&conversation->exchange->hosts, endpoint->host);
		int64_t blocked;

		if (!host) {
			note_problem(conversation, -ENOMEM, "out of memory");
			continue;
		}
		blocked = host_blocked(host, conversation->flags & REGISTRY_URGENT, now);
		if (blocked) {
			conversation->result.retry_ms = host_blocked(host, true, now);
			note_problem(conversation, -EAGAIN, "%s (not asked again for %lld s)",
				host->problem, (long long)(blocked + 999) / 1000);
			continue;
		}
		if (host->scheme_until <= now)
			host->scheme = HOST_SCHEME_UNKNOWN;
		conversation->host = host;
		conversation->began = now;
		conversation->plain = endpoint->plain_only || host->scheme == HOST_PLAIN;
		conversation->authorized = false;
		conversation->step = conversation->known[0] ? STEP_HEAD : STEP_TOP;
		send_request(conversation);
		return;
	}
	end(conversation, REGISTRY_FAILED);
}

static void next_child(struct conversation *conversation);

/* The endpoint is of no use: there is nobody, or nothing that proves anything. */
static void endpoint_failed(struct conversation *conversation)
{
	if (conversation->step == STEP_CHILD) {
		conversation->result.digests.complete = false;
		end(conversation, REGISTRY_FOUND);
		return;
	}
	conversation->at++;
	try_endpoints(conversation);
}

/* This one request is of no use, and the next one may be. */
static void request_failed(struct conversation *conversation)
{
	if (conversation->step != STEP_CHILD) {
		endpoint_failed(conversation);
		return;
	}
	conversation->result.digests.complete = false;
	conversation->child++;
	next_child(conversation);
}

static void leave_alone(struct conversation *conversation, long status, const char *retry_after)
{
	int64_t now = now_ms();

	/* Whom it redirects to is not the registry. */
	if (!conversation->redirects)
		host_failed(conversation->host, status,
			status ? challenge_retry_after(retry_after, time(NULL)) : 0,
			now - conversation->began, conversation->result.problem, now);
	conversation->result.retry_ms = host_blocked(conversation->host, true, now);
	endpoint_failed(conversation);
}

/* Requests. */

static const char *target_of(const struct conversation *conversation)
{
	if (conversation->step == STEP_CHILD)
		return conversation->index.children[conversation->child].digest;
	return conversation->reference.digest[0] ? conversation->reference.digest :
						   conversation->reference.tag;
}

static void on_answer(const struct fetch_answer *answer, void *context);

/*
 * Asks conversation->url. `host` is the one behind it, which is another than the endpoint's after a
 * redirect; then it gets nothing that was meant for the endpoint.
 */
static void ask_url(struct conversation *conversation, struct host *host, bool own)
{
	struct exchange *exchange = conversation->exchange;
	struct fetch_tls tls;
	struct fetch_request request = {
		.method = conversation->step == STEP_HEAD ? FETCH_HEAD : FETCH_GET,
		.url = conversation->url,
		.headers = accept_headers,
		.tls = &tls,
		.direct = endpoints_is_loopback(host->name),
		.total_timeout_ms = time_left(conversation),
		.max_size = MAX_MANIFEST,
	};
	int r = hosts_tls(&exchange->hosts, host,
		endpoints_is_insecure(host->name, exchange->options.insecure), &tls, now_ms());

	if (r < 0) {
		note_problem(conversation, r, "%s",
			host->certificates_problem ? host->certificates_problem : strerror(-r));
		endpoint_failed(conversation);
		return;
	}
	if (own)
		request.authorization = tickets_find(&exchange->tickets, host->name,
			conversation->reference.repository, now_ms());
	r = fetch_start(exchange->pool, &request, NULL, on_answer, conversation, &conversation->fetch);
	if (r < 0) {
		note_problem(conversation, r, "the request could not be made: %s", strerror(-r));
		endpoint_failed(conversation);
	}
}

static void send_request(struct conversation *conversation)
{
	const struct endpoint *endpoint = endpoint_of(conversation);
	int length = snprintf(conversation->url, sizeof(conversation->url),
		"%s://%s%s/v2/%s/manifests/%s", conversation->plain ? "http" : "https",
		endpoint->host, endpoint->path, conversation->reference.repository,
		target_of(conversation));

	conversation->redirects = 0;
	conversation->elsewhere = false;
	if (length >= (int)sizeof(conversation->url)) {
		note_problem(conversation, -ENAMETOOLONG, "the address is too long");
		endpoint_failed(conversation);
		return;
	}
	ask_url(conversation, conversation->host, true);
}

static void follow(struct conversation *conversation, const struct fetch_answer *answer)
{
	struct redirect redirect;
	struct host *host;

	if (++conversation->redirects > MAX_REDIRECTS ||
		!redirect_read(conversation->url, answer->redirect, &redirect)) {
		note_problem(conversation, -EPROTO, "the registry redirects %s",
			conversation->redirects > MAX_REDIRECTS ? "too often" :
								  "to where latch does not follow");
		request_failed(conversation);
		return;
	}
	/*
	 * Its own once more, or what a redirect leads to: that host gets no credential of this one. Nor
	 * where it then redirects to, itself included.
	 */
	conversation->elsewhere |= !redirect.own;
	host = conversation->elsewhere ?
		       hosts_get(&conversation->exchange->hosts, redirect.host) :
		       conversation->host;
	if (!host) {
		note_problem(conversation, -ENOMEM, "out of memory");
		request_failed(conversation);
		return;
	}
	COPY_STRING(conversation->url, answer->redirect);
	ask_url(conversation, host, !conversation->elsewhere);
}

/* Authorization. */

static void on_authorization(int error, const char *value, int64_t life_ms, const char *problem,
	void *context)
{
	struct conversation *conversation = context;

	conversation->authorization = NULL;
	if (error < 0) {
		note_problem(conversation, error, "%s", problem);
		endpoint_failed(conversation);
		return;
	}
	tickets_keep(&conversation->exchange->tickets, conversation->host->name,
		conversation->reference.repository, value, now_ms() + life_ms);
	send_request(conversation);
}

/* Who the token service is decides the registry; this machine's certificate is for the registry alone. */
static int realm_tls(void *context, struct fetch_tls *tls)
{
	struct conversation *conversation = context;
	int r = hosts_tls(&conversation->exchange->hosts, conversation->host,
		endpoint_of(conversation)->insecure, tls, now_ms());

	tls->certificate = tls->key = (struct fetch_blob){0};
	return r;
}

/* 401: asks for what it takes, once. Returns 0, or the error to fail with. */
static int authorize(struct conversation *conversation, const char *header)
{
	const struct endpoint *endpoint = endpoint_of(conversation);
	struct exchange *exchange = conversation->exchange;
	struct authorization_request request = {
		.pool = exchange->pool,
		.credentials = exchange->credentials,
		.challenge = &conversation->challenge,
		.domain = endpoint->mirror ? endpoint->host : conversation->reference.domain,
		.repository = conversation->reference.repository,
		.tls = realm_tls,
		.plain = conversation->plain || endpoint->insecure,
		.direct = endpoint->loopback,
		.timeout_ms = time_left(conversation),
	};

	tickets_drop(&exchange->tickets, conversation->host->name,
		conversation->reference.repository);
	if (conversation->authorized || conversation->redirects ||
		challenge_parse(header, &conversation->challenge) < 0)
		return -EACCES;
	conversation->authorized = true;
	return authorization_start(
		&request, on_authorization, conversation, &conversation->authorization);
}

/* Manifests. */

/* Is the body what was asked for? Its digest is then in `digest`. */
static int check_body(struct conversation *conversation, const struct fetch_answer *answer,
	registry_digest digest, const char **problem)
{
	const char *wanted = target_of(conversation);
	int r = manifest_digest(answer->body, answer->size, digest);

	*problem = "out of memory";
	if (r < 0)
		return r;
	*problem = "the manifest's bytes are not those of the digest that was asked for";
	if (registry_is_digest(wanted) && strcmp(wanted, digest))
		return -EPROTO;
	*problem = "the manifest's bytes are not those of its Docker-Content-Digest";
	if (answer->content_digest[0] && strcmp(answer->content_digest, digest))
		return -EPROTO;
	return 0;
}

static void next_child(struct conversation *conversation)
{
	const struct manifest *index = &conversation->index;

	while (conversation->child < index->count && !index->children[conversation->child].wanted)
		conversation->child++;
	if (conversation->child < index->count) {
		conversation->step = STEP_CHILD;
		send_request(conversation);
		return;
	}
	end(conversation, REGISTRY_FOUND);
}

static void take_index(struct conversation *conversation)
{
	struct allowed_digests *digests = &conversation->result.digests;
	const struct manifest *index = &conversation->index;

	for (size_t i = 0; i < index->count; i++)
		strcpy(digests->repository[digests->repository_count++], index->children[i].digest);
	if (index->more) {
		digests->complete = false;
		note_problem(conversation, -EFBIG, "the index has more than %d manifests",
			REGISTRY_MAX_DIGESTS);
	}
	conversation->child = 0;
	next_child(conversation);
}

static int add_config(struct allowed_digests *digests, const struct manifest *manifest)
{
	if (digests->config_count == ARRAY_SIZE(digests->config))
		return -EFBIG;
	strcpy(digests->config[digests->config_count++], manifest->config);
	return 0;
}

static void take_top(struct conversation *conversation, const struct manifest *manifest,
	const char *digest)
{
	struct allowed_digests *digests = &conversation->result.digests;

	*digests = (struct allowed_digests){.complete = true};
	conversation->result.problem[0] = '\0'; /* what another endpoint said */
	strcpy(digests->repository[digests->repository_count++], digest);
	if (manifest->is_index) {
		conversation->index = *manifest;
		take_index(conversation);
		return;
	}
	add_config(digests, manifest);
	end(conversation, REGISTRY_FOUND);
}

static void take_child(struct conversation *conversation, const struct manifest *manifest)
{
	if (manifest->is_index || add_config(&conversation->result.digests, manifest) < 0) {
		note_problem(conversation, -ENOTSUP, "manifest %zu of the index: an index within it",
			conversation->child + 1);
		request_failed(conversation);
		return;
	}
	conversation->child++;
	next_child(conversation);
}

static void take_manifest(struct conversation *conversation, const struct fetch_answer *answer)
{
	const char *architecture = conversation->flags & REGISTRY_ALL_PLATFORMS ?
					   NULL :
					   manifest_architecture();
	struct manifest manifest;
	registry_digest digest;
	const char *problem;
	int r = check_body(conversation, answer, digest, &problem);

	if (!r)
		r = manifest_parse(answer->body, answer->size, architecture, &manifest, &problem);
	if (r < 0) {
		note_problem(conversation, r, "%s", problem);
		request_failed(conversation);
	} else if (conversation->step == STEP_TOP) {
		take_top(conversation, &manifest, digest);
	} else {
		take_child(conversation, &manifest);
	}
}

/* Answers. */

static void take_absent(struct conversation *conversation)
{
	note_problem(conversation, -ENOENT, "the registry has no such tag or digest");
	if (conversation->step == STEP_CHILD || endpoint_of(conversation)->mirror)
		request_failed(conversation); /* a mirror need not have everything */
	else
		end(conversation, REGISTRY_ABSENT);
}

static void take_head(struct conversation *conversation, const struct fetch_answer *answer)
{
	if (answer->status == 200 && !strcmp(answer->content_digest, conversation->known)) {
		end(conversation, REGISTRY_UNCHANGED);
		return;
	}
	/* Not every registry answers HEAD well; GET is what counts, a 404 included. */
	conversation->step = STEP_TOP;
	send_request(conversation);
}

static void take_status(struct conversation *conversation, const struct fetch_answer *answer)
{
	long status = answer->status;
	int r;

	if (status == 401) {
		r = authorize(conversation, answer->authenticate);
		if (r < 0) {
			note_problem(conversation, r, "the registry wants credentials (HTTP 401)");
			endpoint_failed(conversation);
		}
		return;
	}
	if (status >= 300 && status < 400) {
		follow(conversation, answer);
		return;
	}
	if (status == 429 || status >= 500) {
		note_problem(conversation, -EREMOTEIO, "the registry answered with HTTP %ld", status);
		leave_alone(conversation, status, answer->retry_after);
		return;
	}
	host_succeeded(conversation->host);
	if (conversation->step == STEP_HEAD)
		take_head(conversation, answer);
	else if (status == 200)
		take_manifest(conversation, answer);
	else if (status == 404)
		take_absent(conversation);
	else {
		note_problem(conversation, status == 403 ? -EACCES : -EREMOTEIO,
			"the registry answered with HTTP %ld", status);
		request_failed(conversation);
	}
}

/* Only of a registry that is listed as insecure, or on this machine, and has no authority of its own. */
static bool may_speak_plainly(const struct conversation *conversation)
{
	const struct endpoint *endpoint = endpoint_of(conversation);

	return endpoint->insecure && !conversation->plain && !conversation->host->bundle.data &&
	       !conversation->redirects && conversation->step != STEP_CHILD;
}

static void take_error(struct conversation *conversation, const struct fetch_answer *answer)
{
	struct host *host = conversation->host;

	if (may_speak_plainly(conversation) && answer->error != -ETIMEDOUT &&
		answer->error != -EFBIG) {
		conversation->plain = true;
		send_request(conversation);
		return;
	}
	if (host->scheme == HOST_PLAIN)
		host->scheme = HOST_SCHEME_UNKNOWN;
	note_problem(conversation, answer->error, "the registry cannot be reached: %s",
		answer->problem);
	/* An answer that is too large or broken is the registry's; nobody there is the host's. */
	if (answer->error == -EFBIG)
		request_failed(conversation);
	else
		leave_alone(conversation, 0, "");
}

static void on_answer(const struct fetch_answer *answer, void *context)
{
	struct conversation *conversation = context;

	conversation->fetch = NULL;
	if (answer->error) {
		take_error(conversation, answer);
		return;
	}
	if (!conversation->redirects) {
		conversation->host->scheme = conversation->plain ? HOST_PLAIN : HOST_HTTPS;
		conversation->host->scheme_until = now_ms() + SCHEME_MS;
	}
	take_status(conversation, answer);
}

int conversation_start(struct exchange *exchange, uv_loop_t *loop, const struct reference *reference,
	const char *known, unsigned int flags, registry_done_fn done, void *context,
	struct conversation **result)
{
	struct conversation *conversation = calloc(1, sizeof(*conversation));

	if (!conversation)
		return -ENOMEM;
	conversation->exchange = exchange;
	conversation->reference = *reference;
	COPY_STRING(conversation->known, known);
	conversation->flags = flags;
	conversation->done = done;
	conversation->context = context;
	conversation->deadline = now_ms() + (flags & REGISTRY_URGENT ? URGENT_MS : TIMEOUT_MS);
	uv_timer_init(loop, &conversation->soon);
	conversation->soon.data = conversation;
	conversation->count =
		endpoints_of(reference->domain, &exchange->options, conversation->endpoints);
	*result = conversation;
	try_endpoints(conversation);
	return 0;
}

void conversation_cancel(struct conversation *conversation)
{
	if (conversation->fetch)
		fetch_cancel(conversation->fetch);
	if (conversation->authorization)
		authorization_cancel(conversation->authorization);
	uv_timer_stop(&conversation->soon);
	release(conversation);
}
