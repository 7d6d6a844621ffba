/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a store file again and again without holding up the loop: one write at a time, and of the
 * values that come meanwhile only the last.
 */
#ifndef LATCH_SAVER_H
#define LATCH_SAVER_H

#include <jansson.h>
#include <uv.h>

struct saver;

/* `what` and `version` as store.h has them; strings are copied. NULL without memory. */
struct saver *saver_new(uv_loop_t *loop, const char *path, const char *what, int version);

/* Takes `value`. A failure is logged, once until a write works again: what is on the disk is old then. */
void saver_save(struct saver *saver, json_t *value);

/* Writes what is left, if necessary when the loop runs for the last time. */
void saver_free(struct saver *saver);

#endif
