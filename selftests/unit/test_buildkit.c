// SPDX-License-Identifier: Apache-2.0
/*
 * What a message to BuildKit asks for. The messages are written by field numbers of BuildKit's .proto
 * files, and each rule is tried in both directions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "buildkit.h"
#include "protobuf_writer.h"
#include "route.h"

enum { /* fields of SolveRequest */
	REF = 1, DEFINITION, OLD_EXPORTER, OLD_ATTRIBUTES, SESSION, FRONTEND, FRONTEND_ATTRIBUTES,
	CACHE, ENTITLEMENTS, FRONTEND_INPUTS, INTERNAL, SOURCE_POLICY, EXPORTERS,
	SESSION_EXPORTER, SOURCE_POLICY_SESSION, COMPATIBILITY, PROXY_NETWORK,
};
enum { TYPE = 1, ATTRIBUTES }; /* of an exporter, and of a cache's entry */
enum { EXPORT_REFERENCE = 1, IMPORT_REFERENCES, EXPORT_ATTRIBUTES, EXPORTS, IMPORTS }; /* of CacheOptions */

#define EMPTY {.limit = SIZE_MAX / 2}

/* A build as buildx sends it, harmless. */
static struct buffer build(void)
{
	struct buffer out = EMPTY, exporter = EMPTY, cache = EMPTY, entry = EMPTY;

	write_text(&out, REF, "ref");
	write_text(&out, SESSION, "session");
	write_text(&out, FRONTEND, "dockerfile.v0");
	write_entry(&out, FRONTEND_ATTRIBUTES, "filename", "Dockerfile");
	write_entry(&out, FRONTEND_ATTRIBUTES, "build-arg:push", "true");
	write_text(&exporter, TYPE, "moby");
	write_entry(&exporter, ATTRIBUTES, "name", "localhost:5000/a:1");
	write_message(&out, EXPORTERS, &exporter);
	write_text(&entry, TYPE, "registry");
	write_entry(&entry, ATTRIBUTES, "ref", "localhost:5000/a:cache");
	write_message(&cache, IMPORTS, &entry);
	write_text(&entry, TYPE, "inline");
	write_message(&cache, EXPORTS, &entry);
	write_message(&out, CACHE, &cache);
	write_text(&out, DEFINITION, "");
	return out;
}

/* Takes the message. */
static int take(int route, struct buffer *message, struct build_ask *ask)
{
	const char *problem = NULL;
	int r = buildkit_read(route, (struct span){message->data ? message->data : "", message->length},
		ask, &problem);

	if (r < 0)
		assert_non_null(problem);
	buffer_reset(message);
	return r;
}

static void expect(int route, struct buffer message, bool pushes, uint32_t asked)
{
	struct build_ask ask;

	assert_int_equal(take(route, &message, &ask), 0);
	assert_int_equal(ask.pushes, pushes);
	assert_int_equal(ask.access.asked, asked);
	if (pushes)
		assert_true(ask.push[0] && strlen(ask.push) < BUILD_PUSH_SIZE - 1);
}

static void expect_broken(int route, struct buffer message)
{
	struct build_ask ask;

	assert_int_equal(take(route, &message, &ask), -EBADMSG);
}

#define BIT(kind) HOST_ACCESS_BIT(HOST_ACCESS_##kind)

static void a_build_as_buildx_sends_it_asks_for_nothing(void **state)
{
	struct buffer out = build();

	(void)state;
	write_text(&out, FRONTEND_INPUTS, "");
	write_number(&out, INTERNAL, 1);
	write_text(&out, SOURCE_POLICY, "");
	write_number(&out, SESSION_EXPORTER, 0);
	write_text(&out, SOURCE_POLICY_SESSION, "x");
	write_number(&out, COMPATIBILITY, 20);
	write_number(&out, PROXY_NETWORK, 1);
	expect(ROUTE_CALL_SOLVE, out, false, 0);
	expect(ROUTE_CALL_SOLVE, (struct buffer)EMPTY, false, 0);
}

