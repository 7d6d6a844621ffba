// SPDX-License-Identifier: Apache-2.0
/*
 * How long it takes to find a request line's route: the request lines of the recorded clients, with
 * version and full ids, as the mediator classifies them, and beside it the slow reference router in
 * the same run. Prints nanoseconds per request line and the ratio; it judges nothing.
 *
 * usage: bench_classify [ROUNDS]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../corpus/recorded.h"
#include "../corpus/reference_router.h"
#include "route.h"

#define MAX_LINES 4096
#define ID	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REPEAT	  64 /* classifications in one measurement: the clock itself takes some time */

struct line {
	struct recorded_request request;
	size_t method_length, target_length;
};

static struct line lines[MAX_LINES];
static size_t line_count;
static struct reference_router reference;
static volatile int sink; /* what is found is used */

static void add_line(const char *version, const struct recorded_request *request)
{
	struct line *line = &lines[line_count];

	if (line_count == MAX_LINES)
		return;
	line->request = *request;
	line->target_length = snprintf(line->request.target, sizeof(line->request.target), "%s%s",
		version, request->target);
	line->method_length = strlen(request->method);
	line_count++;
}

static void read_lines(void)
{
	struct tsv tsv;

	tsv_open(&tsv, __FILE__, "commands.tsv");
	tsv_read(&tsv);
	while (tsv_read(&tsv)) {
		const char *column = tsv.fields[3];
		struct recorded_request request;

		while (recorded_next(tsv.fields[0], &column, ID, &request))
			if (!request.call)
				add_line(strcmp(request.target, "/_ping") == 0 ? "" : "/v1.51",
					&request);
	}
	tsv_close(&tsv);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void classify_line(const struct line *line)
{
	static struct route_match match;

	route_classify(line->request.method, line->method_length, line->request.target,
		line->target_length, &match);
	sink += match.id;
}

static void reference_line(const struct line *line)
{
	sink += reference_classify(&reference, line->request.method, line->request.target,
		line->target_length)
			.row;
}

static double measure(void (*classify)(const struct line *line), const struct line *line)
{
	double start = now();

	for (int i = 0; i < REPEAT; i++)
		classify(line);
	return (now() - start) / REPEAT;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct result {
	double median, p99;
};

/*
 * Of each line the median of its rounds, so that what else the machine does in the meantime is left
 * out; of these the median and the 99th percentile.
 */
static struct result run(const char *name, void (*classify)(const struct line *line), int rounds)
{
	static double of_line[MAX_LINES];
	double *times = malloc(rounds * sizeof(*times));
	struct result result;

	if (!times) {
		fprintf(stderr, "bench_classify: out of memory; ask for fewer rounds\n");
		exit(1);
	}
	for (size_t i = 0; i < line_count; i++) {
		for (int round = 0; round < rounds; round++)
			times[round] = measure(classify, &lines[i]);
		qsort(times, rounds, sizeof(*times), compare);
		of_line[i] = times[rounds / 2];
	}
	free(times);
	qsort(of_line, line_count, sizeof(*of_line), compare);
	result = (struct result){ of_line[line_count / 2],
		of_line[line_count - 1 - line_count / 100] };
	printf("%-10s median %8.0f ns   p99 %8.0f ns   slowest %8.0f ns\n", name, result.median,
		result.p99, of_line[line_count - 1]);
	return result;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20;
	struct result fast, slow;
	size_t bytes = 0;

	if (argc > 2 || rounds < 1) {
		fprintf(stderr, "usage: bench_classify [ROUNDS]\n");
		return 2;
	}
	read_lines();
	reference_open(&reference, __FILE__);
	for (size_t i = 0; i < line_count; i++)
		bytes += lines[i].target_length;
	if (line_count == 0) {
		fprintf(stderr, "bench_classify: no request lines were read\n");
		return 1;
	}
	printf("%zu request lines, %zu bytes of target on average, %d rounds\n", line_count,
		bytes / line_count, rounds);
	fast = run("automaton", classify_line, rounds);
	slow = run("reference", reference_line, rounds);
	printf("ratio      median %8.1f      p99 %8.1f\n", slow.median / fast.median,
		slow.p99 / fast.p99);
	reference_close(&reference);
	return 0;
}
