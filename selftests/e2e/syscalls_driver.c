// SPDX-License-Identifier: Apache-2.0
/*
 * The mediator's filter of system calls, call by call: each is made in a child of its own that has
 * loaded the very filter. What is forbidden must end the child with SIGSYS, and do nothing of the kind
 * without the filter; what is allowed must work. Every row of the filter has its call here, so one more
 * and one fewer are both seen.
 *
 * Where the filter fails nothing happens to this machine: each forbidden call has arguments with which it
 * does nothing, or nothing outside of the child.
 *
 * usage: syscalls_driver                                TAP
 *        syscalls_driver --without-seccomp PROGRAM...   starts a program that can load no filter
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "syscall_filter.h"
#include "util.h"

#define NOWHERE	    "/nonexistent/latch"
#define SURVIVED    0
#define DID_NOT_DO  3  /* the call came through, and not as it should */
#define NOT_LOADED  4
#define SECONDS	    20 /* until a child that hangs is ended */
#define LAST_NUMBER 600

/* What the calls need, and what only can be had without the filter. */
struct things {
	int pair[2];
	int sequenced[2]; /* as latchd's */
	int listener;
	int epoll;
	int file; /* of an executable */
	void *page;
	uint32_t word;
	struct sockaddr_un address; /* of the listener, an abstract one */
	socklen_t address_length;
	pthread_t thread;
};

static struct things it;
static int tests, failed;

typedef bool (*call_fn)(void);

static void say(bool good, const char *format, const char *what, const char *why)
{
	tests++;
	failed += !good;
	printf("%s %d - ", good ? "ok" : "not ok", tests);
	printf(format, what);
	printf("\n");
	if (!good && why)
		printf("# %s\n", why);
}

/* --- what is made before the filter --- */

static void listen_somewhere(void)
{
	it.address.sun_family = AF_UNIX;
	/* The kernel chooses an abstract name. */
	it.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(it.listener, (struct sockaddr *)&it.address, sizeof(sa_family_t));
	it.address_length = sizeof(it.address);
	getsockname(it.listener, (struct sockaddr *)&it.address, &it.address_length);
	listen(it.listener, 8);
}

static void prepare(void)
{
	it.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	it.epoll = epoll_create1(EPOLL_CLOEXEC);
	it.file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	listen_somewhere();
	if (it.page == MAP_FAILED || it.epoll < 0 || it.file < 0 || it.listener < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, it.pair) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, it.sequenced))
		_exit(DID_NOT_DO);
}

/* --- children --- */

static int load(void)
{
	const char *step;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall_filter_load(&step);
}

/* Returns what waitpid says of a child that makes the call. */
static int run_child(call_fn call, bool filtered)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {0};

		setrlimit(RLIMIT_CORE, &none);
		alarm(SECONDS);
		prepare();
		if (filtered && load() < 0)
			_exit(NOT_LOADED);
		_exit(call() ? SURVIVED : DID_NOT_DO);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static bool died_of(int status, int signal)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

static bool ended_with(int status, int code)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static const char *describe(int status)
{
	static char text[64];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (ended_with(status, NOT_LOADED))
		snprintf(text, sizeof(text), "the filter was not loaded");
	else
		snprintf(text, sizeof(text), "the call came through, status %d", WEXITSTATUS(status));
	return text;
}

/* --- what is allowed: one call for each row of the filter, by the row's call --- */

static bool allowed_read(void)
{
	char byte;

	return write(it.pair[0], "x", 1) == 1 && read(it.pair[1], &byte, 1) == 1 && byte == 'x';
}

static bool allowed_write(void)
{
	return write(it.pair[0], "x", 1) == 1;
}

static bool allowed_writev(void)
{
	return writev(it.pair[0], (struct iovec[]){{"ab", 2}, {"c", 1}}, 2) == 3;
}

static bool allowed_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0;
}

static bool allowed_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return connect(fd, (struct sockaddr *)&it.address, it.address_length) == 0;
}

static bool allowed_accept(void)
{
	return allowed_connect() && accept4(it.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) >= 0;
}

static bool allowed_shutdown(void)
{
	char byte;

	return shutdown(it.pair[0], SHUT_WR) == 0 && read(it.pair[1], &byte, 1) == 0;
}

static bool allowed_close(void)
{
	return close(it.pair[0]) == 0;
}

static bool allowed_poll(void)
{
	struct pollfd one = {.fd = it.pair[0], .events = POLLOUT};

	return poll(&one, 1, 0) == 1;
}

