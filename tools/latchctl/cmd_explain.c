// SPDX-License-Identifier: Apache-2.0
/*
 * latchctl explain: what the command list says to a docker command or to one request, at which
 * request it says no, which entry is behind it and which entry would change it. The verdicts are
 * those of enforcement: route_classify and commandlist_compile. It is about an allowed container's
 * requests; which containers are allowed is the image list's (explain_image.h).
 */
#include <errno.h>

#include "cliwords.h"
#include "command_policy.h"
#include "describe.h"
#include "explain_image.h"
#include "latchctl.h"
#include "output.h"
#include "parts.h"

#define MAX_NAMES 64

struct explain {
	const char *settings;
	bool json;
	struct command_policy policy;
};

/* ---- what both forms share ---- */

/* Isolation that is off refuses nothing by the list, whatever the list says. */
static int exit_status(const struct explain *explain, bool pass, bool differs)
{
	if (differs)
		return LATCHCTL_UNKNOWN; /* the list says one thing and the kernel another */
	return pass || !explain->policy.enabled ? LATCHCTL_OK : LATCHCTL_NO;
}

/* `"run"`, `"run" and "create"`: names as they stand in a sentence. */
static void print_list(const char *const *names, size_t count, const char *joint)
{
	for (size_t i = 0; i < count; i++)
		printf("%s\"%s\"", i == 0 ? "" : i + 1 < count ? ", " : joint, names[i]);
}

static json_t *route_verdict_object(
	const struct command_policy *policy, const struct route_verdict *verdict)
{
	static const char *const deciders[] = {
		[DECIDER_ENTRY] = "entry",
		[DECIDER_DEFAULT] = "default",
		[DECIDER_ALWAYS] = "always",
	};
	json_t *object = describe_route_object(verdict->route);
	short kernel = policy->kernel[verdict->route];

	json_object_set_new(object, "verdict", json_string(describe_verdict(verdict->pass)));
	json_object_set_new(object, "decided_by", json_string(deciders[verdict->decider]));
	json_object_set_new(
		object, "entry", verdict->entry ? json_string(verdict->entry) : json_null());
	json_object_set_new(object, "kernel",
		kernel == POLICY_UNREAD
			? json_null()
			: json_string(describe_verdict(kernel == LATCH_VERDICT_PASS)));
	return object;
}

static void print_difference(const struct command_policy *policy, int route)
{
	short kernel = policy->kernel[route];

	if (kernel != POLICY_UNREAD && kernel != policy->compiled.verdicts[route])
		printf("%skernel%s    %s %s: the kernel's map says otherwise (%s): somebody "
		       "changed it, or latchd has not reloaded; `latchctl reload` puts it right\n",
			style(stdout, STYLE_BAD), style(stdout, STYLE_PLAIN),
			route_get(route)->method, route_get(route)->template,
			describe_verdict(kernel == LATCH_VERDICT_PASS));
}

/* create, start and restart can still be refused by the image list. */
static bool judged_by_image(int route)
{
	return route_get(route)->flags & (ROUTE_JUDGE_CREATE | ROUTE_JUDGE_START);
}

static const char image_note[] =
	"the image list is asked as well: what mounts the socket must be of a listed image";

/* Where the mediator looks, nothing can hide. */
static bool is_looked_into(const struct command_policy *policy, int route)
{
	return !policy->list.direct && route_get(route)->flags & ROUTE_JUDGE_BUILD;
}

static const char build_note[] =
	"what a build asks for is looked at as well: one that pushes is refused where push is, and one "
	"that asks for what hostAccess does not allow";

