// SPDX-License-Identifier: Apache-2.0
/*
 * Which number belongs to which row of metrics.def. What has few labels is there from the start with 0,
 * so that its first increase is seen; of what has many, only what was met is shown.
 */
#include <dirent.h>
#include <stdio.h>
#include <uv.h>

#include "audit_words.h"
#include "exposition.h"
#include "maps_containers.h"
#include "paths.h"
#include "program_runs.h"
#include "programs.h"
#include "render.h"
#include "ring_fill.h"

#define MAX_ENTRIES  256 /* of the image list, each a label */
#define MAX_PROGRAMS 128

static void one(FILE *out, enum metric_id id, uint64_t value)
{
	exposition_begin(out, id);
	exposition_count(out, id, value);
}

/* Decisions. */

static void show_request(const char *plane, const char *caller, const char *command,
	const char *verdict, uint64_t count, void *out)
{
	exposition_count(out, METRIC_REQUESTS, count, plane, caller, command, verdict);
}

static void show_refusal(const char *event, const char *reason, uint64_t count, void *out)
{
	exposition_count(out, METRIC_KERNEL_REFUSALS, count, event, reason);
}

/* Kernel counters: a metric each, or one with a label. They count on when latchd is started anew. */
static const struct {
	enum metric_id metric;
	enum latch_counter counter;
	const char *label; /* NULL: the metric has none */
} counters[] = {
	{ METRIC_CONNECTS, LATCH_COUNT_CONNECT_PASSED, "passed" },
	{ METRIC_CONNECTS, LATCH_COUNT_CONNECT_REFUSED, "refused" },
	{ METRIC_KERNEL_REQUESTS, LATCH_COUNT_REQUEST_PASSED, "passed" },
	{ METRIC_KERNEL_REQUESTS, LATCH_COUNT_REQUEST_REFUSED, "refused" },
	{ METRIC_SENDS_REFUSED, LATCH_COUNT_SEND_REFUSED, NULL },
	{ METRIC_NOT_FOLLOWED, LATCH_COUNT_UNFOLLOWED, NULL },
	{ METRIC_TAMPERED, LATCH_COUNT_TAMPERED, NULL },
	{ METRIC_PROTECTED, LATCH_COUNT_PROTECTED, NULL },
	{ METRIC_CONTAINERS_TAGGED, LATCH_COUNT_SCOPE_TAGGED, NULL },
	{ METRIC_CONTAINERS_GONE, LATCH_COUNT_SCOPE_UNTAGGED, NULL },
	{ METRIC_LOST, LATCH_COUNT_EVENT_LOST, "kernel-events" },
	{ METRIC_FAILURES, LATCH_COUNT_SCOPE_FAILED, "container-tag" },
	{ METRIC_FAILURES, LATCH_COUNT_TASK_FAILED, "task-label" },
	{ METRIC_FAILURES, LATCH_COUNT_CONN_FAILED, "connection-label" },
	{ METRIC_FAILURES, LATCH_COUNT_LISTENER_FAILED, "listener-label" },
	{ METRIC_FAILURES, LATCH_COUNT_STREAM_FAILED, "connection-stream" },
	{ METRIC_FAILURES, LATCH_COUNT_TOO_DEEP, "cgroup-depth" },
};

_Static_assert(ARRAY_SIZE(counters) == LATCH_COUNTERS, "every counter of the kernel's is shown");

static void show_counters(FILE *out, const struct maps *maps, enum metric_id metric)
{
	exposition_begin(out, metric);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (counters[i].metric == metric)
			exposition_count(
				out, metric, maps_counter(maps, counters[i].counter), counters[i].label);
}

static void show_images(FILE *out, const struct images_figures *figures)
{
	exposition_begin(out, METRIC_IMAGE_VERDICTS);
	for (int outcome = 0; outcome <= IMAGES_ERROR; outcome++)
		for (int reason = 0; reason <= IMAGES_REASON_ENGINE; reason++)
			if (figures->verdicts[outcome][reason])
				exposition_count(out, METRIC_IMAGE_VERDICTS,
					figures->verdicts[outcome][reason],
					images_outcome_name(outcome), images_reason_name(reason));
}

static void show_decisions(FILE *out, const struct render_sources *from)
{
	exposition_begin(out, METRIC_REQUESTS);
	decisions_each_request(from->decisions, show_request, out);
	show_counters(out, from->maps, METRIC_CONNECTS);
	exposition_begin(out, METRIC_KERNEL_REFUSALS);
	decisions_each_refusal(from->decisions, show_refusal, out);
	show_counters(out, from->maps, METRIC_KERNEL_REQUESTS);
	show_counters(out, from->maps, METRIC_SENDS_REFUSED);
	show_counters(out, from->maps, METRIC_NOT_FOLLOWED);
	show_counters(out, from->maps, METRIC_TAMPERED);
	show_counters(out, from->maps, METRIC_PROTECTED);
	show_images(out, images_figures(from->images));
	exposition_begin(out, METRIC_HOST_ACCESS);
	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		exposition_count(
			out, METRIC_HOST_ACCESS, from->decisions->access[i], host_access_name(i));
}

