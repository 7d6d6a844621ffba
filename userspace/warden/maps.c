// SPDX-License-Identifier: Apache-2.0
/*
 * Reads and writes the pinned maps. Each function is one fact put into the kernel or taken from
 * it; what the facts should be is decided elsewhere. A map that is full or gone gives an error,
 * which the caller must take for a refusal.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "maps.h"
#include "route.h"

struct pinned_map {
	const char *name;
	size_t offset; /* of its descriptor in struct maps */
};

#define PINNED(name)                                                                               \
	{                                                                                          \
		#name, offsetof(struct maps, name)                                                 \
	}
static const struct pinned_map pinned_maps[] = {
	PINNED(state), PINNED(incomplete), PINNED(guarded), PINNED(names), PINNED(protected),
	PINNED(cgroups), PINNED(grants), PINNED(tasks), PINNED(conns), PINNED(listeners), PINNED(verdicts),
	PINNED(cuts), PINNED(events), PINNED(counters),
};

static int *descriptor_of(struct maps *maps, const struct pinned_map *map)
{
	return (int *)((char *)maps + map->offset);
}

int maps_open(struct maps *maps)
{
	for (size_t i = 0; i < ARRAY_SIZE(pinned_maps); i++)
		*descriptor_of(maps, &pinned_maps[i]) = -1;
	for (size_t i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		char path[128];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", LATCH_PIN_ROOT, pinned_maps[i].name);
		fd = bpf_obj_get(path);
		if (fd < 0) {
			int error = -errno;

			maps_close(maps);
			return error;
		}
		*descriptor_of(maps, &pinned_maps[i]) = fd;
	}
	return 0;
}

