// SPDX-License-Identifier: Apache-2.0
/*
 * Command lists against what the docker CLI was measured to send (selftests/data/commands.tsv): a
 * list that allows a command lets all of its requests through, one that denies it refuses it at a
 * request that it cannot do without, and nobody else notices.
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

#include "../corpus/recorded.h"
#include "command.h"
#include "commandlist.h"
#include "util.h"

enum { COMMAND, ALIASES, EXAMPLE, SENT_28, SENT_29, ESSENTIAL, AUXILIARY }; /* columns */

struct verdicts {
	unsigned char of[ROUTE_COUNT];
};

static struct verdicts compile_for(
	enum commandlist_type type, const char *const *names, bool direct)
{
	struct commandlist list = { .type = type, .commands = names, .direct = direct };
	struct verdicts verdicts;
	char problem[256] = "left as it was";

	while (names[list.count])
		list.count++;
	memset(&verdicts, 0x55, sizeof(verdicts));
	if (commandlist_compile(&list, verdicts.of, problem, sizeof(problem)) != 0)
		fail_msg("%s", problem);
	assert_string_equal(problem, "");
	return verdicts;
}

static struct verdicts compile(enum commandlist_type type, const char *const *names)
{
	return compile_for(type, names, false);
}

/* In direct transport, where nobody looks into builds. */
#define DENY_DIRECT(...)  compile_for(COMMANDLIST_DENY, (const char *const[]){ __VA_ARGS__, NULL }, true)
#define ALLOW_DIRECT(...) compile_for(COMMANDLIST_ALLOW, (const char *const[]){ __VA_ARGS__, NULL }, true)
#define DENY(...)  compile(COMMANDLIST_DENY, (const char *const[]){ __VA_ARGS__, NULL })
#define ALLOW(...) compile(COMMANDLIST_ALLOW, (const char *const[]){ __VA_ARGS__, NULL })

static void expect_equal(struct verdicts a, struct verdicts b, const char *what)
{
	for (int id = 0; id < ROUTE_COUNT; id++) {
		if (a.of[id] != b.of[id])
			fail_msg("%s: differ in %s %s", what, route_get(id)->method,
				route_get(id)->template);
	}
}

#define ROUTES(...) ((const int[]){ __VA_ARGS__, ROUTE_NONE })

/* All routes have one verdict, the listed ones the other. */
static void expect_only(struct verdicts verdicts, enum latch_verdict_value value,
	const int *routes)
{
	for (int id = 0; id < ROUTE_COUNT; id++) {
		bool listed = false;

		for (const int *route = routes; *route != ROUTE_NONE; route++)
			listed = listed || *route == id;
		if ((verdicts.of[id] == value) != listed)
			fail_msg("%s %s", route_get(id)->method, route_get(id)->template);
	}
}

/*
 * What the data calls "docker start -ai (tty)" is the command "start": words up to the first that
 * is an option, a remark or an operand in capitals.
 */
