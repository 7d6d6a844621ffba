// SPDX-License-Identifier: Apache-2.0
/*
 * Reads audit logs line by line. Logs of other versions have other keys, so nothing is asked of a
 * record but that it is an object with an event. What is not there is counted, for a conclusion from
 * half of what happened has to say so: a gap in the sequence of one boot is as many lost records, and the
 * records that tell of losses tell of those.
 */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "audit_reader.h"
#include "audit_since.h"
#include "latchctl.h"
#include "paths.h"
#include "progress.h"

#define MICRO 1000000

/* Digits at *text as a number, exactly `count` of them. */
static bool take_digits(const char **text, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*number = 10 * *number + (**text - '0');
	}
	return true;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* "2026-11-27T08:30:00.123456Z", or as much of it as a whole date needs. */
static int64_t parse_moment(const char *text)
{
	struct tm parts = {0};
	int64_t fraction = 0;
	time_t seconds;

	if (!take_digits(&text, 4, &parts.tm_year) || !take(&text, '-') ||
		!take_digits(&text, 2, &parts.tm_mon) || !take(&text, '-') ||
		!take_digits(&text, 2, &parts.tm_mday))
		return 0;
	if (*text && (!take(&text, 'T') || !take_digits(&text, 2, &parts.tm_hour) ||
			     !take(&text, ':') || !take_digits(&text, 2, &parts.tm_min)))
		return 0;
	if (*text == ':' && (text++, !take_digits(&text, 2, &parts.tm_sec)))
		return 0;
	if (*text == '.') {
		text++;
		for (int64_t unit = MICRO / 10; *text >= '0' && *text <= '9'; text++, unit /= 10)
			fraction += unit * (*text - '0');
	}
	if (*text == 'Z')
		text++;
	if (*text || parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 ||
		parts.tm_mday > 31 || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60)
		return 0;
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	seconds = timegm(&parts);
	return seconds <= 0 ? 0 : (int64_t)seconds * MICRO + fraction;
}

int64_t audit_record_time(const json_t *record)
{
	return parse_moment(record_text(record, "time"));
}

const char *record_text(const json_t *record, const char *key)
{
	const char *value = json_string_value(json_object_get(record, key));

	return value ? value : "";
}

/* ---- reading ---- */

/* Where one boot's sequence stood last. */
struct reading {
	struct audit_reader *log;
	char boot[64];
	json_int_t seq;
	void (*each)(json_t *record, void *context);
	void *context;
};

static void count_missing(struct reading *reading, const json_t *record)
{
	const char *boot = record_text(record, "boot");
	json_int_t seq = json_integer_value(json_object_get(record, "seq"));

	if (!seq)
		return; /* of a version without it */
	if (!strcmp(boot, reading->boot) && seq > reading->seq + 1)
		reading->log->missing += seq - reading->seq - 1;
	COPY_STRING(reading->boot, boot);
	reading->seq = seq;
}

static void read_line(struct reading *reading, const char *line, size_t length)
{
	struct audit_reader *log = reading->log;
	json_t *record = json_loadb(line, length, 0, NULL);
	int64_t moment;

	if (!record_text(record, "event")[0]) {
		log->foreign++;
		json_decref(record);
		return;
	}
	moment = audit_record_time(record);
	if (moment >= log->since) {
		count_missing(reading, record);
		log->records++;
		if (moment && (!log->first || moment < log->first))
			log->first = moment;
		if (moment > log->last)
			log->last = moment;
		reading->each(record, reading->context);
	}
	json_decref(record);
}

static int read_stream(struct reading *reading, FILE *stream, struct progress *progress)
{
	_cleanup_free_ char *line = NULL;
	struct stat status = {0};
	uint64_t done = 0;
	ssize_t length;
	size_t room = 0;

	fstat(fileno(stream), &status);
	while ((length = getline(&line, &room, stream)) > 0) {
		done += length;
		if (line[length - 1] == '\n')
			length--;
		if (length)
			read_line(reading, line, length);
		if (reading->log->records % 256 == 0)
			progress_show(progress, done, status.st_size);
	}
	return ferror(stream) ? -errno : 0;
}

static int read_file(struct reading *reading, const char *path, struct progress *progress)
{
	FILE *stream = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int r;

	if (!stream)
		return -errno;
	r = read_stream(reading, stream, progress);
	if (stream != stdin)
		fclose(stream);
	return r;
}

int audit_reader_run(struct audit_reader *log, const char *command,
	void (*each)(json_t *record, void *context), void *context)
{
	struct reading reading = {.log = log, .each = each, .context = context};
	struct progress progress;
	int r = 0;

	if (!log->file_count)
		log->files[log->file_count++] = LATCH_AUDIT_LOG;
	for (size_t i = 0; !r && i < log->file_count; i++) {
		progress_begin(&progress, "reading the audit log");
		r = read_file(&reading, log->files[i], &progress);
		progress_end(&progress);
		if (r)
			fprintf(stderr, "latchctl %s: %s: %s%s\n", command, log->files[i], strerror(-r),
				r == -ENOENT ? "; name the log with --file, or start latchd, which writes one"
				: r == -EACCES ? "; only root reads it" : "");
	}
	return r ? LATCHCTL_UNKNOWN : LATCHCTL_OK;
}

void audit_reader_remark(const struct audit_reader *log, const char *command)
{
	if (log->foreign)
		fprintf(stderr, "latchctl %s: %llu lines are no records, and were left out\n", command,
			(unsigned long long)log->foreign);
	if (log->missing)
		fprintf(stderr,
			"latchctl %s: %llu records are missing from the log: what they would have shown is "
			"not known\n",
			command, (unsigned long long)log->missing);
}

bool audit_reader_add_file(struct audit_reader *log, const char *command, const char *file)
{
	if (log->file_count == AUDIT_LOGS_MAX) {
		usage_error(command, "more than %d files", AUDIT_LOGS_MAX);
		return false;
	}
	log->files[log->file_count++] = file;
	return true;
}

bool audit_reader_set_since(struct audit_reader *log, const char *command, const char *text)
{
	struct timespec since;

	if (audit_since_parse(text, time(NULL), &since)) {
		log->since = (int64_t)since.tv_sec * MICRO + since.tv_nsec / 1000;
		return true;
	}
	usage_error(command,
		"--since: \"%s\" is no time: 30s, 15m, 12h, 7d (back from now), or 2026-11-27T08:30:00 "
		"(UTC)",
		text);
	return false;
}
