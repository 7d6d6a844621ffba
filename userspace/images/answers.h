/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registries answered: for each reference that was asked for, the digests that it stands
 * for there, and when that was last confirmed. Asked again about every two minutes, each reference at
 * a moment of its own, and kept on the disk, so that a restart works without a network.
 *
 * It decides about no image. A registry that cannot be reached leaves what it last said in force, for
 * 24 hours at most; one that answers that it has no such thing ends it.
 */
#ifndef LATCH_ANSWERS_H
#define LATCH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "reference.h"
#include "registry.h"

#define ANSWERS_NEVER	   INT64_MIN
#define ANSWERS_REFRESH_MS INT64_C(120000) /* ECI's */
#define ANSWERS_EXPIRY_MS  (INT64_C(24) * 3600 * 1000)

struct answers;

/* To be read by others, and written by answers.c alone. Times in ms, of answers_now(). */
struct answer {
	struct reference reference;
	bool all_platforms; /* configurations of every platform of an index, not of this machine's alone */
	/* First what the reference stands for, then what an index names, then configurations. */
	registry_digest *digests;
	size_t manifest_count, config_count;
	bool complete;     /* every manifest was read: all configurations are known */
	int64_t confirmed; /* begin of the last attempt that confirmed the digests, or NEVER */
	int64_t asked;     /* begin of the last attempt that ended, or NEVER: not by this process */
	int64_t retry;     /* a failed attempt is not worth repeating before this */
	bool absent;       /* the registry said: no such manifest */
	bool denied;       /* the last attempt failed for want of credentials */
	char problem[256]; /* of the last attempt, or why the digests are not complete; may be empty */

	struct answers *owner;
	struct answer *next;
	struct registry_query *query; /* the attempt that runs, or NULL */
	int64_t began, due, used;
	unsigned int pins;
	bool urgent, counted;
};

/*
 * An attempt ended, or one that somebody waits for goes on for another second. `changed`: digests are others than before, or count no more, or do now. Called
 * from the loop, never from within a call of this file.
 */
typedef void (*answers_fn)(bool changed, void *context);

/*
 * `path`: the file on the disk, NULL for none; what is in it counts as known and as not yet asked.
 * NULL without memory. `registry` must outlive it.
 */
struct answers *answers_new(
	uv_loop_t *loop, struct registry *registry, const char *path, answers_fn ended, void *context);
/* Memory goes when the loop has run the close callbacks. Before registry_free. */
void answers_free(struct answers *answers);

/*
 * The answer about `reference` (its digest where it has one, else its tag), made where there is none.
 * A pinned one stays until it is unpinned and is asked for from now on; of the others the least
 * recently got go when there are more than 1,024. NULL without memory.
 */
struct answer *answers_pin(
	struct answers *answers, const struct reference *reference, bool all_platforms);
void answers_unpin(struct answer *answer);
struct answer *answers_get(
	struct answers *answers, const struct reference *reference, bool all_platforms);

/* Begins an attempt unless one runs. `urgent`: somebody waits for it. */
void answers_ask(struct answer *answer, bool urgent);

/* Are there digests, confirmed within 24 hours? Nothing else can allow an image. */
bool answer_counts(const struct answer *answer);
bool answer_expired(const struct answer *answer);
/* Did the last attempt fail? Not so where the registry answered that it has no such thing. */
bool answer_failed(const struct answer *answer);
/* Is it the digest of one of the manifests, or of a manifest or a configuration? */
bool answer_has_manifest(const struct answer *answer, const char *digest);
bool answer_holds(const struct answer *answer, const char *digest);

/* Is there an answer about that reference, as reference_print() writes it, which counts and holds the digest? */
bool answers_confirm(const struct answers *answers, const char *reference, const char *digest);

/* Milliseconds that go on while the machine sleeps. */
int64_t answers_now(void);

#endif