static bool allowed_getpeername(void)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);

	return getpeername(it.pair[0], (struct sockaddr *)&address, &length) == 0;
}

static bool allowed_direction(void)
{
	return (fcntl(it.pair[0], F_GETFL) & O_ACCMODE) == O_RDWR;
}

static bool allowed_duplicate(void)
{
	return fcntl(it.listener, F_DUPFD_CLOEXEC, 0) >= 0;
}

static bool allowed_nonblocking(void)
{
	return ioctl(it.pair[0], FIONBIO, &(int){1}) == 0;
}

static bool allowed_send(void)
{
	return send(it.sequenced[0], "question", 8, MSG_DONTWAIT | MSG_NOSIGNAL) == 8;
}

static bool allowed_receive(void)
{
	char reply[8];

	return allowed_send() && recv(it.sequenced[1], reply, sizeof(reply), MSG_DONTWAIT | MSG_TRUNC) == 8;
}

/* There is no map: what counts is that the kernel is asked. */
static bool allowed_lookup(void)
{
	union bpf_attr attr = {.map_fd = it.pair[0]};

	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0 && errno != ENOSYS;
}

static bool allowed_watch(void)
{
	return epoll_ctl(it.epoll, EPOLL_CTL_ADD, it.pair[0], &(struct epoll_event){.events = EPOLLOUT}) == 0;
}

static bool allowed_wait(void)
{
	struct epoll_event event;

	return allowed_watch() && syscall(SYS_epoll_wait, it.epoll, &event, 1, 100) == 1;
}

static bool allowed_wait_with_mask(void)
{
	struct epoll_event event;

	return allowed_watch() && syscall(SYS_epoll_pwait, it.epoll, &event, 1, 100, NULL, 8) == 1;
}

static bool allowed_clock(void)
{
	struct timespec now;

	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0;
}

static bool allowed_yield(void)
{
	return sched_yield() == 0;
}

static bool allowed_restart(void)
{
	return syscall(SYS_restart_syscall) < 0 && errno == EINTR;
}

static bool allowed_break(void)
{
	return sbrk(1 << 20) != (void *)-1;
}

static bool allowed_map(void)
{
	char *large = malloc(8 << 20);

	return large && (large[0] = 1);
}

static bool allowed_unmap(void)
{
	return munmap(it.page, 4096) == 0;
}

static bool allowed_remap(void)
{
	return mremap(it.page, 4096, 1 << 20, MREMAP_MAYMOVE) != MAP_FAILED;
}

static bool allowed_forget(void)
{
	return madvise(it.page, 4096, MADV_DONTNEED) == 0;
}

static bool allowed_random(void)
{
	char byte;

	return syscall(SYS_getrandom, &byte, 1, 0) == 1;
}

static bool allowed_futex_wait(void)
{
	return syscall(SYS_futex, &it.word, FUTEX_WAIT_PRIVATE, 1, NULL) < 0 && errno == EAGAIN;
}

static bool allowed_futex_wait_until(void)
{
	const int operation = FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME;

	return syscall(SYS_futex, &it.word, operation, 1, NULL, NULL, FUTEX_BITSET_MATCH_ANY) < 0 &&
	       errno == EAGAIN;
}

static bool allowed_futex_wake(void)
{
	return syscall(SYS_futex, &it.word, FUTEX_WAKE_PRIVATE, 1) == 0;
}

static bool allowed_mask(void)
{
	sigset_t all;

	sigfillset(&all);
	return pthread_sigmask(SIG_SETMASK, &all, NULL) == 0;
}

static bool allowed_give_back(void)
{
	return signal(SIGTERM, SIG_DFL) != SIG_ERR;
}

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
	(void)number;
	handled = 1;
}

/* The one signal that it can send itself, with a handler that abort does not have. */
static bool allowed_return(void)
{
	return syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGABRT) == 0 && handled;
}

static bool allowed_exit_group(void)
{
	syscall(SYS_exit_group, SURVIVED);
	return false;
}

/* The only thread's exit is the process's. */
static bool allowed_exit(void)
{
	syscall(SYS_exit, SURVIVED);
	return false;
}

static bool allowed_pid(void)
{
	return getpid() > 0;
}

static bool allowed_tid(void)
{
	return syscall(SYS_gettid) > 0;
}

static bool allowed_abort(void)
{
	abort();
}

