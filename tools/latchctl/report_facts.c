// SPDX-License-Identifier: Apache-2.0
/*
 * Sums up an audit log. Counted are decisions about containers; what the host did is a number of its
 * own, for no command list binds it. Each request counts once, though two planes may tell of it.
 */
#include "report_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_route.h"
#include "util.h"

#define MICRO 1000000

static const char *const verdict_keys[AUDIT_VERDICTS] = {"passed", "refused", "would_refuse"};

/* ---- record by record ---- */

static void count(struct report *report, struct tally *tally, const char *key,
	enum audit_verdict verdict)
{
	struct tally_row *row = tally_row(tally, key);

	if (row)
		row->count[verdict]++;
	else
		report->no_memory = true;
}

static void count_second(struct report *report, int64_t moment, enum audit_verdict verdict)
{
	int64_t second = moment / MICRO;
	size_t last = report->second_count;

	if (!moment)
		return;
	if (!last || report->seconds[last - 1].second != second) {
		if (last == report->second_room) {
			size_t room = last ? 2 * last : 256;
			struct report_second *more =
				reallocarray(report->seconds, room, sizeof(*more));

			if (!more) {
				report->no_memory = true;
				return;
			}
			report->seconds = more;
			report->second_room = room;
		}
		report->seconds[report->second_count++] = (struct report_second){.second = second};
		last++;
	}
	report->seconds[last - 1].count[verdict]++;
}

/* What was tried, in docker's words where there are any. */
static void print_what(const json_t *record, char *text, size_t size)
{
	const char *event = record_text(record, "event"), *command = record_text(record, "command");
	const char *route = record_text(record, "route");

	if (!strcmp(event, "image-denied"))
		snprintf(text, size, "mount of the socket");
	else if (!strcmp(event, "connect"))
		snprintf(text, size, "connect to the %s socket", record_text(record, "socket"));
	else if (*command)
		snprintf(text, size, "docker %s", command);
	else if (*route)
		snprintf(text, size, "%s %s", record_text(record, "method"), route);
	else if (!strcmp(event, "request"))
		snprintf(text, size, "a request that is no route");
	else
		snprintf(text, size, "%s", event);
}

static void count_access(
	struct report *report, const json_t *record, enum audit_verdict verdict)
{
	const json_t *item;
	enum host_access access;
	size_t i;

	json_array_foreach(json_object_get(record, "access"), i, item)
		if (json_is_string(item) && host_access_find(json_string_value(item), &access))
			count(report, &report->access[access], record_text(record, "wanted_image"),
				verdict);
}

static void count_container(
	struct report *report, const json_t *record, enum audit_verdict verdict)
{
	const char *container = record_text(record, "container"), *image = record_text(record, "image");
	struct tally_row *row;

	if (*image)
		count(report, &report->images, image, verdict);
	if (!*container)
		return;
	row = tally_row(&report->containers, container);
	if (!row) {
		report->no_memory = true;
		return;
	}
	row->count[verdict]++;
	tally_describe(row, record_text(record, "name"), image);
}

static void keep_latest(struct report *report, json_t *record)
{
	if (!report->latest)
		report->latest = json_array();
	json_array_append(report->latest, record);
	if (json_array_size(report->latest) > REPORT_LATEST)
		json_array_remove(report->latest, 0);
}

static bool is_told_twice(const json_t *record)
{
	return !strcmp(record_text(record, "event"), "request") &&
	       !strcmp(record_text(record, "plane"), "kernel") &&
	       strcmp(record_text(record, "socket"), "direct") != 0;
}

void report_add(json_t *record, void *context)
{
	enum audit_verdict verdict = audit_verdict(record);
	struct report *report = context;
	char what[512];

	if (*record_text(record, "policy"))
		count(report, &report->policies, record_text(record, "policy"), AUDIT_PASSED);
	if (verdict == AUDIT_NO_VERDICT || is_told_twice(record))
		return;
	if (!strcmp(record_text(record, "caller"), "host")) {
		report->host[verdict]++;
		return;
	}
	report->total[verdict]++;
	count_second(report, audit_record_time(record), verdict);
	print_what(record, what, sizeof(what));
	count(report, &report->commands, what, verdict);
	count_container(report, record, verdict);
	count_access(report, record, verdict);
	if (!strcmp(record_text(record, "event"), "request")) {
		int route = audit_route(record);

		if (route != ROUTE_NONE)
			report->routes[route]++;
	}
	if (verdict != AUDIT_PASSED) {
		count(report, &report->reasons, record_text(record, "reason"), verdict);
		keep_latest(report, record);
	}
}

/* ---- over time ---- */

/* The smallest of the lengths that people count in with which the whole fits into the columns. */
static int64_t step_for(int64_t first, int64_t last)
{
	static const int64_t steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 28 * 86400};
	int64_t step = 28 * 86400;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (last / steps[i] - first / steps[i] < REPORT_COLUMNS_MAX)
			return steps[i];
	while (last / step - first / step >= REPORT_COLUMNS_MAX)
		step *= 2;
	return step;
}

