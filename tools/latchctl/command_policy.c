// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the policy and compiles it with the same functions as latchd. A running latchd is asked for
 * its list instead of reading its file again: the file may have changed since. It decides nothing
 * about requests, and a policy that cannot be had whole is an error, never an empty list.
 */
#include "command_policy.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "control.h"
#include "latchctl.h"
#include "maps.h"

#define ANSWER_TIMEOUT_MS 5000

static int load_file(const char *command, const char *path, struct command_policy *policy)
{
	_cleanup_free_ char *problem = NULL;
	int r = settings_load(path, &policy->settings, &problem);

	if (r < 0) {
		fprintf(stderr,
			"%s\nlatchctl %s: without a policy there is no verdict; name a file "
			"that `latchctl check` accepts with --settings\n",
			problem ? problem : strerror(-r), command);
		return LATCHCTL_UNKNOWN;
	}
	policy->file = policy->settings->path;
	policy->digest = policy->settings->digest;
	policy->enabled = policy->settings->enabled;
	policy->image_count = policy->settings->image_count;
	policy->list = policy->settings->commands;
	return LATCHCTL_OK;
}

static const char *text(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Takes the list out of latchd's status. Returns 0, or -EPROTO for an answer of another form. */
static int read_status(struct command_policy *policy)
{
	json_t *answer = json_object_get(policy->status, "policy"), *entry;
	json_t *commands = json_object_get(answer, "commands");
	const char *type = text(answer, "command_list"), *mode = text(policy->status, "mode");
	const char *transport = text(policy->status, "transport");
	size_t i;

	policy->file = text(answer, "file");
	policy->digest = text(answer, "sha256");
	if (!policy->file || !policy->digest || !type || !mode || !transport ||
		!json_is_array(commands))
		return -EPROTO;
	/* Anything but the two words is a list, or a transport, that is not understood. */
	if (strcmp(type, "allow") && strcmp(type, "deny"))
		return -EPROTO;
	if (strcmp(transport, "mediated") && strcmp(transport, "direct"))
		return -EPROTO;
	policy->list.type = strcmp(type, "allow") ? COMMANDLIST_DENY : COMMANDLIST_ALLOW;
	policy->enabled = strcmp(mode, "off") != 0;
	policy->image_count = json_array_size(json_object_get(answer, "images"));
	policy->entries = calloc(json_array_size(commands) + 1, sizeof(*policy->entries));
	if (!policy->entries)
		return -ENOMEM;
	json_array_foreach (commands, i, entry) {
		policy->entries[i] = json_string_value(entry);
		if (!policy->entries[i])
			return -EPROTO;
	}
	policy->list.commands = policy->entries;
	policy->list.count = json_array_size(commands);
	policy->list.direct = !strcmp(transport, "direct");
	return 0;
}

/* latchd reads its file once: an edit since then is not in force. */
static void compare_with_file(struct command_policy *policy)
{
	_cleanup_free_ char *problem = NULL;
	struct settings *settings = NULL;
	int r = settings_load(policy->file, &settings, &problem);

	if ((r < 0 || strcmp(settings->digest, policy->digest)) &&
		asprintf(&policy->remark,
			"%s has changed since latchd read it; this is about what latchd runs with",
			policy->file) < 0)
		policy->remark = NULL;
	if (!r)
		settings_free(settings);
}

/* LATCHCTL_NO: there is no latchd to ask, and policy->remark says why. */
static int ask_latchd(const char *command, struct command_policy *policy)
{
	int r = control_ask("status", ANSWER_TIMEOUT_MS, &policy->status);

	/* To who may not look into its folder, a latchd that runs looks like none. */
	if (r == -EACCES || r == -EPERM || ((r == -ENOENT || r == -ECONNREFUSED) && geteuid())) {
		policy->remark = strdup("latchd answers root alone and was not asked; this is the "
					"file that it reads when it is not told another");
		return LATCHCTL_NO;
	}
	if (r == -ENOENT || r == -ECONNREFUSED) {
		policy->remark =
			strdup("latchd is not running; this is the file that it would read");
		return LATCHCTL_NO;
	}
	if (!r)
		r = read_status(policy);
	if (r < 0) {
		fprintf(stderr,
			"latchctl %s: latchd does not say what it runs with: %s; look at `latchctl "
			"status`, or name a file with --settings\n",
			command, strerror(-r));
		return LATCHCTL_UNKNOWN;
	}
	compare_with_file(policy);
	return LATCHCTL_OK;
}

/* Fills policy->kernel from the generation that counts, or leaves all of it POLICY_UNREAD. */
static void read_kernel(struct command_policy *policy)
{
	short found[ROUTE_COUNT];
	struct latch_state state;
	struct maps maps;
	bool whole;

	if (maps_open(&maps) < 0)
		return;
	whole = !maps_get_state(&maps, &state) && state.version == LATCH_ABI_VERSION &&
		state.generation <= 1;
	for (__u32 i = 0; whole && i < ROUTE_COUNT; i++) {
		__u32 key = state.generation * LATCH_MAX_ROUTES + i;
		struct latch_verdict entry;

		whole = !bpf_map_lookup_elem(maps.verdicts, &key, &entry);
		/* As the programs and the mediator read it: all but "pass" refuses. */
		found[i] = whole && entry.verdict == LATCH_VERDICT_PASS ? LATCH_VERDICT_PASS
									: LATCH_VERDICT_REFUSE;
	}
	maps_close(&maps);
	if (!whole)
		return;
	memcpy(policy->kernel, found, sizeof(found));
	policy->kernel_mode = state.mode == LATCH_MODE_OFF ? LATCH_MODE_OFF : LATCH_MODE_ENFORCE;
}

static int compile(const char *command, struct command_policy *policy)
{
	char problem[512];

	policy->compiled.list = &policy->list;
	if (commandlist_compile(
		    &policy->list, policy->compiled.verdicts, problem, sizeof(problem)) < 0) {
		fprintf(stderr, "latchctl %s: %s: %s\n", command, policy->file, problem);
		return LATCHCTL_UNKNOWN;
	}
	return LATCHCTL_OK;
}

int command_policy_load(const char *command, const char *path, struct command_policy *policy)
{
	int r;

	memset(policy, 0, sizeof(*policy));
	policy->kernel_mode = POLICY_UNREAD;
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		policy->kernel[i] = POLICY_UNREAD;
	policy->source = path ? POLICY_GIVEN : POLICY_RUNNING;
	r = path ? load_file(command, path, policy) : ask_latchd(command, policy);
	if (!path && r == LATCHCTL_NO) {
		policy->source = POLICY_FOUND;
		r = load_file(command, NULL, policy);
	}
	if (r == LATCHCTL_OK)
		r = compile(command, policy);
	if (r != LATCHCTL_OK) {
		command_policy_free(policy);
		return r;
	}
	/* Another file's verdicts need not be the kernel's. */
	if (policy->source != POLICY_GIVEN)
		read_kernel(policy);
	return LATCHCTL_OK;
}

void command_policy_free(struct command_policy *policy)
{
	settings_free(policy->settings);
	json_decref(policy->status);
	free(policy->entries);
	free(policy->remark);
}

static bool route_differs(const struct command_policy *policy, int route)
{
	return policy->kernel[route] != POLICY_UNREAD &&
	       policy->kernel[route] != policy->compiled.verdicts[route];
}

static bool mode_differs(const struct command_policy *policy)
{
	return policy->kernel_mode != POLICY_UNREAD &&
	       policy->kernel_mode != (policy->enabled ? LATCH_MODE_ENFORCE : LATCH_MODE_OFF);
}

bool command_policy_differs(const struct command_policy *policy, int route)
{
	return mode_differs(policy) || route_differs(policy, route);
}

void command_policy_print(const struct command_policy *policy)
{
	printf("policy    %s%s: %s list", policy->file,
		policy->source == POLICY_RUNNING ? ", which latchd runs with" : "",
		policy->list.type == COMMANDLIST_ALLOW ? "allow" : "deny");
	for (size_t i = 0; i < policy->list.count; i++)
		printf("%s \"%s\"", i ? "," : " of", policy->list.commands[i]);
	puts(policy->list.count ? "" : " without an entry");
	if (policy->remark)
		printf("          %s\n", policy->remark);
	if (!policy->enabled)
		printf("          %sisolation is off%s: the list refuses nothing now; the verdicts "
		       "are "
		       "those with isolation on\n",
			style(stdout, STYLE_WARNING), style(stdout, STYLE_PLAIN));
	if (mode_differs(policy))
		printf("          %sthe kernel's mode is %s%s: somebody changed it, or latchd has "
		       "not "
		       "reloaded; `latchctl reload` puts it right\n",
			style(stdout, STYLE_BAD),
			policy->kernel_mode == LATCH_MODE_OFF ? "off" : "enforce",
			style(stdout, STYLE_PLAIN));
	if (policy->image_count == 0)
		printf("          %sthe image list is empty%s: no container may use the socket, "
		       "whatever the command list says\n",
			style(stdout, STYLE_WARNING), style(stdout, STYLE_PLAIN));
}

json_t *command_policy_object(const struct command_policy *policy)
{
	static const char *const sources[] = {
		[POLICY_GIVEN] = "given",
		[POLICY_RUNNING] = "running",
		[POLICY_FOUND] = "found",
	};
	json_t *entries = json_array();

	for (size_t i = 0; i < policy->list.count; i++)
		json_array_append_new(entries, json_string(policy->list.commands[i]));
	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:o, s:I, s:s?}", "file", policy->file,
		"source", sources[policy->source], "sha256", policy->digest, "enabled",
		policy->enabled, "command_list",
		policy->list.type == COMMANDLIST_ALLOW ? "allow" : "deny", "commands", entries,
		"images", (json_int_t)policy->image_count, "remark", policy->remark);
}
