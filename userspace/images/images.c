// SPDX-License-Identifier: Apache-2.0
/*
 * Judgements: a question about an image on its way through the engine and the registries.
 *
 * One begins with an inspection of the image at the engine. Then everything that is known is looked
 * at (inquiry.h) as often as something new is known, until nothing that could turn the verdict is on
 * its way any more. Judgements end, and changes are told, from a timer of their own: callbacks may do
 * anything.
 */
#include <errno.h>
#include <stdio.h>

#include "inquiry.h"

#define VERDICT_SLOTS 256
/* A build gives names to many images: the containers are judged again when it has fallen silent. */
#define QUIET_MS 500

struct judgement {
	struct images *images; /* NULL: images_free was faster than the engine */
	struct judgement *next;
	enum images_freshness freshness;
	int64_t since;       /* when it was asked for */
	uint64_t began;      /* the same in ns */
	char *name;          /* of the image, as it was asked for */
	bool inspected;      /* `image` is there */
	uint64_t generation; /* that the verdict was made in */
	struct engine_image image;
	struct images_verdict verdict;
	images_judged_fn done;
	void *context;
};

/* A verdict about an immutable image id. */
struct slot {
	struct images_verdict verdict; /* image_id empty: unused */
	uint64_t generation;           /* good within this one alone */
	int64_t until;
};

struct images {
	struct engine *engine;
	struct answers *answers;
	struct local *local;
	uv_timer_t soon, quiet;
	unsigned int open_timers;
	struct list list;
	struct judgement *pending; /* inspecting, or waiting for what was asked */
	struct judgement *ready, **ready_end;
	images_changed_fn changed;
	void *context;
	bool tell_changed;
	int64_t renamed; /* the last event about images */
	bool following; /* the engine's events: a base that goes is noticed */
	bool name_parents;
	bool closing;
	uint64_t generation; /* of all that verdicts rest on */
	struct images_figures figures;
	struct slot slots[VERDICT_SLOTS];
};

static void later(struct images *images);

static void touch(struct images *images)
{
	images->generation++;
	images->tell_changed = true;
	later(images);
}

/* Verdicts that are kept. */

static struct slot *slot_of(struct images *images, const char *id)
{
	size_t hash = 0;

