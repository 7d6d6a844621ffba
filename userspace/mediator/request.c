// SPDX-License-Identifier: Apache-2.0
/*
 * From the bytes of a head to what becomes of the request: read it, find its route, let decide.c
 * decide, and either refuse or hand it on. A request that came this far and passes was read in
 * exactly one way.
 */
#include <errno.h>
#include <stdio.h>

#include "answer.h"
#include "client.h"
#include "form.h"
#include "messages.h"

static void on_head_late(uv_timer_t *timer)
{
	client_refuse(timer->data, 408, "the request did not arrive in time",
		"latch: the request did not arrive in time");
}

void request_invite_body(struct client *client)
{
	/* What has come already was sent without waiting. */
	if (client->request->head.expects_continue && !client->body.done)
		stream_write_bytes(&client->front, ANSWER_CONTINUE, strlen(ANSWER_CONTINUE));
}

static bool upgrades_to_h2c(const struct client *client)
{
	return client->request->head.upgrade && span_is(*client->request->head.upgrade, "h2c");
}

/* A 403 would make buildx start a privileged builder of its own instead of giving up. */
static bool refuse_upgrade(struct client *client, const char *uri)
{
	_cleanup_free_ char *message = NULL;
	int route = client->request->match.id;

	if (!upgrades_to_h2c(client) || route < 0)
		return false;
	if (route_get(route)->flags & ROUTE_GRPC) {
		if (asprintf(&message, MESSAGE_COMMAND_BLOCKED MESSAGE_BUILDKIT_HINT, uri) < 0)
			message = NULL;
		client_refuse_h2c(client, "command list", message);
		return true;
	}
	if (route == ROUTE_SESSION) {
		client_refuse_h2c(client, "command list", NULL);
		return true;
	}
	return false;
}

static void refuse_command(struct client *client)
{
	struct span target = client->request->head.target;
	_cleanup_free_ char *uri = strndup(target.data, target.length);
	int route = client->request->match.id;

	if (refuse_upgrade(client, uri ? uri : ""))
		return;
	client_refuse(client, 403, route < 0 ? "no such route" : "command list",
		MESSAGE_COMMAND_BLOCKED, uri ? uri : "");
}

static void refuse_unreadable(struct client *client)
{
	const char *problem = client->request->match.problem;

	client_refuse(client, 400, problem ? problem : "",
		"latch: the request target cannot be read: %s", problem ? problem : "malformed");
}

static void refuse(struct client *client)
{
	switch (client->decision) {
	case DECIDE_COMMAND:
		refuse_command(client);
		break;
	case DECIDE_CLIENT:
		client_refuse(client, 403, "not an allowed container",
			"latch: this client may not use the engine's socket");
		break;
	case DECIDE_NO_ROUTE:
		/* The engine's own words for what it does not serve. */
		client_refuse(client, 404, "no such route", "page not found");
		break;
	case DECIDE_UNREADABLE:
		refuse_unreadable(client);
		break;
	case DECIDE_NO_POLICY:
	case DECIDE_PASS:
	case DECIDE_JUDGE:
		client_refuse(client, 503, "the policy cannot be read",
			"latch: the policy cannot be read, so nothing is let through; "
			"`latchctl status` says more");
		break;
	}
}

/* The engine reads the values of a form before those of the query. */
static bool has_form(const struct request_head *head)
{
	return head_media_type_is(head, "application/x-www-form-urlencoded") &&
	       (span_is(head->method, "POST") || span_is(head->method, "PUT") ||
		       span_is(head->method, "PATCH"));
}

static void classify(struct client *client, struct span target)
{
	struct span method = client->request->head.method;

	route_classify(method.data, method.length, target.data, target.length, &client->request->match);
}

/* What the request is may depend on its body: then no verdict counts before that is read. */
static bool needs_form(const struct client *client)
{
	return client->request->match.id != ROUTE_NONE && route_has_form(client->request->match.id) &&
	       has_form(&client->request->head) &&
	       decide_client(&client->mediator->source,
		       client->labelled ? &client->label : NULL) == DECIDE_JUDGE;
}

