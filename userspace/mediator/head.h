/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a client's request: found, checked and taken apart.
 *
 * Two steps. head_scan() walks over bytes as they arrive and stops at the first one that no
 * well-behaved client sends; head_parse() lets llhttp take the whole head apart and then applies
 * the rules about what fields may say. Where Go's server is more liberal (bare LF, folded fields,
 * both framings at once) this is deliberately not: what two parsers could read in two ways is
 * refused instead of repaired.
 */
#ifndef LATCH_MEDIATOR_HEAD_H
#define LATCH_MEDIATOR_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"

#define HEAD_MAX_SIZE   65536
#define HEAD_MAX_FIELDS 128

/* Why a request is refused before it is understood. */
struct head_problem {
	int status;       /* of the HTTP answer */
	const char *text; /* static */
};

enum head_scan_state {
	SCAN_START = 0,
	SCAN_LINE,
	SCAN_LINE_LF,
	SCAN_FIELD,
	SCAN_NAME,
	SCAN_VALUE,
	SCAN_VALUE_LF,
	SCAN_END_LF,
};

/* Not more than HEAD_MAX_SIZE and HEAD_MAX_FIELDS. */
struct head_limits {
	size_t size, fields;
};

/* Before each request zero but for its limits. */
struct head_scan {
	const struct head_limits *limits; /* NULL: the most that there is */
	enum head_scan_state state;
	size_t offset; /* bytes already looked at */
	size_t fields;
};

/*
 * Looks at the bytes behind scan->offset. `data` is always the start of the head. Returns the
 * length of the head with its empty line, 0 when more is needed, -EBADMSG and the problem.
 */
ssize_t head_scan(
	struct head_scan *scan, const char *data, size_t length, struct head_problem *problem);

struct head_field {
	struct span name;
	struct span value; /* without the white space around it */
};

enum body_kind {
	BODY_NONE,
	BODY_LENGTH,
	BODY_CHUNKED,
};

/* All spans point into the text that was parsed. */
struct request_head {
	struct span method;
	struct span target;
	unsigned minor; /* HTTP/1.<minor>: 0 or 1 */
	struct head_field fields[HEAD_MAX_FIELDS];
	size_t field_count;
	/* Fields that may appear once; NULL without one. */
	const struct span *host;
	const struct span *content_type;
	const struct span *upgrade;
	enum body_kind body;
	uint64_t content_length; /* BODY_LENGTH */
	bool expects_continue;   /* waits for a 100 before it sends the body */
	bool close;              /* wants the connection closed after the answer */
};

/* Takes apart what head_scan() measured. Returns 0, or -EBADMSG and the problem. */
int head_parse(
	const char *data, size_t length, struct request_head *head, struct head_problem *problem);

/* Does a Connection field name this field or option? */
bool head_connection_names(const struct request_head *head, struct span name);

/*
 * The media type of the body, without parameters, compared without regard to ASCII case. False
 * without a Content-Type.
 */
bool head_media_type_is(const struct request_head *head, const char *type);

#endif
