/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a function that must not log says what went wrong: an errno for the program, a sentence for
 * the person.
 */
#ifndef LATCH_PROBLEM_H
#define LATCH_PROBLEM_H

#include "util.h"

/*
 * Puts a sentence into *problem (free(); what was there is not freed) and returns `error`, for
 * `return problem_set(...)`. Without memory *problem is NULL, and it returns -ENOMEM.
 */
int problem_set(char **problem, int error, const char *format, ...) PRINTF_LIKE(3, 4);

/* What to print: the sentence, or the errno's where there is none. Valid as long as `problem`. */
const char *problem_text(const char *problem, int error);

#endif
