/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of the audit's records (docs/audit.md): which keys there are.
 */
#ifndef LATCH_AUDIT_KEYS_H
#define LATCH_AUDIT_KEYS_H

#define AUDIT_SCHEMA_VERSION 1 /* raised when a key changes its name, its type or its meaning */

enum audit_key {
#define AUDIT_KEY(id, ...) AUDIT_##id,
#include "audit_keys.def"
#undef AUDIT_KEY
	AUDIT_KEYS
};

enum audit_key_type { AUDIT_TYPE_INTEGER, AUDIT_TYPE_TEXT, AUDIT_TYPE_BOOLEAN, AUDIT_TYPE_TEXTS };
enum audit_key_when { AUDIT_WHEN_ALWAYS, AUDIT_WHEN_SOMETIMES };

struct audit_key_rule {
	const char *name;
	enum audit_key_type type;
	enum audit_key_when when;
};

extern const struct audit_key_rule audit_key_rules[AUDIT_KEYS];

#endif
