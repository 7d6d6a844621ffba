// SPDX-License-Identifier: Apache-2.0
/*
 * How a number becomes a line. What the numbers are is render.c's.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "exposition.h"
#include "util.h"

#define LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LABELS   ((const char *const[]){ NULL })
#define NONE	""
#define SECONDS "seconds"
#define BYTES	"bytes"

static const struct metric metrics[METRIC_COUNT] = {
#define METRIC(id_, name_, type_, unit_, labels_, help_)                                           \
	[METRIC_##id_] = { name_, METRIC_##type_, unit_, labels_, help_ },
#include "metrics.def"
#undef METRIC
};

const struct metric *metric_get(enum metric_id id)
{
	return &metrics[id];
}

const char *metric_type_name(enum metric_type type)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return names[type];
}

void exposition_begin(FILE *out, enum metric_id id)
{
	const struct metric *metric = &metrics[id];

	/* Helps are latch's own, and have nothing in them that would have to be escaped. */
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
		metric_type_name(metric->type));
}

static bool is_utf8(const char *text)
{
	json_t *string = json_string(text); /* takes nothing else; NULL without memory as well */

	json_decref(string);
	return string != NULL;
}

static void write_label_value(FILE *out, const char *text)
{
	bool whole = is_utf8(text);

	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '\\' || c == '"')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else
			fputc(c < 0x80 || whole ? c : '?', out);
	}
}

static void write_name(FILE *out, const struct metric *metric, va_list values)
{
	const char *separator = "{";

	fputs(metric->name, out);
	for (const char *const *label = metric->labels; *label; label++) {
		fprintf(out, "%s%s=\"", separator, *label);
		write_label_value(out, va_arg(values, const char *));
		fputc('"', out);
		separator = ",";
	}
	if (metric->labels[0])
		fputc('}', out);
}

void exposition_count(FILE *out, enum metric_id id, uint64_t value, ...)
{
	va_list values;

	va_start(values, value);
	write_name(out, &metrics[id], values);
	va_end(values);
	fprintf(out, " %" PRIu64 "\n", value);
}

void exposition_value(FILE *out, enum metric_id id, double value, ...)
{
	va_list values;

	va_start(values, value);
	write_name(out, &metrics[id], values);
	va_end(values);
	fprintf(out, " %.9f\n", value);
}

void exposition_histogram(FILE *out, enum metric_id id, const struct histogram *histogram)
{
	const char *name = metrics[id].name;
	uint64_t count = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += histogram->buckets[i];
		fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, histogram_bounds[i] / 1e6,
			count);
	}
	count += histogram->buckets[HISTOGRAM_BOUNDS];
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
	fprintf(out, "%s_sum %.9f\n%s_count %" PRIu64 "\n", name, histogram->sum / 1e9, name, count);
}
