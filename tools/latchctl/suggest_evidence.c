// SPDX-License-Identifier: Apache-2.0
/*
 * Which records speak for a setting. What the host does binds no command list, and counts for the image
 * list alone; what a container says to a socket that is latch's own, or says in a form that is refused
 * whatever the settings are, speaks for none.
 */
#include "suggest_evidence.h"

#include <stdlib.h>
#include <string.h>

#include "audit_reader.h"
#include "audit_route.h"

static void count(struct evidence *evidence, struct tally *tally, const char *key,
	enum audit_verdict verdict, const char *why)
{
	struct tally_row *row = tally_row(tally, key);

	if (!row) {
		evidence->no_memory = true;
		return;
	}
	if (verdict < AUDIT_VERDICTS)
		row->count[verdict]++;
	tally_describe(row, why, "");
}

static bool is_container(const json_t *record)
{
	const char *caller = record_text(record, "caller");

	return !strcmp(caller, "allowed") || !strcmp(caller, "contained");
}

static bool is_any(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* ---- images ---- */

/* Somebody's container talks to the socket, so its image has to be listed. */
static void add_user(struct evidence *evidence, const json_t *record, enum audit_verdict verdict)
{
	const char *container = record_text(record, "container"), *image = record_text(record, "image");
	struct tally_row *row;

	if (!*container) {
		if (*image)
			count(evidence, &evidence->images, image, verdict, "");
		return;
	}
	row = tally_row(&evidence->containers, container);
	if (!row) {
		evidence->no_memory = true;
		return;
	}
	/* A container that was tagged, and never spoke, has no counts and is listed for nothing. */
	row->count[verdict]++;
	tally_describe(row, record_text(record, "name"), image);
}

/* Which of the image list's reasons an entry with the image's own name would change. */
static void add_denied(struct evidence *evidence, const json_t *record, enum audit_verdict verdict)
{
	static const char *const listing_is_not_enough[] = {"local-only", "tag-moved", NULL};
	static const char *const derived[] = {"derived-not-enabled", "base-not-local", NULL};
	const char *image = record_text(record, "image"), *reason = record_text(record, "reason");
	const char *base = record_text(record, "entry"), *container = record_text(record, "container");
	struct tally_row *row;

	if (*container && *image) {
		row = tally_row(&evidence->containers, container);
		if (row)
			tally_describe(row, record_text(record, "name"), image);
		evidence->no_memory |= !row;
	}
	if (is_any(reason, derived) && *base) {
		count(evidence, &evidence->derived, base, verdict, image);
		return;
	}
	if (!strcmp(reason, "absent-upstream")) {
		count(evidence, &evidence->local, image, verdict, reason);
		return;
	}
	if (is_any(reason, listing_is_not_enough))
		count(evidence, &evidence->local, image, verdict, reason);
	if (*image)
		count(evidence, &evidence->images, image, verdict, "");
}

/* ---- requests ---- */

/* What hostAccess was asked, whatever it said: it is needed either way. */
static void add_access(struct evidence *evidence, const json_t *record, enum audit_verdict verdict)
{
	const json_t *list = json_object_get(record, "access"), *item;
	const char *image = record_text(record, "wanted_image");
	enum host_access access;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *name = json_string_value(item);

		if (name && host_access_find(name, &access))
			count(evidence, &evidence->access[access], image, verdict, "");
		else
			count(evidence, &evidence->unknown_access, name ? name : "?", verdict, "");
	}
	if (verdict != AUDIT_PASSED && !json_array_size(list) &&
		!strcmp(record_text(record, "reason"), "host access"))
		evidence->unclear_access++;
}

/* Refusals that are the policy's, as the planes name them. */
static bool is_settings_matter(const char *reason)
{
	static const char *const reasons[] = {"command list", "image list", "host access",
		"not an allowed container", "the container holds no grant",
		"would be refused, but enforcement is off", "", NULL};

	return is_any(reason, reasons);
}

/*
 * The route is wanted whatever came of the request: a client that is refused for another reason sends it
 * again. What no route is, and what is refused for its form, is noted by its reason.
 */
static void add_request(struct evidence *evidence, const json_t *record, enum audit_verdict verdict)
{
	const char *reason = record_text(record, "reason");
	int route = audit_route(record);

	if (route != ROUTE_NONE)
		evidence->requests[route][verdict]++;
	if (verdict != AUDIT_PASSED && (route == ROUTE_NONE || !is_settings_matter(reason)))
		count(evidence, &evidence->unsettled, *reason ? reason : "no such route", verdict, "");
	if (verdict != AUDIT_PASSED && route != ROUTE_NONE && !strcmp(reason, "command list") &&
		route_get(route)->flags & ROUTE_JUDGE_BUILD)
		evidence->unclear_builds++;
	add_access(evidence, record, verdict);
	add_user(evidence, record, verdict);
}

/* In mediated transport the kernel tells of each request as well: it is the mediator's to count. */
static bool is_told_twice(const json_t *record)
{
	return !strcmp(record_text(record, "plane"), "kernel") &&
	       strcmp(record_text(record, "socket"), "direct") != 0;
}

/* Only the engine's socket, whichever stands in its place, is anybody's to open by settings. */
static bool is_to_the_engine(const json_t *record)
{
	const char *socket = record_text(record, "socket");

	return !strcmp(socket, "public") || !strcmp(socket, "direct");
}

void evidence_add(json_t *record, void *context)
{
	const char *event = record_text(record, "event"), *reason = record_text(record, "reason");
	enum audit_verdict verdict = audit_verdict(record);
	struct evidence *evidence = context;

	if (verdict == AUDIT_NO_VERDICT)
		return;
	if (!strcmp(event, "image-denied")) {
		evidence->refused += verdict == AUDIT_REFUSED;
		add_denied(evidence, record, verdict);
		return;
	}
	if (!is_container(record))
		return;
	if (!strcmp(event, "request")) {
		if (is_told_twice(record))
			return;
		add_request(evidence, record, verdict);
	} else if (!strcmp(event, "connect")) {
		if (is_to_the_engine(record))
			add_user(evidence, record, verdict);
		else if (verdict != AUDIT_PASSED)
			count(evidence, &evidence->unsettled, reason, verdict, "");
	} else if (verdict != AUDIT_PASSED) {
		/* A send of somebody else's, a connection that was cut, latch's own files. */
		count(evidence, &evidence->unsettled, *reason ? reason : event, verdict, "");
	}
	evidence->refused += verdict == AUDIT_REFUSED;
}

void evidence_settle(struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->containers.count; i++) {
		const struct tally_row *row = &evidence->containers.rows[i];
		struct tally_row *to;

		if (!tally_total(row))
			continue;
		to = tally_row(row->image ? &evidence->images : &evidence->unnamed,
			row->image ? row->image : row->key);
		if (!to) {
			evidence->no_memory = true;
			continue;
		}
		for (int verdict = 0; verdict < AUDIT_VERDICTS; verdict++)
			to->count[verdict] += row->count[verdict];
		tally_describe(to, row->name ? row->name : "", "");
	}
	tally_sort(&evidence->images);
}

void evidence_free(struct evidence *evidence)
{
	for (int i = 0; i < HOST_ACCESS_COUNT; i++)
		tally_free(&evidence->access[i]);
	tally_free(&evidence->images);
	tally_free(&evidence->local);
	tally_free(&evidence->derived);
	tally_free(&evidence->unsettled);
	tally_free(&evidence->unknown_access);
	tally_free(&evidence->unnamed);
	tally_free(&evidence->containers);
}
