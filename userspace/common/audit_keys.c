// SPDX-License-Identifier: Apache-2.0
/*
 * The list of audit_keys.def as a table.
 */
#include "audit_keys.h"

const struct audit_key_rule audit_key_rules[AUDIT_KEYS] = {
#define AUDIT_KEY(id, name, type, when) \
	[AUDIT_##id] = { name, AUDIT_TYPE_##type, AUDIT_WHEN_##when },
#include "audit_keys.def"
#undef AUDIT_KEY
};
