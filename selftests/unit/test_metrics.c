// SPDX-License-Identifier: Apache-2.0
/*
 * The text that Prometheus reads: its escapes, its histograms, what is counted where; and that
 * docs/metrics.md has every metric of metrics.def and no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "decisions.h"
#include "exposition.h"
#include "mediator_totals.h"
#include "util.h"

static char *text;
static size_t length;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &length);
}

/* Labels. */

static void assert_label(const char *value, const char *expected)
{
	FILE *out = begin();
	char line[512];

	exposition_count(out, METRIC_ENTRY_VALID, 1, value);
	fclose(out);
	snprintf(line, sizeof(line), "latch_image_entry_valid{entry=\"%s\"} 1\n", expected);
	assert_string_equal(text, line);
}

static void label_values_are_escaped(void **state)
{
	(void)state;
	assert_label("docker.io/library/alpine:*", "docker.io/library/alpine:*");
	assert_label("a\"b", "a\\\"b");
	assert_label("a\\b", "a\\\\b");
	assert_label("a\nb", "a\\nb");
	assert_label("\"} 1\nforged 2", "\\\"} 1\\nforged 2");
	assert_label("", "");
}

static void a_label_value_that_is_no_utf8_does_not_spoil_the_page(void **state)
{
	(void)state;
	assert_label("caf\xc3\xa9", "caf\xc3\xa9");
	assert_label("caf\xe9", "caf?");
	assert_label("\xc3\xa9\xff", "???");
}

static void labels_stand_in_their_order(void **state)
{
	FILE *out = begin();

	(void)state;
	exposition_begin(out, METRIC_REQUESTS);
	exposition_count(out, METRIC_REQUESTS, UINT64_MAX, "kernel", "container", "push", "refused");
	exposition_count(out, METRIC_GENERATION, 1);
	exposition_value(out, METRIC_CPU, 0.25);
	fclose(out);
	assert_string_equal(strchr(strchr(text, '\n') + 1, '\n') + 1,
		"latch_requests_total{plane=\"kernel\",caller=\"container\",command=\"push\","
		"verdict=\"refused\"} 18446744073709551615\n"
		"latch_policy_generation 1\n"
		"process_cpu_seconds_total 0.250000000\n");
	assert_true(strstr(text, "\n# TYPE latch_requests_total counter\n") != NULL);
	assert_int_equal(strncmp(text, "# HELP latch_requests_total ", 28), 0);
}

/* Histograms. */

static uint64_t bucket(const char *le)
{
	char mark[64];
	const char *at;

	snprintf(mark, sizeof(mark), "_bucket{le=\"%s\"} ", le);
	at = strstr(text, mark);
	assert_non_null(at);
	return strtoull(at + strlen(mark), NULL, 10);
}

static void buckets_are_cumulative_and_the_last_is_the_count(void **state)
{
	struct histogram histogram = {};
	uint64_t before = 0, count;
	char sum[64];
	FILE *out;

	(void)state;
	histogram_observe(&histogram, 0);
	histogram_observe(&histogram, 50000);		      /* le: a bound belongs to its bucket */
	histogram_observe(&histogram, 50001);		      /* and what is above it does not */
	histogram_observe(&histogram, UINT64_C(2000000000));  /* two seconds */
	histogram_observe(&histogram, UINT64_C(61000000000)); /* above the last bound */
	out = begin();
	exposition_histogram(out, METRIC_DECISION, &histogram);
	fclose(out);
	assert_int_equal(bucket("5e-05"), 2);
	assert_int_equal(bucket("0.0001"), 3);
	assert_int_equal(bucket("1"), 3);
	assert_int_equal(bucket("2.5"), 4);
	assert_int_equal(bucket("60"), 4);
	assert_int_equal(bucket("+Inf"), 5);
	assert_true(strstr(text, "latch_mediator_decision_seconds_count 5\n") != NULL);
	snprintf(sum, sizeof(sum), "latch_mediator_decision_seconds_sum 63.000100001\n");
	assert_true(strstr(text, sum) != NULL);
	for (const char *at = text; (at = strstr(at, "\"} ")); at++) {
		count = strtoull(at + 3, NULL, 10);
		assert_true(count >= before);
		before = count;
	}
}

static void bounds_ascend(void **state)
{
	(void)state;
	for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_true(histogram_bounds[i] > histogram_bounds[i - 1]);
}

/* Decisions. */

struct found {
	const char *plane, *caller, *command, *verdict;
	uint64_t count, others;
};