/* An exporter in a field of its own, and by the fields that old clients use. */
static void expect_exporter(const char *type, const char *key, const char *value, bool pushes)
{
	for (int way = 0; way < 4; way++) {
		struct buffer out = way & 1 ? build() : (struct buffer)EMPTY, exporter = EMPTY;

		if (way & 2) {
			if (key)
				write_entry(&out, OLD_ATTRIBUTES, key, value);
			if (type)
				write_text(&out, OLD_EXPORTER, type);
		} else {
			if (key)
				write_entry(&exporter, ATTRIBUTES, key, value);
			if (type)
				write_text(&exporter, TYPE, type);
			write_message(&out, EXPORTERS, &exporter);
		}
		expect(ROUTE_CALL_SOLVE, out, pushes, 0);
	}
}

static void an_exporter_pushes_when_its_attribute_is_not_false(void **state)
{
	static const char *const yes[] = {"true", "1", "t", "T", "TRUE", "True", "", "yes", "tRUE", "0 ", "no",
		"fALSE"};
	static const char *const no[] = {"false", "0", "f", "F", "FALSE", "False"};
	static const char *const types[] = {"image", "moby", "docker", "oci", "local", "tar", "", NULL};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
			expect_exporter(types[t], "push", yes[i], true);
		for (size_t i = 0; i < ARRAY_SIZE(no); i++)
			expect_exporter(types[t], "push", no[i], false);
		expect_exporter(types[t], "PUSH", "true", true);
		expect_exporter(types[t], "push-by-digest", "true", false);
		expect_exporter(types[t], "name", "push", false);
	}
}

static void an_exporter_of_an_unknown_type_pushes(void **state)
{
	static const char *const types[] = {"registry", "Image", "image ", "oci-registry", "s3", "earthly"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		expect_exporter(types[i], NULL, NULL, true);
	expect_exporter("cacheonly", NULL, NULL, false);
}

static void a_push_is_seen_wherever_it_stands(void **state)
{
	struct buffer out = build(), exporter = EMPTY, more = build();

	(void)state;
	/* The second of two exporters, and the attribute before the type. */
	write_entry(&exporter, ATTRIBUTES, "push", "true");
	write_text(&exporter, TYPE, "image");
	write_message(&out, EXPORTERS, &exporter);
	expect(ROUTE_CALL_SOLVE, out, true, 0);
	/* What a later occurrence would override counts all the same. */
	write_entry(&exporter, ATTRIBUTES, "push", "true");
	write_entry(&exporter, ATTRIBUTES, "push", "false");
	write_message(&more, EXPORTERS, &exporter);
	expect(ROUTE_CALL_SOLVE, more, true, 0);
	out = build();
	write_text(&out, OLD_EXPORTER, "registry");
	write_text(&out, OLD_EXPORTER, "image");
	expect(ROUTE_CALL_SOLVE, out, true, 0);
}

static struct buffer with_cache(const char *type)
{
	struct buffer out = build(), cache = EMPTY, entry = EMPTY;

	write_entry(&entry, ATTRIBUTES, "ref", "localhost:5000/cache");
	if (type)
		write_text(&entry, TYPE, type);
	write_message(&cache, EXPORTS, &entry);
	/* The second time that the field occurs: decoders merge the two. */
	write_message(&out, CACHE, &cache);
	return out;
}

static void a_cache_that_leaves_is_a_push(void **state)
{
	static const char *const types[] = {"registry", "gha", "s3", "azblob", "", "Inline", NULL};
	struct buffer out = build(), cache = EMPTY, entry = EMPTY;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		expect(ROUTE_CALL_SOLVE, with_cache(types[i]), true, 0);
	expect(ROUTE_CALL_SOLVE, with_cache("inline"), false, 0);
	expect(ROUTE_CALL_SOLVE, with_cache("local"), false, 0);
	write_text(&cache, EXPORT_REFERENCE, "localhost:5000/cache");
	write_message(&out, CACHE, &cache);
	expect(ROUTE_CALL_SOLVE, out, true, 0);
	out = build();
	write_text(&cache, EXPORT_REFERENCE, "");
	write_entry(&cache, EXPORT_ATTRIBUTES, "mode", "max");
	write_text(&cache, IMPORT_REFERENCES, "localhost:5000/cache");
	write_message(&out, CACHE, &cache);
	expect(ROUTE_CALL_SOLVE, out, false, 0);
	/* Two types in one entry. */
	out = build();
	write_text(&entry, TYPE, "registry");
	write_text(&entry, TYPE, "inline");
	write_message(&cache, EXPORTS, &entry);
	write_message(&out, CACHE, &cache);
	expect(ROUTE_CALL_SOLVE, out, true, 0);
}

static void exporters_that_the_session_names_may_push(void **state)
{
	struct buffer out = build();

	(void)state;
	write_number(&out, SESSION_EXPORTER, 1);
	expect(ROUTE_CALL_SOLVE, out, true, 0);
}

static void entitlements_ask_for_the_host(void **state)
{
	static const struct {
		const char *name;
		uint32_t asked;
	} cases[] = {
		{"network.host", BIT(HOST_NAMESPACES)}, {"security.insecure", BIT(PRIVILEGED)},
		{"device", BIT(DEVICES)}, {"device=vendor.com/a", BIT(DEVICES)},
		{"", BIT(UNKNOWN_FIELDS)}, {"network.host ", BIT(UNKNOWN_FIELDS)},
		{"everything", BIT(UNKNOWN_FIELDS)},
	};
	struct buffer out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		out = build();
		write_text(&out, ENTITLEMENTS, cases[i].name);
		expect(ROUTE_CALL_SOLVE, out, false, cases[i].asked);
	}
	out = build();
	write_text(&out, ENTITLEMENTS, "network.host");
	write_text(&out, ENTITLEMENTS, "security.insecure");
	expect(ROUTE_CALL_SOLVE, out, false, BIT(HOST_NAMESPACES) | BIT(PRIVILEGED));
}

