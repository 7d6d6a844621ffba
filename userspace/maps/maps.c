// SPDX-License-Identifier: Apache-2.0
/*
 * Which maps there are, and what one word in them says. What the facts should be is decided elsewhere, here and
 * beside it: each function is one fact put into the kernel or taken from it. A map that is full or gone gives an
 * error, which the caller must take for a refusal.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "map_access.h"
#include "maps.h"

struct pinned_map {
	const char *name;
	size_t offset; /* of its descriptor in struct maps */
};

#define PINNED(name)                                                                               \
	{                                                                                          \
		#name, offsetof(struct maps, name)                                                 \
	}
static const struct pinned_map pinned_maps[] = {
	PINNED(state), PINNED(incomplete), PINNED(guarded), PINNED(names), PINNED(protected),
	PINNED(cgroups), PINNED(grants), PINNED(tasks), PINNED(conns), PINNED(listeners), PINNED(verdicts),
	PINNED(cuts), PINNED(events), PINNED(counters),
};

static int *descriptor_of(struct maps *maps, const struct pinned_map *map)
{
	return (int *)((char *)maps + map->offset);
}

int maps_open(struct maps *maps)
{
	for (size_t i = 0; i < ARRAY_SIZE(pinned_maps); i++)
		*descriptor_of(maps, &pinned_maps[i]) = -1;
	for (size_t i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		char path[128];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", LATCH_PIN_ROOT, pinned_maps[i].name);
		fd = bpf_obj_get(path);
		if (fd < 0) {
			int error = -errno;

			maps_close(maps);
			return error;
		}
		*descriptor_of(maps, &pinned_maps[i]) = fd;
	}
	return 0;
}

void maps_close(struct maps *maps)
{
	for (size_t i = 0; i < ARRAY_SIZE(pinned_maps); i++) {
		int *fd = descriptor_of(maps, &pinned_maps[i]);

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

int maps_get_state(const struct maps *maps, struct latch_state *state)
{
	__u32 zero = 0;

	return map_lookup(maps->state, &zero, state);
}

int maps_mark_self(const struct maps *maps, int pidfd)
{
	struct latch_task task = { .self = 1 };

	return map_update(maps->tasks, &pidfd, &task, BPF_ANY);
}

int maps_mark_this_process(const struct maps *maps)
{
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	return pidfd < 0 ? -errno : maps_mark_self(maps, pidfd);
}

bool maps_incomplete(const struct maps *maps)
{
	__u32 zero = 0, incomplete = 1;

	return map_lookup(maps->incomplete, &zero, &incomplete) || incomplete;
}

uint64_t maps_counter(const struct maps *maps, enum latch_counter counter)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ __u64 *values = NULL;
	__u32 key = counter;
	uint64_t sum = 0;

	if (cpus <= 0)
		return 0;
	values = calloc(cpus, sizeof(*values));
	if (!values || bpf_map_lookup_elem(maps->counters, &key, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}