static void look(const char *plane, const char *caller, const char *command, const char *verdict,
	uint64_t count, void *context)
{
	struct found *found = context;

	if (!strcmp(plane, found->plane) && !strcmp(caller, found->caller) &&
		!strcmp(command, found->command) && !strcmp(verdict, found->verdict)) {
		assert_int_equal(found->count, 0); /* each combination comes once */
		found->count = count;
	} else {
		found->others += count;
	}
}

static void assert_counted(const struct decisions *decisions, const char *plane, const char *caller,
	const char *command, const char *verdict, uint64_t count, uint64_t others)
{
	struct found found = { plane, caller, command, verdict, 0, 0 };

	decisions_each_request(decisions, look, &found);
	assert_int_equal(found.count, count);
	assert_int_equal(found.others, others);
}

static void report(struct decisions *decisions, int route, uint32_t tag, uint32_t status)
{
	struct wire_request report = { .kind = WIRE_REPORT, .route = route, .refused = status };

	report.client.tag = tag;
	decisions_report(decisions, &report);
}

static void reports_are_counted_by_command_and_verdict(void **state)
{
	static struct decisions decisions;

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	report(&decisions, ROUTE_IMAGE_PUSH, LATCH_TAG_ALLOWED, 403);
	report(&decisions, ROUTE_IMAGE_PUSH, LATCH_TAG_ALLOWED, 403);
	assert_counted(&decisions, "mediator", "container", "push", "refused", 2, 0);
	report(&decisions, ROUTE_IMAGE_PUSH, LATCH_TAG_ALLOWED, 0);
	report(&decisions, ROUTE_IMAGE_PUSH, LATCH_TAG_ALLOWED, 404);
	report(&decisions, ROUTE_IMAGE_PUSH, LATCH_TAG_HOST, 503);
	assert_counted(&decisions, "mediator", "container", "push", "passed", 1, 4);
	assert_counted(&decisions, "mediator", "container", "push", "invalid", 1, 4);
	assert_counted(&decisions, "mediator", "host", "push", "failed", 1, 4);
}

static void what_audit_mode_let_through_is_a_verdict_of_its_own(void **state)
{
	struct wire_request report = { .route = ROUTE_IMAGE_PUSH, .refused = 403, .noted = 1 };
	static struct decisions decisions;

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	decisions_report(&decisions, &report);
	assert_counted(&decisions, "mediator", "container", "push", "would-refuse", 1, 0);
}

static void two_routes_of_one_command_are_one_number(void **state)
{
	static struct decisions decisions;

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	report(&decisions, ROUTE_CONTAINER_LIST, LATCH_TAG_ALLOWED, 0);
	report(&decisions, ROUTE_CONTAINER_LIST_PS, LATCH_TAG_ALLOWED, 0);
	assert_counted(&decisions, "mediator", "container", "ps", "passed", 2, 0);
}

/* A mediator that was taken over may report any route. */
static void a_route_that_there_is_not_is_unknown(void **state)
{
	static const int routes[] = { ROUTE_NONE, ROUTE_COUNT, LATCH_MAX_ROUTES, INT32_MAX, INT32_MIN };
	static struct decisions decisions;

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		report(&decisions, routes[i], LATCH_TAG_CONTAINED, 403);
	assert_counted(&decisions, "mediator", "container", "unknown", "refused", ARRAY_SIZE(routes), 0);
}

/* Who has no tag is not taken for the host. */
static void a_caller_without_a_tag_is_a_container(void **state)
{
	static struct decisions decisions;

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	report(&decisions, ROUTE_PING, LATCH_TAG_NONE, 403);
	assert_counted(&decisions, "mediator", "container", "other", "refused", 1, 0);
}

static void record(struct decisions *decisions, uint32_t reason, int error, int verdict, int mode)
{
	struct latch_request request = { .route = ROUTE_IMAGE_PUSH, .verdict = verdict, .mode = mode };

	request.event.header.type = LATCH_EVENT_REQUEST;
	request.event.tag = LATCH_TAG_ALLOWED;
	request.event.reason = reason;
	request.event.verdict = error;
	decisions_event(decisions, &request.event);
}

