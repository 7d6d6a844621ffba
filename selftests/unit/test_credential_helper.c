// SPDX-License-Identifier: Apache-2.0
/*
 * Credential helpers: which one is asked, what it is told, what its answers mean, and that none of
 * them, good or bad, outlives those who wait for it or gives away a secret.
 */
#include "credential_place.h"

#include "../../userspace/registry/credential_helper.h"
#include "../../userspace/registry/credential_words.h"

static void the_helper_of_the_registry_counts_then_the_store_then_the_file(void **state)
{
	static const struct {
		const char *config, *domain, *user;
	} rows[] = {
#define AUTHS "\"auths\":{\"" R "\":{\"username\":\"file\"}}"
		{"{" AUTHS "}", R, "file"},
		{"{" AUTHS ",\"credsStore\":\"store\"}", R, "store"},
		{"{" AUTHS ",\"credsStore\":\"store\",\"credHelpers\":{\"" R "\":\"own\"}}", R,
			"own"},
		{"{" AUTHS ",\"credHelpers\":{\"" R "\":\"own\"}}", R, "own"},
		{"{" AUTHS ",\"credHelpers\":{\"" R ":5000\":\"own\"}}", R, "file"},
		{"{" AUTHS ",\"credHelpers\":{\"https://" R "\":\"own\"}}", R, "file"},
		/* An own helper without a name is docker's way back to the file. */
		{"{" AUTHS ",\"credsStore\":\"store\",\"credHelpers\":{\"" R "\":\"\"}}", R,
			"file"},
		{"{\"credHelpers\":{\"https://index.docker.io/v1/\":\"own\"}}", "docker.io", "own"},
		{"{\"credHelpers\":{\"docker.io\":\"own\"}}", "docker.io", "own"},
#undef AUTHS
	};
	struct place *place = *state;

	write_helper(place, "own", "echo '{\"Username\":\"own\",\"Secret\":\"\"}'");
	write_helper(place, "store", "echo '{\"Username\":\"store\",\"Secret\":\"\"}'");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		write_config(place, rows[i].config);
		outcome = get(place, rows[i].domain);
		if (outcome.error || strcmp(outcome.user, rows[i].user))
			fail_msg("%s: %s %s", rows[i].config, outcome.user, outcome.problem);
	}
}

static void a_helper_is_told_get_and_the_server_and_nothing_else(void **state)
{
	struct place *place = *state;
	struct outcome outcome;
	int leaking = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	char expected[256];

	assert_int_equal(dup2(leaking, 77), 77);
	setenv("LATCH_TEST_SECRET", SECRET, 1);
	write_config(place, "{\"credsStore\":\"h.e-l_p\"}");
	write_helper(place, "h.e-l_p",
		"printf '%s|' \"$#\" \"$@\" >$D/arguments\n"
		"cat >$D/input\n"
		"tr '\\0' '\\n' </proc/$$/environ >$D/environment\n"
		"ls /proc/$$/fd >$D/descriptors\n"
		"readlink /proc/$$/cwd >$D/cwd\n"
		"echo noise >&2\n"
		"echo '" GOOD "'");
	outcome = get(place, R ":5000");
	close(77);
	close(leaking);
	unsetenv("LATCH_TEST_SECRET");
	expect(&outcome, "u", "p");
	assert_string_equal(left(place, "arguments"), "1|get|");
	assert_string_equal(left(place, "input"), R ":5000");
	snprintf(expected, sizeof(expected), "PATH=%s\nHOME=", getenv("PATH"));
	assert_int_equal(strncmp(left(place, "environment"), expected, strlen(expected)), 0);
	assert_null(strchr(left(place, "environment") + strlen(expected), '=')); /* no third one */
	assert_string_equal(left(place, "cwd"), "/\n");
	assert_non_null(strstr(left(place, "descriptors"), "0\n1\n"));
	assert_null(strstr(left(place, "descriptors"), "77"));
	outcome = get(place, "docker.io");
	expect(&outcome, "u", "p");
	assert_string_equal(left(place, "input"), "https://index.docker.io/v1/");
}

