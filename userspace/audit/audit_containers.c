// SPDX-License-Identifier: Apache-2.0
/*
 * A table from container ids to names and images, as the engine last told them. It holds a container for
 * as long as the engine has it, and asks nobody: who is not in it has no name in the audit.
 */
#include <search.h>

#include "audit_containers.h"
#include "util.h"

struct audit_containers {
	void *tree; /* of tsearch(3), by id */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct audit_container *)a)->id, ((const struct audit_container *)b)->id);
}

static void container_free(void *pointer)
{
	struct audit_container *container = pointer;

	free(container->name);
	free(container->image);
	free(container->image_id);
	free(container->digest);
	free(container);
}

struct audit_containers *audit_containers_new(void)
{
	return calloc(1, sizeof(struct audit_containers));
}

void audit_containers_free(struct audit_containers *containers)
{
	if (!containers)
		return;
	tdestroy(containers->tree, container_free);
	free(containers);
}

static struct audit_container *find(const struct audit_containers *containers, const char *id)
{
	struct audit_container key, **found;

	COPY_STRING(key.id, id);
	found = tfind(&key, &containers->tree, compare);
	return found ? *found : NULL;
}

const struct audit_container *audit_containers_find(
	const struct audit_containers *containers, const char *id)
{
	return find(containers, id);
}

void audit_containers_forget(struct audit_containers *containers, const char *id)
{
	struct audit_container *container = find(containers, id);

	if (!container)
		return;
	tdelete(container, &containers->tree, compare);
	container_free(container);
}

struct pruning {
	bool (*is_there)(const char *id, const void *context);
	const void *context;
	struct audit_container *gone; /* one that is, of each walk: a tree that is walked must stay as it is */
};

static void look_for_gone(const void *node, VISIT visit, void *context)
{
	struct audit_container *container = *(struct audit_container *const *)node;
	struct pruning *pruning = context;

	if ((visit == preorder || visit == leaf) && !pruning->gone &&
		!pruning->is_there(container->id, pruning->context))
		pruning->gone = container;
}

void audit_containers_keep(struct audit_containers *containers,
	bool (*is_there)(const char *id, const void *context), const void *context)
{
	struct pruning pruning = { .is_there = is_there, .context = context };

	do {
		pruning.gone = NULL;
		twalk_r(containers->tree, look_for_gone, &pruning);
		if (pruning.gone)
			audit_containers_forget(containers, pruning.gone->id);
	} while (pruning.gone);
}

void audit_containers_note(struct audit_containers *containers, const char *id, const char *name,
	const char *image, const char *image_id)
{
	const struct audit_container *before = find(containers, id);
	struct audit_container *new = calloc(1, sizeof(*new));

	if (new) {
		COPY_STRING(new->id, id);
		new->name = strdup(name);
		new->image = strdup(image);
		new->image_id = strdup(image_id);
		/* A container's image does not change, and so neither does what it was pulled as. */
		new->digest = strdup(before ? before->digest : "");
	}
	audit_containers_forget(containers, id);
	if (!new)
		return;
	if (!new->name || !new->image || !new->image_id || !new->digest ||
		!tsearch(new, &containers->tree, compare))
		container_free(new);
}

static void replace(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return;
	free(*field);
	*field = copy;
}

void audit_containers_note_digest(
	struct audit_containers *containers, const char *id, const char *digest)
{
	struct audit_container *container = find(containers, id);

	if (container)
		replace(&container->digest, digest);
}

void audit_containers_rename(struct audit_containers *containers, const char *id, const char *name)
{
	struct audit_container *container = find(containers, id);

	if (container)
		replace(&container->name, name);
}
