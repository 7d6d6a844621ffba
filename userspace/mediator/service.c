// SPDX-License-Identifier: Apache-2.0
/*
 * The body of a service create or update: what the containers of its tasks mount. They are made by the
 * swarm's managers, on any node, so nobody asks this socket about them again.
 */
#include <strings.h>

#include "gojson.h"
#include "request_body.h"

/* Upper-cased before it is looked up there, and `bind` by default (daemon/cluster/convert). */
static bool is_bind(const char *type)
{
	return !type || !*type || !strcasecmp(type, "bind");
}

int service_read(json_t *root, struct request_body *body, const char **problem)
{
	json_t *container =
		gojson_field(gojson_field(root, "tasktemplate"), "containerspec");

	access_read_service(root, &body->access);
	return mounts_read(gojson_field(container, "mounts"), is_bind, body, problem);
}
