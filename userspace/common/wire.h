/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mediator may ask of the warden, over a SOCK_SEQPACKET socketpair.
 *
 * The mediator reads hostile bytes, so the warden believes nothing of it but the size: a message is
 * one request, whole, or some of a fixed shorter size; each field has one meaning, each string must end
 * in NUL within its array (the warden refuses it otherwise and drops the mediator). The warden answers a request
 * with one reply of the same id, in any order; a report is not answered.
 */
#ifndef LATCH_WIRE_H
#define LATCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "latch/abi.h"

enum wire_kind {
	/* What is `text`, a host path, when the engine resolves it? status: enum wire_source. */
	WIRE_JUDGE_MOUNT = 1,
	/*
	 * May a container of the image `text` (as the client wrote it) hold the socket? status: 0
	 * yes, or the engine does not have that image yet; -EACCES no, and reply.text is the
	 * message for the client.
	 */
	WIRE_JUDGE_IMAGE = 2,
	/*
	 * The container `text` (name, id or prefix) is about to be started. status: 0, the grant
	 * is in the kernel if the image earned one, and reply.container is the full id to put
	 * into the forwarded request; -ENOENT the engine knows no such container; -EACCES it
	 * mounts the socket and may not, or what the client may not hand out (then reply.access says
	 * what); reply.text is the message for the client.
	 */
	WIRE_JUDGE_START = 3,
	/* What the mediator decided about one request, for the audit. Not answered. */
	WIRE_REPORT = 4,
	/* What does the volume `text` hold, if there is one? status: enum wire_source. */
	WIRE_JUDGE_VOLUME = 5,
	/* The worst of what the container `text` (name, id or prefix) mounts. status: enum wire_source. */
	WIRE_JUDGE_VOLUMES_FROM = 6,
	/*
	 * A container asks for `access` of the host, for another one of the image `text` (as it wrote it;
	 * empty: for what has no image). status: 0 it may have it, and where that is because of the image
	 * reply.text is the image's id, to be put into the forwarded request; -ENOENT the engine has no
	 * such image; -EACCES no, and reply.access is what is refused.
	 */
	WIRE_JUDGE_ACCESS = 7,
	/* The mediator's own figures, once a second while there are new ones. Not answered. */
	WIRE_FIGURES = 8,
};

#define WIRE_LAST WIRE_FIGURES

/* What is mounted, the worst last. */
enum wire_source {
	WIRE_SOURCE_PLAIN = 0,
	WIRE_SOURCE_HOST = 1,   /* of the host's system, of the engine or of latch */
	WIRE_SOURCE_SOCKET = 2, /* a guarded socket */
};

#define WIRE_TEXT_SIZE	     4096
#define WIRE_IMAGE_SIZE	     512
#define WIRE_SHORT_TEXT_SIZE 256 /* nearly every text fits; it is one a request, so it counts */

/*
 * What WIRE_FIGURES carries in place of `text`: above what has been added since the last one, below what
 * is at the moment. Nothing is decided by it. Times begin with the last byte of a request's head.
 */
struct wire_figures {
	struct histogram decision; /* until it is forwarded or refused: body and warden included */
	struct histogram answer;   /* until the first byte of its answer, the engine's or latch's own */
	uint32_t host_passed[LATCH_MAX_ROUTES]; /* requests of the host, which are not reported, by route */
	uint64_t turned_away; /* clients for whom there was no descriptor */

	uint32_t host_clients, contained_clients;
	uint32_t questions;  /* to the warden, unanswered */
	uint32_t reserved;
	uint64_t held_bytes; /* of bodies that are read whole */
};

/* From the mediator to the warden: whole, or up to WIRE_SHORT_SIZE and with others like it (`image` is empty). */
struct wire_request {
	uint32_t kind; /* enum wire_kind */
	int32_t route; /* WIRE_REPORT: row of routes.def, -1 for none */
	uint64_t id;   /* comes back in the reply */
	/* WIRE_REPORT: 0 passed, else the HTTP status that the client got, or with `noted` would have got */
	uint32_t refused;
	/* Bits of enum host_access. WIRE_JUDGE_ACCESS: what is asked; WIRE_REPORT: what was not allowed */
	uint32_t access;
	uint32_t noted; /* WIRE_REPORT: 1: audit mode, it went through all the same */
	uint32_t lost;	/* WIRE_REPORT: earlier reports that found no room */
	struct latch_conn client; /* as the kernel labelled the connection */
	char method[16];	  /* WIRE_REPORT */
	char reason[128];	  /* WIRE_REPORT: why, in words; may be empty */
	char text[WIRE_TEXT_SIZE]; /* see enum wire_kind; WIRE_REPORT: the request URI, cut */
	/* WIRE_REPORT: the image that was to be created or started, cut. Behind `text`: few have it */
	char image[WIRE_IMAGE_SIZE];
};

#define WIRE_SHORT_SIZE (offsetof(struct wire_request, text) + WIRE_SHORT_TEXT_SIZE)
#define WIRE_MAX_SHORT	32 /* in one message */

_Static_assert(sizeof(struct wire_figures) <= WIRE_TEXT_SIZE, "they fit");
_Static_assert(sizeof(struct wire_request) % WIRE_SHORT_SIZE != 0, "the two can be told apart");

/* From the warden to the mediator. */
struct wire_reply {
	uint64_t id;
	int32_t status; /* see enum wire_kind; any other negative errno: refuse with 503 */
	uint32_t access; /* WIRE_JUDGE_ACCESS, _START: what is refused, bits of enum host_access */
	char container[LATCH_ID_SIZE];
	char image[WIRE_IMAGE_SIZE]; /* WIRE_JUDGE_START: as the container was created from, cut */
	char text[1024];
};

/*
 * Descriptors that the warden hands to the mediator at exec, from this number on, in this order.
 * The maps are opened read-only.
 */
enum wire_fd {
	WIRE_FD_LISTENER = 3, /* the public socket, listening, non-blocking */
	WIRE_FD_WARDEN = 4,   /* the socketpair */
	WIRE_FD_CONNS = 5,    /* map `conns`: key an accepted descriptor (int) */
	WIRE_FD_VERDICTS = 6, /* map `verdicts` */
	WIRE_FD_STATE = 7,    /* map `state` */
	WIRE_FD_CGROUPS = 8,  /* map `cgroups`: the tag that a container has now */
};

#endif
