/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the kernel programs to work and takes them out again.
 */
#ifndef LATCH_PROGRAMS_H
#define LATCH_PROGRAMS_H

#include <stddef.h>

/*
 * Loads, attaches and pins every program under LATCH_PIN_ROOT. Maps that are pinned already are
 * taken over with what is in them; programs that are pinned already go on enforcing until the new
 * ones do. Returns 0, or a negative errno and in *problem (free()) what failed and what to do.
 * Nothing stays open: from here on the pins alone keep the programs.
 */
int programs_install(char **problem);

/*
 * Is every program still pinned? Returns how many are not, and the name of one of them in `name`; a
 * negative errno where that cannot be found out.
 */
int programs_missing(char *name, size_t size);

/*
 * Removes the pins, and with them programs and maps, and waits until no program refuses any more.
 * Returns 0 or a negative errno.
 */
int programs_remove(void);

#endif
