/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as entries of systemd's journal.
 */
#ifndef LATCH_AUDIT_JOURNAL_H
#define LATCH_AUDIT_JOURNAL_H

#include <sys/uio.h>

#include "audit_sink.h"

/* sd_journal_sendv(3), or what a test puts in its place. May wait. 0 or a negative errno. */
typedef int (*audit_journal_send_fn)(const struct iovec *fields, int count);

/* As audit_journal_open; `send` is called from a thread. NULL without memory. */
struct audit_sink *audit_journal_new(audit_journal_send_fn send);

#endif
