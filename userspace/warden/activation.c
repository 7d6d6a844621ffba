// SPDX-License-Identifier: Apache-2.0
/*
 * To ask the kernel who made a listener one has to connect to it, and that is what must not be done here.
 * So it is read off /proc: which sockets were bound to the path (/proc/net/unix), which of them pid 1 has
 * open, and whether any other process has that one open as well (/proc/PID/fd).
 *
 * The last question looks at every process of root's. It is asked only where pid 1 has such a socket, and
 * while no engine answers.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "activation.h"
#include "util.h"

#define UNIX_LISTENS 0x10000 /* SO_ACCEPTCON, include/linux/net.h */
#define MAX_SOCKETS  16	     /* bound to one path at a time: the newest, and what was moved away */

struct sockets {
	size_t count;
	unsigned long inodes[MAX_SOCKETS];
};

static void find_bound(const char *bound, struct sockets *sockets)
{
	FILE *stream = fopen("/proc/net/unix", "re");
	char line[512], name[256];
	unsigned long inode;
	unsigned int flags;

	while (stream && sockets->count < MAX_SOCKETS && fgets(line, sizeof(line), stream))
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %lu %255s", &flags, &inode, name) == 3 &&
			(flags & UNIX_LISTENS) && !strcmp(name, bound))
			sockets->inodes[sockets->count++] = inode;
	if (stream)
		fclose(stream);
}

/* Has the process that one open? The folder of a process that is gone, or has none open, is empty. */
static bool has_open(const char *pid, unsigned long inode)
{
	char path[64], target[64], wanted[64];
	struct dirent *entry;
	bool found = false;
	DIR *stream;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	stream = opendir(path);
	while (stream && !found && (entry = readdir(stream))) {
		ssize_t length = readlinkat(dirfd(stream), entry->d_name, target, sizeof(target) - 1);

		target[length < 0 ? 0 : length] = 0;
		found = !strcmp(target, wanted);
	}
	if (stream)
		closedir(stream);
	return found;
}

/* An engine is root's. True as well where nobody can be looked at. */
static bool another_has_open(const char *pid, unsigned long inode)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	struct stat status;
	bool found = !processes;

	while (!found && (entry = readdir(processes)))
		found = isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, pid) &&
			!fstatat(dirfd(processes), entry->d_name, &status, 0) && status.st_uid == 0 &&
			has_open(entry->d_name, inode);
	if (processes)
		closedir(processes);
	return found;
}

bool activation_listens_alone(pid_t pid, const char *bound)
{
	struct sockets sockets = {};
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	find_bound(bound, &sockets);
	for (size_t i = 0; i < sockets.count; i++)
		if (has_open(name, sockets.inodes[i]))
			return !another_has_open(name, sockets.inodes[i]);
	return false;
}

bool activation_is_dormant(const char *bound)
{
	return activation_listens_alone(1, bound);
}
