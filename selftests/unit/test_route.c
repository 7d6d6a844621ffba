// SPDX-License-Identifier: Apache-2.0
/*
 * The matcher against what engines 28.5 and 29.7 were measured to do: every route of the data is
 * found, under every spelling that the engine takes for it, and what the engine redirects, refuses
 * or does not know is no route.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "route.h"
#include "tsv.h"
#include "util.h"

/* Reads a copy that ends where the target does: the sanitizer sees a read past it. */
static int classify_bytes(const char *method, const char *target, size_t length,
	struct route_match *match)
{
	static char *copy;

	free(copy);
	copy = malloc(length + !length);
	memcpy(copy, target, length);
	route_classify(method, strlen(method), copy, length, match);
	if (match->id == ROUTE_NONE)
		assert_non_null(match->problem);
	else
		assert_null(match->problem);
	return match->id;
}

static int classify(const char *method, const char *target, struct route_match *match)
{
	return classify_bytes(method, target, strlen(target), match);
}

static void expect_name(const struct route_match *match, const char *name)
{
	char out[ROUTE_TEXT_SIZE];

	assert_int_equal(route_name(match, out, sizeof(out)), strlen(name));
	assert_string_equal(out, name);
}

static void expect_version(const struct route_match *match, const char *version)
{
	assert_int_equal(match->version_length, strlen(version));
	assert_memory_equal(match->text, version, strlen(version));
	assert_ptr_equal(match->path, match->text + match->version_length);
}

static void expect_route(const char *method, const char *target, const char *template)
{
	struct route_match match;
	int id = classify(method, target, &match);

	if (id == ROUTE_NONE)
		fail_msg("%s %s: %s", method, target, match.problem);
	assert_string_equal(route_get(id)->method, method);
	if (strcmp(route_get(id)->template, template) != 0)
		fail_msg("%s %s is %s", method, target, route_get(id)->template);
}

static void expect_none(const char *method, const char *target)
{
	struct route_match match;
	int id = classify(method, target, &match);

	if (id != ROUTE_NONE)
		fail_msg("%s %s is %s", method, target, route_get(id)->template);
}

/* No route, and not even a path that could be forwarded. */
static void expect_unreadable(const char *method, const char *target)
{
	struct route_match match;

	expect_none(method, target);
	classify(method, target, &match);
	assert_string_equal(match.path, "");
}

/* The data's one row without a path: engines up to 1.8.3 answered OPTIONS everywhere. */
static const char *template_of_row(const struct tsv *tsv)
{
	return tsv->fields[1][0] == '(' ? "/{anyroute:.*}" : tsv->fields[1];
}

static void every_route_of_the_data_is_found_with_and_without_a_version(void **state)
{
	static const char *const versions[] = { "", "/v1.24", "/v1.43", "/v1.56", "/v2.0" };
	static const char *const names[] = { "x", "a/b", "create", "-._~%25%3F" };
	struct tsv tsv;
	int rows = 0;

	(void)state;
	tsv_open(&tsv, __FILE__, "routes.tsv");
	tsv_read(&tsv);
	for (; tsv_read(&tsv); rows++) {
		const char *method = tsv.fields[0], *template = template_of_row(&tsv);
		bool slash = strcmp(tsv.fields[7], "yes") == 0;

		for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
			for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
				char path[256], target[300];

				if (strchr(names[n], '/') && !slash)
					continue;
				tsv_fill_template(template, strchr(template, 0), names[n], path,
					sizeof(path));
				snprintf(target, sizeof(target), "%s%s", versions[v], path);
				expect_route(method, target, template);
			}
		}
	}
	assert_int_equal(rows, 135);
	tsv_close(&tsv);
}

static int id_of_row(const struct tsv *tsv)
{
	for (int id = 0; id < ROUTE_COUNT; id++) {
		if (strcmp(route_get(id)->method, tsv->fields[0]) == 0 &&
			strcmp(route_get(id)->template, template_of_row(tsv)) == 0)
			return id;
	}
	fail_msg("%s %s is not in routes.def", tsv->fields[0], tsv->fields[1]);
	return ROUTE_NONE;
}