void maps_close(struct maps *maps)
{
	for (size_t i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		int *fd = descriptor_of(maps, &pinned_maps[i]);

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

static int lookup(int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(map, key, value) ? -errno : 0;
}

static int update(int map, const void *key, const void *value, __u64 flags)
{
	if (!bpf_map_update_elem(map, key, value, flags))
		return 0;
	/* "Argument list too long" would send whoever reads it the wrong way. */
	return errno == E2BIG ? -ENOSPC : -errno;
}

/* A key of any map that is walked. */
union any_key {
	struct latch_inode inode;
	struct latch_dentry name;
	struct latch_container container;
	__u64 id;
};

/* Visits each key, in no order. It may delete the one that it is shown, and no other. */
static void each_key(int map, void (*visit)(int map, const union any_key *key, const void *context),
	const void *context)
{
	union any_key key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);

	while (more) {
		key = next;
		/* Before the visit, which may delete it: after that the walk would begin anew. */
		more = !bpf_map_get_next_key(map, &key, &next);
		visit(map, &key, context);
	}
}

int maps_get_state(const struct maps *maps, struct latch_state *state)
{
	__u32 zero = 0;

	return lookup(maps->state, &zero, state);
}

int maps_set_state(const struct maps *maps, const struct latch_state *state)
{
	__u32 zero = 0;

	return update(maps->state, &zero, state, BPF_ANY);
}

static __u32 kernel_dev(dev_t device)
{
	return major(device) << 20 | minor(device);
}

struct latch_inode maps_inode_of(const struct stat *status)
{
	struct latch_inode inode = { .ino = status->st_ino, .dev = kernel_dev(status->st_dev) };

	return inode;
}

int maps_guard(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path)
{
	struct latch_inode key = maps_inode_of(status);
	struct latch_guard guard = { .kind = kind };

	COPY_STRING(guard.path, path);
	return update(maps->guarded, &key, &guard, BPF_ANY);
}

void maps_unguard(const struct maps *maps, const struct latch_inode *inode)
{
	bpf_map_delete_elem(maps->guarded, inode);
}

struct engine_visit {
	bool *found;
};

static void visit_engine(int map, const union any_key *key, const void *context)
{
	const struct engine_visit *visit = context;
	struct latch_guard guard;

	if (!lookup(map, key, &guard) &&
		(guard.kind == LATCH_GUARD_ENGINE || guard.kind == LATCH_GUARD_DIRECT))
		*visit->found = true;
}

static bool guards_an_engine(const struct maps *maps)
{
	bool found = false;
	const struct engine_visit visit = { &found };

	each_key(maps->guarded, visit_engine, &visit);
	return found;
}

int maps_guard_engine(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path)
{
	struct latch_inode key = maps_inode_of(status);
	struct latch_guard guard = { .kind = kind }, before;

	guard.first = lookup(maps->guarded, &key, &before) ? !guards_an_engine(maps) : before.first;
	COPY_STRING(guard.path, path);
	return update(maps->guarded, &key, &guard, BPF_ANY);
}

void maps_unguard_engine(const struct maps *maps, const struct latch_inode *inode)
{
	struct latch_guard guard;

	if (!lookup(maps->guarded, inode, &guard) && !guard.first)
		bpf_map_delete_elem(maps->guarded, inode);
}

/* What lies at a path now: the inode of a socket, or of the folder that a name is in. */
struct place {
	enum latch_guard_kind kind;
	const char *path;
	struct latch_inode now;
};

static bool is_of(int map, const union any_key *key, const struct place *place)
{
	struct latch_guard guard;

	return !lookup(map, key, &guard) && guard.kind == place->kind &&
	       !strncmp(guard.path, place->path, sizeof(guard.path) - 1);
}

static void unguard_other(int map, const union any_key *key, const void *context)
{
	const struct place *place = context;

	if (memcmp(&key->inode, &place->now, sizeof(place->now)) && is_of(map, key, place))
		bpf_map_delete_elem(map, key);
}

void maps_unguard_others(const struct maps *maps, const struct stat *status, enum latch_guard_kind kind,
	const char *path)
{
	const struct place place = { kind, path, maps_inode_of(status) };

	each_key(maps->guarded, unguard_other, &place);
}

static void unguard_other_name(int map, const union any_key *key, const void *context)
{
	const struct place *place = context;
	const struct latch_dentry *name = &key->name;

	if ((name->dir_ino != place->now.ino || name->dir_dev != place->now.dev) && is_of(map, key, place))
		bpf_map_delete_elem(map, key);
}

void maps_unguard_other_names(const struct maps *maps, const struct stat *folder,
	enum latch_guard_kind kind, const char *path)
{
	const struct place place = { kind, path, maps_inode_of(folder) };

	each_key(maps->names, unguard_other_name, &place);
}

/* Whose path is wanted, of all that are guarded as one kind. */
struct wanted_paths {
	enum latch_guard_kind kind;
	bool (*keep)(const char *path, const void *context);
	const void *context;
};

static void unguard_unwanted(int map, const union any_key *key, const void *context)
{
	const struct wanted_paths *wanted = context;
	struct latch_guard guard;

	if (!lookup(map, key, &guard) && guard.kind == wanted->kind &&
		!wanted->keep(guard.path, wanted->context))
		bpf_map_delete_elem(map, key);
}

void maps_unguard_kind(const struct maps *maps, enum latch_guard_kind kind,
	bool (*keep)(const char *path, const void *context), const void *context)
{
	const struct wanted_paths wanted = { kind, keep, context };

	each_key(maps->guarded, unguard_unwanted, &wanted);
	each_key(maps->names, unguard_unwanted, &wanted);
}

enum latch_guard_kind maps_guard_kind(const struct maps *maps, const struct stat *status)
{
	struct latch_inode key = maps_inode_of(status);
	struct latch_guard guard;

	return lookup(maps->guarded, &key, &guard) ? LATCH_GUARD_NONE : guard.kind;
}

int maps_guard_name(const struct maps *maps, const struct stat *directory, const char *name,
	enum latch_guard_kind kind, const char *path)
{
	struct latch_dentry key = {
		.dir_ino = directory->st_ino,
		.dir_dev = kernel_dev(directory->st_dev),
	};
	struct latch_guard guard = { .kind = kind };

	if (strlen(name) >= sizeof(key.name))
		return -ENAMETOOLONG;
	COPY_STRING(key.name, name);
	COPY_STRING(guard.path, path);
	return update(maps->names, &key, &guard, BPF_ANY);
}

int maps_protect(const struct maps *maps, const struct latch_inode *inode, unsigned int what,
	const char *path)
{
	struct latch_protection protection = { .what = what };

	COPY_STRING(protection.path, path);
	return update(maps->protected, inode, &protection, BPF_ANY);
}

struct wanted_files {
	bool (*keep)(const struct latch_inode *inode, const void *context);
	const void *context;
};

static void unprotect_unwanted(int map, const union any_key *key, const void *context)
{
	const struct wanted_files *wanted = context;

	if (!wanted->keep(&key->inode, wanted->context))
		bpf_map_delete_elem(map, key);
}

void maps_unprotect(const struct maps *maps,
	bool (*keep)(const struct latch_inode *inode, const void *context), const void *context)
{
	const struct wanted_files wanted = { keep, context };

	each_key(maps->protected, unprotect_unwanted, &wanted);
}

int maps_reserve_name(const struct maps *maps, const struct latch_dentry *name, const char *path)
{
	struct latch_guard guard = { .kind = LATCH_GUARD_NONE };
	int r;

	COPY_STRING(guard.path, path);
	r = update(maps->names, name, &guard, BPF_NOEXIST);
	return r == -EEXIST ? 0 : r;
}

struct wanted_names {
	bool (*keep)(const struct latch_dentry *name, const void *context);
	const void *context;
};

static void unreserve_unwanted(int map, const union any_key *key, const void *context)
{
	const struct wanted_names *wanted = context;
	struct latch_guard guard;

	if (!lookup(map, key, &guard) && guard.kind == LATCH_GUARD_NONE &&
		!wanted->keep(&key->name, wanted->context))
		bpf_map_delete_elem(map, key);
}

void maps_unreserve_names(const struct maps *maps,
	bool (*keep)(const struct latch_dentry *name, const void *context), const void *context)
{
	const struct wanted_names wanted = { keep, context };

	each_key(maps->names, unreserve_unwanted, &wanted);
}

int maps_grant(
	const struct maps *maps, const char *container, const char *image, uint64_t cgroup)
{
	struct latch_container key = {};
	struct latch_grant grant = { .cgroup = cgroup }, present;
	int r;

	COPY_STRING(key.id, container);
	COPY_STRING(grant.image, image);
	/* One that is there may be in use: its scope must not be forgotten. */
	r = update(maps->grants, &key, &grant, BPF_NOEXIST);
	if (r != -EEXIST)
		return r;
	r = lookup(maps->grants, &key, &present);
	if (r < 0 || present.cgroup || !cgroup)
		return r;
	return update(maps->grants, &key, &grant, BPF_EXIST);
}

int maps_revoke(const struct maps *maps, const char *container)
{
	struct latch_container key = {};

	COPY_STRING(key.id, container);
	return bpf_map_delete_elem(maps->grants, &key) && errno != ENOENT ? -errno : 0;
}

struct grant_visit {
	void (*each)(const char *container, bool used, void *context);
	void *context;
};

static void visit_grant(int map, const union any_key *key, const void *context)
{
	const struct grant_visit *visit = context;
	struct latch_container container = key->container;
	struct latch_grant grant;

	if (lookup(map, key, &grant))
		return;
	container.id[sizeof(container.id) - 1] = 0;
	visit->each(container.id, grant.cgroup != 0, visit->context);
}

void maps_each_grant(const struct maps *maps,
	void (*each)(const char *container, bool used, void *context), void *context)
{
	const struct grant_visit visit = { each, context };

	each_key(maps->grants, visit_grant, &visit);
}

static int tag_scope(const struct maps *maps, uint64_t cgroup, struct latch_scope scope,
	const char *container, __u64 flags)
{
	__u64 key = cgroup;

	COPY_STRING(scope.container, container);
	return update(maps->cgroups, &key, &scope, flags);
}

int maps_add_scope(const struct maps *maps, uint64_t cgroup, const char *container, bool nested)
{
	const struct latch_scope scope = { .tag = LATCH_TAG_CONTAINED, .nested = nested };

	return tag_scope(maps, cgroup, scope, container, BPF_NOEXIST);
}

int maps_tag_scope(
	const struct maps *maps, uint64_t cgroup, enum latch_tag tag, const char *container)
{
	const struct latch_scope scope = { .tag = tag };

	/* One that is gone meanwhile stays so: its id would be another cgroup's some day. */
	return tag_scope(maps, cgroup, scope, container, BPF_EXIST);
}

int maps_find_scope(
	const struct maps *maps, const char *container, uint64_t *cgroup, enum latch_tag *tag)
{
	__u64 key, *previous = NULL;
	struct latch_container grant_key = {};
	struct latch_grant grant;
	struct latch_scope scope;
	int found = -ENOENT;

	/* The scope that holds the grant is the container's own; names can be made twice. */
	COPY_STRING(grant_key.id, container);
	if (!lookup(maps->grants, &grant_key, &grant) && grant.cgroup) {
		key = grant.cgroup;
		if (!lookup(maps->cgroups, &key, &scope)) {
			*cgroup = key;
			*tag = scope.tag;
			return 0;
		}
	}
	while (!bpf_map_get_next_key(maps->cgroups, previous, &key)) {
		previous = &key;
		if (lookup(maps->cgroups, &key, &scope) || scope.nested ||
			strcmp(scope.container, container))
			continue;
		if (!found)
			return -ENOTUNIQ; /* two scopes claim the id: neither is believed */
		*cgroup = key;
		*tag = scope.tag;
		found = 0;
	}
	return found;
}

int maps_trust_cgroup(const struct maps *maps, uint64_t cgroup)
{
	const struct latch_scope scope = { .tag = LATCH_TAG_HOST };

	return tag_scope(maps, cgroup, scope, "", BPF_ANY);
}

struct trusted_ids {
	const uint64_t *ids;
	size_t count;
};

static void distrust_unwanted(int map, const union any_key *key, const void *context)
{
	const struct trusted_ids *trusted = context;
	struct latch_scope scope;

	for (size_t i = 0; i < trusted->count; i++)
		if (trusted->ids[i] == key->id)
			return;
	if (!lookup(map, key, &scope) && scope.tag == LATCH_TAG_HOST)
		bpf_map_delete_elem(map, key);
}

void maps_distrust_others(const struct maps *maps, const uint64_t *keep, size_t count)
{
	const struct trusted_ids trusted = { keep, count };

	each_key(maps->cgroups, distrust_unwanted, &trusted);
}

void maps_count_scopes(const struct maps *maps, unsigned int counts[LATCH_TAG_CONTAINED + 1])
{
	__u64 key, *previous = NULL;
	struct latch_scope scope;

	memset(counts, 0, (LATCH_TAG_CONTAINED + 1) * sizeof(*counts));
	while (!bpf_map_get_next_key(maps->cgroups, previous, &key)) {
		previous = &key;
		if (!lookup(maps->cgroups, &key, &scope) && scope.tag <= LATCH_TAG_CONTAINED)
			counts[scope.tag]++;
	}
}

void maps_each_scope(const struct maps *maps,
	void (*each)(uint64_t cgroup, enum latch_tag tag, const char *container, void *context), void *context)
{
	__u64 key, *previous = NULL;
	struct latch_scope scope;

	while (!bpf_map_get_next_key(maps->cgroups, previous, &key)) {
		previous = &key;
		if (lookup(maps->cgroups, &key, &scope) || scope.tag > LATCH_TAG_CONTAINED)
			continue;
		scope.container[LATCH_ID_HEX] = 0;
		each(key, scope.tag, scope.container, context);
	}
}

/* A socket's label is found by a descriptor of one's own: the process's is copied for as long. */
static void look_at(const struct maps *maps, int process, int number,
	void (*each)(const struct latch_conn *label, void *context), void *context)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	struct latch_conn label;

	if (fd < 0 || lookup(maps->conns, &fd, &label) || label.end != LATCH_END_SERVER)
		return;
	label.container[LATCH_ID_HEX] = 0;
	each(&label, context);
}

