// SPDX-License-Identifier: Apache-2.0
/*
 * Completes a record. A container that is not known yet has no name and no image in it, and nobody is
 * asked for them: a record does not wait. What a record says itself is left as it is.
 */
#include <string.h>

#include "audit_fields.h"
#include "audit_stamp.h"

static void add_text(json_t *record, enum audit_key key, const char *text)
{
	if (!json_object_get(record, audit_key_rules[key].name))
		field_text(record, key, text);
}

static void add_container(const struct audit_stamp *stamp, json_t *record, const char *id)
{
	const struct audit_container *container = audit_containers_find(stamp->containers, id);

	if (!container)
		return;
	add_text(record, AUDIT_NAME, container->name);
	add_text(record, AUDIT_IMAGE, container->image);
	add_text(record, AUDIT_IMAGE_ID, container->image_id);
	add_text(record, AUDIT_DIGEST, container->digest);
}

json_t *audit_stamp(const struct audit_stamp *stamp, json_t *record, uint64_t seq)
{
	json_t *whole = json_object(), *value;
	const char *key;

	if (!whole)
		return NULL;
	/* Before the others: lines that are sorted as text are in the order of their time. */
	json_object_set(whole, "time", json_object_get(record, "time"));
	field_number(whole, AUDIT_SCHEMA, AUDIT_SCHEMA_VERSION);
	field_text(whole, AUDIT_BOOT, stamp->boot);
	field_number(whole, AUDIT_SEQ, seq);
	json_object_foreach(record, key, value) {
		json_object_set(whole, key, value);
		if (!strcmp(key, "plane"))
			field_text(whole, AUDIT_POLICY, stamp->policy);
		else if (!strcmp(key, "container"))
			add_container(stamp, whole, json_string_value(value));
		else if (!strcmp(key, "uid"))
			field_text(whole, AUDIT_USER,
				audit_users_name(stamp->users, json_integer_value(value)));
	}
	return whole;
}
