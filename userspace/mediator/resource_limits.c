// SPDX-License-Identifier: Apache-2.0
/*
 * Resource limits, hard ones: the way back is gone with the capabilities. They stand behind the filter
 * of system calls, which lets nothing through that most of them limit, and do not rest on it.
 *
 * Not limited: the size of files, because standard error may be one, and a line of the log that would
 * be too much is a signal that kills; memory, which client_limits.h and budget.c bound by what a client may
 * take.
 */
#include <errno.h>
#include <sys/resource.h>

#include "resource_limits.h"
#include "util.h"

static const struct {
	int resource;
	rlim_t most;
	const char *step;
} limits[] = {
	{RLIMIT_CORE, 0, "forbidding core dumps"}, /* clients' data is in it */
	{RLIMIT_NPROC, 0, "forbidding further threads and processes"},
	{RLIMIT_MEMLOCK, 0, "forbidding locked memory"},
	{RLIMIT_MSGQUEUE, 0, "forbidding message queues"},
	{RLIMIT_RTPRIO, 0, "forbidding real-time priorities"},
};

/* Each client takes two descriptors, and the usual soft limit is meant for select(). */
static int raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

int resource_limits_set(const char **step)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		*step = limits[i].step;
		if (setrlimit(limits[i].resource, &(struct rlimit){limits[i].most, limits[i].most}) < 0)
			return -errno;
	}
	*step = "raising the limit of descriptors";
	return raise_descriptors();
}
