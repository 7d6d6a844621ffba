// SPDX-License-Identifier: Apache-2.0
/*
 * What a query asks of the host: builds of the classic builder, and checkpoints. The engine takes the
 * first value of a key; here every one counts, so it does not matter which comes first.
 */
#include "access.h"
#include "route.h"

#define VALUE_SIZE 64 /* a longer value is none of the harmless ones */

struct query_rule {
	int route;
	const char *key;
	enum host_access kind;
	bool (*harmless)(const char *value);
};

static bool is_nothing(const char *value)
{
	return !*value;
}

static bool is_own_network(const char *value)
{
	return strcmp(value, "host") && strncmp(value, "container:", strlen("container:"));
}

/* A JSON array; the builder's own default is an empty one. */
static bool is_no_option(const char *value)
{
	return !*value || !strcmp(value, "null") || !strcmp(value, "[]");
}

static const struct query_rule rules[] = {
	{ROUTE_BUILD, "networkmode", HOST_ACCESS_HOST_NAMESPACES, is_own_network},
	{ROUTE_BUILD, "cgroupparent", HOST_ACCESS_CGROUP_PARENT, is_nothing},
	{ROUTE_BUILD, "securityopt", HOST_ACCESS_UNCONFINED, is_no_option},
	{ROUTE_BUILD_EXPORT, "networkmode", HOST_ACCESS_HOST_NAMESPACES, is_own_network},
	{ROUTE_BUILD_EXPORT, "cgroupparent", HOST_ACCESS_CGROUP_PARENT, is_nothing},
	{ROUTE_BUILD_EXPORT, "securityopt", HOST_ACCESS_UNCONFINED, is_no_option},
	{ROUTE_CONTAINER_START, "checkpoint-dir", HOST_ACCESS_HOST_PATHS, is_nothing},
	{ROUTE_CHECKPOINT_LIST, "dir", HOST_ACCESS_HOST_PATHS, is_nothing},
	{ROUTE_CHECKPOINT_DELETE, "dir", HOST_ACCESS_HOST_PATHS, is_nothing},
};

/*
 * Decodes as url.ParseQuery does, into a string. False: badly escaped, which makes Go drop the pair, or
 * too long, with NUL, which is then no harmless value; *dropped tells the two apart.
 */
static bool decode(struct span text, char *out, size_t size, bool *dropped)
{
	size_t used = 0;

	*dropped = false;
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < text.length ? hex_value(text.data[i + 1]) : -1;
			int low = i + 2 < text.length ? hex_value(text.data[i + 2]) : -1;

			*dropped = high < 0 || low < 0;
			if (*dropped)
				return false;
			c = high * 16 + low;
			i += 2;
		}
		if (!c || used + 1 >= size)
			return false;
		out[used++] = c;
	}
	out[used] = 0;
	return true;
}

static void read_pair(int route, struct span pair, struct access *access)
{
	const char *equals = memchr(pair.data, '=', pair.length);
	struct span key = {pair.data, equals ? (size_t)(equals - pair.data) : pair.length};
	struct span value = {equals ? equals + 1 : "",
		equals ? pair.length - key.length - 1 : 0};
	char name[VALUE_SIZE], text[VALUE_SIZE] = "";
	bool dropped, fits;

	if (!decode(key, name, sizeof(name), &dropped))
		return;
	fits = decode(value, text, sizeof(text), &dropped);
	if (dropped)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].route == route && !strcmp(rules[i].key, name) &&
			!(fits && rules[i].harmless(text)))
			access_ask(access, rules[i].kind, "%s=%s", name, fits ? text : "...");
}

void access_read_query(int route, struct span query, struct access *access)
{
	while (query.length) {
		const char *end = memchr(query.data, '&', query.length);
		size_t length = end ? (size_t)(end - query.data) : query.length;

		read_pair(route, (struct span){query.data, length}, access);
		length += end != NULL;
		query.data += length;
		query.length -= length;
	}
}