	for (const char *c = id; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	return &images->slots[hash % VERDICT_SLOTS];
}

static const struct images_verdict *slot_find(struct images *images, const char *id)
{
	const struct slot *slot = slot_of(images, id);

	if (strcmp(slot->verdict.image_id, id) || slot->generation != images->generation ||
		slot->until <= answers_now())
		return NULL;
	return &slot->verdict;
}

static void slot_store(struct judgement *judgement, int64_t oldest)
{
	const struct images_verdict *verdict = &judgement->verdict;
	struct slot *slot = slot_of(judgement->images, verdict->image_id);

	/* A derived image's base may go, and without the engine's events nobody would say so. */
	if (verdict->reason == IMAGES_REASON_DERIVED && !judgement->images->following)
		return;
	slot->verdict = *verdict;
	slot->generation = judgement->images->generation;
	if (verdict->outcome != IMAGES_ALLOWED)
		slot->until = judgement->since + INQUIRY_REVALIDATE_MS;
	else
		slot->until = oldest == INT64_MAX ? INT64_MAX : oldest + INQUIRY_FRESH_MS;
}

/* Judgements. */

static void judgement_free(struct judgement *judgement)
{
	engine_image_clear(&judgement->image);
	free(judgement->name);
	free(judgement);
}

static void judgement_unlink(struct judgement *judgement)
{
	struct judgement **link = &judgement->images->pending;

	while (*link != judgement)
		link = &(*link)->next;
	*link = judgement->next;
}

static void judgement_ready(struct judgement *judgement)
{
	struct images *images = judgement->images;

	judgement_unlink(judgement);
	judgement->next = NULL;
	judgement->generation = images->generation;
	*images->ready_end = judgement;
	images->ready_end = &judgement->next;
	later(images);
}

static void engine_failed(struct judgement *judgement, int error)
{
	struct images_verdict *verdict = &judgement->verdict;

	verdict->image_id[0] = '\0';
	if (error == -ENOENT) {
		verdict_set(verdict, IMAGES_NOT_LOCAL, IMAGES_REASON_NOT_LOCAL, "",
			"the engine has no such image: pull it, then ask again");
		return;
	}
	verdict->error = error;
	verdict_set(verdict, IMAGES_ERROR, IMAGES_REASON_ENGINE, "",
		error == -EINVAL ? "the engine takes no such name for an image (%s)"
				 : "the engine cannot be asked about the image: %s",
		strerror(-error));
}

/* Decides, if nothing must be asked (any more); else it has been asked now. */
static void consider(struct judgement *judgement)
{
	struct images *images = judgement->images;
	struct inquiry inquiry = {
		.answers = images->answers,
		.local = images->local,
		.list = &images->list,
		.since = judgement->since,
		.freshness = judgement->freshness,
		/* Without its events something may have happened at any moment. */
		.renamed = images->following ? images->renamed : judgement->since,
		.parents = images->name_parents,
		.ask = true,
		.oldest = INT64_MAX,
	};
	int r = 0;

	inquire_listed(&inquiry, &judgement->image, &judgement->verdict);
	if (judgement->verdict.outcome != IMAGES_ALLOWED && !inquiry.waiting) {
		/* Why it is refused is worth a look at the engine, and no question to a registry. */
		inquiry.ask = images->list.allow_derived;
		r = inquire_derived(&inquiry, &judgement->image, &judgement->verdict);
	}
	if (inquiry.waiting)
		return;
	if (r < 0 && images->list.allow_derived)
		engine_failed(judgement, r);
	else
		slot_store(judgement, inquiry.oldest);
	judgement_ready(judgement);
}

static void consider_all(struct images *images)
{
	struct judgement *next;

	for (struct judgement *judgement = images->pending; judgement; judgement = next) {
		next = judgement->next;
		if (judgement->inspected)
			consider(judgement);
	}
}

static void on_image(int error, const struct engine_image *image, void *context)
{
	struct judgement *judgement = context;

	if (!judgement->images) {
		judgement_free(judgement);
		return;
	}
	if (!error)
		error = engine_image_copy(&judgement->image, image);
	if (error) {
		engine_failed(judgement, error);
		judgement_ready(judgement);
		return;
	}
	judgement->inspected = true;
	COPY_STRING(judgement->verdict.image_id, image->id);
	COPY_STRING(judgement->verdict.digest,
		image->repo_digests.count ? image->repo_digests.items[0] : "");
	consider(judgement);
}

/* Begins, or begins again: with a verdict that is known, what is inspected, or the engine. */
static void judgement_begin(struct judgement *judgement)
{
	struct images *images = judgement->images;
	const struct images_verdict *known = slot_find(images, judgement->name);
	int r;

	judgement->next = images->pending;
	images->pending = judgement;
	if (judgement->inspected) {
		consider(judgement);
		return;
	}
	judgement->verdict = known ? *known : (struct images_verdict){0};
	if (known) {
		judgement_ready(judgement);
		return;
	}
	r = engine_inspect_image(images->engine, judgement->name, on_image, judgement);
	if (r < 0) {
		engine_failed(judgement, r);
		judgement_ready(judgement);
	}
}

int images_judge(struct images *images, const char *image, enum images_freshness freshness,
	images_judged_fn done, void *context)
{
	struct judgement *judgement;

	if (images->closing)
		return -ECANCELED;
	judgement = calloc(1, sizeof(*judgement));
	if (!judgement)
		return -ENOMEM;
	judgement->name = strdup(image);
	if (!judgement->name) {
		free(judgement);
		return -ENOMEM;
	}
	judgement->images = images;
	judgement->freshness = freshness;
	judgement->since = answers_now();
	judgement->began = uv_hrtime();
	images->figures.pending++;
	judgement->done = done;
	judgement->context = context;
	judgement_begin(judgement);
	return 0;
}

/* Telling. */

static void count(struct images *images, const struct judgement *judgement)
{
	const struct images_verdict *verdict = &judgement->verdict;

	images->figures.pending--;
	images->figures.verdicts[verdict->outcome][verdict->reason]++;
	histogram_observe(&images->figures.duration, uv_hrtime() - judgement->began);
}

const struct images_figures *images_figures(const struct images *images)
{
	return &images->figures;
}

static void on_soon(uv_timer_t *timer)
{
	struct images *images = timer->data;

	while (!images->closing && images->ready) {
		struct judgement *judgement = images->ready;

		images->ready = judgement->next;
		if (!images->ready)
			images->ready_end = &images->ready;
		/* The list or a digest changed since: what was decided may be wrong by now. */
		if (judgement->generation != images->generation) {
			judgement_begin(judgement);
			continue;
		}
		count(images, judgement);
		judgement->done(&judgement->verdict, judgement->context);
		judgement_free(judgement);
	}
	if (!images->closing && images->tell_changed) {
		images->tell_changed = false;
		images->changed(images->context);
	}
}

static void later(struct images *images)
{
	if (!images->closing)
		uv_timer_start(&images->soon, on_soon, 0, 0);
}

static void on_answer(bool changed, void *context)
{
	struct images *images = context;

	if (changed)
		touch(images);
	consider_all(images);
}

static void on_local(void *context)
{
	consider_all(context);
}

static void on_quiet(uv_timer_t *timer)
{
	touch(timer->data);
}

void images_engine_event(struct images *images, const struct engine_event *event)
{
	switch (event->kind) {
	case ENGINE_EVENT_CONNECTED:
	case ENGINE_EVENT_DISCONNECTED:
		images->following = event->kind == ENGINE_EVENT_CONNECTED;
		images->renamed = answers_now();
		images->generation++; /* the containers are judged again by who hears this as well */
		break;
	case ENGINE_EVENT_IMAGES:
		if (!images->list.allow_derived)
			break;
		images->generation++;
		images->renamed = answers_now();
		uv_timer_start(&images->quiet, on_quiet, QUIET_MS, 0);
		break;
	case ENGINE_EVENT_CREATE:
	case ENGINE_EVENT_START:
	case ENGINE_EVENT_DIE:
	case ENGINE_EVENT_DESTROY:
	case ENGINE_EVENT_RENAME:
		break;
	}
}

/* Lists. */

struct images_list {
	struct list list;
};

int images_list_new(
	struct images *images, const struct settings *settings, struct images_list **result)
{
	struct images_list *next = malloc(sizeof(*next));
	int r = next ? list_make(&next->list, images->answers, settings) : -ENOMEM;

