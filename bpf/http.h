/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Reads one direction of an HTTP/1.x connection, byte by byte: where each head ends, what it asks
 * for, and where its body ends. The kernel's programs feed it; it calls nothing of the kernel's, so
 * that the unit tests and the fuzzer run the same lines.
 *
 * Strict as the mediator is (userspace/mediator/head.c, framing.c): what two readers could read in
 * two ways is a problem, never a guess. It reads no more than decides something: the route, by the
 * automaton that both planes share, and the framing. It does not judge a route.
 */
#ifndef LATCH_HTTP_H
#define LATCH_HTTP_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <stdbool.h>
#endif

#include "latch/abi.h"
#include "latch/classify.h"

#define HTTP_HEAD_MAX	65536 /* bytes of a head, as in the mediator */
#define HTTP_FIELDS_MAX 128
#define HTTP_NAME_MAX	24 /* of a field's name, what is kept: longer than any that matters */
#define HTTP_VALUE_MAX	32 /* the same for its value */
#define HTTP_LENGTH_DIGITS 18 /* of a Content-Length: it never overflows */
#define HTTP_CHUNK_DIGITS  15
#define HTTP_DROPPED_MAX   4096 /* bytes of chunk extensions, or of trailers */

enum http_phase {
	HTTP_START = 0, /* before a head's first byte */
	HTTP_METHOD,
	HTTP_TARGET,
	HTTP_VERSION, /* of a request: "HTTP/1.1" CR */
	HTTP_STATUS,  /* of an answer: "HTTP/1.1 200", then any reason */
	HTTP_REASON,
	HTTP_LINE_LF,
	HTTP_FIELD,
	HTTP_NAME,
	HTTP_VALUE,
	HTTP_END_LF,
	HTTP_DATA, /* `remaining` bytes of a body, to be skipped */
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_SIZE_LF,
	HTTP_CHUNK_CR,
	HTTP_CHUNK_LF,
	HTTP_TRAILER,
	HTTP_TRAILER_LINE,
	HTTP_TRAILER_LF,
	HTTP_LAST_LF,
	HTTP_AWAIT, /* a request that may turn the connection raw: the answer tells */
	HTTP_RAW,   /* no message any more: a raw stream, or an answer up to the end */
};

enum http_flag {
	HTTP_ANSWER = 1 << 0,	/* reads answers; else requests */
	HTTP_HEAD_ONLY = 1 << 1, /* the answer at hand has no body, whatever its fields say */
	HTTP_CHUNKED = 1 << 2,
	HTTP_FORM = 1 << 3,	/* the body is a form, whose values count before the query's */
	HTTP_OLD = 1 << 4,	/* HTTP/1.0 */
	HTTP_SAW_HOST = 1 << 5,
	HTTP_SAW_LENGTH = 1 << 6,
	HTTP_SAW_TYPE = 1 << 7,
	HTTP_SAW_CODING = 1 << 8,
	HTTP_SAW_UPGRADE = 1 << 9,
	HTTP_SAW_EXPECT = 1 << 10,
	HTTP_UPGRADES = 1 << 11, /* set by the caller: the answer may turn the connection raw */
};

/* What lasts longer than one head. */
#define HTTP_LASTING (HTTP_ANSWER | HTTP_UPGRADES)

struct http {
	__u64 remaining; /* HTTP_DATA: bytes left of the body, or of the chunk */
	__u64 length;	 /* Content-Length */
	__u64 method;	 /* its first eight bytes, the first one lowest */
	__u64 name[HTTP_NAME_MAX / 8]; /* of the field at hand, lower case, packed like `method` */
	__u64 value[HTTP_VALUE_MAX / 8];
	__u64 number; /* the value's digits, as a number */
	struct classify target;
	__u32 size; /* of the head so far */
	__u32 hash; /* of the head so far: two heads of one hash are taken for the same */
	__u32 dropped;
	__u16 fields;
	__u16 flags; /* enum http_flag */
	__u16 status;
	__u16 value_size; /* up to the last byte that is not blank; counts past what is kept */
	__u16 value_seen;
	__s16 route;
	__u8 phase; /* enum http_phase */
	__u8 count;  /* bytes in this word, number or name */
	__u8 digits; /* in the value */
};

