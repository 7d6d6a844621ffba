/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoing latch: the engine's socket back at its path, no program in the kernel, no holder.
 */
#ifndef LATCH_RELEASE_H
#define LATCH_RELEASE_H

/*
 * Needs no running latchd; must not run beside one. Goes on after a step that fails and returns the
 * first negative errno, with a sentence in *problem (free()); 0 also when there was nothing to undo.
 */
int release_everything(char **problem);

#endif
