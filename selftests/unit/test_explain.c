// SPDX-License-Identifier: Apache-2.0
/*
 * What `latchctl explain` knows: which command a docker command line is (against the lines that were
 * recorded in selftests/data/commands.tsv, and against lines whose operands look like commands),
 * which entry of a list is behind a verdict, and that its advice, followed, gives what it promises.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cliwords.h"
#include "command_policy.h"
#include "latchctl.h"
#include "parts.h"
#include "tsv.h"
#include "util.h"
#include "verdict.h"

enum { COMMAND, ALIASES, EXAMPLE }; /* columns */

/* main.c's; here nothing is a terminal. */
const char *style(FILE *out, enum style look)
{
	(void)out;
	(void)look;
	return "";
}

/* ---- from words to a command ---- */

#define MAX_WORDS 64

/* Cuts `line` at its spaces, as a shell would without quotes; good enough for names and options. */
static int split(char *line, char **words)
{
	int count = 0;

	for (char *word = strtok(line, " "); word && count < MAX_WORDS; word = strtok(NULL, " "))
		words[count++] = word;
	return count;
}

static int read_line(const char *line, struct cliwords *found)
{
	char text[1024], *words[MAX_WORDS];

	snprintf(text, sizeof(text), "%s", line);
	return cliwords_read(split(text, words), words, found);
}

static void expect_name(const char *line, const char *name)
{
	struct cliwords found;

	if (read_line(line, &found) < 0)
		fail_msg("%s: %s", line, found.problem);
	if (strcmp(found.name, name) != 0)
		fail_msg("%s is taken for %s, not %s", line, found.name, name);
	assert_true(command_has_name(found.command, name));
}

