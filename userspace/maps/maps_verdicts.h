/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command list's verdict of each route, in two generations of which one counts.
 */
#ifndef LATCH_MAPS_VERDICTS_H
#define LATCH_MAPS_VERDICTS_H

#include <stddef.h>
#include <stdint.h>

#include "maps.h"

/*
 * Fills the generation of `verdicts` that does not count. Returns its number, for maps_flip, or a
 * negative errno; either way nobody obeys it yet.
 */
int maps_fill_verdicts(const struct maps *maps, const unsigned char *verdicts, size_t count);

/* Makes a generation the one that counts, and the mode with it, in one write. */
int maps_flip(const struct maps *maps, uint32_t generation, enum latch_mode mode);

#endif
