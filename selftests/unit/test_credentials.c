// SPDX-License-Identifier: Apache-2.0
/*
 * What a docker config.json has for a registry, who may have written it, and what is left of its
 * secrets. What is expected comes from docker's sources, which credentials.h names.
 */
#include "credential_place.h"

#include <jansson.h>

#include "../../userspace/registry/credential_config.h"

/* The file. */

static void an_entry_is_found_by_the_names_that_docker_writes(void **state)
{
	static const struct {
		const char *key, *domain;
		bool found;
	} rows[] = {
		{R, R, true},
		{R ":5000", R ":5000", true},
		{"https://" R "/v1/", R, true},
		{"http://" R, R, true},
		{"https://" R ":5000/v2/", R ":5000", true},
		{R "/v1/", R, true},
		{R ":5000/some/path", R ":5000", true},
		{"https://someone@" R "/v1/", R, true},
		{"https://" R "?x=y", R, true},
		{"https://" R ":/v1/", R, true},
		{"[::1]:5000", "[::1]:5000", true},
		{"https://[::1]:5000/v1/", "[::1]:5000", true},
		{"https://index.docker.io/v1/", "docker.io", true},
		{"docker.io", "docker.io", true},
		/* The port is part of the name, and so is every label. */
		{R ":5000", R, false},
		{R, R ":5000", false},
		{"https://" R ":443/", R, false},
		{"registry.example.evil.example", R, false},
		{"evil." R, R, false},
		{"https://evil.example/" R, R, false},
		{"https://evil.example?" R, R, false},
		{"https://evil.example#@" R, R, false},
		{"https://" R "@evil.example/", R, false},
		{"https://" R ":5000@evil.example/v1/", R ":5000", false},
		{"evil.example/https://" R, R, false},
		{"https://index.docker.io/v1/", "index.docker.io.example", false},
		{"https://index.docker.io/v1/", R, false},
		{"", R, false},
		{"https://", R, false},
	};
	struct place *place = *state;
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		snprintf(text, sizeof(text), "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}", rows[i].key,
			USER_BASE64);
		write_config(place, text);
		outcome = get(place, rows[i].domain);
		if (outcome.error || outcome.anonymous == rows[i].found)
			fail_msg("%s for %s: %s", rows[i].key, rows[i].domain, outcome.problem);
		if (rows[i].found)
			expect(&outcome, "user", SECRET);
	}
}

static void the_exact_name_counts_before_those_that_must_be_stripped(void **state)
{
	struct place *place = *state;
	struct outcome outcome;

	write_config(place,
		"{\"auths\":{\"https://" R "/v1/\":{\"username\":\"old\",\"password\":\"o\"},"
		"\"" R "\":{\"username\":\"new\",\"password\":\"n\"}}}");
	outcome = get(place, R);
	expect(&outcome, "new", "n");
}

