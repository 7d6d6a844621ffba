// SPDX-License-Identifier: Apache-2.0
/*
 * Which capabilities latchd needs, and for what. It stays a process that can do nearly everything; what it
 * has no use for, raw devices, modules, the clock, is not lying about for whoever finds a fault in it.
 */
#include <linux/capability.h>

#include "capabilities.h"
#include "privileges.h"
#include "util.h"

static const unsigned int needed[] = {
	CAP_BPF,	     /* load programs, make maps */
	CAP_PERFMON,	     /* programs that read kernel memory */
	CAP_SYS_ADMIN,	     /* pin them, find the inodes of mounts; put the public socket into a container */
	CAP_SYSLOG,	     /* be told where the kernel has what the programs name (/proc/kallsyms) */
	CAP_NET_ADMIN,	     /* a channel to the mediator that is larger than others may have */
	CAP_SYS_PTRACE,	     /* namespaces, roots and descriptors of other users' processes */
	CAP_DAC_OVERRIDE,    /* the engine's state, whoever owns it */
	CAP_DAC_READ_SEARCH, /* the same */
	CAP_CHOWN,	     /* the public socket gets the engine's owner */
	CAP_FOWNER,	     /* and its mode */
	CAP_SETUID,	     /* the mediator's user */
	CAP_SETGID,	     /* and group */
	CAP_SETPCAP,	     /* it loses all of these */
	CAP_SYS_CHROOT,	     /* and its file system; setns() to a container's mounts wants it too */
	CAP_SYS_RESOURCE,    /* limits above those that it was started with */
	CAP_KILL,	     /* the mediator is another user's */
};

int privileges_reduce(void)
{
	return capabilities_keep(needed, ARRAY_SIZE(needed));
}
