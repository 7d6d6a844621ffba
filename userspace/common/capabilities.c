// SPDX-License-Identifier: Apache-2.0
/*
 * Capabilities, given up in every set: what the bounding set does not have an exec cannot bring back, not
 * to root either. It decides nothing about which are needed.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capabilities.h"

static uint64_t set_of(const unsigned int *capabilities, size_t count)
{
	uint64_t set = 0;

	for (size_t i = 0; i < count; i++)
		set |= UINT64_C(1) << capabilities[i];
	return set;
}

int capabilities_bound(const unsigned int *keep, size_t count)
{
	const uint64_t kept = set_of(keep, count);

	for (int cap = 0;; cap++) {
		int r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (r < 0)
			return 0; /* EINVAL: the kernel knows no further one */
		if (r > 0 && !(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
}

int capabilities_keep(const unsigned int *keep, size_t count)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	const uint64_t kept = set_of(keep, count);
	int r = capabilities_bound(keep, count);

	if (r < 0)
		return r;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].permitted &= (uint32_t)(kept >> (32 * i));
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}
