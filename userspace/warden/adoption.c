// SPDX-License-Identifier: Apache-2.0
/*
 * Adoption: latch's listening inode at the engine's public path, the engine's own inode under
 * another name, and no moment in which the path is empty.
 *
 * The engine knows nothing of it. When it stops it unlinks the public path; when it starts it
 * unlinks it again, binds a new socket there without any permission bits, and then sets owner and
 * mode by path. So a new socket is left alone until it has its mode, and an empty path is left
 * alone for a while, lest latch's link comes between the engine's unlink and its bind.
 *
 * Only a socket that listens and that the host made is adopted: the kernel refuses latch's own
 * connect to a listener that a container made, and for listeners older than the kernel programs
 * the process that made them is looked up.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>

#include "activation.h"
#include "adoption.h"
#include "maps_guarded.h"
#include "paths.h"
#include "problem.h"
#include "public_path.h"

#define EXCHANGE_NAME LATCH_RUN_DIR "/exchange"
/* How long the path stays empty before latch fills it: longer than the engine takes to bind. */
#define EMPTY_PATIENCE_MS 700
#define MODE_PATIENCE_MS  20 /* between bind and the engine's chmod */
#define CHECK_MS	  1000
/*
 * How long a socket may lie there before somebody listens on it. An engine that has bound it and is held
 * up before it listens, on a machine that stalls, would never be reached again if it were replaced.
 */
#define DEAD_PATIENCE_MS 10000

struct adoption {
	const struct maps *maps;
	char path[PATH_MAX];
	char *name; /* last component of path */
	adoption_fn event;
	void *context;
	struct public_path_watch watch;
	struct latch_inode engine; /* at LATCH_ENGINE_SOCKET; ino 0: none */
	struct latch_inode dead;   /* seen at the path without a listener, since dead_since */
	uint64_t dead_since;	   /* ms of the loop's clock */
	uint64_t empty_since;	   /* the same; 0: the path was not empty at the last look */
	bool told_absent;
	char told_problem[256];
};

static void tell(struct adoption *adoption, enum adoption_event event, const char *format, ...)
	PRINTF_LIKE(3, 4);
