/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the drivers share: commands that come a line at a time on standard input, and answers that go a
 * JSON object a line.
 */
#ifndef LATCH_DRIVER_LINES_H
#define LATCH_DRIVER_LINES_H

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct lines {
	uv_poll_t input;
	void (*command)(char *line, void *context);
	void (*end)(void *context); /* of the input; `lines` is closed already */
	void *context;
	char text[65536];
	size_t size;
};

static inline void print(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

static inline void lines_on_input(uv_poll_t *poll, int status, int events)
{
	struct lines *lines = poll->data;
	char *end;
	ssize_t got;

	(void)status;
	(void)events;
	got = read(0, lines->text + lines->size, sizeof(lines->text) - lines->size - 1);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		uv_close((uv_handle_t *)poll, NULL);
		lines->end(lines->context);
		return;
	}
	lines->size += got;
	while ((end = memchr(lines->text, '\n', lines->size))) {
		size_t length = end + 1 - lines->text;

		*end = '\0';
		lines->command(lines->text, lines->context);
		lines->size -= length;
		memmove(lines->text, lines->text + length, lines->size);
	}
}

/* Set the callbacks first. */
static inline void lines_read(uv_loop_t *loop, struct lines *lines)
{
	uv_poll_init(loop, &lines->input, 0);
	lines->input.data = lines;
	uv_poll_start(&lines->input, UV_READABLE, lines_on_input);
}

#endif
