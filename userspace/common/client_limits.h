/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mediator lets a client take of it: `--limit NAME=VALUE` of latchd, which hands them on.
 */
#ifndef LATCH_CLIENT_LIMITS_H
#define LATCH_CLIENT_LIMITS_H

#include <stddef.h>

/* LIMIT(field, name, default, least, most, unit and meaning) */
#define LIMITS(LIMIT)                                                                              \
	LIMIT(head_size, "head-size", 65536, 1024, 65536, "bytes of a request's head")             \
	LIMIT(head_fields, "head-fields", 128, 8, 128, "header fields of a request")               \
	LIMIT(head_time, "head-time", 60, 1, 3600,                                                 \
		"seconds for a head to arrive, or a body that decides something")                  \
	LIMIT(idle_time, "idle-time", 900, 0, 604800,                                              \
		"seconds between two requests of a connection; 0: any time")

struct limits {
#define LIMIT(field, ...) unsigned field;
	LIMITS(LIMIT)
#undef LIMIT
};

#define LIMITS_COUNT 4

void limits_init(struct limits *limits);

/*
 * Takes "head-time=30". Returns 0, or -EINVAL and a sentence in `problem`: no such name, no number, or
 * out of its bounds.
 */
int limits_set(struct limits *limits, const char *text, char *problem, size_t size);

/* The setting number `i`, below LIMITS_COUNT, as limits_set takes it. */
void limits_print(const struct limits *limits, size_t i, char *text, size_t size);

/* Its line in a program's --help. */
void limits_help(size_t i, char *text, size_t size);

#endif
