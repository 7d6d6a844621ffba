/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From a request target, byte by byte as it was sent, to a row of routes.def: in the kernel
 * programs and in user space the same code over the same tables, which tools/mkroutes makes.
 *
 * Decided on the method and the target alone. The path is decoded once, as the engine decodes it.
 * What two readers could read differently is no route: bytes that are not visible ASCII, a
 * fragment, a bad escape, `;` in the query, a decoded control character, `//` and dot segments, an
 * API version that is malformed or older than 1.24, a path longer than CLASSIFY_MAX_PATH. Nor is a
 * request that asks for two things at once: two discriminators of one method and path that both
 * hold. Why there is no route is not told here, and forms in bodies are not seen.
 *
 * For the verifier: no loops in what the kernel uses, and each index is compared with its table's
 * size where it is used.
 */
#ifndef LATCH_CLASSIFY_H
#define LATCH_CLASSIFY_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#ifndef __bpf__
#include <stddef.h>
#endif

#include "route_dfa.h"

#define CLASSIFY_MAX_PATH 4095 /* bytes of the decoded path, API version included */

enum classify_part {
	CLASSIFY_PATH,
	CLASSIFY_KEY,	/* of the query */
	CLASSIFY_VALUE,
	CLASSIFY_NONE, /* no route, whatever follows */
};

struct classify {
	__u32 seen;   /* keys that have had a value: one bit each; the first value counts */
	__u32 set;    /* keys of whose first value holds what a discriminator asks */
	__u16 state;  /* of the part at hand */
	__u16 path;   /* the state in which the path ended */
	__u16 length; /* of the decoded path so far */
	__u8 part;    /* enum classify_part */
	__u8 escape;  /* digits of a %XX still missing */
	__u8 digit;   /* the first of them */
	__u8 key;     /* CLASSIFY_VALUE: 1 + the key, 0 for one that no discriminator asks for */
};

_Static_assert(sizeof(struct classify) <= 24, "a connection's state in the kernel is small");

/* The compiler forgets what it knows of `x`, and so leaves the compare behind it to the verifier. */
#define CLASSIFY_OPAQUE(x) __asm__ volatile("" : "+r"(x))

/* The id of a method from up to eight bytes, the first one lowest; 0 for none of the table's. */
static inline __u32 classify_method(__u64 packed)
{
#define CLASSIFY_METHOD(id, name, value)                                                           \
	if (packed == (value))                                                                     \
		return id;
	DFA_EACH_METHOD(CLASSIFY_METHOD)
#undef CLASSIFY_METHOD
	return 0;
}

static inline void classify_begin(struct classify *c)
{
	c->seen = 0;
	c->set = 0;
	c->state = DFA_PATH_START;
	c->path = 0;
	c->length = 0;
	c->part = CLASSIFY_PATH;
	c->escape = 0;
	c->digit = 0;
	c->key = 0;
}

/* State 0 accepts nothing and is never left. */
static inline __u32 classify_accept(__u32 state)
{
	__u32 cell = state + DFA_ACCEPT;

	CLASSIFY_OPAQUE(cell);
	return cell < DFA_CELLS ? dfa_cells[cell] : 0;
}

static inline void classify_step(struct classify *c, __u32 byte)
{
	__u32 cell = c->state + (byte < 256 ? dfa_class[byte] : 0);

	CLASSIFY_OPAQUE(cell);
	c->state = cell < DFA_CELLS ? dfa_cells[cell] : 0;
}

/* What the bit of a key whose pair ends here becomes in `set`; *seen as well. */
static inline __u32 classify_pair(const struct classify *c, __u32 *seen)
{
	__u32 value = c->part == CLASSIFY_VALUE ? classify_accept(c->state) : 0;
	__u32 key = c->part == CLASSIFY_VALUE ? c->key : classify_accept(c->state);
	__u32 bit;

	key--; /* 0, no key, becomes the largest number */
	CLASSIFY_OPAQUE(key);
	if (key >= DFA_KEYS)
		return 0;
	bit = 1u << (key & 31);
	if (*seen & bit)
		return 0;
	*seen |= bit;
	return dfa_when[key] & value ? bit : 0;
}

static inline void classify_decoded(struct classify *c, __u32 byte)
{
	if (c->part == CLASSIFY_PATH) {
		if (c->length >= CLASSIFY_MAX_PATH) {
			c->part = CLASSIFY_NONE;
			return;
		}
		c->length++;
	}
	classify_step(c, byte);
}

static inline void classify_escape(struct classify *c, __u32 byte)
{
	__u32 digit = 16;

	if (byte >= '0' && byte <= '9')
		digit = byte - '0';
	else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		digit = (byte | 0x20) - 'a' + 10;
	if (digit > 15) {
		c->part = CLASSIFY_NONE;
	} else if (c->escape == 2) {
		c->digit = digit;
		c->escape = 1;
	} else {
		c->escape = 0;
		classify_decoded(c, (c->digit << 4 | digit) & 255);
	}
}

/* A byte of the query with a meaning of its own. Returns 0 for one that has none. */
static inline int classify_query_mark(struct classify *c, __u32 byte)
{
	if (byte == '&') {
		c->set |= classify_pair(c, &c->seen);
		c->part = CLASSIFY_KEY;
		c->state = DFA_KEY_START;
		return 1;
	}
	if (byte == '=' && c->part == CLASSIFY_KEY) {
		c->key = classify_accept(c->state);
		c->part = CLASSIFY_VALUE;
		c->state = DFA_VALUE_START;
		return 1;
	}
	if (byte == ';') {
		c->part = CLASSIFY_NONE;
		return 1;
	}
	return 0;
}

