/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an answer of the engine ends, and whether it turns the connection into a raw stream.
 */
#ifndef LATCH_MEDIATOR_RESPONSE_H
#define LATCH_MEDIATOR_RESPONSE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>

enum response_result {
	RESPONSE_MORE,   /* the answer goes on */
	RESPONSE_DONE,   /* it ended; keep_alive is set */
	RESPONSE_STREAM, /* its head ended, and what follows is a raw stream */
};

struct response {
	llhttp_t parser;
	bool head;       /* answers a HEAD request */
	bool may_stream; /* the request's route may be hijacked */
	bool stream;
	bool done;
	bool keep_alive;
	bool begun; /* at least one byte came */
	char name[32];
	size_t name_length;
	char type[64]; /* Content-Type */
	size_t type_length;
	bool in_type;
};

void response_begin(struct response *response, bool head, bool may_stream);

/*
 * Follows bytes of the engine. Sets *used to how many belong to this answer (all of them with
 * RESPONSE_MORE). Returns enum response_result, or -EBADMSG when it is not HTTP.
 */
int response_feed(struct response *response, const char *data, size_t length, size_t *used);

/* The engine closed. Returns RESPONSE_DONE where that is how this answer ends, else -EBADMSG. */
int response_end(struct response *response);

#endif
