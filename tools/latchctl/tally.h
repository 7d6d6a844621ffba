/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often something was passed, refused, and would have been refused, by a text that names it.
 */
#ifndef LATCH_TALLY_H
#define LATCH_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum audit_verdict {
	AUDIT_PASSED,
	AUDIT_REFUSED,
	AUDIT_WOULD_REFUSE, /* in audit mode: passed, and would not be in enforce mode */
	AUDIT_VERDICTS,
	AUDIT_NO_VERDICT = AUDIT_VERDICTS, /* the record decides nothing */
};

/* The verdict of a record. What has none because an older latchd did not write it is refused. */
enum audit_verdict audit_verdict(const json_t *record);

struct tally_row {
	char *key;
	uint64_t count[AUDIT_VERDICTS];
	char *name, *image; /* where the key is a container's id; NULL: not known */
};

/* Begin with all zero. */
struct tally {
	struct tally_row *rows; /* moves when a row is added */
	size_t count, room;
	json_t *index; /* key -> row */
};

/* The row of that key, made where there is none. NULL without memory. Valid until the next call. */
struct tally_row *tally_row(struct tally *tally, const char *key);

/* Notes a name or an image that a record has, where none is known yet. */
void tally_describe(struct tally_row *row, const char *name, const char *image);

uint64_t tally_total(const struct tally_row *row);
/* Those that were refused or would have been. */
uint64_t tally_bad(const struct tally_row *row);

/* Most refusals first, then most in all, then by key. tally_row must not be called any more. */
void tally_sort(struct tally *tally);
void tally_free(struct tally *tally);

#endif