/* Why a deny list refuses a request that none of its entries is. */
static void print_hidden(const struct command_policy *policy, const struct route_verdict *verdict)
{
	const struct route *route = route_get(verdict->route);
	const char *names[MAX_NAMES];
	size_t count = commands_of_route(verdict->route, RELATION_HIDDEN, names, MAX_NAMES);
	char condition[128];

	if (verdict->pass || policy->list.type != COMMANDLIST_DENY || !count ||
		is_looked_into(policy, verdict->route))
		return;
	describe_discriminator(verdict->route, condition, sizeof(condition));
	printf("note      %s %s%s%s can hide ", route->method, route->template,
		condition[0] ? " " : "", condition);
	print_list(names, count < MAX_NAMES ? count : MAX_NAMES, " and ");
	puts(", where latch does not look: a deny list of that refuses this too");
}

/* ---- a docker command ---- */

static const char *const outcomes[] = {
	[OUTCOME_PASS] = "passes",
	[OUTCOME_PART] = "in part",
	[OUTCOME_REFUSE] = "refused",
};

static bool any_differs(const struct command_policy *policy, const struct command_verdict *verdict)
{
	bool differs = false;

	for (size_t i = 0; i < verdict->count; i++)
		differs |= command_policy_differs(policy, verdict->routes[i].route);
	return differs;
}

static bool any_judged(const struct command_verdict *verdict)
{
	bool judged = false;

	for (size_t i = 0; i < verdict->count; i++)
		judged |= judged_by_image(verdict->routes[i].route);
	return judged;
}

static bool any_looked_into(
	const struct command_policy *policy, const struct command_verdict *verdict)
{
	bool looked_into = false;

	for (size_t i = 0; i < verdict->count; i++)
		looked_into |= is_looked_into(policy, verdict->routes[i].route) &&
			       verdict->routes[i].is;
	return looked_into;
}

/* What to change so that all of the command passes. Returns the number of names, 0 without need. */
static size_t advice(const struct command_policy *policy, const struct command *command,
	const struct command_verdict *verdict, const char **names)
{
	size_t count;

	if (verdict->outcome == OUTCOME_PASS)
		return 0;
	if (policy->list.type == COMMANDLIST_ALLOW) {
		names[0] = command->names[0];
		return 1;
	}
	count = verdict_entries(
		&policy->compiled, verdict->routes, verdict->count, names, MAX_NAMES);
	return count < MAX_NAMES ? count : MAX_NAMES;
}

static int print_requests(
	const struct command_policy *policy, const struct command_verdict *verdict)
{
	struct table table = TABLE(5);

	for (size_t i = 0; i < verdict->count; i++) {
		const struct route_verdict *request = &verdict->routes[i];
		char condition[128], reason[512];

		describe_discriminator(request->route, condition, sizeof(condition));
		verdict_reason(&policy->compiled, request, reason, sizeof(reason));
		table_add(&table, STYLE_PLAIN, "%s", request->is ? "is" : "needs");
		table_add(&table, STYLE_PLAIN, "%s", route_get(request->route)->method);
		table_add(&table, STYLE_PLAIN, "%s%s%s", route_get(request->route)->template,
			condition[0] ? " " : "", condition);
		table_add(&table, describe_style(request->pass), "%s",
			describe_verdict(request->pass));
		table_add(&table, STYLE_PLAIN, "%s", reason);
	}
	return table_print(&table, "  ");
}

static void print_conclusion(const struct command_policy *policy, const struct command *command,
	const struct command_verdict *verdict)
{
	const char *names[MAX_NAMES];
	size_t count = advice(policy, command, verdict, names);
	const struct route *at;

	if (verdict->outcome == OUTCOME_PASS) {
		printf("%spasses%s%s\n", style(stdout, STYLE_GOOD), style(stdout, STYLE_PLAIN),
			verdict->count ? "" : ": it sends no request that could be refused");
		return;
	}
	at = route_get(verdict->refused_at->route);
	printf("%srefused%s%s at %s %s; to let it through ", style(stdout, STYLE_BAD),
		style(stdout, STYLE_PLAIN), verdict->outcome == OUTCOME_PART ? " in part," : "",
		at->method, at->template);
	fputs(policy->list.type == COMMANDLIST_ALLOW ? "add " : "remove ", stdout);
	print_list(names, count, " and ");
	puts(policy->list.type == COMMANDLIST_ALLOW ? " to the list" : " from the list");
}

