// SPDX-License-Identifier: Apache-2.0
/*
 * Words for rows of the two tables. It reads them and adds nothing of its own.
 */
#include "describe.h"

const char *describe_id(int route)
{
	static const char *const ids[] = {
#define ROUTE(id, ...) [ROUTE_##id] = #id,
#include "latch/routes.def"
#undef ROUTE
	};

	return ids[route];
}

void describe_discriminator(int route, char *text, size_t size)
{
	const char *when = route_get(route)->when;

	snprintf(text, size, "%s%s", when ? "with " : "", when ? when : "");
}

const char *describe_support(enum command_support support)
{
	static const char *const words[] = {
		[COMMAND_EXACT] = "exact",
		[COMMAND_SHARED] = "shared",
		[COMMAND_PARTIAL] = "partial",
		[COMMAND_SILENT] = "silent",
		[COMMAND_UNSUPPORTED] = "unsupported",
	};

	return words[support];
}

const char *describe_verdict(bool pass)
{
	return pass ? "passes" : "refused";
}

enum style describe_style(bool pass)
{
	return pass ? STYLE_GOOD : STYLE_BAD;
}

json_t *describe_route_object(int route)
{
	const struct route *row = route_get(route);
	char discriminator[128];

	describe_discriminator(route, discriminator, sizeof(discriminator));
	return json_pack("{s:i, s:s, s:s, s:s, s:s}", "row", route, "id", describe_id(route),
		"method", row->method, "template", row->template, "discriminator", discriminator);
}

json_t *describe_ids(const short *routes)
{
	json_t *array = json_array();

	for (; *routes != COMMAND_NO_ROUTE; routes++)
		json_array_append_new(array, json_string(describe_id(*routes)));
	return array;
}

json_t *describe_names(const char *const *names, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(names[i]));
	return array;
}

json_t *describe_commands(int route, enum relation relation)
{
	const char *names[64];
	size_t count = 0;

	if (route != ROUTE_NONE)
		count = commands_of_route(route, relation, names, ARRAY_SIZE(names));
	return describe_names(names, count < ARRAY_SIZE(names) ? count : ARRAY_SIZE(names));
}