static void expect_problem(const char *line, const char *part)
{
	struct cliwords found;

	if (read_line(line, &found) == 0)
		fail_msg("%s is taken for %s", line, found.name);
	if (!strstr(found.problem, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", line, found.problem, part);
}

/* "docker start -ai (tty)": the words up to the first that is no part of a name. */
static void name_of(const char *text, char *name, size_t size)
{
	const char *word = text + strlen("docker ");
	size_t used = 0;

	name[0] = '\0';
	while (*word >= 'a' && *word <= 'z') {
		size_t length = strcspn(word, " ");

		used += (size_t)snprintf(name + used, size - used, "%s%.*s", used ? " " : "",
			(int)length, word);
		word += length;
		word += strspn(word, " ");
	}
}

/*
 * The next row that is about one command. Left out: the heading, what is no command (a shell's
 * completion, `docker --help`).
 */
static bool next_row(struct tsv *tsv, char *name, size_t size)
{
	while (tsv_read(tsv)) {
		if (strncmp(tsv->fields[COMMAND], "docker ", 7) != 0)
			continue;
		name_of(tsv->fields[COMMAND], name, size);
		if (name[0])
			return true;
	}
	return false;
}

static bool is_unsupported(const char *name)
{
	return strncmp(name, "compose", 7) == 0 || strncmp(name, "trust", 5) == 0 ||
		strncmp(name, "manifest", 8) == 0;
}

static void every_recorded_command_is_understood_by_its_name(void **state)
{
	struct tsv tsv;
	char name[64];
	int rows = 0;

	(void)state;
	tsv_open(&tsv, __FILE__, "commands.tsv");
	for (; next_row(&tsv, name, sizeof(name)); rows++) {
		struct cliwords found;

		if (!is_unsupported(name)) {
			expect_name(tsv.fields[COMMAND], name);
			continue;
		}
		assert_int_equal(read_line(tsv.fields[COMMAND], &found), 0);
		assert_int_equal(found.command->support, COMMAND_UNSUPPORTED);
		assert_memory_equal(found.part, strchr(name, ' ') + 1, strlen(found.part));
		assert_int_equal(strcspn(strchr(name, ' ') + 1, " "), strlen(found.part));
	}
	tsv_close(&tsv);
	assert_in_range(rows, 200, 1000);
}

static void every_recorded_alias_is_the_same_command(void **state)
{
	struct tsv tsv;
	char name[64];
	int aliases = 0;

	(void)state;
	tsv_open(&tsv, __FILE__, "commands.tsv");
	while (next_row(&tsv, name, sizeof(name))) {
		char *rest = tsv.fields[ALIASES];
		struct cliwords own, other;

		if (is_unsupported(name))
			continue;
		assert_int_equal(read_line(tsv.fields[COMMAND], &own), 0);
		for (char *alias; (alias = strsep(&rest, ",")) && alias[0];) {
			alias += strspn(alias, " ");
			expect_name(alias, alias + strlen("docker "));
			assert_int_equal(read_line(alias, &other), 0);
			if (own.command != other.command)
				fail_msg("%s is not %s", alias, name);
			aliases++;
		}
	}
	tsv_close(&tsv);
	assert_in_range(aliases, 200, 10000);
}

/* The whole line as it was run, with its options and operands. */
static void every_recorded_command_line_is_the_command_of_its_row(void **state)
{
	struct tsv tsv;
	char name[64];
	int lines = 0;

	(void)state;
	tsv_open(&tsv, __FILE__, "commands.tsv");
	while (next_row(&tsv, name, sizeof(name))) {
		const char *line = strstr(tsv.fields[EXAMPLE], "docker ");

		if (is_unsupported(name) || !line)
			continue;
		expect_name(line, name);
		lines++;
	}
	tsv_close(&tsv);
	assert_in_range(lines, 150, 1000);
}

static void the_longest_name_counts(void **state)
{
	(void)state;
	expect_name("docker image push x", "image push");
	expect_name("docker buildx history ls", "buildx history ls");
	expect_name("docker buildx history", "buildx history");
	expect_name("docker container ls", "container ls");
	expect_name("docker inspect", "inspect");
}

static void the_word_docker_may_be_left_out(void **state)
{
	(void)state;
	expect_name("push x", "push");
	expect_name("image push x", "image push");
	expect_problem("docker docker push", "no command \"docker docker\"");
}

/* What an option or an operand holds must not be taken for the command. */
static void operands_and_options_are_not_commands(void **state)
{
	(void)state;
	expect_name("docker run push", "run");
	expect_name("docker run --name push alpine ps", "run");
	expect_name("docker ps push", "ps");
	expect_name("docker --context push ps", "ps");
	expect_name("docker --context=push ps", "ps");
	expect_name("docker -c push image ls", "image ls");
	expect_name("docker -H push ps", "ps");
	expect_name("docker -Hpush ps", "ps");
	expect_name("docker -DH push ps", "ps");
	expect_name("docker -D --tls --log-level debug --config push images", "images");
	expect_name("docker --host tcp://x -c push container run y", "container run");
	expect_name("docker buildx --builder bake build .", "buildx build");
	expect_name("docker buildx -D --builder=bake ls", "buildx ls");
	expect_name("docker images ls", "images");
}

/* An unknown option may or may not have the next word as its value: no guess. */
static void an_unknown_option_before_the_command_is_an_error(void **state)
{
	(void)state;
	expect_problem("docker --frob push ps", "no option \"--frob\"");
	expect_problem("docker -x ps", "no option \"-x\"");
	expect_problem("docker - ps", "no option \"-\"");
	expect_problem("docker -- ps", "no option \"--\"");
	expect_problem("docker -H", "which command");
	expect_problem("docker", "which command");
	expect_problem("docker --debug", "which command");
}

static void an_unknown_command_is_told_with_the_nearest(void **state)
{
	(void)state;
	expect_problem("docker psuh x", "did you mean \"push\"?");
	expect_problem("docker imgae ls", "did you mean \"image ls\"?");
	expect_problem("docker image pus", "did you mean \"image push\"?");
	expect_problem("docker xyzzyxyzzy", "no command \"docker xyzzyxyzzy\"");
	expect_problem("docker PUSH x", "no command");
	expect_problem("docker push* x", "no command");
	expect_problem("docker image", "other commands below it");
	expect_problem("docker plugin --help", "other commands below it");
}

static void a_word_of_any_length_is_only_unknown(void **state)
{
	struct cliwords found;
	char word[5000], *words[] = { (char *)"docker", word };

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_true(cliwords_read(2, words, &found) < 0);
	memcpy(word, "ps", 2);
	assert_true(cliwords_read(2, words, &found) < 0);
	words[1] = (char *)"";
	assert_true(cliwords_read(2, words, &found) < 0);
	words[1] = (char *)"image";
	assert_true(cliwords_read(2, words, &found) < 0);
	/* "image ls" as one word is no command of the shell's either, but means only itself. */
	words[1] = (char *)"image ls";
	assert_int_equal(cliwords_read(2, words, &found), 0);
	assert_string_equal(found.name, "image ls");
}

static void an_unsupported_command_knows_its_part(void **state)
{
	struct cliwords found;

	(void)state;
	assert_int_equal(read_line("docker compose -f pull.yml --profile down up -d", &found), 0);
	assert_string_equal(found.part, "up");
	assert_int_equal(read_line("docker compose", &found), 0);
	assert_string_equal(found.part, "");
	assert_int_equal(read_line("docker compose --frob x up", &found), 0);
	assert_string_equal(found.part, "");
}

/* ---- verdicts and what is behind them ---- */

struct fixture {
	struct commandlist list;
	struct compiled_list compiled;
};

static void compile(struct fixture *fixture, enum commandlist_type type, const char *const *names)
{
	char problem[256];

	fixture->list = (struct commandlist){ .type = type, .commands = names };
	while (names[fixture->list.count])
		fixture->list.count++;
	fixture->compiled.list = &fixture->list;
	if (commandlist_compile(&fixture->list, fixture->compiled.verdicts, problem, sizeof(problem)))
		fail_msg("%s", problem);
}

#define DENY(fixture, ...)                                                                         \
	compile(fixture, COMMANDLIST_DENY, (const char *const[]){ __VA_ARGS__, NULL })
#define ALLOW(fixture, ...)                                                                        \
	compile(fixture, COMMANDLIST_ALLOW, (const char *const[]){ __VA_ARGS__, NULL })

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < command_count(); i++) {
		if (command_has_name(command_get(i), name))
			return command_get(i);
	}
	fail_msg("no command %s", name);
	return NULL;
}

