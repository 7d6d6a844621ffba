/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latchd as a whole: the parts, started in the one order that leaves no gap.
 */
#ifndef LATCH_WARDEN_H
#define LATCH_WARDEN_H

#include "options.h"
#include "settings.h"

/*
 * Runs until a signal or a release ends it; SIGHUP, which must be blocked in every thread, reloads.
 * Takes `settings`. Returns the status to exit with. Logs what goes wrong.
 */
int warden_run(const struct options *options, struct settings *settings);

#endif
