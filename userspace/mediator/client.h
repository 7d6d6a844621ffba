/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client's connection: its own socket, at most one connection to the engine, and the request
 * at hand. Requests of one connection are served one after the other.
 *
 * client.c owns the connection; request.c reads and decides requests; judge.c asks the warden;
 * exchange.c carries request and answer; tunnel.c carries raw streams.
 */
#ifndef LATCH_MEDIATOR_CLIENT_H
#define LATCH_MEDIATOR_CLIENT_H

#include "body_job.h"
#include "decide.h"
#include "framing.h"
#include "grpc_bridge.h"
#include "grpc_refusal.h"
#include "mediator.h"
#include "request_body.h"
#include "response.h"
#include "util.h"

/* What the next bytes from the client are. */
enum input {
	INPUT_HEAD,    /* a request's head */
	INPUT_COLLECT, /* a body that decides something: read whole, forwarded later */
	INPUT_WAIT,    /* held back: the warden or the engine must answer first */
	INPUT_BODY,    /* a body on its way to the engine */
	INPUT_ANSWER,  /* held back: the request is out, its answer is not in yet */
	INPUT_STREAM,  /* a raw stream */
	INPUT_CALLS,   /* calls of gRPC: each is judged */
	INPUT_REFUSED, /* calls of gRPC: each is refused */
	INPUT_DRAIN,   /* thrown away: the connection is about to close */
};

#define CLIENT_HELD_MAX    HEAD_MAX_SIZE /* bytes held back above which nothing more is read */
#define CLIENT_REFUSED_TIME 60000        /* ms for calls that are all refused */
#define CLIENT_LINGER_TIME 5000          /* ms for a client to notice that the connection ends */
/* Bytes to read from it meanwhile: a body somewhat over the limit, so that its client hears why. */
#define CLIENT_LINGER_MAX  (2ULL * REQUEST_BODY_MAX_SIZE)

/* What a request that is judged by more than its route asks for, and how far its questions are. */
struct judgement {
	struct request_body body;
	size_t next_source; /* of body.sources, to ask about */
	bool mounts_socket;
	struct body_job *job; /* that reads the body; NULL: none does */
	int64_t question; /* of the warden; 0: none */
	size_t held;      /* of the budget (budget.h); bytes */
	/* Of a refusal, for the audit: what of the host was not allowed, to a container of which image. */
	uint32_t denied;
	char *wanted_image; /* owned; NULL: none */
};

/* The request at hand: large, and there are many connections that have none. */
struct request {
	struct request_head head;
	struct route_match match;
	struct judgement judgement;
	char text[]; /* of the head: `head` and `match` point into it */
};

struct client {
	struct mediator *mediator;
	struct client *next;
	struct client **link; /* who points here */
	struct stream front;  /* the client's socket */
	struct stream engine;
	uv_timer_t timer;
	unsigned handles; /* that the loop still knows */
	bool closing;
	bool labelled;
	struct latch_conn label;
	enum input input;
	struct buffer in; /* received and not consumed */
	struct head_scan scan;
	uint64_t drained;
	bool front_flushed; /* everything was sent, and the end of it */
	bool front_gone;    /* the client closed altogether */
	struct grpc_refusal *refusal; /* owned; INPUT_REFUSED */
	struct grpc_bridge *bridge;   /* owned; INPUT_CALLS */

	struct request *request; /* owned; NULL: no head was read */
	char *form_target; /* owned; with the body's form in its query. NULL: no form was read */
	enum decision decision;
	bool noted; /* audit mode: it was reported already, as what would be refused */
	struct body_decoder body;
	struct buffer collected;
	char started[128]; /* path with the full container id; empty: as it came */
	unsigned connect_attempts;
	struct response response;
	bool awaiting;    /* the engine owes an answer */
	bool answered;    /* bytes of it went to the client */
	bool engine_used; /* an earlier request got its answer on this connection */
	uint64_t head_time; /* of the request at hand, in ns; 0: none */
	bool decided, shown; /* the two times from then on have been counted (figures.h) */
};

/* client.c */

/* Rules about builds and the host's own things bind whoever has the socket from inside a container. */
bool client_is_contained(const struct client *client);
/* Takes an accepted descriptor. */
void client_accept(void *mediator, int fd);
/* Ends both connections now. The memory is freed later. */
void client_close(struct client *client);
/* One handle of the loop is gone; the last one frees a closed client. */
void client_handle_closed(struct client *client);
/* Sends what is queued, then ends, giving the client time to read it (engine-side closed now). */
void client_linger(struct client *client);
/* Reads from client and engine as far as state and queues allow. Call it when either changed. */
void client_update(struct client *client);
/* Goes on with bytes that were held back. */
void client_resume(struct client *client);
void client_start_timer(struct client *client, uint64_t ms, uv_timer_cb callback);
void client_stop_timer(struct client *client);
/* Milliseconds for a head, or a body that decides something. */
uint64_t client_head_time(const struct client *client);
/* Forgets the request at hand; the next bytes are a head. */
void client_next_request(struct client *client);

/*
 * Answers with an error and reports it. The connection goes on where the request was read whole.
 * `reason` is for the audit, the format for the client.
 */
void client_refuse(struct client *client, int status, const char *reason, const char *format, ...)
	PRINTF_LIKE(4, 5);
/*
 * Refuses a request that upgrades to h2c, in the one way that no client takes for an engine without
 * BuildKit: accepts the upgrade. Then it ends, where the engine would make the calls (/session), or
 * refuses the client's calls with `message` (/grpc; NULL: the former). Reports it.
 */
void client_refuse_h2c(struct client *client, const char *reason, const char *message);
/* For the audit: the request passed (status 0) or was refused. */
void client_report(struct client *client, int status, const char *reason);
/*
 * In audit mode, reports that the request would get `status` for that reason, and returns true: the caller
 * lets it go on. Otherwise false: it is to be refused. One that would be refused for several reasons is
 * reported for each, and not once more when it passes.
 */
bool client_note(struct client *client, int status, const char *reason);
/* The same two of a call of gRPC in it, by its route and its :path. */
void client_report_call(
	struct client *client, int route, const char *path, int status, const char *reason);
bool client_note_call(struct client *client, int route, const char *path, uint32_t denied,
	const char *reason);

/* request.c: takes bytes of a head. Returns how many were used, 0 for more. */
size_t request_take(struct client *client, const char *data, size_t length);
/* Says 100 Continue to a client that waits for it. */
void request_invite_body(struct client *client);
/* Decides on a request whose form is in client->collected, whole. */
void request_take_form(struct client *client);

/* judge.c */

/* Is the request, which has a route and passed the command list, to be judged by more? */
bool judge_is_due(const struct client *client);
void judge_begin(struct client *client);
/* Reads a form that decides what is asked; request_take_form() comes next. */
void judge_begin_form(struct client *client);
size_t judge_collect(struct client *client, const char *data, size_t length);
void judge_forget(struct client *client);

/* exchange.c */
void exchange_begin(struct client *client);
size_t exchange_body(struct client *client, const char *data, size_t length);
void exchange_engine_data(struct client *client, const char *data, size_t length);
void exchange_engine_end(struct client *client);
extern const struct stream_events engine_events;

/* tunnel.c */
void tunnel_begin(struct client *client, const char *data, size_t length);
void tunnel_client_data(struct client *client, const char *data, size_t length);
void tunnel_engine_data(struct client *client, const char *data, size_t length);
void tunnel_client_end(struct client *client);
void tunnel_engine_end(struct client *client);
void tunnel_engine_shut(struct client *client);

#endif
