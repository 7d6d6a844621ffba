// SPDX-License-Identifier: Apache-2.0
/*
 * The image list and its verdicts.
 *
 * Each entry holds the digests that its reference has at the registry now, when the registry was
 * last asked, and when it last confirmed them. A judgement inspects the image at the engine, asks
 * again about those entries whose answer could turn the verdict and is too old, and then compares
 * digests. Every attempt is shared by all who wait for it.
 *
 * Names decide only *whom to ask again*: an entry that the image already matches, or whose
 * repository one of the image's names is in. An image that came to an entry's new digest by other
 * ways is recognised after the next background refresh.
 *
 * Judgements end, and changes are told, from a timer of their own: callbacks may do anything.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "images.h"
#include "util.h"

#define REFRESH_MS        INT64_C(120000) /* ECI's */
#define REFRESH_JITTER_MS 20000           /* earlier by up to this: many hosts, one registry */
#define CACHED_AGE_MS     REFRESH_MS
#define REVALIDATE_AGE_MS INT64_C(1000)
#define EXPIRY_MS         (INT64_C(24) * 3600 * 1000)
#define NEVER             INT64_MIN
#define VERDICT_SLOTS     256

struct entry {
	struct images *images;
	enum reference_pattern_kind kind;
	struct reference reference;
	char *text;
	struct allowed_digests digests; /* repository_count 0: not known */
	int64_t confirmed; /* begin of the last attempt that confirmed the digests, ms, or NEVER */
	int64_t asked;     /* begin of the last attempt that ended, or NEVER */
	int64_t retry;     /* a failed attempt is not repeated before this */
	bool absent;       /* the registry said: no such manifest */
	bool counts;       /* could allow an image when last looked at */
	char problem[256]; /* of the last attempt; empty when there was none */
	struct registry_query *query; /* the attempt that runs, or NULL */
	int64_t query_began;
};

struct list {
	struct entry *entries;
	size_t count;
};

struct judgement {
	struct images *images; /* NULL: images_free was faster than the engine */
	struct judgement *next;
	enum images_freshness freshness;
	int64_t since;       /* when it was asked for */
	char *name;          /* of the image, as it was asked for */
	bool inspected;      /* `image` is there */
	uint64_t generation; /* that the verdict was made in */
	struct engine_image image;
	struct images_verdict verdict;
	images_judged_fn done;
	void *context;
};

/* A verdict about an immutable image id, good within one generation of the digests. */
struct slot {
	struct images_verdict verdict; /* image_id empty: unused */
	uint64_t generation;
	int64_t since; /* the oldest of what it rests on */
};

struct images {
	struct engine *engine;
	struct registry *registry;
	uv_timer_t refresh, soon;
	unsigned int open_timers;
	struct list list;
	struct judgement *pending; /* inspecting, or waiting for attempts */
	struct judgement *ready, **ready_end;
	images_changed_fn changed;
	void *context;
	bool tell_changed;
	bool closing;
	uint64_t generation;
	struct slot slots[VERDICT_SLOTS];
};

