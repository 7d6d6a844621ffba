// SPDX-License-Identifier: Apache-2.0
/*
 * What journald and syslog get of a record, and that neither keeps latchd waiting.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cmocka.h>

#include "audit_journal.h"
#include "audit_syslog.h"
#include "util.h"

static json_t *record_of(const char *text)
{
	json_t *record = json_loads(text, 0, NULL);

	assert_non_null(record);
	return record;
}

static const char refused[] =
	"{\"time\":\"2026-11-22T04:20:17.034567Z\",\"schema\":1,\"seq\":7,\"event\":\"request\","
	"\"plane\":\"mediator\",\"caller\":\"allowed\",\"container\":\"0123456789abcdef\",\"pid\":12,\"uid\":0,"
	"\"comm\":\"a]b\\\"c\\\\d\",\"verdict\":\"refused\",\"reason\":\"command list\",\"method\":\"POST\","
	"\"uri\":\"/x\",\"head\":[\"A: b\",\"C: d\"],\"access\":[\"privileged\",\"swarm\"],\"truncated\":false}";

/* RFC 5424: every part in its place, and the three characters that are escaped in a value. */
static void a_message_of_syslog_is_in_the_form_of_the_rfc(void **state)
{
	json_t *record = record_of(refused);
	_cleanup_free_ char *message = audit_syslog_message(record, "host.example", 4711);

	(void)state;
	/* authpriv is 10, warning 4: 10 * 8 + 4 */
	assert_string_equal(message,
		"<84>1 2026-11-22T04:20:17.034567Z host.example latchd 4711 request [latch@32473"
		" schema=\"1\" seq=\"7\" event=\"request\" plane=\"mediator\" caller=\"allowed\""
		" container=\"0123456789abcdef\" pid=\"12\" uid=\"0\" comm=\"a\\]b\\\"c\\\\d\""
		" verdict=\"refused\" reason=\"command list\" method=\"POST\" uri=\"/x\""
		" access=\"privileged,swarm\" truncated=\"false\"]"
		" refused POST /x: command list of privileged, swarm"
		"  [allowed 0123456789ab, a]b\"c\\d pid 12 uid 0]");
	json_decref(record);
}

static void severities_are_those_of_what_happened(void **state)
{
	static const struct { const char *record; const char *priority; } cases[] = {
		{ "{\"event\":\"request\",\"verdict\":\"passed\"}", "<86>1 " },
		{ "{\"event\":\"connect\",\"verdict\":\"would-refuse\"}", "<84>1 " },
		{ "{\"event\":\"image-denied\",\"verdict\":\"refused\"}", "<84>1 " },
		{ "{\"event\":\"lost\"}", "<84>1 " },
		{ "{\"event\":\"adopted\"}", "<85>1 " },
		{ "{\"event\":\"container-start\"}", "<85>1 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *record = record_of(cases[i].record);
		_cleanup_free_ char *message = audit_syslog_message(record, "", 1);

		if (strncmp(message, cases[i].priority, strlen(cases[i].priority)))
			fail_msg("%s is %s", cases[i].record, message);
		json_decref(record);
	}
}

/* A syslog daemon, of which nobody reads more than the test does. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	COPY_STRING(address.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void syslog_gets_a_datagram_and_one_that_is_gone_or_slow_keeps_nobody(void **state)
{
	char path[] = "/tmp/test_audit_sinks.XXXXXX", got[4096];
	int daemon, r, sent = 0, fd = mkstemp(path);
	struct audit_entry entry = { .record = record_of(refused) };
	struct audit_sink *sink = NULL;
	char *problem = NULL;
	ssize_t length;

	(void)state;
	close(fd);
	unlink(path);
	assert_true(audit_syslog_open(path, &sink, &problem) < 0);
	assert_non_null(strstr(problem, "syslog"));
	free(problem);
	daemon = listen_at(path);
	assert_int_equal(audit_syslog_open(path, &sink, &problem), 0);
	assert_int_equal(sink->write(sink, &entry), 0);
	length = recv(daemon, got, sizeof(got) - 1, 0);
	assert_true(length > 0);
	got[length] = 0;
	assert_non_null(strstr(got, "<84>1 2026-11-22T04:20:17.034567Z "));
	/* Nobody takes them out: at some time there is no room, and no wait. */
	while ((r = sink->write(sink, &entry)) == 0 && sent < 100000)
		sent++;
	assert_int_equal(r, -EAGAIN);
	close(daemon);
	assert_true(sink->write(sink, &entry) < 0);
	/* Started anew. */
	daemon = listen_at(path);
	assert_int_equal(sink->write(sink, &entry), 0);
	assert_true(recv(daemon, got, sizeof(got), 0) > 0);
	close(daemon);
	unlink(path);
	sink->free(sink);
	json_decref(entry.record);
}

