/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every record has, whatever it is about: schema, boot, sequence, policy; and what latchd knows
 * about the caller that it names.
 */
#ifndef LATCH_AUDIT_STAMP_H
#define LATCH_AUDIT_STAMP_H

#include <jansson.h>
#include <stdint.h>

#include "audit_containers.h"
#include "audit_users.h"

struct audit_stamp {
	char boot[40];	 /* the kernel's boot id */
	char policy[72]; /* sha256 of the settings in force, in hexadecimal */
	const struct audit_containers *containers;
	struct audit_users *users;
};

/* A new record with all of `record`, which stays the caller's. NULL without memory. */
json_t *audit_stamp(const struct audit_stamp *stamp, json_t *record, uint64_t seq);

#endif
