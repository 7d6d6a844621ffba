// SPDX-License-Identifier: Apache-2.0
/*
 * From settings to what the kernel and the image list obey.
 *
 * Whatever can fail comes first and is seen by nobody: reading the file, compiling the command
 * list, filling the idle generation of `verdicts`, building the new image list. Then refusing comes
 * before permitting: containers whose image would not be allowed any more lose grant and tag while
 * the old command list still holds. One write to `state` then makes command list and mode new, and
 * only after it the new image list counts and can give. So nobody ever has an image of one policy
 * and a command of the other, and what fails leaves the old policy, at worst with a container
 * refused for the moment until it is judged again.
 *
 * The file is always the one that latchd was started on. Another that has come up at a default path
 * is not looked for: a file that is away for a moment must not mean another policy.
 */
#include <errno.h>

#include "maps_verdicts.h"
#include "policy.h"
#include "problem.h"

/* Compiles the command list into the idle generation. Returns its number or a negative errno. */
static int prepare_commands(
	const struct maps *maps, const struct settings *settings, char **problem)
{
	unsigned char verdicts[ROUTE_COUNT];
	char text[256];
	int r;

	if (commandlist_compile(&settings->commands, verdicts, text, sizeof(text)))
		return problem_set(problem, -EINVAL, "%s: %s", settings->path, text);
	r = maps_fill_verdicts(maps, verdicts, ROUTE_COUNT);
	if (r < 0)
		return problem_set(problem, r, "cannot write the kernel's verdicts: %s",
			strerror(-r));
	return r;
}

/* Who started latchd in audit mode wants a record, of settings that are switched off as well. */
enum latch_mode policy_mode(const struct policy *policy, const struct settings *settings)
{
	if (policy->noting)
		return LATCH_MODE_AUDIT;
	return settings->enabled ? LATCH_MODE_ENFORCE : LATCH_MODE_OFF;
}

static int flip(const struct policy *policy, const struct maps *maps, const struct settings *settings,
	int generation, char **problem)
{
	int r = maps_flip(maps, generation, policy_mode(policy, settings));

	return r < 0 ? problem_set(problem, r, "cannot write the kernel's state: %s",
			       strerror(-r)) :
		       0;
}

int policy_start(struct policy *policy, const struct maps *maps, struct settings *settings, bool direct,
	bool noting, char **problem)
{
	int generation;

	*policy = (struct policy){ .settings = settings, .direct = direct, .noting = noting };
	*problem = NULL;
	settings->commands.direct = direct;
	generation = prepare_commands(maps, settings, problem);
	if (generation < 0)
		return generation;
	policy->generation = generation;
	return flip(policy, maps, settings, generation, problem);
}

/* From here on something changes for running containers. `next` is taken. */
static int put_in_force(struct policy *policy, const struct policy_parts *parts,
	const struct settings *settings, struct images_list *next, int generation)
{
	int r = judge_withdraw(parts->judge, next);

	if (r < 0)
		problem_set(&policy->problem, r, "cannot take the grants that would be over: %s",
			strerror(-r));
	else
		r = flip(policy, parts->maps, settings, generation, &policy->problem);
	/* On failure the old list stays, and gives back what was taken. */
	if (r < 0)
		images_list_free(next);
	else
		images_take(parts->images, next);
	judge_again(parts->judge);
	return r;
}

static int try_reload(
	struct policy *policy, const struct policy_parts *parts, struct settings **settings)
{
	struct host_access_rules *rules;
	struct images_list *next;
	int generation, r;

	r = settings_load(policy->settings->path, settings, &policy->problem);
	if (r < 0)
		return r;
	(*settings)->commands.direct = policy->direct;
	generation = prepare_commands(parts->maps, *settings, &policy->problem);
	if (generation < 0)
		return generation;
	r = host_access_rules_new(parts->loop, parts->engine, parts->registry, *settings, &rules);
	if (r < 0)
		return problem_set(&policy->problem, r, "out of memory");
	r = images_list_new(parts->images, *settings, &next);
	if (r < 0) {
		host_access_rules_free(rules);
		return problem_set(&policy->problem, r, "out of memory");
	}
	r = put_in_force(policy, parts, *settings, next, generation);
	if (r < 0) {
		host_access_rules_free(rules);
		return r;
	}
	judge_use_host_access(parts->judge, rules);
	policy->generation = generation;
	return 0;
}

int policy_reload(struct policy *policy, const struct policy_parts *parts)
{
	struct settings *settings = NULL;
	int r;

	free(TAKE_PTR(policy->problem));
	r = try_reload(policy, parts, &settings);
	if (r < 0) {
		settings_free(settings);
		/* Without a sentence it would look as if the last reload had been a good one. */
		if (!policy->problem)
			policy->problem = strdup(strerror(-r));
		return r;
	}
	settings_free(policy->settings);
	policy->settings = settings;
	return 0;
}

void policy_clear(struct policy *policy)
{
	settings_free(policy->settings);
	free(policy->problem);
	*policy = (struct policy){0};
}