static void attributes_of_the_frontend_ask_for_the_host(void **state)
{
	static const struct {
		const char *key, *value;
		uint32_t asked;
	} cases[] = {
		{"cgroup-parent", "/x", BIT(CGROUP_PARENT)}, {"cgroup-parent", "", 0},
		{"force-network-mode", "host", BIT(HOST_NAMESPACES)}, {"force-network-mode", "none", 0},
		{"force-network-mode", "HOST", BIT(HOST_NAMESPACES)}, {"target", "cgroup-parent", 0},
		{"hostname", "host", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buffer out = build();

		write_entry(&out, FRONTEND_ATTRIBUTES, cases[i].key, cases[i].value);
		expect(ROUTE_CALL_SOLVE, out, false, cases[i].asked);
	}
}

static void a_field_that_is_not_known_is_asked_about(void **state)
{
	static const unsigned fields[] = {18, 99, 15000, 536870911};
	struct buffer out, inner = EMPTY, cache = EMPTY;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		out = build();
		write_text(&out, fields[i], "x");
		expect(ROUTE_CALL_SOLVE, out, false, BIT(UNKNOWN_FIELDS));
		out = (struct buffer)EMPTY;
		write_number(&out, fields[i], 1);
		expect(ROUTE_CALL_NEW_CONTAINER, out, false, BIT(UNKNOWN_FIELDS));
		out = (struct buffer)EMPTY;
		write_number(&out, fields[i], 1);
		expect(ROUTE_CALL_EXEC_PROCESS, out, false, BIT(UNKNOWN_FIELDS));
		out = build();
		write_text(&inner, fields[i], "x");
		write_message(&out, EXPORTERS, &inner);
		expect(ROUTE_CALL_SOLVE, out, false, BIT(UNKNOWN_FIELDS));
		out = build();
		write_text(&inner, fields[i], "x");
		write_message(&out, CACHE, &inner);
		expect(ROUTE_CALL_SOLVE, out, false, BIT(UNKNOWN_FIELDS));
		out = build();
		write_text(&inner, TYPE, "inline");
		write_text(&inner, fields[i], "x");
		write_message(&cache, EXPORTS, &inner);
		write_message(&out, CACHE, &cache);
		expect(ROUTE_CALL_SOLVE, out, false, BIT(UNKNOWN_FIELDS));
	}
}