static void the_table_is_in_the_engines_order_and_holds_nothing_else(void **state)
{
	bool seen[ROUTE_COUNT] = { false };
	struct tsv tsv;
	int last = -1;

	(void)state;
	tsv_open(&tsv, __FILE__, "routes.tsv");
	tsv_read(&tsv);
	while (tsv_read(&tsv)) {
		int id = id_of_row(&tsv);

		seen[id] = true;
		if (tsv.fields[10][0] == '\0')
			continue;
		assert_true(id > last);
		last = id;
	}
	/* What shares a method and a template, told apart by the query. */
	seen[ROUTE_IMAGE_IMPORT] = true;
	seen[ROUTE_SWARM_ROTATE_KEY] = seen[ROUTE_SWARM_UPDATE] = true;
	seen[ROUTE_SERVICE_UPDATE] = seen[ROUTE_BUILD] = true;
	for (int id = 0; id < ROUTE_COUNT; id++) {
		/* Calls of gRPC are no requests, and not in the data. */
		if (!seen[id] && !(route_get(id)->flags & ROUTE_CALL))
			fail_msg("%s is not in the data", route_get(id)->template);
	}
	tsv_close(&tsv);
}

static void a_route_that_upgrades_in_the_data_is_marked_so(void **state)
{
	struct tsv tsv;

	(void)state;
	tsv_open(&tsv, __FILE__, "routes.tsv");
	tsv_read(&tsv);
	while (tsv_read(&tsv)) {
		int id = id_of_row(&tsv);
		bool hijack = route_get(id)->flags & ROUTE_HIJACK;

		if (hijack != (tsv.fields[9][0] != '\0'))
			fail_msg("%s %s", tsv.fields[0], tsv.fields[1]);
	}
	tsv_close(&tsv);
}

