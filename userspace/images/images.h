/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECI's image list: may a container of this image hold the engine's socket?
 *
 * Decided by digest, never by name. An image is an entry's image when its id, which is a hash of what
 * it is, is one that the entry's registry names: a configuration's digest on an engine with classic
 * image store, a manifest's or index's on one that keeps images in containerd. A repository digest
 * that the engine has of an image only says what to ask the registry about; by itself it is enough
 * for an entry that is that very digest, and for no other. A tag that was moved upstream no longer
 * allows the image that it pointed at before, and a local `docker tag` allows nothing.
 *
 * With allowDerivedImages also an image that is local only, and that an entry's image, which is local
 * too, is the lower part of (see derived.c).
 *
 * A registry that cannot be reached leaves what it last said in force, for 24 hours at most. What
 * was never known allows nothing.
 */
#ifndef LATCH_IMAGES_H
#define LATCH_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "engine.h"
#include "histogram.h"
#include "reference.h"
#include "registry.h"
#include "settings.h"

struct images;

/*
 * An image that is allowed rests on answers of about two minutes, which the background keeps anyway,
 * and nobody is asked. How old may be what a refusal rests on?
 */
enum images_freshness {
	IMAGES_CACHED,     /* as old as that */
	IMAGES_REVALIDATE, /* not older than the question: for create and start */
};

enum images_outcome {
	IMAGES_ALLOWED,
	IMAGES_DENIED,
	IMAGES_NOT_LOCAL, /* the engine has no such image: nothing can be said about it */
	IMAGES_ERROR,     /* the engine could not be asked: refuse */
};

/* Of the reasons to refuse, the one that tells the user most stands last. */
enum images_reason {
	IMAGES_REASON_LISTED,      /* allowed: it is an entry's image */
	IMAGES_REASON_EVERY,       /* allowed: the list has a lone `*` */
	IMAGES_REASON_DERIVED,     /* allowed: derived from an entry's image */
	IMAGES_REASON_NOT_LISTED,  /* denied: matches nothing */
	IMAGES_REASON_LOCAL,       /* denied: has an entry's name here, and its registry does not know it */
	IMAGES_REASON_ABSENT,      /* denied: its entry's registry has no such tag any more */
	IMAGES_REASON_BASE_ABSENT, /* denied: derived from an entry's image that is local no more */
	IMAGES_REASON_DERIVED_OFF, /* denied: derived from an entry's image, and that is not enough */
	IMAGES_REASON_MOVED,       /* denied: was pulled from an entry's repository, whose tag (now)
				      points at something else: pull again */
	IMAGES_REASON_UNREACHABLE, /* denied: what decides is not known, see text */
	IMAGES_REASON_EXPIRED,     /* denied: the registry has not confirmed it for 24 hours */
	IMAGES_REASON_NOT_LOCAL,
	IMAGES_REASON_ENGINE, /* see error */
};

/* "moved", "derived-off": for records and scripts. */
const char *images_reason_name(enum images_reason reason);

/* What an allowed image rests on, in a form that can be kept and looked at again. */
struct images_basis {
	char entry[256];                  /* as written in the list, cut */
	char answer[REFERENCE_TEXT_SIZE]; /* what the registry was asked for; empty: nobody was */
	char proof[ENGINE_DIGEST_SIZE];   /* the image id that is among that answer's digests */
	bool derived;                     /* `proof` is that of the image that it was derived from */
};

/* Valid during the callback. */
struct images_verdict {
	enum images_outcome outcome;
	enum images_reason reason;
	int error; /* IMAGES_ERROR: a negative errno, as engine.h has them */
	char image_id[ENGINE_DIGEST_SIZE]; /* immutable; empty for NOT_LOCAL and ERROR */
	char digest[320]; /* "name@sha256:...", the first that the engine has of it, cut; may be empty */
	char entry[256]; /* of the list, cut: that matched, or that the reason is about; may be
			    empty */
	char text[512];  /* the reason as a sentence that ends with what to do, for log and audit */
	char parent[256]; /* a local image that a refused one is derived from; empty: none is known */
	struct images_basis basis; /* IMAGES_ALLOWED */
};

typedef void (*images_judged_fn)(const struct images_verdict *verdict, void *context);

/*
 * What registries or the engine say is another than before: what was allowed may no longer be, and
 * the reverse. Also after the first answer of a registry, and not for images_replace. Judge the
 * running containers again (IMAGES_CACHED will do).
 */
typedef void (*images_changed_fn)(void *context);

/*
 * Copies what it needs of `settings`, and begins to ask the registries at once. `store`: the file that
 * keeps what they answered, or NULL. `engine` and `registry` must outlive it. Returns 0 and *images,
 * or a negative errno.
 */
int images_new(uv_loop_t *loop, struct engine *engine, struct registry *registry,
	const struct settings *settings, const char *store, images_changed_fn changed, void *context,
	struct images **images);

/*
 * Calls outstanding judgements with IMAGES_ERROR and -ECANCELED; memory goes when the loop has run
 * the close callbacks. Before engine_free and registry_free. May be called from a callback.
 */
void images_free(struct images *images);

/*
 * Shall a refusal name a local image that the refused one is derived from, on the list or not? It costs
 * an inspection of every image that the engine has. Off at first.
 */
void images_name_parents(struct images *images, bool name_parents);

/* To be called with every event of the engine's stream: what was found about derived images may be over. */
void images_engine_event(struct images *images, const struct engine_event *event);

/*
 * Takes another list. What is known of entries that were there before is kept; outstanding
 * judgements are decided by the new list. 0 or -ENOMEM (then the old list stays).
 */
int images_replace(struct images *images, const struct settings *settings);

/*
 * The same in two steps, for who must know that nothing can fail any more. images_take frees `next`,
 * and asks the registries about every entry anew.
 */
struct images_list;
int images_list_new(
	struct images *images, const struct settings *settings, struct images_list **next);
void images_list_free(struct images_list *next);
void images_take(struct images *images, struct images_list *next);
/* Would that list have the entry, in whatever way it is written, and count derived images if it is about one? */
bool images_list_holds(const struct images_list *next, const struct images_basis *basis);

/* Does what an image rested on still hold, by the list in force and by what registries last said? */
bool images_basis_holds(const struct images *images, const struct images_basis *basis);

/*
 * Judges an image: a reference as the engine resolves it, or an id. Returns 0 and later calls back
 * exactly once, never from within this call, or -ENOMEM or -ECANCELED and does not call: refuse.
 */
int images_judge(struct images *images, const char *image, enum images_freshness freshness,
	images_judged_fn done, void *context);

/* For metrics. Valid as long as the images. */
struct images_figures {
	struct histogram duration; /* of judgements, from the question to the answer */
	uint64_t verdicts[IMAGES_ERROR + 1][IMAGES_REASON_ENGINE + 1]; /* by outcome and reason */
	unsigned int pending; /* judgements that have not ended */
};
const struct images_figures *images_figures(const struct images *images);
/* "allowed", "denied", "not-local" or "error". */
const char *images_outcome_name(enum images_outcome outcome);

/* One entry, for `latchctl status`. Valid during the callback. */
struct images_status {
	const char *entry;  /* as written in the settings */
	const char *digest; /* what it stands for now; empty when not known, or for what has no one digest */
	int64_t age; /* seconds since the registry last confirmed it; -1 never, or not needed */
	const char *problem; /* why the last attempt failed; empty when it did not */
	size_t config_count; /* configuration digests that are known */
	bool counts;         /* it can allow an image now */
};

void images_each(const struct images *images,
	void (*each)(const struct images_status *status, void *context), void *context);

#endif
