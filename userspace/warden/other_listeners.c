// SPDX-License-Identifier: Apache-2.0
/*
 * /proc/PID/fd has the inodes of a process's sockets, /proc/net/{tcp,tcp6,unix} what each of them is (proc(5),
 * proc_net(5)).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "other_listeners.h"
#include "util.h"

#define TCP_LISTEN   0x0a    /* include/net/tcp_states.h */
#define UNIX_LISTENS 0x10000 /* SO_ACCEPTCON, include/linux/net.h */
#define MAX_SOCKETS  1024

struct sockets {
	size_t count;
	unsigned long inodes[MAX_SOCKETS];
	char *text;
	size_t size;
	int found;
};

static bool is_engine(const char *pid)
{
	char path[64], name[32] = "";
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	stream = fopen(path, "re");
	if (!stream)
		return false;
	if (!fgets(name, sizeof(name), stream))
		name[0] = 0;
	fclose(stream);
	return !strcmp(name, "dockerd\n");
}

static void collect(const char *pid, struct sockets *sockets)
{
	char path[300], target[64];
	struct dirent *entry;
	DIR *stream;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	stream = opendir(path);
	while (stream && (entry = readdir(stream))) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = 0;
		if (sockets->count < MAX_SOCKETS &&
			sscanf(target, "socket:[%lu]", &sockets->inodes[sockets->count]) == 1)
			sockets->count++;
	}
	if (stream)
		closedir(stream);
}

static bool is_among(const struct sockets *sockets, unsigned long inode)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->inodes[i] == inode)
			return true;
	return false;
}

static void add(struct sockets *sockets, const char *what)
{
	size_t length = strlen(sockets->text);

	snprintf(sockets->text + length, sockets->size - length, "%s%s", sockets->found ? ", " : "", what);
	sockets->found++;
}

static void take_tcp(struct sockets *sockets, const char *line)
{
	unsigned int port, state;
	unsigned long inode;
	char what[32];

	if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state, &inode) != 3)
		return;
	if (state != TCP_LISTEN || !is_among(sockets, inode))
		return;
	snprintf(what, sizeof(what), "tcp port %u", port);
	add(sockets, what);
}

static void take_unix(struct sockets *sockets, const char *line)
{
	char name[128] = "", safe[128];
	unsigned long inode;
	unsigned int flags;

	if (sscanf(line, "%*s %*s %*s %x %*s %*s %lu %127s", &flags, &inode, name) != 3)
		return;
	if (!(flags & UNIX_LISTENS) || name[0] != '@' || !is_among(sockets, inode))
		return;
	for (size_t i = 0; i < sizeof(safe); i++) /* who named it may have meant the terminal */
		safe[i] = !name[i] || isprint((unsigned char)name[i]) ? name[i] : '?';
	add(sockets, safe);
}

static int each_line(
	const char *path, void (*take)(struct sockets *sockets, const char *line), struct sockets *sockets)
{
	FILE *stream = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!stream)
		return errno == ENOENT ? 0 : -errno; /* a kernel without IPv6 */
	while (getline(&line, &size, stream) > 0)
		take(sockets, line);
	free(line);
	fclose(stream);
	return 0;
}

int other_listeners(char *text, size_t size)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));
	struct dirent *entry;
	DIR *processes;
	int r;

	text[0] = 0;
	if (!sockets)
		return -ENOMEM;
	sockets->text = text;
	sockets->size = size;
	processes = opendir("/proc");
	r = processes ? 0 : -errno;
	while (processes && (entry = readdir(processes)))
		if (isdigit((unsigned char)entry->d_name[0]) && is_engine(entry->d_name))
			collect(entry->d_name, sockets);
	if (processes)
		closedir(processes);
	if (!r)
		r = each_line("/proc/net/tcp", take_tcp, sockets);
	if (!r)
		r = each_line("/proc/net/tcp6", take_tcp, sockets);
	if (!r)
		r = each_line("/proc/net/unix", take_unix, sockets);
	if (!r)
		r = sockets->found;
	free(sockets);
	return r;
}