/* One byte of the target as it was sent. */
static inline void classify_byte(struct classify *c, __u8 byte)
{
	if (c->part >= CLASSIFY_NONE)
		return;
	if (byte < 0x21 || byte > 0x7e || byte == '#') {
		c->part = CLASSIFY_NONE;
		return;
	}
	if (c->escape) {
		classify_escape(c, byte);
		return;
	}
	/* The first byte is a slash as it stands: "%2F" would be another form of target. */
	if (c->part == CLASSIFY_PATH && c->length == 0 && byte != '/') {
		c->part = CLASSIFY_NONE;
		return;
	}
	if (byte == '%') {
		c->escape = 2;
		return;
	}
	if (c->part == CLASSIFY_PATH) {
		if (byte == '?') {
			c->path = c->state;
			c->part = CLASSIFY_KEY;
			c->state = DFA_KEY_START;
			return;
		}
	} else if (classify_query_mark(c, byte)) {
		return;
	}
	classify_decoded(c, c->part != CLASSIFY_PATH && byte == '+' ? ' ' : byte);
}

#ifndef __bpf__
/* A visible byte that means the same wherever it stands, but at the beginning. */
static inline int classify_is_plain(__u8 byte)
{
	/* One bit each: " !\"#$%&'()*+,-./0-9:;<=>?" but # % & + ; = ?, and all from @ to ~. */
	const __u64 low = 0x57fff796ULL << 32, high = 0x7fffffffffffffffULL;

	return (byte < 64 ? low >> byte : byte < 128 ? high >> (byte - 64) : 0) & 1;
}

/*
 * Many bytes at once, where loops are allowed: what classify_byte() does with each. Runs of plain
 * bytes, which is nearly all that a target is made of, take a step each and nothing else.
 */
static inline void classify_bytes(struct classify *c, const char *bytes, size_t length)
{
	size_t i = 0;

	while (i < length && c->part < CLASSIFY_NONE) {
		size_t begin = i;
		__u32 state = c->state;

		if (c->escape || (c->part == CLASSIFY_PATH && c->length == 0)) {
			classify_byte(c, bytes[i++]);
			continue;
		}
		while (i < length && classify_is_plain(bytes[i]))
			state = dfa_cells[state + dfa_class[(__u8)bytes[i++]]];
		c->state = state;
		if (c->part == CLASSIFY_PATH) {
			if (i - begin > (size_t)CLASSIFY_MAX_PATH - c->length) {
				c->part = CLASSIFY_NONE;
				return;
			}
			c->length += i - begin;
		}
		if (i < length)
			classify_byte(c, bytes[i++]);
	}
}
#endif

/* The next row of the same method and template with another discriminator, or -1. */
static inline int route_next(int row)
{
	__u32 index = row;

	CLASSIFY_OPAQUE(index);
	return index < DFA_ROWS ? dfa_row[index].next : -1;
}

/* The first row of the same method and template, or -1 for what is no row. */
static inline int route_first(int row)
{
	__u32 index = row;

	CLASSIFY_OPAQUE(index);
	return index < DFA_ROWS ? dfa_row[index].first : -1;
}

static inline __u32 classify_row_flags(int row)
{
	__u32 index = row;

	CLASSIFY_OPAQUE(index);
	return index < DFA_ROWS ? dfa_row[index].flags : 0;
}

/* May the engine's answer turn the connection into a raw stream? */
static inline int route_hijacks(int row)
{
	return !!(classify_row_flags(row) & DFA_ROW_HIJACKS);
}

/* Does the engine look for the discriminator's keys in a form body too, and there first? */
static inline int route_reads_form(int row)
{
	return !!(classify_row_flags(row) & DFA_ROW_FORM);
}

static inline __u32 classify_row_keys(int row)
{
	__u32 index = row;

	CLASSIFY_OPAQUE(index);
	return index < DFA_ROWS ? dfa_row[index].keys : 0;
}

/*
 * Of the rows from `row` on, the one whose discriminator holds; the last one holds when no other
 * does. Two that hold are -1: a list that refuses one of them could be evaded by asking for both.
 */
static inline int classify_discriminate(int row, __u32 set)
{
	int found = -1;

#define CLASSIFY_TRY()                                                                             \
	if (route_next(row) >= 0) {                                                                \
		if (classify_row_keys(row) & set) {                                                \
			if (found >= 0)                                                            \
				return -1;                                                         \
			found = row;                                                               \
		}                                                                                  \
		row = route_next(row);                                                             \
	}
	CLASSIFY_TRY()
	CLASSIFY_TRY()
	CLASSIFY_TRY()
	_Static_assert(DFA_MAX_KEYED <= 3, "as many tries as rows with a discriminator");
#undef CLASSIFY_TRY
	return found >= 0 ? found : row;
}

/* The row of routes.def of a target that is over, or -1. */
static inline int classify_end(const struct classify *c, __u32 method)
{
	__u32 seen = c->seen, set = c->set, kind;

	if (c->part >= CLASSIFY_NONE || c->escape)
		return -1;
	kind = classify_accept(c->part == CLASSIFY_PATH ? c->state : c->path);
	CLASSIFY_OPAQUE(kind);
	CLASSIFY_OPAQUE(method);
	if (kind >= DFA_PATHS || method >= DFA_METHODS)
		return -1;
	if (c->part != CLASSIFY_PATH)
		set |= classify_pair(c, &seen);
	return classify_discriminate(dfa_rows[kind][method], set);
}

#endif
