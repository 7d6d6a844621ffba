// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps the engine's own socket guarded where it lies, as one on which the kernel programs enforce
 * the command list. Nothing is moved, and nothing listens in the engine's place.
 *
 * The name counts until the inode is known (bpf/guard.bpf.h): a socket that the engine has just made
 * is never open, whether latchd has seen it or not. A socket that a container made is refused by the
 * kernel to everybody; here it is only said. What a request may be is not decided here.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "activation.h"
#include "direct.h"
#include "maps_guarded.h"
#include "paths.h"
#include "problem.h"
#include "public_path.h"
#include "util.h"

#define CHECK_MS      1000
#define SOON_MS	      20 /* between the engine's bind and its listen and chmod */
#define PATIENT_LOOKS 75 /* so many times soon, then every second: nobody may ever listen */

struct direct {
	const struct maps *maps;
	char path[108]; /* it fits into a socket address */
	char *name; /* last component of path */
	adoption_fn event;
	void *context;
	struct public_path_watch watch;
	struct latch_inode engine; /* guarded; ino 0: none yet */
	enum adoption_event told;
	bool told_any;
	unsigned int looks; /* without an answer to who listens */
};

/* Each state is told once. */
static void tell(struct direct *direct, enum adoption_event event, const char *problem)
{
	if (direct->told_any && direct->told == event && event != ADOPTION_ADOPTED)
		return;
	direct->told_any = true;
	direct->told = event;
	direct->event(event, problem, direct->context);
}

static bool is_known(const struct direct *direct, const struct stat *found)
{
	struct latch_inode inode = maps_inode_of(found);

	return maps_same_inode(&inode, &direct->engine);
}

static unsigned int guard(struct direct *direct, const struct stat *found)
{
	const struct latch_inode inode = maps_inode_of(found);
	char problem[512];
	int r;

	r = maps_guard_engine(direct->maps, found, LATCH_GUARD_DIRECT, direct->path);
	if (r < 0) {
		/* It stays guarded by its name. */
		snprintf(problem, sizeof(problem), "cannot guard the inode of %s: %s", direct->path,
			strerror(-r));
		tell(direct, ADOPTION_FAILED, problem);
		return CHECK_MS;
	}
	if (!is_known(direct, found))
		maps_unguard_engine(direct->maps, &direct->engine);
	direct->engine = inode;
	tell(direct, ADOPTION_ADOPTED, "");
	return CHECK_MS;
}

/* Looks at the path and does what is due. Returns when to look again, in ms. */
static unsigned int look(struct direct *direct, bool changed)
{
	struct stat found;
	char problem[512];

	if (changed)
		direct->looks = 0;
	if (lstat(direct->path, &found)) {
		tell(direct, ADOPTION_ABSENT, "");
		return CHECK_MS;
	}
	if (!S_ISSOCK(found.st_mode)) {
		snprintf(problem, sizeof(problem), "%s is not a socket; is it the engine's path?",
			direct->path);
		tell(direct, ADOPTION_FAILED, problem);
		return CHECK_MS;
	}
	if (is_known(direct, &found) && direct->told == ADOPTION_ADOPTED)
		return CHECK_MS; /* looked at already: a connect every second would be noise */
	switch (public_path_probe(direct->maps, direct->path)) {
	case LISTENER_HOST:
		direct->looks = 0;
		return guard(direct, &found);
	case LISTENER_PLANTED:
		snprintf(problem, sizeof(problem),
			"the socket at %s was made by a container, or by a process that cannot be "
			"looked up; nobody gets through to it; remove it and start the engine again",
			direct->path);
		tell(direct, ADOPTION_PLANTED, problem);
		return CHECK_MS;
	case LISTENER_DEAD:
		break;
	}
	if (direct->looks++ < PATIENT_LOOKS)
		return SOON_MS;
	tell(direct, ADOPTION_ABSENT, "");
	return CHECK_MS;
}

static unsigned int on_look(void *owner, bool changed)
{
	return look(owner, changed);
}

/* An adopted engine listens under another name, and latch's inode lies at the path. */
static bool is_adopted(void)
{
	struct stat status;

	return !lstat(LATCH_ENGINE_SOCKET, &status) || !lstat(LATCH_PUBLIC_SOCKET, &status) ||
	       !lstat(LATCH_HOLDER_SOCKET, &status);
}

/* What an earlier latchd guarded here. Of an engine that came and went while there was none it does not know. */
static void take_over(struct direct *direct)
{
	struct stat found;

	if (!lstat(direct->path, &found) &&
		maps_guard_kind(direct->maps, &found) == LATCH_GUARD_DIRECT)
		direct->engine = maps_inode_of(&found);
}

int direct_check(char **problem)
{
	*problem = NULL;
	return is_adopted() ?
		       problem_set(problem, -EEXIST,
			       "an earlier latchd has taken the engine's place (there are sockets in "
			       LATCH_RUN_DIR "): run `latchctl release`, then start with "
			       "--transport=direct again") :
		       0;
}

int direct_new(uv_loop_t *loop, const struct maps *maps, const char *path, adoption_fn event,
	void *context, struct direct **direct, char **problem)
{
	struct direct *new;
	int r;

	*problem = NULL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = (struct direct){ .maps = maps, .event = event, .context = context,
		.watch = { .look = on_look, .stopped = free, .owner = new } };
	r = public_path_resolve(path, new->path, sizeof(new->path), &new->name);
	if (!r)
		r = public_path_guard_name(maps, new->path, new->name, LATCH_GUARD_DIRECT);
	if (!r)
		take_over(new);
	if (r < 0) {
		free(new);
		return problem_set(problem, r, "cannot guard %s: %s", path, strerror(-r));
	}
	*direct = new; /* before the first look, which may already have something to tell */
	public_path_watch(&new->watch, loop, new->path, new->name);
	return 0;
}

void direct_free(struct direct *direct)
{
	if (direct)
		public_path_unwatch(&direct->watch);
}

bool direct_has_engine(const struct direct *direct)
{
	if (!direct->engine.ino)
		return false;
	/* A client that gets through starts one; to ask whether there is one must not. */
	return activation_is_dormant(direct->path) ||
	       public_path_probe(direct->maps, direct->path) == LISTENER_HOST;
}

const char *direct_path(const struct direct *direct)
{
	return direct->path;
}
