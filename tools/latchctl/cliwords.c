// SPDX-License-Identifier: Apache-2.0
/*
 * From the words of a docker command line to a row of commands.def. It knows docker's options only
 * as far as they stand before a command's name, where an option's value could be taken for it; an
 * option that it does not know there is an error, because the word behind it could be either. What
 * follows the name decides nothing here: a verdict is on a command, whatever its operands.
 */
#include "cliwords.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "util.h"

struct cli_option {
	const char *below; /* "" for docker itself, or the command whose own option it is */
	const char *name;
	char letter; /* 0: it has none */
	bool has_value;
};

static const struct cli_option options[] = {
	{"", "config", 0, true},
	{"", "context", 'c', true},
	{"", "debug", 'D', false},
	{"", "help", 'h', false},
	{"", "host", 'H', true},
	{"", "log-level", 'l', true},
	{"", "tls", 0, false},
	{"", "tlscacert", 0, true},
	{"", "tlscert", 0, true},
	{"", "tlskey", 0, true},
	{"", "tlsverify", 0, false},
	{"", "version", 'v', false},
	{"buildx", "builder", 0, true},
	{"compose", "all-resources", 0, false},
	{"compose", "ansi", 0, true},
	{"compose", "compatibility", 0, false},
	{"compose", "dry-run", 0, false},
	{"compose", "env-file", 0, true},
	{"compose", "file", 'f', true},
	{"compose", "parallel", 0, true},
	{"compose", "profile", 0, true},
	{"compose", "progress", 0, true},
	{"compose", "project-directory", 0, true},
	{"compose", "project-name", 'p', true},
	{"compose", "verbose", 0, false},
};

/* A plugin of docker's takes docker's own options behind its name as well. */
static bool is_option_of(const struct cli_option *option, const char *below)
{
	return option->below[0] == '\0' || strcmp(option->below, below) == 0;
}

static const struct cli_option *find_long(const char *below, const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (is_option_of(&options[i], below) && strlen(options[i].name) == length &&
			strncmp(options[i].name, name, length) == 0)
			return &options[i];
	}
	return NULL;
}

static const struct cli_option *find_letter(const char *below, char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (is_option_of(&options[i], below) && options[i].letter == letter)
			return &options[i];
	}
	return NULL;
}

/*
 * How many words the option takes, itself included; 0 for one that is not known. As pflag reads
 * them: --host=x, --host x, -H x, -Hx, and letters in a row (-DH x).
 */
static int words_of_option(const char *below, const char *word)
{
	const struct cli_option *option;

	if (word[1] == '-') {
		size_t length = strcspn(word + 2, "=");

		option = find_long(below, word + 2, length);
		if (!option)
			return 0;
		return option->has_value && word[2 + length] == '\0' ? 2 : 1;
	}
	for (const char *letter = word + 1; *letter; letter++) {
		option = find_letter(below, *letter);
		if (!option)
			return 0;
		if (option->has_value)
			return letter[1] == '\0' ? 2 : 1;
	}
	return word[1] ? 1 : 0;
}

/* Skips options; returns the index of the first word behind them, or -1 at an unknown one. */
static int skip_options(const char *below, int count, char *const *words, int i)
{
	while (i < count && words[i][0] == '-') {
		int taken = words_of_option(below, words[i]);

		if (!taken)
			return -1;
		i += taken;
	}
	return i < count ? i : count;
}

static const struct command *find_name(const char *name)
{
	for (size_t i = 0; i < command_count(); i++) {
		if (command_has_name(command_get(i), name))
			return command_get(i);
	}
	return NULL;
}

static bool is_family(const char *words)
{
	for (size_t i = 0; i < command_count(); i++) {
		if (command_is_below(command_get(i), words))
			return true;
	}
	return false;
}

static size_t count_words(const char *text)
{
	size_t count = 1;

	for (; *text; text++)
		count += *text == ' ';
	return count;
}

/* Puts up to `limit` words that are no options together, with spaces. */
static void join(size_t limit, int count, char *const *words, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < count && limit > 0 && words[i][0] != '-'; i++, limit--) {
		int length = snprintf(text + used, size - used, "%s%s", used ? " " : "", words[i]);

		if (length < 0 || (size_t)length >= size - used)
			return;
		used += length;
	}
}

