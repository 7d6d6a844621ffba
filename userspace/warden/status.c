// SPDX-License-Identifier: Apache-2.0
/*
 * Gathers the status. It reads and judges nothing new; numbers come from the kernel's maps.
 */
#include <stdio.h>

#include "audit_words.h"
#include "maps_containers.h"
#include "programs.h"
#include "status.h"

static const struct {
	enum latch_counter counter;
	const char *name;
} counter_names[] = {
	{ LATCH_COUNT_CONNECT_PASSED, "connects_passed" },
	{ LATCH_COUNT_CONNECT_REFUSED, "connects_refused" },
	{ LATCH_COUNT_SEND_REFUSED, "sends_refused" },
	{ LATCH_COUNT_SCOPE_TAGGED, "containers_tagged" },
	{ LATCH_COUNT_SCOPE_UNTAGGED, "containers_gone" },
	{ LATCH_COUNT_EVENT_LOST, "events_lost" },
	{ LATCH_COUNT_SCOPE_FAILED, "tags_failed" },
	{ LATCH_COUNT_TASK_FAILED, "task_labels_failed" },
	{ LATCH_COUNT_CONN_FAILED, "connection_labels_failed" },
	{ LATCH_COUNT_LISTENER_FAILED, "listener_labels_failed" },
	{ LATCH_COUNT_TOO_DEEP, "cgroups_too_deep" },
	{ LATCH_COUNT_REQUEST_PASSED, "requests_passed" },
	{ LATCH_COUNT_REQUEST_REFUSED, "requests_refused" },
	{ LATCH_COUNT_UNFOLLOWED, "connections_not_followed" },
	{ LATCH_COUNT_TAMPERED, "requests_tampered" },
	{ LATCH_COUNT_STREAM_FAILED, "connection_streams_failed" },
	{ LATCH_COUNT_PROTECTED, "attempts_on_latch" },
};

_Static_assert(ARRAY_SIZE(counter_names) == LATCH_COUNTERS, "every counter has a name");

static json_t *counters_object(const struct status_sources *sources)
{
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(counter_names); i++)
		json_object_set_new(object, counter_names[i].name,
			json_integer(maps_counter(sources->maps, counter_names[i].counter)));
	json_object_set_new(object, "records_lost", json_integer(audit_lost(sources->audit)));
	return object;
}

static void add_image(const struct images_status *status, void *context)
{
	json_t *entry = json_pack("{s:s, s:s, s:I, s:b, s:s}", "entry", status->entry, "digest",
		status->digest, "age", (json_int_t)status->age, "counts", status->counts, "problem",
		status->problem);

	if (entry)
		json_array_append_new(context, entry);
}

static json_t *policy_object(const struct status_sources *sources)
{
	json_t *images = json_array();
	const struct settings *settings = sources->policy->settings;
	const struct commandlist *list = &settings->commands;
	json_t *commands = json_array();

	images_each(sources->images, add_image, images);
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(commands, json_string(list->commands[i]));
	return json_pack("{s:s, s:s, s:i, s:s, s:o, s:o}", "file", settings->path, "sha256",
		settings->digest, "generation", (int)sources->policy->generation, "command_list",
		list->type == COMMANDLIST_ALLOW ? "allow" : "deny", "commands", commands, "images",
		images);
}

static json_t *containers_object(const struct status_sources *sources)
{
	unsigned int counts[LATCH_TAG_CONTAINED + 1];

	maps_count_scopes(sources->maps, counts);
	return json_pack("{s:i, s:i}", "allowed", counts[LATCH_TAG_ALLOWED], "contained",
		counts[LATCH_TAG_CONTAINED]);
}

/* Whoever may write to the BPF file system can take the programs out of the kernel. */
static void add_missing_programs(json_t *problems)
{
	char name[32] = "";
	int missing = programs_missing(name, sizeof(name));

	if (missing < 0)
		json_array_append_new(problems,
			json_string("whether the kernel programs are pinned cannot be found out; look at "
				    LATCH_PIN_ROOT "/links"));
	else if (missing > 0)
		json_array_append_new(problems,
			json_sprintf("THE LATCH IS OPEN: %d of the kernel programs are not pinned any "
				     "more (%s); find out who removed them, and start latchd again",
				missing, name));
}

static json_t *problems_array(const struct status_sources *sources)
{
	json_t *problems = json_array();

	add_missing_programs(problems);
	if (sources->policy->problem)
		json_array_append_new(problems,
			json_sprintf("the last reload was refused, and the policy above stays in force: "
				     "%s; correct the file, then `latchctl reload`",
				sources->policy->problem));
	if (!sources->engine)
		json_array_append_new(problems,
			json_string("no engine listens, and clients get nothing done; start it"));
	if (sources->mediator_problem)
		json_array_append_new(problems, json_string(sources->mediator_problem));
	if (sources->unprotected[0])
		json_array_append_new(problems,
			json_sprintf("%s; make room, or correct what it says, then `latchctl reload`",
				sources->unprotected));
	if (maps_incomplete(sources->maps))
		json_array_append_new(problems,
			json_string("a container's tag was lost, so every caller without one counts as "
				    "contained, the host too; end containers that are not needed, then "
				    "`latchctl release` and start latchd again"));
	return problems;
}

json_t *status_object(const struct status_sources *sources)
{
	json_t *problems = problems_array(sources);

	return json_pack("{s:b, s:s, s:s, s:s, s:b, s:i, s:o, s:o, s:o, s:o}", "healthy",
		json_array_size(problems) == 0, "mode",
		audit_mode_name(policy_mode(sources->policy, sources->policy->settings)), "transport",
		sources->direct ? "direct" : "mediated", "socket", sources->socket, "engine",
		sources->engine, "mediator_pid", (int)sources->mediator, "policy",
		policy_object(sources), "containers", containers_object(sources), "counters", counters_object(sources), "problems",
		problems);
}
