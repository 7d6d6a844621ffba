/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A moment, as people write it.
 */
#ifndef LATCH_AUDIT_SINCE_H
#define LATCH_AUDIT_SINCE_H

#include <stdbool.h>
#include <time.h>

/*
 * "90s", "10m", "2h", "7d": so long before `now`. Or RFC 3339: "2026-11-25T19:38:33Z", with an offset or
 * without (UTC), a fraction and a blank for the T; the date alone is its midnight in UTC. False: neither.
 */
bool audit_since_parse(const char *text, time_t now, struct timespec *since);

/* As records have it, so that times can be compared as text: 28 bytes. */
void audit_since_print(const struct timespec *since, char text[32]);

#endif
