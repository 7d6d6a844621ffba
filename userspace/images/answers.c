// SPDX-License-Identifier: Apache-2.0
/*
 * Every attempt is shared by all who wait for it. Answers are refreshed by one timer, each when it is
 * due; how many attempts run at once is the registry client's to bound.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "answers.h"
#include "log.h"
#include "saver.h"
#include "store.h"
#include "util.h"

#define JITTER_MS     20000 /* earlier by up to this: many hosts and many entries, one registry */
#define TICK_MS	      1000
#define MAX_UNPINNED  1024
#define MAX_STORED    16384
#define SAVE_MS	      INT64_C(600000) /* how old the moments on the disk may be */
#define STORE_WHAT    "digests"
#define STORE_VERSION 1

struct answers {
	struct registry *registry;
	uv_timer_t tick, telling;
	unsigned int open_timers;
	struct saver *saver;
	struct answer *first;
	size_t unpinned;
	answers_fn ended;
	void *context;
	bool changed; /* to be told */
	bool dirty;   /* what is on the disk is not what is known */
	bool closing;
	int64_t saved;
};

int64_t answers_now(void)
{
	struct timespec now;

	/* Counts on while the machine sleeps: a day is a day. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* What an answer says. */

bool answer_expired(const struct answer *answer)
{
	return answer->manifest_count && answers_now() - answer->confirmed > ANSWERS_EXPIRY_MS;
}

bool answer_counts(const struct answer *answer)
{
	return answer->manifest_count && !answer_expired(answer);
}

bool answer_failed(const struct answer *answer)
{
	return answer->problem[0] && !answer->absent && answer->asked > answer->confirmed;
}

static bool holds(const registry_digest *digests, size_t count, const char *digest)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(digests[i], digest))
			return true;
	return false;
}

bool answer_has_manifest(const struct answer *answer, const char *digest)
{
	return holds(answer->digests, answer->manifest_count, digest);
}

bool answer_holds(const struct answer *answer, const char *digest)
{
	return holds(answer->digests, answer->manifest_count + answer->config_count, digest);
}

/* On the disk. Moments are wall-clock seconds there, for another boot knows no other. */

static int64_t wall_clock(void)
{
	return time(NULL);
}

static json_t *store_digests(const registry_digest *digests, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(digests[i]));
	return array;
}

static json_t *store_answer(const struct answer *answer)
{
	char text[REFERENCE_TEXT_SIZE];

	reference_print(&answer->reference, text);
	return json_pack("{s:s, s:b, s:b, s:I, s:o, s:o}", "reference", text, "all_platforms",
		answer->all_platforms, "complete", answer->complete, "confirmed",
		(json_int_t)(wall_clock() - (answers_now() - answer->confirmed) / 1000), "manifests",
		store_digests(answer->digests, answer->manifest_count), "configurations",
		store_digests(answer->digests + answer->manifest_count, answer->config_count));
}

static void save(struct answers *answers)
{
	json_t *array;

	answers->saved = answers_now();
	answers->dirty = false;
	if (!answers->saver)
		return;
	array = json_array();
	for (const struct answer *answer = answers->first; answer; answer = answer->next)
		if (answer_counts(answer))
			json_array_append_new(array, store_answer(answer));
	saver_save(answers->saver, array);
}

/* Reads an array of digests behind those that are there. */
static int load_digests(const json_t *array, struct answer *answer, size_t *count)
{
	const json_t *value;
	size_t i;

	json_array_foreach (array, i, value) {
		const char *digest = json_string_value(value);

		if (!digest || !registry_is_digest(digest))
			return -EPROTO;
		strcpy(answer->digests[answer->manifest_count + answer->config_count], digest);
		(*count)++;
	}
	return 0;
}

static struct answer *make(
	struct answers *answers, const struct reference *reference, bool all_platforms);

static int load_answer(struct answers *answers, const json_t *value)
{
	const json_t *manifests = json_object_get(value, "manifests");
	const json_t *configs = json_object_get(value, "configurations");
	const char *text = json_string_value(json_object_get(value, "reference"));
	int64_t age = wall_clock() - json_integer_value(json_object_get(value, "confirmed"));
	struct reference reference;
	struct answer *answer;
	const char *problem;
	int r;

	/* A moment that is still to come is none: somebody has set the clock back. */
	if (age < 0 || age > ANSWERS_EXPIRY_MS / 1000)
		return 0;
	if (!text || reference_parse(text, &reference, &problem) < 0 || !json_array_size(manifests))
		return -EPROTO;
	answer = make(answers, &reference, json_is_true(json_object_get(value, "all_platforms")));
	if (!answer)
		return -ENOMEM;
	if (answer->digests)
		return -EPROTO; /* the same reference twice */
	answer->digests = calloc(
		json_array_size(manifests) + json_array_size(configs), sizeof(registry_digest));
	if (!answer->digests)
		return -ENOMEM;
	r = load_digests(manifests, answer, &answer->manifest_count);
	if (!r)
		r = load_digests(configs, answer, &answer->config_count);
	if (r < 0) {
		/* Half of a set is none. */
		answer->manifest_count = answer->config_count = 0;
		return r;
	}
	answer->complete = json_is_true(json_object_get(value, "complete"));
	answer->confirmed = answers_now() - age * 1000;
	answer->counted = true;
	return 0;
}