static struct command_verdict judge(const struct fixture *fixture, const char *name)
{
	struct command_verdict verdict;

	verdict_of_command(&fixture->compiled, command_named(name), &verdict);
	/* It points into itself. */
	if (verdict.refused_at)
		assert_in_range(verdict.refused_at - verdict.routes, 0, verdict.count - 1);
	return verdict;
}

static int refused_route(const struct fixture *fixture, const char *name)
{
	struct command_verdict verdict;

	verdict_of_command(&fixture->compiled, command_named(name), &verdict);
	return verdict.refused_at ? verdict.refused_at->route : ROUTE_NONE;
}

static void run_is_refused_at_create_under_an_allow_list_of_ps(void **state)
{
	struct command_verdict verdict;
	struct fixture fixture;

	(void)state;
	ALLOW(&fixture, "ps");
	verdict = judge(&fixture, "run");
	assert_int_equal(verdict.outcome, OUTCOME_REFUSE);
	assert_int_equal(refused_route(&fixture, "run"), ROUTE_CONTAINER_CREATE);
	assert_int_equal(verdict.routes[0].decider, DECIDER_DEFAULT);
	assert_null(verdict.routes[0].entry);
	assert_int_equal(judge(&fixture, "ps").outcome, OUTCOME_PASS);
	assert_int_equal(judge(&fixture, "version").outcome, OUTCOME_PASS);
	assert_int_equal(judge(&fixture, "version").routes[0].decider, DECIDER_ALWAYS);
	assert_int_equal(judge(&fixture, "logout").outcome, OUTCOME_PASS);
	assert_int_equal(judge(&fixture, "logout").count, 0);
}

static void the_entry_that_decides_is_named(void **state)
{
	struct fixture fixture;

	(void)state;
	DENY(&fixture, "ps", "push");
	assert_string_equal(judge(&fixture, "image push").routes[0].entry, "push");
	DENY(&fixture, "ps", "image*");
	assert_string_equal(judge(&fixture, "push").routes[0].entry, "image*");
	DENY(&fixture, "create");
	assert_string_equal(judge(&fixture, "run").routes[0].entry, "create");
	DENY(&fixture, "plugin");
	assert_string_equal(judge(&fixture, "plugin install").routes[0].entry, "plugin");
	ALLOW(&fixture, "logs", "run");
	assert_string_equal(judge(&fixture, "create").routes[0].entry, "run");
	DENY(&fixture, "version");
	assert_null(judge(&fixture, "version").routes[0].entry);
	assert_true(judge(&fixture, "version").routes[0].pass);
}