/* The base64 was made with coreutils' base64. */
static void auth_is_base64_of_user_and_password(void **state)
{
	static const struct {
		const char *auth, *user, *password; /* no user: refused */
	} rows[] = {
		{"dTpw", "u", "p"},
		{"dTpwYQ==", "u", "pa"},
		{"dTpwYXM=", "u", "pas"},
		{"dTo=", "u", ""},                     /* u: */
		{"dTphOmI6Yw==", "u", "a:b:c"},        /* u:a:b:c */
		{"dTo6", "u", ":"},                    /* u:: */
		{"dTpwAAA=", "u", "p"},                /* u:p and two NULs */
		{"dTpwAA==", "u", "p"},                /* u:p and one */
		{"dToAcA==", "u", "p"},                /* strings.Trim: at either end */
		{"dToA", "u", ""},                     /* u: and a NUL */
		{"dTrDvMO2", "u", "\xc3\xbc\xc3\xb6"}, /* u: and two letters in UTF-8 */
		{"dTpw\\nYQ==", "u", "pa"},            /* line ends do not count in Go */
		{"dTpw\\r\\n", "u", "p"},
		{"dTpwYR==", "u", "pa"},   /* Go is not strict on the last bits */
		{"fn5+On4/", "~~~", "~?"}, /* + and / */
		{"dTpwAHA=", NULL, NULL},  /* a NUL within: it would be cut */
		{"AHU6cA==", NULL, NULL},  /* one before the user */
		{"OnA=", NULL, NULL},      /* :p, no user */
		{"dXA=", NULL, NULL},      /* up, no colon */
		{"Og==", NULL, NULL},      /* : */
		{"dTpwYQ", NULL, NULL},    /* padding missing */
		{"dTpwYQ=", NULL, NULL},
		{"dTpwYXM==", NULL, NULL},
		{"dTpwYQ==dTpw", NULL, NULL}, /* something behind the padding */
		{"dT=w", NULL, NULL},
		{"dTp=YQ==", NULL, NULL},
		{"====", NULL, NULL},
		{"d===", NULL, NULL},
		{"dTpw ", NULL, NULL},
		{" dTpw", NULL, NULL},
		{"fn5-On4_", NULL, NULL}, /* the URL alphabet */
		{"u:p", NULL, NULL},
		{"=", NULL, NULL},
	};
	struct place *place = *state;
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		snprintf(text, sizeof(text), "{\"auths\":{\"" R "\":{\"auth\":\"%s\"}}}",
			rows[i].auth);
		write_config(place, text);
		outcome = get(place, R);
		if (rows[i].user && (outcome.error || strcmp(outcome.user, rows[i].user) ||
					    strcmp(outcome.password, rows[i].password)))
			fail_msg("%s: %s:%s %s", rows[i].auth, outcome.user, outcome.password,
				outcome.problem);
		if (!rows[i].user && outcome.error != -EINVAL)
			fail_msg(
				"%s: taken as %s:%s", rows[i].auth, outcome.user, outcome.password);
	}
}

static void an_entry_may_have_names_or_a_token_or_nothing(void **state)
{
	static const struct {
		const char *entry, *user, *password, *token;
	} rows[] = {
		{"{}", "(none)", "(none)", "(none)"},
		{"null", "(none)", "(none)", "(none)"},
		{"{\"email\":\"x\"}", "(none)", "(none)", "(none)"},
		{"{\"username\":\"u\",\"password\":\"p\"}", "u", "p", "(none)"},
		{"{\"username\":\"u\"}", "u", "", "(none)"},
		{"{\"password\":\"p\"}", "(none)", "(none)", "(none)"},
		{"{\"auth\":\"\",\"username\":\"u\",\"password\":\"p\"}", "u", "p", "(none)"},
		{"{\"auth\":null,\"username\":\"u\",\"password\":\"p\"}", "u", "p", "(none)"},
		{"{\"auth\":\"dTpw\",\"username\":\"x\",\"password\":\"y\"}", "u", "p", "(none)"},
		{"{\"identitytoken\":\"t\"}", "(none)", "(none)", "t"},
		{"{\"auth\":\"dTo=\",\"identitytoken\":\"t\"}", "u", "", "t"},
	};
	struct place *place = *state;
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		snprintf(text, sizeof(text), "{\"auths\":{\"" R "\":%s}}", rows[i].entry);
		write_config(place, text);
		outcome = get(place, R);
		if (outcome.error || strcmp(outcome.user, rows[i].user) ||
			strcmp(outcome.password, rows[i].password) ||
			strcmp(outcome.token, rows[i].token))
			fail_msg("%s: %s:%s %s %s", rows[i].entry, outcome.user, outcome.password,
				outcome.token, outcome.problem);
	}
}