static void containers_of_a_build_ask_for_the_host(void **state)
{
	for (unsigned network = 0; network < 6; network++) {
		struct buffer out = EMPTY;

		write_text(&out, 1, "c");
		write_text(&out, 2, "");
		write_number(&out, 3, network);
		write_text(&out, 7, "host");
		expect(ROUTE_CALL_NEW_CONTAINER, out, false,
			network == 0 || network == 2 ? 0 : BIT(HOST_NAMESPACES));
	}
	for (unsigned security = 0; security < 3; security++) {
		struct buffer out = EMPTY, init = EMPTY, meta = EMPTY;

		write_text(&meta, 1, "sh");
		if (security == 2)
			write_text(&meta, 10, "/x");
		write_text(&init, 1, "c");
		write_message(&init, 2, &meta);
		write_text(&init, 3, "\1\2");
		write_number(&init, 5, security);
		write_text(&out, 1, "p");
		write_message(&out, 2, &init);
		expect(ROUTE_CALL_EXEC_PROCESS, out, false,
			(security ? BIT(PRIVILEGED) : 0) | (security == 2 ? BIT(CGROUP_PARENT) : 0));
	}
	(void)state;
}

static void mounts_of_unknown_types_and_unknown_fields_are_asked_about(void **state)
{
	struct buffer out = EMPTY, mount = EMPTY, init = EMPTY, meta = EMPTY;

	(void)state;
	for (unsigned type = 0; type < 8; type++) {
		write_text(&mount, 3, "/x");
		write_number(&mount, 6, type);
		write_message(&out, 2, &mount);
		expect(ROUTE_CALL_NEW_CONTAINER, out, false, type > 4 ? BIT(HOST_PATHS) : 0);
		out = (struct buffer)EMPTY;
	}
	write_text(&mount, 30, "/etc");
	write_message(&out, 2, &mount);
	expect(ROUTE_CALL_NEW_CONTAINER, out, false, BIT(UNKNOWN_FIELDS));
	out = (struct buffer)EMPTY;
	write_text(&meta, 13, "x");
	write_message(&init, 2, &meta);
	write_message(&out, 2, &init);
	expect(ROUTE_CALL_EXEC_PROCESS, out, false, BIT(UNKNOWN_FIELDS));
}

/* A frontend that is run in a build's name takes the same attributes. */
static void a_build_within_a_build_asks_for_the_host_too(void **state)
{
	struct buffer out = EMPTY;

	(void)state;
	write_text(&out, 2, "dockerfile.v0");
	write_entry(&out, 3, "filename", "Dockerfile");
	write_number(&out, 14, 1);
	expect(ROUTE_CALL_BRIDGE_SOLVE, out, false, 0);
	out = (struct buffer)EMPTY;
	write_entry(&out, 3, "cgroup-parent", "/x");
	write_entry(&out, 3, "force-network-mode", "host");
	write_text(&out, 77, "x");
	expect(ROUTE_CALL_BRIDGE_SOLVE, out, false,
		BIT(CGROUP_PARENT) | BIT(HOST_NAMESPACES) | BIT(UNKNOWN_FIELDS));
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
	struct buffer out, inner = EMPTY;

	(void)state;
	/* A key, or a value, twice in one entry of a map. */
	for (int twice = 1; twice <= 2; twice++) {
		write_text(&inner, 1, "push");
		write_text(&inner, 2, "false");
		write_text(&inner, twice, "x");
		out = build();
		write_message(&out, OLD_ATTRIBUTES, &inner);
		expect_broken(ROUTE_CALL_SOLVE, out);
	}
	/* Another wire type than the field's. */
	for (unsigned field = REF; field <= PROXY_NETWORK; field++) {
		bool number = field == INTERNAL || field == SESSION_EXPORTER || field == COMPATIBILITY ||
			      field == PROXY_NETWORK;

		out = build();
		if (number)
			write_text(&out, field, "x");
		else
			write_number(&out, field, 1);
		expect_broken(ROUTE_CALL_SOLVE, out);
	}
	/* An exporter's number that 32 bits would cut to 13. */
	out = build();
	buffer_append(&out, "\xea\x80\x80\x80\x90\x01\1x", 8);
	expect_broken(ROUTE_CALL_SOLVE, out);
	/* An entry of a map with a third field. */
	out = build();
	write_text(&inner, 1, "push");
	write_text(&inner, 3, "x");
	write_message(&out, OLD_ATTRIBUTES, &inner);
	expect_broken(ROUTE_CALL_SOLVE, out);
}

