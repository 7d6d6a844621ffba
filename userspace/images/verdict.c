// SPDX-License-Identifier: Apache-2.0
/*
 * What is said of an image: the words for a reason, and which of several is worth saying.
 */
#include <stdarg.h>
#include <stdio.h>

#include "inquiry.h"

const char *images_reason_name(enum images_reason reason)
{
	static const char *const names[] = {
		[IMAGES_REASON_LISTED] = "listed",
		[IMAGES_REASON_EVERY] = "every-image",
		[IMAGES_REASON_DERIVED] = "derived",
		[IMAGES_REASON_NOT_LISTED] = "not-listed",
		[IMAGES_REASON_LOCAL] = "local-only",
		[IMAGES_REASON_ABSENT] = "absent-upstream",
		[IMAGES_REASON_BASE_ABSENT] = "base-not-local",
		[IMAGES_REASON_DERIVED_OFF] = "derived-not-enabled",
		[IMAGES_REASON_MOVED] = "tag-moved",
		[IMAGES_REASON_UNREACHABLE] = "registry-unreachable",
		[IMAGES_REASON_EXPIRED] = "expired",
		[IMAGES_REASON_NOT_LOCAL] = "not-pulled",
		[IMAGES_REASON_ENGINE] = "engine-unreachable",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "unknown";
}

const char *images_outcome_name(enum images_outcome outcome)
{
	static const char *const names[] = {
		[IMAGES_ALLOWED] = "allowed",
		[IMAGES_DENIED] = "denied",
		[IMAGES_NOT_LOCAL] = "not-local",
		[IMAGES_ERROR] = "error",
	};

	return outcome < ARRAY_SIZE(names) ? names[outcome] : "unknown";
}

static void PRINTF_LIKE(5, 0) set(struct images_verdict *verdict, enum images_outcome outcome,
	enum images_reason reason, const char *entry, const char *format, va_list arguments)
{
	verdict->outcome = outcome;
	verdict->reason = reason;
	COPY_STRING(verdict->entry, entry);
	vsnprintf(verdict->text, sizeof(verdict->text), format, arguments);
}

void verdict_set(struct images_verdict *verdict, enum images_outcome outcome,
	enum images_reason reason, const char *entry, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set(verdict, outcome, reason, entry, format, arguments);
	va_end(arguments);
}

void verdict_offer(struct images_verdict *verdict, enum images_reason reason, const char *entry,
	const char *format, ...)
{
	va_list arguments;

	if (reason <= verdict->reason)
		return;
	va_start(arguments, format);
	set(verdict, IMAGES_DENIED, reason, entry, format, arguments);
	va_end(arguments);
}

bool verdict_offer_answer(
	struct images_verdict *verdict, const char *entry, const struct answer *answer)
{
	char text[REFERENCE_TEXT_SIZE];

	reference_print(&answer->reference, text);
	if (answer->absent)
		verdict_offer(verdict, IMAGES_REASON_ABSENT, entry,
			"the registry has no %s: correct the entry, or push the image there", text);
	else if (answer_expired(answer))
		verdict_offer(verdict, IMAGES_REASON_EXPIRED, entry,
			"the digest of %s was not confirmed for 24 hours, and counts no more (%s): see to "
			"it that this host reaches the registry", text, answer->problem);
	else if (!answer_counts(answer))
		verdict_offer(verdict, IMAGES_REASON_UNREACHABLE, entry,
			"the digest of %s is not known (%s): see to it that this host reaches the "
			"registry", text, answer->problem[0] ? answer->problem : "not asked yet");
	else
		return false;
	return true;
}