static void what_is_no_config_is_refused_without_quoting_it(void **state)
{
	static const char *const rows[] = {
		"[]",
		"\"" SECRET "\"",
		"{\"auths\":{\"" R "\":{\"password\":\"" SECRET "\"",
		"{\"auths\":{\"" R "\":{\"auth\":\"" USER_BASE64 "\" \"" SECRET "\"}}}",
		"{\"auths\":{\"" R "\":{\"password\":\"" SECRET "\",\"password\":\"x\"}}}",
		"{\"auths\":{\"" R "\":{\"" SECRET "\":1,\"" SECRET "\":2}}}",
		"{} " SECRET,
		"{\"auths\":[]}",
		"{\"auths\":{\"" R "\":\"" SECRET "\"}}",
		"{\"auths\":{\"" R "\":{\"auth\":[\"" SECRET "\"]}}}",
		"{\"auths\":{\"" R "\":{\"auth\":\"" SECRET "\"}}}",
		"{\"auths\":{\"" R "\":{\"username\":1}}}",
		"{\"auths\":{\"" R "\":{\"username\":\"u\",\"password\":1}}}",
		"{\"auths\":{\"" R "\":{\"auth\":\"dTpw\",\"identitytoken\":{}}}}",
		"{\"auths\":{\"" R "\":{\"password\":\"a\\u0000b\"}}}",
		"{\"credHelpers\":[\"" R "\"]}",
		"{\"credHelpers\":{\"" R "\":1}}",
		"{\"credsStore\":{}}",
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		write_config(place, rows[i]);
		outcome = get(place, R);
		if (outcome.error != -EINVAL)
			fail_msg("%s: %d %s", rows[i], outcome.error, outcome.problem);
		expect_error(&outcome, -EINVAL, place->file);
	}
	/* One registry's mistake is not another's. */
	write_config(place,
		"{\"auths\":{\"other.example\":{\"auth\":\"?\"},\"" R "\":{\"auth\":\"dTpw\"}}}");
	{
		struct outcome outcome = get(place, R);

		expect(&outcome, "u", "p");
	}
}

static void no_file_and_an_empty_one_mean_anonymous(void **state)
{
	static const char *const empty[] = {"", " \n\t", "{}", "{\"auths\":null}",
		"{\"auths\":{},\"credHelpers\":null,\"credsStore\":null}", "{\"credsStore\":\"\"}",
		"{\"HttpHeaders\":{\"X\":\"y\"}}"};
	struct place *place = *state;
	struct credentials *without = credentials_new(&place->loop, NULL);
	struct outcome outcome = get(place, R);

	assert_true(outcome.anonymous);
	assert_non_null(strstr(outcome.problem, place->file));
	assert_non_null(strstr(outcome.problem, "does not exist"));
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		write_config(place, empty[i]);
		outcome = get(place, R);
		if (!outcome.anonymous || outcome.problem[0])
			fail_msg("%s: %d %s", empty[i], outcome.error, outcome.problem);
	}
	memset(&outcome, 0, sizeof(outcome));
	outcome.asking = true;
	assert_int_equal(credentials_get(without, R, on_answer, &outcome, NULL), 0);
	outcome.asking = false;
	wait_for(place, &outcome);
	assert_true(outcome.anonymous);
	assert_string_equal(outcome.problem, "");
	credentials_free(without);
}

static void a_file_that_others_could_have_written_is_refused(void **state)
{
	static const mode_t writable[] = {0620, 0602, 0660, 0666, 0777};
	struct place *place = *state;
	struct outcome outcome;
	char other[128];

	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"" USER_BASE64 "\"}}}");
	for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
		/* Once read, it is looked at again all the same. */
		chmod(place->file, 0644);
		outcome = get(place, R);
		expect(&outcome, "user", SECRET);
		chmod(place->file, writable[i]);
		outcome = get(place, R);
		expect_error(&outcome, -EPERM, "chmod go-w");
	}
	chmod(place->file, 0600);
	snprintf(other, sizeof(other), "%s/other.json", place->folder);
	assert_int_equal(rename(place->file, other), 0);
	assert_int_equal(symlink("other.json", place->file), 0);
	outcome = get(place, R);
	expect_error(&outcome, -ELOOP, "symbolic link");
	unlink(other); /* one that leads nowhere is no absent file */
	outcome = get(place, R);
	expect_error(&outcome, -ELOOP, "symbolic link");
}

