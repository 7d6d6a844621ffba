// SPDX-License-Identifier: Apache-2.0
/*
 * The allow-list of system calls. Who takes the parser over finds nothing here to begin with: no
 * program can be started, no file opened or named, no descriptor taken from another process or
 * received from one, no memory made executable, no process seen or signalled, no other kind of socket
 * made. The one name of a file that is left is connect's, which a filter cannot read: for that the process
 * has no other root than the folder of the engine's socket (privileges.c).
 *
 * It is loaded when all that needs more is done: the loop and its descriptors are there, and the
 * thread that reads bodies runs, so that no thread is ever made again.
 *
 * Not here because nobody asks: sendmsg and recvmsg (descriptors are never passed), mprotect (what the
 * loader made read-only stays so), prctl, stat in any form, getsockopt, clone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "syscall_filter.h"
#include "util.h"

/* What the kernel reads of an `int`: the other half of the register may hold anything. */
#define INT_MASK 0xffffffffu

#define IS(argument, value)                                                                        \
	{                                                                                          \
		(argument), SCMP_CMP_MASKED_EQ, INT_MASK, (value)                                  \
	}
#define HAS(argument, mask, value)                                                                 \
	{                                                                                          \
		(argument), SCMP_CMP_MASKED_EQ, (mask), (value)                                    \
	}
#define IS_NULL(argument)                                                                          \
	{                                                                                          \
		(argument), SCMP_CMP_EQ, 0, 0                                                      \
	}
/* No pid is that high; the process's own takes its place when the filter is made. */
#define OWN_PID 0xfffffffeu

#define STREAM_TYPE (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define FUTEX_KIND  (INT_MASK & FUTEX_CMD_MASK) /* private or not, either clock */
#define MAP_KIND    (MAP_TYPE | MAP_ANONYMOUS | MAP_FIXED | MAP_FIXED_NOREPLACE)

/* clang-format off: a row is a line, or two where its arguments matter */
static const struct syscall_rule rules[] = {
	/* Clients and the engine. */
	{SCMP_SYS(read), "bytes of clients and of the engine; the loop's own pipe", {}},
	{SCMP_SYS(write), "bytes to them; lines of the log; the loop's own eventfd and pipe", {}},
	{SCMP_SYS(writev), "a head and what follows it, in one go", {}},
	{SCMP_SYS(accept4), "a client comes", {}},
	{SCMP_SYS(socket), "to the engine; no other family, and no other type: netlink, packet, vsock, inet",
		{IS(0, AF_UNIX), IS(1, STREAM_TYPE), IS(2, 0)}},
	{SCMP_SYS(connect), "to the engine; which path is not seen from here", {}},
	{SCMP_SYS(shutdown), "passes on that one side has said all", {IS(1, SHUT_WR)}},
	{SCMP_SYS(close), "a client goes", {}},
	{SCMP_SYS(poll), "whether the other end is still there, before a connection is used again", {}},
	{SCMP_SYS(getpeername), "--as named takes a client for what its socket is called; for tests", {}},
	{SCMP_SYS(fcntl), "libuv asks in which directions a descriptor is open", {IS(1, F_GETFL)}},
	{SCMP_SYS(fcntl), "the listener's reserve for when descriptors run out", {IS(1, F_DUPFD_CLOEXEC)}},
	{SCMP_SYS(ioctl), "libuv makes a descriptor non-blocking; no other request", {IS(1, FIONBIO)}},

	/* latchd and the kernel's maps. */
	{SCMP_SYS(sendto), "questions and reports; not to an address", {IS_NULL(4)}},
	{SCMP_SYS(recvfrom), "answers", {}},
	{SCMP_SYS(bpf), "who a client is, and the verdicts; no other command: no update, no program, no pin",
		{IS(0, BPF_MAP_LOOKUP_ELEM)}},

	/* The loop. */
	{SCMP_SYS(epoll_wait), "waits, with libuv up to 1.44", {}},
	{SCMP_SYS(epoll_pwait), "waits, with libuv from 1.45 on", {}},
	{SCMP_SYS(epoll_ctl), "what it waits for", {}},
	{SCMP_SYS(clock_gettime), "timers, where the clock cannot be read without the kernel", {}},
	{SCMP_SYS(sched_yield), "libuv, while another thread is about to wake the loop", {}},
	{SCMP_SYS(restart_syscall), "the kernel goes on with a wait after the process was stopped", {}},

	/* Memory: never executable, never a file's, never over what is there. */
	{SCMP_SYS(brk), "malloc", {}},
	{SCMP_SYS(mmap), "malloc, of large pieces",
		{HAS(2, INT_MASK & ~(PROT_READ | PROT_WRITE), 0), HAS(3, MAP_KIND, MAP_PRIVATE | MAP_ANONYMOUS)}},
	{SCMP_SYS(munmap), "free, of large pieces; the stack of the thread that ended", {}},
	{SCMP_SYS(mremap), "realloc, of large pieces; not to a given place", {IS(3, MREMAP_MAYMOVE)}},
	{SCMP_SYS(madvise), "the stack of a thread that ends", {IS(2, MADV_DONTNEED)}},
	{SCMP_SYS(getrandom), "seeds of libraries' hash tables, which must not open /dev/urandom", {}},

	/* Between the loop and the thread that reads bodies; no requeueing, no priorities. */
	{SCMP_SYS(futex), "a mutex or a condition is waited for", {HAS(1, FUTEX_KIND, FUTEX_WAIT)}},
	{SCMP_SYS(futex), "the same, to a point in time or to a thread's end", {HAS(1, FUTEX_KIND, FUTEX_WAIT_BITSET)}},
	{SCMP_SYS(futex), "who waits is woken", {HAS(1, FUTEX_KIND, FUTEX_WAKE)}},

	/* The end. */
	{SCMP_SYS(rt_sigprocmask), "libuv blocks signals while it changes what it does on one", {}},
	{SCMP_SYS(rt_sigaction), "libuv gives SIGTERM back; no other signal", {IS(0, SIGTERM)}},
	{SCMP_SYS(rt_sigreturn), "back from the handler of SIGTERM", {}},
	{SCMP_SYS(exit), "the thread that reads bodies ends", {}},
	{SCMP_SYS(exit_group), "the process ends", {}},
	{SCMP_SYS(getpid), "abort: whom to signal", {}},
	{SCMP_SYS(gettid), "abort: which thread", {}},
	{SCMP_SYS(tgkill), "abort, so that a failed check ends as one; no other signal and no other process",
		{IS(0, OWN_PID), IS(2, SIGABRT)}},
};
/* clang-format on */

