// SPDX-License-Identifier: Apache-2.0
/*
 * The body of a container create: which host paths it mounts as Go's decoder will read it, and
 * which bodies could be read in two ways.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "../../userspace/mediator/request_body.h"
#include "route.h"
#include "util.h"

static int parse(const char *text, struct request_body *create)
{
	const char *problem = NULL;
	size_t length = strlen(text);
	/* Without NUL, so that a read behind it shows. */
	struct buffer data = {.data = malloc(length ? length : 1), .length = length};
	int r;

	memcpy(data.data, text, length);
	r = request_body_parse(ROUTE_CONTAINER_CREATE, &data, create, &problem);
	assert_null(data.data);
	if (r == -EBADMSG)
		assert_non_null(problem);
	return r;
}

#define LONG_S "\xc5\xbf"
#define KELVIN "\xe2\x84\xaa"

/* Expected by the engine's own rules: Go's encoding/json, and how it reads Binds and Mounts. */
static const struct {
	const char *text;
	const char *image;
	const char *paths[4]; /* with "v:" a volume's name, with "c:" a container's */
} rows[] = {
	{"{}", NULL, {NULL}},
	{"{\"Image\":\"a:1\"}", "a:1", {NULL}},
	{"{\"iMAGE\":\"a\"}", "a", {NULL}},
	{"{\"Image\":null,\"HostConfig\":null}", NULL, {NULL}},
	{"{\"HostConfig\":{\"Binds\":null,\"Mounts\":null}}", NULL, {NULL}},
	{"{\"HostConfig\":{\"Binds\":[\"/a:/b\",\"/c:/d:ro,z\",\"vol:/e\",\"/f\",\"/g::\"]}}", NULL,
		{"/a", "/c", "v:vol", "/g"}},
	{"{\"hostconfig\":{\"bINDS\":[\"/a:/b\"]}}", NULL, {"/a"}},
	{"{\"Ho" LONG_S "tConfig\":{\"Bind" LONG_S "\":[\"/a:/b\"]}}", NULL, {"/a"}},
	{"{\"Ho\\u017ftConfig\":{\"\\u0042inds\":[\"/a:/b\"]}}", NULL, {"/a"}},
	{"{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\"}]}}",
		NULL, {"/a"}},
	{"{\"HostConfig\":{\"MOUNT" LONG_S "\":[{\"tYPE\":\"bind\",\"" LONG_S "ource\":\"/a\"}]}}",
		NULL, {"/a"}},
	/* On Linux the engine refuses other spellings of the type, and these do not name host
	   paths. */
	{"{\"HostConfig\":{\"Mounts\":[{\"Type\":\"BIND\",\"Source\":\"/a\"},{\"Source\":\"/b\"},"
	 "{\"Type\":\"volume\",\"Source\":\"v\"},{\"Type\":\"bind\"},{\"Type\":null,\"Source\":"
	 "null}]}}",
		NULL, {"v:v"}},
	{"{\"HostConfig\":{\"VolumesFrom\":[\"one\",\"two:ro\"],\"Binds\":[\":/x\"]}}", NULL,
		{"c:one", "c:two"}},
	/* Engines up to 20.10 take HostConfig's fields at the top level as well. */
	{"{\"Binds\":[\"/a:/b\"],\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/c\"}]}", NULL,
		{"/a", "/c"}},
	/* Keys of other objects are not HostConfig's. */
	{"{\"Labels\":{\"Binds\":\"x\",\"HostConfig\":\"y\"},\"Env\":[\"Binds=/a:/b\"]}", NULL,
		{NULL}},
};

static void assert_source(const struct mount_source *source, const char *expected)
{
	enum wire_kind kind = expected[0] == '/' ? WIRE_JUDGE_MOUNT :
			      expected[0] == 'v' ? WIRE_JUDGE_VOLUME :
						   WIRE_JUDGE_VOLUMES_FROM;

	assert_int_equal(source->kind, kind);
	assert_string_equal(source->text, expected + (expected[0] == '/' ? 0 : 2));
}

