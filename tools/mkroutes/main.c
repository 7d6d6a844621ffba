// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the tables behind include/latch/classify.h from include/latch/routes.def, which is compiled
 * in. Run by make, on the machine that builds; nothing of it is installed.
 */
#include <stdio.h>
#include <string.h>

#include "emit.h"

static const struct row rows[] = {
#include "latch/routes.def"
};

static void print_stats(const struct automaton *automaton, size_t count)
{
	printf("rows     %zu\nmethods  %u\npaths    %u\nkeys     %u\n", count,
		automaton->method_count, automaton->paths, automaton->key_count);
	printf("states   %u\nclasses  %u\nbytes    %zu\n", automaton->states, automaton->classes,
		emit_size(automaton, count));
}

static int usage(FILE *out, int status)
{
	fprintf(out, "usage: mkroutes [--stats]\n"
		     "Writes the tables of routes.def as a header to standard output, or says\n"
		     "how large they are.\n");
	return status;
}

int main(int argc, char **argv)
{
	struct automaton automaton;
	size_t count;
	bool stats = argc == 2 && strcmp(argv[1], "--stats") == 0;
	int r;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc > 1 && !stats)
		return usage(stderr, 2);
	if (rows_check(rows, ARRAY_SIZE(rows), stderr) < 0)
		return 1;
	count = rows_requests(rows, ARRAY_SIZE(rows));
	r = automaton_build(rows, count, &automaton, stderr);
	if (r == 0 && stats)
		print_stats(&automaton, count);
	else if (r == 0)
		emit(&automaton, rows, count, stdout);
	automaton_free(&automaton);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, "mkroutes: cannot write: is the disk full?\n");
		r = -1;
	}
	return r < 0;
}
