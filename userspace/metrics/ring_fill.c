// SPDX-License-Identifier: Apache-2.0
/*
 * The first two pages of the map hold the positions of who reads and of who writes (BPF ring buffer
 * documentation of the kernel); both only grow.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring_fill.h"

static int read_position(int map, int page, uint64_t *position)
{
	size_t size = sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, map, page * size);

	if (at == MAP_FAILED)
		return -errno;
	*position = __atomic_load_n((const unsigned long *)at, __ATOMIC_ACQUIRE);
	munmap(at, size);
	return 0;
}

int ring_fill(int map, uint64_t *pending, uint64_t *capacity)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	uint64_t consumer, producer;
	int r;

	if (bpf_obj_get_info_by_fd(map, &info, &size))
		return -errno;
	r = read_position(map, 0, &consumer);
	if (!r)
		r = read_position(map, 1, &producer);
	if (r < 0)
		return r;
	*pending = producer - consumer;
	*capacity = info.max_entries;
	return 0;
}
