// SPDX-License-Identifier: Apache-2.0
/*
 * Transfers: begun, delivered, ended.
 *
 * What curl hands over while it is at work (a piece of a stream, the end of a request) is only noted; the
 * callbacks of whoever asked run afterwards in fetch_deliver(), where they may start, cancel and free as they
 * like. So no callback ever finds curl, or this folder, half way through something.
 */
#include <errno.h>
#include <stdio.h>

#include "fetch_internal.h"
#include "util.h"

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

void fetch_finish(struct fetch *fetch)
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

/* It starts again at the head each time: any may have gone. */
void fetch_deliver(struct fetch_pool *pool)
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

static int start(struct fetch *fetch, const struct fetch_request *request)
{
	int r;

	fetch->easy = curl_easy_init();
	if (!fetch->easy)
		return -ENOMEM;
	r = fetch_set_request(fetch, request);
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
