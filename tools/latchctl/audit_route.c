// SPDX-License-Identifier: Apache-2.0
/*
 * From a record to a row of the table of routes. The log may be another version's, in which a row had
 * another number: a number alone is not believed.
 */
#include "audit_route.h"

#include <string.h>

#include "audit_reader.h"

static bool is_row(int route, const char *method, const char *template)
{
	const struct route *row;

	if (route < 0 || route >= ROUTE_COUNT)
		return false;
	row = route_get(route);
	return !strcmp(row->template, template) && (!*method || !strcmp(row->method, method));
}

int audit_route(const json_t *record)
{
	const json_t *number = json_object_get(record, "route_id");
	const char *method = record_text(record, "method"), *uri = record_text(record, "uri");
	struct route_match match;

	if (json_is_integer(number)) {
		int route = (int)json_integer_value(number);

		if (is_row(route, method, record_text(record, "route")))
			return route;
	}
	route_classify(method, strlen(method), uri, strlen(uri), &match);
	return match.id != ROUTE_NONE ? match.id : route_of_call(uri);
}
