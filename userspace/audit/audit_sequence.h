/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of the records: they rise by one over a boot, over restarts of latchd too, so that one
 * that is missing is a record that was lost.
 */
#ifndef LATCH_AUDIT_SEQUENCE_H
#define LATCH_AUDIT_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audit_sequence_state;

struct audit_sequence {
	uint64_t last; /* the latest number that was given away; 0: none in this boot */
	uint64_t ring; /* records that the ring buffer has lost, as far as that was said */
	struct audit_sequence_state *state; /* the same, kept over latchd's end; NULL: it is not */
};

/*
 * Takes up what the file `path`, on a file system that ends with the boot, has of this boot. 0, or a
 * negative errno: it counts on all the same, from 0, and will not be remembered.
 */
int audit_sequence_open(struct audit_sequence *sequence, const char *path, const char *boot);
void audit_sequence_close(struct audit_sequence *sequence);

/* Gives away `count` numbers; returns the last of them. */
uint64_t audit_sequence_take(struct audit_sequence *sequence, uint64_t count);
/* Notes that what the ring buffer has lost up to that count was said. */
void audit_sequence_said(struct audit_sequence *sequence, uint64_t ring);

/* Notes that records go to the log at `path`. Was it the same before, in this boot? */
bool audit_sequence_goes_to(struct audit_sequence *sequence, const char *path);

/* How a log ends. */
struct audit_tail {
	uint64_t last; /* number of its last whole record, where that is of this boot; else 0 */
	bool torn;     /* a part of a record is behind it */
};

/* Reads the end of the log at `path`, or where that has no record yet, of the one that was rotated last. */
void audit_tail_read(const char *path, const char *boot, struct audit_tail *tail);

/* The kernel's boot id. Empty where it cannot be read. */
void audit_boot_id(char *boot, size_t size);

#endif
