// SPDX-License-Identifier: Apache-2.0
/*
 * Which grants still stand: after a boot, a restart of latchd, a new list or new digests, and when the
 * engine says that a container has come or gone.
 *
 * What does not stand by what is known at this moment is taken before anybody is asked; what is asked
 * gives back what was taken in excess.
 */
#include <errno.h>

#include "cgroups.h"
#include "judge_internal.h"
#include "maps_containers.h"

/* The engine's containers, being asked for. */
struct census {
	struct judge *judge;
	int64_t asked;
	bool whole; /* nothing is known of what happened before: also look for those that are gone */
	const struct engine_summary *containers;
	size_t count;
};

static bool is_listed(const char *container, const void *context)
{
	const struct census *census = context;

	for (size_t i = 0; i < census->count; i++)
		if (!strcmp(census->containers[i].id, container))
			return true;
	return false;
}

/*
 * The engine does not have the container any more, and its id comes to nobody else. One that was judged
 * after the list was asked for may be younger than the list.
 */
static void take_gone(const char *container, bool used, void *context)
{
	const struct census *census = context;
	struct judge *judge = census->judge;

	(void)used;
	if (is_listed(container, census))
		return;
	if (grants_since(judge->grants, container, census->asked))
		return;
	cgroups_contain(judge->maps, container);
	grants_forget(judge->grants, container);
}

static void forget_gone(const char *container, const char *image_id,
	const struct images_basis *basis, void *context)
{
	(void)image_id;
	(void)basis;
	take_gone(container, false, context);
}

static void on_list(int error, const struct engine_summary *containers, size_t count, void *context)
{
	struct census *census = context;
	struct judge *judge = census->judge;

	if (error == -EFBIG)
		audit_note(judge->audit, "list-failed", "the engine has more containers than latchd reads at "
			"once (docs/limits.md): grants of containers that are gone are not looked for");
	census->containers = containers;
	census->count = count;
	/* Without an answer nothing changes: the event stream lists again when the engine is back. */
	if (!error && census->whole) {
		maps_each_grant(judge->maps, take_gone, census);
		grants_each(judge->grants, forget_gone, census);
		audit_containers_there(judge->audit, is_listed, census);
	}
	/* Also those that do not run: a grant is to be there when a restart policy starts one. */
	for (size_t i = 0; !error && i < count; i++)
		judge_container(judge, containers[i].id);
	free(census);
}

/* Where it cannot even be asked nothing is granted; the next change of digests asks again. */
static void judge_all(struct judge *judge, bool whole)
{
	struct census *census = calloc(1, sizeof(*census));

	if (!census)
		return;
	census->judge = judge;
	census->asked = grants_now();
	census->whole = whole;
	if (engine_list_containers(judge->engine, on_list, census) < 0)
		free(census);
}

/*
 * A grant that nobody uses yet is taken at once when what it rests on does not hold: its container may
 * start before it is judged. One that runs is judged again, which takes a moment longer and cuts nobody
 * off who may stay.
 */
static void take_unfounded(const char *container, bool used, void *context)
{
	struct judge *judge = context;
	const struct images_basis *basis = grants_find(judge->grants, container);

	if (used || (basis && images_basis_holds(judge->images, basis)))
		return;
	maps_revoke(judge->maps, container);
	grants_forget(judge->grants, container);
}

void judge_again(struct judge *judge)
{
	maps_each_grant(judge->maps, take_unfounded, judge);
	judge_all(judge, false);
}

/* What an earlier latchd left in the kernel: it holds if what it rests on is known and holds. */
static void check_inherited(const char *container, bool used, void *context)
{
	struct judge *judge = context;
	const struct images_basis *basis = grants_find(judge->grants, container);

	(void)used;
	if (basis && images_basis_holds(judge->images, basis))
		return;
	cgroups_contain(judge->maps, container);
	grants_forget(judge->grants, container);
}

/* After a boot the kernel has none, and the engine starts containers before anybody can be asked. */
static void give_back(const char *container, const char *image_id, const struct images_basis *basis,
	void *context)
{
	struct judge *judge = context;

	if (!images_basis_holds(judge->images, basis) ||
		cgroups_allow(judge->maps, container, image_id) < 0)
		grants_forget(judge->grants, container);
}

void judge_use_images(struct judge *judge, struct images *images)
{
	judge->images = images;
	maps_each_grant(judge->maps, check_inherited, judge);
	grants_each(judge->grants, give_back, judge);
}

struct withdrawal {
	struct judge *judge;
	const struct images_list *next;
	int error; /* the first */
};

static void withdraw(const char *container, bool used, void *context)
{
	struct withdrawal *withdrawal = context;
	const struct images_basis *basis = grants_find(withdrawal->judge->grants, container);
	int r;

	(void)used;
	if (basis && images_list_holds(withdrawal->next, basis))
		return;
	/* What it rests on is not known: taken, and judged anew. */
	r = cgroups_contain(withdrawal->judge->maps, container);
	if (r < 0 && !withdrawal->error)
		withdrawal->error = r;
	grants_forget(withdrawal->judge->grants, container);
}

int judge_withdraw(struct judge *judge, const struct images_list *next)
{
	struct withdrawal withdrawal = { .judge = judge, .next = next };

	maps_each_grant(judge->maps, withdraw, &withdrawal);
	return withdrawal.error;
}

static void on_root(int error, const char *root, void *context)
{
	struct judge *judge = context;
	char *copy = error ? NULL : strdup(root);

	/* Without an answer what is known stays, and its default place is the host's own in any case. */
	if (!copy)
		return;
	free(judge->engine_root);
	judge->engine_root = copy;
	judge->sources.engine_root = copy;
}

void judge_engine_event(const struct engine_event *event, void *context)
{
	struct judge *judge = context;

	images_engine_event(judge->images, event);
	switch (event->kind) {
	case ENGINE_EVENT_CONNECTED:
		judge_all(judge, true);
		engine_find_root(judge->engine, on_root, judge);
		break;
	case ENGINE_EVENT_CREATE:
		/* The grant is to be there at birth. Who starts faster than this is contained until then. */
	case ENGINE_EVENT_START:
		/* Perhaps started past the mediator (a restart policy, a swarm task): late, but judged. */
		judge_container(judge, event->container);
		break;
	case ENGINE_EVENT_DESTROY:
		maps_revoke(judge->maps, event->container);
		grants_forget(judge->grants, event->container);
		audit_container_gone(judge->audit, event->container);
		break;
	case ENGINE_EVENT_RENAME:
		if (event->name[0])
			audit_container_renamed(judge->audit, event->container, event->name);
		break;
	case ENGINE_EVENT_DIE:
	case ENGINE_EVENT_DISCONNECTED:
	case ENGINE_EVENT_IMAGES:
		break;
	}
}