static int64_t now_ms(void)
{
	struct timespec now;

	/* Counts on while the machine sleeps: a day is a day. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Entries. */

static bool entry_expired(const struct entry *entry, int64_t now)
{
	return entry->confirmed != NEVER && now - entry->confirmed > EXPIRY_MS;
}

/* Can it allow an image now? A digest in the settings needs nobody's confirmation. */
static bool entry_counts(const struct entry *entry, int64_t now)
{
	switch (entry->kind) {
	case REFERENCE_EVERY:
	case REFERENCE_DIGEST:
		return true;
	case REFERENCE_TAG:
		return entry->digests.repository_count && !entry_expired(entry, now);
	case REFERENCE_REPOSITORY:
	case REFERENCE_GLOB:
		return false; /* nobody asks about them yet: fail closed */
	}
	return false;
}

/* Is there anything that its registry could still tell, ever? */
static bool entry_asks(const struct entry *entry)
{
	return entry->kind == REFERENCE_TAG ||
	       (entry->kind == REFERENCE_DIGEST && !entry->digests.complete);
}

static bool entry_matches(const struct entry *entry, const struct engine_image *image)
{
	return entry->kind == REFERENCE_EVERY ||
	       images_match(image, &entry->reference, &entry->digests);
}

static enum images_relation entry_relates(
	const struct entry *entry, const struct engine_image *image)
{
	return entry->kind == REFERENCE_EVERY ? IMAGES_UNRELATED
					      : images_relate(image, &entry->reference);
}

static void later(struct images *images);

static void images_touch(struct images *images)
{
	images->generation++;
	images->tell_changed = true;
	later(images);
}

static void entry_update_counts(struct entry *entry)
{
	bool counts = entry_counts(entry, now_ms());

	if (counts != entry->counts)
		images_touch(entry->images);
	entry->counts = counts;
}

static bool same_digests(const struct allowed_digests *one, const struct allowed_digests *other)
{
	return one->repository_count == other->repository_count &&
	       one->config_count == other->config_count &&
	       !memcmp(one->repository, other->repository,
		       one->repository_count * sizeof(registry_digest)) &&
	       !memcmp(one->config, other->config, one->config_count * sizeof(registry_digest));
}

static void entry_take(struct entry *entry, const struct allowed_digests *digests)
{
	bool changed = !same_digests(&entry->digests, digests);

	/* The same index, part of which could not be read this time: it has not changed. */
	if (changed && entry->digests.complete && !digests->complete &&
		!strcmp(entry->digests.repository[0], digests->repository[0]))
		return;
	entry->digests = *digests;
	if (changed)
		images_touch(entry->images);
}

/* What the settings themselves say, before or without any answer. */
static void own_digests(const struct entry *entry, struct allowed_digests *digests)
{
	*digests = (struct allowed_digests){0};
	if (entry->kind != REFERENCE_DIGEST)
		return;
	COPY_STRING(digests->repository[0], entry->reference.digest);
	digests->repository_count = 1;
}

static void entry_failed(struct entry *entry, const char *problem)
{
	int64_t now = now_ms();

	COPY_STRING(entry->problem, problem);
	/* A refused connection may be tried again at once, a time-out only after as long again. */
	entry->retry = now + (now - entry->query_began);
}

static void entry_result(struct entry *entry, const struct registry_result *result)
{
	struct allowed_digests own;

	entry->query = NULL;
	entry->asked = entry->query_began;
	if (result->state == REGISTRY_FAILED) {
		entry_failed(entry, result->problem);
		entry_update_counts(entry);
		return;
	}
	COPY_STRING(entry->problem, result->problem);
	entry->absent = result->state == REGISTRY_ABSENT;
	entry->confirmed = entry->absent ? NEVER : entry->query_began;
	if (result->state == REGISTRY_FOUND)
		entry_take(entry, &result->digests);
	if (entry->absent) {
		/* The registry is there and has it no more: what it had before is over. */
		own_digests(entry, &own);
		entry_take(entry, &own);
	}
	entry_update_counts(entry);
}

static void consider_all(struct images *images);

static void on_result(const struct registry_result *result, void *context)
{
	struct entry *entry = context;

	entry_result(entry, result);
	consider_all(entry->images);
}

static void entry_ask(struct entry *entry)
{
	const char *known = entry->digests.complete ? entry->digests.repository[0] : NULL;
	int r;

	if (entry->query)
		return;
	entry->query_began = now_ms();
	r = registry_ask(
		entry->images->registry, &entry->reference, known, on_result, entry, &entry->query);
	if (r < 0) {
		entry->query = NULL;
		entry->asked = entry->query_began;
		entry_failed(entry, "the registry cannot be asked: out of memory");
	}
}

/* Lists. */

static void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->entries[i].query)
			registry_cancel(list->entries[i].query);
		free(list->entries[i].text);
	}
	free(list->entries);
	*list = (struct list){0};
}

static const struct entry *list_find(const struct list *list, const struct reference_pattern *like)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];

		if (entry->kind == like->kind &&
			images_same_repository(&entry->reference, &like->reference) &&
			!strcmp(entry->reference.tag, like->reference.tag) &&
			!strcmp(entry->reference.digest, like->reference.digest))
			return entry;
	}
	return NULL;
}