/*
 * Audit mode: what the client or the command list would be refused for is noted, and goes on. What has no
 * route is not forwarded in any mode, and gets the engine's own words.
 */
static enum decision note(struct client *client, enum decision decision)
{
	const struct route_match *match = &client->request->match;

	if (decision != DECIDE_COMMAND && decision != DECIDE_CLIENT)
		return decision;
	if (match->id == ROUTE_NONE && decide_is_noting(&client->mediator->source))
		return match->path[0] ? DECIDE_NO_ROUTE : DECIDE_UNREADABLE;
	if (client_note(client, 403,
		    decision == DECIDE_COMMAND ? "command list" : "not an allowed container"))
		return DECIDE_JUDGE;
	return decision;
}

static void decide(struct client *client)
{
	client->decision = note(client,
		decide_request(&client->mediator->source, client->labelled ? &client->label : NULL,
			&client->request->match));
	if (client->decision != DECIDE_PASS && client->decision != DECIDE_JUDGE) {
		refuse(client);
		return;
	}
	/* Its values would override those that were judged. */
	if (client->decision == DECIDE_JUDGE && has_form(&client->request->head) && !client->form_target) {
		client_refuse(client, 400, "a form body",
			"latch: a body of type application/x-www-form-urlencoded is refused, "
			"because "
			"the engine would let it override the query");
		return;
	}
	if (client->decision == DECIDE_JUDGE && judge_is_due(client))
		judge_begin(client);
	else
		exchange_begin(client);
}

void request_take_form(struct client *client)
{
	struct span form = {client->collected.data ? client->collected.data : "",
		client->collected.length};

	client->form_target = form_merge(client->request->head.target, form);
	if (!client->form_target) {
		client_close(client);
		return;
	}
	buffer_reset(&client->collected);
	classify(client, (struct span){client->form_target, strlen(client->form_target)});
	decide(client);
}

static void begin_request(struct client *client)
{
	struct request_head *head = &client->request->head;

	body_decoder_init(&client->body, head->body, head->content_length);
	classify(client, head->target);
	if (needs_form(client))
		judge_begin_form(client);
	else
		decide(client);
}

/* The head outlives the buffer that it came in: it is written anew only when all is decided. */
static int keep_head(struct client *client, const char *data, size_t length)
{
	/* `head` and `match` are written whole before they are read. */
	client->request = malloc(sizeof(*client->request) + length);
	if (!client->request)
		return -ENOMEM;
	memset(&client->request->judgement, 0, sizeof(client->request->judgement));
	memcpy(client->request->text, data, length);
	return 0;
}

static void read_head(struct client *client, const char *data, size_t length)
{
	struct head_problem problem = {400, ""};
	int r;

	if (keep_head(client, data, length) < 0) {
		client_close(client);
		return;
	}
	r = head_parse(client->request->text, length, &client->request->head, &problem);
	if (r < 0) {
		free(TAKE_PTR(client->request));
		client_refuse(client, problem.status, problem.text, "latch: %s", problem.text);
		return;
	}
	begin_request(client);
}

/* Who may not talk to the engine at all is told so before a byte of it is parsed. */
static bool is_turned_away(struct client *client)
{
	if (client->scan.offset)
		return false;
	client->decision =
		decide_client(&client->mediator->source, client->labelled ? &client->label : NULL);
	return client->decision != DECIDE_PASS && client->decision != DECIDE_JUDGE;
}

size_t request_take(struct client *client, const char *data, size_t length)
{
	bool begins = !client->scan.offset;
	struct head_problem problem;
	ssize_t n;

	if (is_turned_away(client)) {
		refuse(client);
		return length;
	}
	n = head_scan(&client->scan, data, length, &problem);
	if (n < 0) {
		client_stop_timer(client);
		client_refuse(client, problem.status, problem.text, "latch: %s", problem.text);
		return length;
	}
	if (n == 0) {
		if (begins)
			client_start_timer(client, client_head_time(client), on_head_late);
		return 0;
	}
	client_stop_timer(client);
	client->scan.offset = 0; /* no head has begun */
	figures_head(client);
	read_head(client, data, n);
	return n;
}
