// SPDX-License-Identifier: Apache-2.0
/*
 * Carries questions to the warden and answers back. A question waits when the socketpair is full;
 * a report does not, because no verdict depends on it. When the warden goes, or says something
 * that is no reply, every open question is answered with nothing, which refuses.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "util.h"
#include "warden_link.h"

/* ms until reports go out: the audit is not in a hurry, and a message a request would cost as much. */
#define REPORT_TIME 5

/* More than this many waiting means that the warden is stuck: further requests are refused. */
#define MAX_QUESTIONS 1024

struct question {
	struct question *next;
	struct wire_request request;
	warden_answer answer; /* NULL: cancelled, the reply is awaited and dropped */
	void *context;
	bool sent;
};

static int link_fd(const struct warden_link *link)
{
	uv_os_fd_t fd = -1;

	uv_fileno((const uv_handle_t *)&link->poll, &fd);
	return fd;
}

/* What of a message has to be sent. */
static size_t size_of(const struct wire_request *request)
{
	return strnlen(request->text, WIRE_SHORT_TEXT_SIZE) < WIRE_SHORT_TEXT_SIZE && !request->image[0] ?
		       WIRE_SHORT_SIZE :
		       sizeof(*request);
}

static int send_request(const struct warden_link *link, const struct wire_request *request)
{
	ssize_t size = size_of(request);
	ssize_t r = send(link_fd(link), request, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r < 0)
		return -errno;
	return r == size ? 0 : -EIO;
}

static struct question *take_first(struct warden_link *link)
{
	struct question *question = link->questions;

	if (!question)
		return NULL;
	link->questions = question->next;
	if (!link->questions)
		link->last = &link->questions;
	link->count--;
	return question;
}

static struct question *take(struct warden_link *link, uint64_t id)
{
	for (struct question **at = &link->questions; *at; at = &(*at)->next) {
		struct question *question = *at;

		if (question->request.id != id)
			continue;
		*at = question->next;
		if (link->last == &question->next)
			link->last = at;
		link->count--;
		return question;
	}
	return NULL;
}