/* Containers and connections. */

static void show_containers(FILE *out, const struct render_sources *from)
{
	const struct wire_figures *now = &from->mediator->sums;
	unsigned int counts[LATCH_TAG_CONTAINED + 1];

	maps_count_scopes(from->maps, counts);
	exposition_begin(out, METRIC_CONTAINERS);
	exposition_count(out, METRIC_CONTAINERS, counts[LATCH_TAG_ALLOWED], "allowed");
	exposition_count(out, METRIC_CONTAINERS, counts[LATCH_TAG_CONTAINED], "contained");
	show_counters(out, from->maps, METRIC_CONTAINERS_TAGGED);
	show_counters(out, from->maps, METRIC_CONTAINERS_GONE);
	exposition_begin(out, METRIC_CONNECTIONS);
	if (from->direct)
		return; /* clients talk to the engine, and nobody knows of their ends */
	exposition_count(out, METRIC_CONNECTIONS, now->host_clients, "host");
	exposition_count(out, METRIC_CONNECTIONS, now->contained_clients, "container");
}

/* Time, queues, losses. */

static void show_time(FILE *out, enum metric_id id, const struct histogram *histogram)
{
	exposition_begin(out, id);
	exposition_histogram(out, id, histogram);
}

static void show_times(FILE *out, const struct render_sources *from)
{
	show_time(out, METRIC_DECISION, &from->mediator->sums.decision);
	show_time(out, METRIC_ANSWER, &from->mediator->sums.answer);
	show_time(out, METRIC_JUDGEMENT, &images_figures(from->images)->duration);
	show_time(out, METRIC_REGISTRY_QUESTION, &registry_figures(from->registry)->duration);
}

static void show_queues(FILE *out, const struct render_sources *from)
{
	const struct registry_figures *registry = registry_figures(from->registry);
	const struct {
		const char *name;
		uint64_t length;
	} queues[] = {
		{ "registry-waiting", registry->waiting },
		{ "registry-running", registry->running },
		{ "image-judgements", images_figures(from->images)->pending },
		{ "warden-questions", from->questions },
		{ "mediator-questions", from->mediator->sums.questions },
	};
	uint64_t pending = 0, capacity = 0;
	bool known = !ring_fill(from->maps->events, &pending, &capacity);

	exposition_begin(out, METRIC_QUEUE);
	for (size_t i = 0; i < ARRAY_SIZE(queues); i++)
		exposition_count(out, METRIC_QUEUE, queues[i].length, queues[i].name);
	if (known) {
		one(out, METRIC_EVENTS_PENDING, pending);
		one(out, METRIC_EVENTS_CAPACITY, capacity);
	}
	one(out, METRIC_BODIES, from->mediator->sums.held_bytes);
}

static void show_losses(FILE *out, const struct render_sources *from)
{
	static const struct {
		enum audit_where where; /* those of the ring buffer the kernel counts */
		const char *name;
	} kinds[] = {
		{ AUDIT_WHERE_RECORD, "audit-records" },
		{ AUDIT_WHERE_MEDIATOR, "mediator-reports" },
		{ AUDIT_WHERE_LOG, "audit-log" },
	};

	_Static_assert(ARRAY_SIZE(kinds) + 1 == AUDIT_WHERES, "every kind of loss is shown");
	one(out, METRIC_TURNED_AWAY, from->mediator->sums.turned_away);
	show_counters(out, from->maps, METRIC_LOST);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		exposition_count(
			out, METRIC_LOST, audit_lost_at(from->audit, kinds[i].where), kinds[i].name);
	show_counters(out, from->maps, METRIC_FAILURES);
}

/* The image list: each metric goes over all entries, so they are taken down first. */

struct entries {
	struct {
		char text[256];
		int64_t age; /* seconds; -1: never confirmed, or no registry is needed */
		bool valid, failed;
	} items[MAX_ENTRIES];
	size_t count, all;
};

static void take_entry(const struct images_status *status, void *context)
{
	struct entries *entries = context;
	size_t at = 0;

	entries->all++;
	if (entries->count == MAX_ENTRIES)
		return;
	/* One that stands in the list twice, or is cut to the same, would be two samples of one name. */
	COPY_STRING(entries->items[entries->count].text, status->entry);
	while (strcmp(entries->items[at].text, entries->items[entries->count].text))
		at++;
	if (at < entries->count)
		return;
	entries->items[at].age = status->age;
	entries->items[at].valid = status->counts;
	entries->items[at].failed = status->problem[0];
	entries->count++;
}

