// SPDX-License-Identifier: Apache-2.0
/*
 * The two requests that an image decides: container create and container start. Reads their bodies
 * whole, asks the warden one question after the other, and forwards only what the warden agreed to:
 * a create with its body written anew, a start with the container's full id in its path. Forms that
 * decide which command a request is are read here too, and judged by request.c.
 *
 * The warden resolves names, paths and images; nothing of that is judged here. No answer refuses.
 */
#include <errno.h>
#include <stdio.h>

#include "client.h"
#include "form.h"
#include "messages.h"

#define START_MAX_BODY 1024

static bool is_create(const struct client *client)
{
	return route_get(client->match.id)->flags & ROUTE_JUDGE_CREATE;
}

void judge_forget(struct client *client)
{
	if (client->question)
		warden_link_cancel(&client->mediator->warden, client->question);
	client->question = 0;
	client->next_path = 0;
	create_free(&client->create);
}

static void refuse_unjudged(struct client *client, int error)
{
	if (error == -ENAMETOOLONG)
		client_refuse(client, 400, "a path or name that is too long",
			"latch: a path, an image or a container name is too long");
	else
		client_refuse(client, 503, "the warden gave no verdict",
			"latch: this request could not be judged, so it is refused; the log of "
			"latchd says why");
}

/* Asks; the answer comes to `answer`. Refuses when it cannot even ask. */
static void ask(struct client *client, enum wire_kind kind, const char *text, warden_answer answer)
{
	int64_t id;

	client->input = INPUT_WAIT;
	id = warden_link_ask(&client->mediator->warden, kind, text, &client->label, answer, client);
	if (id < 0)
		refuse_unjudged(client, id);
	else
		client->question = id;
}

static void refuse_denied(struct client *client, const struct wire_reply *reply)
{
	client_refuse(client, 403, "image list", "%s",
		reply->text[0] ? reply->text : "latch: refused by the image list");
}

static void forward_create(struct client *client)
{
	free(TAKE_PTR(client->collected.data));
	client->collected.length = 0;
	exchange_begin(client);
}

static void on_image(void *context, const struct wire_reply *reply)
{
	struct client *client = context;

	client->question = 0;
	if (reply && reply->status == 0)
		forward_create(client);
	else if (reply && reply->status == -EACCES)
		refuse_denied(client, reply);
	else
		refuse_unjudged(client, reply ? reply->status : -EPIPE);
	client_resume(client);
}

/* The socket is mounted: now the image counts. */
static void judge_image(struct client *client)
{
	const char *image = client->create.image;

	if (image && image[0])
		ask(client, WIRE_JUDGE_IMAGE, image, on_image);
	else
		client_refuse(client, 403, "image list", MESSAGE_MOUNT_DENIED, "");
}

static void on_mount(void *context, const struct wire_reply *reply);

static void judge_next_path(struct client *client)
{
	struct create_request *create = &client->create;

	if (client->next_path == create->path_count)
		forward_create(client);
	else
		ask(client, WIRE_JUDGE_MOUNT, create->paths[client->next_path++], on_mount);
}

static void on_mount(void *context, const struct wire_reply *reply)
{
	struct client *client = context;

	client->question = 0;
	if (reply && reply->status == 0)
		judge_next_path(client);
	else if (reply && reply->status == 1)
		judge_image(client);
	else
		refuse_unjudged(client, reply ? reply->status : -EPIPE);
	client_resume(client);
}

static void judge_create(struct client *client)
{
	const char *problem = NULL;
	int r = create_parse(client->collected.data ? client->collected.data : "",
		client->collected.length, &client->create, &problem);

	if (r == 0)
		judge_next_path(client);
	else if (r == -EBADMSG)
		client_refuse(client, 400, problem, "latch: %s", problem);
	else
		refuse_unjudged(client, r);
}

static bool is_container_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == LATCH_ID_HEX && !id[LATCH_ID_HEX];
}

/* "/containers/{name:.*}/start" with the id in the place of the name. */
static void set_started(struct client *client, const char *id)
{
	const char *template = route_get(client->match.id)->template;
	const char *open = strchr(template, '{'), *close = strchr(template, '}');

	snprintf(client->started, sizeof(client->started), "%.*s%s%s", (int)(open - template),
		template, id, close + 1);
}

