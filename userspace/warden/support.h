/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The support ladder: what latch needs of a machine, one rung a need, each standing on the one
 * below.
 */
#ifndef LATCH_SUPPORT_H
#define LATCH_SUPPORT_H

#include <stdbool.h>

enum support_result {
	SUPPORT_YES,
	SUPPORT_NO,
	SUPPORT_UNTRIED, /* a rung below is missing, or root is */
};

struct support_rung {
	const char *need;  /* "the kernel's BTF" */
	const char *mend;  /* what to do when it is missing */
	/* Puts what was found into `found` (256 bytes), for both results. */
	enum support_result (*check)(char *found);
	bool needs_root;
	bool advice; /* latch runs without it */
};

/* The rungs, lowest first; the array ends with a NULL need. */
extern const struct support_rung support_rungs[];

#endif