static int print_command(const struct command_policy *policy, const struct cliwords *words,
	const struct command_verdict *verdict)
{
	const struct command *command = words->command;
	bool other = false;

	printf("%sdocker %s%s", style(stdout, STYLE_TITLE), words->name,
		style(stdout, STYLE_PLAIN));
	for (const char *const *name = command->names; *name; name++) {
		if (strcmp(*name, words->name)) {
			printf("%s%s", other ? ", " : "  (also ", *name);
			other = true;
		}
	}
	puts(other ? ")" : "");
	command_policy_print(policy);
	if (print_requests(policy, verdict))
		return -ENOMEM;
	if (command->note)
		printf("note      %s\n", command->note);
	if (any_judged(verdict))
		printf("note      %s\n", image_note);
	if (any_looked_into(policy, verdict))
		printf("note      %s\n", build_note);
	for (size_t i = 0; i < verdict->count; i++)
		print_hidden(policy, &verdict->routes[i]);
	for (size_t i = 0; i < verdict->count; i++)
		print_difference(policy, verdict->routes[i].route);
	print_conclusion(policy, command, verdict);
	return 0;
}

static json_t *command_object(const struct command_policy *policy, const struct cliwords *words,
	const struct command_verdict *verdict)
{
	const struct command *command = words->command;
	json_t *requests = json_array(), *names = json_array();
	const char *change[MAX_NAMES];
	size_t count = advice(policy, command, verdict, change);
	bool allow = policy->list.type == COMMANDLIST_ALLOW;

	for (const char *const *name = command->names; *name; name++)
		json_array_append_new(names, json_string(*name));
	for (size_t i = 0; i < verdict->count; i++) {
		json_t *request = route_verdict_object(policy, &verdict->routes[i]);

		json_object_set_new(
			request, "part", json_string(verdict->routes[i].is ? "is" : "needs"));
		json_array_append_new(requests, request);
	}
	return json_pack("{s:o, s:s, s:o, s:s, s:s?, s:o, s:o, s:s, s:b, s:s?, s:o, s:o, s:b}",
		"policy", command_policy_object(policy), "command", words->name, "names", names,
		"support", describe_support(command->support), "note", command->note, "requests",
		requests, "hidden_in", describe_ids(command->hidden_in), "verdict",
		outcomes[verdict->outcome], "enforced", policy->enabled, "refused_at",
		verdict->refused_at ? describe_id(verdict->refused_at->route) : NULL, "add",
		describe_names(change, allow ? count : 0), "remove",
		describe_names(change, allow ? 0 : count), "kernel_differs",
		any_differs(policy, verdict));
}

static int explain_supported(struct explain *explain, const struct cliwords *words)
{
	struct command_verdict verdict;
	int status;

	verdict_of_command(&explain->policy.compiled, words->command, &verdict);
	status = exit_status(
		explain, verdict.outcome == OUTCOME_PASS, any_differs(&explain->policy, &verdict));
	if (explain->json)
		return print_json(
			"explain", command_object(&explain->policy, words, &verdict), status);
	if (print_command(&explain->policy, words, &verdict)) {
		fputs("latchctl explain: out of memory\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	return status;
}

/* ---- a command that no list may hold ---- */

static json_t *unsupported_object(const struct command_policy *policy, const struct cliwords *words,
	const struct command *const *parts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		struct command_verdict verdict;

		verdict_of_command(&policy->compiled, parts[i], &verdict);
		json_array_append_new(array, json_pack("{s:s, s:s}", "command", parts[i]->names[0],
						     "verdict", outcomes[verdict.outcome]));
	}
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:n}", "policy",
		command_policy_object(policy), "command", words->name, "part", words->part,
		"support", describe_support(COMMAND_UNSUPPORTED), "note", parts_note(words->name),
		"parts", array, "verdict");
}