static void a_helper_that_never_reads_is_no_trouble(void **state)
{
	struct place *place = *state;
	struct outcome outcome;

	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", "exec 0<&-\necho '" GOOD "'");
	outcome = get(place, R);
	expect(&outcome, "u", "p");
}

static void what_a_helper_answers_is_read_as_docker_does(void **state)
{
	static const struct {
		const char *body, *user, *password, *token;
	} rows[] = {
		{"echo '" GOOD "'", "u", "p", "(none)"},
		{"echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'", "(none)", "(none)", "t"},
		{"echo '{\"Username\":\"<token>\",\"Secret\":\"\"}'", "(none)", "(none)", "(none)"},
		{"echo '{\"Username\":\"u\",\"Secret\":\"\"}'", "u", "", "(none)"},
		{"echo '{\"Username\":\"\",\"Secret\":\"\"}'", "(none)", "(none)", "(none)"},
		{"echo '{}'", "(none)", "(none)", "(none)"},
		{"printf '{\"Username\":'; sleep 0.05; printf '\"u\",\"Secret\":\"p\"}'", "u", "p",
			"(none)"},
		{"echo credentials not found in native keychain; exit 1", "(none)", "(none)",
			"(none)"},
		{"printf '  credentials not found in native keychain'; exit 3", "(none)", "(none)",
			"(none)"},
		{"printf '%65536s' '" GOOD "'", "u", "p", "(none)"}, /* 64 KiB, none missing */
	};
	struct place *place = *state;

	write_config(place, "{\"credsStore\":\"h\"}");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;
		char domain[64];

		write_helper(place, "h", rows[i].body);
		snprintf(domain, sizeof(domain), "%zu.example", i); /* nothing kept */
		outcome = get(place, domain);
		if (outcome.error || strcmp(outcome.user, rows[i].user) ||
			strcmp(outcome.password, rows[i].password) ||
			strcmp(outcome.token, rows[i].token))
			fail_msg("%s: %s:%s %s %s", rows[i].body, outcome.user, outcome.password,
				outcome.token, outcome.problem);
	}
}

static void a_helper_that_fails_is_an_error_without_its_secrets(void **state)
{
	static const struct {
		const char *body;
		int error;
		const char *words;
	} rows[] = {
		{"echo 'Error: pass not initialized: exit status 1' ; exit 1", -EIO,
			"status 1: Error pass not initialized exit status 1"},
		{"echo '{\"Username\":\"u\",\"Secret\":\"" SECRET "\"}'; exit 2", -EIO, "status 2"},
		{"echo the password is " SECRET "; exit 1", -EIO, "the password is ..."},
		{"echo " SECRET "; exit 1", -EIO, "not shown"},
		{"echo " SECRET " >&2; exit 1", -EIO, "status 1"},
		{"printf 'no such file\\nnot found in \\033[31m" SECRET
		 "\\007 store\\n\\n'; exit 9",
			-EIO, "status 9: not found in ... store"},
		{"echo '{\"Username\":\"u\",\"Secret\":\"" SECRET "\"'", -EPROTO, "by hand"},
		{"echo " SECRET, -EPROTO, "by hand"},
		{"echo '\"" SECRET "\"'", -EPROTO, "by hand"},
		{"echo '[\"" SECRET "\"]'", -EPROTO, "by hand"},
		{"echo '{\"Username\":1,\"Secret\":\"" SECRET "\"}'", -EPROTO, "by hand"},
		{"echo '{\"Username\":\"u\",\"Secret\":[\"" SECRET "\"]}'", -EPROTO, "by hand"},
		{"echo '{\"Username\":\"u\",\"Username\":\"v\",\"Secret\":\"" SECRET "\"}'",
			-EPROTO, "by hand"},
		{"echo '" GOOD " " SECRET "'", -EPROTO, "by hand"},
		{"true", -EPROTO, "by hand"},
		/* Not found is said with an error only, and with nothing around it. */
		{"echo credentials not found in native keychain", -EPROTO, "by hand"},
		{"echo credentials not found in native keychain or " SECRET "; exit 1", -EIO,
			"credentials not found in native keychain or ..."},
		{"echo '" GOOD "'; exit 1", -EIO, "status 1"},
		{"echo '" GOOD "'; kill -TERM $$", -EIO, "signal 15"},
		{"printf '%70000s' " SECRET, -EFBIG, "64 KiB"},
		{"printf '%65537s' '" GOOD "'", -EFBIG, "64 KiB"},
		{"while :; do echo " SECRET "; done", -EFBIG, "64 KiB"},
	};
	struct place *place = *state;

	write_config(place, "{\"credsStore\":\"h\"}");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		write_helper(place, "h", rows[i].body);
		outcome = get(place, R); /* errors are not kept */
		if (outcome.error != rows[i].error)
			fail_msg("%s: %d %s", rows[i].body, outcome.error, outcome.problem);
		expect_error(&outcome, rows[i].error, rows[i].words);
		assert_non_null(strstr(outcome.problem, "docker-credential-h"));
	}
}

