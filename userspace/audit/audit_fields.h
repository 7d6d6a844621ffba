/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a value becomes a field of a record. Without memory the field is missing.
 */
#ifndef LATCH_AUDIT_FIELDS_H
#define LATCH_AUDIT_FIELDS_H

#include <jansson.h>
#include <stdint.h>

#include "audit_keys.h"

/* Takes `value`; NULL leaves the key away. */
void field_set(json_t *record, enum audit_key key, json_t *value);
/* NULL and the empty string leave the key away. Any bytes: see audit_text(). */
void field_text(json_t *record, enum audit_key key, const char *text);
void field_number(json_t *record, enum audit_key key, json_int_t number);
/* AUDIT_TIME: when it happened, in UTC to the microsecond. `boot_ns`: CLOCK_BOOTTIME; 0: now. */
void field_time(json_t *record, uint64_t boot_ns);

/* A JSON string of any bytes: what is not UTF-8 is shown as \xNN. NULL without memory. */
json_t *audit_text(const char *text);

#endif
