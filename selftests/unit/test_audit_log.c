// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers, losses and files of the audit, on real files: what is written goes on where it ended, over
 * ends of all kinds; what is lost leaves a gap of its size and is told of.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <cmocka.h>

#include "audit_log.h"
#include "audit_record.h"
#include "audit_sequence.h"
#include "audit_sink.h"
#include "audit_unreported.h"
#include "audit_users.h"
#include "util.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[] = "/tmp/test_audit_log.XXXXXX";
static char path[PATH_MAX], sequence[PATH_MAX], users[PATH_MAX];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_audit_log.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/audit.jsonl", folder);
	snprintf(sequence, sizeof(sequence), "%s/seq", folder);
	snprintf(users, sizeof(users), "%s/passwd", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* A log as latchd opens it, with one file or what `sinks` says. */
static struct audit_log *open_with(const char *const *sinks, struct audit_rotation rotation)
{
	const char *const one[] = { path, NULL };
	const struct audit_log_options options = { .sinks = sinks ? sinks : one,
		.rotation = rotation, .sequence = sequence, .users = users };
	char *problem = NULL;
	struct audit_log *log = NULL;

	if (audit_log_new(&options, &log, &problem) < 0)
		fail_msg("%s", problem);
	audit_log_set_policy(log, "abc");
	return log;
}

static struct audit_log *open_log(void)
{
	return open_with(NULL, (struct audit_rotation){});
}

static void note(struct audit_log *log, const char *text)
{
	audit_log_write(log, audit_record_note("adopted", text));
}

static void append(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/*
 * The log as "1 2 lost:3:log 6 ...": the number of each record, and of a lost one what it tells of. What is
 * no record is "?".
 */
static char *shown(const char *file)
{
	static char out[65536];
	_cleanup_free_ char *line = NULL;
	FILE *stream = fopen(file, "r");
	size_t room = 0, at = 0;

	out[0] = 0;
	if (!stream)
		return strcpy(out, "(none)");
	while (getline(&line, &room, stream) > 0) {
		json_t *record = json_loads(line, 0, NULL);
		const char *event = json_string_value(json_object_get(record, "event"));

		if (!record)
			at += snprintf(out + at, sizeof(out) - at, "%s?", at ? " " : "");
		else if (!strcmp(event, "lost"))
			at += snprintf(out + at, sizeof(out) - at, "%s%lld=lost:%lld:%s",
				at ? " " : "", json_integer_value(json_object_get(record, "seq")),
				json_integer_value(json_object_get(record, "count")),
				json_string_value(json_object_get(record, "where")));
		else
			at += snprintf(out + at, sizeof(out) - at, "%s%lld", at ? " " : "",
				json_integer_value(json_object_get(record, "seq")));
		json_decref(record);
	}
	fclose(stream);
	return out;
}

static void numbers_go_on_over_restarts(void **state)
{
	struct audit_log *log = open_log();

	(void)state;
	note(log, "a");
	note(log, "b");
	audit_log_free(log);
	log = open_log();
	note(log, "c");
	audit_log_free(log);
	assert_string_equal(shown(path), "1 2 3");
	/* With the memory of it gone, as behind a release, the end of the log says how far it was. */
	unlink(sequence);
	log = open_log();
	note(log, "d");
	audit_log_free(log);
	assert_string_equal(shown(path), "1 2 3 4");
	/* With the log gone, the memory. */
	unlink(path);
	log = open_log();
	note(log, "e");
	audit_log_free(log);
	assert_string_equal(shown(path), "5");
}

static void numbers_go_on_from_the_rotated_log(void **state)
{
	struct audit_log *log = open_log();
	char old[PATH_MAX];

	(void)state;
	note(log, "a");
	note(log, "b");
	audit_log_free(log);
	snprintf(old, sizeof(old), "%.4000s.1", path);
	assert_int_equal(rename(path, old), 0);
	unlink(sequence);
	log = open_log();
	note(log, "c");
	audit_log_free(log);
	assert_string_equal(shown(path), "3");
}

static void another_boot_begins_at_one(void **state)
{
	struct audit_log *log;

	(void)state;
	append(path, "{\"time\":\"x\",\"boot\":\"another\",\"seq\":77,\"event\":\"adopted\"}\n");
	log = open_log();
	note(log, "a");
	audit_log_free(log);
	assert_string_equal(shown(path), "77 1");
}

static void a_fragment_ends_before_the_first_record(void **state)
{
	struct audit_log *log = open_log();

	(void)state;
	note(log, "a");
	audit_log_free(log);
	append(path, "{\"time\":\"2026-");
	log = open_log();
	note(log, "b");
	audit_log_free(log);
	/* The fragment is a line of its own, and a record tells that one is missing. */
	assert_string_equal(shown(path), "1 ? 3=lost:1:log 4");
}

/* A line that looks whole and has no newline was cut too: nobody knows of what. */
static void a_record_without_its_newline_is_a_fragment(void **state)
{
	struct audit_tail tail;
	char boot[40], line[200];

	(void)state;
	audit_boot_id(boot, sizeof(boot));
	snprintf(line, sizeof(line), "{\"boot\":\"%s\",\"seq\":5}\n{\"boot\":\"%s\",\"seq\":6}", boot, boot);
	append(path, line);
	audit_tail_read(path, boot, &tail);
	assert_int_equal(tail.last, 5);
	assert_true(tail.torn);
}

/* Numbers are given before they are written: who is killed in between leaves a gap that is told of. */
static void a_latchd_that_was_killed_leaves_a_gap_that_is_told(void **state)
{
	struct audit_sequence killed;
	struct audit_log *log = open_log();
	char boot[40];

	(void)state;
	note(log, "a");
	audit_log_free(log);
	audit_boot_id(boot, sizeof(boot));
	assert_int_equal(audit_sequence_open(&killed, sequence, boot), 0);
	assert_int_equal(audit_sequence_take(&killed, 2), 3);
	audit_sequence_close(&killed);
	log = open_log();
	note(log, "b");
	assert_int_equal(audit_log_lost(log), 2);
	audit_log_free(log);
	assert_string_equal(shown(path), "1 4=lost:2:log 5");
}

/* Another log in between is no loss. */
static void records_that_went_to_another_log_are_not_lost(void **state)
{
	char other[PATH_MAX];
	const char *const sinks[] = { other, NULL };
	struct audit_log *log = open_log();

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	note(log, "a");
	audit_log_free(log);
	log = open_with(sinks, (struct audit_rotation){});
	note(log, "b");
	audit_log_free(log);
	log = open_log();
	note(log, "c");
	audit_log_free(log);
	assert_string_equal(shown(path), "1 3");
	assert_string_equal(shown(other), "2");
}

static void what_never_came_leaves_a_gap_and_is_told_of(void **state)
{
	struct audit_log *log = open_log();

	(void)state;
	note(log, "a");
	audit_log_write(log, NULL); /* of the kernel, and not sound */
	audit_log_lose(log, AUDIT_WHERE_MEDIATOR, 4);
	audit_log_tell(log);
	note(log, "b");
	assert_int_equal(audit_log_lost(log), 5);
	audit_log_free(log);
	assert_string_equal(shown(path), "1 7=lost:1:record 8=lost:4:mediator 9");
}

static void the_ring_buffers_own_count_is_told_once(void **state)
{
	struct audit_log *log = open_log();

	(void)state;
	audit_log_ring_lost(log, 0);
	note(log, "a");
	audit_log_ring_lost(log, 3);
	audit_log_ring_lost(log, 3);
	audit_log_tell(log);
	assert_int_equal(audit_log_lost(log), 0); /* the kernel counts them */
	audit_log_free(log);
	assert_string_equal(shown(path), "1 5=lost:3:ring-buffer");
	/* The counter goes on over a restart of latchd, and from zero when the programs are new. */
	log = open_log();
	audit_log_ring_lost(log, 3);
	note(log, "b");
	audit_log_ring_lost(log, 5);
	note(log, "c");
	audit_log_ring_lost(log, 1);
	note(log, "d");
	audit_log_free(log);
	assert_string_equal(shown(path),
		"1 5=lost:3:ring-buffer 6 9=lost:2:ring-buffer 10 12=lost:1:ring-buffer 13");
}

/* A file that may not grow any more, as on a full disk: writes end in the middle, then fail. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_told_of_when_there_is_room(void **state)
{
	struct audit_log *log = open_log();
	struct stat status;

	(void)state;
	note(log, "a");
	assert_int_equal(stat(path, &status), 0);
	limit_files(status.st_size + 20); /* the beginning of one more fits */
	note(log, "b");
	note(log, "c");
	audit_log_tell(log);
	limit_files(RLIM_INFINITY);
	assert_int_equal(audit_log_lost(log), 2);
	audit_log_tell(log);
	note(log, "d");
	audit_log_free(log);
	assert_string_equal(shown(path), "1 ? 4=lost:2:log 5");
}

/* A log that is moved away, or removed, is begun anew with the next record. */
static void a_log_that_was_moved_is_begun_anew(void **state)
{
	struct audit_log *log = open_log();
	char old[PATH_MAX];

	(void)state;
	note(log, "a");
	snprintf(old, sizeof(old), "%s/elsewhere", folder);
	assert_int_equal(rename(path, old), 0);
	note(log, "b");
	assert_string_equal(shown(old), "1");
	assert_string_equal(shown(path), "2");
	unlink(path);
	note(log, "c");
	assert_string_equal(shown(path), "3");
	/* Another file of that name is a log like any other. */
	unlink(path);
	append(path, "{\"half");
	note(log, "d");
	audit_log_free(log);
	assert_string_equal(shown(path), "? 4");
}

static void rotation_keeps_so_many_and_loses_nothing_else(void **state)
{
	struct audit_log *log = open_with(NULL, (struct audit_rotation){ .size = 700, .count = 2 });
	char old[3][PATH_MAX];
	struct stat status;

	(void)state;
	for (int i = 0; i < 3; i++)
		snprintf(old[i], sizeof(old[i]), "%.4000s.%d", path, i + 1);
	for (int i = 0; i < 9; i++)
		note(log, "0123456789012345678901234567890123456789012345678901234567890123456789"); /* some 250 */
	audit_log_free(log);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size <= 700);
	/* Two have room in each: 1 to 4 are gone. */
	assert_string_equal(shown(old[1]), "5 6");
	assert_string_equal(shown(old[0]), "7 8");
	assert_string_equal(shown(path), "9");
	assert_int_not_equal(access(old[2], F_OK), 0);
}

