/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form in a body, as part of the query: where the engine reads both, it reads the form first.
 */
#ifndef LATCH_MEDIATOR_FORM_H
#define LATCH_MEDIATOR_FORM_H

#include "buffer.h"

#define FORM_MAX_BODY (64 * 1024)

/*
 * Writes the target that says the same without the body: the form's pairs at the front of its
 * query. Bytes that a target cannot hold are percent-encoded; what the engine would not read in a
 * form either (`;`, bad escapes) stays, for route_classify() to refuse. Returns the target, which
 * the caller frees and which ends in NUL, or NULL without memory.
 */
char *form_merge(struct span target, struct span form);

#endif
