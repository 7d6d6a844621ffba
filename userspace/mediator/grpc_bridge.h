/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC between a client and the engine, call by call: a server of HTTP/2 to the one and a client of
 * HTTP/2 to the other. No frame passes: what arrives is read, and what was read is written anew.
 *
 * Which calls may pass is the owner's to say, and of those that it wants to read, which messages: the
 * engine sees nothing of a call before that. Knows nothing of sockets; bytes come and go by
 * grpc_bridge_take() and grpc_bridge_send(). Memory is bounded: each side is given no more to send
 * than the other takes.
 */
#ifndef LATCH_MEDIATOR_GRPC_BRIDGE_H
#define LATCH_MEDIATOR_GRPC_BRIDGE_H

#include "buffer.h"
#include "grpc_status.h"

/* The engine's own limit of a message; what is over it would be refused there. */
#define GRPC_MESSAGE_MAX (16 * 1024 * 1024)
/* Bytes of unjudged messages that the calls of one bridge may hold together. */
#define GRPC_HELD_MAX (2 * GRPC_MESSAGE_MAX)
/* A buffer for grpc_bridge_send() needs this limit; one call fills about half of it. */
#define GRPC_SEND_SIZE (256 * 1024)

enum grpc_side {
	GRPC_CLIENT,
	GRPC_ENGINE,
};

enum grpc_judgement {
	GRPC_REFUSE, /* grpc_call_refuse() was called */
	GRPC_PASS,
	GRPC_READ, /* each of its messages is to be judged before it goes on */
};

struct grpc_bridge;
struct grpc_call;

struct grpc_bridge_events {
	/* The head of a call came. `path` is valid as long as the call is. */
	enum grpc_judgement (*call)(void *owner, struct grpc_call *call, const char *path);
	/*
	 * A message of a GRPC_READ call. It is valid, and nothing more of the call goes on, until
	 * grpc_call_pass() or grpc_call_refuse(), which may be called here or later.
	 */
	void (*message)(void *owner, struct grpc_call *call, struct span message);
	/*
	 * The bridge refuses the call by itself, for what cannot be read: to be written down. `path` is
	 * NULL where the head had none.
	 */
	void (*refused)(void *owner, const char *path, const char *why);
	/* The call is over, and its memory about to go. */
	void (*over)(void *owner, struct grpc_call *call);
};

/* `events` outlives it. NULL without memory. */
struct grpc_bridge *grpc_bridge_new(const struct grpc_bridge_events *events, void *owner);
/* Every call is over then. */
void grpc_bridge_free(struct grpc_bridge *bridge);

/* What that side sent. 0, -EPROTO (that was not HTTP/2) or -ENOMEM: then both connections are to end. */
int grpc_bridge_take(struct grpc_bridge *bridge, enum grpc_side side, struct span data);

/*
 * Appends some of what is to be sent to that side to `out`, nothing if there is nothing. To be called
 * until then whenever anything was taken or judged. 0, -ENOBUFS or -ENOMEM.
 */
int grpc_bridge_send(struct grpc_bridge *bridge, enum grpc_side side, struct buffer *out);

/* Does neither side want anything more of the other? */
bool grpc_bridge_is_over(const struct grpc_bridge *bridge);

/* The message that was shown last goes on. */
void grpc_call_pass(struct grpc_call *call);
/* The call ends with this status, on both sides. Nothing of it is shown any more. */
void grpc_call_refuse(struct grpc_call *call, enum grpc_status status, const char *message);

/* For the owner. */
void grpc_call_set_data(struct grpc_call *call, void *data);
void *grpc_call_data(const struct grpc_call *call);

#endif
