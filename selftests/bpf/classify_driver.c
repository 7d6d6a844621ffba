// SPDX-License-Identifier: Apache-2.0
/*
 * classify_driver OBJECT COUNT: classifies COUNT request lines of the corpus in the kernel and in this
 * process and compares. The unit tests compare the same lines with the slow router, so that all
 * three agree. Prints one line, "COUNT request lines, N routes, M without" or the first difference;
 * exits 1 on one.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../corpus/corpus.h"
#include "classify_slots.h"
#include "route.h"

struct driver {
	struct bpf_object *object;
	int program;
	struct classify_slot *slots;
	struct corpus corpus;
	unsigned long routes, without;
};

static struct corpus_request requests[CLASSIFY_SLOTS];

static int open_driver(struct driver *driver, const char *path)
{
	struct bpf_program *program;
	struct bpf_map *map;

	driver->object = bpf_object__open(path);
	if (!driver->object || bpf_object__load(driver->object))
		return -errno;
	program = bpf_object__find_program_by_name(driver->object, "classify_slots");
	map = bpf_object__find_map_by_name(driver->object, "slots");
	if (!program || !map)
		return -ENOENT;
	driver->program = bpf_program__fd(program);
	driver->slots = mmap(NULL, CLASSIFY_SLOTS * sizeof(*driver->slots), PROT_READ | PROT_WRITE,
		MAP_SHARED, bpf_map__fd(map), 0);
	return driver->slots == MAP_FAILED ? -errno : 0;
}

/* As bpf/http.h packs it: more than eight letters are none of the table's methods. */
static __u64 packed(const char *method)
{
	__u64 word = 0;

	if (strlen(method) > sizeof(word))
		return ~0ULL;
	for (size_t i = 0; method[i]; i++)
		word |= (__u64)(unsigned char)method[i] << (i * 8);
	return word;
}

static void fill(struct driver *driver, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct classify_slot *slot = &driver->slots[i];

		corpus_next(&driver->corpus, &requests[i]);
		slot->method = packed(requests[i].method);
		slot->length = requests[i].length;
		slot->route = -2; /* no answer */
		memcpy(slot->bytes, requests[i].target, requests[i].length);
	}
}

/* Returns 0, or -1 after it has printed a difference. */
static int compare(struct driver *driver, unsigned int count)
{
	static struct route_match match;

	for (unsigned int i = 0; i < count; i++) {
		const struct corpus_request *request = &requests[i];

		route_classify(request->method, strlen(request->method), request->target,
			request->length, &match);
		if (match.id != driver->slots[i].route) {
			printf("%s %s is route %d here and %d in the kernel\n", request->method,
				request->target, match.id, driver->slots[i].route);
			return -1;
		}
		if (match.id >= 0)
			driver->routes++;
		else
			driver->without++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct driver driver = {};
	LIBBPF_OPTS(bpf_test_run_opts, options);
	unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	int r;

	if (!count) {
		fprintf(stderr, "usage: classify_driver OBJECT COUNT\n");
		return 2;
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	r = open_driver(&driver, argv[1]);
	if (r < 0) {
		fprintf(stderr, "classify_driver: %s: %s\n", argv[1], strerror(-r));
		return 1;
	}
	corpus_begin(&driver.corpus, CORPUS_SEED);
	for (unsigned long done = 0; done < count;) {
		unsigned int batch = count - done < CLASSIFY_SLOTS ? count - done : CLASSIFY_SLOTS;

		fill(&driver, batch);
		if (bpf_prog_test_run_opts(driver.program, &options)) {
			perror("classify_driver: running the program");
			return 1;
		}
		if (compare(&driver, batch))
			return 1;
		done += batch;
	}
	printf("%lu request lines, %lu routes, %lu without\n", count, driver.routes, driver.without);
	bpf_object__close(driver.object);
	return 0;
}
