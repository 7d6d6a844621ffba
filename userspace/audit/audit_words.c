// SPDX-License-Identifier: Apache-2.0
/*
 * What the numbers of latch/abi.h are called in the audit.
 */
#include "audit_words.h"
#include "latch/abi.h"
#include "util.h"

static const char *const tag_names[] = {
	[LATCH_TAG_NONE] = "none",
	[LATCH_TAG_HOST] = "host",
	[LATCH_TAG_ALLOWED] = "allowed",
	[LATCH_TAG_CONTAINED] = "contained",
};

static const char *const reason_names[] = {
	[LATCH_REASON_NONE] = "none",
	[LATCH_REASON_SELF] = "latch's own process",
	[LATCH_REASON_HOST] = "the host",
	[LATCH_REASON_GRANT] = "the container holds a grant",
	[LATCH_REASON_CONTAINED] = "the container holds no grant",
	[LATCH_REASON_PRIVATE] = "this socket is not for containers",
	[LATCH_REASON_PLANTED] = "a container made this socket",
	[LATCH_REASON_OWNER] = "the connection belongs to somebody else",
	[LATCH_REASON_UNLABELLED] = "the connection is older than latch",
	[LATCH_REASON_NO_MEMORY] = "the connection could not be labelled",
	[LATCH_REASON_MODE_OFF] = "would be refused, but enforcement is off",
	[LATCH_REASON_ROUTE] = "command list", /* as the mediator says it */
	[LATCH_REASON_NO_ROUTE] = "no such route",
	[LATCH_REASON_UNFOLLOWED] = "it cannot be followed",
	[LATCH_REASON_TAMPERED] = "it was changed while it was being sent",
	[LATCH_REASON_CUT] = "the connection is condemned",
	[LATCH_REASON_PROTECTED_FILE] = "a file that latch or the engine lives on",
	[LATCH_REASON_PROTECTED_MOUNT] = "a mount over what latch or the engine lives on",
	[LATCH_REASON_PROTECTED_PROCESS] = "a process of latch's",
	[LATCH_REASON_PROTECTED_TRACE] = "tracing a process that may do more",
	[LATCH_REASON_PROTECTED_BPF] = "a map or program of latch's",
};

static const char *const kind_names[] = {
	[LATCH_GUARD_NONE] = "none",
	[LATCH_GUARD_ENGINE] = "engine",
	[LATCH_GUARD_PUBLIC] = "public",
	[LATCH_GUARD_INTERNAL] = "holder",
	[LATCH_GUARD_HOST] = "host-only",
	[LATCH_GUARD_CONTROL] = "control",
	[LATCH_GUARD_DIRECT] = "direct",
};

static const char *const event_names[] = {
	[LATCH_EVENT_CONNECT] = "connect",
	[LATCH_EVENT_SEND] = "send",
	[LATCH_EVENT_TAG] = "container-start",
	[LATCH_EVENT_UNTAG] = "container-end",
	[LATCH_EVENT_REQUEST] = "request",
	[LATCH_EVENT_CUT] = "cut",
	[LATCH_EVENT_TAMPERED] = "tampered",
	[LATCH_EVENT_PROTECTED] = "protected",
};

static const char *const mode_names[] = {
	[LATCH_MODE_ENFORCE] = "enforce",
	[LATCH_MODE_OFF] = "off",
	[LATCH_MODE_AUDIT] = "audit",
};

static const struct {
	const char *name;
	const char *text;
} problems[] = {
	[LATCH_PROBLEM_NONE] = { "none", "for a reason that is not known" },
	[LATCH_PROBLEM_ITERATOR] = { "iterator", "sent by splice, sendfile or the like" },
	[LATCH_PROBLEM_OUT_OF_BAND] = { "out-of-band", "sent as out-of-band data" },
	[LATCH_PROBLEM_CONCURRENT] = { "concurrent", "two threads sent at once" },
	[LATCH_PROBLEM_MEMORY] = { "memory", "the sender's memory could not be read" },
	[LATCH_PROBLEM_REQUEST_LINE] = { "request-line", "no request line of HTTP/1.x" },
	[LATCH_PROBLEM_FIELD] = { "field", "a malformed or repeated header field" },
	[LATCH_PROBLEM_FRAMING] = { "framing", "a body whose end is ambiguous" },
	[LATCH_PROBLEM_HEAD_SIZE] = { "head-size", "a head that is too long" },
	[LATCH_PROBLEM_PIPELINED] = { "pipelined", "sent before the last answer was complete" },
	[LATCH_PROBLEM_ANSWER] = { "answer", "the engine's answer is not HTTP/1.x" },
	[LATCH_PROBLEM_MISSED] = { "missed", "the kernel did not run the programs that read it" },
	[LATCH_PROBLEM_LOST] = { "lost", "it was not followed while nothing was enforced" },
};
_Static_assert(ARRAY_SIZE(problems) == LATCH_PROBLEMS, "a name for every problem");

static const char *name_of(const char *const *names, size_t count, unsigned int number)
{
	return number < count && names[number] ? names[number] : "unknown";
}

const char *audit_tag_name(unsigned int tag)
{
	return name_of(tag_names, ARRAY_SIZE(tag_names), tag);
}

const char *audit_reason_name(unsigned int reason)
{
	return name_of(reason_names, ARRAY_SIZE(reason_names), reason);
}

const char *audit_kind_name(unsigned int kind)
{
	return name_of(kind_names, ARRAY_SIZE(kind_names), kind);
}

const char *audit_event_name(unsigned int type)
{
	return name_of(event_names, ARRAY_SIZE(event_names), type);
}

bool audit_reason_refuses(unsigned int reason)
{
	switch (reason) {
	case LATCH_REASON_NONE:
	case LATCH_REASON_SELF:
	case LATCH_REASON_HOST:
	case LATCH_REASON_GRANT:
	case LATCH_REASON_MODE_OFF:
	case LATCH_REASON_ROUTE: /* either way: the verdict beside it says which */
		return false;
	}
	return true; /* one that is not known here too: it is not to be taken for permission */
}

const char *audit_mode_name(unsigned int mode)
{
	return mode < ARRAY_SIZE(mode_names) ? mode_names[mode] : NULL;
}

const char *audit_problem_name(unsigned int problem)
{
	return problem < LATCH_PROBLEMS ? problems[problem].name : NULL;
}

const char *audit_problem_text(unsigned int problem)
{
	return problem < LATCH_PROBLEMS ? problems[problem].text : NULL;
}