static void records_say_the_same_in_both_transports(void **state)
{
	static struct decisions decisions;

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	/* Direct: the sender got EPERM. Mediated: it got nothing, and the mediator refuses it. */
	record(&decisions, LATCH_REASON_ROUTE, -1, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE);
	record(&decisions, LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE);
	assert_counted(&decisions, "kernel", "container", "push", "refused", 2, 0);
	record(&decisions, LATCH_REASON_ROUTE, 0, LATCH_VERDICT_PASS, LATCH_MODE_ENFORCE);
	record(&decisions, LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_OFF);
	assert_counted(&decisions, "kernel", "container", "push", "passed", 2, 2);
	record(&decisions, LATCH_REASON_UNFOLLOWED, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_ENFORCE);
	assert_counted(&decisions, "kernel", "container", "push", "unfollowed", 1, 4);
	record(&decisions, LATCH_REASON_ROUTE, 0, LATCH_VERDICT_REFUSE, LATCH_MODE_AUDIT);
	assert_counted(&decisions, "kernel", "container", "push", "would-refuse", 1, 5);
}

static void look_at_refusal(const char *event, const char *reason, uint64_t count, void *context)
{
	snprintf(context, 128, "%s %s %llu", event, reason, (unsigned long long)count);
}

static void refusals_of_the_kernel_are_counted_by_reason_and_numbers_that_there_are_not_are_left_out(
	void **state)
{
	static struct decisions decisions;
	struct latch_event event = { .reason = LATCH_REASON_CONTAINED, .verdict = -1 };
	char found[128] = "";

	(void)state;
	memset(&decisions, 0, sizeof(decisions));
	event.header.type = LATCH_EVENT_CONNECT;
	decisions_event(&decisions, &event);
	event.verdict = 0; /* passed: not a refusal */
	decisions_event(&decisions, &event);
	event.verdict = -1;
	event.reason = DECISIONS_REASONS;
	decisions_event(&decisions, &event);
	event.header.type = UINT16_MAX;
	decisions_event(&decisions, &event);
	decisions_each_refusal(&decisions, look_at_refusal, found);
	assert_string_equal(found, "connect contained 1");
}

static void every_verdict_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < DECISIONS_VERDICTS; i++)
		assert_non_null(decisions_verdict_name(i));
}

/* The mediator's figures. */

static void what_mediators_added_stays_and_what_they_had_goes_with_them(void **state)
{
	static struct mediator_totals totals;
	static struct wire_figures figures;

	(void)state;
	histogram_observe(&figures.answer, 1000);
	figures.turned_away = 3;
	figures.host_clients = 5;
	mediator_totals_take(&totals, &figures);
	figures.host_clients = 2;
	mediator_totals_take(&totals, &figures);
	assert_int_equal(totals.sums.answer.buckets[0], 2);
	assert_int_equal(totals.sums.turned_away, 6);
	assert_int_equal(totals.sums.host_clients, 2);
	mediator_totals_end(&totals);
	assert_int_equal(totals.sums.host_clients, 0);
	assert_int_equal(totals.sums.turned_away, 6);
	assert_int_equal(totals.ended, 1);
}

/* The table and the document. */

/* By the rules of Prometheus' naming conventions. */
static void names_say_type_and_unit(void **state)
{
	(void)state;
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric *metric = metric_get(i);
		char name[128], *total;

		COPY_STRING(name, metric->name);
		total = strstr(name, "_total");
		assert_int_equal(total != NULL, metric->type == METRIC_COUNTER);
		if (total)
			*total = 0;
		if (metric->unit[0])
			assert_string_equal(name + strlen(name) - strlen(metric->unit), metric->unit);
		assert_int_equal(strncmp(name, "latch_", 6) && strncmp(name, "process_", 8), 0);
		assert_int_equal(metric->help[strlen(metric->help) - 1], '.');
		assert_null(strpbrk(metric->help, "\\\n"));
		assert_true(metric->type != METRIC_HISTOGRAM || !metric->labels[0]);
	}
}

static int find_metric(const char *name, size_t size)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		if (!strncmp(metric_get(i)->name, name, size) && !metric_get(i)->name[size])
			return i;
	return -1;
}

/* As the document has it: | `name` | type | labels | what it is | */
static void row_of(const struct metric *metric, char *row, size_t size)
{
	int at = snprintf(row, size, "| `%s` | %s | ", metric->name, metric_type_name(metric->type));

	for (const char *const *label = metric->labels; *label; label++)
		at += snprintf(row + at, size - at, "%s`%s`", label == metric->labels ? "" : ", ", *label);
	snprintf(row + at, size - at, "%s|", metric->labels[0] ? " " : "");
}

