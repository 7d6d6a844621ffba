/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How full a ring buffer of the kernel's is.
 */
#ifndef LATCH_RING_FILL_H
#define LATCH_RING_FILL_H

#include <stdint.h>

/* In bytes, headers of the records included. Returns 0 or a negative errno. */
int ring_fill(int map, uint64_t *pending, uint64_t *capacity);

#endif
