/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of the audit as a person reads it. Nothing in it is obeyed by a terminal: bytes that are not
 * printable ASCII are shown as \xNN.
 */
#ifndef LATCH_AUDIT_LINE_H
#define LATCH_AUDIT_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A text of the record; "" where it has none. The record's. */
const char *audit_line_text(const json_t *record, const char *key);

/* What happened, and behind it in brackets who asked for it. No newline. */
void audit_line_print(FILE *out, const json_t *record);

/* "VERDICT what [who]" in one string, the caller's to free; NULL without memory. */
char *audit_line_sentence(const json_t *record);

/* "refused", or "would-refuse". */
bool audit_line_is_refusal(const json_t *record);

/* As syslog(3) has it: LOG_WARNING for refusals, losses and faults, LOG_INFO for what passed, else LOG_NOTICE. */
int audit_line_severity(const json_t *record);

#endif