static void what_is_mounted_and_image_are_found_as_the_engine_finds_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request_body create;
		size_t n = 0;

		if (parse(rows[i].text, &create) != 0)
			fail_msg("row %zu is refused", i);
		if (rows[i].image)
			assert_string_equal(create.image, rows[i].image);
		else
			assert_null(create.image);
		while (n < 4 && rows[i].paths[n])
			n++;
		if (create.source_count != n)
			fail_msg("row %zu: %zu paths", i, create.source_count);
		for (size_t p = 0; p < n; p++)
			assert_source(&create.sources[p], rows[i].paths[p]);
		request_body_free(&create);
	}
}

static const char *const refused[] = {
	"",
	" ",
	"null",
	"[]",
	"1",
	"\"x\"",
	"{",
	"{}{}",
	"{} x",
	"{\"a\":1,}",
	"{'a':1}",
	"// \n{}",
	"\xef\xbb\xbf{}",
	/* two keys for one field */
	"{\"Image\":\"a\",\"Image\":\"a\"}",
	"{\"Image\":\"a\",\"image\":\"b\"}",
	"{\"Image\":\"a\",\"\\u0049mage\":\"b\"}",
	"{\"HostConfig\":{},\"Ho" LONG_S "tConfig\":{\"Binds\":[\"/a:/b\"]}}",
	"{\"HostConfig\":{\"Binds\":[],\"Bind\\u017f\":[\"/a:/b\"]}}",
	"{\"HostConfig\":{\"Mounts\":[{\"Source\":\"/a\",\"source\":\"/b\",\"Type\":\"bind\"}]}}",
	"{\"NetworkingConfig\":{\"X\":{\"Kelvin\":1,\"" KELVIN "elvin\":2}}}",
	"{\"Unknown\":[[{\"a\":1,\"A\":2}]]}",
	/* wrong types */
	"{\"Image\":1}",
	"{\"Image\":{}}",
	"{\"HostConfig\":\"x\"}",
	"{\"HostConfig\":[]}",
	"{\"HostConfig\":{\"Binds\":\"/a:/b\"}}",
	"{\"HostConfig\":{\"Binds\":{}}}",
	"{\"HostConfig\":{\"Binds\":[null]}}",
	"{\"HostConfig\":{\"Binds\":[[\"/a:/b\"]]}}",
	"{\"HostConfig\":{\"Mounts\":{}}}",
	"{\"HostConfig\":{\"Mounts\":[null]}}",
	"{\"HostConfig\":{\"Mounts\":[[]]}}",
	"{\"HostConfig\":{\"Mounts\":[{\"Type\":1}]}}",
	"{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":[\"/a\"]}]}}",
	"{\"Binds\":1}",
	"{\"HostConfig\":{\"VolumesFrom\":\"x\"}}",
	"{\"HostConfig\":{\"VolumesFrom\":[1]}}",
	/* text that is no text */
	"{\"Image\":\"\xff\"}",
	"{\"Image\":\"a\\u0000b\"}",
	"{\"Image\":\"\\ud800\"}",
	"{\"HostConfig\":{\"Binds\":[\"/a\\u0000:/b\"]}}",
};

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct request_body create;

		if (parse(refused[i], &create) != -EBADMSG)
			fail_msg("row %zu is not refused: %s", i, refused[i]);
		assert_null(create.text);
		assert_null(create.sources);
	}
}

/* Go compares the keys of maps as they are: these are two labels, two options, two networks. */
static void keys_of_maps_may_differ_in_case(void **state)
{
	static const char *const maps[] = {
		"{\"Labels\":{\"Foo\":\"1\",\"foo\":\"2\"}}",
		"{\"HostConfig\":{\"Sysctls\":{\"a\":\"1\",\"A\":\"2\"}}}",
		"{\"NetworkingConfig\":{\"EndpointsConfig\":{\"Net\":{},\"net\":{}}}}",
	};
	struct request_body create;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		assert_int_equal(parse(maps[i], &create), 0);
		request_body_free(&create);
	}
	/* but what lies in a map is a struct again */
	assert_int_equal(parse("{\"NetworkingConfig\":{\"EndpointsConfig\":{\"n\":"
			       "{\"IPAddress\":\"1\",\"ipaddress\":\"2\"}}}}",
				 &create),
		-EBADMSG);
}

static void the_body_is_written_anew_with_the_same_content(void **state)
{
	struct request_body create;

	(void)state;
	assert_int_equal(
		parse(" {\n\"Image\" : \"\\u0061\", \"N\":[1, -2.5 ,true,null,9223372036854775807],"
		      "\"E\":\"\\/\\n\xc3\xa9\"} ",
			&create),
		0);
	assert_string_equal(create.text,
		"{\"Image\":\"a\",\"N\":[1,-2.5,true,null,9223372036854775807],"
		"\"E\":\"/\\n\xc3\xa9\"}");
	request_body_free(&create);
}

