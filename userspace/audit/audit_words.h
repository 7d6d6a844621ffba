/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the numbers of latch/abi.h are called in the audit; "unknown" for others.
 */
#ifndef LATCH_AUDIT_WORDS_H
#define LATCH_AUDIT_WORDS_H

#include <stdbool.h>

const char *audit_tag_name(unsigned int tag);
const char *audit_reason_name(unsigned int reason);
const char *audit_kind_name(unsigned int kind);
const char *audit_event_name(unsigned int type);

/* Is it a reason to refuse? Whoever is let through with one was let through in audit mode. */
bool audit_reason_refuses(unsigned int reason);

/* NULL for a mode or a problem that there is not. */
const char *audit_mode_name(unsigned int mode);
/* A word for programs, and the same for people, behind "it cannot be followed: ". */
const char *audit_problem_name(unsigned int problem);
const char *audit_problem_text(unsigned int problem);

#endif
