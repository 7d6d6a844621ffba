/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer and the pool that it is in, for the files of this folder.
 */
#ifndef LATCH_FETCH_INTERNAL_H
#define LATCH_FETCH_INTERNAL_H

#include <curl/curl.h>

#include "fetch.h"

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

/* Tells libcurl's handle what is asked, and who reads the answer. 0 or a negative errno. */
int fetch_set_request(struct fetch *fetch, const struct fetch_request *request);

/* libcurl's callbacks for what it reads: CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION. */
size_t fetch_on_body(char *data, size_t one, size_t size, void *fetch);
size_t fetch_on_header(char *line, size_t one, size_t length, void *fetch);

/* The transfer is over, as `code` says: completes fetch->answer. */
void fetch_conclude(struct fetch *fetch, CURLcode code);

/* Runs the callbacks that are due, until none is. One of them may free the pool. */
void fetch_deliver(struct fetch_pool *pool);

/* Ends a transfer with what fetch->answer says: its callback, then its memory. */
void fetch_finish(struct fetch *fetch);

#endif