static void load(struct answers *answers, const char *path)
{
	_cleanup_free_ char *problem = NULL;
	json_t *array = NULL;
	const json_t *value;
	size_t i;
	int r = store_read(path, STORE_WHAT, STORE_VERSION, &array, &problem);

	if (r < 0 && r != -ENOENT)
		log_warning("%s; registries are asked anew", problem ? problem : strerror(-r));
	json_array_foreach (array, i, value)
		if (i == MAX_STORED || load_answer(answers, value) < 0) {
			log_warning("%s: entry %zu and what follows cannot be used; registries are "
				    "asked anew", path, i);
			break;
		}
	json_decref(array);
}

/* Telling. */

static void on_tell(uv_timer_t *timer)
{
	struct answers *answers = timer->data;
	bool changed = answers->changed;

	answers->changed = false;
	answers->ended(changed, answers->context);
}

static void tell(struct answers *answers)
{
	if (!answers->closing)
		uv_timer_start(&answers->telling, on_tell, 0, 0);
}

static void note_change(struct answer *answer)
{
	answer->counted = answer_counts(answer);
	answer->owner->changed = true;
	answer->owner->dirty = true;
	tell(answer->owner);
}

/* Attempts. */

static bool are_same(
	const struct answer *answer, size_t from, const registry_digest *digests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(answer->digests[from + i], digests[i]))
			return false;
	return true;
}

static void take_digests(struct answer *answer, const struct allowed_digests *digests)
{
	size_t manifests = digests->repository_count, configs = digests->config_count;
	registry_digest *list;

	/* The same index, part of which could not be read this time: it has not changed. */
	if (answer->complete && !digests->complete && answer->manifest_count && manifests &&
		!strcmp(answer->digests[0], digests->repository[0]))
		return;
	if (answer->manifest_count == manifests && answer->config_count == configs &&
		answer->complete == digests->complete &&
		are_same(answer, 0, digests->repository, manifests) &&
		are_same(answer, manifests, digests->config, configs))
		return;
	list = calloc(manifests + configs + 1, sizeof(*list));
	free(answer->digests);
	answer->digests = list;
	/* Without memory nothing is known any more, which allows nothing. */
	answer->manifest_count = list ? manifests : 0;
	answer->config_count = list ? configs : 0;
	answer->complete = list && digests->complete;
	if (list) {
		memcpy(list, digests->repository, manifests * sizeof(*list));
		memcpy(list + manifests, digests->config, configs * sizeof(*list));
	}
	note_change(answer);
}

static void note_failure(struct answer *answer, const char *problem, int64_t retry_ms)
{
	int64_t now = answers_now(), took = now - answer->began;

	COPY_STRING(answer->problem, problem[0] ? problem : "no answer");
	/* A refused connection may be tried again at once, a time-out only after as long again. */
	answer->retry = now + (retry_ms > took ? retry_ms : took);
}

static void take_result(struct answer *answer, const struct registry_result *result)
{
	static const struct allowed_digests none;

	answer->denied = result->state == REGISTRY_FAILED && result->error == -EACCES;
	if (result->state == REGISTRY_FAILED) {
		note_failure(answer, result->problem, result->retry_ms);
		return;
	}
	COPY_STRING(answer->problem, result->problem);
	answer->absent = result->state == REGISTRY_ABSENT;
	answer->confirmed = answer->absent ? ANSWERS_NEVER : answer->began;
	if (result->state == REGISTRY_FOUND)
		take_digests(answer, &result->digests);
	else if (answer->absent)
		take_digests(answer, &none); /* it is there and has it no more: that is over */
}

static void end_attempt(struct answer *answer)
{
	answer->query = NULL;
	answer->urgent = false;
	answer->asked = answer->began;
	answer->due = answer->began + ANSWERS_REFRESH_MS - uv_hrtime() / 1000 % JITTER_MS;
	tell(answer->owner);
}

static void on_result(const struct registry_result *result, void *context)
{
	struct answer *answer = context;

	end_attempt(answer);
	take_result(answer, result);
	if (answer_counts(answer) != answer->counted)
		note_change(answer);
}