static void name_of_row(const struct tsv *tsv, char *name, size_t size)
{
	const char *word = tsv->fields[COMMAND] + strlen("docker ");

	name[0] = '\0';
	while (*word >= 'a' && *word <= 'z') {
		size_t length = strcspn(word, " "), used = strlen(name);

		snprintf(name + used, size - used, "%s%.*s", used ? " " : "", (int)length, word);
		word += length;
		word += strspn(word, " ");
	}
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool is_unsupported(const char *name)
{
	return begins_with(name, "compose") || begins_with(name, "trust") ||
		begins_with(name, "manifest");
}

/*
 * The next row about a command that a list may hold. Left out: what is no command ("docker --help",
 * a shell's completion), what only prints help, and starting a builder of buildx's docker-container
 * driver, which is run, cp and exec on the wire and is not to come with `buildx inspect`.
 */
static bool next_command(struct tsv *tsv, char *name, size_t size)
{
	while (tsv_read(tsv)) {
		const char *command = tsv->fields[COMMAND];

		name_of_row(tsv, name, size);
		if (!begins_with(command, "docker ") || name[0] == '\0' || is_unsupported(name) ||
			strstr(command, "--help") ||
			begins_with(command, "docker buildx inspect --bootstrap"))
			continue;
		return true;
	}
	return false;
}

static void open_commands(struct tsv *tsv)
{
	tsv_open(tsv, __FILE__, "commands.tsv");
	tsv_read(tsv);
}

/* The route of the next request in a column of a command's row; false at the end. */
static bool next_request(const char *command, const char **rest, int *id)
{
	struct recorded_request request;
	struct route_match match;

	if (!recorded_next(command, rest, "x", &request))
		return false;
	if (request.call) {
		*id = route_of_call(request.target);
		if (*id == ROUTE_NONE)
			fail_msg("%s is no call", request.target);
		return true;
	}
	route_classify(request.method, strlen(request.method), request.target,
		strlen(request.target), &match);
	if (match.id == ROUTE_NONE)
		fail_msg("%s %s: %s", request.method, request.target, match.problem);
	*id = match.id;
	return true;
}

static bool column_has(const struct tsv *tsv, int field, int wanted)
{
	const char *column = tsv->fields[field];
	int id;

	while (next_request(tsv->fields[COMMAND], &column, &id)) {
		if (id == wanted)
			return true;
	}
	return false;
}

static void expect_column_passes(const struct verdicts *verdicts, const char *name,
	const struct tsv *tsv, int field)
{
	const char *column = tsv->fields[field];
	int id;

	while (next_request(tsv->fields[COMMAND], &column, &id)) {
		if (verdicts->of[id] != LATCH_VERDICT_PASS)
			fail_msg("allow %s refuses its own %s %s", name, route_get(id)->method,
				route_get(id)->template);
	}
}

static void a_list_that_allows_a_command_passes_every_request_of_it(void **state)
{
	struct tsv tsv;
	char name[64];
	int rows = 0;

	(void)state;
	open_commands(&tsv);
	for (; next_command(&tsv, name, sizeof(name)); rows++) {
		struct verdicts verdicts = ALLOW(name);

		for (int column = SENT_28; column <= AUXILIARY; column++)
			expect_column_passes(&verdicts, name, &tsv, column);
	}
	assert_true(rows > 180);
	tsv_close(&tsv);
}

/* Returns the first route of the columns that is refused, in the order of the requests. */
static int first_refused(const struct verdicts *verdicts, const struct tsv *tsv)
{
	static const int columns[] = { SENT_28, ESSENTIAL };

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *column = tsv->fields[columns[i]];
		int id;

		while (next_request(tsv->fields[COMMAND], &column, &id)) {
			if (verdicts->of[id] != LATCH_VERDICT_PASS)
				return id;
		}
	}
	return ROUTE_NONE;
}

