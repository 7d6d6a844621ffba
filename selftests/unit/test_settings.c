// SPDX-License-Identifier: Apache-2.0
/*
 * ECI's admin-settings.json: every key, every default, and each way in which a file can be wrong
 * with the text that its author gets. The files are written into a folder of the test's own. What
 * a command list may hold is commandlist's question: here only that its answer arrives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "settings.h"
#include "settings_internal.h"
#include "util.h"

#define ECI            "enhancedContainerIsolation"
#define MOUNT          ECI ".dockerSocketMount"
#define DIGEST         "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FILE_WITH(eci) "{ \"" ECI "\": { \"value\": true" eci " } }"
#define MOUNT_WITH(in) FILE_WITH(", \"dockerSocketMount\": { " in " }")
#define IMAGES(list)   MOUNT_WITH("\"imageList\": { \"images\": " list " }")
#define COMMANDS(list) MOUNT_WITH("\"commandList\": { \"commands\": " list " }")

/* A folder, and the file in it that the tests write over and over. */
struct place {
	char folder[64];
	char file[96];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->folder, "/tmp/test_settings.XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/admin-settings.json", place->folder);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	unlink(place->file);
	rmdir(place->folder);
	free(place);
	return 0;
}

static void write_bytes(const struct place *place, const char *bytes, size_t size)
{
	int fd = open(place->file, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static struct settings *load(const struct place *place, const char *text)
{
	struct settings *settings;
	char *problem;

	write_bytes(place, text, strlen(text));
	if (settings_load(place->file, &settings, &problem))
		fail_msg("refused: %s", problem);
	assert_non_null(settings);
	assert_null(problem);
	return settings;
}

/* Loads a file that must be refused, all or nothing. The text is the caller's to free. */
static char *load_refused(const struct place *place, int error)
{
	struct settings *settings = (void *)place;
	char *problem = NULL;

	assert_int_equal(settings_load(place->file, &settings, &problem), error);
	assert_null(settings);
	assert_non_null(problem);
	assert_int_equal(strncmp(problem, place->file, strlen(place->file)), 0);
	return problem;
}

/* The file is refused with exactly this text, in which each '%' stands for the file's name. */
static void expect_problem(const struct place *place, const char *text, const char *expected)
{
	_cleanup_free_ char *problem = NULL, *whole = NULL;
	size_t size;
	FILE *out = open_memstream(&whole, &size);

	for (const char *c = expected; *c; c++)
		if (*c == '%')
			fputs(place->file, out);
		else
			fputc(*c, out);
	fclose(out);
	write_bytes(place, text, strlen(text));
	problem = load_refused(place, -EINVAL);
	assert_string_equal(problem, whole);
}

/* The one warning that the file gives, without the file's name. */
static void expect_warning(const struct place *place, const char *text, const char *expected)
{
	struct settings *settings = load(place, text);
	size_t name = strlen(place->file);

	if (settings->warning_count != 1)
		fail_msg("%zu warnings, not one, for %s", settings->warning_count, text);
	assert_int_equal(strncmp(settings->warnings[0], place->file, name), 0);
	assert_int_equal(strncmp(settings->warnings[0] + name, ": ", 2), 0);
	assert_string_equal(settings->warnings[0] + name + 2, expected);
	settings_free(settings);
}

/* The example of ECI's documentation, with its comments' meaning as the expected values. */
static void the_documented_example_is_read_in_full(void **state)
{
	struct settings *settings = load(*state,
		"{\n"
		"  \"configurationFileVersion\": 2,\n"
		"  \"exposeDockerAPIOnTCP2375\": { \"locked\": true, \"value\": false },\n"
		"  \"" ECI "\": {\n"
		"    \"locked\": true,\n"
		"    \"value\": true,\n"
		"    \"dockerSocketMount\": {\n"
		"      \"imageList\": {\n"
		"        \"images\": [\n"
		"          \"docker.io/localstack/localstack\",\n"
		"          \"docker.io/testcontainers/ryuk:0.5.1\",\n"
		"          \"docker:cli@" DIGEST "\"\n"
		"        ]\n"
		"      },\n"
		"      \"commandList\": { \"type\": \"deny\", \"commands\": [\"push\", \"build\"] "
		"}\n"
		"    }\n"
		"  }\n"
		"}\n");

	assert_string_equal(settings->path, ((struct place *)*state)->file);
	assert_true(settings->enabled);
	assert_int_equal(settings->image_count, 3);
	assert_string_equal(settings->images[0].text, "docker.io/localstack/localstack");
	assert_string_equal(settings->images[0].reference.tag, "latest");
	assert_string_equal(settings->images[1].reference.repository, "testcontainers/ryuk");
	assert_string_equal(settings->images[1].reference.tag, "0.5.1");
	assert_int_equal(settings->images[2].kind, REFERENCE_DIGEST);
	assert_string_equal(settings->images[2].reference.repository, "library/docker");
	assert_string_equal(settings->images[2].reference.digest, DIGEST);
	assert_false(settings->allow_derived);
	assert_int_equal(settings->commands.type, COMMANDLIST_DENY);
	assert_int_equal(settings->commands.count, 2);
	assert_string_equal(settings->commands.commands[0], "push");
	assert_string_equal(settings->commands.commands[1], "build");
	settings_free(settings);
}

static void an_allow_list_and_a_lone_star_are_read(void **state)
{
	struct settings *settings = load(*state,
		MOUNT_WITH("\"imageList\": { \"images\": [\"*\"], \"allowDerivedImages\": false }, "
			   "\"commandList\": { \"type\": \"allow\", \"commands\": [\"ps\"] }"));

	assert_int_equal(settings->image_count, 1);
	assert_int_equal(settings->images[0].kind, REFERENCE_EVERY);
	assert_int_equal(settings->commands.type, COMMANDLIST_ALLOW);
	assert_int_equal(settings->commands.count, 1);
	assert_string_equal(settings->commands.commands[0], "ps");
	assert_int_equal(settings->warning_count, 0);
	settings_free(settings);
}

static void derived_images_are_allowed_only_where_the_file_says_so(void **state)
{
	static const struct {
		const char *text;
		bool allowed;
	} rows[] = {
		{MOUNT_WITH("\"imageList\": { \"allowDerivedImages\": true }"), true},
		{MOUNT_WITH("\"imageList\": { \"images\": [\"x\"], \"allowDerivedImages\": true }"),
			true},
		{MOUNT_WITH("\"imageList\": { \"allowDerivedImages\": false }"), false},
		{IMAGES("[\"x\"]"), false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings *settings = load(*state, rows[i].text);

		assert_int_equal(settings->allow_derived, rows[i].allowed);
		assert_int_equal(settings->warning_count, 0);
		settings_free(settings);
	}
	/* The key counts in its place alone, and as it is spelt. */
	expect_warning(*state, MOUNT_WITH("\"allowDerivedImages\": true"),
		MOUNT ".allowDerivedImages: unknown key, ignored; known here: imageList, "
		      "commandList, hostAccess");
	expect_warning(*state, MOUNT_WITH("\"imageList\": { \"allowDerivedimages\": true }"),
		MOUNT ".imageList.allowDerivedimages: unknown key, ignored; did you mean "
		      "\"allowDerivedImages\"?");
}

static void entries_with_stars_are_read(void **state)
{
	struct settings *settings = load(*state, IMAGES("[\"docker:*\", \"testcontainers/*:*\", "
							"\"registry.example/ci/app-*:1.2\"]"));

	assert_int_equal(settings->image_count, 3);
	assert_int_equal(settings->warning_count, 0);
	assert_int_equal(settings->images[0].kind, REFERENCE_REPOSITORY);
	assert_string_equal(settings->images[0].reference.repository, "library/docker");
	assert_string_equal(settings->images[0].reference.tag, "");
	assert_int_equal(settings->images[1].kind, REFERENCE_GLOB);
	assert_string_equal(settings->images[1].reference.domain, "docker.io");
	assert_string_equal(settings->images[1].reference.repository, "testcontainers/*");
	assert_string_equal(settings->images[1].text, "testcontainers/*:*");
	assert_string_equal(settings->images[2].reference.domain, "registry.example");
	assert_string_equal(settings->images[2].reference.tag, "1.2");
	settings_free(settings);
}

static void what_a_file_does_not_say_has_the_strict_default(void **state)
{
	static const char *const files[] = {
		FILE_WITH(""),
		MOUNT_WITH(""),
		MOUNT_WITH("\"imageList\": {}, \"commandList\": {}"),
		IMAGES("[]"),
		COMMANDS("[]"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct settings *settings = load(*state, files[i]);

		assert_true(settings->enabled);
		assert_int_equal(settings->image_count, 0);
		assert_false(settings->allow_derived);
		assert_int_equal(settings->commands.type, COMMANDLIST_DENY);
		assert_int_equal(settings->commands.count, 0);
		assert_int_equal(settings->warning_count, 0);
		settings_free(settings);
	}
}

static void isolation_can_be_off_and_the_rest_is_still_checked(void **state)
{
	struct settings *settings = load(*state, "{ \"" ECI "\": { \"value\": false } }");

	assert_false(settings->enabled);
	settings_free(settings);
	expect_problem(*state, "{ \"" ECI "\": { \"value\": false, \"dockerSocketMount\": 1 } }",
		"%: " MOUNT ": found 1, expected an object");
}

static void the_digest_names_the_bytes_of_the_file(void **state)
{
	/* sha256sum of the 47 bytes, computed outside. */
	struct settings *settings =
		load(*state, "{\"enhancedContainerIsolation\": {\"value\": true}}");

	assert_string_equal(settings->digest,
		"bde8a1eddb1d8e28bcea2c63394eaa407e249fb5659f778675cf4877b9de9e56");
	settings_free(settings);
}

static void keys_beside_isolation_are_not_looked_at(void **state)
{
	struct settings *settings = load(*state,
		"{ \"kubernetes\": { \"locked\": 3 }, \"\": [null, 1.5, \"\\u00e9\"], \"" ECI
		"\": { \"value\": true } }");

	assert_int_equal(settings->warning_count, 0);
	settings_free(settings);
}

static void unknown_keys_inside_isolation_are_warnings_with_the_nearest_known_one(void **state)
{
	expect_warning(*state, FILE_WITH(", \"dockersocketmount\": 1"),
		ECI
		".dockersocketmount: unknown key, ignored; did you mean \"dockerSocketMount\"?");
	expect_warning(*state, FILE_WITH(", \"DOCKERSOCKETMOUNT\": 1"),
		ECI
		".DOCKERSOCKETMOUNT: unknown key, ignored; did you mean \"dockerSocketMount\"?");
	expect_warning(*state, MOUNT_WITH("\"imagelist\": {}"),
		MOUNT ".imagelist: unknown key, ignored; did you mean \"imageList\"?");
	expect_warning(*state, MOUNT_WITH("\"imageList\": { \"iamges\": [] }"),
		MOUNT ".imageList.iamges: unknown key, ignored; did you mean \"images\"?");
	expect_warning(*state, MOUNT_WITH("\"commandList\": { \"comands\": [] }"),
		MOUNT ".commandList.comands: unknown key, ignored; did you mean \"commands\"?");
	expect_warning(*state, FILE_WITH(", \"colour\": \"blue\""),
		ECI ".colour: unknown key, ignored; known here: locked, value, dockerSocketMount");
	expect_warning(*state, FILE_WITH(", \"a\\u001b[1m\\n\": 0"),
		ECI "[\"a\\u001B[1m\\n\"]: unknown key, ignored; known here: locked, value, "
		    "dockerSocketMount");
}

#define ACCESS(in) MOUNT_WITH("\"hostAccess\": { " in " }")

static void what_containers_may_hand_out_is_nothing_by_default(void **state)
{
	struct settings *settings = load(*state, MOUNT_WITH(""));

	assert_int_equal(settings->host_access, 0);
	assert_int_equal(settings->host_access_image_count, 0);
	settings_free(settings);
	settings = load(*state, ACCESS("\"allow\": [], \"images\": []"));
	assert_int_equal(settings->host_access, 0);
	assert_int_equal(settings->host_access_image_count, 0);
	settings_free(settings);
}

static void what_containers_may_hand_out_is_read_for_all_and_by_image(void **state)
{
	struct settings *settings = load(*state,
		ACCESS("\"allow\": [\"hostNamespaces\", \"devices\"], \"images\": ["
		       "{ \"image\": \"testcontainers/ryuk:*\", \"allow\": [\"privileged\"] },"
		       "{ \"image\": \"x@" DIGEST "\", \"allow\": [] }]"));
	const struct host_access_image *images = settings->host_access_images;

	assert_int_equal(settings->warning_count, 0);
	assert_int_equal(settings->host_access, HOST_ACCESS_BIT(HOST_ACCESS_HOST_NAMESPACES) |
							HOST_ACCESS_BIT(HOST_ACCESS_DEVICES));
	assert_int_equal(settings->host_access_image_count, 2);
	assert_int_equal(images[0].image.kind, REFERENCE_REPOSITORY);
	assert_string_equal(images[0].image.reference.repository, "testcontainers/ryuk");
	assert_int_equal(images[0].allowed, HOST_ACCESS_BIT(HOST_ACCESS_PRIVILEGED));
	assert_int_equal(images[1].image.kind, REFERENCE_DIGEST);
	assert_int_equal(images[1].allowed, 0);
	settings_free(settings);
}

/* Whoever mistypes a name must hear of it: the file would allow less, or more, than its author thinks. */
static void what_containers_may_hand_out_must_be_known(void **state)
{
	expect_problem(*state, ACCESS("\"allow\": [\"priviledged\"]"),
		"%: " MOUNT ".hostAccess.allow[0]: found \"priviledged\", expected the name of an "
		"access; did you mean \"privileged\"?");
	expect_problem(*state, ACCESS("\"allow\": \"privileged\""),
		"%: " MOUNT ".hostAccess.allow: found \"privileged\", expected an array of names");
	expect_problem(*state, ACCESS("\"allow\": [true]"),
		"%: " MOUNT ".hostAccess.allow[0]: found true, expected a string (the name of an access)");
	expect_problem(*state, ACCESS("\"images\": [\"x\"]"),
		"%: " MOUNT ".hostAccess.images[0]: found \"x\", expected an object with \"image\" and "
		"\"allow\"");
	expect_problem(*state, ACCESS("\"images\": [{ \"allow\": [\"privileged\"] }]"),
		"%: " MOUNT ".hostAccess.images[0].image: found nothing, expected a string (an image "
		"reference, or \"*\")");
	expect_problem(*state,
		ACCESS("\"images\": [{ \"image\": \"*\", \"allow\": [\"privileged\"] }]"),
		"%: " MOUNT ".hostAccess.images[0].image: found \"*\": what every image may have belongs "
		"into hostAccess.allow");
	expect_problem(*state, ACCESS("\"images\": [{ \"image\": \"A:1\", \"allow\": [] }]"),
		"%: " MOUNT ".hostAccess.images[0].image: found \"A:1\": the name of the repository "
		"must be in lower case");
	expect_warning(*state, ACCESS("\"alow\": [\"privileged\"]"),
		MOUNT ".hostAccess.alow: unknown key, ignored; did you mean \"allow\"?");
	expect_warning(*state,
		ACCESS("\"images\": [{ \"image\": \"x\", \"allow\": [] },"
		       "{ \"image\": \"x:latest\", \"allow\": [] }]"),
		MOUNT ".hostAccess.images[1]: says the same as entry [0] before it "
		      "(docker.io/library/x:latest)");
}

static void settings_that_latch_reads_otherwise_are_warned_about(void **state)
{
	expect_warning(*state, FILE_WITH(", \"locked\": false"),
		ECI ".locked: false is read as true: latch has no settings of the user's own that "
		    "could override the file");
	expect_warning(*state, MOUNT_WITH("\"commandList\": { \"type\": \"allow\" }"),
		MOUNT ".commandList: an allow list without commands refuses every command");
	expect_warning(*state, IMAGES("[\"x:1@" DIGEST "\"]"),
		MOUNT ".imageList.images[0]: the tag \"1\" is ignored, the digest decides");
}

static void entries_that_say_the_same_are_warned_about(void **state)
{
	expect_warning(*state, IMAGES("[\"docker:cli\", \"x\", \"docker.io/library/docker:cli\"]"),
		MOUNT ".imageList.images[2]: says the same as entry [0] before it "
		      "(docker.io/library/docker:cli)");
	expect_warning(*state, IMAGES("[\"x\", \"x:latest\"]"),
		MOUNT ".imageList.images[1]: says the same as entry [0] before it "
		      "(docker.io/library/x:latest)");
	expect_warning(*state, IMAGES("[\"x@" DIGEST "\", \"index.docker.io/x@" DIGEST "\"]"),
		MOUNT ".imageList.images[1]: says the same as entry [0] before it "
		      "(docker.io/library/x@" DIGEST ")");
	expect_warning(*state, IMAGES("[\"g/*\", \"g/*:*\", \"docker.io/g/*:*\"]"),
		MOUNT ".imageList.images[2]: says the same as entry [1] before it "
		      "(docker.io/g/*:*)");
	expect_warning(*state, IMAGES("[\"x:*\", \"x\", \"library/x:*\"]"),
		MOUNT ".imageList.images[2]: says the same as entry [0] before it "
		      "(docker.io/library/x:*)");
	expect_warning(*state, IMAGES("[\"x\", \"*\", \"*\"]"),
		MOUNT ".imageList.images[2]: says the same as entry [1] before it (every image)");
	expect_warning(*state, COMMANDS("[\"ps\", \"tag\", \"ps\"]"),
		MOUNT ".commandList.commands[2]: says the same as entry [0] before it (ps)");
}

static void a_file_that_everybody_may_write_is_warned_about(void **state)
{
	const struct place *place = *state;
	struct settings *settings;
	char *problem;

	write_bytes(place, FILE_WITH(""), strlen(FILE_WITH("")));
	assert_int_equal(chmod(place->file, 0646), 0);
	assert_int_equal(settings_load(place->file, &settings, &problem), 0);
	assert_int_equal(settings->warning_count, 1);
	assert_non_null(
		strstr(settings->warnings[0], "every user of this machine may write to it"));
	settings_free(settings);
	assert_int_equal(chmod(place->file, 0644), 0);
}

static void the_warnings_of_the_command_list_arrive_with_their_entry(void **state)
{
	/* Two that the engine's interface cannot tell from others: port from inspect, and logout,
	 * which sends no request. */
	static const char *const names[] = {"port", "logout", "push"};
	size_t warned = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char text[256], sentence[512], expected[768];

		snprintf(text, sizeof(text), COMMANDS("[\"%s\"]"), names[i]);
		assert_int_equal(commandlist_check(names[i], sentence, sizeof(sentence)), 0);
		snprintf(
			expected, sizeof(expected), MOUNT ".commandList.commands[0]: %s", sentence);
		if (!sentence[0]) {
			settings_free(load(*state, text));
			continue;
		}
		expect_warning(*state, text, expected);
		warned++;
	}
	assert_true(warned >= 1);
}

static void endless_warnings_are_cut_off(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct settings *settings;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("{ \"" ECI "\": { \"value\": true", out);
	for (int i = 0; i < 1000; i++)
		fprintf(out, ", \"unknown %d\": 0", i);
	fputs("} }", out);
	fclose(out);
	settings = load(*state, text);
	assert_int_equal(settings->warning_count, 257);
	assert_string_equal(settings->warnings[256], "further warnings are not shown");
	settings_free(settings);
}

static void every_wrong_type_and_value_names_its_path_and_what_was_expected(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{"[]", "%: found an array, expected an object"},
		{"{ \"configurationFileVersion\": 1, \"" ECI "\": { \"value\": true } }",
			"%: configurationFileVersion: found 1, expected 2 (the only version that "
			"there is)"},
		{"{ \"configurationFileVersion\": \"2\", \"" ECI "\": { \"value\": true } }",
			"%: configurationFileVersion: found \"2\", expected 2 (the only version "
			"that "
			"there is)"},
		{"{ \"configurationFileVersion\": 2.0, \"" ECI "\": { \"value\": true } }",
			"%: configurationFileVersion: found 2.0, expected 2 (the only version that "
			"there is)"},
		{"{ \"" ECI "\": true }", "%: " ECI ": found true, expected an object"},
		{"{ \"" ECI "\": null }", "%: " ECI ": found null, expected an object"},
		{"{ \"" ECI "\": { \"value\": \"true\" } }",
			"%: " ECI ".value: found \"true\", expected true or false"},
		{"{ \"" ECI "\": { \"value\": null } }",
			"%: " ECI ".value: found null, expected true or false"},
		{FILE_WITH(", \"locked\": 1"),
			"%: " ECI ".locked: found 1, expected true or false"},
		{FILE_WITH(", \"dockerSocketMount\": []"),
			"%: " MOUNT ": found an array, expected an object"},
		{MOUNT_WITH("\"imageList\": [\"x\"]"),
			"%: " MOUNT ".imageList: found an array, expected an object"},
		{IMAGES("\"x\""),
			"%: " MOUNT ".imageList.images: found \"x\", expected an array of "
			"image references"},
		{IMAGES("[\"x\", 7]"),
			"%: " MOUNT ".imageList.images[1]: found 7, expected a string "
			"(an image reference, or \"*\")"},
		{IMAGES("[{}]"), "%: " MOUNT ".imageList.images[0]: found an object, expected a "
				 "string (an image reference, or \"*\")"},
		{IMAGES("[\"Upper\"]"),
			"%: " MOUNT ".imageList.images[0]: found \"Upper\": the name "
			"of the repository must be in lower case"},
		{IMAGES("[\"*:*\"]"),
			"%: " MOUNT ".imageList.images[0]: found \"*:*\": a star alone is no "
			"repository's name: write * without a tag for every container, or "
			"docker.io/library/*:* for docker's official images"},
		{IMAGES("[\"x:1.*\"]"),
			"%: " MOUNT ".imageList.images[0]: found \"x:1.*\": a star stands for a "
			"part of the tag: write :* for every tag, or one entry for each tag"},
		{IMAGES("[\"a b\\u001b[0m\"]"),
			"%: " MOUNT ".imageList.images[0]: found "
			"\"a b\\u001B[0m\": an image reference cannot hold white space"},
		{MOUNT_WITH("\"imageList\": { \"allowDerivedImages\": \"no\" }"),
			"%: " MOUNT ".imageList.allowDerivedImages: found \"no\", expected true or "
			"false"},
		{MOUNT_WITH("\"commandList\": true"),
			"%: " MOUNT ".commandList: found true, expected an object"},
		{MOUNT_WITH("\"commandList\": { \"type\": \"permit\" }"),
			"%: " MOUNT ".commandList.type: found \"permit\", expected \"allow\" or "
			"\"deny\""},
		{MOUNT_WITH("\"commandList\": { \"type\": \"Deny\" }"),
			"%: " MOUNT ".commandList.type: found \"Deny\", expected \"allow\" or "
			"\"deny\""},
		{MOUNT_WITH("\"commandList\": { \"type\": null }"),
			"%: " MOUNT
			".commandList.type: found null, expected \"allow\" or \"deny\""},
		{MOUNT_WITH("\"commandList\": { \"type\": \"d\xc3\xa9ni\\u009b\" }"),
			"%: " MOUNT ".commandList.type: found \"d\\u00E9ni\\u009B\", expected "
			"\"allow\" or \"deny\""},
		{COMMANDS("{}"), "%: " MOUNT ".commandList.commands: found an object, expected an "
				 "array of docker commands"},
		{COMMANDS("[\"ps\", false]"), "%: " MOUNT ".commandList.commands[1]: found false, "
					      "expected a string (a docker command)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_problem(*state, rows[i].text, rows[i].problem);
}

static void a_command_that_a_list_may_not_hold_is_refused_with_commandlists_sentence(void **state)
{
	static const char *const names[] = {"psuh", "no such thing", "compose", ""};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char text[256], sentence[512], expected[768];

		assert_int_equal(commandlist_check(names[i], sentence, sizeof(sentence)), -EINVAL);
		assert_true(strlen(sentence) > 0);
		snprintf(text, sizeof(text), COMMANDS("[\"ps\", \"%s\"]"), names[i]);
		snprintf(expected, sizeof(expected), "%%: " MOUNT ".commandList.commands[1]: %s",
			sentence);
		expect_problem(*state, text, expected);
	}
	expect_problem(*state, COMMANDS("[\"p\\u001b\\n\\u00e9\"]"),
		"%: " MOUNT ".commandList.commands[0]: \"p????\" is not a docker command");
}

static void all_problems_are_listed_one_a_line_and_then_the_warnings(void **state)
{
	expect_problem(*state,
		"{ \"configurationFileVersion\": 3, \"" ECI
		"\": { \"locked\": 0, \"vaule\": true,\n"
		"  \"dockerSocketMount\": { \"imageList\": { \"images\": [1, \"x\", \"-\"] },\n"
		"  \"commandList\": { \"type\": \"permit\", \"commands\": [null] } } } }",
		"%: configurationFileVersion: found 3, expected 2 (the only version that there "
		"is)\n"
		"%: " ECI ".locked: found 0, expected true or false\n"
		"%: " ECI ".value: found nothing, expected true or false: the file has to say "
		"whether isolation is on\n"
		"%: " MOUNT ".imageList.images[0]: found 1, expected a string (an image reference, "
		"or \"*\")\n"
		"%: " MOUNT ".imageList.images[2]: found \"-\": the name of the repository must be "
		"made of a-z and 0-9, with '.', '_', '__' or '-' only between them, and parts "
		"separated by one '/'\n"
		"%: " MOUNT ".commandList.type: found \"permit\", expected \"allow\" or \"deny\"\n"
		"%: " MOUNT ".commandList.commands[0]: found null, expected a string (a docker "
		"command)\n"
		"warning: %: " ECI ".vaule: unknown key, ignored; did you mean \"value\"?");
}

static void a_file_that_does_not_mention_isolation_is_an_error(void **state)
{
	expect_problem(*state, "{}",
		"%: " ECI
		": found nothing, expected an object: latch reads nothing else of this file");
	expect_problem(*state, "{ \"enhancedContainerisolation\": { \"value\": true } }",
		"%: " ECI ": found nothing, expected an object: latch reads nothing else of this "
		"file; there is enhancedContainerisolation, spelt differently");
	expect_problem(*state, "{ \"" ECI "\": {} }",
		"%: " ECI ".value: found nothing, expected true or false: the file has to say "
		"whether isolation is on");
}

static void a_syntax_error_is_given_with_line_and_column(void **state)
{
	static const struct {
		const char *text, *place, *sentence;
	} rows[] = {
		{"{ \"a\": tru }", ":1:10: ", "invalid token near 'tru'"},
		{"{\n  \"a\": 1,\n}\n", ":3:1: ", "string or '}' expected near '}'"},
		{"{\n\t\"a\" 1\n}\n", ":2:6: ", "':' expected near '1'"},
		{"{ \"a\": [1 2] }", ":1:11: ", "']' expected near '2'"},
		{"{ \"a\": 1", ":1:8: ", "'}' expected near end of file"},
		{"{ \"a\": 1 } x", ":1:12: ", "end of file expected near 'x'"},
		{"// why\n{}", ":1:1: ", "'[' or '{' expected near '/'"},
		{"true", ":1:4: ", "'[' or '{' expected near 'true'"},
		{"{ \"a\": 'x' }", ":1:8: ", "invalid token near '''"},
		{"{ \"a\": \"x\ny\" }", ":1:9: ", "unexpected newline near '\"x'"},
		{"{ \"a\": \xc3\xa9 }", ":1:8: ",
			"invalid token near '?"
			"?'"},
		{"{ \"a\": \x1b[1m }", ":1:8: ", "invalid token near '?'"},
		{"{ \"a\": \"\xff\" }", ":1:8: ", "unable to decode byte 0xff near '\"'"},
		{"{ \"a\": \"\\u0000\" }", ":1:15: ", "\\u0000 is not allowed"},
		{"{ \"a\": 1,\n  \"a\": 2 }", ":2:5: ", "duplicate object key near '\"a\"'"},
		{"{ \"a\": 1,\n  \"\\u0061\": 2 }", ":2:10: ", "duplicate object key"},
		{FILE_WITH(",\n\"value\": false"),
			":2:7: ", "duplicate object key near '\"value\"'"},
		{"{ \"a\x1b\": 1 }", ":1:4: ", "control character 0x1b near '\"a'"},
	};
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *problem = NULL;
		const char *after;

		write_bytes(place, rows[i].text, strlen(rows[i].text));
		problem = load_refused(place, -EINVAL);
		after = problem + strlen(place->file);
		if (strncmp(after, rows[i].place, strlen(rows[i].place)) ||
			!strstr(after, rows[i].sentence))
			fail_msg("%s gave %s", rows[i].text, after);
		for (const char *c = problem; *c; c++)
			assert_in_range(*c, 0x20, 0x7e);
	}
}

static void other_encodings_and_empty_files_get_a_telling_message(void **state)
{
	static const char utf16[] = "\xff\xfe{\0}\0";
	const struct place *place = *state;
	char *problem;

	expect_problem(place, "\xef\xbb\xbf{}",
		"%:1:1: begins with a UTF-8 byte order mark, which ECI does not accept either: "
		"save the file as UTF-8 without BOM");
	write_bytes(place, utf16, sizeof(utf16) - 1);
	problem = load_refused(place, -EINVAL);
	assert_non_null(strstr(problem, ":1:1: is UTF-16 text"));
	free(problem);
	expect_problem(place, "", "%: is empty, expected an object with \"" ECI "\"");
	expect_problem(place, " \t\r\n\n", "%: is empty, expected an object with \"" ECI "\"");
	write_bytes(place, "\0", 1);
	problem = load_refused(place, -EINVAL);
	assert_non_null(strstr(problem, ":1:1: "));
	free(problem);
}

static void only_a_regular_file_that_can_be_read_is_read(void **state)
{
	const struct place *place = *state;
	char *problem;

	unlink(place->file);
	problem = load_refused(place, -ENOENT);
	assert_non_null(strstr(problem, ": cannot be read: No such file or directory"));
	free(problem);

	assert_int_equal(mkdir(place->file, 0755), 0);
	problem = load_refused(place, -EISDIR);
	assert_non_null(strstr(problem, ": is a directory"));
	free(problem);
	assert_int_equal(rmdir(place->file), 0);

	assert_int_equal(mkfifo(place->file, 0644), 0);
	problem = load_refused(place, -EINVAL);
	assert_non_null(strstr(problem, ": is not a regular file"));
	free(problem);
	unlink(place->file);

	assert_int_equal(symlink(place->file, place->file), 0);
	problem = load_refused(place, -ELOOP);
	assert_non_null(strstr(problem, ": cannot be read: "));
	free(problem);
	unlink(place->file);
}

static void a_file_without_read_permission_is_an_error(void **state)
{
	const struct place *place = *state;
	char *problem;

	write_bytes(place, FILE_WITH(""), strlen(FILE_WITH("")));
	assert_int_equal(chmod(place->file, 0), 0);
	assert_int_equal(chmod(place->folder, 0755), 0);
	/* Root reads everything: the question is put as somebody else. */
	if (!geteuid())
		assert_int_equal(seteuid(65534), 0);
	problem = load_refused(place, -EACCES);
	if (!getuid())
		assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(problem, ": cannot be read: Permission denied"));
	free(problem);
	unlink(place->file);
}

static void a_file_of_four_mebibytes_is_read_and_a_larger_one_is_not(void **state)
{
	const struct place *place = *state;
	size_t size = 4 << 20, used = strlen(FILE_WITH(""));
	_cleanup_free_ char *bytes = malloc(size + 1);
	struct settings *settings;
	char *problem;

	memset(bytes, ' ', size + 1);
	memcpy(bytes, FILE_WITH(""), used);
	write_bytes(place, bytes, size);
	assert_int_equal(settings_load(place->file, &settings, &problem), 0);
	settings_free(settings);
	write_bytes(place, bytes, size + 1);
	problem = load_refused(place, -EFBIG);
	assert_non_null(strstr(problem, ": is larger than 4 MiB"));
	free(problem);
}

static void a_list_of_4096_entries_is_read_and_a_longer_one_is_not(void **state)
{
	for (int count = 4096; count <= 4097; count++) {
		_cleanup_free_ char *text = NULL;
		struct settings *settings;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		fputs("{ \"" ECI "\": { \"value\": true, \"dockerSocketMount\": { \"imageList\": { "
		      "\"images\": [",
			out);
		for (int i = 0; i < count; i++)
			fprintf(out, "%s\"x:%d\"", i ? "," : "", i);
		fputs("] } } } }", out);
		fclose(out);
		if (count > 4096) {
			expect_problem(*state, text,
				"%: " MOUNT
				".imageList.images: found 4097 entries, expected at most "
				"4096");
			continue;
		}
		settings = load(*state, text);
		assert_int_equal(settings->image_count, 4096);
		assert_int_equal(settings->warning_count, 0);
		settings_free(settings);
	}
}

static void the_first_path_that_exists_is_taken_even_if_it_cannot_be_read(void **state)
{
	const struct place *place = *state;
	const char *const paths[] = {"/nonexistent/latch", place->file, place->folder};
	const char *const none[] = {"/nonexistent/latch", "/dev/null/latch"};

	write_bytes(place, "{}", 2);
	assert_string_equal(settings_find(paths, 3), place->file);
	assert_int_equal(chmod(place->file, 0), 0);
	assert_string_equal(settings_find(paths, 3), place->file);
	unlink(place->file);
	assert_string_equal(settings_find(paths, 3), place->folder);
	assert_int_equal(symlink("/nonexistent/latch", place->file), 0);
	assert_string_equal(settings_find(paths, 3), place->file);
	assert_null(settings_find(none, 2));
}

static void a_path_that_cannot_even_be_looked_at_counts_as_existing(void **state)
{
	const struct place *place = *state;
	const char *const paths[] = {place->file, "/tmp"};
	const char *found;

	assert_int_equal(chmod(place->folder, 0), 0);
	if (!geteuid())
		assert_int_equal(seteuid(65534), 0);
	found = settings_find(paths, 2);
	if (!getuid())
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(place->folder, 0700), 0);
	assert_string_equal(found, place->file);
}