void answers_ask(struct answer *answer, bool urgent)
{
	const char *known = answer->complete && answer->manifest_count ? answer->digests[0] : NULL;
	unsigned int flags = (urgent ? REGISTRY_URGENT : 0) |
			     (answer->all_platforms ? REGISTRY_ALL_PLATFORMS : 0);
	int r;

	if (answer->query && (answer->urgent || !urgent))
		return;
	/* One in the background may wait behind a thousand others. */
	if (answer->query)
		registry_cancel(TAKE_PTR(answer->query));
	answer->urgent = urgent;
	answer->began = answers_now();
	r = registry_ask(answer->owner->registry, &answer->reference, known, flags, on_result, answer,
		&answer->query);
	if (r < 0) {
		end_attempt(answer);
		note_failure(answer, "the registry cannot be asked: out of memory", TICK_MS);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct answers *answers = timer->data;
	int64_t now = answers_now();

	for (struct answer *answer = answers->first; answer; answer = answer->next) {
		if (answer->due <= now)
			answers_ask(answer, false);
		if (answer_counts(answer) != answer->counted)
			note_change(answer); /* a day has passed */
		if (answer->query && answer->urgent)
			tell(answers); /* who waits for it may not want to wait any longer */
	}
	/* A thousand answers that come one by one are not written a thousand times. */
	if (answers->dirty || answers->saved + SAVE_MS < now)
		save(answers);
}

/* The table. */

static struct answer *find(const struct answers *answers, const struct reference *reference,
	bool all_platforms)
{
	struct answer *answer = answers->first;

	/* A reference with a digest is that digest, whatever tag it also has. */
	while (answer && (answer->all_platforms != all_platforms ||
				 strcmp(answer->reference.domain, reference->domain) ||
				 strcmp(answer->reference.repository, reference->repository) ||
				 strcmp(answer->reference.digest, reference->digest) ||
				 (!reference->digest[0] && strcmp(answer->reference.tag, reference->tag))))
		answer = answer->next;
	return answer;
}

bool answers_confirm(const struct answers *answers, const char *text, const char *digest)
{
	struct reference reference;
	const char *problem;

	if (reference_parse(text, &reference, &problem) < 0)
		return false;
	/* A tag is asked about for this machine, a digest for every platform. */
	for (int all = 0; all <= 1; all++) {
		const struct answer *answer = find(answers, &reference, all);

		if (answer && answer_counts(answer) && answer_holds(answer, digest))
			return true;
	}
	return false;
}

static void destroy(struct answer *answer)
{
	struct answer **link = &answer->owner->first;

	while (*link != answer)
		link = &(*link)->next;
	*link = answer->next;
	if (answer->query)
		registry_cancel(answer->query);
	if (!answer->pins)
		answer->owner->unpinned--;
	free(answer->digests);
	free(answer);
}

/* Nobody holds an answer that is not pinned beyond the turn of the loop in which it was got. */
static void make_room(struct answers *answers)
{
	struct answer *oldest = NULL;

	if (answers->unpinned < MAX_UNPINNED)
		return;
	for (struct answer *answer = answers->first; answer; answer = answer->next)
		if (!answer->pins && !answer->urgent && (!oldest || answer->used <= oldest->used))
			oldest = answer;
	if (oldest)
		destroy(oldest);
}

static struct answer *make(
	struct answers *answers, const struct reference *reference, bool all_platforms)
{
	struct answer *answer = find(answers, reference, all_platforms);

	if (answer)
		return answer;
	make_room(answers);
	answer = calloc(1, sizeof(*answer));
	if (!answer)
		return NULL;
	answer->owner = answers;
	answer->reference = *reference;
	answer->all_platforms = all_platforms;
	answer->confirmed = answer->asked = ANSWERS_NEVER;
	answer->due = ANSWERS_NEVER; /* with the next tick */
	answer->next = answers->first;
	answers->first = answer;
	answers->unpinned++;
	return answer;
}

struct answer *answers_get(
	struct answers *answers, const struct reference *reference, bool all_platforms)
{
	struct answer *answer = make(answers, reference, all_platforms);

	if (answer)
		answer->used = answers_now();
	return answer;
}

struct answer *answers_pin(
	struct answers *answers, const struct reference *reference, bool all_platforms)
{
	struct answer *answer = answers_get(answers, reference, all_platforms);

	if (answer && answer->pins++ == 0)
		answers->unpinned--;
	return answer;
}

void answers_unpin(struct answer *answer)
{
	if (--answer->pins == 0)
		answer->owner->unpinned++;
}

struct answers *answers_new(
	uv_loop_t *loop, struct registry *registry, const char *path, answers_fn ended, void *context)
{
	struct answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return NULL;
	answers->registry = registry;
	answers->ended = ended;
	answers->context = context;
	if (path) {
		load(answers, path);
		answers->saver = saver_new(loop, path, STORE_WHAT, STORE_VERSION);
	}
	uv_timer_init(loop, &answers->tick);
	uv_timer_init(loop, &answers->telling);
	answers->tick.data = answers->telling.data = answers;
	answers->open_timers = 2;
	uv_timer_start(&answers->tick, on_tick, 0, TICK_MS);
	answers->saved = answers_now();
	return answers;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct answers *answers = handle->data;

	if (--answers->open_timers == 0)
		free(answers);
}

void answers_free(struct answers *answers)
{
	if (!answers || answers->closing)
		return;
	answers->closing = true;
	save(answers);
	saver_free(answers->saver);
	while (answers->first)
		destroy(answers->first);
	uv_close((uv_handle_t *)&answers->tick, on_timer_closed);
	uv_close((uv_handle_t *)&answers->telling, on_timer_closed);
}
