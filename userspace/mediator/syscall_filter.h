/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls the process may make once it serves clients.
 */
#ifndef LATCH_MEDIATOR_SYSCALL_FILTER_H
#define LATCH_MEDIATOR_SYSCALL_FILTER_H

#include <seccomp.h>
#include <stddef.h>

#define SYSCALL_CONDITIONS 3

/* One row: a call, what its arguments must be (all of it), and what the mediator needs it for. */
struct syscall_rule {
	int number;
	const char *reason;
	struct scmp_arg_cmp conditions[SYSCALL_CONDITIONS]; /* those without an operator are none */
};

/* The rows, for the tests; a call may have several, of which one must fit. */
const struct syscall_rule *syscall_filter_rules(size_t *count);

/*
 * From here on any other call, and any call of another architecture's ABI, kills the process: in all of
 * its threads, those that run already too. Nothing undoes it. no_new_privs must be set. Returns 0, or a
 * negative errno and in *step what failed; the process must end then. In a build with a sanitizer that
 * makes calls of its own nothing is loaded, and standard error says so.
 */
int syscall_filter_load(const char **step);

#endif
