// SPDX-License-Identifier: Apache-2.0
/*
 * From a call to its verdict. The path is compared as it is: a call's row of routes.def is its path, and
 * the head that is forwarded has no other. Then the row's verdict counts, as for a request. Messages
 * that can hold a build that pushes count as docker push too, and what they ask of the host is the
 * warden's to allow, as it is for a container that is made.
 */
#include <errno.h>
#include <stdio.h>

#include "buildkit.h"
#include "calls.h"
#include "client.h"
#include "grpc_bridge.h"
#include "messages.h"

/* A call of which messages are read. */
struct read_call {
	struct client *client;
	struct grpc_call *call;
	int route;
	int64_t question; /* of the warden; 0: none */
	bool noted; /* audit mode: it was reported already, as what would be refused */
	struct access access; /* what it is about */
	char path[96];
};

static const struct latch_conn *label_of(const struct client *client)
{
	return client->labelled ? &client->label : NULL;
}

/* The verdict, at this moment, on a row of routes.def. */
static enum decision decide(const struct client *client, int route)
{
	return decide_route(&client->mediator->source, label_of(client), route);
}

static void refuse(struct grpc_call *call, struct client *client, int route, const char *path,
	const char *reason, const char *message)
{
	client_report_call(client, route, path, 403, reason);
	grpc_call_refuse(call, GRPC_PERMISSION_DENIED, message ? message : "latch: out of memory");
}

static void refuse_command(struct grpc_call *call, struct client *client, int route, const char *path,
	const char *why)
{
	_cleanup_free_ char *message = NULL;

	if (asprintf(&message, MESSAGE_COMMAND_BLOCKED "%s", path, why) < 0)
		message = NULL;
	refuse(call, client, route, path, route == ROUTE_NONE ? "no such call" : "command list",
		message);
}

static void refuse_no_policy(
	struct grpc_call *call, struct client *client, int route, const char *path)
{
	client_report_call(client, route, path, 503, "the policy cannot be read");
	grpc_call_refuse(call, GRPC_UNAVAILABLE,
		"latch: the policy cannot be read, so nothing is let through; `latchctl status` says "
		"more");
}

/*
 * What has no row is not forwarded in any mode: nobody knows what its messages mean. `said`: it was
 * reported before.
 */
static bool is_only_noted(
	enum decision decision, struct client *client, int route, const char *path, bool said)
{
	if (route == ROUTE_NONE || (decision != DECIDE_COMMAND && decision != DECIDE_CLIENT))
		return false;
	if (said)
		return decide_is_noting(&client->mediator->source);
	return client_note_call(client, route, path, 0,
		decision == DECIDE_COMMAND ? "command list" : "not an allowed container");
}

/*
 * What `decision` is, unless it passes or is to be noted only; `why` goes behind ECI's sentence. True: it
 * was refused.
 */
static bool refuse_unless_passed(enum decision decision, struct grpc_call *call, struct client *client,
	int route, const char *path, const char *why, bool *noted)
{
	bool said = *noted && (decision == DECIDE_CLIENT || route != ROUTE_IMAGE_PUSH);

	if (is_only_noted(decision, client, route, path, said)) {
		*noted = true;
		return false;
	}
	switch (decision) {
	case DECIDE_PASS:
	case DECIDE_JUDGE:
		return false;
	case DECIDE_CLIENT:
		refuse(call, client, route, path, "not an allowed container",
			"latch: this client may not use the engine's socket");
		return true;
	case DECIDE_NO_POLICY:
		refuse_no_policy(call, client, route, path);
		return true;
	case DECIDE_COMMAND:
	case DECIDE_NO_ROUTE:
	case DECIDE_UNREADABLE:
		break;
	}
	refuse_command(call, client, route, path, why);
	return true;
}

static struct read_call *read_call_new(struct client *client, struct grpc_call *call, int route,
	const char *path, bool noted)
{
	struct read_call *read = calloc(1, sizeof(*read));

	if (!read)
		return NULL;
	read->client = client;
	read->call = call;
	read->route = route;
	read->noted = noted;
	COPY_STRING(read->path, path);
	grpc_call_set_data(call, read);
	return read;
}

static enum grpc_judgement on_call(void *owner, struct grpc_call *call, const char *path)
{
	struct client *client = owner;
	int route = route_of_call(path);
	enum decision decision = decide(client, route);
	bool noted = false;

	if (refuse_unless_passed(decision, call, client, route, path, "", &noted))
		return GRPC_REFUSE;
	/* Isolation is off: nothing is looked into. */
	if (decision == DECIDE_PASS)
		return GRPC_PASS;
	if (!(route_get(route)->flags & ROUTE_JUDGE_BUILD)) {
		if (!noted)
			client_report_call(client, route, path, 0, "");
		return GRPC_PASS;
	}
	if (read_call_new(client, call, route, path, noted))
		return GRPC_READ;
	refuse(call, client, route, path, "out of memory", NULL);
	return GRPC_REFUSE;
}

static void pass(struct read_call *read)
{
	if (!read->noted)
		client_report_call(read->client, read->route, read->path, 0, "");
	grpc_call_pass(read->call);
}

static void refuse_access(struct read_call *read, uint32_t refused)
{
	_cleanup_free_ char *message = NULL;
	enum host_access kind;

	refused &= read->access.asked;
	if (!refused)
		refused = read->access.asked;
	if (client_note_call(read->client, read->route, read->path, refused, "host access")) {
		read->noted = true;
		pass(read);
		return;
	}
	kind = access_first(refused);
	if (asprintf(&message, MESSAGE_HOST_ACCESS, read->access.field[kind], host_access_what(kind),
		    host_access_name(kind)) < 0)
		message = NULL;
	refuse(read->call, read->client, read->route, read->path, "host access", message);
}