const struct syscall_rule *syscall_filter_rules(size_t *count)
{
	*count = ARRAY_SIZE(rules);
	return rules;
}

static int add_rule(scmp_filter_ctx filter, const struct syscall_rule *rule)
{
	struct scmp_arg_cmp conditions[SYSCALL_CONDITIONS];
	unsigned count = 0;

	for (size_t i = 0; i < SYSCALL_CONDITIONS; i++) {
		if (!rule->conditions[i].op)
			continue;
		conditions[count] = rule->conditions[i];
		if (conditions[count].datum_b == OWN_PID)
			conditions[count].datum_b = getpid();
		count++;
	}
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->number, count, conditions);
}

static int set_attributes(scmp_filter_ctx filter)
{
	static const struct {
		enum scmp_filter_attr attribute;
		uint32_t value;
	} attributes[] = {
		/* What comes through another ABI has other numbers: 32-bit, x32. */
		{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
		/* The thread that reads bodies runs already. */
		{SCMP_FLTATR_CTL_TSYNC, 1},
		/* Otherwise who started this process without no_new_privs would get a filter set all the same. */
		{SCMP_FLTATR_CTL_NNP, 0},
		/* A search by halves: the calls are made for every piece of a stream. */
		{SCMP_FLTATR_CTL_OPTIMIZE, 2},
		/* The kernel's own errno, for the one who reads the log. */
		{SCMP_FLTATR_API_SYSRAWRC, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		int r = seccomp_attr_set(filter, attributes[i].attribute, attributes[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int fill(scmp_filter_ctx filter, const char **step)
{
	int r;

	*step = "preparing the filter of system calls";
	r = set_attributes(filter);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++)
		r = add_rule(filter, &rules[i]);
	if (r < 0)
		return r;
	*step = "loading the filter of system calls";
	return seccomp_load(filter);
}

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||        \
	__has_feature(thread_sanitizer) || __has_feature(memory_sanitizer) || defined(LATCH_INSTRUMENTED)
#define INSTRUMENTED true /* reads /proc, starts threads and processes, maps memory where it likes */
#else
#define INSTRUMENTED false
#endif

int syscall_filter_load(const char **step)
{
	scmp_filter_ctx filter;
	int r;

	if (INSTRUMENTED) {
		/* Not closed: such a build is for tests, and is nothing that `make all` makes. */
		log_warning("built for a sanitizer or valgrind: system calls are not filtered");
		return 0;
	}
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		*step = "preparing the filter of system calls";
		return -ENOMEM;
	}
	r = fill(filter, step);
	seccomp_release(filter);
	return r;
}