static const struct allowed {
	int number;
	call_fn call;
	const char *what;
	int signal; /* that it ends with; 0: none */
} allowed[] = {
	{SYS_read, allowed_read, "reads from a socket", 0},
	{SYS_write, allowed_write, "writes to a socket", 0},
	{SYS_writev, allowed_writev, "writes pieces", 0},
	{SYS_accept4, allowed_accept, "accepts a client", 0},
	{SYS_socket, allowed_socket, "makes a stream socket for the engine", 0},
	{SYS_connect, allowed_connect, "connects to the engine", 0},
	{SYS_shutdown, allowed_shutdown, "ends its sending half", 0},
	{SYS_close, allowed_close, "closes", 0},
	{SYS_poll, allowed_poll, "asks whether the other end is there", 0},
	{SYS_getpeername, allowed_getpeername, "asks what the other end is called", 0},
	{SYS_fcntl, allowed_direction, "asks in which directions a descriptor is open", 0},
	{SYS_fcntl, allowed_duplicate, "duplicates a descriptor", 0},
	{SYS_ioctl, allowed_nonblocking, "makes a descriptor non-blocking", 0},
	{SYS_sendto, allowed_send, "sends a question to latchd", 0},
	{SYS_recvfrom, allowed_receive, "receives an answer of latchd", 0},
	{SYS_bpf, allowed_lookup, "looks up in a map", 0},
	{SYS_epoll_wait, allowed_wait, "waits on the loop", 0},
	{SYS_epoll_pwait, allowed_wait_with_mask, "waits on the loop as newer versions of libuv do", 0},
	{SYS_epoll_ctl, allowed_watch, "watches a descriptor", 0},
	{SYS_clock_gettime, allowed_clock, "reads the clock through the kernel", 0},
	{SYS_sched_yield, allowed_yield, "lets another thread go first", 0},
	{SYS_restart_syscall, allowed_restart, "goes on after it was stopped", 0},
	{SYS_brk, allowed_break, "grows its heap", 0},
	{SYS_mmap, allowed_map, "allocates a large piece", 0},
	{SYS_munmap, allowed_unmap, "frees a large piece", 0},
	{SYS_mremap, allowed_remap, "grows a large piece", 0},
	{SYS_madvise, allowed_forget, "gives the memory of a stack back", 0},
	{SYS_getrandom, allowed_random, "asks for randomness", 0},
	{SYS_futex, allowed_futex_wait, "waits for a mutex", 0},
	{SYS_futex, allowed_futex_wait_until, "waits for a condition", 0},
	{SYS_futex, allowed_futex_wake, "wakes who waits", 0},
	{SYS_rt_sigprocmask, allowed_mask, "blocks signals", 0},
	{SYS_rt_sigaction, allowed_give_back, "gives SIGTERM back", 0},
	{SYS_rt_sigreturn, allowed_return, "returns from a handler", 0},
	{SYS_exit, allowed_exit, "ends a thread", 0},
	{SYS_exit_group, allowed_exit_group, "ends", 0},
	{SYS_getpid, allowed_pid, "asks for its pid", 0},
	{SYS_gettid, allowed_tid, "asks for its thread's id", 0},
	{SYS_tgkill, allowed_abort, "aborts, and dies of that", SIGABRT},
};

/* --- what is forbidden, by class --- */

#define FORBIDDEN(name, ...)                                                                       \
	static bool forbidden_##name(void)                                                         \
	{                                                                                          \
		(void)syscall(__VA_ARGS__);                                                        \
		return true;                                                                       \
	}

