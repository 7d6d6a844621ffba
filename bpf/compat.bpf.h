/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, one function a difference, each with the version that brought it,
 * and the one way in which a program refuses.
 */
#ifndef LATCH_COMPAT_BPF_H
#define LATCH_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The return value of an int hook. From 6.12 on the verifier wants proof that it lies in
 * [-4095, 0], and clang folds plain branches into arithmetic that it cannot follow; so the value
 * must pass through here, opaque to the compiler, and both ends are checked.
 */
static __always_inline int hook_return(int error)
{
	barrier_var(error);
	if (error < -4095 || error > 0)
		return -EPERM; /* not reached; refuses if it ever is */
	return error;
}

/*
 * The ancestor of a cgroup at a level that is at most its own. An array in the struct since 6.1;
 * the index is not a constant, so the element's address is computed from the array's offset.
 */
static __always_inline struct cgroup *cgroup_ancestor_at(struct cgroup *cgrp, int level)
{
	struct cgroup *ancestor = NULL;
	void *array = (void *)cgrp + bpf_core_field_offset(struct cgroup, ancestors);

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor), array + level * sizeof(ancestor));
	return ancestor;
}

#endif
