/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of settings_load, apart so that tests and fuzzers reach each: which file, its bytes,
 * what they mean. Nobody else includes this.
 */
#ifndef LATCH_SETTINGS_INTERNAL_H
#define LATCH_SETTINGS_INTERNAL_H

#include "problem.h"
#include "settings.h"
#include "util.h"

#define SETTINGS_SIZE_MAX (4 << 20) /* bytes */
#define SETTINGS_LIST_MAX 4096      /* entries of images[], of commands[] */

/*
 * The first of `paths` that exists; one that cannot even be looked at counts as existing, so that
 * nobody falls through to another policy. NULL: none.
 */
const char *settings_find(const char *const *paths, size_t count);

/*
 * Reads the whole file. Returns 0, *bytes (free(), NUL behind the last one) and *size; or a
 * negative errno and *problem as settings_load: -EISDIR, -EFBIG, -EINVAL for what is no regular
 * file, or what open and read say. *exposed: everybody on the machine may write to it.
 */
int settings_read(const char *path, char **bytes, size_t *size, bool *exposed, char **problem);

/*
 * What the bytes mean. `path` is for messages and for settings->path. Errors and ownership as
 * settings_load.
 */
int settings_parse(const char *path, const char *bytes, size_t size, struct settings **settings,
	char **problem);

/* Appends one warning (printf) to settings->warnings. Returns 0 or -ENOMEM. */
int settings_warn(struct settings *settings, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
