// SPDX-License-Identifier: Apache-2.0
/*
 * JSON and columns on standard output. Widths are bytes: all that latch prints in columns is ASCII.
 */
#include "output.h"

#include <errno.h>
#include <stdarg.h>

struct table_cell {
	char *text;
	enum style look;
};

int print_json(const char *command, json_t *object, int status)
{
	int r = -1;

	if (object)
		r = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(object);
	if (r) {
		fprintf(stderr, "latchctl %s: the answer could not be written as JSON\n", command);
		return LATCHCTL_UNKNOWN;
	}
	putchar('\n');
	return status;
}

static bool make_room(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 64;
	struct table_cell *cells;

	if (table->count < table->room)
		return true;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void table_add(struct table *table, enum style look, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int r;

	va_start(arguments, format);
	r = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (r < 0 || !make_room(table)) {
		if (r >= 0)
			free(text);
		table->failed = true;
		return;
	}
	table->cells[table->count++] = (struct table_cell){text, look};
}

static size_t width_of(const struct table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->count; i += table->columns) {
		size_t length = strlen(table->cells[i].text);

		width = length > width ? length : width;
	}
	return width;
}

static void print_cell(const struct table *table, size_t index, const char *indent)
{
	const struct table_cell *cell = &table->cells[index];
	size_t column = index % table->columns;
	bool last = column + 1 == table->columns;
	int padding = last ? 0 : (int)(width_of(table, column) - strlen(cell->text)) + 2;

	printf("%s%s%s%s%*s%s", column ? "" : indent,
		cell->look == STYLE_PLAIN ? "" : style(stdout, cell->look), cell->text,
		cell->look == STYLE_PLAIN ? "" : style(stdout, STYLE_PLAIN), padding, "",
		last ? "\n" : "");
}

int table_print(struct table *table, const char *indent)
{
	int r = table->failed ? -ENOMEM : 0;

	for (size_t i = 0; !r && i < table->count; i++)
		print_cell(table, i, indent);
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = TABLE(table->columns);
	return r;
}