int maps_each_connection(const struct maps *maps, pid_t process,
	void (*each)(const struct latch_conn *label, void *context), void *context)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	char path[64], target[16];
	struct dirent *entry;
	DIR *folder;

	if (pidfd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/fd", process);
	folder = opendir(path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target));

		if (length > 7 && !strncmp(target, "socket:", 7))
			look_at(maps, pidfd, atoi(entry->d_name), each, context);
	}
	closedir(folder);
	return 0;
}

int maps_public_path(const struct maps *maps, char *path, size_t size)
{
	struct latch_dentry key, *previous = NULL;
	struct latch_guard guard;

	while (!bpf_map_get_next_key(maps->names, previous, &key)) {
		previous = &key;
		/* Other names are those of other sockets, or of files. */
		if (lookup(maps->names, &key, &guard) ||
			(guard.kind != LATCH_GUARD_ENGINE && guard.kind != LATCH_GUARD_DIRECT))
			continue;
		snprintf(path, size, "%s", guard.path);
		return 0;
	}
	return -ENOENT;
}

int maps_mark_self(const struct maps *maps, int pidfd)
{
	struct latch_task task = { .self = 1 };

	return update(maps->tasks, &pidfd, &task, BPF_ANY);
}

int maps_mark_this_process(const struct maps *maps)
{
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	return pidfd < 0 ? -errno : maps_mark_self(maps, pidfd);
}

