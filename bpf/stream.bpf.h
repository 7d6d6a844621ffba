/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs keep of a followed connection: how far each side of it has been read.
 */
#ifndef LATCH_STREAM_BPF_H
#define LATCH_STREAM_BPF_H

#include "compat.bpf.h"
#include "http.h"

#define STREAM_WINDOW 256 /* bytes fetched at a time; a power of two */
#define STREAM_SHOWN  8	  /* heads of one send that are compared */

/* Bytes of somebody else's memory, fetched a window at a time. */
struct latch_window {
	__u64 start; /* where bytes[0] is from */
	__u32 size;  /* how many are there; 0: none */
	__u32 reserved;
	__u8 bytes[STREAM_WINDOW];
};

/*
 * How one piece of the connection is being read. In a map's memory, for what changes from one call of
 * a loop's body to the next: of a program's stack, verifiers before 6.7 (ab5cfac139ab) take the first
 * call's values for all of them, and leave out the code for others.
 */
struct latch_reading {
	struct send_source source;
	__u64 requests; /* begun so far, this piece's included */
	__u32 problem;	/* enum latch_problem */
	__u8 enforce;	/* refuse what is to be refused */
	__u8 refused;
	__u16 reserved;
};

struct latch_stream {
	struct http queued; /* requests, as far as they lie in the kernel's queue */
	struct http shown;  /* the same and what the sender is about to send */
	struct http answer;
	/*
	 * Requests begun and answers ended. The client's side alone writes the first, the engine's
	 * alone the second; the difference is what is owed.
	 */
	__u64 requests;
	__u64 answers;
	__u64 heads_only; /* one bit for each of the last 64 requests: a HEAD */
	__u64 upgrade;	  /* which request may turn the connection raw, from 1 on; 0: none */
	__u32 sender;	  /* the thread that is sending; 0: none */
	__u8 raw;	  /* a raw stream: nothing is read any more */
	__u8 lost;	  /* not followed any further */
	__u8 hashes_size;
	__u8 compared;
	__u8 answering; /* the engine is sending */
	__u8 reserved;
	/* Pieces of the send at hand that each of the two programs was given: see is_taken(). */
	__u32 requests_given[2];
	__u32 answers_given[2];
	__u64 read_requests; /* bytes of the client's send at hand that were read in the queue */
	__u64 read_answers;  /* the same of the engine's */
	__u32 hashes[STREAM_SHOWN]; /* of the heads in the send at hand, as they were shown */
	struct latch_reading reading_shown;
	struct latch_reading reading_queued;
	struct latch_reading reading_answer;
	struct latch_window window_shown;
	struct latch_window window_queued;
	struct latch_window window_answer;
	struct latch_request record_shown;
	struct latch_request record_queued;
};

#endif
