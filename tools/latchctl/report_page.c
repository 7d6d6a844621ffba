// SPDX-License-Identifier: Apache-2.0
/*
 * The page, section by section, from the facts alone. Every text of theirs goes through html_text: the
 * names in them are chosen by those who are watched. The policy in the head forbids the browser all but
 * this file's own style, so that even a mistake here could not run or fetch anything.
 */
#include "report_page.h"

#include <string.h>

#include "audit_reader.h"
#include "html.h"
#include "util.h"

#define ROWS 12 /* of a list */

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static json_int_t bad(const json_t *row)
{
	return number(row, "refused") + number(row, "would_refuse");
}

/* ---- pieces ---- */

static void begin_section(FILE *out, const char *title, const char *lead)
{
	fprintf(out, "<section>\n<h2>%s</h2>\n<p>%s</p>\n", title, lead);
}

static void end_section(FILE *out)
{
	fputs("</section>\n", out);
}

/* A count in a column of its role. */
static void print_cell(FILE *out, json_int_t value, const char *role)
{
	fprintf(out, "<td class=\"n %s\">", value ? role : "zero");
	report_number(out, value);
	fputs("</td>", out);
}

static void print_counts(FILE *out, const json_t *row)
{
	print_cell(out, number(row, "refused"), "refused");
	print_cell(out, number(row, "would_refuse"), "would");
	print_cell(out, number(row, "passed"), "passed");
	fputs("</tr>\n", out);
}

static void begin_table(FILE *out, const char *first)
{
	fprintf(out, "<table><thead><tr><th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">refused"
		     "</th><th scope=\"col\" class=\"n\">would</th><th scope=\"col\" class=\"n\">passed"
		     "</th></tr></thead><tbody>\n",
		first);
}

static void end_table(FILE *out, size_t count)
{
	fputs("</tbody></table>\n", out);
	if (count > ROWS) {
		fputs("<p class=\"quiet small\">and ", out);
		report_number(out, (json_int_t)(count - ROWS));
		fputs(" more</p>\n", out);
	}
}

/* Rows with a bar each; they come sorted by refusals. */
static void print_ranking(FILE *out, const json_t *rows, const char *key, const char *title)
{
	json_int_t most = json_array_size(rows) ? bad(json_array_get(rows, 0)) : 0;
	json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		fputs("<p class=\"quiet\">Nothing was recorded.</p>\n", out);
		return;
	}
	begin_table(out, title);
	json_array_foreach(rows, i, row) {
		if (i == ROWS)
			break;
		fputs("<tr><th scope=\"row\">", out);
		html_name(out, *record_text(row, key) ? record_text(row, key) : "(none)");
		if (most)
			report_bar(out, row, most);
		fputs("</th>", out);
		print_counts(out, row);
	}
	end_table(out, json_array_size(rows));
}

/* ---- the head of the page ---- */

static void print_number(FILE *out, const char *what, json_int_t value, const char *role)
{
	fprintf(out, "<div><dt>%s</dt><dd class=\"%s\">", what, value ? role : "zero");
	report_number(out, value);
	fputs("</dd></div>\n", out);
}

static void print_period(FILE *out, const json_t *facts)
{
	const char *from = record_text(facts, "from"), *to = record_text(facts, "to");

	fputs("<p class=\"lead\">", out);
	if (!*from) {
		fputs("The log has no records of that time.</p>\n", out);
		return;
	}
	fprintf(out, "<time>%.10s, %.5s</time> to <time>", from, from + 11);
	if (strncmp(from, to, 10) != 0)
		fprintf(out, "%.10s, ", to);
	fprintf(out, "%.5s</time> UTC; ", to + 11);
	report_number(out, number(facts, "records"));
	fputs(" records of the audit log</p>\n", out);
}

