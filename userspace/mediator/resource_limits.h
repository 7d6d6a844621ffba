/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process may use of the machine.
 */
#ifndef LATCH_MEDIATOR_RESOURCE_LIMITS_H
#define LATCH_MEDIATOR_RESOURCE_LIMITS_H

/*
 * To be called when all threads run: there will be no further one. Returns 0, or a negative errno and
 * in *step the limit that was not set; the process must end then.
 */
int resource_limits_set(const char **step);

#endif
