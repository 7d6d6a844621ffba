// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which cgroups are containers, and which tasks come from one.
 *
 * A cgroup that is named as engines name their containers' is tagged when it is made, before a
 * process can be in it: ALLOWED if a free grant holds its id, the host made it and no container
 * is above it; CONTAINED otherwise. A task carries the scope it was seen in, and so do the tasks it
 * forks: leaving the cgroup frees nobody. What cannot be stored sets `incomplete` in the state map,
 * and from then on untagged callers count as contained.
 *
 * Not decided here: which images earn a grant. latchd writes the grants before it lets the engine
 * start a container.
 */
#include "event.bpf.h"
#include <bpf/bpf_tracing.h>

#define SCOPE_SUFFIX	  ".scope"
#define SCOPE_SUFFIX_SIZE (sizeof(SCOPE_SUFFIX) - 1)
/* "cri-containerd-<64 hex>.scope" is the longest in use; a longer one is no engine's. */
#define CGROUP_NAME_SIZE 128

static __always_inline bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/*
 * The container id in a cgroup's name: "<64 hex>" as the cgroupfs driver has it, or
 * "<anything>-<64 hex>.scope" as systemd's. Returns false for every other name.
 */
static __noinline bool container_id_of(struct cgroup *cgrp, struct latch_container *container)
{
	char name[CGROUP_NAME_SIZE] = {};
	const char *kernel_name = BPF_CORE_READ(cgrp, kn, name);
	long length = bpf_probe_read_kernel_str(name, sizeof(name), kernel_name) - 1;
	long start = length - LATCH_ID_HEX;

	if (!container || start < 0)
		return false;
	if (start > 0) {
		start -= SCOPE_SUFFIX_SIZE;
		/* One byte in front of the id, at least: the '-' behind the engine's prefix. */
		if (start < 1 || start >= (long)(CGROUP_NAME_SIZE - LATCH_ID_HEX - SCOPE_SUFFIX_SIZE))
			return false;
		for (unsigned int i = 0; i < SCOPE_SUFFIX_SIZE; i++)
			if (name[(start + LATCH_ID_HEX + i) & (CGROUP_NAME_SIZE - 1)] != SCOPE_SUFFIX[i])
				return false;
		if (name[(start - 1) & (CGROUP_NAME_SIZE - 1)] != '-')
			return false;
	}
	for (int i = 0; i < LATCH_ID_HEX; i++) {
		char c = name[(start + i) & (CGROUP_NAME_SIZE - 1)];

		if (!is_hex(c))
			return false;
		container->id[i] = c;
	}
	return true;
}

/* Takes the grant of a container for this scope; false where there is none or it is in use. */
static __always_inline bool claim_grant(const struct latch_container *container, __u64 scope)
{
	struct latch_grant *grant = bpf_map_lookup_elem(&latch_grants, container);

	return grant && __sync_val_compare_and_swap(&grant->cgroup, 0, scope) == 0;
}

static __always_inline void release_grant(const char *id, __u64 scope)
{
	struct latch_container container = {};
	struct latch_grant *grant;

	__builtin_memcpy(container.id, id, sizeof(container.id));
	grant = bpf_map_lookup_elem(&latch_grants, &container);
	if (grant)
		__sync_val_compare_and_swap(&grant->cgroup, scope, 0);
}