/* A journal that keeps what it got, or does not take anything until it is told to. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char fields[64][256];
static int field_count, sent_count, answer;
static bool stuck;

static int take_fields(const struct iovec *items, int count)
{
	int r;

	pthread_mutex_lock(&lock);
	while (stuck)
		pthread_cond_wait(&changed, &lock);
	field_count = count;
	for (int i = 0; i < count && i < (int)ARRAY_SIZE(fields); i++)
		snprintf(fields[i], sizeof(fields[i]), "%.*s", (int)items[i].iov_len,
			(char *)items[i].iov_base);
	sent_count++;
	r = answer;
	pthread_mutex_unlock(&lock);
	return r;
}

static void has_field(const char *expected)
{
	for (int i = 0; i < field_count; i++)
		if (!strcmp(fields[i], expected))
			return;
	fail_msg("no field %s", expected);
}

static void the_journal_gets_a_field_for_each_key(void **state)
{
	struct audit_sink *sink = audit_journal_new(take_fields);
	struct audit_entry entry = { .record = record_of(refused) };

	(void)state;
	assert_int_equal(sink->write(sink, &entry), 0);
	sink->free(sink); /* what is in the queue goes out first */
	assert_int_equal(sent_count, 1);
	has_field("MESSAGE=refused POST /x: command list of privileged, swarm"
		  "  [allowed 0123456789ab, a]b\"c\\d pid 12 uid 0]");
	has_field("PRIORITY=4");
	has_field("SYSLOG_IDENTIFIER=latchd");
	has_field("LATCH_EVENT=request");
	has_field("LATCH_SEQ=7");
	has_field("LATCH_CONTAINER=0123456789abcdef");
	has_field("LATCH_COMM=a]b\"c\\d");
	has_field("LATCH_TRUNCATED=false");
	has_field("LATCH_ACCESS=privileged");
	has_field("LATCH_ACCESS=swarm");
	has_field("LATCH_HEAD=C: d");
	/* three of its own, one a key, and one more for each further text of a list */
	assert_int_equal(field_count, 3 + (int)json_object_size(entry.record) + 2);
	json_decref(entry.record);
}

static void a_journal_that_is_stuck_loses_and_keeps_nobody(void **state)
{
	struct audit_sink *sink = audit_journal_new(take_fields);
	struct audit_entry entry = { .record = record_of("{\"event\":\"lost\"}") };
	int taken = 0, r;

	(void)state;
	stuck = true;
	sent_count = 0;
	while ((r = sink->write(sink, &entry)) == 0 && taken < 100000)
		taken++;
	assert_int_equal(r, -ENOBUFS);
	assert_int_equal(sink->lost_later(sink), 0);
	pthread_mutex_lock(&lock);
	stuck = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	sink->free(sink);
	assert_int_equal(sent_count, taken);
	json_decref(entry.record);
}

static void what_the_journal_refuses_is_counted_once(void **state)
{
	struct audit_sink *sink = audit_journal_new(take_fields);
	struct audit_entry entry = { .record = record_of("{\"event\":\"lost\"}") };

	(void)state;
	answer = -ENOENT;
	sent_count = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(sink->write(sink, &entry), 0);
	for (int i = 0; i < 5000 && sent_count < 3; i++)
		usleep(1000);
	usleep(20000); /* until the third answer has been seen */
	assert_int_equal(sink->lost_later(sink), 3);
	assert_int_equal(sink->lost_later(sink), 0);
	sink->free(sink);
	answer = 0;
	json_decref(entry.record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_of_syslog_is_in_the_form_of_the_rfc),
		cmocka_unit_test(severities_are_those_of_what_happened),
		cmocka_unit_test(syslog_gets_a_datagram_and_one_that_is_gone_or_slow_keeps_nobody),
		cmocka_unit_test(the_journal_gets_a_field_for_each_key),
		cmocka_unit_test(a_journal_that_is_stuck_loses_and_keeps_nobody),
		cmocka_unit_test(what_the_journal_refuses_is_counted_once),
	};

	return cmocka_run_group_tests_name("audit sinks", tests, NULL, NULL);
}
