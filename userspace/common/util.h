/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few idioms that every file here uses: variables that clean up after themselves, ownership
 * that is handed over in plain sight, and sizes that the compiler knows.
 */
#ifndef LATCH_UTIL_H
#define LATCH_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The value of a variable, which no longer owns it afterwards. */
#define TAKE_PTR(variable)                                                                         \
	({                                                                                         \
		__typeof__(variable) *owner_ = &(variable);                                        \
		__typeof__(variable) taken_ = *owner_;                                             \
		*owner_ = NULL;                                                                    \
		taken_;                                                                            \
	})
#define TAKE_FD(variable)                                                                          \
	({                                                                                         \
		int *owner_ = &(variable);                                                         \
		int taken_ = *owner_;                                                              \
		*owner_ = -1;                                                                      \
		taken_;                                                                            \
	})

static inline void free_cleanup(void *pointer)
{
	free(*(void **)pointer);
}

static inline void close_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_  __attribute__((cleanup(free_cleanup)))
#define _cleanup_close_ __attribute__((cleanup(close_cleanup)))

/* Copies a string into a fixed array, cut where it does not fit; the rest of the array is zero. */
#define COPY_STRING(array, text) strncpy_zero((array), sizeof(array), (text))
static inline void strncpy_zero(char *to, size_t size, const char *from)
{
	size_t length = 0;

	for (; length < size - 1 && from[length]; length++)
		to[length] = from[length];
	memset(to + length, 0, size - length);
}

/* The value of a hexadecimal digit in either case, or -1. */
static inline int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
