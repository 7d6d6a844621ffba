/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as a message of RFC 5424.
 */
#ifndef LATCH_AUDIT_SYSLOG_H
#define LATCH_AUDIT_SYSLOG_H

#include <jansson.h>
#include <sys/types.h>

/* `host`: "" where it has no name. The caller's to free; NULL without memory. */
char *audit_syslog_message(json_t *record, const char *host, pid_t pid);

#endif
