// SPDX-License-Identifier: Apache-2.0
/*
 * Requests that are judged by more than their route: what creates a container, what starts one, and
 * what could hand out the host. Their bodies are read whole, the warden is asked one question after
 * the other, and only what it agreed to is forwarded: a body written anew, a start with the
 * container's full id in its path. Forms that decide which command a request is are read here too,
 * and judged by request.c.
 *
 * The questions, in this order: what each mounted path, volume or container is; whether a contained
 * client may have of the host what it asks for; of what mounts a guarded socket, the image; and of a
 * start, the container. The warden resolves names, paths and images; nothing of that is judged here.
 * No answer refuses.
 */
#include <errno.h>
#include <stdio.h>

#include "budget.h"
#include "buildkit.h"
#include "client.h"
#include "form.h"
#include "messages.h"

#define START_MAX_BODY 1024
#define GROWTH_STEP    ((size_t)1024 * 1024) /* of what a body of unknown size holds; bytes */

static unsigned flags_of(const struct client *client)
{
	return route_get(client->request->match.id)->flags;
}

void judge_forget(struct client *client)
{
	struct judgement *judgement;

	if (!client->request)
		return;
	judgement = &client->request->judgement;
	if (judgement->job)
		body_job_abandon(judgement->job);
	if (judgement->question)
		warden_link_cancel(&client->mediator->warden, judgement->question);
	request_body_free(&judgement->body);
	free(judgement->wanted_image);
	*judgement = (struct judgement){0};
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
static void ask(struct client *client, enum wire_kind kind, const char *text, uint32_t access,
	warden_answer answer)
{
	int64_t id;

	client->input = INPUT_WAIT;
	id = warden_link_ask(&client->mediator->warden, kind, text, access, &client->label, answer,
		client);
	if (id < 0)
		refuse_unjudged(client, id);
	else
		client->request->judgement.question = id;
}

/* The status of an answer, whose question is over; of none that could be used. */
static int take_answer(struct client *client, const struct wire_reply *reply)
{
	client->request->judgement.question = 0;
	return reply ? reply->status : -EPIPE;
}

/* What a refusal is about, for the audit. */
static void set_denied(struct client *client, uint32_t denied, const char *image)
{
	struct judgement *judgement = &client->request->judgement;

	judgement->denied = denied;
	free(judgement->wanted_image);
	judgement->wanted_image = image && image[0] ? strdup(image) : NULL;
}

static const char *reason_of(const struct wire_reply *reply)
{
	return reply->access ? "host access" : "image list";
}

static void refuse_denied(struct client *client, const struct wire_reply *reply)
{
	client_refuse(client, 403, reason_of(reply), "%s",
		reply->text[0] ? reply->text : "latch: refused by the image list");
}

static void judge_start(struct client *client);

/* Everything is agreed to. What was collected is in judgement.body now, or says nothing. */
static void forward(struct client *client)
{
	buffer_reset(&client->collected);
	exchange_begin(client);
}

static void on_image(void *context, const struct wire_reply *reply)
{
	struct client *client = context;
	int status = take_answer(client, reply);

	if (status == -EACCES)
		set_denied(client, 0, client->request->judgement.body.image);
	if (status == 0 || (status == -EACCES && client_note(client, 403, reason_of(reply))))
		forward(client);
	else if (status == -EACCES)
		refuse_denied(client, reply);
	else
		refuse_unjudged(client, status);
	client_resume(client);
}

/* Where the socket is mounted the image counts. */
static void judge_image(struct client *client)
{
	const struct judgement *judgement = &client->request->judgement;
	const char *image = judgement->body.image;

	if (!judgement->mounts_socket || client->request->match.id != ROUTE_CONTAINER_CREATE)
		forward(client);
	else if (image && image[0])
		ask(client, WIRE_JUDGE_IMAGE, image, 0, on_image);
	else if (client_note(client, 403, "image list"))
		forward(client);
	else
		client_refuse(client, 403, "image list", MESSAGE_MOUNT_DENIED, "");
}

static void go_on(struct client *client)
{
	if (flags_of(client) & ROUTE_JUDGE_START)
		judge_start(client);
	else
		judge_image(client);
}

static void refuse_access(struct client *client, uint32_t refused)
{
	const struct access *access = &client->request->judgement.body.access;
	enum host_access kind;

	refused &= access->asked;
	if (!refused)
		refused = access->asked;
	set_denied(client, refused, client->request->judgement.body.image);
	if (client_note(client, 403, "host access")) {
		set_denied(client, 0, NULL); /* what comes is about something else */
		go_on(client);
		return;
	}
	kind = access_first(refused);
	client_refuse(client, 403, "host access", MESSAGE_HOST_ACCESS, access->field[kind],
		host_access_what(kind), host_access_name(kind));
}

/* In the engine's own words; a client then pulls it, and asks again. */
static void refuse_no_image(struct client *client)
{
	const char *image = client->request->judgement.body.image;

	client_refuse(client, 404, "no such image", "No such image: %s", image ? image : "");
}

static void on_access(void *context, const struct wire_reply *reply)
{
	struct client *client = context;
	int status = take_answer(client, reply);
	int r = 0;

	/* It is allowed to this very image: a name could mean another one a moment later. */
	if (status == 0 && reply->text[0])
		r = request_body_set_image(&client->request->judgement.body, reply->text);
	if (status == -EACCES)
		refuse_access(client, reply->access);
	else if (status == -ENOENT)
		refuse_no_image(client);
	else if (status < 0 || r < 0)
		refuse_unjudged(client, status < 0 ? status : r);
	else
		go_on(client);
	client_resume(client);
}

static void judge_access(struct client *client)
{
	struct request_body *body = &client->request->judgement.body;

	if (client_is_contained(client) && body->access.asked)
		ask(client, WIRE_JUDGE_ACCESS, body->image ? body->image : "", body->access.asked,
			on_access);
	else
		go_on(client);
}

static void judge_next_source(struct client *client);

static void on_source(void *context, const struct wire_reply *reply)
{
	struct client *client = context;
	struct judgement *judgement = &client->request->judgement;
	int status = take_answer(client, reply);
	const char *text = judgement->body.sources[judgement->next_source - 1].text;

	if (status == WIRE_SOURCE_HOST)
		access_ask(&judgement->body.access, HOST_ACCESS_HOST_PATHS, "the mount of %s", text);
	if (status == WIRE_SOURCE_SOCKET)
		judgement->mounts_socket = true;
	if (status >= WIRE_SOURCE_PLAIN && status <= WIRE_SOURCE_SOCKET)
		judge_next_source(client);
	else if (status == -ENOENT)
		client_refuse(client, 404, "no such container", "No such container: %s", text);
	else
		refuse_unjudged(client, status);
	client_resume(client);
}

static void judge_next_source(struct client *client)
{
	struct judgement *judgement = &client->request->judgement;
	const struct mount_source *source = &judgement->body.sources[judgement->next_source];

	if (judgement->next_source == judgement->body.source_count) {
		judge_access(client);
		return;
	}
	judgement->next_source++;
	ask(client, source->kind, source->text, 0, on_source);
}

/* What a route or its query asks of the host, whatever the body says. */
static void read_target(struct client *client)
{
	struct access *access = &client->request->judgement.body.access;
	struct span query = {client->request->match.query, client->request->match.query_length};
	const struct route *route = route_get(client->request->match.id);

	if (route->flags & ROUTE_PLUGINS)
		access_ask(access, HOST_ACCESS_PLUGINS, "%s %s", route->method, route->template);
	if (route->flags & ROUTE_SWARM)
		access_ask(access, HOST_ACCESS_SWARM, "%s %s", route->method, route->template);
	if (query.data)
		access_read_query(client->request->match.id, query, access);
}

static void judge_parsed(struct client *client, int r, const char *problem)
{
	if (r == -EBADMSG) {
		client_refuse(client, 400, problem, "latch: %s", problem);
	} else if (r < 0) {
		refuse_unjudged(client, r);
	} else {
		read_target(client);
		judge_next_source(client);
	}
}

static void on_parsed(struct client *client, int r, struct request_body *body, const char *problem)
{
	client->request->judgement.job = NULL;
	if (r == 0)
		client->request->judgement.body = *body;
	judge_parsed(client, r, problem);
	client_resume(client);
}

static void judge_body(struct client *client)
{
	struct judgement *judgement = &client->request->judgement;
	int route = client->request->match.id;
	const char *problem = NULL;
	int r;

	if (client->collected.length < BODY_JOB_LEAST) {
		r = request_body_parse(route, &client->collected, &judgement->body, &problem);
		judge_parsed(client, r, problem);
		return;
	}
	client->input = INPUT_WAIT;
	judgement->job = body_job_start(client, route, &client->collected, on_parsed);
	if (!judgement->job)
		refuse_unjudged(client, -ENOMEM);
}

/* In audit mode the record is that of the push: its route is what a command list would have to let through. */
static bool note_push(struct client *client, enum decision decision)
{
	struct route_match *match = &client->request->match;
	int route = match->id;
	bool noted;

	if (decision == DECIDE_CLIENT) /* said of the build already */
		return decide_is_noting(&client->mediator->source);
	match->id = ROUTE_IMAGE_PUSH;
	noted = decision == DECIDE_COMMAND && client_note(client, 403, "command list");
	match->id = route;
	return noted;
}

/* A build that pushes counts as docker push too. False: it does not, or may. */
static bool refuse_build_that_pushes(struct client *client)
{
	struct span target = client->request->head.target;
	struct span query = {client->request->match.query, client->request->match.query_length};
	_cleanup_free_ char *uri = strndup(target.data, target.length);
	char push[BUILD_PUSH_SIZE], why[BUILD_PUSH_SIZE + sizeof(MESSAGE_BUILD_PUSHES)];
	enum decision decision;

	if (!(flags_of(client) & ROUTE_JUDGE_BUILD) || !query.data ||
		!buildkit_outputs_push(query, push))
		return false;
	decision = decide_route(&client->mediator->source, client->labelled ? &client->label : NULL,
		ROUTE_IMAGE_PUSH);
	if (decision == DECIDE_PASS || decision == DECIDE_JUDGE || note_push(client, decision))
		return false;
	snprintf(why, sizeof(why), MESSAGE_BUILD_PUSHES, push);
	client_refuse(client, 403, "command list", MESSAGE_COMMAND_BLOCKED "%s", uri ? uri : "", why);
	return true;
}

/* The body is not looked into, and goes through when the rest is agreed to. */
static void judge_target(struct client *client)
{
	if (client_is_contained(client) && refuse_build_that_pushes(client))
		return;
	read_target(client);
	judge_access(client);
}

static bool is_container_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == LATCH_ID_HEX && !id[LATCH_ID_HEX];
}

