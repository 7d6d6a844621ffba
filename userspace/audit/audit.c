// SPDX-License-Identifier: Apache-2.0
/*
 * Where records come from. The audit only writes down what was decided elsewhere: a record that is lost,
 * or that audit_record.c does not believe, is counted and told of, and changes no verdict.
 */
#include <bpf/libbpf.h>
#include <errno.h>

#include "audit.h"
#include "audit_record.h"
#include "audit_unreported.h"

#define PULSE_TIME 1000 /* ms until losses are looked for where no record comes */

struct audit {
	struct audit_log *log;
	const struct maps *maps;
	struct ring_buffer *events;
	struct audit_unreported unreported;
	bool noting;
	uv_poll_t poll;
	struct decisions *decisions; /* for metrics; NULL: not counted */
	uv_timer_t pulse;
	int handles; /* that the loop still knows */
};

static int on_event(void *context, void *data, size_t size)
{
	struct audit *audit = context;
	json_t *record = audit_record_event(data, size);

	if (record) { /* then it is sound */
		audit_unreported_event(&audit->unreported, data);
		if (audit->decisions)
			decisions_event(audit->decisions, data);
	}
	audit_log_write(audit->log, record);
	return 0;
}

/* All that the kernel has, and what it had no room for: that is behind it. */
static void drain(struct audit *audit)
{
	ring_buffer__consume(audit->events);
	audit_log_ring_lost(audit->log, maps_counter(audit->maps, LATCH_COUNT_EVENT_LOST));
	audit_log_tell(audit->log);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)events;
	if (status >= 0)
		drain(poll->data);
}

static void on_pulse(uv_timer_t *timer)
{
	drain(timer->data);
}

int audit_new(uv_loop_t *loop, const struct maps *maps, const struct audit_log_options *options,
	bool noting, struct audit **audit, char **problem)
{
	struct audit *new = calloc(1, sizeof(*new));
	int r;

	*problem = NULL;
	if (!new)
		return -ENOMEM;
	new->maps = maps;
	new->noting = noting;
	r = audit_log_new(options, &new->log, problem);
	if (r < 0) {
		free(new);
		return r;
	}
	new->events = ring_buffer__new(maps->events, on_event, new, NULL);
	if (!new->events) {
		r = -errno;
		audit_log_free(new->log);
		free(new);
		return r;
	}
	uv_poll_init(loop, &new->poll, ring_buffer__epoll_fd(new->events));
	uv_timer_init(loop, &new->pulse);
	new->poll.data = new->pulse.data = new;
	new->handles = 2;
	uv_poll_start(&new->poll, UV_READABLE, on_readable);
	uv_timer_start(&new->pulse, on_pulse, PULSE_TIME, PULSE_TIME);
	*audit = new;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct audit *audit = handle->data;

	if (--audit->handles)
		return;
	ring_buffer__free(audit->events);
	audit_log_free(audit->log);
	free(audit);
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	drain(audit);
	uv_close((uv_handle_t *)&audit->poll, on_closed);
	uv_close((uv_handle_t *)&audit->pulse, on_closed);
}

void audit_count_into(struct audit *audit, struct decisions *decisions)
{
	audit->decisions = decisions;
}

void audit_report(struct audit *audit, const struct wire_request *report)
{
	/* The kernel saw the request first: so its record stands first, and has its pair. */
	ring_buffer__consume(audit->events);
	if (report->lost)
		audit_log_lose(audit->log, AUDIT_WHERE_MEDIATOR, report->lost);
	audit_unreported_report(&audit->unreported, report);
	audit_log_write(audit->log, audit_record_report(report));
}

void audit_note(struct audit *audit, const char *event, const char *text)
{
	audit_log_write(audit->log, audit_record_note(event, text));
}

void audit_image(struct audit *audit, const char *container, const char *image,
	const struct images_verdict *verdict)
{
	audit_log_write(
		audit->log, audit_record_image(container, image, verdict, !audit->noting));
}

void audit_mediator_ended(struct audit *audit)
{
	uint64_t lost;

	drain(audit);
	lost = audit_unreported_take(&audit->unreported);
	if (lost)
		audit_log_lose(audit->log, AUDIT_WHERE_MEDIATOR, lost);
}

void audit_set_policy(struct audit *audit, const char *digest)
{
	audit_log_set_policy(audit->log, digest);
}

void audit_container(struct audit *audit, const struct engine_container *container)
{
	if (!audit)
		return;
	audit_containers_note(audit_log_containers(audit->log), container->id, container->name,
		container->image, container->image_id);
}

void audit_container_digest(struct audit *audit, const char *container, const char *digest)
{
	if (!audit)
		return;
	audit_containers_note_digest(audit_log_containers(audit->log), container, digest);
}

void audit_container_renamed(struct audit *audit, const char *container, const char *name)
{
	if (!audit)
		return;
	drain(audit); /* what it did before has its old name */
	audit_containers_rename(audit_log_containers(audit->log), container, name);
}

void audit_container_gone(struct audit *audit, const char *container)
{
	if (!audit)
		return;
	drain(audit); /* what the kernel still has of it is to have its name */
	audit_containers_forget(audit_log_containers(audit->log), container);
}

void audit_containers_there(struct audit *audit,
	bool (*is_there)(const char *container, const void *context), const void *context)
{
	if (!audit)
		return;
	drain(audit);
	audit_containers_keep(audit_log_containers(audit->log), is_there, context);
}

uint64_t audit_lost_at(const struct audit *audit, enum audit_where where)
{
	return audit_log_lost_at(audit->log, where);
}

uint64_t audit_lost(const struct audit *audit)
{
	return audit_log_lost(audit->log);
}
