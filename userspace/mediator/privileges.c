// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the only parser of hostile bytes a process that can do nothing: another user, one group
 * (the engine socket's), no capability in any set, no way to gain one by exec, no core dump with
 * clients' data in it, and of the file system the folder of the engine's socket. That folder is for
 * connect: the filter of system calls (syscall_filter.c) lets nothing else through that takes a
 * path, and cannot read connect's. Outside of it are sockets that talk to everybody, such as
 * D-Bus's. Those with an abstract name are a network namespace's: it has one of its own, with nobody
 * else in it. A path leads to the same socket in each.
 */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "capabilities.h"
#include "privileges.h"
#include "util.h"

static int change_root(const char *root)
{
	return chroot(root) < 0 || chdir("/") < 0 ? -errno : 0;
}

static int change_identity(const struct privileges *to)
{
	bool has_group = to->group != (gid_t)-1;

	if (to->uid == (uid_t)-1)
		return 0;
	if (setgroups(has_group ? 1 : 0, &to->group) < 0)
		return -errno;
	if (setresgid(to->gid, to->gid, to->gid) < 0)
		return -errno;
	return setresuid(to->uid, to->uid, to->uid) < 0 ? -errno : 0;
}

static int lock(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* After the change of uid, which clears the wish. */
static int follow_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		return -errno;
	/* It may have died before the wish was heard. */
	return getppid() == parent ? 0 : -ESRCH;
}

static int fail(const char **step, const char *name, int r)
{
	*step = name;
	return r;
}

int privileges_drop(const struct privileges *privileges, const char **step)
{
	pid_t parent = getppid();
	int r;

	/* Not root is a test or a trial: who started it can start anything else as well. */
	r = geteuid() == 0 ? change_root(privileges->root) : 0;
	if (r < 0)
		return fail(step, "shutting itself in the folder of the engine's socket", r);
	r = geteuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0 ? -errno : 0;
	if (r < 0)
		return fail(step, "leaving the network", r);
	/* Without CAP_SETPCAP there is nothing in it that no_new_privs does not close as well. */
	r = geteuid() == 0 ? capabilities_bound(NULL, 0) : 0;
	if (r < 0)
		return fail(step, "emptying the capability bounding set", r);
	r = change_identity(privileges);
	if (r < 0)
		return fail(step, "changing user and groups", r);
	r = capabilities_keep(NULL, 0);
	if (r < 0)
		return fail(step, "dropping capabilities", r);
	r = lock();
	if (r < 0)
		return fail(step, "giving up the way back", r);
	r = follow_parent(parent);
	return r < 0 ? fail(step, "following the parent process", r) : 0;
}
