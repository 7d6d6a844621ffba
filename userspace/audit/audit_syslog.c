// SPDX-License-Identifier: Apache-2.0
/*
 * Records as messages of RFC 5424, each a datagram to the local syslog daemon: facility authpriv, the
 * fields of the record as structured data, and the sentence for people. The request's head is left out:
 * it would fill the 2048 bytes that a receiver must take. Who looks for it finds it by `seq` in a log.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "audit_line.h"
#include "audit_sink.h"
#include "audit_syslog.h"
#include "problem.h"
#include "util.h"

/* The number that RFC 5612 sets aside for examples: latch has none of its own. */
#define SD_ID "latch@32473"

struct syslog_sink {
	struct audit_sink sink;
	int fd; /* -1: not connected */
	struct sockaddr_un address;
	char host[256];
};

/* RFC 5424, 6.3.3: three characters are escaped in a value. */
static void print_value(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\' || *value == ']')
			fputc('\\', out);
		fputc(*value, out);
	}
}

static void print_texts(FILE *out, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text) {
		if (i)
			fputc(',', out);
		print_value(out, json_string_value(text) ? json_string_value(text) : "");
	}
}

static void print_parameter(FILE *out, const char *key, const json_t *value)
{
	fprintf(out, " %s=\"", key);
	if (json_is_integer(value))
		fprintf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", out);
	else if (json_is_array(value))
		print_texts(out, value);
	else
		print_value(out, json_string_value(value) ? json_string_value(value) : "");
	fputc('"', out);
}

char *audit_syslog_message(json_t *record, const char *host, pid_t pid)
{
	_cleanup_free_ char *sentence = audit_line_sentence(record);
	char *message = NULL;
	const char *key;
	json_t *value;
	size_t size;
	FILE *out = open_memstream(&message, &size);

	if (!out || !sentence) {
		if (out)
			fclose(out);
		free(message);
		return NULL;
	}
	fprintf(out, "<%d>1 %s %s latchd %d %s [" SD_ID, LOG_AUTHPRIV | audit_line_severity(record),
		audit_line_text(record, "time"), host[0] ? host : "-", (int)pid,
		audit_line_text(record, "event"));
	json_object_foreach(record, key, value)
		if (strcmp(key, "head") && strcmp(key, "time"))
			print_parameter(out, key, value);
	fprintf(out, "] %s", sentence);
	if (fclose(out))
		free(TAKE_PTR(message));
	return message;
}

static int connect_to(struct syslog_sink *syslog)
{
	_cleanup_close_ int fd = -1;

	if (syslog->fd >= 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&syslog->address, sizeof(syslog->address)))
		return -errno;
	syslog->fd = TAKE_FD(fd);
	return 0;
}

static void disconnect(struct syslog_sink *syslog)
{
	if (syslog->fd >= 0)
		close(syslog->fd);
	syslog->fd = -1;
}

static int try_send(struct syslog_sink *syslog, const char *message)
{
	size_t length = strlen(message);
	int r = connect_to(syslog);

	if (r < 0)
		return r;
	if (send(syslog->fd, message, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length)
		return 0;
	return -errno;
}

static int syslog_write(struct audit_sink *sink, const struct audit_entry *entry)
{
	struct syslog_sink *syslog = (struct syslog_sink *)sink;
	_cleanup_free_ char *message = audit_syslog_message(entry->record, syslog->host, getpid());
	int r;

	if (!message)
		return -ENOMEM;
	r = try_send(syslog, message);
	if (!r || r == -EAGAIN || r == -EMSGSIZE || r == -ENOBUFS)
		return r;
	/* The daemon was started anew, and has another socket there. */
	disconnect(syslog);
	return try_send(syslog, message);
}

static void syslog_free(struct audit_sink *sink)
{
	disconnect((struct syslog_sink *)sink);
	free(sink);
}

int audit_syslog_open(const char *socket, struct audit_sink **sink, char **problem)
{
	struct syslog_sink *syslog = calloc(1, sizeof(*syslog));
	int r;

	if (!syslog)
		return -ENOMEM;
	syslog->sink = (struct audit_sink){ .write = syslog_write, .free = syslog_free,
		.name = "syslog" };
	syslog->fd = -1;
	syslog->address.sun_family = AF_UNIX;
	COPY_STRING(syslog->address.sun_path, socket);
	if (gethostname(syslog->host, sizeof(syslog->host) - 1))
		syslog->host[0] = 0;
	r = connect_to(syslog);
	if (r < 0) {
		free(syslog);
		return problem_set(problem, r,
			"cannot reach a syslog daemon at %s: %s; start one, or name another sink with "
			"--audit", socket, strerror(-r));
	}
	*sink = &syslog->sink;
	return 0;
}
