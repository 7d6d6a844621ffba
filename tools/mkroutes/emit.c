// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the tables out. Types are the kernel's, names begin with `dfa_`, and each table's size is
 * a macro of its own: the reader bounds every index by it.
 */
#include "emit.h"

#include <stdbool.h>
#include <string.h>

#define SIZE_LIMIT (256 * 1024)

/* One bit a key of the row's discriminator, in the order of automaton->keys. */
static unsigned key_mask(const struct automaton *automaton, const struct row *row)
{
	unsigned mask = 0;

	for (const char *const *key = row->discriminator.keys; *key; key++) {
		for (unsigned k = 0; k < automaton->key_count; k++)
			mask |= strcmp(automaton->keys[k], *key) == 0 ? 1u << k : 0;
	}
	return mask;
}

static bool same_request(const struct row *a, const struct row *b)
{
	return strcmp(a->method, b->method) == 0 && strcmp(a->template, b->template) == 0;
}

/* Rows of one method and template stand next to each other: rows_check() has seen to it. */
static int next_row(const struct row *rows, size_t count, size_t i)
{
	return i + 1 < count && same_request(&rows[i], &rows[i + 1]) ? (int)i + 1 : -1;
}

static int first_row(const struct row *rows, size_t i)
{
	while (i > 0 && same_request(&rows[i - 1], &rows[i]))
		i--;
	return i;
}

static unsigned max_keyed(const struct row *rows, size_t count)
{
	unsigned most = 0;

	for (size_t i = 0; i < count; i++) {
		if (next_row(rows, count, i) < 0 && i - first_row(rows, i) > most)
			most = i - first_row(rows, i);
	}
	return most;
}

size_t emit_size(const struct automaton *automaton, size_t count)
{
	return 256 + automaton->states * (automaton->classes + 1) * sizeof(uint16_t) +
		automaton->paths * (1 + automaton->method_count) * sizeof(int16_t) +
		automaton->key_count + count * 12;
}

static void emit_sizes(const struct automaton *automaton, const struct row *rows, size_t count,
	FILE *out)
{
	unsigned columns = automaton->classes + 1;

	fprintf(out, "#define DFA_CELLS %u /* %u states of %u */\n", automaton->states * columns,
		automaton->states, columns);
	fprintf(out, "#define DFA_ACCEPT %u\n#define DFA_PATHS %u\n", automaton->classes,
		automaton->paths);
	fprintf(out, "#define DFA_METHODS %u\n#define DFA_KEYS %u\n#define DFA_ROWS %zu\n",
		1 + automaton->method_count, automaton->key_count, count);
	fprintf(out, "/* Rows with a discriminator that one method and template has at most. */\n");
	fprintf(out, "#define DFA_MAX_KEYED %u\n", max_keyed(rows, count));
	fprintf(out, "#define DFA_PATH_START %u\n", automaton->start[PART_PATH] * columns);
	fprintf(out, "#define DFA_KEY_START %u\n", automaton->start[PART_KEY] * columns);
	fprintf(out, "#define DFA_VALUE_START %u\n", automaton->start[PART_VALUE] * columns);
}

/* X(id, name, packed): the first letter lowest. */
static void emit_methods(const struct automaton *automaton, FILE *out)
{
	fprintf(out, "\n#define DFA_EACH_METHOD(X)");
	for (unsigned m = 0; m < automaton->method_count; m++) {
		const char *name = automaton->methods[m];
		unsigned long long packed = 0;

		for (size_t i = 0; name[i]; i++)
			packed |= (unsigned long long)(unsigned char)name[i] << (8 * i);
		fprintf(out, " \\\n\tX(%u, \"%s\", 0x%llxULL)", m + 1, name, packed);
	}
	fprintf(out, "\n");
}

/*
 * A state is the place of its first cell, so that a step is one sum and one look. Behind its cells,
 * one for each class of bytes, stands what it accepts.
 */