static void only_known_words_are_shown(void **state)
{
	static const struct {
		const char *output, *words;
	} rows[] = {
		{"", ""},
		{"\n\n", ""},
		{"access denied", ""}, /* two say too little */
		{"Permission denied: access to the store.",
			"Permission denied access to the store"},
		{"exit status 42 not found", "exit status 42 not found"},
		{"error is not 42 found", "error is not ... found"}, /* a number of nothing */
		{"exit status 4242 not found", "exit status ... not found"},
		{"correct horse battery staple", ""},
		{"the token is: correct horse battery staple!", "the token is ..."},
		{"error: the key=" SECRET " is bad", "error the ... is bad"},
		{"user:password is not in the store", "... is not in the store"},
		{"not\x01"
		 "found\x7f"
		 "in\tstore",
			"not found in store"},
		{"not found in store\r", "not found in store"},
		{"not found in store\x80", "not found in ..."},
	};
	char words[CREDENTIAL_WORDS_SIZE], flood[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		credential_words(rows[i].output, strlen(rows[i].output), words);
		assert_string_equal(words, rows[i].words);
	}
	for (size_t i = 0; i + 6 < sizeof(flood); i += 6)
		memcpy(flood + i, "error ", 7);
	credential_words(flood, strlen(flood), words);
	assert_true(strlen(words) > 100 && strlen(words) < CREDENTIAL_WORDS_SIZE);
	assert_string_equal(words + strlen(words) - 5, "error");
	/* Without a NUL behind it, and with one in it. */
	credential_words("not found in storeX", 18, words);
	assert_string_equal(words, "not found in store");
	credential_words("not found\0in store", 18, words);
	assert_string_equal(words, "not found in store");
}

static void a_helper_that_hangs_is_killed_with_its_children(void **state)
{
	struct place *place = *state;
	struct outcome outcome;
	uint64_t start = uv_hrtime();
	int helper = 0, child = 0;

	credentials_set_limits(place->credentials, 300, CREDENTIALS_KEEP_MS);
	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h",
		"trap '' TERM HUP INT\nsleep 1000 &\necho $$ $! >$D/pids\nprintf '{'\nwait");
	outcome = get(place, R);
	expect_error(&outcome, -ETIMEDOUT, "300 ms");
	assert_true(uv_hrtime() - start < UINT64_C(5000000000));
	assert_int_equal(sscanf(left(place, "pids"), "%d %d", &helper, &child), 2);
	uv_run(&place->loop, UV_RUN_DEFAULT); /* ends, for the helper is reaped */
	wait_ms(place, 50);
	assert_false(lives(helper));
	assert_false(lives(child));
}

