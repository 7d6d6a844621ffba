/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pairs of a query or a form, as the engine's url.ParseQuery reads them.
 */
#ifndef LATCH_MEDIATOR_QUERY_H
#define LATCH_MEDIATOR_QUERY_H

#include "buffer.h"

struct query_pair {
	struct span key, value; /* still escaped; the value is empty where there is no `=` */
};

/* Takes the next pair off the front of `query`; false at the end. */
bool query_next(struct span *query, struct query_pair *pair);

/*
 * Decodes into a string. False: badly escaped, for which Go drops the pair and sets *dropped, or with a
 * NUL or longer than `size` holds. One byte more than the text always holds it.
 */
bool query_decode(struct span text, char *out, size_t size, bool *dropped);

#endif
