// SPDX-License-Identifier: Apache-2.0
/*
 * reach WHAT [ARGUMENT...]: does one thing that could take latch or the engine away, and prints "done" or
 * "errno N". `reach -` does what each line of its input says, a process a line. Static, so that it can be
 * bound into any container. `reach` alone lists what it can do.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Files. */

static int open_write(char **a)
{
	return open(a[0], O_WRONLY | O_APPEND);
}

static int make_file(char **a)
{
	return open(a[0], O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static int cut_file(char **a)
{
	return truncate(a[0], 0);
}

static int change_mode(char **a)
{
	return chmod(a[0], 0777);
}

static int change_owner(char **a)
{
	return chown(a[0], 1234, -1);
}

static int remove_name(char **a)
{
	return unlink(a[0]);
}

static int remove_folder(char **a)
{
	return rmdir(a[0]);
}

static int rename_to(char **a)
{
	return rename(a[0], a[1]);
}

static int exchange(char **a)
{
	return syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], 2 /* RENAME_EXCHANGE */);
}

static int link_to(char **a)
{
	return link(a[0], a[1]);
}

static int make_folder(char **a)
{
	return mkdir(a[0], 0700);
}

static int make_symlink(char **a)
{
	return symlink("/tmp", a[0]);
}

static int make_socket(char **a)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, a[0], sizeof(address.sun_path) - 1);
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

/* Mounts; in the mount namespace of a process where one is named. */

static int enter(const char *pid)
{
	char path[64];
	int fd;

	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : setns(fd, CLONE_NEWNS);
}

static int mount_over(char **a)
{
	return enter(a[1]) < 0 ? -1 : mount("none", a[0], "tmpfs", 0, NULL);
}

static int bind_over(char **a)
{
	return enter(a[1]) < 0 ? -1 : mount("/dev/null", a[0], NULL, MS_BIND, NULL);
}

static int make_slave(char **a)
{
	return enter(a[1]) < 0 ? -1 : mount(NULL, a[0], NULL, MS_SLAVE | MS_REC, NULL);
}

static int unmount(char **a)
{
	return enter(a[1]) < 0 ? -1 : umount2(a[0], MNT_DETACH);
}

static int enter_mounts(char **a)
{
	return enter(a[0]);
}

/* Processes. */

static int signal_process(char **a)
{
	return kill(atoi(a[0]), atoi(a[1]));
}

static int signal_pidfd(char **a)
{
	int fd = syscall(SYS_pidfd_open, atoi(a[0]), 0);

	return fd < 0 ? fd : syscall(SYS_pidfd_send_signal, fd, atoi(a[1]), NULL, 0);
}

static int trace(char **a)
{
	if (ptrace(PTRACE_SEIZE, atoi(a[0]), NULL, NULL))
		return -1;
	return ptrace(PTRACE_DETACH, atoi(a[0]), NULL, NULL) && errno != ESRCH ? -1 : 0;
}

static int take_descriptor(char **a)
{
	int fd = syscall(SYS_pidfd_open, atoi(a[0]), 0);

	return fd < 0 ? fd : syscall(SYS_pidfd_getfd, fd, atoi(a[1]), 0);
}

static int open_memory(char **a)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/mem", a[0]);
	return open(path, O_RDWR);
}

static int read_memory(char **a)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)strtoul(a[1], NULL, 16), 1 };
	long r = syscall(SYS_process_vm_readv, atoi(a[0]), &local, 1, &remote, 1, 0);

	return r < 0 && errno == EFAULT ? 0 : (int)r; /* let in, and nothing is there */
}

static int read_link(char **a)
{
	char path[96], target[64];

	snprintf(path, sizeof(path), "/proc/%s/%s", a[0], a[1]);
	return readlink(path, target, sizeof(target));
}

static int limit(char **a)
{
	struct rlimit none = { 1, 1 };

	return prlimit(atoi(a[0]), RLIMIT_MSGQUEUE, &none, NULL);
}