static void print_summary(FILE *out, const json_t *facts)
{
	const json_t *totals = json_object_get(facts, "containers_total");

	fputs("<header>\n<h1>What latch decided</h1>\n", out);
	print_period(out, facts);
	fputs("<dl class=\"numbers\">\n", out);
	print_number(out, "refused", number(totals, "refused"), "refused");
	print_number(out, "would be refused, in audit mode", number(totals, "would_refuse"), "would");
	print_number(out, "passed, of containers", number(totals, "passed"), "passed");
	print_number(out, "containers", number(facts, "container_count"), "");
	print_number(out, "images", number(facts, "image_count"), "");
	print_number(out, "records missing", number(facts, "missing"), "would");
	fputs("</dl>\n</header>\n", out);
}

/* ---- sections ---- */

static void print_over_time(FILE *out, const json_t *facts)
{
	begin_section(out, "Over time", "Decisions about containers. The two halves have scales of their "
					"own; the number at the top of each is its highest column.");
	fputs("<ul class=\"legend\"><li><span class=\"f-refused\"></span>refused</li><li><span "
	      "class=\"f-would\"></span>would be refused</li><li><span "
	      "class=\"f-passed\"></span>passed</li></ul>\n",
		out);
	if (json_array_size(json_object_get(json_object_get(facts, "series"), "columns")))
		report_chart(out, json_object_get(facts, "series"));
	else
		fputs("<p class=\"quiet\">Nothing was decided.</p>\n", out);
	end_section(out);
}

static void print_rankings(FILE *out, const json_t *facts)
{
	fputs("<div class=\"columns\">\n", out);
	begin_section(out, "By image", "Of which images the containers were.");
	print_ranking(out, json_object_get(facts, "images"), "image", "image");
	end_section(out);
	begin_section(out, "By command", "What was tried, in docker&#39;s words.");
	print_ranking(out, json_object_get(facts, "commands"), "what", "command");
	end_section(out);
	fputs("</div>\n", out);
}

static void print_reasons(FILE *out, const json_t *facts)
{
	if (!json_array_size(json_object_get(facts, "reasons")))
		return;
	begin_section(out, "Why", "What refusals, real and would-be, were for.");
	print_ranking(out, json_object_get(facts, "reasons"), "reason", "reason");
	end_section(out);
}

static void print_containers(FILE *out, const json_t *facts)
{
	const json_t *rows = json_object_get(facts, "containers"), *row;
	size_t i;

	begin_section(out, "Containers", "Those that were refused the most.");
	if (!json_array_size(rows))
		fputs("<p class=\"quiet\">None was recorded.</p>\n", out);
	else
		begin_table(out, "container");
	json_array_foreach(rows, i, row) {
		char start[13];

		if (i == ROWS)
			break;
		COPY_STRING(start, record_text(row, "id"));
		fputs("<tr><th scope=\"row\">", out);
		html_name(out, *record_text(row, "name") ? record_text(row, "name") : start);
		fputs("<br><span class=\"quiet small\">", out);
		html_name(out, *record_text(row, "image") ? record_text(row, "image") : "image not known");
		fputs(" · ", out);
		html_name(out, start);
		fputs("</span></th>", out);
		print_counts(out, row);
	}
	if (json_array_size(rows))
		end_table(out, json_array_size(rows));
	end_section(out);
}