static void the_other_marks_stand_at_these_routes_alone(void **state)
{
	static const struct {
		unsigned flag;
		int routes[7];
	} marks[] = {
		{ ROUTE_ALWAYS, { ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION, -1 } },
		{ ROUTE_JUDGE_CREATE, { ROUTE_CONTAINER_CREATE, -1 } },
		{ ROUTE_JUDGE_START, { ROUTE_CONTAINER_START, ROUTE_CONTAINER_RESTART, -1 } },
		{ ROUTE_GRPC, { ROUTE_BUILD_GRPC, -1 } },
		{ ROUTE_JUDGE_BUILD, { ROUTE_BUILD_GRPC, ROUTE_BUILD_EXPORT, ROUTE_CALL_SOLVE,
				      ROUTE_CALL_BRIDGE_SOLVE, ROUTE_CALL_NEW_CONTAINER,
				      ROUTE_CALL_EXEC_PROCESS, -1 } },
		{ ROUTE_FORM, { ROUTE_IMAGE_PULL, ROUTE_IMAGE_IMPORT, ROUTE_BUILD_EXPORT,
				      ROUTE_BUILD, -1 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		for (int id = 0; id < ROUTE_COUNT; id++) {
			bool expected = false;

			for (const int *route = marks[i].routes; *route >= 0; route++)
				expected = expected || *route == id;
			if (expected != !!(route_get(id)->flags & marks[i].flag))
				fail_msg("flag %#x of %s", marks[i].flag, route_get(id)->template);
			assert_int_equal(route_has_form(id), !!(route_get(id)->flags & ROUTE_FORM));
		}
	}
}

static void a_call_is_found_by_its_path_alone_and_is_no_request(void **state)
{
	static const char *const others[] = { "", "/", "/grpc", "/moby.buildkit.v1.Control/solve",
		"/moby.buildkit.v1.Control/Sol%76e", "/moby.buildkit.v1.Control/Solve/",
		"moby.buildkit.v1.Control/Solve", "//moby.buildkit.v1.Control/Solve",
		"/moby.buildkit.v1.Control/Solve?x", "/v1.41/moby.buildkit.v1.Control/Solve",
		"/moby.buildkit.v1.Control/Solv", "/moby.buildkit.v1.Control", "/containers/json" };
	int calls = 0;

	(void)state;
	for (int id = 0; id < ROUTE_COUNT; id++) {
		const struct route *route = route_get(id);

		assert_int_equal(route_of_call(route->template), route->flags & ROUTE_CALL ? id : -1);
		if (!(route->flags & ROUTE_CALL))
			continue;
		expect_none("POST", route->template);
		assert_string_equal(route->method, "POST");
		assert_null(strchr(route->template, '{'));
		calls++;
	}
	assert_true(calls > 30);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(route_of_call(others[i]), ROUTE_NONE);
}

static void a_path_is_decoded_once_before_it_is_matched(void **state)
{
	(void)state;
	expect_route("GET", "/%5Fping", "/_ping");
	expect_route("GET", "/%69nfo", "/info");
	expect_route("GET", "/containers%2Fjson", "/containers/json");
	expect_route("GET", "/v1%2E43/_ping", "/_ping");
	expect_route("GET", "/%76%31.43/_ping", "/_ping");
	expect_route("GET", "/%5f%70%69%6e%67", "/_ping");
	expect_route("POST", "/images/x/pus%68", "/images/{name:.*}/push");
	expect_route("POST", "/v1.43/images/localhost:5000%2Fa/%70ush", "/images/{name:.*}/push");
	expect_none("GET", "/containers%252Fjson");
	expect_none("GET", "/%255Fping");
}

static void what_the_engine_redirects_is_no_route(void **state)
{
	static const char *const targets[] = {
		"//x", "//info", "/a//b", "/containers//json", "/./x", "/./info", "/x/../info",
		"/x/%2e%2e/info", "/%2F_ping", "/%2e/info", "/containers/json/.",
		"/containers/json/..", "/..", "/.", "//", "/v1.43//info", "/v1.43/../info",
		"/images/a//push", "/v1.43/x/%2E%2E/containers/json",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct route_match match;

		expect_none("GET", targets[i]);
		expect_none("POST", targets[i]);
		expect_none("OPTIONS", targets[i]);
		/* Its path can be forwarded all the same: the engine's answer is a redirect. */
		classify("GET", targets[i], &match);
		assert_int_equal(match.path[0], '/');
	}
	/* Dots that are part of a name are only a name. */
	expect_route("GET", "/containers/..a/json", "/containers/{name:.*}/json");
	expect_route("GET", "/containers/.../json", "/containers/{name:.*}/json");
	expect_route("GET", "/containers/a./json", "/containers/{name:.*}/json");
}

static void what_the_engine_does_not_know_is_no_route(void **state)
{
	static const char *const paths[] = {
		"/", "/info/", "/containers/json/", "/INFO", "/Containers/json", "/info%3Fx",
		"/info;x", "/\\info", "/nodes/", "/v1.43", "/v1.43/", "/v1.43x/info", "/V1.43/info",
		"/v1.43/v1.43/info", "/vv1.43/info", "/v/info", "/tasks/a%2Fb", "/services/a/b",
		"/containers", "/images", "/infox", "/inf", "/debug/pprof/a/b", "/debug/pprof",
		"/exec/x", "/grpc", "/moby.buildkit.v1.Control/Solve",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		expect_none("GET", paths[i]);
	expect_none("POST", "/moby.buildkit.v1.Control/Solve");
	expect_none("PRI", "*");
}

static void a_method_counts_letter_by_letter(void **state)
{
	(void)state;
	expect_none("POST", "/_ping");
	expect_none("HEAD", "/info");
	expect_none("HEAD", "/containers/json");
	expect_none("get", "/info");
	expect_none("GE", "/info");
	expect_none("GETX", "/info");
	expect_none("", "/info");
	expect_none("PATCH", "/info");
	expect_none("TRACE", "/info");
	expect_none("CONNECT", "/_ping");
	expect_none("POST", "/debug/vars");
	expect_route("HEAD", "/_ping", "/_ping");
	expect_route("HEAD", "/containers/x/archive", "/containers/{name:.*}/archive");
	expect_route("OPTIONS", "/containers/json", "/{anyroute:.*}");
	expect_route("OPTIONS", "/v1.43/no/such/thing", "/{anyroute:.*}");
}

static void a_trailing_slash_counts_where_the_engine_says_so(void **state)
{
	struct route_match match;

	(void)state;
	expect_route("GET", "/networks/", "/networks/");
	expect_route("GET", "/networks", "/networks");
	expect_route("GET", "/networks/x", "/networks/{id:.+}");
	expect_route("GET", "/volumes/", "/volumes/{name:.*}");
	expect_route("GET", "/volumes", "/volumes");
	expect_route("DELETE", "/containers/", "/containers/{name:.*}");
	expect_route("GET", "/debug/pprof/", "/debug/pprof/");
	assert_int_equal(classify("GET", "/volumes/", &match), ROUTE_VOLUME_INSPECT);
	expect_name(&match, "");
	assert_int_equal(classify("GET", "/volumes/x/", &match), ROUTE_VOLUME_INSPECT);
	expect_name(&match, "x/");
}

static void the_first_row_of_the_engines_order_wins(void **state)
{
	struct route_match match;

	(void)state;
	assert_int_equal(classify("DELETE", "/containers/a/checkpoints/b", &match),
		ROUTE_CHECKPOINT_DELETE);
	expect_name(&match, "a");
	assert_int_equal(classify("DELETE", "/containers/a/b/checkpoints/c", &match),
		ROUTE_CONTAINER_DELETE);
	expect_name(&match, "a/b/checkpoints/c");
	assert_int_equal(classify("POST", "/containers/create/start", &match),
		ROUTE_CONTAINER_START);
	expect_name(&match, "create");
	assert_int_equal(classify("POST", "/containers/create/exec", &match), ROUTE_EXEC_CREATE);
	assert_int_equal(classify("GET", "/plugins/privileges", &match), ROUTE_PLUGIN_PRIVILEGES);
	assert_int_equal(classify("GET", "/plugins/x/json", &match), ROUTE_PLUGIN_INSPECT);
	assert_int_equal(classify("GET", "/debug/pprof/cmdline", &match),
		ROUTE_DEBUG_PPROF_CMDLINE);
	assert_int_equal(classify("GET", "/debug/pprof/allocs", &match), ROUTE_DEBUG_PPROF_NAME);
}

static void a_name_is_the_longest_that_fits_and_is_decoded(void **state)
{
	struct route_match match;

	(void)state;
	classify("GET", "/containers/a%2Fb/json", &match);
	expect_name(&match, "a/b");
	classify("GET", "/containers/a/json/json", &match);
	expect_name(&match, "a/json");
	classify("POST", "/v1.43/images/reg:5000/x/y%3A1/push?tag=1", &match);
	expect_name(&match, "reg:5000/x/y:1");
	assert_string_equal(match.path, "/images/reg:5000/x/y:1/push");
	expect_version(&match, "/v1.43");
	assert_int_equal(match.query_length, 5);
	assert_memory_equal(match.query, "tag=1", 5);
	classify("GET", "/containers/%C3%A9/json", &match);
	expect_name(&match, "\xc3\xa9");
	classify("GET", "/info", &match);
	expect_name(&match, "");
	expect_version(&match, "");
	assert_null(match.query);
}

static void a_target_that_is_not_a_plain_path_cannot_be_read(void **state)
{
	static const char *const targets[] = {
		"", "*", "info", "\\info", "%2F_ping", "?x", "http://h/_ping", "http://h",
		"unix://x/_ping", "foo:/_ping", "http://u:p@h:1/_ping", "host:80", "/info#frag",
		"/info?a#b", "/in fo", "/info\t", " /info", "/info ", "/info\x7f", "/\x01",
		"/caf\xc3\xa9", "/info?\xff", "/info?\x7f", "/info?a b", "/info\n",
		"/info\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		expect_unreadable("GET", targets[i]);
		expect_unreadable("OPTIONS", targets[i]);
	}
}

static void a_raw_zero_byte_cannot_be_read(void **state)
{
	struct route_match match;

	(void)state;
	assert_int_equal(classify_bytes("GET", "/info\0", 6, &match), ROUTE_NONE);
	assert_string_equal(match.path, "");
	assert_int_equal(classify_bytes("GET", "/info?a\0b", 9, &match), ROUTE_NONE);
	assert_string_equal(match.path, "");
}

static void a_control_character_in_the_decoded_path_cannot_be_read(void **state)
{
	static const char *const targets[] = {
		"/info%0A", "/info%00", "/info%0d", "/containers/a%0Ab/json", "/tasks/a%0Ab",
		"/tasks/a%00b", "/containers/%1b/json", "/containers/%7F/json", "/_ping%00/../x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		expect_unreadable("GET", targets[i]);
}

static void a_bad_escape_cannot_be_read_wherever_it_stands(void **state)
{
	static const char *const targets[] = {
		"/%", "/%z", "/%zz", "/%4", "/info%", "/info%6", "/%g0", "/%0g", "/info%%36",
		"/info?%", "/info?a=%z1", "/info?a=%4", "/info?%=1", "/info?a=%&b=1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		expect_unreadable("GET", targets[i]);
	expect_route("GET", "/info?a=%41", "/info");
}

static void a_semicolon_in_the_query_cannot_be_read(void **state)
{
	(void)state;
	expect_unreadable("POST", "/images/create?fromImage=a;b");
	expect_unreadable("POST", "/images/create?a=1;fromImage=x");
	expect_unreadable("GET", "/info?;");
	expect_route("GET", "/info?a=%3B", "/info");
	expect_route("GET", "/containers/a;b/json", "/containers/{name:.*}/json");
}

static void a_version_is_taken_as_the_engine_spells_it_and_once(void **state)
{
	struct route_match match;

	(void)state;
	expect_route("GET", "/v01.43/info", "/info");
	expect_route("GET", "/v1.43.0/info", "/info");
	expect_route("GET", "/v1.043.0.0/info", "/info");
	expect_route("GET", "/v1.24/info", "/info");
	expect_route("GET", "/v9.99/info", "/info");
	expect_route("GET", "/v10.0/info", "/info");
	expect_route("GET", "/v1.0000000000043/info", "/info");
	classify("GET", "/v1.43.0/info", &match);
	expect_version(&match, "/v1.43.0");
	assert_string_equal(match.path, "/info");
	expect_none("GET", "/v1.43/v1.43/info");
	expect_none("GET", "/v1.43");
	expect_route("OPTIONS", "/v1.43", "/{anyroute:.*}");
	expect_route("GET", "/volumes", "/volumes");
}

static void an_old_or_malformed_version_cannot_be_read(void **state)
{
	static const char *const versions[] = {
		"1.23", "1.0", "1.12", "1.9", "1", "0", "0.99", "1.023", "1.2.4", "00001.23",
		".", "...", "1.", ".43", "1..43", "1.43.", "..1.43",
		"1.10", "1.19.0", "1.20", "1.23.99", "18446744073709551616..1",
	};
	char target[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		snprintf(target, sizeof(target), "/v%s/containers/x/start", versions[i]);
		expect_unreadable("POST", target);
	}
}

static void expect_query(const char *path, const char *query, int id)
{
	struct route_match match;
	char target[256];

	snprintf(target, sizeof(target), "/v1.43%s%s", path, query);
	if (classify("POST", target, &match) != id)
		fail_msg("%s is %d, expected %d", target, match.id, id);
}

static void the_first_value_of_from_image_tells_a_pull_from_an_import(void **state)
{
	static const struct {
		const char *query;
		int id;
	} cases[] = {
		{ "?fromImage=x&tag=1", ROUTE_IMAGE_PULL },
		{ "?tag=1&fromImage=x", ROUTE_IMAGE_PULL },
		{ "?fromImage=x&fromImage=", ROUTE_IMAGE_PULL },
		{ "?fromImage=x&fromSrc=-", ROUTE_IMAGE_PULL },
		{ "?fromSrc=-&fromImage=x", ROUTE_IMAGE_PULL },
		{ "?%66romImage=x", ROUTE_IMAGE_PULL },
		{ "?from%49mage=%20", ROUTE_IMAGE_PULL },
		{ "?fromImage=+", ROUTE_IMAGE_PULL },
		{ "?fromImage==", ROUTE_IMAGE_PULL },
		{ "?&&fromImage=x&&", ROUTE_IMAGE_PULL },
		{ "", ROUTE_IMAGE_IMPORT },
		{ "?", ROUTE_IMAGE_IMPORT },
		{ "?fromSrc=-&repo=a", ROUTE_IMAGE_IMPORT },
		{ "?fromImage=&fromImage=x", ROUTE_IMAGE_IMPORT },
		{ "?fromImage&fromImage=x", ROUTE_IMAGE_IMPORT },
		{ "?fromImage=", ROUTE_IMAGE_IMPORT },
		{ "?fromImage", ROUTE_IMAGE_IMPORT },
		{ "?fromimage=x", ROUTE_IMAGE_IMPORT },
		{ "?fromImag=x", ROUTE_IMAGE_IMPORT },
		{ "?fromImages=x", ROUTE_IMAGE_IMPORT },
		{ "?fromImage%00=x", ROUTE_IMAGE_IMPORT },
		{ "?+fromImage=x", ROUTE_IMAGE_IMPORT },
		{ "?fromSrc=fromImage=x", ROUTE_IMAGE_IMPORT },
		{ "?fromSrc=a%26fromImage=x", ROUTE_IMAGE_IMPORT },
		{ "?a?fromImage=x", ROUTE_IMAGE_IMPORT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_query("/images/create", cases[i].query, cases[i].id);
}

static void a_rotation_is_what_the_engine_reads_as_true(void **state)
{
	static const char *const keys[] = { "rotateWorkerToken", "rotateManagerToken",
		"rotateManagerUnlockKey" };
	static const char *const off[] = { "", "=", "=0", "=f", "=F", "=FALSE", "=false", "=False",
		"=%66alse", "=fals%65", "=&x=1", "=false&x=true" };
	/* What is no boolean at all is refused by the engine, and here by whoever lists the row. */
	static const char *const on[] = { "=1", "=t", "=T", "=TRUE", "=true", "=True", "=yes",
		"=fALSE", "=false+", "=+false", "=00", "=%30%30", "=none", "=false%00", "=0x",
		"=falsee", "=fa", "=1&x=0" };
	char query[128];

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		int id = k < 2 ? ROUTE_SWARM_ROTATE_TOKEN : ROUTE_SWARM_ROTATE_KEY;

		for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
			snprintf(query, sizeof(query), "?version=7&%s%s", keys[k], off[i]);
			expect_query("/swarm/update", query, ROUTE_SWARM_UPDATE);
		}
		for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
			snprintf(query, sizeof(query), "?version=7&%s%s", keys[k], on[i]);
			expect_query("/swarm/update", query, id);
		}
		/* The first value counts, however its key is spelt. */
		snprintf(query, sizeof(query), "?%s=false&%s=true", keys[k], keys[k]);
		expect_query("/swarm/update", query, ROUTE_SWARM_UPDATE);
		snprintf(query, sizeof(query), "?%%72%s=1&%s=false", keys[k] + 1, keys[k]);
		expect_query("/swarm/update", query, id);
	}
	expect_query("/swarm/update", "", ROUTE_SWARM_UPDATE);
	expect_query("/swarm/update", "?rotateworkertoken=1", ROUTE_SWARM_UPDATE);
	expect_query("/swarm/update", "?fromImage=x&rollback=previous", ROUTE_SWARM_UPDATE);
}

static void a_rollback_is_what_the_engine_does_not_read_as_none(void **state)
{
	(void)state;
	expect_query("/services/s/update", "?version=1", ROUTE_SERVICE_UPDATE);
	expect_query("/services/s/update", "?rollback", ROUTE_SERVICE_UPDATE);
	expect_query("/services/s/update", "?rollback=", ROUTE_SERVICE_UPDATE);
	expect_query("/services/s/update", "?rollback=none&version=1", ROUTE_SERVICE_UPDATE);
	expect_query("/services/s/update", "?rollback=%6Eone", ROUTE_SERVICE_UPDATE);
	expect_query("/services/s/update", "?rollback=none&rollback=previous", ROUTE_SERVICE_UPDATE);
	expect_query("/services/s/update", "?rollback=previous", ROUTE_SERVICE_ROLLBACK);
	expect_query("/services/s/update", "?rollback=previous&rollback=none", ROUTE_SERVICE_ROLLBACK);
	expect_query("/services/s/update", "?roll%62ack=previous", ROUTE_SERVICE_ROLLBACK);
	expect_query("/services/s/update", "?rollback=false", ROUTE_SERVICE_ROLLBACK);
	expect_query("/services/s/update", "?rollback=None", ROUTE_SERVICE_ROLLBACK);
	expect_query("/services/s/update", "?rollback=none+", ROUTE_SERVICE_ROLLBACK);
	expect_query("/services/s/update", "?rollback=0", ROUTE_SERVICE_ROLLBACK);
}

/* Else a list that refuses one of the two could be passed by asking for the other as well. */
static void a_request_for_two_things_at_once_has_no_route(void **state)
{
	struct route_match match;

	(void)state;
	expect_query("/swarm/update", "?rotateWorkerToken=1&rotateManagerUnlockKey=1", ROUTE_NONE);
	expect_query("/swarm/update", "?rotateManagerUnlockKey=true&rotateManagerToken=true",
		ROUTE_NONE);
	expect_query("/swarm/update",
		"?rotateManagerUnlockKey=t&rotateWorkerToken=&rotateManagerToken=x", ROUTE_NONE);
	classify("POST", "/swarm/update?rotateWorkerToken=1&rotateManagerUnlockKey=1", &match);
	assert_non_null(strstr(match.problem, "two commands"));
	assert_string_equal(match.path, "/swarm/update");
	/* The same command twice is one thing; so is a key whose first value says no. */
	expect_query("/swarm/update", "?rotateWorkerToken=1&rotateManagerToken=1",
		ROUTE_SWARM_ROTATE_TOKEN);
	expect_query("/swarm/update",
		"?rotateManagerUnlockKey=0&rotateManagerUnlockKey=1&rotateManagerToken=1",
		ROUTE_SWARM_ROTATE_TOKEN);
}

/* "/containers/aaa…/json" whose name has `length` bytes; the caller frees it. */
static char *long_name(size_t length)
{
	char *target = malloc(length + 32);

	memcpy(target, "/containers/", 12);
	memset(target + 12, 'a', length);
	strcpy(target + 12 + length, "/json");
	return target;
}

static void a_path_too_long_for_its_array_cannot_be_read(void **state)
{
	const size_t room = sizeof(((struct route_match *)0)->text) - 1;
	struct route_match match;
	char *target;

	(void)state;
	/* The longest path there is, and with it the longest name. */
	target = long_name(room - strlen("/containers//json"));
	assert_int_equal(classify("GET", target, &match), ROUTE_CONTAINER_INSPECT);
	assert_int_equal(strlen(match.path), room);
	free(target);
	target = long_name(room + 1 - strlen("/containers//json"));
	expect_unreadable("GET", target);
	free(target);

	target = long_name(room - 12);
	target[room] = '\0';
	expect_none("GET", target); /* readable, but no route */
	classify("GET", target, &match);
	assert_int_equal(strlen(match.path), room);
	free(target);
	target = long_name(room + 1 - 12);
	target[room + 1] = '\0';
	expect_unreadable("GET", target);
	free(target);
	target = long_name(100000);
	expect_unreadable("GET", target);
	free(target);
}

static void a_version_may_be_as_long_as_a_path(void **state)
{
	struct route_match match;
	char target[2048] = "/v1.", name[8];

	(void)state;
	memset(target + 4, '0', 1000);
	strcpy(target + 1004, "43/containers/web/json");
	assert_int_equal(classify("GET", target, &match), ROUTE_CONTAINER_INSPECT);
	assert_string_equal(match.path, "/containers/web/json");
	assert_int_equal(match.version_length, 1006);
	assert_int_equal(route_name(&match, name, 3), -ENAMETOOLONG);
	assert_int_equal(route_name(&match, name, 4), 3);
	strcpy(target + 1004, "23/containers/web/json");
	expect_unreadable("GET", target);
}

static void a_query_may_be_longer_than_any_path(void **state)
{
	size_t length = 60000;
	struct route_match match;
	char *target = malloc(length + 32);

	(void)state;
	strcpy(target, "/images/create?");
	memset(target + 15, 'a', length);
	strcpy(target + 15 + length, "&fromImage=x");
	assert_int_equal(classify("POST", target, &match), ROUTE_IMAGE_PULL);
	assert_int_equal(match.query_length, length + 12);
	free(target);
}

/* The forwarded target must be read as the same route, name, version and query. */
static void expect_round_trip(const char *method, const char *target)
{
	struct route_match first, second;
	char out[8192], again[8192];
	char query[256] = "";
	int length;

	classify(method, target, &first);
	assert_int_not_equal(first.path[0], '\0');
	length = route_target(&first, NULL, out, sizeof(out));
	assert_int_equal(length, strlen(out));

	assert_int_equal(classify(method, out, &second), first.id);
	assert_string_equal(second.path, first.path);
	assert_int_equal(second.version_length, first.version_length);
	assert_string_equal(second.text, first.text);
	if (first.id >= 0) {
		assert_true(route_name(&first, query, sizeof(query)) >= 0);
		expect_name(&second, query);
	}
	query[0] = '\0';
	if (first.query)
		snprintf(query, sizeof(query), "%.*s", (int)first.query_length, first.query);
	assert_int_equal(!second.query, !first.query);
	assert_int_equal(second.query_length, strlen(query));
	if (second.query)
		assert_memory_equal(second.query, query, strlen(query));
	assert_int_equal(route_target(&second, NULL, again, sizeof(again)), length);
	assert_string_equal(again, out);
}

static void what_is_forwarded_is_read_as_the_same_path_again(void **state)
{
	static const char *const targets[] = {
		"/_ping", "/v1.43/containers/json?all=1&filters=%7B%22a%22%3A1%7D", "/info?",
		"/v1.43.0/images/a%2Fb:1@sha256:00/json", "/containers/%25/json",
		"/containers/%2525/json", "/containers/%3F%23%3B%20%22/json",
		"/containers/a+b/json", "/containers/%C3%A9%FF%80/json",
		"/containers/%5c%7C%5E%60%7b%7d%3c%3e/json",
		"/networks/", "/volumes/", "/containers/%E2%80%AE/json", "//a/../b",
		"/no/such;route",
		"/containers/!$&'()*+,=:@~-._/json", "/%76%31%2e43/_ping",
	};
	char target[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		expect_round_trip("GET", targets[i]);
	for (int byte = 0x20; byte < 0x100; byte++) {
		if (byte == 0x7f)
			continue;
		snprintf(target, sizeof(target), "/containers/a%%%02xb/json", byte);
		expect_round_trip("GET", target);
	}
}

static void what_is_forwarded_has_one_spelling(void **state)
{
	static const struct {
		const char *target, *forwarded;
	} cases[] = {
		{ "/images/x/pus%68?tag=%31", "/images/x/push?tag=%31" },
		{ "/v1%2E43/%5fping", "/v1.43/_ping" },
		{ "/containers/a%2fb/json", "/containers/a/b/json" },
		{ "/containers/%25%3f%23%3b%20/json", "/containers/%25%3F%23%3B%20/json" },
		{ "/containers/a;b/json", "/containers/a%3Bb/json" },
		{ "/containers/%c3%a9/json", "/containers/%C3%A9/json" },
		{ "/containers/%61%3A%40%21%24%26%27%28%29%2A%2B%2C%3D/json",
			"/containers/a:@!$&'()*+,=/json" },
		{ "/info?", "/info?" },
	};
	struct route_match match;
	char out[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		classify("GET", cases[i].target, &match);
		assert_true(route_target(&match, NULL, out, sizeof(out)) > 0);
		assert_string_equal(out, cases[i].forwarded);
	}
}

static void another_path_can_be_forwarded_in_place_of_the_clients(void **state)
{
	struct route_match match;
	char out[128];

	(void)state;
	classify("POST", "/v1.43/containers/web/start?detachKeys=a", &match);
	assert_int_equal(route_target(&match, "/containers/0123/start", out, sizeof(out)),
		strlen("/v1.43/containers/0123/start?detachKeys=a"));
	assert_string_equal(out, "/v1.43/containers/0123/start?detachKeys=a");
	assert_true(route_target(&match, "/a?b/%", out, sizeof(out)) > 0);
	assert_string_equal(out, "/v1.43/a%3Fb/%25?detachKeys=a");
}

static void a_target_that_does_not_fit_is_not_cut(void **state)
{
	struct route_match match;
	const char expected[] = "/v1.43/containers/%20/json?a=1";
	char *out;

	(void)state;
	classify("GET", "/v1.43/containers/%20/json?a=1", &match);
	for (size_t size = 0; size <= sizeof(expected); size++) {
		int length;

		out = malloc(size + !size);
		length = route_target(&match, NULL, out, size);
		if (size < sizeof(expected)) {
			assert_int_equal(length, -ENAMETOOLONG);
		} else {
			assert_int_equal(length, sizeof(expected) - 1);
			assert_string_equal(out, expected);
		}
		free(out);
	}
}

static void every_prefix_of_a_hard_target_is_read_without_reading_past_it(void **state)
{
	static const char target[] =
		"/v1.43/containers/%2e%2E%2f/checkpoints/a/../%25b/attach/ws"
		"?%66romImage=%41&=&b%3D";
	struct route_match match;

	(void)state;
	for (size_t length = 0; length < sizeof(target); length++) {
		classify_bytes("DELETE", target, length, &match);
		classify_bytes("POST", target, length, &match);
	}
	assert_int_equal(classify_bytes("POST", "/images/create?fromImag%65", 26, &match),
		ROUTE_IMAGE_IMPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_of_the_data_is_found_with_and_without_a_version),
		cmocka_unit_test(the_table_is_in_the_engines_order_and_holds_nothing_else),
		cmocka_unit_test(a_route_that_upgrades_in_the_data_is_marked_so),
		cmocka_unit_test(the_other_marks_stand_at_these_routes_alone),
		cmocka_unit_test(a_call_is_found_by_its_path_alone_and_is_no_request),
		cmocka_unit_test(a_path_is_decoded_once_before_it_is_matched),
		cmocka_unit_test(what_the_engine_redirects_is_no_route),
		cmocka_unit_test(what_the_engine_does_not_know_is_no_route),
		cmocka_unit_test(a_method_counts_letter_by_letter),
		cmocka_unit_test(a_trailing_slash_counts_where_the_engine_says_so),
		cmocka_unit_test(the_first_row_of_the_engines_order_wins),
		cmocka_unit_test(a_name_is_the_longest_that_fits_and_is_decoded),
		cmocka_unit_test(a_target_that_is_not_a_plain_path_cannot_be_read),
		cmocka_unit_test(a_raw_zero_byte_cannot_be_read),
		cmocka_unit_test(a_control_character_in_the_decoded_path_cannot_be_read),
		cmocka_unit_test(a_bad_escape_cannot_be_read_wherever_it_stands),
		cmocka_unit_test(a_semicolon_in_the_query_cannot_be_read),
		cmocka_unit_test(a_version_is_taken_as_the_engine_spells_it_and_once),
		cmocka_unit_test(an_old_or_malformed_version_cannot_be_read),
		cmocka_unit_test(the_first_value_of_from_image_tells_a_pull_from_an_import),
		cmocka_unit_test(a_rotation_is_what_the_engine_reads_as_true),
		cmocka_unit_test(a_rollback_is_what_the_engine_does_not_read_as_none),
		cmocka_unit_test(a_request_for_two_things_at_once_has_no_route),
		cmocka_unit_test(a_path_too_long_for_its_array_cannot_be_read),
		cmocka_unit_test(a_version_may_be_as_long_as_a_path),
		cmocka_unit_test(a_query_may_be_longer_than_any_path),
		cmocka_unit_test(what_is_forwarded_is_read_as_the_same_path_again),
		cmocka_unit_test(what_is_forwarded_has_one_spelling),
		cmocka_unit_test(another_path_can_be_forwarded_in_place_of_the_clients),
		cmocka_unit_test(a_target_that_does_not_fit_is_not_cut),
		cmocka_unit_test(every_prefix_of_a_hard_target_is_read_without_reading_past_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