static int schedule(char **a)
{
	struct sched_param none = { 0 };

	return sched_setscheduler(atoi(a[0]), SCHED_IDLE, &none);
}

/* BPF. */

static int bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int open_pin(char **a)
{
	union bpf_attr attributes = { .pathname = (uintptr_t)a[0] };

	return bpf(BPF_OBJ_GET, &attributes);
}

/* By its number, as bpftool does. */
static int open_map(char **a)
{
	union bpf_attr attributes = { .map_id = atoi(a[0]) };

	return bpf(BPF_MAP_GET_FD_BY_ID, &attributes);
}

static int open_program(char **a)
{
	union bpf_attr attributes = { .prog_id = atoi(a[0]) };

	return bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}

static int make_map(char **a)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
		.max_entries = 1 };

	strncpy(attributes.map_name, a[0], sizeof(attributes.map_name) - 1);
	return bpf(BPF_MAP_CREATE, &attributes);
}

static const struct {
	const char *name;
	int arguments; /* at least */
	int (*run)(char **arguments);
	const char *help;
} ways[] = {
	{ "write", 1, open_write, "FILE" },
	{ "make", 1, make_file, "FILE" },
	{ "truncate", 1, cut_file, "FILE" },
	{ "chmod", 1, change_mode, "FILE" },
	{ "chown", 1, change_owner, "FILE" },
	{ "unlink", 1, remove_name, "FILE" },
	{ "rmdir", 1, remove_folder, "FOLDER" },
	{ "rename", 2, rename_to, "FROM TO" },
	{ "exchange", 2, exchange, "ONE OTHER" },
	{ "link", 2, link_to, "FILE NAME" },
	{ "mkdir", 1, make_folder, "FOLDER" },
	{ "symlink", 1, make_symlink, "NAME" },
	{ "socket", 1, make_socket, "NAME" },
	{ "mount", 1, mount_over, "FOLDER [PID]" },
	{ "bind", 1, bind_over, "FILE [PID]" },
	{ "slave", 1, make_slave, "FOLDER [PID]" },
	{ "umount", 1, unmount, "FOLDER [PID]" },
	{ "enter", 1, enter_mounts, "PID" },
	{ "kill", 2, signal_process, "PID SIGNAL" },
	{ "pidfd-kill", 2, signal_pidfd, "PID SIGNAL" },
	{ "trace", 1, trace, "PID" },
	{ "getfd", 2, take_descriptor, "PID FD" },
	{ "mem", 1, open_memory, "PID" },
	{ "readv", 2, read_memory, "PID ADDRESS" },
	{ "readlink", 2, read_link, "PID WHAT" },
	{ "rlimit", 1, limit, "PID" },
	{ "schedule", 1, schedule, "PID" },
	{ "pin", 1, open_pin, "PATH" },
	{ "map", 1, open_map, "ID" },
	{ "program", 1, open_program, "ID" },
	{ "make-map", 1, make_map, "NAME" },
};

static int usage(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, "reach %s %s\n", ways[i].name, ways[i].help);
	return 2;
}

/* `words`: the way and its arguments, NULL behind them. */
static int go(char **words, int count)
{
	for (size_t i = 0; count && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(words[0], ways[i].name) || count - 1 < ways[i].arguments)
			continue;
		if (ways[i].run(words + 1) < 0)
			printf("errno %d\n", errno);
		else
			puts("done");
		fflush(stdout);
		return 0;
	}
	return usage();
}

static int go_by_lines(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		char *words[8] = { NULL };
		int count = 0, status;

		for (char *word = strtok(line, " \n"); word && count < 7; word = strtok(NULL, " \n"))
			words[count++] = word;
		if (fork() == 0) /* what it does to itself ends with it */
			_exit(go(words, count));
		wait(&status);
		if (status)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "-"))
		return go_by_lines();
	return go(argv + 1, argc - 1);
}