static void tell(struct adoption *adoption, enum adoption_event event, const char *format, ...)
{
	char problem[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem, sizeof(problem), format, arguments);
	va_end(arguments);
	if (problem[0] && !strcmp(problem, adoption->told_problem))
		return;
	COPY_STRING(adoption->told_problem, problem);
	adoption->event(event, problem, adoption->context);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Puts latch's inode at the public path, over whatever is there, in one step. */
static int place_public(struct adoption *adoption)
{
	unlink(EXCHANGE_NAME);
	if (link(LATCH_PUBLIC_SOCKET, EXCHANGE_NAME) || rename(EXCHANGE_NAME, adoption->path))
		return -errno;
	return 0;
}

/* Clients must be able to reach latch exactly as far as they could reach the engine. */
static int copy_permissions(const struct stat *engine)
{
	if (chown(LATCH_PUBLIC_SOCKET, engine->st_uid, engine->st_gid) ||
		chmod(LATCH_PUBLIC_SOCKET, engine->st_mode & 07777))
		return -errno;
	return 0;
}

/*
 * Exchanges latch's inode and the engine's. The engine may bind anew between our look and the
 * exchange; then what came out is not what was looked at, and goes back.
 */
static int exchange(struct adoption *adoption, const struct stat *engine)
{
	struct stat taken;
	int r;

	/* As the engine's before it is moved: the gate knew it by its name only. */
	r = maps_guard_engine(adoption->maps, engine, LATCH_GUARD_ENGINE, LATCH_ENGINE_SOCKET);
	if (!r)
		r = copy_permissions(engine);
	if (r < 0)
		return r;
	unlink(EXCHANGE_NAME);
	if (link(LATCH_PUBLIC_SOCKET, EXCHANGE_NAME) ||
		renameat2(AT_FDCWD, EXCHANGE_NAME, AT_FDCWD, adoption->path, RENAME_EXCHANGE))
		return -errno;
	if (lstat(EXCHANGE_NAME, &taken) || !same_file(&taken, engine)) {
		if (renameat2(AT_FDCWD, EXCHANGE_NAME, AT_FDCWD, adoption->path, RENAME_EXCHANGE))
			return -errno;
		return -EAGAIN;
	}
	if (rename(EXCHANGE_NAME, LATCH_ENGINE_SOCKET))
		return -errno;
	return 0;
}

static int adopt(struct adoption *adoption, const struct stat *engine)
{
	struct latch_inode inode = maps_inode_of(engine);
	bool same = maps_same_inode(&inode, &adoption->engine);
	int r = exchange(adoption, engine);

	if (r == -EAGAIN && !same)
		maps_unguard_engine(adoption->maps, &inode); /* it was gone before it could be taken */
	if (r < 0)
		return r;
	if (!same)
		maps_unguard_engine(adoption->maps, &adoption->engine);
	adoption->engine = inode;
	adoption->told_absent = false;
	adoption->told_problem[0] = 0;
	tell(adoption, ADOPTION_ADOPTED, "%s", "");
	return 0;
}

/*
 * systemd sets the owner of a socket that it listens on by its path, from another process, some time after it
 * has bound it: latch's inode may lie there by then. So who sets one's means both.
 */
static int follow_permissions(struct adoption *adoption, const struct stat *public)
{
	struct stat engine;

	if (!adoption->engine.ino || lstat(LATCH_ENGINE_SOCKET, &engine))
		return 0;
	if (engine.st_uid == public->st_uid && engine.st_gid == public->st_gid &&
		engine.st_mode == public->st_mode)
		return 0;
	if (chown(LATCH_ENGINE_SOCKET, public->st_uid, public->st_gid) ||
		chmod(LATCH_ENGINE_SOCKET, public->st_mode & 07777))
		return -errno;
	tell(adoption, ADOPTION_ADOPTED, "%s", ""); /* the mediator may need another group */
	return 0;
}

/* An empty path is filled without taking anybody's place: the engine may have bound there meanwhile. */
static int link_public(struct adoption *adoption)
{
	if (!link(LATCH_PUBLIC_SOCKET, adoption->path))
		return 0;
	return errno == EEXIST ? -EAGAIN : -errno;
}

static int fill_path(struct adoption *adoption, bool empty)
{
	int r = empty ? link_public(adoption) : place_public(adoption);

	if (!r && !adoption->told_absent) {
		adoption->told_absent = true;
		tell(adoption, ADOPTION_ABSENT, "%s", "");
	}
	return r;
}

/*
 * Nobody listens on the socket at the path: an engine that died left it, or one has bound it and
 * not got further yet. Only the first is replaced.
 */
static int consider_dead(struct adoption *adoption, const struct stat *found)
{
	struct latch_inode inode = maps_inode_of(found);
	uint64_t now = uv_now(adoption->watch.timer.loop);

	if (!maps_same_inode(&inode, &adoption->dead)) {
		adoption->dead = inode;
		adoption->dead_since = now;
	}
	return now - adoption->dead_since < DEAD_PATIENCE_MS ? -EAGAIN : fill_path(adoption, false);
}

/* A socket at the public path that is not latch's. Returns 0, or -EAGAIN to look again soon. */
static int consider(struct adoption *adoption, const struct stat *found)
{
	if (!S_ISSOCK(found->st_mode))
		return -ENOTSOCK;
	switch (public_path_probe(adoption->maps, adoption->path)) {
	case LISTENER_DEAD:
		return consider_dead(adoption, found);
	case LISTENER_PLANTED:
		tell(adoption, ADOPTION_PLANTED,
			"the socket at %s was made by a container, or by a process that cannot be "
			"looked up; it is not adopted and was replaced",
			adoption->path);
		return place_public(adoption);
	case LISTENER_HOST:
		break;
	}
	return found->st_mode & 0777 ? adopt(adoption, found) : -EAGAIN;
}

/*
 * Nobody is at the path. It is filled when it was found so for a while, by whichever look: one may come
 * right between an engine's unlink and its bind, which would fail then. Returns 0, or -EBUSY to wait.
 */
static int consider_empty(struct adoption *adoption)
{
	uint64_t now = uv_now(adoption->watch.timer.loop);

	if (!adoption->empty_since)
		adoption->empty_since = now;
	return now - adoption->empty_since < EMPTY_PATIENCE_MS ? -EBUSY : fill_path(adoption, true);
}

/* Looks at the public path and does what is due. Returns when to look again, in ms. */
static unsigned int look(struct adoption *adoption)
{
	struct stat found, ours;
	bool empty;
	int r;

	empty = lstat(adoption->path, &found) && errno == ENOENT;
	if (!empty)
		adoption->empty_since = 0;
	if (lstat(LATCH_PUBLIC_SOCKET, &ours)) {
		r = -errno;
	} else if (empty) {
		r = consider_empty(adoption);
	} else if (same_file(&found, &ours)) {
		r = follow_permissions(adoption, &ours);
	} else {
		r = consider(adoption, &found);
	}
	if (r == -EBUSY)
		return EMPTY_PATIENCE_MS;
	if (r == -EAGAIN)
		return MODE_PATIENCE_MS;
	if (r < 0)
		tell(adoption, ADOPTION_FAILED, "cannot take the place of the engine at %s: %s%s",
			adoption->path, strerror(-r),
			r == -EXDEV ? " (" LATCH_RUN_DIR " must be on the same mount)" : "");
	return CHECK_MS;
}

static unsigned int on_look(void *owner, bool changed)
{
	(void)changed; /* what it finds is the same, whatever made it look */
	return look(owner);
}

static int guard_public(struct adoption *adoption)
{
	struct stat status;

	if (lstat(LATCH_PUBLIC_SOCKET, &status))
		return errno == ENOENT ? 0 : -errno;
	return maps_guard(adoption->maps, &status, LATCH_GUARD_PUBLIC, LATCH_PUBLIC_SOCKET);
}

/* The engine that an earlier latchd has adopted. */
static int guard_engine(struct adoption *adoption)
{
	struct stat status;

	if (lstat(LATCH_ENGINE_SOCKET, &status))
		return errno == ENOENT ? 0 : -errno;
	adoption->engine = maps_inode_of(&status);
	return maps_guard_engine(adoption->maps, &status, LATCH_GUARD_ENGINE, LATCH_ENGINE_SOCKET);
}

/*
 * A new holder's public socket has nobody's owner and mode yet. The engine's has those that the earlier one
 * had; they must be on it before it lies at the path, for what lies there is what follow_permissions() follows.
 */
static int inherit_permissions(const struct stat *older)
{
	struct stat engine;

	if (!lstat(LATCH_ENGINE_SOCKET, &engine))
		return copy_permissions(&engine);
	return older ? copy_permissions(older) : 0;
}

/*
 * A public socket of an earlier latch, which nobody serves any more, is not taken for the engine's. Its inode
 * is forgotten: the number may be another file's one day.
 */
static int replace_older(struct adoption *adoption)
{
	struct stat ours, found;
	bool there, older;
	int r = 0;

	if (lstat(LATCH_PUBLIC_SOCKET, &ours))
		return -errno;
	there = !lstat(adoption->path, &found);
	older = there && maps_guard_kind(adoption->maps, &found) == LATCH_GUARD_PUBLIC;
	if (!there || !same_file(&found, &ours)) {
		r = inherit_permissions(older ? &found : NULL);
		if (!r && older)
			r = place_public(adoption);
	}
	maps_unguard_others(adoption->maps, &ours, LATCH_GUARD_PUBLIC, LATCH_PUBLIC_SOCKET);
	return r;
}

/* Everything that must be guarded before the first socket changes its place. */
static int guard_everything(struct adoption *adoption)
{
	int r = public_path_guard_name(adoption->maps, adoption->path, adoption->name, LATCH_GUARD_ENGINE);

	if (!r)
		r = guard_public(adoption);
	if (!r)
		r = replace_older(adoption);
	if (!r)
		r = guard_engine(adoption);
	return r;
}

int adoption_new(uv_loop_t *loop, const struct maps *maps, const char *path, adoption_fn event,
	void *context, struct adoption **adoption, char **problem)
{
	struct adoption *new = calloc(1, sizeof(*new));
	int r;

	*problem = NULL;
	if (!new)
		return -ENOMEM;
	*new = (struct adoption){ .maps = maps, .event = event, .context = context,
		.watch = { .look = on_look, .stopped = free, .owner = new } };
	r = public_path_resolve(path, new->path, sizeof(new->path), &new->name);
	if (!r)
		r = guard_everything(new);
	if (r < 0) {
		free(new);
		return problem_set(problem, r, "cannot guard %s: %s", path, strerror(-r));
	}
	*adoption = new; /* before the first look, which may already have something to tell */
	public_path_watch(&new->watch, loop, new->path, new->name);
	return 0;
}

void adoption_free(struct adoption *adoption)
{
	if (adoption)
		public_path_unwatch(&adoption->watch);
}

bool adoption_has_engine(const struct adoption *adoption, struct stat *status)
{
	struct stat found;

	if (!adoption->engine.ino || lstat(LATCH_ENGINE_SOCKET, &found))
		return false;
	if (status)
		*status = found;
	/* A client that gets through starts one; to ask whether there is one must not. */
	return activation_is_dormant(adoption->path) ||
	       public_path_probe(adoption->maps, LATCH_ENGINE_SOCKET) == LISTENER_HOST;
}

const char *adoption_path(const struct adoption *adoption)
{
	return adoption->path;
}

int adoption_undo(const char *path)
{
	struct stat found, ours;

	/* A path that is not latch's any more is the engine's own again: nothing to undo. */
	if (lstat(LATCH_PUBLIC_SOCKET, &ours) || lstat(path, &found) || !same_file(&found, &ours))
		return 0;
	if (!rename(LATCH_ENGINE_SOCKET, path))
		return 0;
	if (errno != ENOENT)
		return -errno;
	return unlink(path) ? -errno : 0;
}