static void a_file_of_another_user_is_refused(void **state)
{
	struct place *place = *state;
	struct outcome outcome;

	if (geteuid()) {
		print_message("only root can give a file away\n");
		skip();
	}
	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"" USER_BASE64 "\"}}}");
	outcome = get(place, R);
	expect(&outcome, "user", SECRET);
	assert_int_equal(chown(place->file, 12345, 0), 0);
	outcome = get(place, R);
	expect_error(&outcome, -EPERM, "user 12345");
	/* A group is nothing as long as it may not write. */
	assert_int_equal(chown(place->file, 0, 12345), 0);
	outcome = get(place, R);
	expect(&outcome, "user", SECRET);
}

static void only_a_regular_file_of_one_mebibyte_is_read(void **state)
{
	static const char head[] = "{\"auths\":{\"" R "\":{\"auth\":\"dTpw\"}}}";
	struct place *place = *state;
	size_t size = 1 << 20;
	char *text = malloc(size + 2);
	struct outcome outcome;

	memset(text, ' ', size + 1);
	memcpy(text, head, strlen(head));
	text[size + 1] = '\0';
	write_config(place, text);
	outcome = get(place, R);
	expect_error(&outcome, -EFBIG, "1024 KiB");
	text[size] = '\0';
	write_config(place, text);
	outcome = get(place, R);
	expect(&outcome, "u", "p");
	free(text);
	unlink(place->file);
	assert_int_equal(mkfifo(place->file, 0600), 0);
	outcome = get(place, R);
	expect_error(&outcome, -EINVAL, "regular file");
	unlink(place->file);
	assert_int_equal(mkdir(place->file, 0700), 0);
	outcome = get(place, R);
	expect_error(&outcome, -EINVAL, "regular file");
}

static void a_changed_file_is_noticed(void **state)
{
	struct place *place = *state;
	char other[128];
	struct outcome outcome = get(place, R);

	assert_true(outcome.anonymous);
	/* Of the same size and, as good as always, in the same tick of the clock. */
	for (int i = 0; i < 20; i++) {
		write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpw\"}}}"); /* u:p */
		outcome = get(place, R);
		expect(&outcome, "u", "p");
		write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpx\"}}}"); /* u:q */
		outcome = get(place, R);
		expect(&outcome, "u", "q");
	}
	snprintf(other, sizeof(other), "%s/new", place->folder);
	write_file(other, "{\"auths\":{\"" R "\":{\"auth\":\"dTpy\"}}}", 0600); /* u:r */
	rename(other, place->file);
	outcome = get(place, R);
	expect(&outcome, "u", "r");
	unlink(place->file);
	outcome = get(place, R);
	assert_true(outcome.anonymous);
}

static void a_change_that_hides_its_time_is_noticed_later_too(void **state)
{
	struct place *place = *state;
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	struct outcome outcome;

	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpw\"}}}");
	utimensat(AT_FDCWD, place->file, old, 0);
	wait_ms(place, 2200); /* until the file counts as settled */
	outcome = get(place, R);
	expect(&outcome, "u", "p");
	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpx\"}}}");
	utimensat(AT_FDCWD, place->file, old, 0);
	outcome = get(place, R);
	expect(&outcome, "u", "q");
}

/*
 * Kernels before 6.13 give two writes within milliseconds the same times. That is played here on
 * any kernel: what is remembered of the first file is made what the second one has.
 */