int maps_fill_verdicts(const struct maps *maps, const unsigned char *verdicts, size_t count)
{
	struct latch_state state;
	__u32 idle;
	int r;

	r = maps_get_state(maps, &state);
	if (r < 0)
		return r;
	idle = !state.generation;
	for (__u32 i = 0; i < LATCH_MAX_ROUTES; i++) {
		__u32 key = idle * LATCH_MAX_ROUTES + i;
		struct latch_verdict entry = { .verdict = LATCH_VERDICT_REFUSE };

		if (i < count) {
			char text[2 * LATCH_ROUTE_SIZE];

			snprintf(text, sizeof(text), "%s %s", route_get(i)->method,
				route_get(i)->template);
			COPY_STRING(entry.route, text);
			entry.verdict = verdicts[i];
		}
		r = update(maps->verdicts, &key, &entry, BPF_ANY);
		if (r < 0)
			return r;
	}
	return idle;
}

int maps_flip(const struct maps *maps, uint32_t generation, enum latch_mode mode)
{
	struct latch_state state;
	int r = maps_get_state(maps, &state);

	if (r < 0)
		return r;
	state.generation = generation;
	state.mode = mode;
	state.owner_pid = getpid();
	return maps_set_state(maps, &state);
}

int maps_cut_connection(const struct maps *maps, uint64_t id)
{
	struct latch_cut cut = { .cut = 1 };
	__u64 key = id;

	/* 0 is the label of no connection: it would be said to be cut, and nothing would be. */
	return id ? update(maps->cuts, &key, &cut, BPF_ANY) : -EINVAL;
}

bool maps_incomplete(const struct maps *maps)
{
	__u32 zero = 0, incomplete = 1;

	return lookup(maps->incomplete, &zero, &incomplete) || incomplete;
}

uint64_t maps_counter(const struct maps *maps, enum latch_counter counter)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ __u64 *values = NULL;
	__u32 key = counter;
	uint64_t sum = 0;

	if (cpus <= 0)
		return 0;
	values = calloc(cpus, sizeof(*values));
	if (!values || bpf_map_lookup_elem(maps->counters, &key, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}
