// SPDX-License-Identifier: Apache-2.0
/*
 * Which routes have a body that decides, and who reads each.
 */
#include <errno.h>

#include "gojson.h"
#include "request_body.h"
#include "route.h"

static int read_exec(json_t *root, struct request_body *body, const char **problem)
{
	(void)problem;
	access_read_exec(root, &body->access);
	return 0;
}

static int read_volume(json_t *root, struct request_body *body, const char **problem)
{
	(void)problem;
	access_read_volume(root, &body->access);
	return 0;
}

static int read_checkpoint(json_t *root, struct request_body *body, const char **problem)
{
	(void)problem;
	access_read_checkpoint(root, &body->access);
	return 0;
}

static const struct {
	int route;
	int (*read)(json_t *root, struct request_body *body, const char **problem);
} readers[] = {
	{ROUTE_CONTAINER_CREATE, create_read},
	{ROUTE_EXEC_CREATE, read_exec},
	{ROUTE_VOLUME_CREATE, read_volume},
	{ROUTE_CHECKPOINT_CREATE, read_checkpoint},
	{ROUTE_SERVICE_CREATE, service_read},
	{ROUTE_SERVICE_UPDATE, service_read},
	{ROUTE_SERVICE_ROLLBACK, service_read},
};

static int find_reader(int route)
{
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (readers[i].route == route)
			return i;
	return -1;
}

bool request_body_matters(int route)
{
	return find_reader(route) >= 0;
}

static int write_anew(json_t *root, struct request_body *body)
{
	char *text = json_dumps(root, JSON_COMPACT);

	if (!text)
		return -ENOMEM;
	free(body->text);
	body->text = text;
	return 0;
}

int request_body_parse(int route, const char *text, size_t length, struct request_body *body,
	const char **problem)
{
	json_t *root;
	int r;

	*body = (struct request_body){0};
	r = gojson_load(text, length, &root, problem);
	if (r < 0)
		return r;
	r = readers[find_reader(route)].read(root, body, problem);
	if (r == 0)
		r = write_anew(root, body);
	json_decref(root);
	if (r < 0)
		request_body_free(body);
	return r;
}

int request_body_set_image(struct request_body *body, const char *image)
{
	json_t *root = json_loads(body->text, 0, NULL);
	int r = -ENOMEM;

	/* A string: create_read saw to it. */
	if (root && json_string_set(gojson_field(root, "image"), image) == 0)
		r = write_anew(root, body);
	json_decref(root);
	return r;
}

void request_body_free(struct request_body *body)
{
	for (size_t i = 0; i < body->source_count; i++)
		free(body->sources[i].text);
	free(body->sources);
	free(body->image);
	free(body->text);
	*body = (struct request_body){0};
}

int request_body_bad(const char **problem, const char *sentence)
{
	*problem = sentence;
	return -EBADMSG;
}

int request_body_add_source(struct request_body *body, enum wire_kind kind, const char *text,
	size_t length, const char **problem)
{
	struct mount_source *grown;

	if (body->source_count == REQUEST_BODY_MAX_SOURCES)
		return request_body_bad(problem, "more than 1024 things are mounted");
	grown = realloc(body->sources, (body->source_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	body->sources = grown;
	grown[body->source_count] = (struct mount_source){kind, strndup(text, length)};
	if (!grown[body->source_count].text)
		return -ENOMEM;
	body->source_count++;
	return 0;
}