/* Wherever a message that pushes is cut: it is broken, or what is whole of it is no push. */
static void a_message_that_is_cut_is_never_read_beyond_its_end(void **state)
{
	struct buffer whole = build(), exporter = EMPTY;
	size_t before = whole.length;

	(void)state;
	write_text(&exporter, TYPE, "image");
	write_entry(&exporter, ATTRIBUTES, "push", "true");
	write_message(&whole, EXPORTERS, &exporter);
	for (size_t length = 0; length <= whole.length; length++) {
		char *copy = malloc(length + !length); /* so that a read beyond it is seen */
		struct build_ask ask;
		const char *problem;
		int r;

		memcpy(copy, whole.data, length);
		r = buildkit_read(ROUTE_CALL_SOLVE, (struct span){copy, length}, &ask, &problem);
		if (length > before && length < whole.length)
			assert_int_equal(r, -EBADMSG);
		if (length == whole.length)
			assert_true(r == 0 && ask.pushes);
		free(copy);
	}
	buffer_reset(&whole);
}

static void the_outputs_of_a_classic_build_push(void **state)
{
	static const struct {
		const char *query;
		bool pushes;
	} cases[] = {
		{"", false}, {"version=2", false}, {"outputs=", false}, {"outputs=null", false},
		{"outputs=[]", false}, {"outputs=%5B%5D", false},
		{"outputs=[{\"Type\":\"local\"}]", false}, {"outputs=[{\"Type\":\"tar\",\"Attrs\":{}}]", false},
		{"outputs=[{\"Type\":\"image\",\"Attrs\":{\"name\":\"a\"}}]", false},
		{"outputs=[{\"Type\":\"image\",\"Attrs\":{\"push\":\"false\"}}]", false},
		{"outputs=[{\"Type\":\"image\",\"Attrs\":{\"push\":\"true\"}}]", true},
		{"outputs=[{\"type\":\"image\",\"attrs\":{\"push\":\"\"}}]", true},
		{"outputs=[{\"Attrs\":{\"push\":\"1\"}}]", true},
		{"outputs=[{\"Type\":\"registry\"}]", true},
		{"outputs=[{\"Type\":\"local\"},{\"Type\":\"registry\"}]", true},
		/* two spellings of one field: the engine takes the last */
		{"outputs=[{\"type\":\"local\",\"Type\":\"registry\"}]", true},
		{"outputs=[{\"Type\":\"image\",\"attrs\":{},\"ATTR\\u017f\":{\"push\":\"true\"}}]", true},
		{"outputs=%5B%7B%22Type%22%3A%22registry%22%7D%5D", true},
		{"%6futputs=[{\"Type\":\"registry\"}]", true},
		{"outputs=[]&outputs=[{\"Type\":\"registry\"}]", true},
		{"outputs=[{\"Type\":1}]", true}, {"outputs=[1]", true}, {"outputs={}", true},
		{"outputs=[", true}, {"outputs=%zz", true}, {"outputs=%00", true},
		{"Outputs=[{\"Type\":\"registry\"}]", false}, {"t=outputs", false},
	};
	char push[BUILD_PUSH_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct span query = {cases[i].query, strlen(cases[i].query)};

		if (buildkit_outputs_push(query, push) != cases[i].pushes)
			fail_msg("%s", cases[i].query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_as_buildx_sends_it_asks_for_nothing),
		cmocka_unit_test(an_exporter_pushes_when_its_attribute_is_not_false),
		cmocka_unit_test(an_exporter_of_an_unknown_type_pushes),
		cmocka_unit_test(a_push_is_seen_wherever_it_stands),
		cmocka_unit_test(a_cache_that_leaves_is_a_push),
		cmocka_unit_test(exporters_that_the_session_names_may_push),
		cmocka_unit_test(entitlements_ask_for_the_host),
		cmocka_unit_test(attributes_of_the_frontend_ask_for_the_host),
		cmocka_unit_test(a_field_that_is_not_known_is_asked_about),
		cmocka_unit_test(containers_of_a_build_ask_for_the_host),
		cmocka_unit_test(mounts_of_unknown_types_and_unknown_fields_are_asked_about),
		cmocka_unit_test(a_build_within_a_build_asks_for_the_host_too),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(a_message_that_is_cut_is_never_read_beyond_its_end),
		cmocka_unit_test(the_outputs_of_a_classic_build_push),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
