// SPDX-License-Identifier: Apache-2.0
/*
 * Which routes have a body that decides, and who reads each.
 */
#include <errno.h>

#include "gojson.h"
#include "request_body.h"
#include "route.h"

/*
 * Text that is written anew is no longer than it was, for only what had to be escaped there is here, but for
 * numbers: 0.1 becomes 0.10000000000000001. And there is a NUL.
 */
#define MAX_WRITTEN (REQUEST_BODY_MAX_SIZE + 20 * GOJSON_MAX_VALUES + 1)

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

static int put(const char *text, size_t length, void *out)
{
	return buffer_append(out, text, length);
}

/* Into a buffer, which grows in place: json_dumps would have the text twice in the end. */
static int write_anew(json_t *root, struct request_body *body)
{
	struct buffer out = {.limit = MAX_WRITTEN};

	if (json_dump_callback(root, put, &out, JSON_COMPACT) < 0 || put("", 1, &out) < 0) {
		buffer_reset(&out);
		return -ENOMEM;
	}
	free(body->text);
	body->text = out.data;
	return 0;
}

int request_body_parse(
	int route, struct buffer *text, struct request_body *body, const char **problem)
{
	json_t *root;
	int r;

	*body = (struct request_body){0};
	r = gojson_load(text->data ? text->data : "", text->length, &root, problem);
	/* Before its like is written: else there would be three of them, with the tree's strings. */
	buffer_reset(text);
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

	free(TAKE_PTR(body->text));
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

	if (length >= WIRE_TEXT_SIZE)
		return request_body_bad(problem, "a path or name to be mounted is too long");
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
