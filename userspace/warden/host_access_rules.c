// SPDX-License-Identifier: Apache-2.0
/*
 * For each kind of access that some image has, a list of those images, and an `images` that judges by
 * it. So an image has what any of its entries gives it, and which entry stands first does not matter.
 *
 * A name is resolved by each list that is asked. All must have found the same image, and its id goes
 * into the answer: what is created is what was judged.
 */
#include <errno.h>

#include "host_access_rules.h"
#include "images.h"
#include "util.h"

struct host_access_rules {
	uint32_t allowed;                        /* to every image */
	struct images *images[HOST_ACCESS_COUNT]; /* NULL: to no image */
};

struct question {
	struct host_access_rules *rules;
	uint32_t left; /* to be judged by image */
	char *image;
	struct host_access_verdict verdict;
	host_access_fn done;
	void *context;
};

/* The images of the entries that give `kind`, as an image list. `patterns` is the caller's to free. */
static int list_images(const struct settings *settings, enum host_access kind,
	struct reference_pattern **patterns, struct settings *list)
{
	*list = (struct settings){0};
	*patterns = calloc(settings->host_access_image_count + 1, sizeof(**patterns));
	if (!*patterns)
		return -ENOMEM;
	list->images = *patterns;
	for (size_t i = 0; i < settings->host_access_image_count; i++)
		if (settings->host_access_images[i].allowed & HOST_ACCESS_BIT(kind))
			list->images[list->image_count++] = settings->host_access_images[i].image;
	return 0;
}

/* A container that was made is made: nothing is taken from it when a digest changes. */
static void on_changed(void *context)
{
	(void)context;
}

int host_access_rules_new(uv_loop_t *loop, struct engine *engine, struct registry *registry,
	const struct settings *settings, struct host_access_rules **result)
{
	struct host_access_rules *rules = calloc(1, sizeof(*rules));
	int r = rules ? 0 : -ENOMEM;

	for (int kind = 0; r == 0 && kind < HOST_ACCESS_COUNT; kind++) {
		_cleanup_free_ struct reference_pattern *patterns = NULL;
		struct settings list;

		r = list_images(settings, kind, &patterns, &list);
		if (r == 0 && list.image_count)
			r = images_new(loop, engine, registry, &list, NULL, on_changed, NULL,
				&rules->images[kind]);
	}
	if (r < 0) {
		host_access_rules_free(rules);
		return r;
	}
	rules->allowed = settings->host_access;
	*result = rules;
	return 0;
}

void host_access_rules_free(struct host_access_rules *rules)
{
	if (!rules)
		return;
	for (int kind = 0; kind < HOST_ACCESS_COUNT; kind++)
		images_free(rules->images[kind]);
	free(rules);
}

static void finish(struct question *question)
{
	question->done(&question->verdict, question->context);
	free(question->image);
	free(question);
}

/* What is refused stays so, whatever could not be found out about the rest. */
static void fail(struct question *question, int error)
{
	if (!question->verdict.refused)
		question->verdict = (struct host_access_verdict){.error = error};
	finish(question);
}

static void judge_next(struct question *question);

static void on_judged(const struct images_verdict *verdict, void *context)
{
	struct question *question = context;
	const char *before = question->verdict.image_id;
	uint32_t bit = question->left & -question->left;

	if (verdict->outcome == IMAGES_ERROR) {
		fail(question, verdict->error);
	} else if (verdict->outcome == IMAGES_NOT_LOCAL) {
		fail(question, -ENOENT);
	} else {
		/* Another image has the name now: what the first one may have is not this one's. */
		if (verdict->outcome != IMAGES_ALLOWED ||
			(before[0] && strcmp(before, verdict->image_id)))
			question->verdict.refused |= bit;
		else
			COPY_STRING(question->verdict.image_id, verdict->image_id);
		question->left &= ~bit;
		judge_next(question);
	}
}

static void judge_next(struct question *question)
{
	struct images *images;
	int r;

	if (!question->left) {
		finish(question);
		return;
	}
	images = question->rules->images[__builtin_ctz(question->left)];
	r = images_judge(images, question->image, IMAGES_REVALIDATE, on_judged, question);
	if (r < 0)
		fail(question, r);
}

void host_access_judge(struct host_access_rules *rules, uint32_t asked, const char *image,
	host_access_fn done, void *context)
{
	struct host_access_verdict verdict = {.refused = asked & ~rules->allowed};
	uint32_t by_image = 0;
	struct question *question;

	for (int kind = 0; kind < HOST_ACCESS_COUNT; kind++)
		if (rules->images[kind] && image[0])
			by_image |= HOST_ACCESS_BIT(kind);
	/*
	 * Allowed to all, or to no image at all: nobody has to be asked. Where something is refused the rest
	 * is judged all the same: who reads of it is to learn of all at once.
	 */
	verdict.refused &= ~by_image;
	by_image &= asked & ~rules->allowed;
	if (!by_image) {
		done(&verdict, context);
		return;
	}
	question = calloc(1, sizeof(*question));
	if (question)
		question->image = strdup(image);
	if (!question || !question->image) {
		free(question);
		verdict.error = -ENOMEM;
		done(&verdict, context);
		return;
	}
	question->verdict = verdict;
	question->rules = rules;
	question->left = by_image;
	question->done = done;
	question->context = context;
	judge_next(question);
}
