/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the tables of selftests/data, which were measured on real engines: what the tests expect
 * comes from there and not from the tables that they test. The path is found from the including
 * file's own, so the tests run from the folder that they were compiled in.
 */
#ifndef LATCH_TEST_TSV_H
#define LATCH_TEST_TSV_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TSV_FIELDS 16

struct tsv {
	char *text; /* the whole file, cut into strings in place */
	char *next; /* the line to read next */
	char *fields[TSV_FIELDS]; /* of the current line; missing ones are "" */
};

/* `here` is the caller's __FILE__. Ends the test program when the file cannot be read. */
static inline void tsv_open(struct tsv *tsv, const char *here, const char *name)
{
	const char *slash = strrchr(here, '/');
	size_t size = 0, got;
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%.*s/../data/%s", slash ? (int)(slash - here) : 1,
		slash ? here : ".", name);
	file = fopen(path, "r");
	if (!file) {
		fprintf(stderr, "%s: cannot be read from here\n", path);
		exit(1);
	}
	tsv->text = NULL;
	do {
		tsv->text = realloc(tsv->text, size + 65536 + 1);
		got = fread(tsv->text + size, 1, 65536, file);
		size += got;
	} while (got > 0);
	fclose(file);
	tsv->text[size] = '\0';
	tsv->next = tsv->text;
}

/* Cuts the next line into fields. Returns 0 at the end. */
static inline int tsv_read(struct tsv *tsv)
{
	char *line = tsv->next;
	char *end;

	if (!line || *line == '\0')
		return 0;
	end = strchr(line, '\n');
	tsv->next = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	for (int i = 0; i < TSV_FIELDS; i++) {
		char *tab = line ? strchr(line, '\t') : NULL;

		tsv->fields[i] = line ? line : (char *)"";
		if (tab)
			*tab = '\0';
		line = tab ? tab + 1 : NULL;
	}
	return 1;
}

static inline void tsv_close(struct tsv *tsv)
{
	free(tsv->text);
}

/*
 * A path that the template matches: each variable becomes `value`. As much of the template is
 * taken as comes before `stop`.
 */
static inline void tsv_fill_template(const char *template, const char *stop, const char *value,
	char *path, size_t size)
{
	size_t used = 0;

	for (const char *c = template; c < stop && used + 1 < size; c++) {
		if (*c == '{') {
			used += (size_t)snprintf(path + used, size - used, "%s", value);
			c = strchr(c, '}');
		} else {
			path[used++] = *c;
		}
	}
	path[used] = '\0';
}

#endif