enum http_event {
	HTTP_MORE = 0,
	HTTP_HEAD_DONE = 1, /* route or status are known, and what the body is */
	HTTP_DONE = 2,	    /* the message is over; after a head without a body as well */
};

/*
 * Whichever of these http_byte() returns, or a negative enum latch_problem. HTTP_HEAD_DONE comes
 * for each head; the caller then calls http_body().
 */

static inline bool http_is_token(__u8 c)
{
	/* RFC 9110, 5.6.2: one bit for each byte below 128. */
	__u64 low = 0x03ff6cfa00000000ULL, high = 0x57ffffffc7fffffeULL;

	if (c >= 128)
		return false;
	return (c < 64 ? low >> c : high >> (c - 64)) & 1;
}

static inline bool http_is_blank(__u8 c)
{
	return c == ' ' || c == '\t';
}

static inline __u8 http_lower(__u8 c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static inline void http_begin_head(struct http *http)
{
	http->flags &= HTTP_LASTING;
	http->phase = HTTP_START;
	http->size = 0;
	http->hash = 2166136261u; /* FNV-1a's */
	http->fields = 0;
	http->length = 0;
	http->remaining = 0;
	http->method = 0;
	http->count = 0;
	http->status = 0;
	http->dropped = 0;
	http->route = -1;
	classify_begin(&http->target);
}

static inline int http_method_byte(struct http *http, __u8 c)
{
	if (c == ' ' && http->count) {
		http->phase = HTTP_TARGET;
		return HTTP_MORE;
	}
	if (!http_is_token(c))
		return -LATCH_PROBLEM_REQUEST_LINE;
	/* A method of more than eight letters is none of the table's: it matches no route. */
	if (http->count < 8)
		http->method |= (__u64)c << (http->count * 8 & 63);
	else
		http->method = ~0ULL;
	if (http->count < 255)
		http->count++;
	return HTTP_MORE;
}

static inline int http_target_byte(struct http *http, __u8 c)
{
	if (c == ' ') {
		http->route = classify_end(&http->target, classify_method(http->method));
		http->phase = HTTP_VERSION;
		http->count = 0;
		return HTTP_MORE;
	}
	/* A request line holds printable bytes alone; CR here is HTTP/0.9. */
	if (c < ' ' || c > '~')
		return -LATCH_PROBLEM_REQUEST_LINE;
	classify_byte(&http->target, c);
	return HTTP_MORE;
}

/* The byte at a place of "HTTP/1.", lowest first. */
#define HTTP_NAME_AND_MAJOR 0x002e312f50545448ULL
#define HTTP_MAJOR_SIZE	    7

static inline int http_version_byte(struct http *http, __u8 c, __u8 end, __u8 next)
{
	if (http->count < HTTP_MAJOR_SIZE) {
		if (c != ((HTTP_NAME_AND_MAJOR >> (http->count * 8 & 63)) & 255))
			return -LATCH_PROBLEM_REQUEST_LINE;
	} else if (http->count == HTTP_MAJOR_SIZE) {
		if (c != '0' && c != '1')
			return -LATCH_PROBLEM_REQUEST_LINE;
		if (c == '0')
			http->flags |= HTTP_OLD;
	} else {
		if (c != end)
			return -LATCH_PROBLEM_REQUEST_LINE;
		http->phase = next;
		http->count = 0;
		return HTTP_MORE;
	}
	http->count++;
	return HTTP_MORE;
}

/* Three digits, then a reason that nobody reads. */
static inline int http_status_byte(struct http *http, __u8 c)
{
	if (http->count < 3) {
		if (c < '0' || c > '9')
			return -LATCH_PROBLEM_ANSWER;
		http->status = http->status * 10 + (c - '0');
		http->count++;
		return HTTP_MORE;
	}
	if (c == '\r')
		http->phase = HTTP_LINE_LF;
	else if (c == ' ')
		http->phase = HTTP_REASON;
	else
		return -LATCH_PROBLEM_ANSWER;
	return HTTP_MORE;
}

static inline int http_field_byte(struct http *http, __u8 c)
{
	if (c == '\r') {
		http->phase = HTTP_END_LF;
		return HTTP_MORE;
	}
	if (!http_is_token(c))
		return -LATCH_PROBLEM_FIELD; /* folded fields are caught here */
	if (http->fields >= HTTP_FIELDS_MAX)
		return -LATCH_PROBLEM_HEAD_SIZE;
	http->fields++;
	http->name[0] = http_lower(c);
	http->name[1] = http->name[2] = 0;
	http->count = 1;
	http->phase = HTTP_NAME;
	return HTTP_MORE;
}

static inline int http_name_byte(struct http *http, __u8 c)
{
	__u32 at = http->count;

	if (c == ':') {
		http->phase = HTTP_VALUE;
		http->value[0] = http->value[1] = http->value[2] = http->value[3] = 0;
		http->value_size = http->value_seen = 0;
		http->number = 0;
		http->digits = 0;
		return HTTP_MORE;
	}
	if (!http_is_token(c))
		return -LATCH_PROBLEM_FIELD;
	if (at >= HTTP_NAME_MAX) {
		http->name[0] = 0; /* too long to be one that matters */
		return HTTP_MORE;
	}
	if (at < 8) /* as in http_keep_value() */
		http->name[0] |= (__u64)http_lower(c) << (at * 8 & 63);
	else if (at < 16)
		http->name[1] |= (__u64)http_lower(c) << (at * 8 & 63);
	else
		http->name[2] |= (__u64)http_lower(c) << (at * 8 & 63);
	http->count = at + 1;
	return HTTP_MORE;
}

/* Words of up to 24 letters, as http_name_byte() packs them. */
#define HTTP_PACK(a, b, c, d, e, f, g, h)                                                          \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 |   \
		(__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

static inline bool http_name_is(const struct http *http, __u64 a, __u64 b, __u64 c)
{
	return http->name[0] == a && http->name[1] == b && http->name[2] == c;
}

static inline bool http_is_length(const struct http *http)
{
	return http_name_is(http, HTTP_PACK('c', 'o', 'n', 't', 'e', 'n', 't', '-'),
		HTTP_PACK('l', 'e', 'n', 'g', 't', 'h', 0, 0), 0);
}

static inline bool http_is_coding(const struct http *http)
{
	return http_name_is(http, HTTP_PACK('t', 'r', 'a', 'n', 's', 'f', 'e', 'r'),
		HTTP_PACK('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n'), 'g');
}

static inline bool http_is_type(const struct http *http)
{
	return http_name_is(http, HTTP_PACK('c', 'o', 'n', 't', 'e', 'n', 't', '-'),
		HTTP_PACK('t', 'y', 'p', 'e', 0, 0, 0, 0), 0);
}

/* Digits without sign, list or leading zero: any other spelling has two readers somewhere. */
static inline int http_take_length(struct http *http)
{
	if (http->value_size == 0 || http->value_size > HTTP_LENGTH_DIGITS)
		return -LATCH_PROBLEM_FRAMING;
	if (http->digits != http->value_size)
		return -LATCH_PROBLEM_FRAMING;
	if (http->value_size > 1 && (http->value[0] & 255) == '0')
		return -LATCH_PROBLEM_FRAMING;
	http->length = http->number;
	return HTTP_MORE;
}

static inline bool http_is_chunked_word(const struct http *http)
{
	return http->value_size == 7 &&
	       http->value[0] == HTTP_PACK('c', 'h', 'u', 'n', 'k', 'e', 'd', 0);
}

static inline bool http_is_continue_word(const struct http *http)
{
	return http->value_size == 12 &&
	       http->value[0] == HTTP_PACK('1', '0', '0', '-', 'c', 'o', 'n', 't') &&
	       http->value[1] == HTTP_PACK('i', 'n', 'u', 'e', 0, 0, 0, 0);
}

/* "application/x-www-form-urlencoded" and whatever follows it: to take too much for a form only
 * refuses more. */
static inline bool http_is_form_type(const struct http *http)
{
	return http->value[0] == HTTP_PACK('a', 'p', 'p', 'l', 'i', 'c', 'a', 't') &&
	       http->value[1] == HTTP_PACK('i', 'o', 'n', '/', 'x', '-', 'w', 'w') &&
	       http->value[2] == HTTP_PACK('w', '-', 'f', 'o', 'r', 'm', '-', 'u') &&
	       http->value[3] == HTTP_PACK('r', 'l', 'e', 'n', 'c', 'o', 'd', 'e');
}

/* Notes that a field has come; false the second time. */
static inline bool http_once(struct http *http, __u16 flag)
{
	bool first = !(http->flags & flag);

	http->flags |= flag;
	return first;
}

/* A field that decides something, whole. */
static inline int http_take_field(struct http *http)
{
	bool answer = http->flags & HTTP_ANSWER;

	if (http_is_length(http)) {
		if (!http_once(http, HTTP_SAW_LENGTH))
			return -LATCH_PROBLEM_FRAMING;
		return http_take_length(http);
	}
	if (http_is_coding(http)) {
		if (!http_once(http, HTTP_SAW_CODING) || !http_is_chunked_word(http))
			return -LATCH_PROBLEM_FRAMING;
		http->flags |= HTTP_CHUNKED;
		return HTTP_MORE;
	}
	if (answer)
		return HTTP_MORE;
	if (http_name_is(http, HTTP_PACK('h', 'o', 's', 't', 0, 0, 0, 0), 0, 0))
		return http_once(http, HTTP_SAW_HOST) ? HTTP_MORE : -LATCH_PROBLEM_FIELD;
	if (http_name_is(http, HTTP_PACK('u', 'p', 'g', 'r', 'a', 'd', 'e', 0), 0, 0))
		return http_once(http, HTTP_SAW_UPGRADE) ? HTTP_MORE : -LATCH_PROBLEM_FIELD;
	if (http_name_is(http, HTTP_PACK('e', 'x', 'p', 'e', 'c', 't', 0, 0), 0, 0)) {
		if (!http_once(http, HTTP_SAW_EXPECT) || !http_is_continue_word(http))
			return -LATCH_PROBLEM_FIELD;
		return HTTP_MORE;
	}
	if (http_is_type(http)) {
		if (!http_once(http, HTTP_SAW_TYPE))
			return -LATCH_PROBLEM_FIELD;
		if (http_is_form_type(http))
			http->flags |= HTTP_FORM;
	}
	return HTTP_MORE;
}

/* No index that is not a constant: older verifiers lose its bounds. */
static inline void http_keep_value(struct http *http, __u32 at, __u8 c)
{
	__u64 byte = (__u64)c << (at * 8 & 63);

	if (at < 8)
		http->value[0] |= byte;
	else if (at < 16)
		http->value[1] |= byte;
	else if (at < 24)
		http->value[2] |= byte;
	else if (at < HTTP_VALUE_MAX)
		http->value[3] |= byte;
}

static inline int http_value_byte(struct http *http, __u8 c)
{
	__u32 at = http->value_seen;
	int r;

	if (c == '\r') {
		r = http_take_field(http);
		http->phase = HTTP_LINE_LF;
		return r;
	}
	if ((c < ' ' && c != '\t') || c == 0x7f)
		return -LATCH_PROBLEM_FIELD;
	/* The engine lower-cases media types by Unicode's rules: only ASCII is compared here. */
	if (c > '~' && http_is_type(http))
		return -LATCH_PROBLEM_FIELD;
	/* Parsers differ in whether a tab ends a length or a coding. */
	if (c == '\t' && at && (http_is_length(http) || http_is_coding(http)))
		return -LATCH_PROBLEM_FRAMING;
	if (at == 0 && http_is_blank(c))
		return HTTP_MORE; /* in front of the value */
	if (!http_is_blank(c)) /* one behind the value must not count, one inside leaves a hole */
		http_keep_value(http, at, http_lower(c));
	if (c >= '0' && c <= '9' && http->digits < 255) {
		http->number = http->number * 10 + (c - '0'); /* too many digits are refused */
		http->digits++;
	}
	http->value_seen = at + 1; /* a head is no longer than fits */
	if (!http_is_blank(c))
		http->value_size = http->value_seen;
	return HTTP_MORE;
}

/* The head's last byte: is the framing clear? */
static inline int http_end_head(struct http *http)
{
	if (http->flags & HTTP_CHUNKED) {
		if (http->flags & HTTP_SAW_LENGTH)
			return -LATCH_PROBLEM_FRAMING;
		/* Go ignores the field in HTTP/1.0 and takes the chunks for the next request. */
		if (http->flags & HTTP_OLD && !(http->flags & HTTP_ANSWER))
			return -LATCH_PROBLEM_FRAMING;
	}
	if (!(http->flags & (HTTP_ANSWER | HTTP_OLD | HTTP_SAW_HOST)))
		return -LATCH_PROBLEM_FIELD;
	return HTTP_HEAD_DONE;
}

static inline int http_chunk_size_byte(struct http *http, __u8 c)
{
	__u8 digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (http_lower(c) >= 'a' && http_lower(c) <= 'f')
		digit = http_lower(c) - 'a' + 10;
	else if (!http->count)
		return -LATCH_PROBLEM_FRAMING;
	else if (c == '\r') {
		http->phase = HTTP_CHUNK_SIZE_LF;
		return HTTP_MORE;
	} else if (c == ';' || http_is_blank(c)) {
		http->phase = HTTP_CHUNK_EXTENSION;
		return HTTP_MORE;
	} else
		return -LATCH_PROBLEM_FRAMING;
	if (http->count >= HTTP_CHUNK_DIGITS)
		return -LATCH_PROBLEM_FRAMING;
	http->count++;
	http->remaining = http->remaining * 16 + digit;
	return HTTP_MORE;
}

/* A byte of an extension or a trailer: they mean nothing to the engine, and must end. */
static inline int http_dropped_byte(struct http *http, __u8 c, __u8 at_cr)
{
	if (c == '\r')
		http->phase = at_cr;
	else if ((c < ' ' && c != '\t') || c == 0x7f || http->dropped >= HTTP_DROPPED_MAX)
		return -LATCH_PROBLEM_FRAMING;
	else
		http->dropped++;
	return HTTP_MORE;
}

static inline int http_chunk_byte(struct http *http, __u8 c)
{
	switch (http->phase) {
	case HTTP_CHUNK_SIZE:
		return http_chunk_size_byte(http, c);
	case HTTP_CHUNK_EXTENSION:
		return http_dropped_byte(http, c, HTTP_CHUNK_SIZE_LF);
	case HTTP_CHUNK_SIZE_LF:
		http->phase = http->remaining ? HTTP_DATA : HTTP_TRAILER;
		http->count = 0;
		http->dropped = 0;
		break;
	case HTTP_CHUNK_CR:
		http->phase = HTTP_CHUNK_LF;
		return c == '\r' ? HTTP_MORE : -LATCH_PROBLEM_FRAMING;
	case HTTP_CHUNK_LF:
		http->phase = HTTP_CHUNK_SIZE;
		break;
	case HTTP_TRAILER:
		http->phase = HTTP_TRAILER_LINE;
		return http_dropped_byte(http, c, HTTP_LAST_LF);
	case HTTP_TRAILER_LINE:
		return http_dropped_byte(http, c, HTTP_TRAILER_LF);
	case HTTP_TRAILER_LF:
		http->phase = HTTP_TRAILER;
		break;
	case HTTP_LAST_LF:
		if (c != '\n')
			return -LATCH_PROBLEM_FRAMING;
		http_begin_head(http);
		return HTTP_DONE;
	}
	return c == '\n' ? HTTP_MORE : -LATCH_PROBLEM_FRAMING;
}

static inline int http_start_byte(struct http *http, __u8 c)
{
	if (http->flags & HTTP_ANSWER) {
		http->phase = HTTP_VERSION;
		return http_version_byte(http, c, ' ', HTTP_STATUS);
	}
	http->phase = HTTP_METHOD;
	return http_method_byte(http, c);
}

static inline int http_head_byte(struct http *http, __u8 c)
{
	switch (http->phase) {
	case HTTP_START:
		return http_start_byte(http, c);
	case HTTP_METHOD:
		return http_method_byte(http, c);
	case HTTP_TARGET:
		return http_target_byte(http, c);
	case HTTP_VERSION:
		if (http->flags & HTTP_ANSWER)
			return http_version_byte(http, c, ' ', HTTP_STATUS);
		return http_version_byte(http, c, '\r', HTTP_LINE_LF);
	case HTTP_STATUS:
		return http_status_byte(http, c);
	case HTTP_REASON:
		if (c == '\r')
			http->phase = HTTP_LINE_LF;
		return c == '\n' ? -LATCH_PROBLEM_ANSWER : HTTP_MORE;
	case HTTP_LINE_LF:
		http->phase = HTTP_FIELD;
		return c == '\n' ? HTTP_MORE : -LATCH_PROBLEM_FIELD;
	case HTTP_FIELD:
		return http_field_byte(http, c);
	case HTTP_NAME:
		return http_name_byte(http, c);
	case HTTP_VALUE:
		return http_value_byte(http, c);
	case HTTP_END_LF:
		return c == '\n' ? http_end_head(http) : -LATCH_PROBLEM_FIELD;
	}
	return -LATCH_PROBLEM_REQUEST_LINE;
}

/* Takes one byte that is not data (phase HTTP_DATA: http_skip()) in a phase before HTTP_AWAIT. */
static inline int http_step(struct http *http, __u8 c)
{
	if (http->phase >= HTTP_CHUNK_SIZE)
		return http_chunk_byte(http, c);
	if (http->phase == HTTP_START)
		http_begin_head(http); /* also of one that was never begun: all zero */
	if (http->size >= HTTP_HEAD_MAX)
		return -LATCH_PROBLEM_HEAD_SIZE;
	http->size++;
	http->hash = (http->hash ^ c) * 16777619u;
	return http_head_byte(http, c);
}

/* Takes `count` bytes of data, at most `remaining`. */
static inline int http_skip(struct http *http, __u64 count)
{
	http->remaining -= count;
	if (http->remaining)
		return HTTP_MORE;
	if (http->flags & HTTP_CHUNKED) {
		http->phase = HTTP_CHUNK_CR;
		return HTTP_MORE;
	}
	http_begin_head(http);
	return HTTP_DONE;
}

/*
 * After HTTP_HEAD_DONE: what follows the head of a request. Returns HTTP_DONE where there is no
 * body; the next byte begins a new head then.
 */
static inline int http_request_body(struct http *http)
{
	if (http->flags & HTTP_CHUNKED) {
		http->phase = HTTP_CHUNK_SIZE;
		http->count = 0;
		http->remaining = 0;
		http->dropped = 0;
		return HTTP_MORE;
	}
	if (http->length) {
		http->phase = HTTP_DATA;
		http->remaining = http->length;
		return HTTP_MORE;
	}
	http_begin_head(http);
	return HTTP_DONE;
}

/*
 * The same for an answer, by RFC 9112, 6.3. `head_only`: it answers a HEAD. A body without a length
 * lasts as long as the connection: HTTP_RAW.
 */
static inline int http_answer_body(struct http *http, bool head_only)
{
	if (head_only || http->status == 204 || http->status == 304) {
		http_begin_head(http);
		return HTTP_DONE;
	}
	if (!(http->flags & (HTTP_CHUNKED | HTTP_SAW_LENGTH))) {
		http->phase = HTTP_RAW;
		return HTTP_MORE;
	}
	return http_request_body(http);
}

#endif