static void give_up(struct warden_link *link)
{
	struct question *question;

	if (link->down)
		return;
	link->down = true;
	uv_poll_stop(&link->poll);
	while ((question = take_first(link))) {
		if (question->answer)
			question->answer(question->context, NULL);
		free(question);
	}
	link->gone(link);
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Writable is only asked for while a question waits: the socket is writable nearly always. */
static void update_poll(struct warden_link *link)
{
	int events = UV_READABLE;

	for (const struct question *q = link->questions; q; q = q->next)
		if (!q->sent)
			events |= UV_WRITABLE;
	uv_poll_start(&link->poll, events, on_poll);
}

static int send_waiting(struct warden_link *link)
{
	for (struct question *q = link->questions; q; q = q->next) {
		int r;

		if (q->sent)
			continue;
		r = send_request(link, &q->request);
		if (r == -EAGAIN || r == -ENOBUFS)
			break;
		if (r < 0)
			return r;
		q->sent = true;
	}
	return 0;
}

/* Returns 0 when there is nothing more to read, a negative errno when the warden is gone. */
static int receive(struct warden_link *link)
{
	for (;;) {
		struct question *question;
		struct wire_reply reply;
		ssize_t r = recv(link_fd(link), &reply, sizeof(reply), MSG_DONTWAIT | MSG_TRUNC);

		if (r < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (r != sizeof(reply))
			return r < 0 ? -errno : -EPROTO;
		reply.container[sizeof(reply.container) - 1] = 0;
		reply.text[sizeof(reply.text) - 1] = 0;
		question = take(link, reply.id);
		if (question && question->answer)
			question->answer(question->context, &reply);
		free(question);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct warden_link *link = poll->data;
	int r = status;

	(void)events;
	if (r == 0)
		r = receive(link);
	if (r == 0)
		r = send_waiting(link);
	if (r < 0)
		give_up(link);
	else if (!link->down)
		update_poll(link);
}

int warden_link_open(struct warden_link *link, uv_loop_t *loop, int fd,
	void (*gone)(struct warden_link *link), void *owner)
{
	int r;

	*link = (struct warden_link){.gone = gone, .owner = owner, .next_id = 1};
	link->last = &link->questions;
	link->reports = calloc(WIRE_MAX_SHORT, WIRE_SHORT_SIZE);
	if (!link->reports)
		return -ENOMEM;
	r = uv_poll_init(loop, &link->poll, fd);
	if (r < 0) {
		free(TAKE_PTR(link->reports));
		return r;
	}
	link->poll.data = link;
	uv_timer_init(loop, &link->flush);
	link->flush.data = link;
	return uv_poll_start(&link->poll, UV_READABLE, on_poll);
}

int64_t warden_link_ask(struct warden_link *link, enum wire_kind kind, const char *text,
	uint32_t access, const struct latch_conn *client, warden_answer answer, void *context)
{
	struct question *question;

	if (link->down)
		return -EPIPE;
	if (link->count == MAX_QUESTIONS)
		return -EBUSY;
	if (strlen(text) >= sizeof(question->request.text))
		return -ENAMETOOLONG;
	question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	question->request.kind = kind;
	question->request.route = -1;
	question->request.access = access;
	question->request.id = link->next_id++;
	question->request.client = *client;
	COPY_STRING(question->request.text, text);
	question->answer = answer;
	question->context = context;
	*link->last = question;
	link->last = &question->next;
	link->count++;
	/* A failure shows on the descriptor too, and the loop deals with it there. */
	send_waiting(link);
	update_poll(link);
	return question->request.id;
}

void warden_link_cancel(struct warden_link *link, int64_t id)
{
	for (struct question *q = link->questions; q; q = q->next)
		if ((int64_t)q->request.id == id)
			q->answer = NULL;
}

/* `reports`: the first of them tells of those that went nowhere before it. */
static void send_reports(
	struct warden_link *link, struct wire_request *reports, size_t size, size_t count)
{
	ssize_t sent;

	reports->lost = link->lost_reports < UINT32_MAX ? link->lost_reports : UINT32_MAX;
	sent = send(link_fd(link), reports, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == (ssize_t)size)
		link->lost_reports = 0;
	else
		link->lost_reports += count;
}

static void flush(struct warden_link *link)
{
	size_t count = link->report_count;

	link->report_count = 0;
	if (count && !link->down)
		send_reports(link, (struct wire_request *)link->reports, count * WIRE_SHORT_SIZE, count);
}

static void on_flush(uv_timer_t *timer)
{
	flush(timer->data);
}

void warden_link_report(struct warden_link *link, struct wire_request *report)
{
	if (link->down)
		return;
	report->kind = WIRE_REPORT;
	report->id = link->next_id++;
	if (size_of(report) != WIRE_SHORT_SIZE)
		flush(link); /* in their order */
	if (size_of(report) != WIRE_SHORT_SIZE) {
		send_reports(link, report, sizeof(*report), 1);
		return;
	}
	memcpy(link->reports + link->report_count++ * WIRE_SHORT_SIZE, report, WIRE_SHORT_SIZE);
	if (link->report_count == WIRE_MAX_SHORT)
		flush(link);
	else if (link->report_count == 1)
		uv_timer_start(&link->flush, on_flush, REPORT_TIME, 0);
}

int warden_link_figures(struct warden_link *link, const struct wire_figures *figures)
{
	struct wire_request request = {.kind = WIRE_FIGURES, .route = -1};
	ssize_t r;

	if (link->down)
		return -EPIPE;
	request.id = link->next_id++;
	memcpy(request.text, figures, sizeof(*figures));
	r = send(link_fd(link), &request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0)
		return -errno;
	return r == sizeof(request) ? 0 : -EIO;
}

static void on_flush_closed(uv_handle_t *timer)
{
	struct warden_link *link = timer->data;

	free(TAKE_PTR(link->reports));
}

void warden_link_close(struct warden_link *link)
{
	struct question *question;

	flush(link);
	link->down = true;
	while ((question = take_first(link)))
		free(question);
	if (!uv_is_closing((uv_handle_t *)&link->poll)) {
		uv_close((uv_handle_t *)&link->poll, NULL);
		uv_close((uv_handle_t *)&link->flush, on_flush_closed);
	}
}