/* A folder stands where the old log should be. */
static void a_rotation_that_fails_loses_nothing(void **state)
{
	struct audit_log *log = open_with(NULL, (struct audit_rotation){ .size = 300, .count = 1 });
	char old[PATH_MAX], inside[PATH_MAX];

	(void)state;
	snprintf(old, sizeof(old), "%.4000s.1", path);
	snprintf(inside, sizeof(inside), "%.4000s/x", old);
	assert_int_equal(mkdir(old, 0700), 0);
	append(inside, "x");
	for (int i = 0; i < 4; i++)
		note(log, "0123456789012345678901234567890123456789");
	audit_log_free(log);
	assert_string_equal(shown(path), "1 2 3 4");
}

static void a_rotation_is_read_as_people_write_it(void **state)
{
	static const struct { const char *text; uint64_t size; unsigned int count; } good[] = {
		{ "64M,5", 64 << 20, 5 }, { "1000,1", 1000, 1 }, { "2K,10", 2048, 10 },
		{ "4G,1000", UINT64_C(4) << 30, 1000 }, { "0", 0, 0 },
	};
	static const char *const bad[] = { "", "0,5", "64M", "64M,", "64M,0", "64M,-1", "-1,5", "64X,5",
		"64M,5,5", "64M,1001", "M,5", "64M ,5", "99999999999999999999,5", "64M,+5" };
	struct audit_rotation rotation;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(audit_rotation_parse(&rotation, good[i].text), 0);
		assert_int_equal(rotation.size, good[i].size);
		assert_int_equal(rotation.count, good[i].count);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (audit_rotation_parse(&rotation, bad[i]) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
}

/* The last record of a log. */
static json_t *last_record(void)
{
	_cleanup_free_ char *line = NULL;
	FILE *stream = fopen(path, "r");
	json_t *record = NULL;
	size_t room = 0;

	assert_non_null(stream);
	while (getline(&line, &room, stream) > 0) {
		json_decref(record);
		record = json_loads(line, 0, NULL);
	}
	fclose(stream);
	assert_non_null(record);
	return record;
}

static void text_is(json_t *record, const char *key, const char *expected)
{
	const char *found = json_string_value(json_object_get(record, key));

	if (!expected ? found != NULL : !found || strcmp(found, expected))
		fail_msg("%s is %s, not %s", key, found ? found : "(none)", expected);
}

static json_t *written_of(struct audit_log *log, const char *container, uid_t uid)
{
	struct wire_request report = { .route = -1,
		.client = { .tag = LATCH_TAG_ALLOWED, .uid = uid } };

	COPY_STRING(report.client.container, container);
	audit_log_write(log, audit_record_report(&report));
	return last_record();
}

static void a_record_has_what_the_engine_said_of_its_container(void **state)
{
	struct audit_log *log = open_log();
	struct audit_containers *containers = audit_log_containers(log);
	json_t *record = written_of(log, ID, 0);

	(void)state;
	text_is(record, "container", ID);
	text_is(record, "name", NULL); /* not known yet, and nobody waits for it */
	json_decref(record);
	audit_containers_note_digest(containers, ID, "docker@sha256:1");
	audit_containers_note(containers, ID, "web", "docker:cli", "sha256:2");
	record = written_of(log, ID, 0);
	text_is(record, "name", "web");
	text_is(record, "image", "docker:cli");
	text_is(record, "image_id", "sha256:2");
	text_is(record, "digest", NULL);
	json_decref(record);
	audit_containers_note_digest(containers, ID, "docker@sha256:1");
	audit_containers_note(containers, ID, "renamed", "docker:cli", "sha256:2");
	record = written_of(log, ID, 0);
	text_is(record, "name", "renamed");
	text_is(record, "digest", "docker@sha256:1");
	json_decref(record);
	audit_containers_rename(containers, ID, "once more");
	record = written_of(log, ID, 0);
	text_is(record, "name", "once more");
	text_is(record, "image", "docker:cli");
	text_is(record, "digest", "docker@sha256:1");
	json_decref(record);
	audit_containers_forget(containers, ID);
	record = written_of(log, ID, 0);
	text_is(record, "name", NULL);
	text_is(record, "image", NULL);
	json_decref(record);
	audit_containers_rename(containers, ID, "nobody");
	record = written_of(log, ID, 0);
	text_is(record, "name", NULL);
	json_decref(record);
	record = written_of(log, "", 0);
	text_is(record, "container", NULL);
	json_decref(record);
	audit_log_free(log);
}

static bool begins_with_a(const char *id, const void *context)
{
	(void)context;
	return id[0] == 'a';
}

static void containers_that_are_gone_leave_the_table(void **state)
{
	struct audit_containers *containers = audit_containers_new();

	(void)state;
	for (int i = 0; i < 200; i++) {
		char id[65];

		snprintf(id, sizeof(id), "%c%d", i % 2 ? 'a' : 'b', i);
		audit_containers_note(containers, id, id, "", "");
	}
	audit_containers_keep(containers, begins_with_a, NULL);
	assert_null(audit_containers_find(containers, "b198"));
	assert_null(audit_containers_find(containers, "b0"));
	assert_string_equal(audit_containers_find(containers, "a199")->name, "a199");
	assert_string_equal(audit_containers_find(containers, "a1")->name, "a1");
	audit_containers_free(containers);
}

static void users_have_the_names_that_the_file_gives_now(void **state)
{
	struct audit_users known;

	(void)state;
	audit_users_init(&known, users);
	assert_string_equal(audit_users_name(&known, 7), "");
	append(users, "root:x:0:0::/:/bin/sh\nme:x:7:7::/:/bin/sh\n");
	assert_string_equal(audit_users_name(&known, 7), "me");
	assert_string_equal(audit_users_name(&known, 0), "root");
	assert_string_equal(audit_users_name(&known, 8), "");
	for (uid_t uid = 100; uid < 200; uid++) /* more than are kept */
		assert_string_equal(audit_users_name(&known, uid), "");
	assert_string_equal(audit_users_name(&known, 7), "me");
	unlink(users);
	assert_string_equal(audit_users_name(&known, 7), "");
}

static void what_a_mediator_takes_with_it_is_counted(void **state)
{
	struct latch_request request = { .event = { .header.type = LATCH_EVENT_REQUEST,
						 .kind = LATCH_GUARD_PUBLIC, .reason = LATCH_REASON_ROUTE } };
	struct wire_request report = {};
	struct audit_unreported unreported = {};

	(void)state;
	for (uint64_t i = 1; i <= 5; i++) {
		request.connection = i;
		audit_unreported_event(&unreported, &request);
	}
	request.connection = 2; /* a second one on the same connection */
	audit_unreported_event(&unreported, &request);
	request.event.kind = LATCH_GUARD_DIRECT; /* no mediator would report it */
	audit_unreported_event(&unreported, &request);
	request.event.kind = LATCH_GUARD_PUBLIC;
	request.event.reason = LATCH_REASON_UNFOLLOWED;
	audit_unreported_event(&unreported, &request);
	report.client.id = 2;
	audit_unreported_report(&unreported, &report);
	report.client.id = 77; /* a host's */
	audit_unreported_report(&unreported, &report);
	assert_int_equal(audit_unreported_take(&unreported), 5);
	assert_int_equal(audit_unreported_take(&unreported), 0);
}

#define ON_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_FILES(numbers_go_on_over_restarts),
		ON_FILES(numbers_go_on_from_the_rotated_log),
		ON_FILES(another_boot_begins_at_one),
		ON_FILES(a_fragment_ends_before_the_first_record),
		ON_FILES(a_record_without_its_newline_is_a_fragment),
		ON_FILES(a_latchd_that_was_killed_leaves_a_gap_that_is_told),
		ON_FILES(records_that_went_to_another_log_are_not_lost),
		ON_FILES(what_never_came_leaves_a_gap_and_is_told_of),
		ON_FILES(the_ring_buffers_own_count_is_told_once),
		ON_FILES(a_full_disk_is_told_of_when_there_is_room),
		ON_FILES(a_log_that_was_moved_is_begun_anew),
		ON_FILES(rotation_keeps_so_many_and_loses_nothing_else),
		ON_FILES(a_rotation_that_fails_loses_nothing),
		ON_FILES(a_record_has_what_the_engine_said_of_its_container),
		ON_FILES(users_have_the_names_that_the_file_gives_now),
		cmocka_unit_test(containers_that_are_gone_leave_the_table),
		cmocka_unit_test(a_rotation_is_read_as_people_write_it),
		cmocka_unit_test(what_a_mediator_takes_with_it_is_counted),
	};

	return cmocka_run_group_tests_name("audit log", tests, NULL, NULL);
}
