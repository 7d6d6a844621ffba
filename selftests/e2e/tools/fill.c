// SPDX-License-Identifier: Apache-2.0
/*
 * fill MAP [drain]: fills a pinned hash map, by its path, with made-up entries until it takes no more, and prints
 * how many it took; with `drain` takes exactly those away again. The made-up keys are no inode, cgroup or
 * container that there is; the values are zero.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST	 (1 << 20)
#define KEY_SIZE 256

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int open_map(const char *path, struct bpf_map_info *info)
{
	union bpf_attr get = { .pathname = (uintptr_t)path };
	int fd = bpf(BPF_OBJ_GET, &get);
	union bpf_attr ask = { .info = { .bpf_fd = fd, .info_len = sizeof(*info),
				       .info = (uintptr_t)info } };

	if (fd < 0 || bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) < 0 || info->key_size > KEY_SIZE ||
		info->value_size > KEY_SIZE) {
		fprintf(stderr, "fill: %s: %s\n", path, strerror(errno));
		return -1;
	}
	return fd;
}

/* A container's id where the key has room for one, a number that no inode or cgroup has otherwise. */
static void make_key(char *key, size_t size, unsigned int number)
{
	uint64_t high = 0xfee1dead00000000 + number;
	char id[65];

	memset(key, 0, KEY_SIZE);
	snprintf(id, sizeof(id), "fee1dead%056x", number);
	if (size > sizeof(id))
		memcpy(key, id, sizeof(id));
	else
		memcpy(key, &high, size < sizeof(high) ? size : sizeof(high));
}

int main(int argc, char **argv)
{
	int drains = argc == 3 && !strcmp(argv[2], "drain"), done = 0, fd;
	char key[KEY_SIZE], value[KEY_SIZE] = "";
	struct bpf_map_info info = { 0 };

	if (argc < 2 || argc > 3 || (argc == 3 && !drains)) {
		fputs("usage: fill MAP [drain]\n", stderr);
		return 2;
	}
	fd = open_map(argv[1], &info);
	if (fd < 0)
		return 1;
	for (unsigned int i = 0; i < MOST; i++, done++) {
		union bpf_attr change = { .map_fd = fd, .key = (uintptr_t)key };

		make_key(key, info.key_size, i);
		if (!drains) {
			change.value = (uintptr_t)value;
			change.flags = BPF_NOEXIST;
		}
		if (bpf(drains ? BPF_MAP_DELETE_ELEM : BPF_MAP_UPDATE_ELEM, &change) < 0)
			break;
	}
	printf("%d\n", done);
	return 0;
}
