// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl top: the containers that talk to the engine, a page a second. Who they are and what they are
 * to latch comes from latchd, the kernel and the engine; what they ask, from the audit log.
 */
#include <errno.h>
#include <time.h>

#include "containers.h"
#include "control.h"
#include "latchctl.h"
#include "output.h"
#include "paths.h"
#include "top_screen.h"

#define ANSWER_TIMEOUT_MS 2000

enum {
	OPTION_ONCE,
	OPTION_JSON,
	OPTION_SORT,
	OPTION_FILE,
};

static const struct command_option options[] = {
	[OPTION_ONCE] = {"once", 0, NULL, "print one page as text and end"},
	[OPTION_JSON] = {"json", 0, NULL, "print one page as JSON and end"},
	[OPTION_SORT] = {"sort", 0, "requests|refused|connections|name", "what comes first"},
	[OPTION_FILE] = {"file", 0, "LOG", "another log"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_top = {
	.name = "top",
	.arguments = "[--once | --json] [--sort COLUMN] [--file LOG]",
	.summary = "the containers that talk to the engine, live",
	.help = "A row for each container that runs or that asked for something in the last minute, and\n"
		"one for the host: its verdict, requests a second (the mean of ten seconds), what was\n"
		"refused in the last minute or would have been, connections that are open. Arrows choose\n"
		"what it is sorted by, q quits. Where standard output is no terminal one page is printed.\n"
		"\n"
		"Exits 0, or 3 when the log cannot be read.\n",
	.options = options,
	.run = run,
};

struct view {
	struct top top;
	enum top_order order;
};

static void refresh(struct view *view)
{
	json_t *status = NULL;

	top_read_log(&view->top);
	if (!geteuid() && !control_ask("status", ANSWER_TIMEOUT_MS, &status))
		containers_add(status);
	top_take_status(&view->top, status);
	json_decref(status);
	top_settle(&view->top, time(NULL), view->order);
}

static json_t *page_object(const struct top *top)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < top->count; i++) {
		const struct top_row *row = &top->rows[i];

		json_array_append_new(rows,
			json_pack("{s:s, s:s, s:s, s:s, s:f, s:I, s:o}", "id", row->id, "name",
				row->name, "image", row->image, "verdict", row->verdict,
				"requests_per_second", row->rate, "refused_in_last_minute",
				(json_int_t)row->refused, "connections",
				row->connections < 0 ? json_null()
						     : json_integer(row->connections)));
	}
	return json_pack("{s:o, s:o}", "latchd",
		json_boolean(top->answered), "containers", rows);
}

static void turn(struct view *view, int by)
{
	view->order = (view->order + TOP_ORDERS + by) % TOP_ORDERS;
}

/* One second of the page; false: it is over. */
static bool follow(struct view *view)
{
	int64_t until = time(NULL) + 1;

	while (time(NULL) < until) {
		char letter = 0;

		switch (screen_wait(250, &letter)) {
		case SCREEN_QUIT:
		case SCREEN_ENDED:
			return false;
		case SCREEN_LEFT:
			turn(view, -1);
			break;
		case SCREEN_RIGHT:
			turn(view, 1);
			break;
		case SCREEN_REDRAW:
			break;
		default:
			continue;
		}
		top_settle(&view->top, time(NULL), view->order);
		screen_show(&view->top, view->order);
	}
	return true;
}

static int show(struct view *view, bool once, bool json)
{
	refresh(view);
	if (json)
		return print_json("top", page_object(&view->top), LATCHCTL_OK);
	if (once || screen_open()) {
		screen_print(&view->top);
		return LATCHCTL_OK;
	}
	do {
		refresh(view);
		screen_show(&view->top, view->order);
	} while (follow(view));
	screen_close();
	return LATCHCTL_OK;
}

static int find_order(const char *name, enum top_order *order)
{
	for (int i = 0; i < TOP_ORDERS; i++)
		if (!strcmp(name, top_order_names[i])) {
			*order = i;
			return 0;
		}
	usage_error("top", "--sort: \"%s\" is none of requests, refused, connections, name", name);
	return -EINVAL;
}

static int run(int argc, char **argv)
{
	const char *value, *log = LATCH_AUDIT_LOG;
	bool once = false, json = false;
	struct view view = {0};
	int option, r;

	while ((option = options_next(&subcommand_top, argc, argv, false, &value)) >= 0) {
		if (option == OPTION_ONCE)
			once = true;
		else if (option == OPTION_JSON)
			json = true;
		else if (option == OPTION_FILE)
			log = value;
		else if (find_order(value, &view.order))
			return LATCHCTL_USAGE;
	}
	if (option == OPTIONS_WRONG || no_operands(&subcommand_top, argc, argv))
		return LATCHCTL_USAGE;
	r = top_open(&view.top, log);
	if (r < 0) {
		fprintf(stderr, "latchctl top: %s: %s%s\n", log, strerror(-r),
			r == -ENOENT   ? "; has latchd been started?"
			: r == -EACCES ? "; only root reads it"
				       : "");
		return LATCHCTL_UNKNOWN;
	}
	r = show(&view, once, json);
	top_close(&view.top);
	return r;
}