static void the_document_has_every_metric_and_no_other(void **state)
{
	int seen[METRIC_COUNT] = {};
	char line[2048], row[512];
	FILE *document = fopen("docs/metrics.md", "re");

	(void)state;
	assert_non_null(document);
	while (fgets(line, sizeof(line), document)) {
		const char *name = line + strlen("| `");
		int metric;

		if (strncmp(line, "| `latch_", 9) && strncmp(line, "| `process_", 11))
			continue;
		metric = find_metric(name, strcspn(name, "`"));
		if (metric < 0)
			fail_msg("docs/metrics.md has a metric that there is not: %s", line);
		seen[metric]++;
		row_of(metric_get(metric), row, sizeof(row));
		if (strncmp(line, row, strlen(row)))
			fail_msg("docs/metrics.md: expected a row that begins with %s", row);
	}
	fclose(document);
	for (int i = 0; i < METRIC_COUNT; i++)
		if (seen[i] != 1)
			fail_msg("docs/metrics.md has %s %d times", metric_get(i)->name, seen[i]);
}

/* Is it the name of a metric, or of one of the three series of a histogram? */
static bool is_series(const char *name, size_t size)
{
	static const char *const suffixes[] = { "_bucket", "_sum", "_count" };

	if (find_metric(name, size) >= 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t suffix = strlen(suffixes[i]);
		int metric = size > suffix && !strncmp(name + size - suffix, suffixes[i], suffix) ?
				     find_metric(name, size - suffix) :
				     -1;

		if (metric >= 0)
			return metric_get(metric)->type == METRIC_HISTOGRAM;
	}
	return false;
}

/* An alert on a metric that there is not would be evaluated without an error, and never fire. */
static void dashboard_and_alerts_name_no_metric_that_there_is_not(void **state)
{
	static const char *const paths[] = { "packaging/grafana/latch.json",
		"packaging/prometheus/latch.rules.yml" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	char line[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		FILE *file = fopen(paths[i], "re");
		int found = 0;

		assert_non_null(file);
		while (fgets(line, sizeof(line), file)) {
			const char *at = line;

			while ((at = strstr(at, "latch_"))) {
				size_t size = strspn(at, letters);

				if (!is_series(at, size))
					fail_msg("%s: there is no metric %.*s", paths[i], (int)size, at);
				at += size;
				found++;
			}
		}
		fclose(file);
		assert_true(found > 10);
	}
}

static void the_document_has_every_verdict(void **state)
{
	_cleanup_free_ char *whole = calloc(1, 200000);
	FILE *document = fopen("docs/metrics.md", "re");

	(void)state;
	assert_non_null(document);
	assert_true(fread(whole, 1, 199999, document) > 0);
	fclose(document);
	for (int i = 0; i < DECISIONS_VERDICTS; i++) {
		char row[64];

		snprintf(row, sizeof(row), "\n| `%s` | ", decisions_verdict_name(i));
		if (!strstr(whole, row))
			fail_msg("docs/metrics.md says nothing of the verdict %s", decisions_verdict_name(i));
	}
}

static int free_text(void **state)
{
	(void)state;
	free(text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(a_label_value_that_is_no_utf8_does_not_spoil_the_page),
		cmocka_unit_test(labels_stand_in_their_order),
		cmocka_unit_test(buckets_are_cumulative_and_the_last_is_the_count),
		cmocka_unit_test(bounds_ascend),
		cmocka_unit_test(reports_are_counted_by_command_and_verdict),
		cmocka_unit_test(what_audit_mode_let_through_is_a_verdict_of_its_own),
		cmocka_unit_test(two_routes_of_one_command_are_one_number),
		cmocka_unit_test(a_route_that_there_is_not_is_unknown),
		cmocka_unit_test(a_caller_without_a_tag_is_a_container),
		cmocka_unit_test(records_say_the_same_in_both_transports),
		cmocka_unit_test(
			refusals_of_the_kernel_are_counted_by_reason_and_numbers_that_there_are_not_are_left_out),
		cmocka_unit_test(every_verdict_has_a_name),
		cmocka_unit_test(what_mediators_added_stays_and_what_they_had_goes_with_them),
		cmocka_unit_test(names_say_type_and_unit),
		cmocka_unit_test(the_document_has_every_metric_and_no_other),
		cmocka_unit_test(dashboard_and_alerts_name_no_metric_that_there_is_not),
		cmocka_unit_test(the_document_has_every_verdict),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, free_text);
}
