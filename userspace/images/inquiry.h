/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look at everything that is known about one image. Where something must be asked first, it is
 * asked, and the inquiry is made again from the start when an answer has come: so it holds no state,
 * and nothing that it found can be older than what it was found from.
 */
#ifndef LATCH_INQUIRY_H
#define LATCH_INQUIRY_H

#include "answers.h"
#include "images.h"
#include "list.h"
#include "local.h"
#include "names.h"
#include "util.h"

/* How long an answer is fresh that allows: the background's two minutes, and what an attempt takes. */
#define INQUIRY_FRESH_MS (ANSWERS_REFRESH_MS + 30000)
/* How old a list of the engine's images may be, and how long a refusal is kept. */
#define INQUIRY_REVALIDATE_MS INT64_C(1000)

struct inquiry {
	struct answers *answers;
	struct local *local;
	const struct list *list;
	int64_t since; /* when the question was put */
	enum images_freshness freshness;
	int64_t renamed; /* when the engine last told of names, pushes and deletions of images */
	bool parents; /* the verdict is to name a parent, whatever it is: every local image is looked at */
	bool ask;     /* false: only what is known, nothing is asked of a registry */
	bool waiting; /* out: the verdict could be another one when what was asked is there */
	int64_t oldest; /* out: when what an allowing verdict rests on was asked; INT64_MAX: of nobody */
};

/*
 * May a verdict rest on this answer as it is? If not, and inquiry->ask is set, it is asked and
 * inquiry->waiting is set. `matches`: it allows the image; `related`: one of the image's names makes
 * it likely that the next answer is about it.
 */
bool inquiry_is_fresh(struct inquiry *inquiry, struct answer *answer, bool matches, bool related);

/* Is it an entry's image? The verdict is set either way. */
void inquire_listed(
	struct inquiry *inquiry, const struct engine_image *image, struct images_verdict *verdict);

/*
 * Is it derived from one? `verdict`, which refuses, becomes one that allows, or that says more, or stays
 * as it is. Returns 0, or why the engine could not be asked.
 */
int inquire_derived(
	struct inquiry *inquiry, const struct engine_image *image, struct images_verdict *verdict);

/* Sentences. */

void verdict_set(struct images_verdict *verdict, enum images_outcome outcome,
	enum images_reason reason, const char *entry, const char *format, ...) PRINTF_LIKE(5, 6);

/* The same, if that reason to refuse says more than the one that is there. */
void verdict_offer(struct images_verdict *verdict, enum images_reason reason, const char *entry,
	const char *format, ...) PRINTF_LIKE(4, 5);

/* What speaks against an answer itself: absent, never known, expired. False: nothing does. */
bool verdict_offer_answer(
	struct images_verdict *verdict, const char *entry, const struct answer *answer);

#endif
