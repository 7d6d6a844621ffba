/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mediator's end of the socketpair to the warden: questions, their answers, and reports.
 */
#ifndef LATCH_MEDIATOR_WARDEN_LINK_H
#define LATCH_MEDIATOR_WARDEN_LINK_H

#include <uv.h>

#include "wire.h"

struct question;

/* `reply` is NULL when the warden is gone: refuse. */
typedef void (*warden_answer)(void *context, const struct wire_reply *reply);

struct warden_link {
	uv_poll_t poll;
	uv_timer_t flush;
	char *reports; /* of WIRE_SHORT_SIZE each, that wait to go out together; owned */
	size_t report_count;
	struct question *questions; /* unanswered, oldest first */
	struct question **last;
	size_t count;
	uint64_t next_id;
	uint64_t lost_reports; /* since the last one that went out */
	void (*gone)(struct warden_link *link);
	void *owner;
	bool down;
};

/* Listens on the descriptor. `gone` is called once, behind the last answer. */
int warden_link_open(struct warden_link *link, uv_loop_t *loop, int fd,
	void (*gone)(struct warden_link *link), void *owner);

/*
 * Asks (wire.h says what `text` and `access` are of each kind). `text` must be shorter than
 * WIRE_TEXT_SIZE (-ENAMETOOLONG). The answer comes from the
 * loop, once, unless the question is cancelled. Returns the question's id, which is positive, or
 * a negative errno.
 */
int64_t warden_link_ask(struct warden_link *link, enum wire_kind kind, const char *text,
	uint32_t access, const struct latch_conn *client, warden_answer answer, void *context);

/* The answer is of no interest any more: it will not come. */
void warden_link_cancel(struct warden_link *link, int64_t id);

/*
 * Sends a WIRE_REPORT, within milliseconds and together with others. When the warden is slow reports
 * are lost, counted, and the next one says how many were.
 */
void warden_link_report(struct warden_link *link, struct wire_request *report);

/* Sends WIRE_FIGURES. A negative errno: not sent, as when the warden is slow. */
int warden_link_figures(struct warden_link *link, const struct wire_figures *figures);

void warden_link_close(struct warden_link *link);

#endif