static void without_any_file_both_paths_are_named(void **state)
{
	const char *const paths[] = {
		"/etc/latch/admin-settings.json", "/usr/share/docker-desktop/admin-settings.json"};
	struct settings *settings;
	char *problem;

	(void)state;
	if (settings_find(paths, 2)) {
		print_message("skipped: this machine has settings of its own\n");
		skip();
	}
	assert_int_equal(settings_load(NULL, &settings, &problem), -ENOENT);
	assert_null(settings);
	assert_non_null(strstr(problem, paths[0]));
	assert_non_null(strstr(problem, paths[1]));
	assert_non_null(strstr(problem, "--settings"));
	free(problem);
}

/* Fails the test when a prefix is read as more than an error, or any prefix leaks or reads over. */
static void no_prefix_of_a_file_is_accepted(void **state)
{
	static const char whole[] =
		MOUNT_WITH("\"imageList\": { \"images\": [\"x:1\"] }, "
			   "\"commandList\": { \"type\": \"deny\", \"commands\": [\"push\"] }");

	(void)state;
	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		/* At its exact size, so that the sanitizer sees a read behind it. */
		char *bytes = malloc(size ? size : 1);
		struct settings *settings;
		char *problem;

		memcpy(bytes, whole, size);
		assert_int_equal(settings_parse("f", bytes, size, &settings, &problem), -EINVAL);
		assert_null(settings);
		free(problem);
		free(bytes);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_documented_example_is_read_in_full),
		TEST(an_allow_list_and_a_lone_star_are_read),
		TEST(derived_images_are_allowed_only_where_the_file_says_so),
		TEST(entries_with_stars_are_read),
		TEST(what_a_file_does_not_say_has_the_strict_default),
		TEST(isolation_can_be_off_and_the_rest_is_still_checked),
		TEST(the_digest_names_the_bytes_of_the_file),
		TEST(keys_beside_isolation_are_not_looked_at),
		TEST(unknown_keys_inside_isolation_are_warnings_with_the_nearest_known_one),
		TEST(what_containers_may_hand_out_is_nothing_by_default),
		TEST(what_containers_may_hand_out_is_read_for_all_and_by_image),
		TEST(what_containers_may_hand_out_must_be_known),
		TEST(settings_that_latch_reads_otherwise_are_warned_about),
		TEST(entries_that_say_the_same_are_warned_about),
		TEST(a_file_that_everybody_may_write_is_warned_about),
		TEST(the_warnings_of_the_command_list_arrive_with_their_entry),
		TEST(endless_warnings_are_cut_off),
		TEST(every_wrong_type_and_value_names_its_path_and_what_was_expected),
		TEST(a_command_that_a_list_may_not_hold_is_refused_with_commandlists_sentence),
		TEST(all_problems_are_listed_one_a_line_and_then_the_warnings),
		TEST(a_file_that_does_not_mention_isolation_is_an_error),
		TEST(a_syntax_error_is_given_with_line_and_column),
		TEST(other_encodings_and_empty_files_get_a_telling_message),
		TEST(only_a_regular_file_that_can_be_read_is_read),
		TEST(a_file_without_read_permission_is_an_error),
		TEST(a_file_of_four_mebibytes_is_read_and_a_larger_one_is_not),
		TEST(a_list_of_4096_entries_is_read_and_a_longer_one_is_not),
		TEST(the_first_path_that_exists_is_taken_even_if_it_cannot_be_read),
		TEST(a_path_that_cannot_even_be_looked_at_counts_as_existing),
		TEST(without_any_file_both_paths_are_named),
		TEST(no_prefix_of_a_file_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