FORBIDDEN(openat, SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY)
FORBIDDEN(open, SYS_open, "/dev/null", O_RDONLY)
FORBIDDEN(openat2, SYS_openat2, AT_FDCWD, NOWHERE, NULL, 0)
FORBIDDEN(creat, SYS_creat, NOWHERE, 0600)
FORBIDDEN(stat, SYS_stat, "/", it.page)
FORBIDDEN(newfstatat, SYS_newfstatat, AT_FDCWD, "/", it.page, 0)
FORBIDDEN(fstat, SYS_newfstatat, it.file, "", it.page, AT_EMPTY_PATH)
FORBIDDEN(statx, SYS_statx, AT_FDCWD, "/", 0, 0, it.page)
FORBIDDEN(access, SYS_access, "/", R_OK)
FORBIDDEN(readlink, SYS_readlink, "/proc/self/exe", it.page, 4096)
FORBIDDEN(getdents, SYS_getdents64, it.file, it.page, 4096)
FORBIDDEN(unlink, SYS_unlink, NOWHERE)
FORBIDDEN(unlinkat, SYS_unlinkat, AT_FDCWD, NOWHERE, 0)
FORBIDDEN(rename, SYS_rename, NOWHERE, NOWHERE)
FORBIDDEN(link, SYS_link, NOWHERE, NOWHERE "2")
FORBIDDEN(symlink, SYS_symlink, "x", NOWHERE)
FORBIDDEN(mkdir, SYS_mkdir, NOWHERE, 0700)
FORBIDDEN(mknod, SYS_mknod, NOWHERE, 0600, 0)
FORBIDDEN(chmod, SYS_chmod, NOWHERE, 0777)
FORBIDDEN(fchmod, SYS_fchmod, -1, 0777)
FORBIDDEN(chown, SYS_chown, NOWHERE, 0, 0)
FORBIDDEN(chdir, SYS_chdir, NOWHERE)
FORBIDDEN(handle, SYS_open_by_handle_at, -1, NULL, 0)
FORBIDDEN(inotify, SYS_inotify_init1, 0)
FORBIDDEN(fanotify, SYS_fanotify_init, 0, 0)
FORBIDDEN(execve, SYS_execve, NOWHERE, NULL, NULL)
FORBIDDEN(execveat, SYS_execveat, -1, "", NULL, NULL, AT_EMPTY_PATH)
FORBIDDEN(clone3, SYS_clone3, NULL, 0)
FORBIDDEN(ptrace, SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL)
FORBIDDEN(vm_readv, SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)
FORBIDDEN(vm_writev, SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0)
FORBIDDEN(pidfd_open, SYS_pidfd_open, getpid(), 0)
FORBIDDEN(pidfd_getfd, SYS_pidfd_getfd, -1, 0, 0)
FORBIDDEN(pidfd_signal, SYS_pidfd_send_signal, -1, 0, NULL, 0)
FORBIDDEN(kcmp, SYS_kcmp, getpid(), getpid(), 0, 0, 0)
FORBIDDEN(kill, SYS_kill, getppid(), 0)
FORBIDDEN(tkill, SYS_tkill, getpid(), 0)
FORBIDDEN(tgkill_other, SYS_tgkill, getppid(), getppid(), 0)
FORBIDDEN(tgkill_own, SYS_tgkill, getpid(), getpid(), 0)
FORBIDDEN(queueinfo, SYS_rt_sigqueueinfo, getppid(), 0, NULL)
FORBIDDEN(bpf_load, SYS_bpf, BPF_PROG_LOAD, NULL, 0)
FORBIDDEN(bpf_create, SYS_bpf, BPF_MAP_CREATE, NULL, 0)
FORBIDDEN(bpf_update, SYS_bpf, BPF_MAP_UPDATE_ELEM, NULL, 0)
FORBIDDEN(bpf_delete, SYS_bpf, BPF_MAP_DELETE_ELEM, NULL, 0)
FORBIDDEN(bpf_get, SYS_bpf, BPF_OBJ_GET, NULL, 0)
FORBIDDEN(mount, SYS_mount, NOWHERE, NOWHERE, NULL, 0, NULL)
FORBIDDEN(umount, SYS_umount2, NOWHERE, 0)
FORBIDDEN(fsopen, SYS_fsopen, NULL, 0)
FORBIDDEN(open_tree, SYS_open_tree, -1, NOWHERE, 0)
FORBIDDEN(move_mount, SYS_move_mount, -1, NOWHERE, -1, NOWHERE, 0)
FORBIDDEN(pivot_root, SYS_pivot_root, NOWHERE, NOWHERE)
FORBIDDEN(chroot, SYS_chroot, NOWHERE)
FORBIDDEN(unshare, SYS_unshare, 0)
FORBIDDEN(setns, SYS_setns, -1, 0)
FORBIDDEN(inet, SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
FORBIDDEN(inet6, SYS_socket, AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
FORBIDDEN(netlink, SYS_socket, AF_NETLINK, SOCK_RAW, 0)
FORBIDDEN(packet, SYS_socket, AF_PACKET, SOCK_RAW, 0)
FORBIDDEN(vsock, SYS_socket, AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
FORBIDDEN(datagram, SYS_socket, AF_UNIX, SOCK_DGRAM, 0)
FORBIDDEN(sequenced, SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
FORBIDDEN(socketpair, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, it.page)
FORBIDDEN(bind, SYS_bind, it.pair[0], NULL, 0)
FORBIDDEN(listen, SYS_listen, it.pair[0], 1)
FORBIDDEN(sendto_address, SYS_sendto, it.pair[0], "x", 1, 0, &it.address, sizeof(it.address))
FORBIDDEN(sendmsg, SYS_sendmsg, it.pair[0], NULL, 0)
FORBIDDEN(recvmsg, SYS_recvmsg, it.pair[0], NULL, 0)
FORBIDDEN(setsockopt, SYS_setsockopt, it.pair[0], SOL_SOCKET, SO_SNDBUF, NULL, 0)
FORBIDDEN(getsockopt, SYS_getsockopt, it.pair[0], SOL_SOCKET, SO_PEERCRED, it.page, it.page)
FORBIDDEN(splice, SYS_splice, -1, NULL, -1, NULL, 0, 0)
FORBIDDEN(mprotect_exec, SYS_mprotect, it.page, 4096, PROT_READ | PROT_EXEC)
FORBIDDEN(mprotect_write, SYS_mprotect, it.page, 4096, PROT_READ | PROT_WRITE)
FORBIDDEN(mmap_exec, SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
FORBIDDEN(mmap_file, SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, it.file, 0)
FORBIDDEN(mmap_shared, SYS_mmap, NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
FORBIDDEN(mmap_fixed, SYS_mmap, it.page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
FORBIDDEN(mremap_fixed, SYS_mremap, it.page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, NULL)
FORBIDDEN(madvise, SYS_madvise, it.page, 4096, MADV_DONTFORK)
FORBIDDEN(memfd, SYS_memfd_create, "x", 0)
FORBIDDEN(pkey, SYS_pkey_mprotect, it.page, 4096, PROT_READ | PROT_EXEC, -1)
FORBIDDEN(remap_pages, SYS_remap_file_pages, NULL, 0, 0, 0, 0)
FORBIDDEN(process_madvise, SYS_process_madvise, -1, NULL, 0, 0, 0)
FORBIDDEN(shmget, SYS_shmget, 0, 0, 0)
FORBIDDEN(setuid, SYS_setuid, geteuid())
FORBIDDEN(setgid, SYS_setgid, getegid())
FORBIDDEN(setresuid, SYS_setresuid, -1, -1, -1)
FORBIDDEN(setgroups, SYS_setgroups, -1, NULL)
FORBIDDEN(capset, SYS_capset, NULL, NULL)
FORBIDDEN(prctl, SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0)
FORBIDDEN(seccomp, SYS_seccomp, 2, 0, it.page)
FORBIDDEN(prlimit, SYS_prlimit64, 0, RLIMIT_CORE, NULL, it.page)
FORBIDDEN(personality, SYS_personality, 0xffffffff)
FORBIDDEN(arch_prctl, SYS_arch_prctl, 0, NULL)
FORBIDDEN(io_uring, SYS_io_uring_setup, 0, NULL)
FORBIDDEN(io_setup, SYS_io_setup, 0, NULL)
FORBIDDEN(keyctl, SYS_keyctl, 0, 0, 0, 0, 0)
FORBIDDEN(add_key, SYS_add_key, NULL, NULL, NULL, 0, 0)
FORBIDDEN(userfaultfd, SYS_userfaultfd, ~0)
FORBIDDEN(perf, SYS_perf_event_open, NULL, 0, -1, -1, 0)
FORBIDDEN(init_module, SYS_init_module, NULL, 0, NULL)
FORBIDDEN(finit_module, SYS_finit_module, -1, NULL, 0)
FORBIDDEN(delete_module, SYS_delete_module, NULL, 0)
FORBIDDEN(kexec, SYS_kexec_load, 0, 1000, NULL, 0)
FORBIDDEN(reboot, SYS_reboot, 0, 0, 0, NULL)
FORBIDDEN(swapon, SYS_swapon, NOWHERE, 0)
FORBIDDEN(acct, SYS_acct, NOWHERE)
FORBIDDEN(sethostname, SYS_sethostname, NULL, -1)
FORBIDDEN(settime, SYS_clock_settime, CLOCK_MONOTONIC, NULL)
FORBIDDEN(iopl, SYS_iopl, 77)
FORBIDDEN(syslog, SYS_syslog, -1, NULL, 0)
FORBIDDEN(quotactl, SYS_quotactl, -1, NULL, 0, NULL)
FORBIDDEN(timer, SYS_timer_create, -1, NULL, NULL)
FORBIDDEN(mq, SYS_mq_open, NULL, 0, 0, NULL)
FORBIDDEN(tiocsti, SYS_ioctl, it.pair[0], TIOCSTI, "x")
FORBIDDEN(fionread, SYS_ioctl, it.pair[0], FIONREAD, it.page)
FORBIDDEN(setown, SYS_fcntl, it.pair[0], F_SETOWN, 0)
FORBIDDEN(setfl, SYS_fcntl, it.pair[0], F_SETFL, O_NONBLOCK)
FORBIDDEN(dup2, SYS_dup2, it.pair[0], it.pair[1])
FORBIDDEN(sigaction, SYS_rt_sigaction, SIGSYS, NULL, it.page, 8)
FORBIDDEN(requeue, SYS_futex, &it.word, FUTEX_CMP_REQUEUE_PI, 1, NULL, &it.word, 0)
FORBIDDEN(lock_pi, SYS_futex, &it.word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0)
FORBIDDEN(landlock, SYS_landlock_create_ruleset, NULL, 0, 1 << 30)
FORBIDDEN(memfd_secret, SYS_memfd_secret, ~0)
FORBIDDEN(x32, 0x40000000 | SYS_getpid)

/* Raw: glibc would run its own handlers in the child that comes out of it. */
static bool forbidden_fork(void)
{
	if (syscall(SYS_fork) == 0)
		_exit(SURVIVED);
	return true;
}

static bool forbidden_clone(void)
{
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
		_exit(SURVIVED);
	return true;
}

/* What a program for 32 bits uses; 20 is getpid there, and writev, which is allowed, here. */
static bool forbidden_int80(void)
{
	long number = 20;

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
	return true;
}

static const struct forbidden {
	const char *what;
	call_fn call;
} forbidden[] = {
	{"openat", forbidden_openat},
	{"open", forbidden_open},
	{"openat2", forbidden_openat2},
	{"creat", forbidden_creat},
	{"stat", forbidden_stat},
	{"newfstatat", forbidden_newfstatat},
	{"newfstatat of a descriptor", forbidden_fstat},
	{"statx", forbidden_statx},
	{"access", forbidden_access},
	{"readlink", forbidden_readlink},
	{"getdents64", forbidden_getdents},
	{"unlink", forbidden_unlink},
	{"unlinkat", forbidden_unlinkat},
	{"rename", forbidden_rename},
	{"link", forbidden_link},
	{"symlink", forbidden_symlink},
	{"mkdir", forbidden_mkdir},
	{"mknod", forbidden_mknod},
	{"chmod", forbidden_chmod},
	{"fchmod", forbidden_fchmod},
	{"chown", forbidden_chown},
	{"chdir", forbidden_chdir},
	{"open_by_handle_at", forbidden_handle},
	{"inotify_init1", forbidden_inotify},
	{"fanotify_init", forbidden_fanotify},
	{"execve", forbidden_execve},
	{"execveat", forbidden_execveat},
	{"fork", forbidden_fork},
	{"clone", forbidden_clone},
	{"clone3", forbidden_clone3},
	{"ptrace", forbidden_ptrace},
	{"process_vm_readv", forbidden_vm_readv},
	{"process_vm_writev", forbidden_vm_writev},
	{"pidfd_open", forbidden_pidfd_open},
	{"pidfd_getfd", forbidden_pidfd_getfd},
	{"pidfd_send_signal", forbidden_pidfd_signal},
	{"kcmp", forbidden_kcmp},
	{"kill of another process", forbidden_kill},
	{"tkill", forbidden_tkill},
	{"tgkill of another process", forbidden_tgkill_other},
	{"tgkill of itself with another signal than abort's", forbidden_tgkill_own},
	{"rt_sigqueueinfo", forbidden_queueinfo},
	{"bpf that loads a program", forbidden_bpf_load},
	{"bpf that makes a map", forbidden_bpf_create},
	{"bpf that changes a map", forbidden_bpf_update},
	{"bpf that takes from a map", forbidden_bpf_delete},
	{"bpf that opens what is pinned", forbidden_bpf_get},
	{"mount", forbidden_mount},
	{"umount2", forbidden_umount},
	{"fsopen", forbidden_fsopen},
	{"open_tree", forbidden_open_tree},
	{"move_mount", forbidden_move_mount},
	{"pivot_root", forbidden_pivot_root},
	{"chroot", forbidden_chroot},
	{"unshare", forbidden_unshare},
	{"setns", forbidden_setns},
	{"socket of AF_INET", forbidden_inet},
	{"socket of AF_INET6", forbidden_inet6},
	{"socket of AF_NETLINK", forbidden_netlink},
	{"socket of AF_PACKET", forbidden_packet},
	{"socket of AF_VSOCK", forbidden_vsock},
	{"socket of datagrams", forbidden_datagram},
	{"socket of sequenced packets", forbidden_sequenced},
	{"socketpair", forbidden_socketpair},
	{"bind", forbidden_bind},
	{"listen", forbidden_listen},
	{"sendto an address", forbidden_sendto_address},
	{"sendmsg, which can pass descriptors on", forbidden_sendmsg},
	{"recvmsg, which can take descriptors", forbidden_recvmsg},
	{"setsockopt", forbidden_setsockopt},
	{"getsockopt", forbidden_getsockopt},
	{"splice", forbidden_splice},
	{"mprotect that makes memory executable", forbidden_mprotect_exec},
	{"mprotect that makes memory writable", forbidden_mprotect_write},
	{"mmap of executable memory", forbidden_mmap_exec},
	{"mmap of a file", forbidden_mmap_file},
	{"mmap of shared memory", forbidden_mmap_shared},
	{"mmap over what is there", forbidden_mmap_fixed},
	{"mremap over what is there", forbidden_mremap_fixed},
	{"madvise of another kind", forbidden_madvise},
	{"memfd_create", forbidden_memfd},
	{"memfd_secret", forbidden_memfd_secret},
	{"pkey_mprotect", forbidden_pkey},
	{"remap_file_pages", forbidden_remap_pages},
	{"process_madvise", forbidden_process_madvise},
	{"shmget", forbidden_shmget},
	{"setuid", forbidden_setuid},
	{"setgid", forbidden_setgid},
	{"setresuid", forbidden_setresuid},
	{"setgroups", forbidden_setgroups},
	{"capset", forbidden_capset},
	{"prctl", forbidden_prctl},
	{"seccomp", forbidden_seccomp},
	{"prlimit64", forbidden_prlimit},
	{"personality", forbidden_personality},
	{"arch_prctl", forbidden_arch_prctl},
	{"io_uring_setup", forbidden_io_uring},
	{"io_setup", forbidden_io_setup},
	{"keyctl", forbidden_keyctl},
	{"add_key", forbidden_add_key},
	{"userfaultfd", forbidden_userfaultfd},
	{"perf_event_open", forbidden_perf},
	{"init_module", forbidden_init_module},
	{"finit_module", forbidden_finit_module},
	{"delete_module", forbidden_delete_module},
	{"kexec_load", forbidden_kexec},
	{"reboot", forbidden_reboot},
	{"swapon", forbidden_swapon},
	{"acct", forbidden_acct},
	{"sethostname", forbidden_sethostname},
	{"clock_settime", forbidden_settime},
	{"iopl", forbidden_iopl},
	{"syslog", forbidden_syslog},
	{"quotactl", forbidden_quotactl},
	{"timer_create", forbidden_timer},
	{"mq_open", forbidden_mq},
	{"landlock_create_ruleset", forbidden_landlock},
	{"ioctl TIOCSTI", forbidden_tiocsti},
	{"ioctl FIONREAD", forbidden_fionread},
	{"fcntl F_SETOWN", forbidden_setown},
	{"fcntl F_SETFL", forbidden_setfl},
	{"dup2", forbidden_dup2},
	{"rt_sigaction of SIGSYS", forbidden_sigaction},
	{"futex that requeues", forbidden_requeue},
	{"futex with priorities", forbidden_lock_pi},
	{"a call through x32", forbidden_x32},
	{"a call through the entry for 32 bits", forbidden_int80},
};

/* --- the tests --- */

static void test_forbidden(const struct forbidden *one)
{
	/* A kernel without that entry says SIGSEGV, and has nothing to forbid. */
	int control = run_child(one->call, false), status = run_child(one->call, true);

	if (one->call == forbidden_int80 && died_of(control, SIGSEGV) && died_of(status, SIGSEGV)) {
		tests++;
		printf("ok %d - %s ends the process # SKIP the kernel has no such entry\n", tests, one->what);
		return;
	}
	if (!ended_with(control, SURVIVED)) {
		say(false, "%s ends the process", one->what, "it does so without the filter as well");
		return;
	}
	say(died_of(status, SIGSYS), "%s ends the process", one->what, describe(status));
}

static void test_allowed(const struct allowed *one)
{
	int status;

	/* The child inherits the handler, and could not set it. */
	signal(SIGABRT, one->number == SYS_rt_sigreturn ? on_signal : SIG_DFL);
	status = run_child(one->call, true);
	say(one->signal ? died_of(status, one->signal) : ended_with(status, SURVIVED),
		"it %s", one->what, describe(status));
}

static size_t rows_of(int number)
{
	size_t count, rows = 0;
	const struct syscall_rule *rules = syscall_filter_rules(&count);

	for (size_t i = 0; i < count; i++)
		rows += rules[i].number == number;
	return rows;
}

static size_t calls_of(int number)
{
	size_t calls = 0;

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		calls += allowed[i].number == number;
	return calls;
}

static void test_rows(void)
{
	size_t count;
	const struct syscall_rule *rules = syscall_filter_rules(&count);
	bool good = count == ARRAY_SIZE(allowed);

	for (size_t i = 0; i < count; i++)
		good = good && rows_of(rules[i].number) == calls_of(rules[i].number);
	say(good, "%s", "every row of the filter has a call here that needs it", "a row without, or a call without");
	good = true;
	for (size_t i = 0; i < count; i++)
		good = good && rules[i].reason && *rules[i].reason;
	say(good, "%s", "every row of the filter has a reason", NULL);
}

static long any_number;

static bool call_any(void)
{
	(void)syscall(any_number, -1L, -1L, -1L, -1L, -1L, -1L);
	return true;
}

/*
 * Newer kernels keep uretprobe and uprobe from every filter: the trampolines of probes are made of them.
 * Called from elsewhere the one is a signal and the other an error, and they do nothing.
 */
static bool is_exempt(long number, int status)
{
	return (number == 335 && died_of(status, SIGILL)) || (number == 336 && ended_with(status, SURVIVED));
}

/* With the filter alone: without it some would do harm. It is known by now that it kills. */
static void test_every_other_number(void)
{
	char through[256] = "";

	for (any_number = 0; any_number < LAST_NUMBER; any_number++) {
		size_t length = strlen(through);
		int status;

		if (rows_of(any_number))
			continue;
		status = run_child(call_any, true);
		if (!died_of(status, SIGSYS) && !is_exempt(any_number, status))
			snprintf(through + length, sizeof(through) - length, " %ld", any_number);
	}
	say(!*through, "%s", "every call that has no row ends the process", through);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static atomic_bool runs; /* beginning takes calls that are not allowed */

static void wait_at_gate(void)
{
	runs = true;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

static void *disobey(void *context)
{
	wait_at_gate();
	syscall(SYS_getppid);
	_exit(DID_NOT_DO);
	return context;
}

static void *obey(void *context)
{
	wait_at_gate();
	return context;
}

/* A thread that is there before the filter and goes on when it is loaded; the child's main part. */
static bool with_thread(void *(*body)(void *))
{
	pthread_mutex_lock(&gate);
	if (pthread_create(&it.thread, NULL, body, NULL))
		_exit(NOT_LOADED);
	while (!runs)
		sched_yield();
	if (load() < 0)
		_exit(NOT_LOADED);
	pthread_mutex_unlock(&gate);
	return pthread_join(it.thread, NULL) == 0;
}

static bool thread_disobeys(void)
{
	return with_thread(disobey);
}

static bool thread_obeys(void)
{
	return with_thread(obey);
}

static void test_threads(void)
{
	int status = run_child(thread_disobeys, false);

	say(died_of(status, SIGSYS), "%s", "a thread that was there before is bound, and ends the whole process",
		describe(status));
	status = run_child(thread_obeys, false);
	say(ended_with(status, SURVIVED), "%s", "a thread that was there before can end", describe(status));
}

/* As a container's runtime may do, or a kernel without it does. */
static int refuse_seccomp(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	const struct scmp_arg_cmp set = {0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0};
	int r = filter ? 0 : -ENOMEM;

	if (r == 0)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0, NULL);
	if (r == 0)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &set);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

static int start_without_seccomp(char **arguments)
{
	if (refuse_seccomp() < 0)
		return 125;
	execv(arguments[0], arguments);
	return 126;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--without-seccomp"))
		return start_without_seccomp(argv + 2);
	printf("1..%zu\n", ARRAY_SIZE(forbidden) + ARRAY_SIZE(allowed) + 5);
	test_rows();
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		test_allowed(&allowed[i]);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		test_forbidden(&forbidden[i]);
	test_threads();
	/* Some of these would be felt if nothing was filtered. */
	if (failed)
		say(false, "%s", "every call that has no row ends the process", "not tried: see above");
	else
		test_every_other_number();
	return failed ? 1 : 0;
}
