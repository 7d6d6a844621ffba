// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl report: an audit log, and what latchd says of itself, as a page for people or an object for
 * programs. latchd need not run, and nobody need be root: what is not known then is left out, and said.
 */
#include <errno.h>

#include "control.h"
#include "latchctl.h"
#include "output.h"
#include "report_facts.h"
#include "report_page.h"

#define ANSWER_TIMEOUT_MS 5000

enum {
	OPTION_HTML,
	OPTION_JSON,
	OPTION_FILE,
	OPTION_SINCE,
	OPTION_STATUS,
};

static const struct command_option options[] = {
	[OPTION_HTML] = {"html", 0, "FILE", "write the page to this file; - is standard output"},
	[OPTION_JSON] = {"json", 0, NULL, "print the facts of the page as JSON"},
	[OPTION_FILE] = {"file", 0, "LOG", "an audit log; may be repeated; - is standard input"},
	[OPTION_SINCE] = {"since", 0, "TIME", "leave out what is older: 15m, 12h, 7d, 2026-11-27T08:30:00"},
	[OPTION_STATUS] = {"status", 0, "FILE",
		"what `latchctl status --json` printed, instead of asking latchd"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_report = {
	.name = "report",
	.arguments = "--html FILE | --json [--file LOG]... [--since TIME] [--status FILE]",
	.summary = "a page about what was refused, to whom, and which policy did it",
	.help = "One self-contained page, without script and without anything from elsewhere: refusals\n"
		"over time, by image, by command and by reason; containers; the policy in force, the\n"
		"digests of its images and their ages, entries that were never used; the kernel's\n"
		"counters. It can be sent as it is, and read on a phone.\n"
		"\n"
		"The policy and the counters are latchd's to tell, and it tells root alone. For a log of\n"
		"another machine bring its `latchctl status --json` along.\n"
		"\n"
		"  latchctl report --html latch.html --since 7d\n"
		"  latchctl report --html page.html --file audit.jsonl --status status.json\n"
		"  latchctl report --json | jq '.commands[] | select(.refused > 0)'\n"
		"\n"
		"Exits 0 when it is written, 3 when the log cannot be read or the page not written.\n",
	.options = options,
	.run = run,
};

struct request {
	const char *html, *status;
	bool json;
	struct audit_reader log;
};

/* Sets *status to NULL where latchd is not there to ask. */
static int get_status(const char *file, json_t **status)
{
	json_error_t error;
	int r;

	*status = NULL;
	if (file) {
		*status = json_load_file(file, 0, &error);
		if (json_is_object(*status))
			return LATCHCTL_OK;
		fprintf(stderr, "latchctl report: %s: %s; it should be what `latchctl status --json` "
				"printed\n",
			file, *status ? "no object" : error.text);
		json_decref(*status);
		*status = NULL;
		return LATCHCTL_UNKNOWN;
	}
	r = geteuid() ? -EPERM : control_ask("status", ANSWER_TIMEOUT_MS, status);
	if (r < 0)
		fprintf(stderr,
			"latchctl report: latchd was not asked (%s): policy, digests and counters are left "
			"out\n",
			geteuid() ? "you are not root" : strerror(-r));
	return LATCHCTL_OK;
}

static int write_page(const char *path, json_t *facts)
{
	FILE *out = strcmp(path, "-") ? fopen(path, "we") : stdout;
	int r = 0;

	if (!out) {
		fprintf(stderr, "latchctl report: %s: %s\n", path, strerror(errno));
		return LATCHCTL_UNKNOWN;
	}
	report_page(out, facts);
	if (fflush(out) || ferror(out))
		r = errno ? errno : EIO;
	if (out != stdout && fclose(out) && !r)
		r = errno;
	if (r) {
		fprintf(stderr, "latchctl report: %s: %s\n", path, strerror(r));
		return LATCHCTL_UNKNOWN;
	}
	return LATCHCTL_OK;
}

static int answer(struct request *request, struct report *report)
{
	json_t *status, *facts;
	int r = get_status(request->status, &status);

	if (r != LATCHCTL_OK)
		return r;
	facts = report_facts(report, &request->log, status);
	json_decref(status);
	if (request->json || !facts)
		return print_json("report", facts, LATCHCTL_OK);
	r = write_page(request->html, facts);
	json_decref(facts);
	return r;
}

static int run(int argc, char **argv)
{
	struct request request = {0};
	struct report report = {0};
	const char *value;
	int option, r;

	while ((option = options_next(&subcommand_report, argc, argv, false, &value)) >= 0) {
		if (option == OPTION_HTML)
			request.html = value;
		else if (option == OPTION_JSON)
			request.json = true;
		else if (option == OPTION_STATUS)
			request.status = value;
		else if (option == OPTION_FILE && !audit_reader_add_file(&request.log, argv[0], value))
			return LATCHCTL_USAGE;
		else if (option == OPTION_SINCE &&
			 !audit_reader_set_since(&request.log, argv[0], value))
			return LATCHCTL_USAGE;
	}
	if (option == OPTIONS_WRONG || no_operands(&subcommand_report, argc, argv))
		return LATCHCTL_USAGE;
	if (!request.html == !request.json)
		return usage_error(argv[0], "either --html FILE or --json");
	r = audit_reader_run(&request.log, argv[0], report_add, &report);
	if (r == LATCHCTL_OK) {
		audit_reader_remark(&request.log, argv[0]);
		r = answer(&request, &report);
	}
	report_free(&report);
	return r;
}
