/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands are made of that Enhanced Container Isolation does not support in its lists:
 * requests that are other commands'.
 */
#ifndef LATCH_PARTS_H
#define LATCH_PARTS_H

#include <stddef.h>

#include "command.h"

/*
 * The commands whose requests `docker NAME PART` sends, or with an unknown part all that `docker
 * NAME` may send, each once. Returns their number, at most `size` are stored; 0: none is known.
 */
size_t parts_of(const char *name, const char *part, const struct command **commands, size_t size);

/* Is there a row for exactly this part? */
bool parts_known(const char *name, const char *part);

/* A clause on how it talks to the engine; never NULL. */
const char *parts_note(const char *name);

#endif
