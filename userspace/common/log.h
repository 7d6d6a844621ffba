/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a message on standard error, for journald, syslog or a file to pick up. Only programs
 * log; functions that others call return an error and leave the sentence to their caller.
 */
#ifndef LATCH_LOG_H
#define LATCH_LOG_H

#include "util.h"

/* Names the program in every line. `name` must outlive the process. */
void log_open(const char *name);

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