static json_t *series_object(const struct report *report)
{
	uint64_t sums[REPORT_COLUMNS_MAX][AUDIT_VERDICTS] = {0};
	int64_t first = INT64_MAX, last = 0, step;
	json_t *columns = json_array();

	for (size_t i = 0; i < report->second_count; i++) {
		first = report->seconds[i].second < first ? report->seconds[i].second : first;
		last = report->seconds[i].second > last ? report->seconds[i].second : last;
	}
	if (!report->second_count)
		return json_pack("{s:i, s:i, s:o}", "start", 0, "step", 1, "columns", columns);
	step = step_for(first, last);
	for (size_t i = 0; i < report->second_count; i++)
		for (int k = 0; k < AUDIT_VERDICTS; k++)
			sums[report->seconds[i].second / step - first / step][k] +=
				report->seconds[i].count[k];
	for (int64_t i = 0; i <= last / step - first / step; i++)
		json_array_append_new(columns,
			json_pack("{s:I, s:I, s:I}", verdict_keys[0], (json_int_t)sums[i][0],
				verdict_keys[1], (json_int_t)sums[i][1], verdict_keys[2],
				(json_int_t)sums[i][2]));
	return json_pack("{s:I, s:I, s:o}", "start", (json_int_t)(first / step * step), "step",
		(json_int_t)step, "columns", columns);
}

/* ---- the object ---- */

static json_t *counts_object(const uint64_t counts[AUDIT_VERDICTS])
{
	json_t *object = json_object();

	for (int i = 0; i < AUDIT_VERDICTS; i++)
		json_object_set_new(object, verdict_keys[i], json_integer((json_int_t)counts[i]));
	return object;
}

/* Sorts the tally. `key`: what its keys are called. */
static json_t *tally_array(struct tally *tally, const char *key)
{
	json_t *rows = json_array();

	tally_sort(tally);
	for (size_t i = 0; i < tally->count && i < REPORT_ROWS_MAX; i++) {
		const struct tally_row *row = &tally->rows[i];
		json_t *object = counts_object(row->count);

		json_object_set_new(object, key, json_string(row->key));
		if (row->name)
			json_object_set_new(object, "name", json_string(row->name));
		if (row->image)
			json_object_set_new(object, "image", json_string(row->image));
		json_array_append_new(rows, object);
	}
	return rows;
}

static void print_moment(int64_t moment, char *text, size_t size)
{
	time_t seconds = moment / MICRO;
	struct tm parts;

	text[0] = 0;
	if (moment && gmtime_r(&seconds, &parts))
		strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* Newest first. */
static json_t *latest_array(const struct report *report)
{
	json_t *rows = json_array();

	for (size_t i = json_array_size(report->latest); i-- > 0;) {
		const json_t *record = json_array_get(report->latest, i);
		char what[512];

		print_what(record, what, sizeof(what));
		json_array_append_new(rows,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "time",
				record_text(record, "time"), "what", what, "uri",
				record_text(record, "uri"), "reason", record_text(record, "reason"),
				"verdict", record_text(record, "verdict"), "container",
				record_text(record, "container"), "name", record_text(record, "name"),
				"image", record_text(record, "image")));
	}
	return rows;
}

/* What only latchd knows. */
static void add_status(json_t *facts, const struct report *report, json_t *status)
{
	static const char *const keys[] = {"mode", "transport", "policy", "counters", "problems"};
	bool direct = status && !strcmp(record_text(status, "transport"), "direct");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *value = json_object_get(status, keys[i]);

		json_object_set(facts, keys[i], value ? value : json_null());
	}
	json_object_set_new(facts, "coverage",
		report_coverage(report, json_object_get(status, "policy"), direct));
}

json_t *report_facts(struct report *report, const struct audit_reader *log, json_t *status)
{
	char now[32], from[32], to[32];
	json_t *facts;

	print_moment((int64_t)time(NULL) * MICRO, now, sizeof(now));
	print_moment(log->first, from, sizeof(from));
	print_moment(log->last, to, sizeof(to));
	facts = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:i, s:i, s:o}", "made", now,
		"from", from, "to", to, "records", (json_int_t)log->records, "missing",
		(json_int_t)log->missing, "foreign", (json_int_t)log->foreign, "containers_total",
		counts_object(report->total), "host_total", counts_object(report->host),
		"container_count", (int)report->containers.count, "image_count",
		(int)report->images.count, "series", series_object(report));
	if (!facts || report->no_memory) {
		json_decref(facts);
		return NULL;
	}
	/* The coverage asks the tallies by key; sorting them ends that. */
	add_status(facts, report, status);
	json_object_set_new(facts, "images", tally_array(&report->images, "image"));
	json_object_set_new(facts, "commands", tally_array(&report->commands, "what"));
	json_object_set_new(facts, "reasons", tally_array(&report->reasons, "reason"));
	json_object_set_new(facts, "containers", tally_array(&report->containers, "id"));
	json_object_set_new(facts, "policies", tally_array(&report->policies, "sha256"));
	json_object_set_new(facts, "latest", latest_array(report));
	return facts;
}

void report_free(struct report *report)
{
	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		tally_free(&report->access[i]);
	tally_free(&report->images);
	tally_free(&report->commands);
	tally_free(&report->containers);
	tally_free(&report->reasons);
	tally_free(&report->policies);
	json_decref(report->latest);
	free(report->seconds);
}
