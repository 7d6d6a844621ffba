/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The automaton as a C header of constant tables, for include/latch/classify.h alone.
 */
#ifndef LATCH_MKROUTES_EMIT_H
#define LATCH_MKROUTES_EMIT_H

#include "automaton.h"

/* Bytes that the tables take in memory. */
size_t emit_size(const struct automaton *automaton, size_t count);

/* Writes the header. Errors are left to ferror(). */
void emit(const struct automaton *automaton, const struct row *rows, size_t count, FILE *out);

#endif