static void a_helper_that_leaves_its_output_open_has_its_time_and_no_more(void **state)
{
	struct place *place = *state;
	struct outcome outcome;

	credentials_set_limits(place->credentials, 300, CREDENTIALS_KEEP_MS);
	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", "sleep 1.5 &\necho '" GOOD "'");
	outcome = get(place, R);
	expect_error(&outcome, -ETIMEDOUT, "300 ms");
}

static void the_limits_are_ten_seconds_and_a_minute(void **state)
{
	(void)state;
	assert_int_equal(CREDENTIALS_HELPER_MS, 10000);
	assert_int_equal(CREDENTIALS_KEEP_MS, 60000);
	assert_int_equal(CREDENTIAL_HELPER_OUTPUT_MAX, 65536);
}

static void those_who_want_the_same_share_a_run(void **state)
{
	struct place *place = *state;
	struct outcome outcomes[3] = {0}, other = {0}, later;

	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", LOG "sleep 0.1\necho '" GOOD "'");
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		ask(place, R, &outcomes[i], NULL);
	ask(place, "other.example", &other, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		wait_for(place, &outcomes[i]);
		expect(&outcomes[i], "u", "p");
	}
	wait_for(place, &other);
	later = get(place, R);
	expect(&later, "u", "p");
	/* Two runs in whatever order: one for each registry. */
	assert_int_equal(strlen(left(place, "asked")), strlen(R "\nother.example\n"));
	assert_non_null(strstr(left(place, "asked"), R "\n"));
	assert_non_null(strstr(left(place, "asked"), "other.example\n"));
}

static void an_answer_is_kept_for_its_time_only_and_an_error_not_at_all(void **state)
{
	struct place *place = *state;
	struct outcome outcome;

	credentials_set_limits(place->credentials, 5000, 400);
	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", LOG "echo '" GOOD "'");
	outcome = get(place, R);
	outcome = get(place, R);
	expect(&outcome, "u", "p");
	assert_string_equal(left(place, "asked"), R "\n");
	write_helper(place, "h", LOG "echo no no no; exit 1");
	wait_ms(place, 600);
	outcome = get(place, R);
	expect_error(&outcome, -EIO, "no no no");
	write_helper(place, "h", LOG "echo credentials not found in native keychain; exit 1");
	outcome = get(place, R);
	assert_true(outcome.anonymous);
	write_helper(place, "h", LOG "echo '" GOOD "'");
	outcome = get(place, R); /* anonymous is an answer too */
	assert_true(outcome.anonymous);
	assert_string_equal(left(place, "asked"), R "\n" R "\n" R "\n");
}

static void another_config_forgets_what_was_kept(void **state)
{
	struct place *place = *state;
	struct outcome outcome;

	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", LOG "echo '" GOOD "'");
	outcome = get(place, R);
	write_config(place, "{ \"credsStore\":\"h\" }"); /* the same, written anew */
	outcome = get(place, R);
	assert_string_equal(left(place, "asked"), R "\n");
	write_config(place, "{\"credsStore\":\"h\",\"psFormat\":\"x\"}");
	outcome = get(place, R);
	expect(&outcome, "u", "p");
	assert_string_equal(left(place, "asked"), R "\n" R "\n");
}

