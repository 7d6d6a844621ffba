// SPDX-License-Identifier: Apache-2.0
/*
 * Finds out, by trying, whether latch can enforce here. It changes nothing: programs are loaded and
 * attached for a moment, with maps of their own that guard no socket.
 *
 * BPF_LSM came with 5.7; sk_storage, task storage and the ancestors of a cgroup as latch reads
 * them are all there from 6.1 on. No version is compared: distributions move features.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "cgroups.h"
#include "latch.skel.h"
#include "other_listeners.h"
#include "paths.h"
#include "support.h"

#define FOUND_SIZE 256
#define SAY(...)   snprintf(found, FOUND_SIZE, __VA_ARGS__)

static enum support_result check_kernel(char *found)
{
	struct utsname name;

	uname(&name);
	SAY("%s %s", name.sysname, name.release);
	return access("/sys/kernel/btf/vmlinux", R_OK) ? SUPPORT_NO : SUPPORT_YES;
}

static enum support_result check_lsm(char *found)
{
	FILE *stream = fopen("/sys/kernel/security/lsm", "re");
	char list[200] = "", *name, *rest = list;
	bool active = false;
	char shown[200];

	if (!stream) {
		SAY("/sys/kernel/security/lsm cannot be read: %s", strerror(errno));
		return SUPPORT_NO;
	}
	if (!fgets(list, sizeof(list), stream))
		list[0] = 0;
	fclose(stream);
	list[strcspn(list, "\n")] = 0;
	COPY_STRING(shown, list);
	while ((name = strsep(&rest, ",")))
		active |= !strcmp(name, "bpf");
	SAY("active: %s", shown);
	return active ? SUPPORT_YES : SUPPORT_NO;
}

static enum support_result check_cgroup(char *found)
{
	int r = cgroups_check();

	SAY("%s", r ? "another hierarchy at " CGROUP_ROOT : "cgroup2 at " CGROUP_ROOT);
	return r ? SUPPORT_NO : SUPPORT_YES;
}

static enum support_result check_bpf_fs(char *found)
{
	struct statfs status;

	if (statfs("/sys/fs/bpf", &status) || status.f_type != BPF_FS_MAGIC) {
		SAY("not mounted; latchd mounts it when it starts");
		return SUPPORT_NO;
	}
	SAY("/sys/fs/bpf");
	return SUPPORT_YES;
}

static int be_silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static enum support_result check_programs(char *found)
{
	struct latch *latch;
	int r;

	libbpf_set_print(be_silent);
	latch = latch__open();
	r = latch ? latch__load(latch) : -errno;
	if (r < 0)
		SAY("loading: %s", strerror(-r));
	else if ((r = latch__attach(latch)) < 0)
		SAY("attaching: %s", strerror(-r));
	else
		SAY("loaded and attached for a moment");
	latch__destroy(latch);
	return r < 0 ? SUPPORT_NO : SUPPORT_YES;
}

static enum support_result check_socket(char *found)
{
	struct stat status;

	if (stat(LATCH_DEFAULT_SOCKET, &status)) {
		SAY("%s: %s", LATCH_DEFAULT_SOCKET, strerror(errno));
		return SUPPORT_NO;
	}
	SAY("%s", LATCH_DEFAULT_SOCKET);
	return S_ISSOCK(status.st_mode) ? SUPPORT_YES : SUPPORT_NO;
}

static enum support_result check_mount(char *found)
{
	_cleanup_free_ char *copy = strdup(LATCH_DEFAULT_SOCKET);
	_cleanup_free_ char *directory = copy ? realpath(dirname(copy), NULL) : NULL;
	struct stat theirs, ours;

	if (!directory || stat(directory, &theirs) || stat("/run", &ours)) {
		SAY("the socket's folder cannot be looked at: %s", strerror(errno));
		return SUPPORT_NO;
	}
	SAY("%s and " LATCH_RUN_DIR, directory);
	return theirs.st_dev == ours.st_dev ? SUPPORT_YES : SUPPORT_NO;
}

static enum support_result check_other_listeners(char *found)
{
	char ways[200];
	int r = other_listeners(ways, sizeof(ways));

	if (r < 0)
		SAY("/proc: %s", strerror(-r));
	else if (r > 0)
		SAY("dockerd listens on %s as well", ways);
	return r ? SUPPORT_NO : SUPPORT_YES;
}

const struct support_rung support_rungs[] = {
	{ "a kernel with BTF", "take a kernel with CONFIG_DEBUG_INFO_BTF=y, 6.1 or newer",
		check_kernel, false, false },
	{ "`bpf` among the active security modules",
		"boot with lsm= and the list shown, with `,bpf` at its end (and CONFIG_BPF_LSM=y)",
		check_lsm, true, false },
	{ "cgroup2 alone", "boot with systemd.unified_cgroup_hierarchy=1", check_cgroup, false, false },
	{ "a BPF file system", "mount -t bpf bpf /sys/fs/bpf", check_bpf_fs, false, true },
	{ "the kernel takes latch's programs",
		"take a newer kernel; see `dmesg` and latchd's log for what the verifier said",
		check_programs, true, false },
	{ "an engine's socket", "start the engine; latchd also waits for it", check_socket, false,
		true },
	{ "the socket and latch's folder on one mount",
		"put both on one tmpfs (links and exchanges do not cross mounts)", check_mount, false,
		false },
	{ "no way to the engine but its socket",
		"take the other hosts out of dockerd's -H and daemon.json: latch guards socket files, and who "
		"reaches these rules the machine", check_other_listeners, true, true },
	{ NULL, NULL, NULL, false, false },
};