static void what_is_refused_in_part_is_said(void **state)
{
	struct command_verdict verdict;
	struct fixture fixture;

	(void)state;
	DENY(&fixture, "pull");
	verdict = judge(&fixture, "run");
	assert_int_equal(verdict.outcome, OUTCOME_PART);
	assert_int_equal(refused_route(&fixture, "run"), ROUTE_IMAGE_PULL);
	DENY(&fixture, "network inspect");
	assert_int_equal(judge(&fixture, "inspect").outcome, OUTCOME_PART);
	ALLOW(&fixture, "create");
	verdict = judge(&fixture, "run");
	assert_int_equal(verdict.outcome, OUTCOME_PART);
	assert_true(verdict.routes[0].pass);
}

static void every_entry_that_refuses_is_to_be_removed(void **state)
{
	struct command_verdict verdict;
	struct fixture fixture;
	const char *names[8];

	(void)state;
	DENY(&fixture, "push", "ps", "image*", "image push");
	verdict = judge(&fixture, "push");
	assert_int_equal(
		verdict_entries(&fixture.compiled, verdict.routes, verdict.count, names, 8), 3);
	assert_string_equal(names[0], "push");
	assert_string_equal(names[1], "image*");
	assert_string_equal(names[2], "image push");
	/* A caller with less room learns how many there are. */
	assert_int_equal(
		verdict_entries(&fixture.compiled, verdict.routes, verdict.count, names, 1), 3);
}

/*
 * The reason that is given is the one: taking away every entry that is named turns the verdict, and
 * without a named one it is that of a list without entries.
 */
static void expect_true_reasons(const struct fixture *fixture)
{
	struct fixture bare;
	const char *none[] = { NULL };

	compile(&bare, fixture->list.type, none);
	for (int route = 0; route < ROUTE_COUNT; route++) {
		struct route_verdict verdict;
		const char *names[16] = { 0 };
		struct fixture alone;

		verdict_of_route(&fixture->compiled, route, &verdict);
		assert_int_equal(verdict.pass, fixture->compiled.verdicts[route]);
		if (verdict.decider != DECIDER_ENTRY) {
			assert_int_equal(verdict.pass, bare.compiled.verdicts[route]);
			continue;
		}
		assert_int_not_equal(verdict.pass, bare.compiled.verdicts[route]);
		names[0] = verdict.entry;
		compile(&alone, fixture->list.type, names);
		assert_int_equal(verdict.pass, alone.compiled.verdicts[route]);
	}
}

static void the_reason_that_is_given_is_the_reason(void **state)
{
	struct fixture fixture;

	(void)state;
	DENY(&fixture, "push", "image*", "run", "system prune", "logout");
	expect_true_reasons(&fixture);
	ALLOW(&fixture, "ps", "run", "volume*", "service create", "login");
	expect_true_reasons(&fixture);
	compile(&fixture, COMMANDLIST_DENY, (const char *const[]){ NULL });
	expect_true_reasons(&fixture);
	compile(&fixture, COMMANDLIST_ALLOW, (const char *const[]){ NULL });
	expect_true_reasons(&fixture);
}

/* The list without the names, in `left`, which must have room for all. */
static void remove_names(const struct commandlist *list, const char *const *names, size_t count,
	const char **left)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		bool named = false;

		for (size_t j = 0; j < count; j++)
			named = named || strcmp(names[j], list->commands[i]) == 0;
		if (!named)
			left[kept++] = list->commands[i];
	}
	left[kept] = NULL;
}

static void advice_that_is_followed_helps(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_get(i);
		const char *name = command->names[0], *names[16], *left[16];
		struct command_verdict verdict;
		struct fixture fixture;
		size_t count;

		if (command->support == COMMAND_UNSUPPORTED)
			continue;
		ALLOW(&fixture, "ps", name);
		if (judge(&fixture, name).outcome != OUTCOME_PASS)
			fail_msg("%s on the allow list does not let it through", name);
		DENY(&fixture, "container*", "image*", "start", "info", "service", "build", name);
		verdict = judge(&fixture, name);
		count = verdict_entries(&fixture.compiled, verdict.routes, verdict.count, names, 16);
		remove_names(&fixture.list, names, count, left);
		compile(&fixture, COMMANDLIST_DENY, left);
		if (judge(&fixture, name).outcome != OUTCOME_PASS)
			fail_msg("%s is refused still", name);
	}
}