static void a_helper_must_have_a_name_and_be_trusted(void **state)
{
	static const char *const names[] = {
		"../h", "a/b", "/bin/sh", "h h", "h;id", "$(id)", "h\\n", "\xc3\xa9"};
	struct place *place = *state;
	struct outcome outcome;
	char text[256], path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "{\"credsStore\":\"%s\"}", names[i]);
		write_config(place, text);
		outcome = get(place, R);
		expect_error(&outcome, -EINVAL, "name of a credential helper");
	}
	memset(text, 0, sizeof(text));
	strcpy(text, "{\"credsStore\":\"");
	memset(text + strlen(text), 'a', 65);
	strcat(text, "\"}");
	write_config(place, text);
	outcome = get(place, R);
	expect_error(&outcome, -EINVAL, "1 to 64");
	write_config(place, "{\"credsStore\":\"missing\"}");
	outcome = get(place, R);
	expect_error(&outcome, -ENOENT, "docker-credential-missing is in no folder");
	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", "echo '" GOOD "'");
	snprintf(path, sizeof(path), "%s/docker-credential-h", place->folder);
	chmod(path, 0644);
	outcome = get(place, R);
	expect_error(&outcome, -ENOENT, "docker-credential-h");
	chmod(path, 0775);
	outcome = get(place, R);
	expect_error(&outcome, -EPERM, "chmod go-w");
	chmod(path, 0755);
	outcome = get(place, R);
	expect(&outcome, "u", "p");
	write_file(path, "#!/nowhere/sh\n", 0755);
	outcome = get(place, "second.example");
	expect_error(&outcome, -ENOENT, "cannot be started");
}

static void a_relative_folder_of_path_is_not_searched(void **state)
{
	struct place *place = *state;
	char here[256];
	struct outcome outcome;

	assert_non_null(getcwd(here, sizeof(here)));
	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", "echo '" GOOD "'");
	assert_int_equal(chdir(place->folder), 0);
	setenv("PATH", ".::/usr/bin:/bin:", 1);
	outcome = get(place, R);
	expect_error(&outcome, -ENOENT, "docker-credential-h is in no folder");
	/* Helpers start in the root folder: from there this one would be found. */
	assert_int_equal(chdir("/"), 0);
	setenv("PATH", place->folder + 1, 1);
	outcome = get(place, R);
	expect_error(&outcome, -ENOENT, "docker-credential-h is in no folder");
	assert_int_equal(chdir(here), 0);
}

/* Cancelling and freeing. */

/* Runs the loop until the helper has written its pid, and returns that. */
static int helper_pid(struct place *place)
{
	for (int i = 0; i < 500; i++) {
		int pid = atoi(left(place, "pid"));

		if (pid && strchr(left(place, "pid"), '\n'))
			return pid;
		wait_ms(place, 10);
	}
	fail_msg("the helper did not start");
	return 0;
}

#define HANG "echo $$ >$D/pid\nsleep 1000\n"

static void a_cancelled_query_is_not_heard_of_again(void **state)
{
	struct place *place = *state;
	struct outcome first = {0}, second = {0}, direct = {0};
	struct credentials_query *first_query, *second_query, *direct_query;
	int pid;

	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", HANG);
	ask(place, R, &first, &first_query);
	ask(place, R, &second, &second_query);
	pid = helper_pid(place);
	credentials_cancel(first_query);
	wait_ms(place, 50);
	assert_true(lives(pid)); /* the second one still waits */
	credentials_cancel(second_query);
	uv_run(&place->loop, UV_RUN_DEFAULT); /* ends, for nothing is left to do */
	assert_false(lives(pid));
	assert_int_equal(first.calls + second.calls, 0);
	/* The next one does not wait for the dead. */
	write_helper(place, "h", "echo '" GOOD "'");
	ask(place, R, &first, &first_query);
	wait_for(place, &first);
	expect(&first, "u", "p");
	/* And one whose answer is there already. */
	ask(place, R, &direct, &direct_query);
	credentials_cancel(direct_query);
	wait_ms(place, 20);
	assert_int_equal(direct.calls, 0);
}

static void asking_anew_right_after_cancelling_starts_a_new_run(void **state)
{
	struct place *place = *state;
	struct outcome first = {0}, second = {0};
	struct credentials_query *query;

	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", HANG);
	ask(place, R, &first, &query);
	credentials_cancel(query);
	write_helper(place, "h", "echo '" GOOD "'");
	ask(place, R, &second, NULL);
	wait_for(place, &second);
	expect(&second, "u", "p");
	assert_int_equal(first.calls, 0);
}

