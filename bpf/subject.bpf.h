/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is a task? The one answer that every program of this folder uses.
 *
 * A task belongs to the nearest ancestor of its cgroup that is tagged as a container scope. What it
 * carries in its task storage can only make the answer stricter: a task that was once in a scope
 * stays of that scope when it is moved out. A task that no scope claims is the host's, unless it is
 * outside the initial pid namespace or a tag was lost. So is one in a cgroup that the administrator trusts,
 * whatever namespaces it has. latch's own processes are known by a mark on their group leader.
 *
 * Not asked here: names, paths, user ids, process ids. None of them says who somebody is.
 */
#ifndef LATCH_SUBJECT_BPF_H
#define LATCH_SUBJECT_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

#define MAX_CGROUP_DEPTH 48

struct subject {
	__u64 scope;  /* the container scope it belongs to; 0: none */
	__u64 cgroup; /* where it is */
	__u32 tag;    /* HOST, ALLOWED or CONTAINED */
	bool self;    /* latch's own process */
	bool unclaimed; /* nothing says that it is of a container, but that a tag was lost may hide one */
};

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&latch_counters, &counter);

	if (value)
		(*value)++;
}

static __always_inline struct latch_state *state_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&latch_state, &zero);
}

/* A lookup in an array of one cannot fail; should it ever, the gate stays shut. */
static __always_inline __u32 mode_now(void)
{
	struct latch_state *state = state_get();

	return state ? state->mode : LATCH_MODE_ENFORCE;
}

/* A mode that is not known here enforces. */
static __always_inline bool enforcing(void)
{
	__u32 mode = mode_now();

	return mode != LATCH_MODE_OFF && mode != LATCH_MODE_AUDIT;
}

/* Nothing is refused, and what would be is said. */
static __always_inline bool auditing(void)
{
	return mode_now() == LATCH_MODE_AUDIT;
}

/* From now on a caller without a tag counts as contained: one whose tag was lost may be among them. */
static __always_inline void set_incomplete(void)
{
	__u32 zero = 0;
	__u32 *incomplete = bpf_map_lookup_elem(&latch_incomplete, &zero);

	if (incomplete)
		*incomplete = 1;
}

static __always_inline bool is_default_hierarchy(struct cgroup *cgrp)
{
	/* Named cgroup-v1 hierarchies re-use the low ids of cgroup2's. */
	return BPF_CORE_READ(cgrp, root, hierarchy_id) == 0;
}

static __always_inline bool is_incomplete(void)
{
	__u32 zero = 0;
	__u32 *incomplete = bpf_map_lookup_elem(&latch_incomplete, &zero);

	/* A lookup in an array of one cannot fail; should it ever, nobody passes for want of a tag. */
	return !incomplete || *incomplete;
}

/*
 * What a tag says of a cgroup below its own that has none. After a tag was lost that cgroup may be a
 * container in a container, which must not pass for the outer one; and below a cgroup that is trusted, one
 * that nobody claims.
 */
static __always_inline __u32 tag_below(__u32 tag)
{
	if (!is_incomplete())
		return tag;
	return tag == LATCH_TAG_HOST ? LATCH_TAG_NONE : LATCH_TAG_CONTAINED;
}

/*
 * The nearest tagged ancestor of a cgroup, itself included. Returns its tag and sets *scope; LATCH_TAG_HOST
 * and 0 below one that is trusted, LATCH_TAG_NONE and 0 where there is none.
 */
static __noinline __u32 scope_of_cgroup(struct cgroup *cgrp, __u64 *scope)
{
	int level = BPF_CORE_READ(cgrp, level);

	if (!scope)
		return LATCH_TAG_CONTAINED;
	*scope = 0;
	if (level < 0 || level >= MAX_CGROUP_DEPTH) {
		/* Nobody needs a tree this deep but who wants to hide from the walk: contained. */
		count(LATCH_COUNT_TOO_DEEP);
		return LATCH_TAG_CONTAINED;
	}
	for (int i = 0; i < MAX_CGROUP_DEPTH; i++) {
		struct latch_scope *entry;
		struct cgroup *ancestor;
		__u64 id;

		if (i > level)
			break;
		ancestor = cgroup_ancestor_at(cgrp, level - i);
		id = BPF_CORE_READ(ancestor, kn, id);
		entry = bpf_map_lookup_elem(&latch_cgroups, &id);
		if (entry) {
			/* One that is trusted is no scope of its own: it is of the host's class. */
			*scope = entry->tag == LATCH_TAG_HOST ? 0 : id;
			return i ? tag_below(entry->tag) : entry->tag;
		}
	}
	return LATCH_TAG_NONE;
}

static __always_inline __u32 tag_of_scope(__u64 scope)
{
	struct latch_scope *entry = bpf_map_lookup_elem(&latch_cgroups, &scope);

	/* The scope is gone and a task that came from it is not: nothing vouches for it any more. */
	return entry ? entry->tag : LATCH_TAG_CONTAINED;
}

static __always_inline __u32 stricter(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

/* A task that no scope claims. */
static __always_inline __u32 tag_of_unclaimed(struct task_struct *task)
{
	if (is_incomplete())
		return LATCH_TAG_CONTAINED;
	if (BPF_CORE_READ(task, thread_pid, level) != 0)
		return LATCH_TAG_CONTAINED;
	return LATCH_TAG_HOST;
}

/* Makes `subject` as strict as what a task carries says. */
static __always_inline void apply_label(struct subject *subject, const struct latch_task *label)
{
	if (!label)
		return;
	if (label->scope || label->sticky)
		subject->unclaimed = false;
	if (label->scope && !subject->scope) {
		subject->scope = label->scope;
		subject->tag = stricter(subject->tag, tag_of_scope(label->scope));
	} else if (label->scope && label->scope != subject->scope) {
		subject->tag = stricter(subject->tag, tag_of_scope(label->scope));
	}
	subject->tag = stricter(subject->tag, label->sticky);
}

/*
 * May it look at latch and end it? After a tag was lost the host counts as contained, and somebody must be
 * able to mend that. latchd looks at the names of such a caller's cgroups, which can only refuse.
 */
static __always_inline bool rules_latch(const struct subject *subject)
{
	return subject->tag <= LATCH_TAG_HOST || subject->unclaimed;
}

static __always_inline void subject_of_current(struct subject *subject)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *leader = task->group_leader;
	struct cgroup *cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct latch_task *label;
	__u32 tag;

	subject->self = false;
	subject->cgroup = BPF_CORE_READ(cgrp, kn, id);
	tag = scope_of_cgroup(cgrp, &subject->scope);
	subject->tag = tag == LATCH_TAG_NONE ? tag_of_unclaimed(task) : tag;
	subject->unclaimed = tag == LATCH_TAG_NONE && BPF_CORE_READ(task, thread_pid, level) == 0;
	apply_label(subject, bpf_task_storage_get(&latch_tasks, task, 0, 0));
	if (!leader)
		return;
	/*
	 * The leader's label counts for every thread: when a whole process moves, the kernel
	 * reports the move of its leader alone.
	 */
	label = bpf_task_storage_get(&latch_tasks, leader, 0, 0);
	apply_label(subject, label);
	/* A process of latch that ends up in a container is latch's no longer; that a tag was lost moves none. */
	if (label && label->self && rules_latch(subject))
		subject->self = true;
}

#endif