/* Of these no request can be refused, and a check of the entry says so. */
static bool cannot_be_refused(const char *name)
{
	static const char *const names[] = {
		"version", "logout", "system dial-stdio", "stack config", "buildx create",
		"buildx rm", "buildx version", "buildx imagetools inspect",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return begins_with(name, "context ");
}

static void a_list_that_denies_a_command_refuses_it_at_an_essential_request(void **state)
{
	struct tsv tsv;
	char name[64];

	(void)state;
	open_commands(&tsv);
	while (next_command(&tsv, name, sizeof(name))) {
		struct verdicts verdicts = DENY(name);
		int refused = first_refused(&verdicts, &tsv);

		if (strstr(tsv.fields[COMMAND], "DOCKER_CONTENT_TRUST"))
			continue; /* ended before its request */
		if (cannot_be_refused(name)) {
			assert_int_equal(refused, ROUTE_NONE);
			continue;
		}
		if (refused == ROUTE_NONE)
			fail_msg("deny %s refuses nothing of \"%s\"", name, tsv.fields[EXAMPLE]);
		if (!column_has(&tsv, ESSENTIAL, refused))
			fail_msg("deny %s refuses \"%s\" at %s", name, tsv.fields[EXAMPLE],
				route_get(refused)->template);
	}
	tsv_close(&tsv);
}

static void a_refusal_stands_where_the_client_can_show_it(void **state)
{
	static const struct {
		const char *entry, *row;
		int place;
	} places[] = {
		{ "run", "docker run --rm", ROUTE_CONTAINER_CREATE },
		{ "run", "docker run -d", ROUTE_CONTAINER_CREATE },
		{ "create", "docker create", ROUTE_CONTAINER_CREATE },
		{ "exec", "docker exec", ROUTE_EXEC_CREATE },
		{ "exec", "docker exec -it", ROUTE_EXEC_CREATE },
		{ "cp", "docker cp (to container)", ROUTE_CONTAINER_ARCHIVE_PUT },
		{ "cp", "docker cp (from container)", ROUTE_CONTAINER_ARCHIVE_GET },
		{ "cp", "docker cp -L (symlink)", ROUTE_CONTAINER_ARCHIVE_GET },
		{ "build", "docker build (default)", ROUTE_CALL_SOLVE },
		{ "build", "docker build (legacy, DOCKER_BUILDKIT=0)", ROUTE_BUILD },
		{ "build", "docker build (default) [no buildx plugin]", ROUTE_BUILD },
		{ "build", "docker buildx build", ROUTE_CALL_SOLVE },
		{ "build", "docker bake", ROUTE_CALL_SOLVE },
		{ "builder prune", "docker builder prune", ROUTE_CALL_PRUNE },
		{ "buildx prune", "docker buildx prune", ROUTE_CALL_PRUNE },
		{ "buildx du", "docker buildx du", ROUTE_CALL_DISK_USAGE },
		{ "buildx history", "docker buildx history ls", ROUTE_CALL_LISTEN_HISTORY },
		{ "pull", "docker pull", ROUTE_IMAGE_PULL },
		{ "pull", "docker run (image missing -> auto pull)", ROUTE_IMAGE_PULL },
		{ "import", "docker import", ROUTE_IMAGE_IMPORT },
		{ "push", "docker push -a", ROUTE_IMAGE_PUSH },
		{ "start", "docker start -ai (tty)", ROUTE_CONTAINER_START },
		{ "attach", "docker attach (tty)", ROUTE_CONTAINER_ATTACH },
		{ "logs", "docker logs", ROUTE_CONTAINER_LOGS },
		{ "stats", "docker stats --no-stream", ROUTE_CONTAINER_STATS },
		{ "network rm", "docker network rm", ROUTE_NETWORK_DELETE },
		{ "plugin install", "docker plugin install", ROUTE_PLUGIN_PULL },
		{ "service update", "docker service update", ROUTE_SERVICE_UPDATE },
		{ "service rollback", "docker service rollback", ROUTE_SERVICE_ROLLBACK },
		{ "swarm update", "docker swarm update --autolock", ROUTE_SWARM_UPDATE },
		{ "swarm unlock-key", "docker swarm unlock-key --rotate", ROUTE_SWARM_ROTATE_KEY },
		{ "push", "docker build (default)", ROUTE_NONE },
		{ "stack deploy", "docker stack deploy", ROUTE_SERVICE_CREATE },
		{ "login", "docker login", ROUTE_AUTH },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct verdicts verdicts = DENY(places[i].entry);
		struct tsv tsv;
		int refused = ROUTE_NONE;

		open_commands(&tsv);
		while (tsv_read(&tsv)) {
			if (strcmp(tsv.fields[COMMAND], places[i].row) == 0)
				break;
		}
		refused = first_refused(&verdicts, &tsv);
		if (refused != places[i].place)
			fail_msg("deny %s meets \"%s\" at %d", places[i].entry, places[i].row,
				refused);
		tsv_close(&tsv);
	}
}

static void every_spelling_of_a_command_means_the_same(void **state)
{
	struct tsv tsv;
	char name[64];

	(void)state;
	open_commands(&tsv);
	while (next_command(&tsv, name, sizeof(name))) {
		struct verdicts deny = DENY(name), allow = ALLOW(name);

		for (char *alias = strtok(tsv.fields[ALIASES], ","); alias;
			alias = strtok(NULL, ",")) {
			alias += strspn(alias, " ") + strlen("docker ");
			expect_equal(deny, DENY(alias), alias);
			expect_equal(allow, ALLOW(alias), alias);
		}
	}
	tsv_close(&tsv);
}

/* What a build calls, and no other command does. */
#define BUILD_CALLS                                                                                \
	ROUTE_CALL_SOLVE, ROUTE_CALL_BRIDGE_PING, ROUTE_CALL_BRIDGE_SOLVE, ROUTE_CALL_BRIDGE_RETURN, \
		ROUTE_CALL_BRIDGE_INPUTS, ROUTE_CALL_BRIDGE_EVALUATE, ROUTE_CALL_BRIDGE_WARN,      \
		ROUTE_CALL_RESOLVE_IMAGE_CONFIG, ROUTE_CALL_RESOLVE_SOURCE_META,                   \
		ROUTE_CALL_READ_FILE, ROUTE_CALL_READ_DIR, ROUTE_CALL_STAT_FILE,                   \
		ROUTE_CALL_NEW_CONTAINER, ROUTE_CALL_RELEASE_CONTAINER, ROUTE_CALL_EXEC_PROCESS,   \
		ROUTE_CALL_READ_FILE_CONTAINER, ROUTE_CALL_READ_DIR_CONTAINER,                     \
		ROUTE_CALL_STAT_FILE_CONTAINER

static void a_denied_command_takes_no_other_routes_with_it(void **state)
{
	(void)state;
	expect_only(DENY("run"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_CONTAINER_CREATE));
	expect_only(DENY("pull"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_IMAGE_PULL));
	expect_only(DENY("import"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_IMAGE_IMPORT));
	expect_only(DENY("exec"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_EXEC_CREATE, ROUTE_EXEC_START));
	expect_only(DENY("ps"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_CONTAINER_LIST, ROUTE_CONTAINER_LIST_PS));
	expect_only(DENY("cp"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_CONTAINER_ARCHIVE_GET, ROUTE_CONTAINER_ARCHIVE_PUT,
			ROUTE_CONTAINER_COPY));
	expect_only(DENY("build"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_BUILD, ROUTE_BUILD_EXPORT, ROUTE_BUILD_CANCEL, ROUTE_IMAGE_GET_CACHE,
			BUILD_CALLS));
	expect_only(DENY("builder prune"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_BUILD_PRUNE, ROUTE_CALL_PRUNE));
	expect_only(DENY("buildx du"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_CALL_DISK_USAGE));
	expect_only(DENY("plugin push"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_PLUGIN_PUSH));
	expect_only(DENY("rmi", "tag"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_IMAGE_DELETE, ROUTE_IMAGE_TAG));
	expect_only(DENY("service rollback"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_SERVICE_ROLLBACK));
	expect_only(DENY("service update"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_SERVICE_UPDATE));
	expect_only(DENY("swarm unlock-key"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_SWARM_UNLOCK_KEY, ROUTE_SWARM_ROTATE_KEY));
	expect_only(DENY("swarm join-token"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_SWARM_INSPECT, ROUTE_SWARM_ROTATE_TOKEN));
	expect_only(DENY("version"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_NONE));
	expect_only(DENY("logout"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_NONE));
}

/*
 * Who may not push could ask a build to, or bring a new definition of the swarm along with a token's
 * rotation: what is not looked into is refused as well.
 */
static void a_denied_command_is_refused_where_it_could_hide(void **state)
{
	(void)state;
	/* The mediator looks into builds. */
	expect_only(DENY("push"), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_IMAGE_PUSH));
	expect_equal(DENY("push"), DENY("image push"), "push");
	expect_only(DENY("swarm update"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_SWARM_UPDATE, ROUTE_SWARM_ROTATE_TOKEN, ROUTE_SWARM_ROTATE_KEY));
	expect_only(DENY("swarm ca"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_SWARM_INSPECT, ROUTE_SWARM_UPDATE, ROUTE_SWARM_ROTATE_TOKEN,
			ROUTE_SWARM_ROTATE_KEY));
	/* An allow list names what passes: a command's hiding places are not among it. */
	expect_only(ALLOW("push"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_IMAGE_PUSH, ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
	expect_only(ALLOW("swarm update"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_SWARM_UPDATE, ROUTE_SWARM_INSPECT, ROUTE_SWARM_UNLOCK_KEY, ROUTE_PING,
			ROUTE_PING_HEAD, ROUTE_VERSION));
}

/* There nobody sees calls, nor what a build is for. */
static void in_direct_transport_grpc_is_all_that_could_be_in_it(void **state)
{
	static const char *const calling[] = { "builder prune", "buildx du", "buildx ls",
		"buildx inspect", "buildx history" };

	(void)state;
	expect_only(DENY_DIRECT("push"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_IMAGE_PUSH, ROUTE_BUILD_GRPC, ROUTE_BUILD_EXPORT));
	expect_only(DENY_DIRECT("build"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_BUILD_GRPC, ROUTE_BUILD, ROUTE_BUILD_EXPORT, ROUTE_BUILD_CANCEL,
			ROUTE_IMAGE_GET_CACHE, BUILD_CALLS));
	for (size_t i = 0; i < ARRAY_SIZE(calling); i++) {
		assert_int_equal(
			DENY_DIRECT(calling[i]).of[ROUTE_BUILD_GRPC], LATCH_VERDICT_REFUSE);
		assert_int_equal(DENY(calling[i]).of[ROUTE_BUILD_GRPC], LATCH_VERDICT_PASS);
		expect_equal(ALLOW_DIRECT(calling[i]), ALLOW(calling[i]), calling[i]);
	}
	/* What no mediator looks into either. */
	expect_equal(DENY_DIRECT("swarm update"), DENY("swarm update"), "swarm update");
}

static void an_allowed_command_brings_no_other_routes_with_it(void **state)
{
	(void)state;
	expect_only(ALLOW("ps"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_CONTAINER_LIST, ROUTE_CONTAINER_LIST_PS, ROUTE_PING, ROUTE_PING_HEAD,
			ROUTE_VERSION));
	expect_only(ALLOW("push"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_IMAGE_PUSH, ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
	expect_only(ALLOW("run"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_CONTAINER_CREATE, ROUTE_CONTAINER_ATTACH, ROUTE_CONTAINER_WAIT,
			ROUTE_CONTAINER_START, ROUTE_CONTAINER_RESIZE, ROUTE_CONTAINER_KILL,
			ROUTE_IMAGE_PULL, ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
	expect_only(ALLOW("exec"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_EXEC_CREATE, ROUTE_EXEC_START, ROUTE_EXEC_RESIZE, ROUTE_EXEC_INSPECT,
			ROUTE_CONTAINER_INSPECT, ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
	expect_only(ALLOW("buildx inspect"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_BUILD_GRPC, ROUTE_CALL_LIST_WORKERS, ROUTE_CALL_INFO, ROUTE_CALL_TRACE,
			ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
	expect_only(ALLOW("buildx du"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_BUILD_GRPC, ROUTE_CALL_DISK_USAGE, ROUTE_CALL_LIST_WORKERS,
			ROUTE_CALL_INFO, ROUTE_CALL_TRACE, ROUTE_PING, ROUTE_PING_HEAD,
			ROUTE_VERSION));
	expect_only(ALLOW("logout"), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
}

static void an_empty_list_denies_nothing_or_allows_almost_nothing(void **state)
{
	(void)state;
	expect_only(DENY(NULL), LATCH_VERDICT_REFUSE, ROUTES(ROUTE_NONE));
	expect_only(ALLOW(NULL), LATCH_VERDICT_PASS,
		ROUTES(ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
}

/* The subcommands as `docker container --help` and so on list them. */
#define CONTAINER                                                                                  \
	"container attach", "container commit", "container cp", "container create",                \
		"container diff", "container exec", "container export", "container inspect",       \
		"container kill", "container logs", "container ls", "container pause",             \
		"container port", "container prune", "container rename", "container restart",      \
		"container rm", "container run", "container start", "container stats",             \
		"container stop", "container top", "container unpause", "container update",        \
		"container wait"
#define IMAGE                                                                                      \
	"image build", "image history", "image import", "image inspect", "image load", "image ls", \
		"image prune", "image pull", "image push", "image rm", "image save", "image tag"
#define VOLUME                                                                                     \
	"volume create", "volume inspect", "volume ls", "volume prune", "volume rm", "volume update"
#define NETWORK                                                                                    \
	"network connect", "network create", "network disconnect", "network inspect",              \
		"network ls", "network prune", "network rm"
#define BUILD                                                                                      \
	"build", "builder build", "builder prune", "buildx bake", "buildx build", "buildx create", \
		"buildx dial-stdio", "buildx du", "buildx history", "buildx imagetools",           \
		"buildx inspect", "buildx ls", "buildx prune", "buildx rm", "buildx stop",         \
		"buildx use", "buildx version"
#define SYSTEM "system df", "system dial-stdio", "system events", "system info", "system prune"

static void expect_family(const char *entry, const char *const *members)
{
	struct verdicts family, sum;

	for (int type = COMMANDLIST_DENY; type <= COMMANDLIST_ALLOW; type++) {
		family = compile(type, (const char *const[]){ entry, NULL });
		sum = compile(type, members);
		expect_equal(family, sum, entry);
	}
}

#define EXPECT_FAMILY(entry, ...) expect_family(entry, (const char *const[]){ __VA_ARGS__, NULL })

static void a_wildcard_is_exactly_the_subcommands_of_its_name(void **state)
{
	(void)state;
	EXPECT_FAMILY("container*", CONTAINER);
	EXPECT_FAMILY("image*", IMAGE);
	EXPECT_FAMILY("volume*", VOLUME);
	EXPECT_FAMILY("network*", NETWORK);
	EXPECT_FAMILY("build*", BUILD);
	EXPECT_FAMILY("system*", SYSTEM);
}

static void wildcards_refuse_these_routes_and_no_others(void **state)
{
	(void)state;
	expect_only(DENY("volume*"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_VOLUME_LIST, ROUTE_VOLUME_INSPECT, ROUTE_VOLUME_CREATE,
			ROUTE_VOLUME_PRUNE, ROUTE_VOLUME_UPDATE, ROUTE_VOLUME_DELETE));
	expect_only(DENY("network*"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_NETWORK_LIST, ROUTE_NETWORK_LIST_SLASH, ROUTE_NETWORK_INSPECT,
			ROUTE_NETWORK_CREATE, ROUTE_NETWORK_CONNECT, ROUTE_NETWORK_DISCONNECT,
			ROUTE_NETWORK_PRUNE, ROUTE_NETWORK_DELETE));
	expect_only(DENY("build*"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_BUILD_GRPC, ROUTE_BUILD, ROUTE_BUILD_EXPORT, ROUTE_BUILD_CANCEL,
			ROUTE_BUILD_PRUNE, ROUTE_IMAGE_GET_CACHE, BUILD_CALLS, ROUTE_CALL_PRUNE,
			ROUTE_CALL_DISK_USAGE, ROUTE_CALL_LIST_WORKERS, ROUTE_CALL_INFO,
			ROUTE_CALL_LISTEN_HISTORY, ROUTE_CALL_UPDATE_HISTORY,
			ROUTE_CALL_CONTENT_INFO, ROUTE_CALL_CONTENT_READ,
			ROUTE_CALL_CONTENT_LIST));
	expect_only(DENY("system*"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_SYSTEM_DF, ROUTE_EVENTS, ROUTE_INFO, ROUTE_CONTAINER_PRUNE,
			ROUTE_NETWORK_PRUNE, ROUTE_VOLUME_PRUNE, ROUTE_IMAGE_PRUNE,
			ROUTE_BUILD_PRUNE));
	assert_int_equal(DENY("image*").of[ROUTE_IMAGE_SEARCH], LATCH_VERDICT_PASS);
	assert_int_equal(DENY("container*").of[ROUTE_IMAGE_PULL], LATCH_VERDICT_PASS);
	assert_int_equal(DENY("container*").of[ROUTE_CONTAINER_LIST], LATCH_VERDICT_REFUSE);
}

static void a_management_commands_name_is_all_its_subcommands(void **state)
{
	(void)state;
	EXPECT_FAMILY("container", CONTAINER);
	EXPECT_FAMILY("image", IMAGE);
	EXPECT_FAMILY("volume", VOLUME);
	EXPECT_FAMILY("network", NETWORK);
	EXPECT_FAMILY("system", SYSTEM);
	EXPECT_FAMILY("builder", "builder build", "builder prune");
	EXPECT_FAMILY("plugin", "plugin create", "plugin disable", "plugin enable",
		"plugin inspect", "plugin install", "plugin ls", "plugin push", "plugin rm",
		"plugin set", "plugin upgrade");
	EXPECT_FAMILY("swarm", "swarm ca", "swarm init", "swarm join", "swarm join-token",
		"swarm leave", "swarm unlock", "swarm unlock-key", "swarm update");
	EXPECT_FAMILY("node", "node demote", "node inspect", "node ls", "node promote", "node ps",
		"node rm", "node update");
	EXPECT_FAMILY("service", "service create", "service inspect", "service logs", "service ls",
		"service ps", "service rm", "service rollback", "service scale", "service update");
	EXPECT_FAMILY("stack", "stack config", "stack deploy", "stack ls", "stack ps", "stack rm",
		"stack services");
	EXPECT_FAMILY("secret", "secret create", "secret inspect", "secret ls", "secret rm");
	EXPECT_FAMILY("config", "config create", "config inspect", "config ls", "config rm");
	EXPECT_FAMILY("checkpoint", "checkpoint create", "checkpoint ls", "checkpoint rm");
	expect_only(DENY("plugin"), LATCH_VERDICT_REFUSE,
		ROUTES(ROUTE_PLUGIN_LIST, ROUTE_PLUGIN_INSPECT, ROUTE_PLUGIN_INSPECT_OLD,
			ROUTE_PLUGIN_DELETE, ROUTE_PLUGIN_ENABLE, ROUTE_PLUGIN_DISABLE,
			ROUTE_PLUGIN_PULL, ROUTE_PLUGIN_PUSH, ROUTE_PLUGIN_UPGRADE,
			ROUTE_PLUGIN_SET, ROUTE_PLUGIN_CREATE));
}

static void what_eci_does_not_support_is_refused_by_name(void **state)
{
	static const char *const names[] = {
		"compose", "dev", "extension", "feedback", "init", "manifest", "plugins", "sbom",
		"scan", "scout", "trust", "compose up", "trust sign", "manifest inspect",
		"scout cves", "extension ls", "compose*",
	};
	char problem[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(commandlist_check(names[i], problem, sizeof(problem)), -EINVAL);
		assert_non_null(strstr(problem, names[i]));
		assert_non_null(strstr(problem, "not supported"));
	}
}

static void an_unknown_entry_is_refused_with_what_was_probably_meant(void **state)
{
	static const struct {
		const char *entry, *problem;
	} cases[] = {
		{ "pusch", "\"pusch\" is not a docker command; did you mean \"push\"?" },
		{ "PS", "\"PS\" is not a docker command; did you mean \"ps\"?" },
		{ "contianer ls", "\"contianer ls\" is not a docker command; did you mean "
				  "\"container ls\"?" },
		{ "volume lst", "\"volume lst\" is not a docker command; did you mean "
				"\"volume ls\"?" },
		{ "docker push", "\"docker push\": write it without docker, as \"push\"" },
		{ "docker image*", "\"docker image*\": write it without docker, as \"image*\"" },
		{ "xyzzyplugh", "\"xyzzyplugh\" is not a docker command" },
		{ "", "\"\" is not a docker command" },
		{ "container  ls", "\"container  ls\" is not a docker command; did you mean "
				   "\"container ls\"?" },
		{ "service*", "\"service*\" is not a wildcard: only container*, image*, volume*, "
			      "network*, build* and system* are" },
		{ "*", "\"*\" is not a wildcard: only container*, image*, volume*, network*, "
		       "build* and system* are" },
		{ "container *", "\"container *\" is not a wildcard: only container*, image*, "
				 "volume*, network*, build* and system* are" },
	};
	char problem[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(commandlist_check(cases[i].entry, problem, sizeof(problem)),
			-EINVAL);
		assert_string_equal(problem, cases[i].problem);
	}
}

static void a_list_with_one_bad_entry_passes_only_what_always_passes(void **state)
{
	static const char *const entries[] = { "ps", "pusch", "run" };
	struct commandlist list = { .commands = entries, .count = ARRAY_SIZE(entries) };
	struct verdicts verdicts;
	char problem[256];

	(void)state;
	for (int type = COMMANDLIST_DENY; type <= COMMANDLIST_ALLOW; type++) {
		list.type = type;
		memset(&verdicts, LATCH_VERDICT_PASS, sizeof(verdicts));
		assert_int_equal(
			commandlist_compile(&list, verdicts.of, problem, sizeof(problem)), -EINVAL);
		assert_non_null(strstr(problem, "\"pusch\""));
		expect_only(verdicts, LATCH_VERDICT_PASS,
			ROUTES(ROUTE_PING, ROUTE_PING_HEAD, ROUTE_VERSION));
	}
}

static void expect_warning(const char *entry, const char *words)
{
	char problem[2048];

	assert_int_equal(commandlist_check(entry, problem, sizeof(problem)), 0);
	if (!words)
		assert_string_equal(problem, "");
	else if (!strstr(problem, words))
		fail_msg("%s: \"%s\"", entry, problem);
}

static void an_entry_says_what_it_cannot_stop(void **state)
{
	(void)state;
	expect_warning("ps", NULL);
	expect_warning("plugin", NULL);
	expect_warning("secret", NULL);
	expect_warning("push", "such a build is refused where push is");
	expect_warning("push", "in direct transport nobody looks into builds");
	expect_warning("swarm update", "refuses that as well");
	expect_warning("swarm", NULL);
	expect_warning("image*", "push: a build can push its result");
	expect_warning("pull", "builds and services pull inside the engine");
	expect_warning("run", "create");
	expect_warning("container run", "\"container run\": run and create");
	expect_warning("start", "waits");
	expect_warning("port", "inspect");
	expect_warning("service rollback", "the same effect");
	expect_warning("service update", "the same request");
	expect_warning("swarm update", "the same request");
	expect_warning("version", "always passes");
	expect_warning("logout", "\"logout\" sends no request");
	expect_warning("context ls", "\"context ls\" sends no request");
	expect_warning("context", "\"context\" sends no request");
	expect_warning("system dial-stdio", "sends no request");
}

static void a_message_is_cut_to_the_room_there_is(void **state)
{
	static const char *const entries[] = { "image*", "push", "pusch", "compose", "context" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		char full[2048];
		int expected = commandlist_check(entries[i], full, sizeof(full));

		for (size_t size = 0; size < 64; size++) {
			char *problem = malloc(size + !size);
			size_t room = size > 0 ? size - 1 : 0;
			size_t kept = strlen(full) < room ? strlen(full) : room;

			assert_int_equal(commandlist_check(entries[i], problem, size), expected);
			if (size > 0) {
				assert_int_equal(strlen(problem), kept);
				assert_memory_equal(problem, full, kept);
			}
			free(problem);
		}
	}
}

static void every_name_stands_once_and_every_row_says_enough(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_get(i);
		bool quiet = command->support == COMMAND_SILENT ||
			command->support == COMMAND_UNSUPPORTED;

		for (size_t j = 0; j < i; j++) {
			for (const char *const *name = command->names; *name; name++)
				assert_false(command_has_name(command_get(j), *name));
		}
		assert_int_equal(command->is[0] == COMMAND_NO_ROUTE, quiet);
		if (command->hidden_in[0] != COMMAND_NO_ROUTE)
			assert_non_null(command->note);
		if (command->support != COMMAND_EXACT && command->support != COMMAND_UNSUPPORTED)
			assert_non_null(command->note);
	}
}

static bool share_a_route(const struct command *a, const struct command *b)
{
	for (const short *x = a->is; *x != COMMAND_NO_ROUTE; x++) {
		for (const short *y = b->is; *y != COMMAND_NO_ROUTE; y++) {
			if (*x == *y)
				return true;
		}
	}
	return false;
}

static void a_row_is_marked_exact_only_when_no_other_command_is_its_routes(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count(); i++) {
		for (size_t j = 0; j < command_count(); j++) {
			if (i != j && command_get(i)->support == COMMAND_EXACT &&
				share_a_route(command_get(i), command_get(j)))
				fail_msg("%s and %s", command_get(i)->names[0],
					command_get(j)->names[0]);
		}
	}
}

static void a_route_is_named_after_the_command_that_it_is(void **state)
{
	(void)state;
	assert_string_equal(command_of_route(ROUTE_IMAGE_PUSH), "push");
	assert_string_equal(command_of_route(ROUTE_CONTAINER_CREATE), "run");
	assert_string_equal(command_of_route(ROUTE_CONTAINER_LIST), "ps");
	assert_string_equal(command_of_route(ROUTE_CALL_SOLVE), "build");
	assert_string_equal(command_of_route(ROUTE_CALL_PRUNE), "builder prune");
	assert_string_equal(command_of_route(ROUTE_IMAGE_IMPORT), "import");
	assert_string_equal(command_of_route(ROUTE_DEBUG_VARS), "");
	assert_string_equal(command_of_route(ROUTE_NONE), "");
	assert_string_equal(command_of_route(ROUTE_COUNT), "");
}

static void only_these_routes_are_no_command(void **state)
{
	struct verdicts named = { { 0 } };

	(void)state;
	for (int id = 0; id < ROUTE_COUNT; id++)
		named.of[id] = command_of_route(id)[0] != '\0';
	expect_only(named, 0,
		ROUTES(ROUTE_CONTAINER_ARCHIVE_STAT, ROUTE_CONTAINER_RESIZE, ROUTE_EXEC_RESIZE,
			ROUTE_EXEC_INSPECT, ROUTE_SESSION, ROUTE_PLUGIN_PRIVILEGES,
			ROUTE_DISTRIBUTION_INSPECT, ROUTE_PING, ROUTE_PING_HEAD, ROUTE_OPTIONS_ROOT,
			ROUTE_OPTIONS_ANY, ROUTE_IMAGE_INSERT, ROUTE_DEBUG_VARS, ROUTE_DEBUG_PPROF,
			ROUTE_DEBUG_PPROF_CMDLINE, ROUTE_DEBUG_PPROF_PROFILE,
			ROUTE_DEBUG_PPROF_SYMBOL, ROUTE_DEBUG_PPROF_TRACE, ROUTE_DEBUG_PPROF_BLOCK,
			ROUTE_DEBUG_PPROF_GOROUTINE, ROUTE_DEBUG_PPROF_HEAP,
			ROUTE_DEBUG_PPROF_THREADCREATE, ROUTE_DEBUG_PPROF_NAME, ROUTE_CALL_STATUS,
			ROUTE_CALL_SESSION, ROUTE_CALL_TRACE, ROUTE_CALL_HEALTH_CHECK,
			ROUTE_CALL_HEALTH_WATCH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_allows_a_command_passes_every_request_of_it),
		cmocka_unit_test(a_list_that_denies_a_command_refuses_it_at_an_essential_request),
		cmocka_unit_test(a_refusal_stands_where_the_client_can_show_it),
		cmocka_unit_test(every_spelling_of_a_command_means_the_same),
		cmocka_unit_test(a_denied_command_takes_no_other_routes_with_it),
		cmocka_unit_test(a_denied_command_is_refused_where_it_could_hide),
		cmocka_unit_test(in_direct_transport_grpc_is_all_that_could_be_in_it),
		cmocka_unit_test(an_allowed_command_brings_no_other_routes_with_it),
		cmocka_unit_test(an_empty_list_denies_nothing_or_allows_almost_nothing),
		cmocka_unit_test(a_wildcard_is_exactly_the_subcommands_of_its_name),
		cmocka_unit_test(wildcards_refuse_these_routes_and_no_others),
		cmocka_unit_test(a_management_commands_name_is_all_its_subcommands),
		cmocka_unit_test(what_eci_does_not_support_is_refused_by_name),
		cmocka_unit_test(an_unknown_entry_is_refused_with_what_was_probably_meant),
		cmocka_unit_test(a_list_with_one_bad_entry_passes_only_what_always_passes),
		cmocka_unit_test(an_entry_says_what_it_cannot_stop),
		cmocka_unit_test(a_message_is_cut_to_the_room_there_is),
		cmocka_unit_test(every_name_stands_once_and_every_row_says_enough),
		cmocka_unit_test(a_row_is_marked_exact_only_when_no_other_command_is_its_routes),
		cmocka_unit_test(a_route_is_named_after_the_command_that_it_is),
		cmocka_unit_test(only_these_routes_are_no_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