static __always_inline void report(__u16 type, __u64 scope, __u32 tag, const char *container)
{
	struct subject subject = { .scope = scope, .cgroup = scope, .tag = tag };
	struct latch_event *event = event_begin(type, &subject);

	if (!event)
		return;
	__builtin_memcpy(event->container, container, sizeof(event->container));
	bpf_ringbuf_submit(event, 0);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(latch_mkdir, struct cgroup *cgrp, const char *path)
{
	struct latch_container container = {};
	struct latch_scope scope = { .tag = LATCH_TAG_CONTAINED };
	struct subject maker = {};
	__u64 id, above;

	if (!is_default_hierarchy(cgrp) || !container_id_of(cgrp, &container))
		return 0;
	id = BPF_CORE_READ(cgrp, kn, id);
	__builtin_memcpy(scope.container, container.id, sizeof(scope.container));
	subject_of_current(&maker);
	/* Any name can be given to a cgroup: latchd must not find this one when it looks for the id. */
	scope.nested = maker.tag != LATCH_TAG_HOST || scope_of_cgroup(cgrp, &above) > LATCH_TAG_HOST;
	if (!scope.nested && claim_grant(&container, id))
		scope.tag = LATCH_TAG_ALLOWED;
	if (bpf_map_update_elem(&latch_cgroups, &id, &scope, BPF_ANY)) {
		/* The map is full: this scope has no tag, so no untagged caller is trusted. */
		count(LATCH_COUNT_SCOPE_FAILED);
		set_incomplete();
		/* Nothing will tell when this scope is gone, and the grant must be free then. */
		release_grant(container.id, id);
		return 0;
	}
	count(LATCH_COUNT_SCOPE_TAGGED);
	report(LATCH_EVENT_TAG, id, scope.tag, scope.container);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(latch_rmdir, struct cgroup *cgrp, const char *path)
{
	struct latch_scope *entry, gone;
	__u64 id;

	if (!is_default_hierarchy(cgrp))
		return 0;
	id = BPF_CORE_READ(cgrp, kn, id);
	entry = bpf_map_lookup_elem(&latch_cgroups, &id);
	if (!entry)
		return 0;
	__builtin_memcpy(&gone, entry, sizeof(gone));
	bpf_map_delete_elem(&latch_cgroups, &id);
	release_grant(gone.container, id);
	count(LATCH_COUNT_SCOPE_UNTAGGED);
	report(LATCH_EVENT_UNTAG, id, gone.tag, gone.container);
	return 0;
}

/*
 * Writes on `task` that it is in `cgrp`, given what it carried so far. A task that leaves a
 * contained scope for another one stays contained, whatever the other one is.
 */
static __always_inline void label_task(
	struct task_struct *task, struct cgroup *cgrp, const struct latch_task *before)
{
	struct latch_task label = {};
	struct latch_task *stored;
	__u64 scope;

	if (before) {
		label.scope = before->scope;
		label.sticky = before->sticky;
	}
	if (scope_of_cgroup(cgrp, &scope) != LATCH_TAG_NONE && scope != label.scope) {
		if (label.scope)
			label.sticky = stricter(label.sticky, tag_of_scope(label.scope));
		label.scope = scope;
	}
	if (!label.scope && !label.sticky)
		return; /* the host's, and never anything else */
	stored = bpf_task_storage_get(&latch_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!stored) {
		count(LATCH_COUNT_TASK_FAILED);
		set_incomplete();
		return;
	}
	stored->scope = label.scope;
	stored->sticky = label.sticky;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(latch_attach, struct cgroup *cgrp, const char *path, struct task_struct *task,
	bool threadgroup)
{
	if (!is_default_hierarchy(cgrp))
		return 0;
	label_task(task, cgrp, bpf_task_storage_get(&latch_tasks, task, 0, 0));
	return 0;
}

/*
 * The child is in its cgroup and has not run yet. It can be another one than its parent's
 * (CLONE_INTO_CGROUP), which no other event tells.
 */
static __always_inline int inherit(struct task_struct *parent, struct task_struct *child)
{
	struct cgroup *cgrp = BPF_CORE_READ(child, cgroups, dfl_cgrp);

	label_task(child, cgrp, bpf_task_storage_get(&latch_tasks, parent, 0, 0));
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(latch_fork, struct task_struct *parent, struct task_struct *child)
{
	return inherit(parent, child);
}

/*
 * The same once more, for kernels that preempt programs: they leave out one that runs already on the
 * CPU (request.bpf.c, is_taken). The other tracepoints here come with a spin lock held.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(latch_fork2, struct task_struct *parent, struct task_struct *child)
{
	return inherit(parent, child);
}

char LICENSE[] SEC("license") = "GPL";
