// SPDX-License-Identifier: Apache-2.0
/*
 * Rates from the times in the log's records: a record that latchd wrote late counts for when it happened.
 * Nothing is asked of the log but what `latchctl audit` shows.
 */
#include "top_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit_reader.h"
#include "tally.h"
#include "util.h"

#define TAIL	  (4 << 20) /* bytes of the log that are read at first: a minute is in it, or its end */
#define LINE_MAX_ (1 << 20) /* more is no record */
#define MICRO	  1000000

const char *const top_order_names[TOP_ORDERS] = {
	[TOP_BY_RATE] = "requests",
	[TOP_BY_REFUSED] = "refused",
	[TOP_BY_CONNECTIONS] = "connections",
	[TOP_BY_NAME] = "name",
};

/* The row of the container; made where there is none. NULL: no room. */
static struct top_row *row_of(struct top *top, const char *id)
{
	struct top_row *rows;

	for (size_t i = 0; i < top->count; i++)
		if (!strcmp(top->rows[i].id, id))
			return &top->rows[i];
	if (top->count == TOP_ROWS)
		return NULL;
	rows = reallocarray(top->rows, top->count + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	top->rows = rows;
	rows[top->count] = (struct top_row){.connections = -1};
	COPY_STRING(rows[top->count].id, id);
	return &rows[top->count++];
}

/* ---- the log ---- */

/* In mediated transport the kernel tells of each request as well. */
static bool is_counted(const json_t *record)
{
	return !strcmp(record_text(record, "event"), "request") &&
	       (strcmp(record_text(record, "plane"), "kernel") != 0 ||
		       !strcmp(record_text(record, "socket"), "direct"));
}

static void take_record(struct top *top, const json_t *record)
{
	const char *caller = record_text(record, "caller"), *id = record_text(record, "container");
	enum audit_verdict verdict = audit_verdict(record);
	int64_t second = audit_record_time(record) / MICRO;
	bool request = is_counted(record);
	struct top_row *row;

	if (verdict == AUDIT_NO_VERDICT || !second || (!*id && strcmp(caller, "host") != 0) ||
		(!request && strcmp(record_text(record, "event"), "connect") != 0))
		return;
	row = row_of(top, id);
	if (!row)
		return;
	if (*record_text(record, "name"))
		COPY_STRING(row->name, record_text(record, "name"));
	if (*record_text(record, "image"))
		COPY_STRING(row->image, record_text(record, "image"));
	if (!row->runs)
		COPY_STRING(row->verdict, caller);
	if (row->slots[second % TOP_SECONDS].second < second) {
		memset(&row->slots[second % TOP_SECONDS], 0, sizeof(row->slots[0]));
		row->slots[second % TOP_SECONDS].second = second;
	}
	if (row->slots[second % TOP_SECONDS].second != second)
		return; /* older than what is remembered */
	row->slots[second % TOP_SECONDS].requests += request;
	row->slots[second % TOP_SECONDS].refused += verdict != AUDIT_PASSED;
}

static void take_line(struct top *top, const char *line, size_t length)
{
	json_t *record = json_loadb(line, length, 0, NULL);

	if (json_is_object(record))
		take_record(top, record);
	json_decref(record);
}

/* Lines that are whole; the rest waits for its end. */
static void take_bytes(struct top *top, const char *bytes, size_t size)
{
	char *more = realloc(top->line, top->length + size);
	char *start, *end;

	if (!more)
		return;
	memcpy(more + top->length, bytes, size);
	top->line = more;
	top->length += size;
	start = more;
	while ((end = memchr(start, '\n', top->length - (start - more)))) {
		take_line(top, start, end - start);
		start = end + 1;
	}
	top->length -= start - more;
	memmove(more, start, top->length);
	if (top->length > LINE_MAX_)
		top->length = 0;
}

/* The file of that name is another one, or was emptied. */
static bool is_another(const struct top *top)
{
	struct stat there, here;

	return !stat(top->path, &there) && !fstat(fileno(top->log), &here) &&
	       (there.st_ino != here.st_ino || there.st_dev != here.st_dev ||
		       there.st_size < ftello(top->log));
}

static void read_on(struct top *top)
{
	char bytes[65536];
	size_t size;

	clearerr(top->log);
	while ((size = fread(bytes, 1, sizeof(bytes), top->log)) > 0)
		take_bytes(top, bytes, size);
}

int top_open(struct top *top, const char *log)
{
	struct stat status;

	*top = (struct top){0};
	COPY_STRING(top->path, log);
	top->log = fopen(log, "re");
	if (!top->log)
		return -errno;
	if (!fstat(fileno(top->log), &status) && status.st_size > TAIL)
		fseeko(top->log, status.st_size - TAIL, SEEK_SET); /* its first line is half a one */
	read_on(top);
	return 0;
}

void top_close(struct top *top)
{
	if (top->log)
		fclose(top->log);
	free(top->line);
	free(top->rows);
}

void top_read_log(struct top *top)
{
	read_on(top);
	if (is_another(top)) {
		FILE *log = fopen(top->path, "re");

		if (!log)
			return; /* not yet there again */
		fclose(top->log);
		top->log = log;
		top->length = 0;
		read_on(top);
	}
}

/* ---- latchd ---- */

void top_take_status(struct top *top, const json_t *status)
{
	const json_t *list = json_object_get(json_object_get(status, "containers"), "list"), *item;
	size_t i;

	top->answered = status != NULL;
	top->healthy = json_is_true(json_object_get(status, "healthy"));
	COPY_STRING(top->mode, record_text(status, "mode"));
	for (i = 0; i < top->count; i++)
		top->rows[i].runs = false;
	json_array_foreach(list, i, item) {
		const json_t *connections = json_object_get(item, "connections");
		struct top_row *row = row_of(top, record_text(item, "id"));

		if (!row)
			continue;
		row->runs = true;
		COPY_STRING(row->verdict, record_text(item, "verdict"));
		if (*record_text(item, "name"))
			COPY_STRING(row->name, record_text(item, "name"));
		if (*record_text(item, "image"))
			COPY_STRING(row->image, record_text(item, "image"));
		row->connections =
			json_is_integer(connections) ? json_integer_value(connections) : -1;
	}
}

/* ---- what is shown ---- */

static void settle(struct top_row *row, int64_t now)
{
	uint64_t requests = 0;

	row->refused = 0;
	for (int i = 0; i < TOP_SECONDS; i++) {
		int64_t age = now - row->slots[i].second;

		if (age < 0 || age >= TOP_SECONDS)
			continue;
		row->refused += row->slots[i].refused;
		/* The second that has begun is not whole yet. */
		if (age >= 1 && age <= TOP_RATE)
			requests += row->slots[i].requests;
	}
	row->rate = (double)requests / TOP_RATE;
}

static bool is_alive(const struct top_row *row, int64_t now)
{
	for (int i = 0; i < TOP_SECONDS; i++)
		if (row->slots[i].second && now - row->slots[i].second < TOP_SECONDS)
			return true;
	return row->runs;
}

static int compare_with(const void *one, const void *other, void *context)
{
	const struct top_row *a = one, *b = other;

	switch (*(const enum top_order *)context) {
	case TOP_BY_RATE:
		if (a->rate != b->rate)
			return a->rate < b->rate ? 1 : -1;
		break;
	case TOP_BY_REFUSED:
		if (a->refused != b->refused)
			return a->refused < b->refused ? 1 : -1;
		break;
	case TOP_BY_CONNECTIONS:
		if (a->connections != b->connections)
			return a->connections < b->connections ? 1 : -1;
		break;
	default:
		break;
	}
	return strcmp(a->name, b->name) ? strcmp(a->name, b->name) : strcmp(a->id, b->id);
}

void top_settle(struct top *top, int64_t now, enum top_order order)
{
	size_t kept = 0;

	for (size_t i = 0; i < top->count; i++) {
		if (!is_alive(&top->rows[i], now))
			continue;
		settle(&top->rows[i], now);
		top->rows[kept++] = top->rows[i];
	}
	top->count = kept;
	if (kept)
		qsort_r(top->rows, kept, sizeof(*top->rows), compare_with, &order);
}