static int print_unsupported(const struct command_policy *policy, const struct cliwords *words,
	const struct command *const *parts, size_t count)
{
	static const enum style looks[] = {
		[OUTCOME_PASS] = STYLE_GOOD,
		[OUTCOME_PART] = STYLE_WARNING,
		[OUTCOME_REFUSE] = STYLE_BAD,
	};
	bool known = parts_known(words->name, words->part);
	struct table table = TABLE(2);

	printf("%sdocker %s%s%s%s is not supported in Enhanced Container Isolation's command "
	       "lists: "
	       "%s.\n",
		style(stdout, STYLE_TITLE), words->name, known ? " " : "", known ? words->part : "",
		style(stdout, STYLE_PLAIN), parts_note(words->name));
	command_policy_print(policy);
	if (count)
		puts("It is made of the requests of these; ask for each with `latchctl explain "
		     "docker "
		     "NAME`:");
	else if (known)
		puts("It sends no request that could be refused.");
	for (size_t i = 0; i < count; i++) {
		struct command_verdict verdict;

		verdict_of_command(&policy->compiled, parts[i], &verdict);
		table_add(&table, STYLE_PLAIN, "%s", parts[i]->names[0]);
		table_add(&table, looks[verdict.outcome], "%s", outcomes[verdict.outcome]);
	}
	return table_print(&table, "  ");
}

/* No verdict: which of its parts a command line comes to is not known here. */
static int explain_unsupported(struct explain *explain, const struct cliwords *words)
{
	const struct command *parts[MAX_NAMES];
	size_t count = parts_of(words->name, words->part, parts, MAX_NAMES);

	if (explain->json)
		return print_json("explain",
			unsupported_object(&explain->policy, words, parts, count), LATCHCTL_USAGE);
	if (print_unsupported(&explain->policy, words, parts, count)) {
		fputs("latchctl explain: out of memory\n", stderr);
		return LATCHCTL_UNKNOWN;
	}
	return LATCHCTL_USAGE;
}

/*
 * What follows a command's name is not looked at, so an option of latchctl's there would be lost
 * without a word, and the answer be about another policy than was asked for.
 */
static const char *find_misplaced(int count, char **words)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(words[i], "--json") || !strcmp(words[i], "--settings") ||
			!strncmp(words[i], "--settings=", strlen("--settings=")))
			return words[i];
	}
	return NULL;
}

static int explain_command(struct explain *explain, int count, char **words)
{
	const char *misplaced = find_misplaced(count, words);
	struct cliwords found;
	int r;

	if (misplaced)
		return usage_error("explain",
			"\"%s\" stands behind docker's words: put it before them if it is meant "
			"for "
			"latchctl, leave it out if it is not",
			misplaced);
	if (cliwords_read(count, words, &found))
		return usage_error("explain", "%s", found.problem);
	r = command_policy_load("explain", explain->settings, &explain->policy);
	if (r != LATCHCTL_OK)
		return r;
	r = found.command->support == COMMAND_UNSUPPORTED ? explain_unsupported(explain, &found)
							  : explain_supported(explain, &found);
	command_policy_free(&explain->policy);
	return r;
}

/* ---- one request ---- */

struct request {
	const char *method;
	const char *target;
	struct route_match match;
	struct route_verdict verdict; /* where match.id is a route */
	int upper; /* the route under the method in capitals, where it has none as it is */
};

