// SPDX-License-Identifier: Apache-2.0
/*
 * Decides on three things: who the kernel says the client is, what mode and generation the policy
 * is in at this moment, and the route's verdict in that generation. Images are not decided here.
 * Every value that is not known to permit refuses.
 */
#include <stddef.h>

#include "decide.h"

/* The host, one class: its requests are not bound by the command list. */
static bool is_host(const struct latch_conn *label)
{
	return label->tag == LATCH_TAG_HOST;
}

static bool read_state(const struct subject_source *source, struct latch_state *state)
{
	if (source->state(source, state) < 0)
		return false;
	return state->version == LATCH_ABI_VERSION && state->generation <= 1;
}

/* DECIDE_JUDGE for who may talk to the engine at all. */
static enum decision admit(const struct latch_state *state, const struct latch_conn *label)
{
	if (state->mode == LATCH_MODE_OFF)
		return DECIDE_PASS;
	/* No label: the connection never went through the gate. No tag, or an unknown one: same. */
	if (!label || !(is_host(label) || label->tag == LATCH_TAG_ALLOWED))
		return DECIDE_CLIENT;
	return DECIDE_JUDGE;
}

/*
 * A container may have lost its grant since it connected, and what it sent before waits here. Asked
 * after the verdict was read: a reload takes grants before it changes verdicts, so whoever still has
 * its grant now was judged by a command list that goes with it.
 */
static bool has_lost_grant(const struct subject_source *source, const struct latch_conn *label)
{
	__u32 tag;

	return source->tag_now(source, label->scope, &tag) < 0 || tag != LATCH_TAG_ALLOWED;
}

enum decision decide_client(const struct subject_source *source, const struct latch_conn *label)
{
	struct latch_state state;

	enum decision decision;

	/* Without the policy nobody passes, the host included: it may forbid what was asked. */
	if (!read_state(source, &state))
		return DECIDE_NO_POLICY;
	decision = admit(&state, label);
	return decision == DECIDE_CLIENT && state.mode == LATCH_MODE_AUDIT ? DECIDE_JUDGE : decision;
}

bool decide_is_noting(const struct subject_source *source)
{
	struct latch_state state;

	return read_state(source, &state) && state.mode == LATCH_MODE_AUDIT;
}

static enum decision command_verdict(
	const struct subject_source *source, __u32 generation, int route)
{
	struct latch_verdict verdict;

	/* An engine may serve more than the table knows: for a container that is refused. */
	if (route < 0 || route >= ROUTE_COUNT)
		return DECIDE_COMMAND;
	if (source->verdict(source, generation * LATCH_MAX_ROUTES + route, &verdict) < 0)
		return DECIDE_NO_POLICY;
	return verdict.verdict == LATCH_VERDICT_PASS ? DECIDE_JUDGE : DECIDE_COMMAND;
}

enum decision decide_route(
	const struct subject_source *source, const struct latch_conn *label, int route)
{
	struct latch_state state;
	enum decision decision, command;

	if (!read_state(source, &state))
		return DECIDE_NO_POLICY;
	decision = admit(&state, label);
	if (decision == DECIDE_PASS || (label && is_host(label)))
		return decision;
	if (decision == DECIDE_CLIENT && state.mode != LATCH_MODE_AUDIT)
		return decision;
	command = command_verdict(source, state.generation, route);
	if (decision == DECIDE_JUDGE && has_lost_grant(source, label))
		decision = DECIDE_CLIENT;
	if (decision == DECIDE_CLIENT && !(state.mode == LATCH_MODE_AUDIT && command == DECIDE_COMMAND))
		return decision;
	return command;
}

enum decision decide_request(const struct subject_source *source, const struct latch_conn *label,
	const struct route_match *match)
{
	enum decision decision = decide_route(source, label, match->id);

	if (decision != DECIDE_PASS && decision != DECIDE_JUDGE)
		return decision;
	/* Nothing that was not parsed is forwarded, whoever sent it and in whatever mode. */
	if (match->id == ROUTE_NONE)
		return match->path[0] ? DECIDE_NO_ROUTE : DECIDE_UNREADABLE;
	return decision;
}
