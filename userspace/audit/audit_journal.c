// SPDX-License-Identifier: Apache-2.0
/*
 * Records as entries of the journal: MESSAGE and PRIORITY, and each key of the record as a field
 * LATCH_KEY, so that `journalctl LATCH_VERDICT=refused` finds what it should. A text of an array is a
 * field of its own.
 *
 * libsystemd waits for a journal that does not keep up, and latchd must not: a thread sends, out of a
 * queue that loses what it has no room for. libsystemd also says nothing of a journal that there is not, so
 * its socket is looked for.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "audit_journal.h"
#include "audit_keys.h"
#include "audit_line.h"
#include "problem.h"
#include "util.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define QUEUE_MAX      4096 /* entries; some 4 MB */
#define FIELDS_MAX     (AUDIT_KEYS + 8 + 256)
#define END_TIME       2 /* seconds that the end of latchd waits for the queue */

struct fields {
	struct fields *next;
	int count;
	struct iovec items[]; /* each owned */
};

struct journal_sink {
	struct audit_sink sink;
	audit_journal_send_fn send;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct fields *first, **last;
	size_t waiting;
	uint64_t failed;
	bool ending;
	bool ended;
};

static void fields_free(struct fields *fields)
{
	for (int i = 0; fields && i < fields->count; i++)
		free(fields->items[i].iov_base);
	free(fields);
}

/* Takes `text`, a field as a whole: "KEY=value". False: there is none, or no room. */
static bool add_field(struct fields *fields, int length, char *text)
{
	if (length < 0 || fields->count == FIELDS_MAX) {
		if (length >= 0)
			free(text);
		return false;
	}
	fields->items[fields->count++] = (struct iovec){ text, length };
	return true;
}

#define ADD(fields, ...)                                                                           \
	({                                                                                         \
		char *text_;                                                                       \
		int length_ = asprintf(&text_, __VA_ARGS__);                                       \
		add_field((fields), length_, text_);                                               \
	})

static bool add_value(struct fields *fields, const char *name, const json_t *value)
{
	const json_t *item;
	bool done = true;
	size_t i;

	if (json_is_integer(value))
		return ADD(fields, "%s=%lld", name, (long long)json_integer_value(value));
	if (json_is_boolean(value))
		return ADD(fields, "%s=%s", name, json_is_true(value) ? "true" : "false");
	json_array_foreach(value, i, item)
		done = done && add_value(fields, name, item);
	if (json_is_string(value))
		done = ADD(fields, "%s=%s", name, json_string_value(value));
	return done;
}

static bool add_key(struct fields *fields, const char *key, const json_t *value)
{
	char name[40] = "LATCH_";
	size_t at = strlen(name);

	for (; *key && at < sizeof(name) - 1; key++)
		name[at++] = *key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key;
	return add_value(fields, name, value);
}

static struct fields *fields_of(json_t *record)
{
	struct fields *fields = calloc(1, sizeof(*fields) + FIELDS_MAX * sizeof(struct iovec));
	_cleanup_free_ char *sentence = audit_line_sentence(record);
	bool whole = fields && sentence;
	const char *key;
	json_t *value;

	whole = whole && ADD(fields, "MESSAGE=%s", sentence) &&
		ADD(fields, "PRIORITY=%d", audit_line_severity(record)) &&
		ADD(fields, "SYSLOG_IDENTIFIER=latchd");
	json_object_foreach(record, key, value)
		whole = whole && add_key(fields, key, value);
	if (!whole)
		fields_free(TAKE_PTR(fields));
	return fields;
}

/* Waits for an entry; NULL at the end. */
static struct fields *take(struct journal_sink *journal)
{
	struct fields *fields;

	pthread_mutex_lock(&journal->lock);
	while (!journal->first && !journal->ending)
		pthread_cond_wait(&journal->changed, &journal->lock);
	fields = journal->first;
	if (fields) {
		journal->first = fields->next;
		if (!journal->first)
			journal->last = &journal->first;
		journal->waiting--;
	} else {
		journal->ended = true;
		pthread_cond_broadcast(&journal->changed);
	}
	pthread_mutex_unlock(&journal->lock);
	return fields;
}

static void *send_all(void *argument)
{
	struct journal_sink *journal = argument;
	struct fields *fields;

	while ((fields = take(journal))) {
		int r = journal->send(fields->items, fields->count);

		fields_free(fields);
		if (r >= 0)
			continue;
		pthread_mutex_lock(&journal->lock);
		journal->failed++;
		pthread_mutex_unlock(&journal->lock);
	}
	return NULL;
}

static int journal_write(struct audit_sink *sink, const struct audit_entry *entry)
{
	struct journal_sink *journal = (struct journal_sink *)sink;
	struct fields *fields = fields_of(entry->record);
	int r = -ENOBUFS;

	if (!fields)
		return -ENOMEM;
	pthread_mutex_lock(&journal->lock);
	if (journal->waiting < QUEUE_MAX) {
		*journal->last = fields;
		journal->last = &fields->next;
		journal->waiting++;
		pthread_cond_broadcast(&journal->changed);
		r = 0;
	}
	pthread_mutex_unlock(&journal->lock);
	if (r < 0)
		fields_free(fields);
	return r;
}

static uint64_t journal_lost_later(struct audit_sink *sink)
{
	struct journal_sink *journal = (struct journal_sink *)sink;
	uint64_t failed;

	pthread_mutex_lock(&journal->lock);
	failed = journal->failed;
	journal->failed = 0;
	pthread_mutex_unlock(&journal->lock);
	return failed;
}

/* A journal that takes nothing any more keeps the thread, and its memory: latchd ends, and they with it. */
static void journal_free(struct audit_sink *sink)
{
	struct journal_sink *journal = (struct journal_sink *)sink;
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_TIME;
	pthread_mutex_lock(&journal->lock);
	journal->ending = true;
	pthread_cond_broadcast(&journal->changed);
	while (!journal->ended &&
		!pthread_cond_timedwait(&journal->changed, &journal->lock, &until))
		;
	ended = journal->ended;
	pthread_mutex_unlock(&journal->lock);
	if (!ended) {
		pthread_detach(journal->thread);
		return;
	}
	pthread_join(journal->thread, NULL);
	pthread_cond_destroy(&journal->changed);
	pthread_mutex_destroy(&journal->lock);
	free(journal);
}

struct audit_sink *audit_journal_new(audit_journal_send_fn send)
{
	struct journal_sink *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	journal->sink = (struct audit_sink){ .write = journal_write,
		.lost_later = journal_lost_later, .free = journal_free, .name = "the journal" };
	journal->send = send;
	journal->last = &journal->first;
	pthread_mutex_init(&journal->lock, NULL);
	pthread_cond_init(&journal->changed, NULL);
	if (pthread_create(&journal->thread, NULL, send_all, journal)) {
		free(journal);
		return NULL;
	}
	return &journal->sink;
}

static int send_to_journal(const struct iovec *fields, int count)
{
	if (access(JOURNAL_SOCKET, F_OK))
		return -errno;
	return sd_journal_sendv(fields, count);
}

int audit_journal_open(struct audit_sink **sink, char **problem)
{
	int r;

	if (access(JOURNAL_SOCKET, F_OK)) {
		r = -errno;
		return problem_set(problem, r,
			"no journal listens at " JOURNAL_SOCKET ": %s; start systemd-journald, or name "
			"another sink with --audit", strerror(-r));
	}
	*sink = audit_journal_new(send_to_journal);
	return *sink ? 0 : -ENOMEM;
}
