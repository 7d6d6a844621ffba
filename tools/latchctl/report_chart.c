// SPDX-License-Identifier: Apache-2.0
/*
 * Charts. Widths are percentages and heights are pixels, so that a chart is as wide as the page, on a
 * phone too, and its text never shrinks with it. What a column means is in its title, and all numbers
 * are in a table beside.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "audit_reader.h"
#include "report_page.h"
#include "util.h"

#define UPPER 150 /* px: refusals */
#define LOWER 44  /* what passed, on a scale of its own */
#define TOP   22  /* for the scale's label */
#define GAP   26
#define AXIS  26

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void report_number(FILE *out, json_int_t value)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%lld", (long long)value);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
			putc(',', out);
		putc(digits[i], out);
	}
}

/* As exact as the columns are. */
static void print_time(FILE *out, int64_t second, int64_t step, bool with_day)
{
	time_t moment = second;
	char text[64] = "";
	struct tm parts;

	if (gmtime_r(&moment, &parts))
		strftime(text, sizeof(text),
			step >= 86400 ? "%-d %b %Y"
			: with_day    ? (step < 60 ? "%-d %b %H:%M:%S" : "%-d %b %H:%M")
				      : (step < 60 ? "%H:%M:%S" : "%H:%M"),
			&parts);
	fputs(text, out);
}

static json_int_t most_of(const json_t *columns, const char *one, const char *other)
{
	const json_t *column;
	json_int_t most = 0;
	size_t i;

	json_array_foreach(columns, i, column) {
		json_int_t sum = number(column, one) + (other ? number(column, other) : 0);

		most = sum > most ? sum : most;
	}
	return most;
}

static void print_rect(FILE *out, const char *class, double x, double width, double y, double height)
{
	if (height > 0)
		fprintf(out, "<rect class=\"%s\" x=\"%.3f%%\" width=\"%.3f%%\" y=\"%.1f\" height=\"%.1f\"/>",
			class, x, width, y, height);
}

/* A value of 1 must be seen beside one of 10,000. */
static double height_of(json_int_t value, json_int_t most, int room)
{
	double height = most ? (double)value * room / (double)most : 0;

	return value && height < 2 ? 2 : height;
}

static void print_column(FILE *out, const json_t *series, size_t i, size_t count,
	json_int_t most_bad, json_int_t most_passed)
{
	const json_t *column = json_array_get(json_object_get(series, "columns"), i);
	json_int_t refused = number(column, "refused"), would = number(column, "would_refuse");
	json_int_t passed = number(column, "passed");
	double width = 100.0 / (double)count, x = width * (double)i;
	double base = TOP + UPPER, up = height_of(refused, most_bad, UPPER);
	double more = height_of(would, most_bad, UPPER);
	int64_t step = number(series, "step"), at = number(series, "start") + (int64_t)i * step;

	if (!refused && !would && !passed)
		return;
	fputs("<g><title>", out);
	print_time(out, at, step, true);
	fprintf(out, ": %lld refused, %lld would be refused, %lld passed</title>",
		(long long)refused, (long long)would, (long long)passed);
	print_rect(out, "f-refused", x + width * 0.1, width * 0.8, base - up, up);
	print_rect(out, "f-would", x + width * 0.1, width * 0.8, base - up - more, more);
	up = height_of(passed, most_passed, LOWER);
	print_rect(out, "f-passed", x + width * 0.1, width * 0.8, base + GAP + LOWER - up, up);
	fputs("</g>\n", out);
}

static void print_line(FILE *out, int y, const char *class)
{
	fprintf(out, "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", class, y, y);
}

static void print_scale(FILE *out, json_int_t most_bad, json_int_t most_passed)
{
	print_line(out, TOP, "");
	print_line(out, TOP + UPPER / 2, "");
	print_line(out, TOP + UPPER, "base");
	print_line(out, TOP + UPPER + GAP + LOWER, "base");
	fprintf(out, "<text x=\"0\" y=\"%d\">", TOP - 6);
	report_number(out, most_bad);
	fputs(" refused or would be</text>", out);
	fprintf(out, "<text x=\"0\" y=\"%d\">", TOP + UPPER + GAP - 6);
	report_number(out, most_passed);
	fputs(" passed</text>\n", out);
}

/* Three: they have room on a phone. */
static void print_axis(FILE *out, const json_t *series, size_t count)
{
	static const char *const anchors[] = {"start", "middle", "end"};
	int64_t step = number(series, "step"), start = number(series, "start");
	int64_t end = start + (int64_t)count * step;
	bool with_day = start / 86400 != (end - 1) / 86400;

	for (int i = 0; i < 3; i++) {
		fprintf(out, "<text x=\"%d%%\" y=\"%d\" text-anchor=\"%s\">", 50 * i,
			TOP + UPPER + GAP + LOWER + AXIS - 8, anchors[i]);
		print_time(out, start + (end - start) * i / 2, step, with_day);
		fputs("</text>", out);
	}
}

static void print_table(FILE *out, const json_t *series)
{
	const json_t *columns = json_object_get(series, "columns"), *column;
	int64_t step = number(series, "step"), start = number(series, "start");
	size_t i;

	fputs("<details><summary>The same as a table</summary><table><thead><tr><th scope=\"col\">from "
	      "(UTC)</th><th scope=\"col\" class=\"n\">refused</th><th scope=\"col\" "
	      "class=\"n\">would</th><th scope=\"col\" class=\"n\">passed</th></tr></thead><tbody>\n",
		out);
	json_array_foreach(columns, i, column) {
		fputs("<tr><th scope=\"row\">", out);
		print_time(out, start + (int64_t)i * step, step, true);
		fprintf(out, "</th><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td class=\"n\">%lld"
			     "</td></tr>\n",
			(long long)number(column, "refused"),
			(long long)number(column, "would_refuse"),
			(long long)number(column, "passed"));
	}
	fputs("</tbody></table></details>\n", out);
}

void report_chart(FILE *out, json_t *series)
{
	const json_t *columns = json_object_get(series, "columns");
	json_int_t most_bad = most_of(columns, "refused", "would_refuse");
	json_int_t most_passed = most_of(columns, "passed", NULL);
	size_t count = json_array_size(columns);

	fprintf(out, "<figure><svg role=\"img\" aria-labelledby=\"over-time\" height=\"%d\"><title "
		     "id=\"over-time\">Refusals over time, above, and what passed, below</title>\n",
		TOP + UPPER + GAP + LOWER + AXIS);
	print_scale(out, most_bad, most_passed);
	for (size_t i = 0; i < count; i++)
		print_column(out, series, i, count, most_bad, most_passed);
	print_axis(out, series, count);
	fputs("</svg>\n", out);
	print_table(out, series);
	fputs("</figure>\n", out);
}

/* Decoration: the numbers stand beside it in the same row. */
void report_bar(FILE *out, json_t *row, json_int_t most)
{
	json_int_t refused = number(row, "refused"), would = number(row, "would_refuse");
	double one = most ? 100.0 * (double)refused / (double)most : 0;
	double other = most ? 100.0 * (double)would / (double)most : 0;

	fputs("<svg class=\"bar\" height=\"6\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" "
	      "height=\"6\" rx=\"3\"/>",
		out);
	if (refused)
		fprintf(out, "<rect class=\"f-refused\" width=\"%.2f%%\" height=\"6\"/>", one < 1 ? 1 : one);
	if (would)
		fprintf(out, "<rect class=\"f-would\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"6\"/>", one,
			other < 1 ? 1 : other);
	fputs("</svg>", out);
}
