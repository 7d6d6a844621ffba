// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl suggest: the settings file on standard output, what stands behind each of its entries on
 * standard error. The file is proved before it is printed: read as latchd would, compiled as latchd does.
 */
#include <inttypes.h>

#include "audit_reader.h"
#include "describe.h"
#include "latchctl.h"
#include "output.h"
#include "paths.h"
#include "suggest_settings.h"

enum {
	OPTION_FILE,
	OPTION_SINCE,
	OPTION_WILDCARD_TAGS,
};

static const struct command_option options[] = {
	[OPTION_FILE] = {"file", 0, "LOG", "an audit log; may be repeated; - is standard input"},
	[OPTION_SINCE] = {"since", 0, "TIME", "leave out what is older: 15m, 12h, 7d, 2026-11-27T08:30:00"},
	[OPTION_WILDCARD_TAGS] = {"wildcard-tags", 0, NULL, "list name:* instead of the tags that were seen"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_suggest = {
	.name = "suggest",
	.arguments = "[--file LOG]... [--since TIME] [--wildcard-tags]",
	.summary = "the smallest settings that let run what the audit log shows",
	.help = "Reads the audit log, best that of a while in audit mode (latchd --mode=audit), where\n"
		"nothing is refused and so everything is seen. Prints a whole settings file: the\n"
		"images whose containers used the socket, or tried to; an allow list of the fewest\n"
		"commands that pass every request that they sent; what they handed out of the host,\n"
		"image by image. What was not seen is refused under it. It is always an allow list:\n"
		"a deny list passes what nobody has seen yet.\n"
		"\n"
		"On standard error: what each entry comes from, what an entry passes beside what was\n"
		"seen, and what cannot be expressed in settings. Read it before you use the file: a\n"
		"log shows what was done, not what should be.\n"
		"\n"
		"  latchctl suggest --since 7d >new.json && latchctl check new.json\n"
		"  latchctl explain --settings new.json docker push\n"
		"\n"
		"Exits 0 when all that was seen runs under the file, 1 when something does not (each\n"
		"is said; the file is printed all the same), 3 when the log cannot be read or shows\n"
		"nothing that settings could be made of.\n",
	.options = options,
	.run = run,
};

/* "412 passed, 3 refused": the counts that there are. */
static void print_counts(const uint64_t count[AUDIT_VERDICTS])
{
	static const char *const words[AUDIT_VERDICTS] = {"passed", "refused", "would be refused"};
	const char *separator = "";

	for (int i = 0; i < AUDIT_VERDICTS; i++) {
		if (!count[i])
			continue;
		fprintf(stderr, "%s%" PRIu64 " %s", separator, count[i], words[i]);
		separator = ", ";
	}
}

static void print_title(const char *title)
{
	fprintf(stderr, "%s%s%s\n", style(stderr, STYLE_TITLE), title, style(stderr, STYLE_PLAIN));
}

static void print_images(const struct suggestion *suggestion, const struct evidence *evidence)
{
	const char *entry;
	json_t *names;

	print_title("images, by what their containers did with the socket");
	if (!json_object_size(suggestion->images))
		fputs("  none: no container of an image that can be listed used it\n", stderr);
	json_object_foreach(suggestion->images, entry, names) {
		uint64_t sum[AUDIT_VERDICTS] = {0};

		for (size_t i = 0; i < json_array_size(names); i++)
			for (size_t j = 0; j < evidence->images.count; j++) {
				const struct tally_row *row = &evidence->images.rows[j];

				if (strcmp(row->key, json_string_value(json_array_get(names, i))))
					continue;
				for (int k = 0; k < AUDIT_VERDICTS; k++)
					sum[k] += row->count[k];
			}
		fputs("  ", stderr);
		print_safe(stderr, entry);
		fputs("  ", stderr);
		print_counts(sum);
		putc('\n', stderr);
	}
	for (size_t i = 0; i < evidence->derived.count; i++) {
		const struct tally_row *row = &evidence->derived.rows[i];

		fputs("  allowDerivedImages: ", stderr);
		print_safe(stderr, row->name ? row->name : "an image");
		fputs(" is derived from ", stderr);
		print_safe(stderr, row->key);
		fputs("; so every local image on its layers is let in\n", stderr);
	}
}

static bool lists(const short *routes, int route)
{
	for (; *routes != COMMAND_NO_ROUTE; routes++)
		if (*routes == route)
			return true;
	return false;
}

static void print_routes(const struct command *command, const struct evidence *evidence, bool seen)
{
	for (int route = 0; route < ROUTE_COUNT; route++) {
		const uint64_t *count = evidence->requests[route];
		bool was_seen = count[0] || count[1] || count[2];

		if (!(lists(command->is, route) || lists(command->needs, route)) || was_seen != seen ||
			route_get(route)->flags & ROUTE_ALWAYS)
			continue;
		fprintf(stderr, "    %-7s %s  ", route_get(route)->method, route_get(route)->template);
		if (seen)
			print_counts(count);
		else
			fputs("passes with it, and was not seen", stderr);
		putc('\n', stderr);
	}
}

static void print_commands(const struct suggestion *suggestion, const struct evidence *evidence)
{
	const struct command_cover *cover = &suggestion->cover;

	print_title("commands, an allow list");
	if (!cover->count)
		fputs("  none\n", stderr);
	for (size_t i = 0; i < cover->count; i++) {
		fprintf(stderr, "  %s\n", cover->commands[i]->names[0]);
		print_routes(cover->commands[i], evidence, true);
		print_routes(cover->commands[i], evidence, false);
	}
	if (!cover->smallest)
		fputs("  (there may be a shorter list: the search was given up)\n", stderr);
}

static void print_access(const struct evidence *evidence)
{
	bool titled = false;

	for (int access = 0; access < HOST_ACCESS_COUNT; access++)
		for (size_t i = 0; i < evidence->access[access].count; i++) {
			const struct tally_row *row = &evidence->access[access].rows[i];

			if (!titled)
				print_title("hostAccess: what they ask of the host");
			titled = true;
			fprintf(stderr, "  %s, %s: ", host_access_name(access), host_access_what(access));
			print_safe(stderr, *row->key ? row->key : "for all images, for none was named");
			fputs("  ", stderr);
			print_counts(row->count);
			putc('\n', stderr);
		}
}

static void print_notes(const struct suggestion *suggestion)
{
	json_t *sentence;
	size_t i;

	if (json_array_size(suggestion->notes))
		fprintf(stderr, "%snot in the file%s\n", style(stderr, STYLE_WARNING),
			style(stderr, STYLE_PLAIN));
	json_array_foreach(suggestion->notes, i, sentence) {
		fputs("  ", stderr);
		print_safe(stderr, json_string_value(sentence));
		putc('\n', stderr);
	}
}

static int print(const struct suggestion *suggestion, const struct evidence *evidence,
	const struct audit_reader *log)
{
	_cleanup_free_ char *text =
		json_dumps(suggestion->file, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	_cleanup_free_ char *problem = NULL;

	if (!text || suggestion_prove(suggestion, evidence, text, &problem) < 0) {
		fprintf(stderr, "latchctl suggest: the suggestion does not hold (%s); this is a fault of "
				"latchctl's\n",
			problem ? problem : "out of memory");
		return LATCHCTL_UNKNOWN;
	}
	fprintf(stderr, "%" PRIu64 " records\n", log->records);
	print_images(suggestion, evidence);
	print_commands(suggestion, evidence);
	print_access(evidence);
	print_notes(suggestion);
	if (evidence->refused)
		fprintf(stderr,
			"%" PRIu64 " were refused: what would have come next is not known; latchd "
			"--mode=audit refuses nothing, and shows all\n",
			evidence->refused);
	puts(text);
	return json_array_size(suggestion->notes) ? LATCHCTL_NO : LATCHCTL_OK;
}

static int suggest(const struct evidence *evidence, bool every_tag, const struct audit_reader *log)
{
	struct suggestion suggestion;
	int r = suggestion_make(evidence, every_tag, &suggestion);

	if (r < 0) {
		fprintf(stderr, "latchctl suggest: %s\n", strerror(-r));
		r = LATCHCTL_UNKNOWN;
	} else if (!json_object_size(suggestion.images) && !suggestion.cover.count &&
		   !json_array_size(suggestion.notes)) {
		fputs("latchctl suggest: in these records no container used the socket: there is nothing "
		      "to make settings of\n",
			stderr);
		r = LATCHCTL_UNKNOWN;
	} else {
		r = print(&suggestion, evidence, log);
	}
	suggestion_free(&suggestion);
	return r;
}

static int run(int argc, char **argv)
{
	struct evidence evidence = {0};
	struct audit_reader log = {0};
	bool every_tag = false;
	const char *value;
	int option, r;

	while ((option = options_next(&subcommand_suggest, argc, argv, false, &value)) >= 0) {
		if (option == OPTION_WILDCARD_TAGS)
			every_tag = true;
		else if (option == OPTION_FILE && !audit_reader_add_file(&log, argv[0], value))
			return LATCHCTL_USAGE;
		else if (option == OPTION_SINCE && !audit_reader_set_since(&log, argv[0], value))
			return LATCHCTL_USAGE;
	}
	if (option == OPTIONS_WRONG || no_operands(&subcommand_suggest, argc, argv))
		return LATCHCTL_USAGE;
	r = audit_reader_run(&log, argv[0], evidence_add, &evidence);
	if (r == LATCHCTL_OK) {
		evidence_settle(&evidence);
		audit_reader_remark(&log, argv[0]);
		r = suggest(&evidence, every_tag, &log);
	}
	evidence_free(&evidence);
	return r;
}