/* "/containers/{name:.*}/start" with the id in the place of the name. */
static void set_started(struct client *client, const char *id)
{
	const char *template = route_get(client->request->match.id)->template;
	const char *open = strchr(template, '{'), *close = strchr(template, '}');

	snprintf(client->started, sizeof(client->started), "%.*s%s%s", (int)(open - template),
		template, id, close + 1);
}

/* In the engine's own words. */
static void refuse_no_container(struct client *client)
{
	char name[ROUTE_TEXT_SIZE];

	client_refuse(client, 404, "no such container", "No such container: %s",
		route_name(&client->request->match, name, sizeof(name)) < 0 ? "" : name);
}

static void on_start(void *context, const struct wire_reply *reply)
{
	struct client *client = context;
	int status = take_answer(client, reply);

	if (status == -EACCES)
		set_denied(client, reply->access, reply->image);
	if ((status == 0 || (status == -EACCES && client_note(client, 403, reason_of(reply)))) &&
		is_container_id(reply->container)) {
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
	return client->request->match.id == ROUTE_CONTAINER_RESTART ||
	       is_empty_body(&client->collected);
}

static void judge_start(struct client *client)
{
	char name[ROUTE_TEXT_SIZE];

	if (route_name(&client->request->match, name, sizeof(name)) < 0)
		refuse_unjudged(client, -ENAMETOOLONG);
	else if (body_says_nothing(client))
		ask(client, WIRE_JUDGE_START, name, 0, on_start);
	else
		client_refuse(client, 400, "a body in a start request",
			"latch: a start request must not have a body");
}

static void judge_collected(struct client *client)
{
	client_stop_timer(client);
	if (route_has_form(client->request->match.id)) {
		request_take_form(client);
	} else if (request_body_matters(client->request->match.id)) {
		judge_body(client);
	} else {
		judge_target(client);
	}
}

static void on_body_late(uv_timer_t *timer)
{
	client_refuse(timer->data, 408, "the body did not arrive in time",
		"latch: the request's body did not arrive in time");
}

static void refuse_too_large(struct client *client)
{
	client_refuse(client, 413, "a body too large to judge",
		"latch: the body is larger than the %zu bytes that are read to judge it",
		client->collected.limit);
}

static void refuse_no_room(struct client *client)
{
	client_refuse(client, 503, "too many large bodies at once",
		"latch: other large bodies are being judged, and there is no room for one more; try "
		"again in a moment");
}

/* What a body of `length` bytes so far takes of the budget: in steps, for each looks at all connections. */
static size_t room_for(size_t length)
{
	return length <= BUDGET_FREE ? length :
				       (length + GROWTH_STEP - 1) / GROWTH_STEP * GROWTH_STEP;
}

static void keep(struct client *client, struct span piece)
{
	size_t length = client->collected.length + piece.length;

	if (length > client->collected.limit)
		refuse_too_large(client);
	else if (client->body.kind == BODY_CHUNKED && !budget_take(client, room_for(length)))
		refuse_no_room(client);
	else if (buffer_append_span(&client->collected, piece) < 0)
		refuse_unjudged(client, -ENOMEM);
	else if (client->body.done)
		judge_collected(client);
}

size_t judge_collect(struct client *client, const char *data, size_t length)
{
	struct span piece;
	size_t used;

	if (body_decode(&client->body, data, length, &used, &piece) < 0) {
		client_refuse(client, 400, "broken framing", "latch: the body's framing is broken");
		return length;
	}
	keep(client, piece);
	return used;
}

static void collect(struct client *client, size_t limit)
{
	const struct request_head *head = &client->request->head;

	client->collected.limit = limit;
	if (head->body == BODY_LENGTH && head->content_length > client->collected.limit) {
		refuse_too_large(client);
		return;
	}
	if (head->body == BODY_LENGTH && !budget_take(client, head->content_length)) {
		refuse_no_room(client);
		return;
	}
	client->input = INPUT_COLLECT;
	if (client->body.done) {
		judge_collected(client);
		return;
	}
	client_start_timer(client, client_head_time(client), on_body_late);
	request_invite_body(client);
}

bool judge_is_due(const struct client *client)
{
	unsigned due = ROUTE_JUDGE_CREATE | ROUTE_JUDGE_START;

	if (client_is_contained(client))
		due |= ROUTE_JUDGE_ACCESS | ROUTE_PLUGINS | ROUTE_SWARM;
	return flags_of(client) & due;
}

void judge_begin(struct client *client)
{
	if (request_body_matters(client->request->match.id)) {
		if (head_media_type_is(&client->request->head, "application/json"))
			collect(client, REQUEST_BODY_MAX_SIZE);
		else
			client_refuse(client, 400, "a body that is not application/json",
				"latch: the Content-Type of this request must be application/json, "
				"for its body decides something");
	} else if (flags_of(client) & ROUTE_JUDGE_START) {
		collect(client, START_MAX_BODY);
	} else {
		judge_target(client);
	}
}

void judge_begin_form(struct client *client)
{
	collect(client, FORM_MAX_BODY);
}