static void emit_cells(const struct automaton *automaton, FILE *out)
{
	fprintf(out, "\n/*\n * A state is the index of its first cell. state + class: the next state. state +\n"
		     " * DFA_ACCEPT: of a path its kind, of a key 1 + the key, of a value what it is.\n"
		     " */\n"
		     "static const __u16 dfa_cells[DFA_CELLS] = {\n");
	for (unsigned state = 0; state < automaton->states; state++) {
		fprintf(out, "\t");
		for (unsigned class = 0; class < automaton->classes; class++)
			fprintf(out, "%u,", automaton->next[state * automaton->classes + class] *
				(automaton->classes + 1));
		fprintf(out, "%u,\n", automaton->accept[state]);
	}
	fprintf(out, "};\n");
}

static void emit_bytes(const char *name, const char *size, const uint8_t *bytes, size_t count,
	FILE *out)
{
	fprintf(out, "\nstatic const __u8 %s[%s] = {", name, size);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%u,", i % 24 == 0 ? "\n\t" : "", bytes[i]);
	fprintf(out, "\n};\n");
}

static void emit_paths(const struct automaton *automaton, FILE *out)
{
	fprintf(out, "\n/* The first row of each method for a kind of path; method 0 is none. */\n"
		     "static const __s16 dfa_rows[DFA_PATHS][DFA_METHODS] = {\n");
	for (unsigned kind = 0; kind < automaton->paths; kind++) {
		fprintf(out, "\t{");
		for (unsigned m = 0; m <= automaton->method_count; m++)
			fprintf(out, "%d,",
				automaton->rows[kind * (1 + automaton->method_count) + m]);
		fprintf(out, "},\n");
	}
	fprintf(out, "};\n");
}

static void emit_rows(const struct automaton *automaton, const struct row *rows, size_t count,
	FILE *out)
{
	fprintf(out, "\n#define DFA_ROW_HIJACKS 1\n#define DFA_ROW_FORM 2\n");
	fprintf(out, "static const struct {\n"
		     "\t__u32 keys; /* one bit a key of its discriminator */\n"
		     "\t__s16 next, first; /* of its method and template, -1 for none */\n"
		     "\t__u8 flags;\n} dfa_row[DFA_ROWS] = {\n");
	for (size_t i = 0; i < count; i++) {
		int hijacks = rows[i].flags & ROUTE_HIJACK ? 1 : 0;
		int form = rows[i].flags & ROUTE_FORM ? 2 : 0;

		fprintf(out, "\t{ %u, %d, %d, %d }, /* %s */\n", key_mask(automaton, &rows[i]),
			next_row(rows, count, i), first_row(rows, i), hijacks | form, rows[i].id);
	}
	fprintf(out, "};\n");
}

void emit(const struct automaton *automaton, const struct row *rows, size_t count, FILE *out)
{
	uint8_t when[AUTOMATON_MAX_KEYS];

	for (unsigned k = 0; k < automaton->key_count; k++)
		when[k] = automaton->key_when[k];
	fprintf(out, "/* Made by tools/mkroutes from include/latch/routes.def: do not edit. */\n"
		     "#ifndef LATCH_ROUTE_DFA_H\n#define LATCH_ROUTE_DFA_H\n\n");
	emit_sizes(automaton, rows, count, out);
	emit_methods(automaton, out);
	fprintf(out, "\n/* Bytes that no state tells apart have one number. */");
	emit_bytes("dfa_class", "256", automaton->byte_class, 256, out);
	emit_cells(automaton, out);
	emit_paths(automaton, out);
	fprintf(out, "\n/* What must be true of a key's first value. */");
	emit_bytes("dfa_when", "DFA_KEYS", when, automaton->key_count, out);
	emit_rows(automaton, rows, count, out);
	fprintf(out, "\n_Static_assert(sizeof(dfa_class) + sizeof(dfa_cells) + sizeof(dfa_rows) +\n"
		     "\tsizeof(dfa_when) + sizeof(dfa_row) < %d,\n"
		     "\t\"the tables of routes.def are too large\");\n\n#endif\n",
		SIZE_LIMIT);
}