static void refuse_unjudged(struct read_call *read)
{
	client_report_call(read->client, read->route, read->path, 503, "the warden gave no verdict");
	grpc_call_refuse(read->call, GRPC_UNAVAILABLE,
		"latch: this call could not be judged, so it is refused; the log of latchd says why");
}

static void on_access(void *context, const struct wire_reply *reply)
{
	struct read_call *read = context;
	struct client *client = read->client;

	read->question = 0;
	if (reply && reply->status == 0)
		pass(read);
	else if (reply && reply->status == -EACCES)
		refuse_access(read, reply->access);
	else
		refuse_unjudged(read);
	calls_flush(client);
}

/* A build has no image that it could be allowed by: what is allowed to all counts. */
static void ask_access(struct read_call *read, const struct access *access)
{
	struct client *client = read->client;
	int64_t id = warden_link_ask(&client->mediator->warden, WIRE_JUDGE_ACCESS, "", access->asked,
		&client->label, on_access, read);

	read->access = *access;
	if (id < 0)
		refuse_unjudged(read);
	else
		read->question = id;
}

/* Who may not push may not have it done by a build. True: it was refused. */
static bool refuse_push(struct read_call *read, const struct build_ask *ask)
{
	char why[sizeof(ask->push) + sizeof(MESSAGE_BUILD_PUSHES)];

	if (!ask->pushes)
		return false;
	snprintf(why, sizeof(why), MESSAGE_BUILD_PUSHES, ask->push);
	return refuse_unless_passed(decide(read->client, ROUTE_IMAGE_PUSH), read->call, read->client,
		ROUTE_IMAGE_PUSH, read->path, why, &read->noted);
}

static void judge_message(struct read_call *read, struct span message)
{
	const char *problem = NULL;
	struct build_ask ask;

	if (buildkit_read(read->route, message, &ask, &problem) < 0) {
		client_report_call(read->client, read->route, read->path, 400, problem);
		grpc_call_refuse(read->call, GRPC_INVALID_ARGUMENT, problem);
		return;
	}
	if (refuse_push(read, &ask))
		return;
	if (ask.access.asked)
		ask_access(read, &ask.access);
	else
		pass(read);
}

static void on_message(void *owner, struct grpc_call *call, struct span message)
{
	struct read_call *read = grpc_call_data(call);
	/* Once more: the policy may be another one than when the head came. */
	enum decision decision = decide(owner, read->route);

	if (refuse_unless_passed(decision, call, owner, read->route, read->path, "", &read->noted))
		return;
	if (decision == DECIDE_PASS)
		grpc_call_pass(call);
	else
		judge_message(read, message);
}

static void on_refused(void *owner, const char *path, const char *why)
{
	client_report_call(owner, path ? route_of_call(path) : ROUTE_NONE, path ? path : "", 400, why);
}

static void on_over(void *owner, struct grpc_call *call)
{
	struct client *client = owner;
	struct read_call *read = grpc_call_data(call);

	if (read && read->question)
		warden_link_cancel(&client->mediator->warden, read->question);
	free(read);
}

static const struct grpc_bridge_events events = {
	.call = on_call,
	.message = on_message,
	.refused = on_refused,
	.over = on_over,
};

/* Returns whether anything went out; ends the connection where nothing can any more. */
static bool send_some(struct client *client, enum grpc_side side, struct stream *stream)
{
	struct buffer out = {.limit = GRPC_SEND_SIZE};
	bool sent = false;
	int r = 0;

	if (!client->bridge || stream->queued >= STREAM_HIGH)
		return false;
	r = grpc_bridge_send(client->bridge, side, &out);
	if (r == 0 && out.length) {
		r = stream_write_bytes(stream, out.data, out.length);
		sent = r == 0;
	}
	buffer_reset(&out);
	if (r < 0)
		client_linger(client);
	return sent;
}

void calls_flush(struct client *client)
{
	bool more = true;

	/* What goes to one side can make room for the other. */
	while (more && client->bridge)
		more = send_some(client, GRPC_CLIENT, &client->front) |
		       send_some(client, GRPC_ENGINE, &client->engine);
	if (client->bridge && grpc_bridge_is_over(client->bridge))
		client_linger(client);
	else
		client_update(client);
}

static void take(struct client *client, enum grpc_side side, const char *data, size_t length)
{
	if (grpc_bridge_take(client->bridge, side, (struct span){data, length}) == 0) {
		calls_flush(client);
		return;
	}
	/* A GOAWAY that says why may be on its way out. */
	calls_flush(client);
	client_linger(client);
}

void calls_begin(struct client *client, const char *data, size_t length)
{
	client->awaiting = false;
	client->input = INPUT_CALLS;
	client->bridge = grpc_bridge_new(&events, client);
	if (!client->bridge)
		client_linger(client);
	else
		take(client, GRPC_ENGINE, data, length);
	/* What the client sent early is next, by client_resume(). */
}

void calls_client_data(struct client *client, const char *data, size_t length)
{
	take(client, GRPC_CLIENT, data, length);
}

void calls_engine_data(struct client *client, const char *data, size_t length)
{
	take(client, GRPC_ENGINE, data, length);
}

void calls_forget(struct client *client)
{
	grpc_bridge_free(TAKE_PTR(client->bridge));
}