static void times_of_a_file_that_is_still_warm_prove_nothing(void **state)
{
	struct place *place = *state;
	struct credential_config config = {.path = strdup(place->file)};
	struct credential_entry entry;
	char *problem;
	bool changed;

	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpw\"}}}"); /* u:p */
	assert_int_equal(credential_config_refresh(&config, &changed, &problem), 0);
	assert_true(changed);
	assert_false(config.settled);
	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpx\"}}}"); /* u:q */
	assert_int_equal(stat(place->file, &config.status), 0);
	assert_int_equal(credential_config_refresh(&config, &changed, &problem), 0);
	assert_true(changed);
	assert_int_equal(credential_config_find(&config, R, &entry, &problem), 0);
	assert_string_equal(entry.password, "q");
	credential_entry_clear(&entry);
	/* Once it is cold it is read once more, and then no further. */
	wait_ms(place, 2200);
	assert_int_equal(credential_config_refresh(&config, &changed, &problem), 0);
	assert_false(changed);
	assert_true(config.settled);
	credential_config_clear(&config);
}

static void only_a_host_and_a_port_can_be_asked_for(void **state)
{
	static const char *const rows[] = {
		"", "a/b", "a b", "a\nb", "https://a", "a\"", "\xc3\xa9"};
	struct place *place = *state;
	struct credentials_query *query;
	char long_one[257];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
			credentials_get(place->credentials, rows[i], on_answer, NULL, &query),
			-EINVAL);
	memset(long_one, 'a', 256);
	long_one[256] = '\0';
	assert_int_equal(
		credentials_get(place->credentials, long_one, on_answer, NULL, &query), -EINVAL);
}

/* Memory. */

#ifdef __SANITIZE_ADDRESS__
/* Of the sanitizer's run-time; not every packaging of gcc has their header. */
int __sanitizer_install_malloc_and_free_hooks(
	void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *memory);

static bool watching;
static size_t freed_blocks, freed_secrets;

static void on_malloc(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
}

static void on_free(const volatile void *memory)
{
	size_t size;

	if (!watching || !memory)
		return;
	size = __sanitizer_get_allocated_size(memory);
	freed_blocks++;
	if (memmem((const void *)memory, size, SECRET, strlen(SECRET)) ||
		memmem((const void *)memory, size, USER_BASE64, strlen(USER_BASE64)))
		freed_secrets++;
}

static void watch(void)
{
	static bool installed;

	if (!installed)
		assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
	installed = true;
	freed_blocks = freed_secrets = 0;
	watching = true;
}

static void memory_that_had_a_secret_is_wiped_before_it_is_freed(void **state)
{
	static const struct {
		const char *config;
		int error;
	} rows[] = {
		{"{\"auths\":{\"" R "\":{\"auth\":\"" USER_BASE64 "\"}}}", 0},
		{"{\"auths\":{\"" R "\":{\"auth\":\"dXNl\\ncjpodW50ZXIyLXRvb3RoLWJydXNo\"}}}", 0},
		{"{\"auths\":{\"" R "\":{\"username\":\"u\",\"password\":\"" SECRET "\"}}}", 0},
		{"{\"auths\":{\"" R "\":{\"identitytoken\":\"" SECRET "\"}}}", 0},
		{"{\"auths\":{\"" R "\":{\"auth\":\"" USER_BASE64 "\"}", -EINVAL},
		{"{\"auths\":{\"" R "\":{\"auth\":\"" USER_BASE64 "=\"}}}", -EINVAL},
		{"{\"auths\":{\"" R "\":{\"password\":\"" SECRET "\",\"password\":\"" SECRET
		 "\"}}}",
			-EINVAL},
		{"{\"auths\":{\"" R "\":{\"password\":\"" SECRET "\"}}}", 0},
		{"{\"credsStore\":\"good\"}", 0},
		{"{\"credsStore\":\"token\"}", 0},
		{"{\"credsStore\":\"failing\"}", -EIO},
		{"{\"credsStore\":\"odd\"}", -EPROTO},
		{"{\"credsStore\":\"much\"}", -EFBIG},
	};
	struct place *place = *state;
	char *bait;

	write_helper(place, "good", "echo '{\"Username\":\"u\",\"Secret\":\"" SECRET "\"}'");
	write_helper(place, "token", "echo '{\"Username\":\"<token>\",\"Secret\":\"" SECRET "\"}'");
	write_helper(place, "failing", "echo " SECRET "; exit 1");
	write_helper(place, "odd", "echo '{\"Username\":1,\"Secret\":\"" SECRET "\"'");
	write_helper(place, "much", "while :; do echo " SECRET "; done");
	/* The trap works. */
	watch();
	bait = strdup("x" SECRET);
	free(bait);
	assert_int_equal(freed_secrets, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome outcome;

		write_config(place, rows[i].config);
		watch();
		outcome = get(place, R);
		credentials_free(TAKE_PTR(place->credentials));
		uv_run(&place->loop, UV_RUN_DEFAULT);
		watching = false;
		if (outcome.error != rows[i].error || freed_blocks == 0 || freed_secrets)
			fail_msg("%s: %d, %zu of %zu blocks %s", rows[i].config, outcome.error,
				freed_secrets, freed_blocks, outcome.problem);
		place->credentials = credentials_new(&place->loop, place->file);
	}
}