	if (r < 0)
		free(next);
	else
		*result = next;
	return r;
}

void images_list_free(struct images_list *next)
{
	if (next)
		list_clear(&next->list);
	free(next);
}

static bool list_holds(const struct list *list, const struct images_basis *basis)
{
	return list_find(list, basis->entry) && (!basis->derived || list->allow_derived);
}

bool images_list_holds(const struct images_list *next, const struct images_basis *basis)
{
	return list_holds(&next->list, basis);
}

bool images_basis_holds(const struct images *images, const struct images_basis *basis)
{
	return list_holds(&images->list, basis) &&
	       (!basis->answer[0] || answers_confirm(images->answers, basis->answer, basis->proof));
}

/* At once, and not when the next refresh is due: who reloads wants to see what is there now. */
static void ask_registries(struct images *images)
{
	for (size_t i = 0; i < images->list.count; i++)
		if (images->list.entries[i].answer)
			answers_ask(images->list.entries[i].answer, false);
}

void images_take(struct images *images, struct images_list *next)
{
	list_clear(&images->list);
	images->list = next->list;
	free(next);
	images->generation++;
	ask_registries(images);
	consider_all(images);
}

int images_replace(struct images *images, const struct settings *settings)
{
	struct images_list *next;
	int r = images_list_new(images, settings, &next);

	if (!r)
		images_take(images, next);
	return r;
}

/* The image list itself. */

static int prepare(struct images *images, uv_loop_t *loop, struct registry *registry,
	const struct settings *settings, const char *store)
{
	images->answers = answers_new(loop, registry, store, on_answer, images);
	images->local = local_new(images->engine, on_local, images);
	return images->answers && images->local ?
		       list_make(&images->list, images->answers, settings) :
		       -ENOMEM;
}

static void on_closed(uv_handle_t *handle)
{
	struct images *images = handle->data;

	if (--images->open_timers == 0)
		free(images);
}

int images_new(uv_loop_t *loop, struct engine *engine, struct registry *registry,
	const struct settings *settings, const char *store, images_changed_fn changed, void *context,
	struct images **result)
{
	struct images *images = calloc(1, sizeof(*images));
	int r;

	if (!images)
		return -ENOMEM;
	images->engine = engine;
	images->changed = changed;
	images->context = context;
	images->ready_end = &images->ready;
	uv_timer_init(loop, &images->soon);
	uv_timer_init(loop, &images->quiet);
	images->soon.data = images->quiet.data = images;
	images->open_timers = 2;
	r = prepare(images, loop, registry, settings, store);
	if (r < 0) {
		images_free(images);
		return r;
	}
	ask_registries(images);
	*result = images;
	return 0;
}

void images_name_parents(struct images *images, bool name_parents)
{
	images->name_parents = name_parents;
}

static void cancel(struct judgement *judgement, bool inspecting)
{
	struct images_verdict *verdict = &judgement->verdict;

	verdict->error = -ECANCELED;
	verdict_set(verdict, IMAGES_ERROR, IMAGES_REASON_ENGINE, "", "latch is stopping");
	verdict->image_id[0] = '\0';
	judgement->images = NULL;
	judgement->done(verdict, judgement->context);
	if (!inspecting)
		judgement_free(judgement);
}

void images_free(struct images *images)
{
	struct judgement *judgement;

	if (!images || images->closing)
		return;
	images->closing = true;
	while ((judgement = images->pending)) {
		images->pending = judgement->next;
		/* The engine still holds one that it inspects for: on_image frees it. */
		cancel(judgement, !judgement->inspected);
	}
	while ((judgement = images->ready)) {
		images->ready = judgement->next;
		cancel(judgement, false);
	}
	list_clear(&images->list);
	local_free(images->local);
	answers_free(images->answers);
	uv_close((uv_handle_t *)&images->soon, on_closed);
	uv_close((uv_handle_t *)&images->quiet, on_closed);
}

void images_each(const struct images *images,
	void (*each)(const struct images_status *status, void *context), void *context)
{
	for (size_t i = 0; i < images->list.count; i++) {
		const struct entry *entry = &images->list.entries[i];
		const struct answer *answer = entry->answer;
		struct images_status status = {
			.entry = entry->pattern.text,
			.digest = entry->pattern.kind == REFERENCE_DIGEST ? entry->pattern.reference.digest : "",
			.age = -1,
			.problem = "",
			.counts = entry_counts(entry),
		};

		if (answer && answer->manifest_count) {
			status.digest = answer->digests[0];
			status.age = (answers_now() - answer->confirmed) / 1000;
			status.config_count = answer->config_count;
		}
		if (answer)
			status.problem = answer->problem;
		each(&status, context);
	}
}