static void the_image_can_be_replaced_by_its_id(void **state)
{
	struct request_body create;

	(void)state;
	assert_int_equal(parse("{\"Cmd\":[\"x\"],\"iMage\":\"a:1\",\"Labels\":{\"Image\":\"b\"}}", &create),
		0);
	assert_int_equal(request_body_set_image(&create, "sha256:1"), 0);
	assert_string_equal(create.text,
		"{\"Cmd\":[\"x\"],\"iMage\":\"sha256:1\",\"Labels\":{\"Image\":\"b\"}}");
	request_body_free(&create);
}

static char *many_binds(size_t count)
{
	char *text = malloc(32 + count * 8), *at = text;

	at += sprintf(at, "{\"HostConfig\":{\"Binds\":[");
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s\"/a:b\"", i ? "," : "");
	sprintf(at, "]}}");
	return text;
}

static void the_number_of_paths_is_bounded(void **state)
{
	_cleanup_free_ char *most = many_binds(REQUEST_BODY_MAX_SOURCES);
	_cleanup_free_ char *more = many_binds(REQUEST_BODY_MAX_SOURCES + 1);
	struct request_body create;

	(void)state;
	assert_int_equal(parse(most, &create), 0);
	assert_int_equal(create.source_count, REQUEST_BODY_MAX_SOURCES);
	request_body_free(&create);
	assert_int_equal(parse(more, &create), -EBADMSG);
}

/* Longer ones could not be asked about, and would be kept until somebody says so. */
static void paths_and_images_are_bounded(void **state)
{
	static const char *const forms[] = {"{\"Image\":\"%s\"}", "{\"HostConfig\":{\"Binds\":[\"/%s:/b\"]}}",
		"{\"HostConfig\":{\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"%s\"}]}}",
		"{\"HostConfig\":{\"VolumesFrom\":[\"%s\"]}}"};
	char name[WIRE_TEXT_SIZE + 1], text[WIRE_TEXT_SIZE + 100];
	struct request_body create;

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		name[WIRE_TEXT_SIZE - 2] = 0;
		snprintf(text, sizeof(text), forms[i], name);
		assert_int_equal(parse(text, &create), 0);
		request_body_free(&create);
		name[WIRE_TEXT_SIZE - 2] = 'a';
		name[WIRE_TEXT_SIZE] = 0;
		snprintf(text, sizeof(text), forms[i], name);
		assert_int_equal(parse(text, &create), -EBADMSG);
	}
}

/* What may be longer when it is written anew: not more than MAX_WRITTEN expects. */
static void numbers_grow_by_less_than_twenty_bytes(void **state)
{
	static const char *const numbers[] = {"0.1", "1e9", "1e15", "1e16", "1e17", "-1e99", "5e-324", "-0.3",
		"1e308", "-5e-324", "-7e-99", "1E1", "-0", "9007199254740993.0"};
	struct request_body create;
	char text[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(text, sizeof(text), "{\"x\":%s}", numbers[i]);
		assert_int_equal(parse(text, &create), 0);
		if (strlen(create.text) >= strlen(text) + 20)
			fail_msg("%s becomes %s", text, create.text);
		request_body_free(&create);
	}
}

static void deep_nesting_is_refused_without_a_crash(void **state)
{
	struct request_body create;
	char *text = malloc(200001);

	(void)state;
	memset(text, '[', 200000);
	text[200000] = 0;
	memcpy(text, "{\"a\":", 5);
	assert_int_equal(parse(text, &create), -EBADMSG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mounted_and_image_are_found_as_the_engine_finds_them),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
		cmocka_unit_test(keys_of_maps_may_differ_in_case),
		cmocka_unit_test(the_body_is_written_anew_with_the_same_content),
		cmocka_unit_test(the_image_can_be_replaced_by_its_id),
		cmocka_unit_test(the_number_of_paths_is_bounded),
		cmocka_unit_test(paths_and_images_are_bounded),
		cmocka_unit_test(numbers_grow_by_less_than_twenty_bytes),
		cmocka_unit_test(deep_nesting_is_refused_without_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