static void show_entries(FILE *out, const struct render_sources *from)
{
	struct entries entries;

	entries.count = entries.all = 0;
	images_each(from->images, take_entry, &entries);
	exposition_begin(out, METRIC_ENTRY_AGE);
	for (size_t i = 0; i < entries.count; i++)
		if (entries.items[i].age >= 0)
			exposition_count(
				out, METRIC_ENTRY_AGE, entries.items[i].age, entries.items[i].text);
	exposition_begin(out, METRIC_ENTRY_VALID);
	for (size_t i = 0; i < entries.count; i++)
		exposition_count(out, METRIC_ENTRY_VALID, entries.items[i].valid, entries.items[i].text);
	exposition_begin(out, METRIC_ENTRY_FAILED);
	for (size_t i = 0; i < entries.count; i++)
		exposition_count(
			out, METRIC_ENTRY_FAILED, entries.items[i].failed, entries.items[i].text);
	one(out, METRIC_ENTRIES, entries.all);
}

static void show_registry(FILE *out, const struct registry_figures *figures)
{
	static const char *const outcomes[] = {
		[REGISTRY_UNCHANGED] = "unchanged",
		[REGISTRY_FOUND] = "found",
		[REGISTRY_ABSENT] = "absent",
		[REGISTRY_FAILED] = "failed",
	};

	exposition_begin(out, METRIC_REGISTRY_QUESTIONS);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		exposition_count(out, METRIC_REGISTRY_QUESTIONS, figures->ended[i], outcomes[i]);
}

/* Policy and health. */

static void show_policy(FILE *out, const struct render_sources *from)
{
	const struct settings *settings = from->policy->settings;
	enum latch_mode mode = policy_mode(from->policy, settings);

	exposition_begin(out, METRIC_POLICY);
	exposition_count(out, METRIC_POLICY, 1, settings->digest,
		settings->commands.type == COMMANDLIST_ALLOW ? "allow" : "deny",
		from->direct ? "direct" : "mediated");
	one(out, METRIC_GENERATION, from->policy->generation);
	one(out, METRIC_RELOAD_FAILED, from->policy->problem != NULL);
	exposition_begin(out, METRIC_MODE);
	for (unsigned int i = LATCH_MODE_ENFORCE; i <= LATCH_MODE_AUDIT; i++)
		exposition_count(out, METRIC_MODE, i == mode, audit_mode_name(i));
}

static void show_health(FILE *out, const struct render_sources *from)
{
	char name[32], abi[12];
	int missing = programs_missing(name, sizeof(name));

	/* What cannot be found out is not shown as a good sign: the alert on absence tells. */
	if (missing >= 0)
		one(out, METRIC_PROGRAMS_MISSING, missing);
	one(out, METRIC_TAGS_LOST, maps_incomplete(from->maps));
	one(out, METRIC_ENGINE_UP, from->engine);
	if (!from->direct) {
		one(out, METRIC_MEDIATOR_UP, from->mediator_up);
		one(out, METRIC_MEDIATOR_ENDS, from->mediator->ended);
	}
	one(out, METRIC_SCRAPES_DROPPED, from->dropped);
	snprintf(abi, sizeof(abi), "%d", LATCH_ABI_VERSION);
	exposition_begin(out, METRIC_BUILD);
	exposition_count(out, METRIC_BUILD, 1, LATCH_VERSION, abi);
}

/* The kernel programs, and latchd itself. */

static void show_programs(FILE *out)
{
	struct program_run runs[MAX_PROGRAMS];
	bool measured = program_runs_measured();
	size_t count = measured ? program_runs_get(runs, ARRAY_SIZE(runs)) : 0;

	one(out, METRIC_BPF_STATS, measured);
	exposition_begin(out, METRIC_BPF_RUN_TIME);
	for (size_t i = 0; i < count; i++)
		exposition_value(out, METRIC_BPF_RUN_TIME, runs[i].time / 1e9, runs[i].name);
	exposition_begin(out, METRIC_BPF_RUNS);
	for (size_t i = 0; i < count; i++)
		exposition_count(out, METRIC_BPF_RUNS, runs[i].count, runs[i].name);
}

static unsigned int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count > 3 ? count - 3 : 0; /* ".", ".." and the folder's own */
}

static void show_process(FILE *out, double started)
{
	uv_rusage_t usage = {};
	size_t memory = 0;

	exposition_begin(out, METRIC_START_TIME);
	exposition_value(out, METRIC_START_TIME, started);
	uv_getrusage(&usage);
	exposition_begin(out, METRIC_CPU);
	exposition_value(out, METRIC_CPU, usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6 +
		usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6);
	uv_resident_set_memory(&memory);
	one(out, METRIC_MEMORY, memory);
	one(out, METRIC_DESCRIPTORS, open_descriptors());
}

char *render_metrics(const struct render_sources *sources, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (!out)
		return NULL;
	show_decisions(out, sources);
	show_containers(out, sources);
	show_times(out, sources);
	show_queues(out, sources);
	show_losses(out, sources);
	show_entries(out, sources);
	show_registry(out, registry_figures(sources->registry));
	show_policy(out, sources);
	show_health(out, sources);
	show_programs(out);
	show_process(out, sources->started);
	/* Half a text would be taken for a whole one, with all that is missing gone. */
	if (ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