static int entry_init(struct entry *entry, struct images *images,
	const struct reference_pattern *pattern, const struct entry *known)
{
	if (known)
		*entry = *known;
	entry->images = images;
	entry->query = NULL;
	entry->kind = pattern->kind;
	entry->reference = pattern->reference;
	entry->text = strdup(pattern->text);
	if (!entry->text)
		return -ENOMEM;
	if (!known) {
		entry->confirmed = entry->asked = NEVER;
		own_digests(entry, &entry->digests);
		if (entry->kind == REFERENCE_REPOSITORY || entry->kind == REFERENCE_GLOB)
			COPY_STRING(entry->problem, "entries with a star are not asked about yet");
	}
	entry->counts = entry_counts(entry, now_ms());
	return 0;
}

/* Makes the list that the settings describe; what `old` knew of the same entries comes along. */
static int list_make(struct list *list, struct images *images, const struct settings *settings,
	const struct list *old)
{
	int r;

	*list = (struct list){0};
	list->entries = calloc(settings->image_count + 1, sizeof(*list->entries));
	if (!list->entries)
		return -ENOMEM;
	for (size_t i = 0; i < settings->image_count; i++) {
		const struct reference_pattern *pattern = &settings->images[i];

		list->count = i + 1;
		r = entry_init(&list->entries[i], images, pattern, list_find(old, pattern));
		if (r < 0) {
			list_clear(list);
			return r;
		}
	}
	return 0;
}

/* Verdicts. */

static struct slot *slot_of(struct images *images, const char *id)
{
	size_t hash = 0;

	for (const char *c = id; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	return &images->slots[hash % VERDICT_SLOTS];
}

static int64_t age_limit(enum images_freshness freshness)
{
	return freshness == IMAGES_REVALIDATE ? REVALIDATE_AGE_MS : CACHED_AGE_MS;
}

static const struct images_verdict *slot_find(
	struct images *images, const char *id, enum images_freshness freshness)
{
	const struct slot *slot = slot_of(images, id);

	if (strcmp(slot->verdict.image_id, id) || slot->generation != images->generation ||
		slot->since < now_ms() - age_limit(freshness))
		return NULL;
	return &slot->verdict;
}

static void slot_store(struct judgement *judgement)
{
	struct images *images = judgement->images;
	struct slot *slot = slot_of(images, judgement->verdict.image_id);
	int64_t since = judgement->since;
	bool related;

	for (size_t i = 0; i < images->list.count; i++) {
		const struct entry *entry = &images->list.entries[i];

		if (!entry_asks(entry))
			continue;
		related = entry_relates(entry, &judgement->image) != IMAGES_UNRELATED;
		/* A refusal that the next answer of a registry could turn is not kept. */
		if (judgement->verdict.outcome == IMAGES_DENIED &&
			(related || !entry->digests.complete))
			return;
		if ((related || entry_matches(entry, &judgement->image)) && entry->asked < since)
			since = entry->asked;
	}
	slot->verdict = judgement->verdict;
	slot->generation = images->generation;
	slot->since = since;
}

static void __attribute__((format(printf, 5, 6)))
set_verdict(struct images_verdict *verdict, enum images_outcome outcome, enum images_reason reason,
	const char *entry, const char *format, ...)
{
	va_list arguments;

	verdict->outcome = outcome;
	verdict->reason = reason;
	COPY_STRING(verdict->entry, entry);
	va_start(arguments, format);
	vsnprintf(verdict->text, sizeof(verdict->text), format, arguments);
	va_end(arguments);
}

/* Why an entry that has to do with the image does not allow it. */
static void explain(struct images_verdict *verdict, const struct entry *entry,
	enum images_relation relation, int64_t now)
{
	const char *digest = entry->digests.repository[0];

