/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the classifier's test program and its driver share: one request line a slot. */
#ifndef CLASSIFY_SLOTS_H
#define CLASSIFY_SLOTS_H

#include "latch/classify.h"

#define CLASSIFY_SLOTS	    2048
#define CLASSIFY_SLOT_BYTES 8192 /* a power of two, above the longest path that is read */

struct classify_slot {
	__u64 method; /* packed: see classify_method() */
	__u32 length;
	__s32 route; /* the answer */
	struct classify machine;
	__u8 bytes[CLASSIFY_SLOT_BYTES];
};

#endif