static void print_latest(FILE *out, const json_t *facts)
{
	const json_t *rows = json_object_get(facts, "latest"), *row;
	size_t i;

	if (!json_array_size(rows))
		return;
	begin_section(out, "Latest refusals", "Newest first.");
	fputs("<table><thead><tr><th scope=\"col\">what</th><th scope=\"col\" class=\"n\">time (UTC)</th>"
	      "</tr></thead><tbody>\n",
		out);
	json_array_foreach(rows, i, row) {
		bool would = !strcmp(record_text(row, "verdict"), "would-refuse");
		const char *time = record_text(row, "time");

		if (i == ROWS)
			break;
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, record_text(row, "what"));
		fprintf(out, " <span class=\"tag %s\">%s</span>", would ? "would" : "refused",
			would ? "would be refused" : "refused");
		fputs("<br><span class=\"quiet small\">", out);
		html_name(out, *record_text(row, "name")	   ? record_text(row, "name")
			       : *record_text(row, "image") ? record_text(row, "image")
							   : "not known");
		if (*record_text(row, "reason")) {
			fputs(": ", out);
			html_text(out, record_text(row, "reason"));
		}
		if (*record_text(row, "uri")) {
			fputs("<br>", out);
			html_name(out, record_text(row, "uri"));
		}
		fputs("</span></th><td class=\"n quiet\">", out);
		if (strlen(time) > 19) {
			char clock[9];

			COPY_STRING(clock, time + 11);
			html_text(out, clock);
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
	end_section(out);
}

static void print_fact(FILE *out, const char *what, const char *text, bool name)
{
	fprintf(out, "<dt>%s</dt><dd>", what);
	if (name)
		html_name(out, text);
	else
		html_text(out, text);
	fputs("</dd>\n", out);
}

static void print_commands(FILE *out, const json_t *policy)
{
	const json_t *commands = json_object_get(policy, "commands"), *item;
	bool allow = !strcmp(record_text(policy, "command_list"), "allow");
	size_t i;

	fprintf(out, "<dt>commands</dt><dd>%s", allow ? "only these pass" : "all pass but these");
	if (!json_array_size(commands)) {
		fputs(allow ? ": none</dd>\n" : ": none is refused</dd>\n", out);
		return;
	}
	fputs("<ul class=\"list\">", out);
	json_array_foreach(commands, i, item) {
		fputs("<li>", out);
		html_name(out, json_string_value(item) ? json_string_value(item) : "?");
		fputs("</li>", out);
	}
	fputs("</ul></dd>\n", out);
}

static void print_problems(FILE *out, const json_t *facts)
{
	const json_t *problems = json_object_get(facts, "problems"), *item;
	size_t i;

	json_array_foreach(problems, i, item) {
		fputs("<p class=\"refused\">", out);
		html_text(out, json_string_value(item) ? json_string_value(item) : "?");
		fputs("</p>\n", out);
	}
}

static void print_policy(FILE *out, const json_t *facts)
{
	const json_t *policy = json_object_get(facts, "policy");
	size_t policies = json_array_size(json_object_get(facts, "policies"));

	begin_section(out, "Policy in force", "As latchd had it when this page was made.");
	if (!json_is_object(policy)) {
		fputs("<p>latchd did not answer, so what it alone knows is not here: the policy in force, "
		      "the digests and their ages, the coverage, the kernel&#39;s counters.</p>\n",
			out);
		end_section(out);
		return;
	}
	print_problems(out, facts);
	fputs("<dl class=\"facts\">\n", out);
	print_fact(out, "mode", record_text(facts, "mode"), false);
	print_fact(out, "file", record_text(policy, "file"), true);
	print_fact(out, "sha256", record_text(policy, "sha256"), true);
	print_commands(out, policy);
	if (policies > 1)
		fprintf(out, "<dt>in the log</dt><dd>decisions of %zu policies, one after the other</dd>\n",
			policies);
	fputs("</dl>\n", out);
	end_section(out);
}

/* "40 s", "3 min", "2 h": as ages are told. */
static void print_age(FILE *out, json_int_t age)
{
	if (age < 0)
		fputs("never", out);
	else if (age < 120)
		fprintf(out, "%lld s", (long long)age);
	else if (age < 7200)
		fprintf(out, "%lld min", (long long)(age / 60));
	else
		fprintf(out, "%lld h", (long long)(age / 3600));
}

static void print_digests(FILE *out, const json_t *facts)
{
	const json_t *images = json_object_get(json_object_get(facts, "policy"), "images"), *image;
	size_t i;

	if (!json_array_size(images))
		return;
	begin_section(out, "Images that may hold the socket",
		"What each entry stands for at its registry, and how long ago that was confirmed. What was "
		"not confirmed for 24 hours allows nothing.");
	fputs("<table><thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">confirmed"
	      "</th></tr></thead><tbody>\n",
		out);
	json_array_foreach(images, i, image) {
		bool counts = json_is_true(json_object_get(image, "counts"));
		const char *digest = record_text(image, "digest");

		fputs("<tr><th scope=\"row\">", out);
		html_name(out, record_text(image, "entry"));
		if (!counts)
			fputs(" <span class=\"tag would\">allows nothing now</span>", out);
		fputs("<br><span class=\"quiet small\">", out);
		html_name(out, *digest ? digest : "no digest");
		if (*record_text(image, "problem")) {
			fputs("<br>", out);
			html_text(out, record_text(image, "problem"));
		}
		fprintf(out, "</span></th><td class=\"n%s\">", counts ? "" : " would");
		print_age(out, number(image, "age"));
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
	end_section(out);
}

static void print_coverage(FILE *out, const json_t *facts)
{
	const json_t *rows = json_object_get(facts, "coverage"), *row;
	size_t i;

	if (!json_array_size(rows))
		return;
	begin_section(out, "Coverage of the policy",
		"How often an entry decided something in this log. One that never did may be more than is "
		"needed, or be there for a rainy day.");
	fputs("<table><thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">used</th></tr>"
	      "</thead><tbody>\n",
		out);
	json_array_foreach(rows, i, row) {
		fputs("<tr><th scope=\"row\">", out);
		html_name(out, record_text(row, "entry"));
		fputs(" <span class=\"quiet small\">", out);
		html_text(out, record_text(row, "kind"));
		fputs("</span></th>", out);
		if (number(row, "uses")) {
			print_cell(out, number(row, "uses"), "");
		} else {
			fputs("<td class=\"n\"><span class=\"tag quiet\">never</span></td>", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
	end_section(out);
}

static void print_counters(FILE *out, const json_t *facts)
{
	json_t *counters = json_object_get(facts, "counters"), *value;
	const char *name;

	if (!json_object_size(counters))
		return;
	begin_section(out, "Counters of the kernel", "Since the programs were loaded.");
	fputs("<ul class=\"counters\">\n", out);
	json_object_foreach(counters, name, value) {
		char words[64];

		COPY_STRING(words, name);
		for (char *c = words; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		fputs("<li><span>", out);
		html_text(out, words);
		fprintf(out, "</span><span class=\"%s\">", json_integer_value(value) ? "" : "zero");
		report_number(out, json_integer_value(value));
		fputs("</span></li>\n", out);
	}
	fputs("</ul>\n", out);
	end_section(out);
}

static void print_footer(FILE *out, const json_t *facts)
{
	const json_t *host = json_object_get(facts, "host_total");

	fputs("<footer><p>", out);
	report_number(out, number(host, "passed"));
	fputs(" requests and connections of the host passed and are not in these figures: no command list "
	      "binds it. ",
		out);
	if (number(facts, "missing")) {
		report_number(out, number(facts, "missing"));
		fputs(" records are missing from the log, and what they would show is not known. ", out);
	}
	if (number(facts, "foreign")) {
		report_number(out, number(facts, "foreign"));
		fputs(" lines of it are no records. ", out);
	}
	fputs("Made by latchctl report at <time>", out);
	html_text(out, record_text(facts, "made"));
	fputs("</time>.</p></footer>\n", out);
}

void report_page(FILE *out, json_t *facts)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	      "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<title>What latch decided</title>\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<style>\n",
		out);
	fputs(report_style, out);
	fputs("</style>\n</head>\n<body>\n<main>\n", out);
	print_summary(out, facts);
	print_over_time(out, facts);
	print_rankings(out, facts);
	print_reasons(out, facts);
	print_containers(out, facts);
	print_latest(out, facts);
	print_policy(out, facts);
	print_digests(out, facts);
	print_coverage(out, facts);
	print_counters(out, facts);
	print_footer(out, facts);
	fputs("</main>\n</body>\n</html>\n", out);
}