	if (entry->absent && entry->kind == REFERENCE_TAG)
		set_verdict(verdict, IMAGES_DENIED, IMAGES_REASON_ABSENT, entry->text,
			"the registry has no %s", entry->text);
	else if (entry->digests.repository_count && entry_expired(entry, now))
		set_verdict(verdict, IMAGES_DENIED, IMAGES_REASON_EXPIRED, entry->text,
			"the digest of %s was not confirmed for 24 hours: %s", entry->text,
			entry->problem);
	else if (!entry_counts(entry, now))
		set_verdict(verdict, IMAGES_DENIED, IMAGES_REASON_UNREACHABLE, entry->text,
			"the digest of %s is not known: %s", entry->text, entry->problem);
	else if (relation == IMAGES_PULLED && entry->kind == REFERENCE_TAG)
		set_verdict(verdict, IMAGES_DENIED, IMAGES_REASON_MOVED, entry->text,
			"%s is now %s at the registry, and the local image is another: pull it "
			"again",
			entry->text, digest);
	else if (relation == IMAGES_TAGGED)
		set_verdict(verdict, IMAGES_DENIED, IMAGES_REASON_LOCAL_TAG, entry->text,
			"the image has the name of %s here only: the registry has %s", entry->text,
			digest);
}

static void decide(struct judgement *judgement)
{
	const struct list *list = &judgement->images->list;
	struct images_verdict *verdict = &judgement->verdict;
	int64_t now = now_ms();

	set_verdict(verdict, IMAGES_DENIED, IMAGES_REASON_NOT_LISTED, "",
		"the image matches no entry of the image list");
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];

		if (!entry_counts(entry, now) || !entry_matches(entry, &judgement->image))
			continue;
		set_verdict(verdict, IMAGES_ALLOWED,
			entry->kind == REFERENCE_EVERY ? IMAGES_REASON_EVERY : IMAGES_REASON_LISTED,
			entry->text, "the image is %s", entry->text);
		return;
	}
	/* The most telling reason is the last in the enumeration. */
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];
		enum images_relation relation = entry_relates(entry, &judgement->image);
		struct images_verdict other = *verdict;

		if (relation == IMAGES_UNRELATED)
			continue;
		explain(&other, entry, relation, now);
		if (other.reason > verdict->reason)
			*verdict = other;
	}
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

static bool is_failed(const struct entry *entry)
{
	return entry->problem[0] && !entry->absent;
}

/* Must the registry be asked about this entry before the judgement can be made? */
static bool must_ask(const struct judgement *judgement, const struct entry *entry)
{
	int64_t limit = age_limit(judgement->freshness);
	bool matches;

	if (!entry_asks(entry))
		return false;
	matches = entry_matches(entry, &judgement->image);
	if (entry->kind == REFERENCE_DIGEST && matches)
		return false;
	/* An unknown entry could be anything: it is asked once, and then by the background. */
	if (entry->asked == NEVER)
		return true;
	if (!matches && entry_relates(entry, &judgement->image) == IMAGES_UNRELATED)
		return false;
	if (entry->asked >= judgement->since || (is_failed(entry) && now_ms() < entry->retry))
		return false;
	/* While nothing is known, how long ago that was does not matter. */
	if (is_failed(entry) && !entry_counts(entry, now_ms()))
		return true;
	/* Who just pushed and pulled is not refused because of a second ago. */
	if (!matches && judgement->freshness == IMAGES_REVALIDATE)
		return true;
	return entry->asked < judgement->since - limit;
}

/* Is there an entry that allows the image and is fresh enough? Then no other can matter. */
static bool is_settled(const struct judgement *judgement)
{
	const struct list *list = &judgement->images->list;
	int64_t now = now_ms();

	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];

		if (entry_counts(entry, now) && entry_matches(entry, &judgement->image) &&
			!must_ask(judgement, entry))
			return true;
	}
	return false;
}

