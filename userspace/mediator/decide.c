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

enum decision decide_client(const struct subject_source *source, const struct latch_conn *label)
{
	struct latch_state state;

	/* Without the policy nobody passes, the host included: it may forbid what was asked. */
	if (!read_state(source, &state))
		return DECIDE_NO_POLICY;
	if (state.mode == LATCH_MODE_OFF)
		return DECIDE_PASS;
	/* No label: the connection never went through the gate. No tag, or an unknown one: same. */
	if (!label || !(is_host(label) || label->tag == LATCH_TAG_ALLOWED))
		return DECIDE_CLIENT;
	return DECIDE_JUDGE;
}

static enum decision command_verdict(const struct subject_source *source, int route)
{
	struct latch_verdict verdict;
	struct latch_state state;

	if (!read_state(source, &state))
		return DECIDE_NO_POLICY;
	if (source->verdict(source, state.generation * LATCH_MAX_ROUTES + route, &verdict) < 0)
		return DECIDE_NO_POLICY;
	return verdict.verdict == LATCH_VERDICT_PASS ? DECIDE_JUDGE : DECIDE_COMMAND;
}

enum decision decide_request(const struct subject_source *source, const struct latch_conn *label,
	const struct route_match *match)
{
	enum decision decision = decide_client(source, label);
	bool contained = decision == DECIDE_JUDGE && !is_host(label);

	if (decision != DECIDE_PASS && decision != DECIDE_JUDGE)
		return decision;
	/* Nothing that was not parsed is forwarded, whoever sent it and in whatever mode. */
	if (match->id == ROUTE_NONE && !contained)
		return match->path[0] ? DECIDE_NO_ROUTE : DECIDE_UNREADABLE;
	if (!contained)
		return decision;
	/* An engine may serve more than the table knows: for a container that is refused. */
	if (match->id < 0 || match->id >= ROUTE_COUNT)
		return DECIDE_COMMAND;
	return command_verdict(source, match->id);
}
