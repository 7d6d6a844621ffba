// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <errno.h>

#include "map_access.h"
#include "maps_containers.h"

int maps_grant(
	const struct maps *maps, const char *container, const char *image, uint64_t cgroup)
{
	struct latch_container key = {};
	struct latch_grant grant = { .cgroup = cgroup }, present;
	int r;

	COPY_STRING(key.id, container);
	COPY_STRING(grant.image, image);
	/* One that is there may be in use: its scope must not be forgotten. */
	r = map_update(maps->grants, &key, &grant, BPF_NOEXIST);
	if (r != -EEXIST)
		return r;
	r = map_lookup(maps->grants, &key, &present);
	if (r < 0 || present.cgroup || !cgroup)
		return r;
	return map_update(maps->grants, &key, &grant, BPF_EXIST);
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

static void visit_grant(int map, const union map_key *key, const void *context)
{
	const struct grant_visit *visit = context;
	struct latch_container container = key->container;
	struct latch_grant grant;

	if (map_lookup(map, key, &grant))
		return;
	container.id[sizeof(container.id) - 1] = 0;
	visit->each(container.id, grant.cgroup != 0, visit->context);
}

void maps_each_grant(const struct maps *maps,
	void (*each)(const char *container, bool used, void *context), void *context)
{
	const struct grant_visit visit = { each, context };

	map_each_key(maps->grants, visit_grant, &visit);
}

static int tag_scope(const struct maps *maps, uint64_t cgroup, struct latch_scope scope,
	const char *container, __u64 flags)
{
	__u64 key = cgroup;

	COPY_STRING(scope.container, container);
	return map_update(maps->cgroups, &key, &scope, flags);
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
	if (!map_lookup(maps->grants, &grant_key, &grant) && grant.cgroup) {
		key = grant.cgroup;
		if (!map_lookup(maps->cgroups, &key, &scope)) {
			*cgroup = key;
			*tag = scope.tag;
			return 0;
		}
	}
	while (!bpf_map_get_next_key(maps->cgroups, previous, &key)) {
		previous = &key;
		if (map_lookup(maps->cgroups, &key, &scope) || scope.nested ||
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

static void distrust_unwanted(int map, const union map_key *key, const void *context)
{
	const struct trusted_ids *trusted = context;
	struct latch_scope scope;

	for (size_t i = 0; i < trusted->count; i++)
		if (trusted->ids[i] == key->id)
			return;
	if (!map_lookup(map, key, &scope) && scope.tag == LATCH_TAG_HOST)
		bpf_map_delete_elem(map, key);
}

void maps_distrust_others(const struct maps *maps, const uint64_t *keep, size_t count)
{
	const struct trusted_ids trusted = { keep, count };

	map_each_key(maps->cgroups, distrust_unwanted, &trusted);
}

void maps_count_scopes(const struct maps *maps, unsigned int counts[LATCH_TAG_CONTAINED + 1])
{
	__u64 key, *previous = NULL;
	struct latch_scope scope;

	memset(counts, 0, (LATCH_TAG_CONTAINED + 1) * sizeof(*counts));
	while (!bpf_map_get_next_key(maps->cgroups, previous, &key)) {
		previous = &key;
		if (!map_lookup(maps->cgroups, &key, &scope) && scope.tag <= LATCH_TAG_CONTAINED)
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
		if (map_lookup(maps->cgroups, &key, &scope) || scope.tag > LATCH_TAG_CONTAINED)
			continue;
		scope.container[LATCH_ID_HEX] = 0;
		each(key, scope.tag, scope.container, context);
	}
}