static char upper_case(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* The engine compares methods byte by byte; a lower-case one is a typing mistake that it refuses.
 */
static int route_in_capitals(const struct request *request)
{
	struct route_match match;
	char method[32] = "";

	for (size_t i = 0; request->method[i] && i + 1 < sizeof(method); i++)
		method[i] = upper_case(request->method[i]);
	if (!strcmp(method, request->method))
		return ROUTE_NONE;
	route_classify(method, strlen(method), request->target, strlen(request->target), &match);
	return match.id;
}

static void read_request(const struct command_policy *policy, struct request *request)
{
	route_classify(request->method, strlen(request->method), request->target,
		strlen(request->target), &request->match);
	request->upper = ROUTE_NONE;
	/* Inside POST /grpc such a path is a call; of HTTP/1 it is nothing. */
	if (request->match.id == ROUTE_NONE && !strcmp(request->method, "POST"))
		request->match.id = route_of_call(request->target);
	if (request->match.id != ROUTE_NONE)
		request->match.problem = NULL;
	if (request->match.id == ROUTE_NONE)
		request->upper = route_in_capitals(request);
	else
		verdict_of_route(&policy->compiled, request->match.id, &request->verdict);
}

/* What would change a refusal. On an allow list the commands that are the route come first. */
static size_t request_advice(
	const struct command_policy *policy, const struct request *request, const char **names)
{
	size_t count = 0;

	if (request->match.id == ROUTE_NONE || request->verdict.pass)
		return 0;
	if (policy->list.type == COMMANDLIST_DENY)
		count = verdict_entries(&policy->compiled, &request->verdict, 1, names, MAX_NAMES);
	else
		count = commands_of_route(request->match.id, RELATION_IS, names, MAX_NAMES);
	if (!count && policy->list.type == COMMANDLIST_ALLOW)
		count = commands_of_route(request->match.id, RELATION_NEEDS, names, MAX_NAMES);
	return count < MAX_NAMES ? count : MAX_NAMES;
}

/* In mediated transport the mediator looks into builds. */
static const char *where_hidden(int route)
{
	return route_get(route)->flags & ROUTE_JUDGE_BUILD ?
		       ", in direct transport, where nobody looks into it" :
		       ", where latch does not look";
}

static void print_commands(int route, enum relation relation)
{
	static const char *const labels[] = {
		[RELATION_IS] = "is        ",
		[RELATION_NEEDS] = "needed by ",
		[RELATION_HIDDEN] = "hides     ",
	};
	const char *names[MAX_NAMES];
	size_t count = commands_of_route(route, relation, names, MAX_NAMES);

	if (!count && relation == RELATION_HIDDEN)
		return;
	fputs(labels[relation], stdout);
	if (!count)
		fputs("no command of docker's", stdout);
	for (size_t i = 0; i < count && i < MAX_NAMES; i++)
		printf("%sdocker %s", i ? ", " : "", names[i]);
	puts(relation == RELATION_HIDDEN ? where_hidden(route) : "");
}

static void print_no_route(const struct request *request)
{
	printf("route     none: %s\n", request->match.problem);
	if (request->upper != ROUTE_NONE)
		printf("          methods are compared letter by letter; in capitals it would be "
		       "row "
		       "%d, %s %s\n",
			request->upper, route_get(request->upper)->method,
			route_get(request->upper)->template);
	printf("%srefused%s: what is no route is refused to every container, whatever the list "
	       "says\n",
		style(stdout, STYLE_BAD), style(stdout, STYLE_PLAIN));
}

static void print_request_advice(const struct command_policy *policy, const struct request *request)
{
	bool allow = policy->list.type == COMMANDLIST_ALLOW;
	const char *names[MAX_NAMES];
	size_t count = request_advice(policy, request, names);

	if (!count) {
		puts(allow ? "; no entry of an allow list passes it, for no command of docker's "
			     "sends it"
			   : "");
		return;
	}
	printf("; to let it through %s", allow ? count > 1 ? "add one of " : "add " : "remove ");
	print_list(names, count, allow ? " or " : " and ");
	puts(allow ? " to the list" : " from the list");
}

static void print_route(const struct command_policy *policy, const struct request *request)
{
	const struct route *route = route_get(request->match.id);
	char condition[128], reason[512];

	describe_discriminator(request->match.id, condition, sizeof(condition));
	verdict_reason(&policy->compiled, &request->verdict, reason, sizeof(reason));
	printf("route     row %d, %s: %s %s%s%s\n", request->match.id,
		describe_id(request->match.id), route->method, route->template,
		condition[0] ? " " : "", condition);
	print_commands(request->match.id, RELATION_IS);
	print_commands(request->match.id, RELATION_NEEDS);
	print_commands(request->match.id, RELATION_HIDDEN);
	printf("decided   by %s%s\n", request->verdict.decider == DECIDER_ENTRY ? "the entry " : "",
		request->verdict.decider == DECIDER_ALWAYS ? "the route: it always passes"
							   : reason);
	if (judged_by_image(request->match.id))
		printf("note      %s\n", image_note);
	if (is_looked_into(policy, request->match.id))
		printf("note      %s\n", build_note);
	if (route_has_form(request->match.id))
		puts("note      the engine reads the values of a form body before those of the "
		     "query: a "
		     "request with such a body can be another route");
	print_difference(policy, request->match.id);
	printf("%s%s%s", style(stdout, describe_style(request->verdict.pass)),
		describe_verdict(request->verdict.pass), style(stdout, STYLE_PLAIN));
	if (request->verdict.pass)
		putchar('\n');
	else
		print_request_advice(policy, request);
}

static json_t *request_object(const struct command_policy *policy, const struct request *request)
{
	bool routed = request->match.id != ROUTE_NONE,
	     allow = policy->list.type == COMMANDLIST_ALLOW;
	const char *names[MAX_NAMES];
	size_t count = request_advice(policy, request, names);
	int route = request->match.id;

	return json_pack("{s:o, s:s, s:s, s:o, s:s?, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:b}",
		"policy", command_policy_object(policy), "method", request->method, "target",
		request->target, "route",
		routed ? route_verdict_object(policy, &request->verdict) : json_null(), "problem",
		request->match.problem, "is", describe_commands(route, RELATION_IS), "needed_by",
		describe_commands(route, RELATION_NEEDS), "hides",
		describe_commands(route, RELATION_HIDDEN), "verdict",
		describe_verdict(routed && request->verdict.pass), "enforced", policy->enabled,
		"add", describe_names(names, allow ? count : 0), "remove",
		describe_names(names, allow ? 0 : count), "kernel_differs",
		routed && command_policy_differs(policy, route));
}

static int report_request(struct explain *explain, const struct request *request)
{
	bool routed = request->match.id != ROUTE_NONE;
	int status = LATCHCTL_NO;

	/* What is no route is refused with isolation off as well: nobody knows what it is. */
	if (routed)
		status = exit_status(explain, request->verdict.pass,
			command_policy_differs(&explain->policy, request->match.id));
	if (explain->json)
		return print_json("explain", request_object(&explain->policy, request), status);
	printf("%s%s %s%s\n", style(stdout, STYLE_TITLE), request->method, request->target,
		style(stdout, STYLE_PLAIN));
	command_policy_print(&explain->policy);
	if (routed)
		print_route(&explain->policy, request);
	else
		print_no_route(request);
	return status;
}

/* RFC 9110, 5.6.2. What is no token is no request line, and nothing can be said about it. */
static bool is_token(const char *text)
{
	size_t length = strspn(text, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz");

	return length > 0 && text[length] == '\0';
}

static int explain_request(struct explain *explain, int count, char **words)
{
	struct request request = {.method = words[0]};
	int r;

	if (!is_token(words[0]))
		return usage_error("explain", "\"%s\" is not a method: letters and -", words[0]);
	if (count == 1)
		return usage_error(
			"explain", "which target? For example %s /v1.43/images/json", words[0]);
	if (count > 2)
		return usage_error("explain",
			"unexpected argument \"%s\": after METHOD and TARGET nothing follows, and "
			"options stand before them",
			words[2]);
	request.target = words[1];
	r = command_policy_load("explain", explain->settings, &explain->policy);
	if (r != LATCHCTL_OK)
		return r;
	read_request(&explain->policy, &request);
	r = report_request(explain, &request);
	command_policy_free(&explain->policy);
	return r;
}

/* ---- which of the two it is ---- */

/*
 * A request is METHOD TARGET. No docker command is written in capitals, and no command's first word
 * is a method's name in lower case; a target shows itself by its slash.
 */
static bool is_request(int count, char **words)
{
	if (cliwords_begin(words[0]))
		return false;
	if (strpbrk(words[0], "abcdefghijklmnopqrstuvwxyz") == NULL && words[0][0] != '-')
		return true;
	return count > 1 &&
	       (words[1][0] == '/' || !strcmp(words[1], "*") || strstr(words[1], "://"));
}

/*
 * `image NAME` asks the image list. docker has commands of that form too, and they come first: `image
 * ls` is one, `image ls:latest` is none.
 */
static bool is_image(int count, char **words)
{
	struct cliwords found;

	return count == 2 && !strcmp(words[0], "image") && words[1][0] != '-' &&
	       cliwords_read(count, words, &found) != 0;
}

enum {
	OPTION_SETTINGS,
	OPTION_JSON,
};

static const struct command_option options[] = {
	[OPTION_SETTINGS] = {"settings", 0, "FILE", "the command list of this file, not the one that latchd runs with"},
	[OPTION_JSON] = {"json", 0, NULL, "the answer as JSON"},
	{},
};

static int run(int argc, char **argv);

const struct subcommand subcommand_explain = {
	.name = "explain",
	.arguments = "[--settings FILE] [--json] docker COMMAND... | METHOD TARGET | image NAME",
	.summary = "may a container send this, or hold the socket, and which entry says so",
	.help = "For a docker command: every request that it is (where a list refuses it) and\n"
		"needs, the verdict on each with the entry that decides, then whether the command\n"
		"passes, and what to add to the list or remove from it so that it does.\n"
		"docker's own options before the command are skipped; what follows its name is\n"
		"not looked at. The word docker may be left out.\n"
		"\n"
		"For a request: the route that it is, the commands behind it, and the verdict.\n"
		"The target is taken as a client sends it: percent escapes, version, query.\n"
		"\n"
		"  latchctl explain docker run --rm -it alpine\n"
		"  latchctl explain --settings new.json docker --context ci image push x\n"
		"  latchctl explain POST '/v1.43/images/x/push?tag=y'\n"
		"  latchctl explain --json GET /containers/json | jq -r .verdict\n"
		"\n"
		"For an image: may a container of it hold the socket by the image list that latchd\n"
		"runs with, which entry allows it, or why none does and what to do. As at a start,\n"
		"latchd asks the engine and, where what it knows is old, the registries.\n"
		"\n"
		"  latchctl explain image docker:cli\n"
		"\n"
		"Without --settings: the list that latchd runs with, and whether the kernel's map\n"
		"agrees (as root); where no latchd answers, the file that it would read. The\n"
		"answer is about containers that the image list allows; the command list does not\n"
		"bind the host. \"refused in part\" means that some of its requests are refused.\n"
		"\n"
		"Exits 0 when all of it passes, 1 when a request or the image is refused, 2 for what is no\n"
		"command or one without a verdict of its own (docker compose), 3 when the policy\n"
		"cannot be read, or list and kernel disagree.\n",
	.operand = "docker|image|GET|POST",
	.options = options,
	.run = run,
};

static int run(int argc, char **argv)
{
	struct explain explain = {0};
	const char *value;
	int option;

	while ((option = options_next(&subcommand_explain, argc, argv, true, &value)) >= 0) {
		if (option == OPTION_SETTINGS)
			explain.settings = value;
		else
			explain.json = true;
	}
	if (option == OPTIONS_WRONG)
		return LATCHCTL_USAGE;
	if (optind == argc)
		return usage_error(
			argv[0], "explain what? A docker command, METHOD TARGET, or image NAME");
	if (is_image(argc - optind, argv + optind)) {
		if (explain.settings)
			return usage_error(argv[0],
				"--settings: an image is judged by the list that latchd runs with");
		return explain_image(argv[optind + 1], explain.json);
	}
	if (is_request(argc - optind, argv + optind))
		return explain_request(&explain, argc - optind, argv + optind);
	return explain_command(&explain, argc - optind, argv + optind);
}