static void on_alive(uv_timer_t *timer)
{
	(void)timer;
}

static void what_was_kept_is_wiped_when_its_time_is_over(void **state)
{
	struct place *place = *state;
	struct outcome outcome;
	uv_timer_t alive; /* a loop that has nothing else to do does not turn */

	uv_timer_init(&place->loop, &alive);
	uv_timer_start(&alive, on_alive, 1000000, 0);
	credentials_set_limits(place->credentials, 5000, 100);
	write_config(place, "{\"credsStore\":\"good\"}");
	write_helper(place, "good", "echo '{\"Username\":\"u\",\"Secret\":\"" SECRET "\"}'");
	outcome = get(place, R);
	expect(&outcome, "u", SECRET);
	wait_ms(place, 20);
	watch();
	wait_ms(place, 300); /* nobody asks, and it goes all the same */
	watching = false;
	uv_close((uv_handle_t *)&alive, NULL);
	uv_run(&place->loop, UV_RUN_DEFAULT);
	assert_true(freed_blocks >= 4); /* helper, server, user, password */
	assert_int_equal(freed_secrets, 0);
}
#endif

static void jansson_is_left_as_it_was(void **state)
{
	struct place *place = *state;
	json_malloc_t allocate;
	json_free_t release;
	struct outcome outcome;

	write_config(place, "{\"auths\":{\"" R "\":{\"auth\":\"dTpw\"}}}");
	outcome = get(place, R);
	expect(&outcome, "u", "p");
	json_get_alloc_funcs(&allocate, &release);
	assert_ptr_equal(allocate, malloc);
	assert_ptr_equal(release, free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(an_entry_is_found_by_the_names_that_docker_writes),
		IN_PLACE(the_exact_name_counts_before_those_that_must_be_stripped),
		IN_PLACE(auth_is_base64_of_user_and_password),
		IN_PLACE(an_entry_may_have_names_or_a_token_or_nothing),
		IN_PLACE(what_is_no_config_is_refused_without_quoting_it),
		IN_PLACE(no_file_and_an_empty_one_mean_anonymous),
		IN_PLACE(a_file_that_others_could_have_written_is_refused),
		IN_PLACE(a_file_of_another_user_is_refused),
		IN_PLACE(only_a_regular_file_of_one_mebibyte_is_read),
		IN_PLACE(a_changed_file_is_noticed),
		IN_PLACE(a_change_that_hides_its_time_is_noticed_later_too),
		IN_PLACE(times_of_a_file_that_is_still_warm_prove_nothing),
		IN_PLACE(only_a_host_and_a_port_can_be_asked_for),
#ifdef __SANITIZE_ADDRESS__
		IN_PLACE(memory_that_had_a_secret_is_wiped_before_it_is_freed),
		IN_PLACE(what_was_kept_is_wiped_when_its_time_is_over),
#endif
		IN_PLACE(jansson_is_left_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
