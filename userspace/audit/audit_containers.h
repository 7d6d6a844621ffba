/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What latchd has heard of containers, for the audit: a container's id says little to a person.
 */
#ifndef LATCH_AUDIT_CONTAINERS_H
#define LATCH_AUDIT_CONTAINERS_H

#include <stdbool.h>

struct audit_containers;

/* Strings are the table's, until the container's next change. */
struct audit_container {
	char id[72];
	char *name;	/* without the leading slash */
	char *image;	/* as it was created from */
	char *image_id; /* "sha256:..."; may be empty */
	char *digest;	/* "name@sha256:..."; empty: not known, or there is none */
};

/* NULL without memory. */
struct audit_containers *audit_containers_new(void);
void audit_containers_free(struct audit_containers *containers);

/* What the engine said of it. Without memory what was known of it before is forgotten. */
void audit_containers_note(struct audit_containers *containers, const char *id, const char *name,
	const char *image, const char *image_id);
/* Of one that is known; of others nothing is kept. Without memory it stays as it was. */
void audit_containers_note_digest(
	struct audit_containers *containers, const char *id, const char *digest);
void audit_containers_rename(struct audit_containers *containers, const char *id, const char *name);
/* The engine has it no more. */
void audit_containers_forget(struct audit_containers *containers, const char *id);
/* The engine has only those that `is_there` says. */
void audit_containers_keep(struct audit_containers *containers,
	bool (*is_there)(const char *id, const void *context), const void *context);

/* NULL: not known (yet). */
const struct audit_container *audit_containers_find(
	const struct audit_containers *containers, const char *id);

#endif
