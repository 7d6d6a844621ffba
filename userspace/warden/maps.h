/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pinned maps, as user space sees them. latchd writes them; latchctl reads the same ones. A map that is
 * full gives -ENOSPC (docs/limits.md).
 */
#ifndef LATCH_MAPS_H
#define LATCH_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "latch/abi.h"
#include "util.h"

/* Descriptors; -1 where not open. */
struct maps {
	int state;
	int incomplete;
	int guarded;
	int names;
	int protected;
	int cgroups;
	int grants;
	int tasks;
	int conns;
	int listeners;
	int verdicts;
	int cuts;
	int events;
	int counters;
};

/*
 * Opens every pinned map. Returns 0; -ENOENT when nothing is pinned (latch is not installed in this
 * kernel); another negative errno. On error nothing stays open.
 */
int maps_open(struct maps *maps);
void maps_close(struct maps *maps);

int maps_get_state(const struct maps *maps, struct latch_state *state);
int maps_set_state(const struct maps *maps, const struct latch_state *state);

/* The key of a socket file in `guarded`, from stat(2); major and minor as the kernel packs them. */
struct latch_inode maps_inode_of(const struct stat *status);

static inline bool maps_same_inode(const struct latch_inode *a, const struct latch_inode *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/* Guards the socket file at `path` as `kind`. Returns 0 or a negative errno. */
int maps_guard(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path);
void maps_unguard(const struct maps *maps, const struct latch_inode *inode);
/*
 * The same for a socket of the engine, LATCH_GUARD_ENGINE or LATCH_GUARD_DIRECT. A container that can write to
 * the directory can move it away and put another one of the host's there: that the path has a new socket does
 * not mean that the old one is dead. One that began to listen under latch stays guarded by its label. The first
 * may be older, and its entry is all that guards it: so that is marked, as long as the maps live, and
 * maps_unguard_engine() leaves it.
 */
int maps_guard_engine(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path);
void maps_unguard_engine(const struct maps *maps, const struct latch_inode *inode);
/*
 * Forgets what lay at `path` before the file that `status` describes, whose inode may be another file's now;
 * and which folder its name was in before the one that `folder` describes.
 */
void maps_unguard_others(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path);
void maps_unguard_other_names(const struct maps *maps, const struct stat *folder,
	enum latch_guard_kind kind, const char *path);
/* Forgets every socket and name of this kind whose path `keep` does not want. */
void maps_unguard_kind(const struct maps *maps, enum latch_guard_kind kind,
	bool (*keep)(const char *path, const void *context), const void *context);
/* Is the file one of the guarded sockets? Gives its kind, LATCH_GUARD_NONE otherwise. */
enum latch_guard_kind maps_guard_kind(const struct maps *maps, const struct stat *status);

/*
 * Guards the name `name` in the directory that `directory` describes: a socket there that is not
 * known yet counts as `kind`. -ENAMETOOLONG where the kernel could only compare a part of it.
 */
int maps_guard_name(const struct maps *maps, const struct stat *directory, const char *name,
	enum latch_guard_kind kind, const char *path);

/* Keeps a file from containers: `what` are bits of enum latch_protected. */
int maps_protect(const struct maps *maps, const struct latch_inode *inode, unsigned int what,
	const char *path);
/* Forgets every protected file that `keep` does not want. */
void maps_unprotect(const struct maps *maps,
	bool (*keep)(const struct latch_inode *inode, const void *context), const void *context);

/* Keeps a name from containers. One that is guarded stays guarded, and is kept as well. */
int maps_reserve_name(const struct maps *maps, const struct latch_dentry *name, const char *path);
/* Forgets every name that is kept and not guarded and that `keep` does not want. */
void maps_unreserve_names(const struct maps *maps,
	bool (*keep)(const struct latch_dentry *name, const void *context), const void *context);

/*
 * Gives or takes a container's grant. `cgroup` is the scope that uses it from now on, 0 for the next
 * one that is born; a grant that is in use keeps the scope that it has.
 */
int maps_grant(
	const struct maps *maps, const char *container, const char *image, uint64_t cgroup);
int maps_revoke(const struct maps *maps, const char *container);

/*
 * Calls `each` for every grant; it may take that one, and no other. Not in any order. `used`: a scope
 * has it, so its container runs.
 */
void maps_each_grant(const struct maps *maps,
	void (*each)(const char *container, bool used, void *context), void *context);

/*
 * Adds the scope with this cgroup id as CONTAINED; one that is there stays as it is (-EEXIST). `nested`: it
 * is below a container's scope, and never found by its name.
 */
int maps_add_scope(const struct maps *maps, uint64_t cgroup, const char *container, bool nested);
/* Gives a scope that was found another tag. -ENOENT when it is gone. */
int maps_tag_scope(
	const struct maps *maps, uint64_t cgroup, enum latch_tag tag, const char *container);
/*
 * Finds the scope of a container: its cgroup id and tag. -ENOENT if it has none: what containers have made
 * under that name is none. -ENOTUNIQ where there are two.
 */
int maps_find_scope(const struct maps *maps, const char *container, uint64_t *cgroup,
	enum latch_tag *tag);

/* Trusts the cgroup with this id: what is in it and is no container's is the host's. */
int maps_trust_cgroup(const struct maps *maps, uint64_t cgroup);
/* Forgets every trusted cgroup whose id is none of the `count` of `keep`. */
void maps_distrust_others(const struct maps *maps, const uint64_t *keep, size_t count);

/* How many container scopes have each tag: counts[enum latch_tag]. */
void maps_count_scopes(const struct maps *maps, unsigned int counts[LATCH_TAG_CONTAINED + 1]);

/* Calls `each` for every container scope, in no order. A container may have several; `container` may be "". */
void maps_each_scope(const struct maps *maps,
	void (*each)(uint64_t cgroup, enum latch_tag tag, const char *container, void *context), void *context);

/*
 * Calls `each` with the label of every connection that the process has accepted on a guarded socket. Needs the
 * right to look into it (root). 0 or a negative errno.
 */
int maps_each_connection(const struct maps *maps, pid_t process,
	void (*each)(const struct latch_conn *label, void *context), void *context);

/* The engine's public path, as latchd wrote it beside the guarded name. -ENOENT without one. */
int maps_public_path(const struct maps *maps, char *path, size_t size);

/* Marks the process behind a pidfd as latch's own. */
int maps_mark_self(const struct maps *maps, int pidfd);
/* The same for the process that calls. */
int maps_mark_this_process(const struct maps *maps);

/*
 * Fills the generation of `verdicts` that does not count. Returns its number, for maps_flip, or a
 * negative errno; either way nobody obeys it yet.
 */
int maps_fill_verdicts(const struct maps *maps, const unsigned char *verdicts, size_t count);

/* Makes a generation the one that counts, and the mode with it, in one write. */
int maps_flip(const struct maps *maps, uint32_t generation, enum latch_mode mode);

/*
 * Condemns one connection, by the id that its label and its records have: the kernel refuses its
 * next send and read, and every later one. 0 or a negative errno; -ENOSPC: too many are condemned.
 */
int maps_cut_connection(const struct maps *maps, uint64_t id);

/* Has a tag been lost, so that every untagged caller counts as contained? */
bool maps_incomplete(const struct maps *maps);

/* The sum of a counter over all CPUs. */
uint64_t maps_counter(const struct maps *maps, enum latch_counter counter);

#endif
