// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the audit log. It only writes down what was decided elsewhere; a record that cannot be
 * written is counted and changes no verdict. One write per line, so that lines stay whole.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "audit.h"
#include "command.h"
#include "problem.h"
#include "route.h"

struct audit {
	int log;
	struct ring_buffer *events;
	uv_poll_t poll;
	uint64_t lost;
};

static const char *const tag_names[] = {
	[LATCH_TAG_NONE] = "none",
	[LATCH_TAG_HOST] = "host",
	[LATCH_TAG_ALLOWED] = "allowed",
	[LATCH_TAG_CONTAINED] = "contained",
};

static const char *const reason_names[] = {
	[LATCH_REASON_NONE] = "none",
	[LATCH_REASON_SELF] = "latch's own process",
	[LATCH_REASON_HOST] = "the host",
	[LATCH_REASON_GRANT] = "the container holds a grant",
	[LATCH_REASON_CONTAINED] = "the container holds no grant",
	[LATCH_REASON_PRIVATE] = "this socket is not for containers",
	[LATCH_REASON_PLANTED] = "a container made this socket",
	[LATCH_REASON_OWNER] = "the connection belongs to somebody else",
	[LATCH_REASON_UNLABELLED] = "the connection is older than latch",
	[LATCH_REASON_NO_MEMORY] = "the connection could not be labelled",
	[LATCH_REASON_MODE_OFF] = "would be refused, but enforcement is off",
};

static const char *const kind_names[] = {
	[LATCH_GUARD_NONE] = "none",
	[LATCH_GUARD_ENGINE] = "engine",
	[LATCH_GUARD_PUBLIC] = "public",
	[LATCH_GUARD_INTERNAL] = "holder",
	[LATCH_GUARD_HOST] = "host-only",
};

static const char *const event_names[] = {
	[LATCH_EVENT_CONNECT] = "connect",
	[LATCH_EVENT_SEND] = "send",
	[LATCH_EVENT_TAG] = "container-start",
	[LATCH_EVENT_UNTAG] = "container-end",
};

static const char *name_of(const char *const *names, size_t count, unsigned int number)
{
	return number < count && names[number] ? names[number] : "unknown";
}

const char *audit_tag_name(unsigned int tag)
{
	return name_of(tag_names, ARRAY_SIZE(tag_names), tag);
}

const char *audit_reason_name(unsigned int reason)
{
	return name_of(reason_names, ARRAY_SIZE(reason_names), reason);
}

static void set_string(json_t *record, const char *key, const char *value)
{
	/* A process names itself as it likes: what is not UTF-8 is left out. */
	if (value[0] && json_object_set_new(record, key, json_string(value)))
		json_object_set_new(record, key, json_string("(not printable)"));
}

/* When it happened, in UTC to the microsecond. `boot_ns` 0: now. */
static void set_time(json_t *record, __u64 boot_ns)
{
	struct timespec now, boot;
	char text[64];
	struct tm parts;
	int64_t wall;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	wall = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (boot_ns)
		wall -= (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - (int64_t)boot_ns;
	now.tv_sec = wall / 1000000000;
	gmtime_r(&now.tv_sec, &parts);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
		parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
		(int)(wall % 1000000000 / 1000));
	json_object_set_new(record, "time", json_string(text));
}

static json_t *record_new(const char *event, __u64 boot_ns)
{
	json_t *record = json_object();

	set_time(record, boot_ns);
	set_string(record, "event", event);
	return record;
}

/* Takes the record. */
static void record_write(struct audit *audit, json_t *record)
{
	_cleanup_free_ char *line = json_dumps(record, JSON_COMPACT | JSON_PRESERVE_ORDER);
	size_t length;

	json_decref(record);
	if (!line) {
		audit->lost++;
		return;
	}
	length = strlen(line);
	line[length] = '\n'; /* in place of the NUL: one write, one line */
	if (write(audit->log, line, length + 1) != (ssize_t)length + 1)
		audit->lost++;
}

