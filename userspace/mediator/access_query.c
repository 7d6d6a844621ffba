// SPDX-License-Identifier: Apache-2.0
/*
 * What a query asks of the host: builds of the classic builder, and checkpoints. The engine takes the
 * first value of a key; here every one counts, so it does not matter which comes first.
 */
#include "access.h"
#include "query.h"
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

static void read_pair(int route, const struct query_pair *pair, struct access *access)
{
	char name[VALUE_SIZE], text[VALUE_SIZE] = "";
	bool dropped, fits;

	if (!query_decode(pair->key, name, sizeof(name), &dropped))
		return;
	fits = query_decode(pair->value, text, sizeof(text), &dropped);
	if (dropped)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].route == route && !strcmp(rules[i].key, name) &&
			!(fits && rules[i].harmless(text)))
			access_ask(access, rules[i].kind, "%s=%s", name, fits ? text : "...");
}

void access_read_query(int route, struct span query, struct access *access)
{
	struct query_pair pair;

	while (query_next(&query, &pair))
		read_pair(route, &pair, access);
}