static void freeing_kills_what_runs_and_calls_nobody(void **state)
{
	struct place *place = *state;
	struct outcome running = {0}, ready = {0};
	int pid;

	write_config(place, "{\"credHelpers\":{\"" R "\":\"h\"}}");
	write_helper(place, "h", HANG);
	ask(place, R, &running, NULL);
	pid = helper_pid(place);
	ask(place, "other.example", &ready, NULL);
	credentials_free(TAKE_PTR(place->credentials));
	uv_run(&place->loop, UV_RUN_DEFAULT);
	assert_false(lives(pid));
	assert_int_equal(running.calls + ready.calls, 0);
}

static void on_answer_free(const struct credentials_answer *answer, void *context)
{
	struct place *place = context;

	assert_string_equal(answer->user, "u");
	credentials_free(TAKE_PTR(place->credentials));
	/* The answer is still whole. */
	assert_string_equal(answer->password, "p");
}

static void a_callback_may_free_everything(void **state)
{
	static const char *const configs[] = {
		"{\"credsStore\":\"h\"}", "{\"auths\":{\"" R "\":{\"auth\":\"dTpw\"}}}"};
	struct place *place = *state;

	write_helper(place, "h", "echo '" GOOD "'");
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct outcome never = {0};

		if (!place->credentials)
			place->credentials = credentials_new(&place->loop, place->file);
		write_config(place, configs[i]);
		assert_int_equal(
			credentials_get(place->credentials, R, on_answer_free, place, NULL), 0);
		ask(place, R, &never, NULL);
		uv_run(&place->loop, UV_RUN_DEFAULT);
		assert_null(place->credentials);
		assert_int_equal(never.calls, 0);
	}
}

struct chain {
	struct place *place;
	struct outcome outcome;
	struct credentials_query *victim;
};

static void on_answer_ask(const struct credentials_answer *answer, void *context)
{
	struct chain *chain = context;

	assert_int_equal(answer->error, 0);
	credentials_cancel(chain->victim);
	ask(chain->place, R, &chain->outcome, NULL);
}

static void a_callback_may_cancel_and_ask(void **state)
{
	struct place *place = *state;
	struct chain chain = {.place = place};
	struct outcome victim = {0};

	write_config(place, "{\"credsStore\":\"h\"}");
	write_helper(place, "h", "echo '" GOOD "'");
	assert_int_equal(credentials_get(place->credentials, R, on_answer_ask, &chain, NULL), 0);
	ask(place, R, &victim, &chain.victim);
	wait_for(place, &chain.outcome);
	expect(&chain.outcome, "u", "p");
	assert_int_equal(victim.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(the_helper_of_the_registry_counts_then_the_store_then_the_file),
		IN_PLACE(a_helper_is_told_get_and_the_server_and_nothing_else),
		IN_PLACE(a_helper_that_never_reads_is_no_trouble),
		IN_PLACE(what_a_helper_answers_is_read_as_docker_does),
		IN_PLACE(a_helper_that_fails_is_an_error_without_its_secrets),
		cmocka_unit_test(only_known_words_are_shown),
		IN_PLACE(a_helper_that_hangs_is_killed_with_its_children),
		IN_PLACE(a_helper_that_leaves_its_output_open_has_its_time_and_no_more),
		cmocka_unit_test(the_limits_are_ten_seconds_and_a_minute),
		IN_PLACE(those_who_want_the_same_share_a_run),
		IN_PLACE(an_answer_is_kept_for_its_time_only_and_an_error_not_at_all),
		IN_PLACE(another_config_forgets_what_was_kept),
		IN_PLACE(a_helper_must_have_a_name_and_be_trusted),
		IN_PLACE(a_relative_folder_of_path_is_not_searched),
		IN_PLACE(a_cancelled_query_is_not_heard_of_again),
		IN_PLACE(asking_anew_right_after_cancelling_starts_a_new_run),
		IN_PLACE(freeing_kills_what_runs_and_calls_nobody),
		IN_PLACE(a_callback_may_free_everything),
		IN_PLACE(a_callback_may_cancel_and_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