static void set_caller(json_t *record, __u32 tag, const char *container, __u32 pid, __u32 uid,
	const char *comm)
{
	set_string(record, "caller", audit_tag_name(tag));
	set_string(record, "container", container);
	json_object_set_new(record, "pid", json_integer(pid));
	json_object_set_new(record, "uid", json_integer(uid));
	set_string(record, "comm", comm);
}

static int on_event(void *context, void *data, size_t size)
{
	struct audit *audit = context;
	const struct latch_event *event = data;
	json_t *record;

	if (size < sizeof(*event) || event->header.version != LATCH_ABI_VERSION) {
		audit->lost++;
		return 0;
	}
	record = record_new(name_of(event_names, ARRAY_SIZE(event_names), event->header.type),
		event->header.time);
	set_string(record, "plane", "kernel");
	set_caller(record, event->tag, event->container, event->pid, event->uid, event->comm);
	if (event->kind)
		set_string(record, "socket",
			name_of(kind_names, ARRAY_SIZE(kind_names), event->kind));
	if (event->reason) {
		set_string(record, "verdict", event->verdict ? "refused" : "passed");
		set_string(record, "reason", audit_reason_name(event->reason));
	}
	if (event->verdict)
		json_object_set_new(record, "errno", json_integer(-event->verdict));
	json_object_set_new(record, "cgroup", json_integer(event->cgroup));
	record_write(audit, record);
	return 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct audit *audit = poll->data;

	(void)events;
	if (status >= 0)
		ring_buffer__consume(audit->events);
}

/* The folder of the log and the log. */
static int open_log(const char *path)
{
	char directory[PATH_MAX];
	int fd;

	COPY_STRING(directory, path);
	if (mkdir(dirname(directory), 0750) && errno != EEXIST)
		return -errno;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

int audit_new(uv_loop_t *loop, const struct maps *maps, const char *path, struct audit **audit,
	char **problem)
{
	struct audit *new = calloc(1, sizeof(*new));
	int r;

	*problem = NULL;
	if (!new)
		return -ENOMEM;
	new->log = open_log(path);
	if (new->log < 0) {
		r = new->log;
		free(new);
		return problem_set(problem, r,
			"cannot write the audit log %s: %s; name another with --audit", path,
			strerror(-r));
	}
	new->events = ring_buffer__new(maps->events, on_event, new, NULL);
	if (!new->events) {
		r = -errno;
		close(new->log);
		free(new);
		return r;
	}
	uv_poll_init(loop, &new->poll, ring_buffer__epoll_fd(new->events));
	new->poll.data = new;
	uv_poll_start(&new->poll, UV_READABLE, on_readable);
	*audit = new;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct audit *audit = handle->data;

	ring_buffer__free(audit->events);
	close(audit->log);
	free(audit);
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	ring_buffer__consume(audit->events);
	uv_close((uv_handle_t *)&audit->poll, on_closed);
}

void audit_report(struct audit *audit, const struct wire_request *report)
{
	json_t *record = record_new("request", 0);

	set_string(record, "plane", "mediator");
	set_caller(record, report->client.tag, report->client.container, report->client.pid,
		report->client.uid, report->client.comm);
	set_string(record, "verdict", report->refused ? "refused" : "passed");
	set_string(record, "method", report->method);
	set_string(record, "uri", report->text);
	if (report->route >= 0 && report->route < ROUTE_COUNT) {
		set_string(record, "route", route_get(report->route)->template);
		set_string(record, "command", command_of_route(report->route));
	}
	if (report->refused)
		json_object_set_new(record, "status", json_integer(report->refused));
	set_string(record, "reason", report->reason);
	record_write(audit, record);
}

void audit_note(struct audit *audit, const char *event, const char *text)
{
	json_t *record = record_new(event, 0);

	set_string(record, "plane", "latchd");
	set_string(record, "text", text);
	record_write(audit, record);
}

uint64_t audit_lost(const struct audit *audit)
{
	return audit->lost;
}
