/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECI's image list: may a container of this image hold the engine's socket?
 *
 * Decided by digest, never by name. An image is allowed when its id is a configuration (or, on an
 * engine that keeps images in containerd, a manifest) digest that an entry of the list has at its
 * registry now, or when one of its repository digests is `<the entry's repository>@<such a
 * digest>`. An entry has only its current digests: a tag that was moved upstream no longer allows
 * the image that it pointed at before, and a local `docker tag` allows nothing.
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
#include "registry.h"
#include "settings.h"

struct images;

/* How old may be what the registry said? Counted from the moment it was asked. */
enum images_freshness {
	IMAGES_CACHED,     /* 120 s: what the background refresh keeps anyway */
	IMAGES_REVALIDATE, /* 1 s: for create and start */
};

enum images_outcome {
	IMAGES_ALLOWED,
	IMAGES_DENIED,
	IMAGES_NOT_LOCAL, /* the engine has no such image: nothing can be said about it */
	IMAGES_ERROR,     /* the engine could not be asked: refuse */
};

enum images_reason {
	IMAGES_REASON_LISTED,      /* allowed: matches an entry */
	IMAGES_REASON_EVERY,       /* allowed: the list has a lone `*` */
	IMAGES_REASON_NOT_LISTED,  /* denied: matches nothing */
	IMAGES_REASON_MOVED,       /* denied: was pulled from an entry's repository, whose tag (now)
				      points at something else: pull again */
	IMAGES_REASON_LOCAL_TAG,   /* denied: has the entry's name here, but was never pulled from
				      there */
	IMAGES_REASON_ABSENT,      /* denied: its entry's registry has no such tag any more */
	IMAGES_REASON_UNREACHABLE, /* denied: its entry's digests are not known, see text */
	IMAGES_REASON_EXPIRED,     /* denied: the registry has not confirmed them for 24 hours */
	IMAGES_REASON_NOT_LOCAL,
	IMAGES_REASON_ENGINE, /* see error */
};

/* Valid during the callback. */
struct images_verdict {
	enum images_outcome outcome;
	enum images_reason reason;
	int error; /* IMAGES_ERROR: a negative errno, as engine.h has them */
	char image_id[ENGINE_DIGEST_SIZE]; /* immutable; empty for NOT_LOCAL and ERROR */
	char entry[256]; /* of the list, cut: that matched, or that the reason is about; may be
			    empty */
	char text[384];  /* the reason as a sentence, for log and audit */
};

typedef void (*images_judged_fn)(const struct images_verdict *verdict, void *context);

/*
 * The digests of at least one entry changed, or were not confirmed for 24 hours: what was allowed
 * may no longer be, and the reverse. Also after the first answer of a registry, and not for
 * images_replace. Judge the running containers again (IMAGES_CACHED will do).
 */
typedef void (*images_changed_fn)(void *context);

/*
 * Copies what it needs of `settings`, and begins to ask the registries at once. `engine` and `pool`
 * must outlive it. Returns 0 and *images, or a negative errno.
 */
int images_new(uv_loop_t *loop, struct fetch_pool *pool, struct engine *engine,
	const struct settings *settings, images_changed_fn changed, void *context,
	struct images **images);

/*
 * Calls outstanding judgements with IMAGES_ERROR and -ECANCELED; memory goes when the loop has run
 * the close callbacks. Before engine_free and fetch_pool_free. May be called from a callback.
 */
void images_free(struct images *images);

/*
 * Takes another list. Entries that were there before keep what is known of them; outstanding
 * judgements are decided by the new list. 0 or -ENOMEM (then the old list stays).
 */
int images_replace(struct images *images, const struct settings *settings);

/*
 * The same in two steps, for who must know that nothing can fail any more. images_list_new begins
 * nothing and asks nobody; images_take frees `next`. The list may not be kept: what is learned of
 * an entry after images_list_new is lost with images_take.
 */
struct images_list;
int images_list_new(
	struct images *images, const struct settings *settings, struct images_list **next);
void images_list_free(struct images_list *next);
void images_take(struct images *images, struct images_list *next);
/* Is `entry`, as a verdict names it, in that list, written in whatever way? */
bool images_list_holds(const struct images_list *next, const char *entry);

/*
 * Judges an image: a reference as the engine resolves it, or an id. Returns 0 and later calls back
 * exactly once, never from within this call, or -ENOMEM or -ECANCELED and does not call: refuse.
 */
int images_judge(struct images *images, const char *image, enum images_freshness freshness,
	images_judged_fn done, void *context);

/* One entry, for `latchctl status`. Valid during the callback. */
struct images_status {
	const char *entry;  /* as written in the settings */
	const char *digest; /* what it stands for now; empty when not known, or for `*` */
	int64_t age; /* seconds since the registry last confirmed it; -1 never, or not needed */
	const char *problem; /* why the last attempt failed; empty when it did not */
	size_t config_count; /* configuration digests that are known */
	bool counts;         /* it can allow an image now */
};

void images_each(const struct images *images,
	void (*each)(const struct images_status *status, void *context), void *context);

/* The pure part, in images_match.c. */

bool images_same_repository(const struct reference *one, const struct reference *other);

/*
 * Does `image` match digests that `reference`'s registry has? By id (against configurations and
 * manifests) or by a repository digest of the same repository.
 */
bool images_match(const struct engine_image *image, const struct reference *reference,
	const struct allowed_digests *digests);

/*
 * How an image's names relate to a reference. It allows nothing: it says which entries to ask the
 * registry about again, and which reason to give.
 */
enum images_relation {
	IMAGES_UNRELATED,
	IMAGES_NEIGHBOUR, /* it is of the same repository, under another tag */
	IMAGES_TAGGED,    /* it has this very name here, but no repository digest of it */
	IMAGES_PULLED,    /* it has such a digest, and this very name or none of the repository */
};
enum images_relation images_relate(
	const struct engine_image *image, const struct reference *reference);

#endif
