// SPDX-License-Identifier: Apache-2.0
/*
 * libcurl's multi interface driven by libuv: curl says which sockets it wants watched and when it wants to be
 * woken; libuv does both.
 */
#include <errno.h>

#include "fetch_internal.h"
#include "util.h"

#define MAX_CONNECTIONS 64 /* of one pool; what is over it waits, its time-out running */

/* A socket of curl's that libuv watches. */
struct watch {
	uv_poll_t poll;
	struct fetch_pool *pool;
	curl_socket_t socket;
};

static void take_finished(struct fetch_pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		struct fetch *fetch;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		if (!fetch->finished)
			fetch_conclude(fetch, message->data.result);
	}
}

static void drive(struct fetch_pool *pool, curl_socket_t socket, int events)
{
	int running;

	if (pool->closing)
		return;
	curl_multi_socket_action(pool->multi, socket, events, &running);
	take_finished(pool);
	fetch_deliver(pool);
}

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
