// SPDX-License-Identifier: GPL-2.0-only
/*
 * latch's processes and BPF objects, and every process that may do more than a container may.
 *
 * A container in the host's pid namespace could end latchd, take a descriptor from it, or make a
 * process that holds a grant say what it is not allowed to say itself. None of it is needed by anybody
 * to look: reading another process, as ps and monitoring agents do, stays as it was, but for latch's own.
 */
#include "protect.bpf.h"
#include <bpf/bpf_tracing.h>

/* By the mark on its leader, as subject_of_current() knows it. */
static __always_inline bool is_latch(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct latch_task *label = leader ? bpf_task_storage_get(&latch_tasks, leader, 0, 0) : NULL;

	return label && label->self;
}

SEC("lsm/task_kill")
int BPF_PROG(latch_signal, struct task_struct *target, void *info, int signal)
{
	if (!signal || !is_latch(target))
		return 0;
	return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_PROCESS));
}

SEC("lsm/task_setrlimit")
int BPF_PROG(latch_setrlimit, struct task_struct *target)
{
	if (!is_latch(target))
		return 0;
	return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_PROCESS));
}

SEC("lsm/task_setscheduler")
int BPF_PROG(latch_schedule, struct task_struct *target)
{
	if (!is_latch(target))
		return 0;
	return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_PROCESS));
}

/* Is the cgroup this scope, or below it? */
static __noinline bool cgroup_is_below(struct cgroup *cgrp, __u64 scope)
{
	int level = BPF_CORE_READ(cgrp, level);

	if (!scope || level < 0 || level >= MAX_CGROUP_DEPTH)
		return false;
	for (int i = 0; i < MAX_CGROUP_DEPTH; i++) {
		struct cgroup *ancestor;

		if (i > level)
			break;
		ancestor = cgroup_ancestor_at(cgrp, level - i);
		if (BPF_CORE_READ(ancestor, kn, id) == scope)
			return true;
	}
	return false;
}

/*
 * May the caller, which is in `scope`, act through this task? Its own are those of its scope and of the
 * scopes below it: an engine in an allowed container rules its containers. One that is contained has
 * nothing that another container could want.
 */
static __always_inline bool may_act_through(__u64 scope, struct task_struct *target)
{
	struct cgroup *cgrp = BPF_CORE_READ(target, cgroups, dfl_cgrp);
	__u64 nearest;
	__u32 tag;

	if (cgroup_is_below(cgrp, scope))
		return true;
	tag = scope_of_cgroup(cgrp, &nearest);
	return (tag == LATCH_TAG_NONE ? tag_of_unclaimed(target) : tag) == LATCH_TAG_CONTAINED;
}

/* ptrace(2), pidfd_getfd(2), process_vm_writev(2), /proc/PID/mem, and with READ the rest of /proc/PID. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(latch_trace, struct task_struct *target, unsigned int mode)
{
	struct subject subject = {};

	if (is_latch(target))
		return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_PROCESS));
	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	subject_of_current(&subject);
	if (subject.tag <= LATCH_TAG_HOST || may_act_through(subject.scope, target))
		return 0;
	return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_TRACE));
}

/* "latch_...", or what libbpf makes of the object's own name ("latch.rodata"). A name only refuses. */
static __always_inline bool is_latch_name(const char *name)
{
	return name[0] == 'l' && name[1] == 'a' && name[2] == 't' && name[3] == 'c' &&
	       name[4] == 'h' && (name[5] == '_' || name[5] == '.' || !name[5]);
}

SEC("lsm/bpf_map")
int BPF_PROG(latch_bpf_map, struct bpf_map *map)
{
	char name[sizeof(map->name)];

	bpf_probe_read_kernel(name, sizeof(name), map->name);
	if (!is_latch_name(name))
		return 0;
	return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_BPF));
}

SEC("lsm/bpf_prog")
int BPF_PROG(latch_bpf_prog, struct bpf_prog *prog)
{
	struct bpf_prog_aux *aux = prog->aux;
	char name[sizeof(aux->name)];

	bpf_probe_read_kernel(name, sizeof(name), aux->name);
	if (!is_latch_name(name))
		return 0;
	return hook_return(refuse_container(0, LATCH_REASON_PROTECTED_BPF));
}

char LICENSE[] SEC("license") = "GPL";