/* The nearest name, each compared with as many words as it has itself. */
static const char *nearest_name(int count, char *const *words)
{
	struct nearest best = {0};
	char text[256];

	for (size_t limit = 3; limit > 0; limit--) {
		struct nearest near = NEAREST(text);

		join(limit, count, words, text, sizeof(text));
		if (count_words(text) != limit)
			continue;
		for (size_t i = 0; i < command_count(); i++) {
			for (const char *const *name = command_get(i)->names; *name; name++) {
				if (count_words(*name) == limit)
					nearest_offer(&near, *name);
			}
		}
		if (near.name && (!best.name || near.distance < best.distance))
			best = near;
	}
	return best.name;
}

static int say_unknown(int count, char *const *words, const char *family, struct cliwords *found)
{
	const char *near = nearest_name(count, words);
	char text[64];

	if (family[0] &&
		(count <= (int)count_words(family) || words[count_words(family)][0] == '-')) {
		snprintf(found->problem, sizeof(found->problem),
			"docker %s has other commands below it and sends nothing by itself; "
			"`latchctl commands` lists them",
			family);
		return -EINVAL;
	}
	join(family[0] ? count_words(family) + 1 : 1, count, words, text, sizeof(text));
	snprintf(found->problem, sizeof(found->problem), "there is no command \"docker %s\"%s%s%s",
		text, near ? "; did you mean \"" : "; `latchctl commands` lists them all",
		near ? near : "", near ? "\"?" : "");
	return -EINVAL;
}

/*
 * Takes word after word for as long as there is a name that goes on like that. Options may stand
 * between them where the words so far are a plugin's name.
 */
static int find_longest(int count, char *const *words, struct cliwords *found)
{
	char joined[sizeof(found->name)] = "";
	size_t used = 0;
	int next = 0;

	for (int i = 0; i < count; i++) {
		int length, at = used ? skip_options(joined, count, words, i) : i;

		if (at < 0 || at >= count)
			break;
		i = at;
		length = snprintf(
			joined + used, sizeof(joined) - used, "%s%s", used ? " " : "", words[i]);
		if (length < 0 || (size_t)length >= sizeof(joined) - used) {
			joined[used] = '\0';
			break;
		}
		if (find_name(joined)) {
			found->command = find_name(joined);
			COPY_STRING(found->name, joined);
			next = i + 1;
		}
		if (!is_family(joined)) {
			if (!found->command)
				joined[used] = '\0';
			break;
		}
		used += length;
	}
	if (!found->command)
		return say_unknown(count, words, joined, found);
	if (found->command->support == COMMAND_UNSUPPORTED) {
		next = skip_options(found->name, count, words, next);
		if (next >= 0 && next < count)
			snprintf(found->part, sizeof(found->part), "%s", words[next]);
	}
	return 0;
}

int cliwords_read(int count, char *const *words, struct cliwords *found)
{
	int first = count > 0 && strcmp(words[0], "docker") == 0;
	int i = skip_options("", count, words, first);

	memset(found, 0, sizeof(*found));
	if (i < 0) {
		for (i = first; words_of_option("", words[i]); i += words_of_option("", words[i]))
			;
		snprintf(found->problem, sizeof(found->problem),
			"docker has no option \"%.64s\" before its command", words[i]);
		return -EINVAL;
	}
	if (i >= count) {
		snprintf(found->problem, sizeof(found->problem),
			"which command of docker's? Nothing stands there but options");
		return -EINVAL;
	}
	return find_longest(count - i, words + i, found);
}

bool cliwords_begin(const char *word)
{
	size_t length = strlen(word);

	if (strcmp(word, "docker") == 0)
		return true;
	for (size_t i = 0; i < command_count(); i++) {
		for (const char *const *name = command_get(i)->names; *name; name++) {
			if (strcspn(*name, " ") == length && strncmp(*name, word, length) == 0)
				return true;
		}
	}
	return false;
}