/* Decides, if nothing must be asked (any more); else sees to it that it is asked. */
static void consider(struct judgement *judgement)
{
	struct list *list = &judgement->images->list;
	bool wait = false;

	for (size_t i = 0; i < list->count && !is_settled(judgement); i++) {
		struct entry *entry = &list->entries[i];

		if (!must_ask(judgement, entry))
			continue;
		entry_ask(entry);
		wait = wait || entry->query;
	}
	if (wait)
		return;
	decide(judgement);
	slot_store(judgement);
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

static void engine_failed(struct judgement *judgement, int error)
{
	struct images_verdict *verdict = &judgement->verdict;

	if (error == -ENOENT) {
		set_verdict(verdict, IMAGES_NOT_LOCAL, IMAGES_REASON_NOT_LOCAL, "",
			"the engine has no such image");
		return;
	}
	verdict->error = error;
	set_verdict(verdict, IMAGES_ERROR, IMAGES_REASON_ENGINE, "",
		error == -EINVAL ? "the engine takes no such name for an image (%s)"
				 : "the engine cannot be asked about the image: %s",
		strerror(-error));
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
	consider(judgement);
}

/* Begins, or begins again: with a verdict that is known, what is inspected, or the engine. */
static void judgement_begin(struct judgement *judgement)
{
	struct images *images = judgement->images;
	const struct images_verdict *known =
		slot_find(images, judgement->name, judgement->freshness);
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
	judgement->since = now_ms();
	judgement->done = done;
	judgement->context = context;
	judgement_begin(judgement);
	return 0;
}

/* Telling. */

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

static void start_refresh(struct images *images);

static void on_refresh(uv_timer_t *timer)
{
	start_refresh(timer->data);
}

static void start_refresh(struct images *images)
{
	for (size_t i = 0; i < images->list.count; i++) {
		struct entry *entry = &images->list.entries[i];

		entry_update_counts(entry);
		if (entry_asks(entry))
			entry_ask(entry);
	}
	uv_timer_start(
		&images->refresh, on_refresh, REFRESH_MS - uv_hrtime() % REFRESH_JITTER_MS, 0);
}

struct images_list {
	struct list list;
};

int images_list_new(
	struct images *images, const struct settings *settings, struct images_list **result)
{
	struct images_list *next = malloc(sizeof(*next));
	int r = next ? list_make(&next->list, images, settings, &images->list) : -ENOMEM;

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

bool images_list_holds(const struct images_list *next, const char *entry)
{
	struct reference_pattern pattern = {0};
	const char *problem;
	bool found;

	/* An entry that was too long for a verdict was cut: it is not known, and so not there. */
	if (reference_pattern_parse(entry, &pattern, &problem) < 0)
		return false;
	found = list_find(&next->list, &pattern) != NULL;
	free(pattern.text);
	return found;
}

void images_take(struct images *images, struct images_list *next)
{
	list_clear(&images->list);
	images->list = next->list;
	free(next);
	images->generation++;
	memset(images->slots, 0, sizeof(images->slots));
	start_refresh(images);
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

int images_new(uv_loop_t *loop, struct fetch_pool *pool, struct engine *engine,
	const struct settings *settings, images_changed_fn changed, void *context,
	struct images **result)
{
	static const struct list none;
	struct images *images = calloc(1, sizeof(*images));
	int r;

	if (!images)
		return -ENOMEM;
	images->engine = engine;
	images->changed = changed;
	images->context = context;
	images->ready_end = &images->ready;
	images->closing = true; /* no timers yet */
	images->registry = registry_new(pool);
	r = images->registry ? list_make(&images->list, images, settings, &none) : -ENOMEM;
	if (r < 0) {
		registry_free(images->registry);
		free(images);
		return r;
	}
	uv_timer_init(loop, &images->refresh);
	uv_timer_init(loop, &images->soon);
	images->refresh.data = images->soon.data = images;
	images->open_timers = 2;
	images->closing = images->tell_changed = false;
	start_refresh(images);
	*result = images;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct images *images = handle->data;

	if (--images->open_timers == 0)
		free(images);
}

static void cancel(struct judgement *judgement, bool inspecting)
{
	struct images_verdict *verdict = &judgement->verdict;

	verdict->error = -ECANCELED;
	set_verdict(verdict, IMAGES_ERROR, IMAGES_REASON_ENGINE, "", "latch is stopping");
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
	registry_free(images->registry);
	uv_close((uv_handle_t *)&images->refresh, on_closed);
	uv_close((uv_handle_t *)&images->soon, on_closed);
}

void images_each(const struct images *images,
	void (*each)(const struct images_status *status, void *context), void *context)
{
	int64_t now = now_ms();

	for (size_t i = 0; i < images->list.count; i++) {
		const struct entry *entry = &images->list.entries[i];
		struct images_status status = {
			.entry = entry->text,
			.digest = entry->digests.repository[0],
			.age = entry->confirmed == NEVER ? -1 : (now - entry->confirmed) / 1000,
			.problem = entry->problem,
			.config_count = entry->digests.config_count,
			.counts = entry_counts(entry, now),
		};

		each(&status, context);
	}
}