/* A recorded command that is denied by its own name is refused, and the reason is that name. */
static void denied_by_name_means_refused_by_that_entry(void **state)
{
	struct tsv tsv;
	char name[64];

	(void)state;
	tsv_open(&tsv, __FILE__, "commands.tsv");
	while (next_row(&tsv, name, sizeof(name))) {
		struct command_verdict verdict;
		struct fixture fixture;

		/* version always passes; a silent command has nothing that could be refused. */
		if (is_unsupported(name) || !strcmp(name, "version") ||
			command_named(name)->support == COMMAND_SILENT)
			continue;
		DENY(&fixture, name);
		verdict = judge(&fixture, name);
		if (verdict.outcome != OUTCOME_REFUSE)
			fail_msg("%s is not refused", name);
		for (size_t i = 0; i < verdict.count && verdict.routes[i].is; i++)
			assert_string_equal(verdict.routes[i].entry, name);
	}
	tsv_close(&tsv);
}

/* ---- the kernel's opinion ---- */

static void the_kernel_is_believed_only_where_it_was_read(void **state)
{
	static struct command_policy policy;

	(void)state;
	policy.enabled = true;
	policy.kernel_mode = POLICY_UNREAD;
	for (int i = 0; i < ROUTE_COUNT; i++) {
		policy.kernel[i] = POLICY_UNREAD;
		policy.compiled.verdicts[i] = LATCH_VERDICT_REFUSE;
	}
	assert_false(command_policy_differs(&policy, ROUTE_IMAGE_PUSH));
	policy.kernel_mode = LATCH_MODE_ENFORCE;
	for (int i = 0; i < ROUTE_COUNT; i++)
		policy.kernel[i] = LATCH_VERDICT_REFUSE;
	assert_false(command_policy_differs(&policy, ROUTE_IMAGE_PUSH));
	policy.kernel[ROUTE_IMAGE_PUSH] = LATCH_VERDICT_PASS;
	assert_true(command_policy_differs(&policy, ROUTE_IMAGE_PUSH));
	assert_false(command_policy_differs(&policy, ROUTE_IMAGE_TAG));
	policy.kernel_mode = LATCH_MODE_OFF;
	assert_true(command_policy_differs(&policy, ROUTE_IMAGE_TAG));
}

/* ---- what unsupported commands are made of ---- */

static void every_part_names_commands_that_exist(void **state)
{
	const struct command *parts[64], *all[64];
	size_t count = parts_of("compose", "up", parts, 64);

	(void)state;
	assert_true(parts_known("compose", "up"));
	assert_in_range(count, 10, 64);
	assert_false(parts_known("compose", "no-such-part"));
	/* Unknown parts come to everything that compose may send. */
	assert_in_range(parts_of("compose", "no-such-part", all, 64), count + 1, 64);
	assert_int_equal(parts_of("compose", "version", parts, 64), 0);
	assert_int_equal(parts_of("scout", "", parts, 64), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_command_is_understood_by_its_name),
		cmocka_unit_test(every_recorded_alias_is_the_same_command),
		cmocka_unit_test(every_recorded_command_line_is_the_command_of_its_row),
		cmocka_unit_test(the_longest_name_counts),
		cmocka_unit_test(the_word_docker_may_be_left_out),
		cmocka_unit_test(operands_and_options_are_not_commands),
		cmocka_unit_test(an_unknown_option_before_the_command_is_an_error),
		cmocka_unit_test(an_unknown_command_is_told_with_the_nearest),
		cmocka_unit_test(a_word_of_any_length_is_only_unknown),
		cmocka_unit_test(an_unsupported_command_knows_its_part),
		cmocka_unit_test(run_is_refused_at_create_under_an_allow_list_of_ps),
		cmocka_unit_test(the_entry_that_decides_is_named),
		cmocka_unit_test(what_is_refused_in_part_is_said),
		cmocka_unit_test(every_entry_that_refuses_is_to_be_removed),
		cmocka_unit_test(the_reason_that_is_given_is_the_reason),
		cmocka_unit_test(advice_that_is_followed_helps),
		cmocka_unit_test(denied_by_name_means_refused_by_that_entry),
		cmocka_unit_test(the_kernel_is_believed_only_where_it_was_read),
		cmocka_unit_test(every_part_names_commands_that_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
