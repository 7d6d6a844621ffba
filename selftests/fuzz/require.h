/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzz target holds to be true of every input: where it is not, the input is kept as a crash.
 */
#ifndef LATCH_FUZZ_REQUIRE_H
#define LATCH_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