/* In the engine's own words. */
static void refuse_no_container(struct client *client)
{
	char name[ROUTE_TEXT_SIZE];

	client_refuse(client, 404, "no such container", "No such container: %s",
		route_name(&client->match, name, sizeof(name)) < 0 ? "" : name);
}

static void on_start(void *context, const struct wire_reply *reply)
{
	struct client *client = context;
	int status = reply ? reply->status : -EPIPE;

	client->question = 0;
	if (status == 0 && is_container_id(reply->container)) {
		set_started(client, reply->container);
		exchange_begin(client);
	} else if (status == -ENOENT) {
		refuse_no_container(client);
	} else if (status == -EACCES) {
		refuse_denied(client, reply);
	} else {
		refuse_unjudged(client, status);
	}
	client_resume(client);
}

/*
 * Engines before API 1.24 took a HostConfig here, mounts and all. Some clients still send an
 * empty object, which is dropped with its framing.
 */
static bool is_empty_body(const struct buffer *body)
{
	static const char blank[] = " \t\r\n";
	struct span text = {body->data, body->length};

	while (text.length && strchr(blank, text.data[0])) {
		text.data++;
		text.length--;
	}
	while (text.length && strchr(blank, text.data[text.length - 1]))
		text.length--;
	return !text.length || (text.length == 2 && !memcmp(text.data, "{}", 2)) ||
	       (text.length == 4 && !memcmp(text.data, "null", 4));
}

/*
 * No engine ever read the body of a restart, and dockerode says its query there once more: it is
 * dropped whatever it holds.
 */
static bool body_says_nothing(const struct client *client)
{
	return client->match.id == ROUTE_CONTAINER_RESTART || is_empty_body(&client->collected);
}

static void judge_start(struct client *client)
{
	char name[ROUTE_TEXT_SIZE];

	if (route_name(&client->match, name, sizeof(name)) < 0)
		refuse_unjudged(client, -ENAMETOOLONG);
	else if (body_says_nothing(client))
		ask(client, WIRE_JUDGE_START, name, on_start);
	else
		client_refuse(client, 400, "a body in a start request",
			"latch: a start request must not have a body");
}

static void judge_collected(struct client *client)
{
	client_stop_timer(client);
	if (route_has_form(client->match.id))
		request_take_form(client);
	else if (is_create(client))
		judge_create(client);
	else
		judge_start(client);
}

static void on_body_late(uv_timer_t *timer)
{
	client_refuse(timer->data, 408, "the body did not arrive in time",
		"latch: the request's body did not arrive within a minute");
}

static void refuse_too_large(struct client *client)
{
	client_refuse(client, 413, "a body too large to judge",
		"latch: the body is larger than the %zu bytes that are read to judge it",
		client->collected.limit);
}

size_t judge_collect(struct client *client, const char *data, size_t length)
{
	struct span piece;
	size_t used;

	if (body_decode(&client->body, data, length, &used, &piece) < 0) {
		client_refuse(client, 400, "broken framing", "latch: the body's framing is broken");
		return length;
	}
	if (buffer_append_span(&client->collected, piece) < 0)
		refuse_too_large(client);
	else if (client->body.done)
		judge_collected(client);
	return used;
}

static void collect(struct client *client, size_t limit)
{
	const struct request_head *head = &client->head;

	client->collected.limit = limit;
	if (head->body == BODY_LENGTH && head->content_length > client->collected.limit) {
		refuse_too_large(client);
		return;
	}
	client->input = INPUT_COLLECT;
	if (client->body.done) {
		judge_collected(client);
		return;
	}
	client_start_timer(client, CLIENT_HEAD_TIME, on_body_late);
	request_invite_body(client);
}

void judge_begin(struct client *client)
{
	if (is_create(client) && !head_media_type_is(&client->head, "application/json")) {
		client_refuse(client, 400, "a body that is not application/json",
			"latch: the Content-Type of a container create must be application/json");
		return;
	}
	collect(client, is_create(client) ? CREATE_MAX_BODY : START_MAX_BODY);
}

void judge_begin_form(struct client *client)
{
	collect(client, FORM_MAX_BODY);
}
