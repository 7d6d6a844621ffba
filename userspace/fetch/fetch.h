/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests on a libuv loop, without ever blocking it: libcurl's multi interface, told about
 * sockets by uv_poll and about time by uv_timer.
 *
 * It sends no credentials of its own, follows no redirect, and knows nothing of engines or registries. Every callback
 * runs once, from the loop, never from within the call that started it.
 */
#ifndef LATCH_FETCH_H
#define LATCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct fetch_pool;
struct fetch;

enum fetch_method {
	FETCH_GET,
	FETCH_HEAD,
	FETCH_POST, /* `form` */
};

/* PEM in memory, as a TLS connection needs it. */
struct fetch_blob {
	const char *data; /* NULL: none */
	size_t size;
};

/* What a TLS connection is made with. */
struct fetch_tls {
	struct fetch_blob authorities;      /* all that are believed; without them the system's */
	struct fetch_blob certificate, key; /* the client's */
	bool unverified;                    /* believe whoever answers */
};

/* What is asked. Strings are copied; those that are NULL are left out. */
struct fetch_request {
	enum fetch_method method;
	const char *url;            /* http or https */
	const char *unix_socket;    /* connect to this path; no proxy then */
	/*
	 * With unix_socket: may the process that listens there be talked to? Asked after the connect
	 * and before the first byte; false is a refused connection. NULL: whoever it is.
	 */
	bool (*trust)(pid_t listener, const void *context);
	const void *trust_context;
	const char *const *headers; /* "Accept: ...", NULL at the end */
	const char *authorization; /* value of that header; not kept in the clear by us, wiped after use */
	const char *form;          /* of a POST: application/x-www-form-urlencoded */
	const struct fetch_tls *tls; /* NULL: as curl does by itself */
	bool direct;                 /* do not use the environment's proxy */
	unsigned int connect_timeout_ms; /* 0: 3 s */
	unsigned int total_timeout_ms;   /* 0: none, for streams */
	size_t max_size; /* of the answer's body in bytes; for a stream, of what waits for delivery
			  */
};

/* What came back; valid during the callback. */
struct fetch_answer {
	/*
	 * 0: there is a whole answer with a status. Else nothing of it may be believed:
	 * -ECONNREFUSED no connection (whatever the cause: never -ENOENT), -EHOSTUNREACH name not
	 * resolved, -ETIMEDOUT, -EFBIG larger than max_size, -ECANCELED the pool was freed,
	 * -EPROTO anything else.
	 */
	int error;
	const char *problem;      /* error != 0: curl's sentence */
	long status;              /* HTTP */
	char content_type[128];   /* empty when absent or longer than that; so are the next two */
	char content_digest[128]; /* Docker-Content-Digest */
	char authenticate[2048];  /* WWW-Authenticate; several such headers joined by ", " */
	char retry_after[64];
	char redirect[2048]; /* of a 3xx: where to, absolute */
	const char *body;         /* NUL after its end; "" for HEAD and for streams */
	size_t size;
};

typedef void (*fetch_done_fn)(const struct fetch_answer *answer, void *context);

/*
 * A piece of a stream's body, in order; size 0 once, when the head of the answer is there (look at
 * `status`). Returns 0, or a negative value to give the stream up: done is then called with
 * -ECANCELED.
 */
typedef int (*fetch_data_fn)(long status, const char *data, size_t size, void *context);

/* NULL with errno. curl_global_init is done here. The loop must outlive the pool. */
struct fetch_pool *fetch_pool_new(uv_loop_t *loop);

/*
 * Calls what is outstanding with -ECANCELED, then closes. Memory goes when the loop has run the
 * close callbacks. May be called from a callback.
 */
void fetch_pool_free(struct fetch_pool *pool);

/*
 * Starts a request. Returns 0, and later `done` exactly once, or a negative errno and no callback.
 * With `data` the body is delivered in pieces as it comes. *fetch (may be NULL) is a handle for
 * fetch_cancel, valid until `done` is called.
 */
int fetch_start(struct fetch_pool *pool, const struct fetch_request *request, fetch_data_fn data,
	fetch_done_fn done, void *context, struct fetch **fetch);

/* Ends a request without any further callback. May be called from its data callback. */
void fetch_cancel(struct fetch *fetch);

/*
 * A path or query component, percent-encoded: everything but RFC 3986's unreserved characters, and
 * but `keep`. Returns an owned string, or NULL without memory.
 */
char *fetch_escape(const char *text, const char *keep);

#endif
