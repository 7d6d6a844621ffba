/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of credentials: a folder with a config.json, a loop, helper programs that are small
 * shell scripts in that folder, which is the first of PATH, and somebody who asks. What a test
 * starts must be dead and reaped when it ends.
 */
#ifndef LATCH_CREDENTIAL_PLACE_H
#define LATCH_CREDENTIAL_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <uv.h>

#include "../../userspace/registry/credentials.h"
#include "util.h"

#define R           "registry.example"
#define SECRET      "hunter2-tooth-brush"
#define USER_BASE64 "dXNlcjpodW50ZXIyLXRvb3RoLWJydXNo" /* printf user:SECRET | base64 */

struct place {
	uv_loop_t loop;
	struct credentials *credentials;
	char folder[64];
	char file[96];
};

struct outcome {
	int calls;
	int error;
	bool anonymous;
	char user[128], password[128], token[128], problem[1024];
	bool asking; /* credentials_get has not returned yet */
};

static inline int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char path[256];

	strcpy(place->folder, "/tmp/test_credentials.XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/config.json", place->folder);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", place->folder);
	setenv("PATH", path, 1);
	uv_loop_init(&place->loop);
	place->credentials = credentials_new(&place->loop, place->file);
	*state = place;
	return place->credentials ? 0 : -1;
}

static inline int remove_place(void **state)
{
	struct place *place = *state;
	char command[128];

	credentials_free(place->credentials);
	uv_run(&place->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&place->loop), 0);
	/* Whatever a test started is dead and reaped: not even a zombie is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	setenv("PATH", "/usr/bin:/bin", 1);
	snprintf(command, sizeof(command), "rm -rf %s", place->folder);
	free(place);
	return system(command);
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static inline void write_config(const struct place *place, const char *text)
{
	write_file(place->file, text, 0600);
}

/* A program docker-credential-<name>; in it $D is the folder. */
static inline void write_helper(const struct place *place, const char *name, const char *body)
{
	char path[256], text[2048];

	snprintf(path, sizeof(path), "%s/docker-credential-%s", place->folder, name);
	snprintf(text, sizeof(text), "#!/bin/sh\nD=%s\n%s\n", place->folder, body);
	write_file(path, text, 0755);
}

/* What a helper left in a file of the folder; one text at a time. */
static inline const char *left(const struct place *place, const char *name)
{
	static char text[4096];
	char path[256];
	ssize_t size = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", place->folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		size = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[size > 0 ? size : 0] = '\0';
	return text;
}

static inline void on_answer(const struct credentials_answer *answer, void *context)
{
	struct outcome *outcome = context;

	assert_false(outcome->asking);
	outcome->calls++;
	outcome->error = answer->error;
	outcome->anonymous =
		!answer->error && !answer->user && !answer->password && !answer->identity_token;
	COPY_STRING(outcome->user, answer->user ? answer->user : "(none)");
	COPY_STRING(outcome->password, answer->password ? answer->password : "(none)");
	COPY_STRING(outcome->token, answer->identity_token ? answer->identity_token : "(none)");
	COPY_STRING(outcome->problem, answer->problem ? answer->problem : "");
	/* An error is never half an answer, and always says something. */
	if (answer->error) {
		assert_null(answer->user);
		assert_null(answer->password);
		assert_null(answer->identity_token);
		assert_true(strlen(outcome->problem) > 10);
	}
	for (const char *c = outcome->problem; *c; c++)
		assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
}

static inline void ask(struct place *place, const char *domain, struct outcome *outcome,
	struct credentials_query **query)
{
	outcome->asking = true;
	assert_int_equal(credentials_get(place->credentials, domain, on_answer, outcome, query), 0);
	outcome->asking = false;
}

static inline void wait_for(struct place *place, const struct outcome *outcome)
{
	while (!outcome->calls)
		if (!uv_run(&place->loop, UV_RUN_ONCE) && !outcome->calls)
			fail_msg("the loop has nothing to do and no answer came");
	assert_int_equal(outcome->calls, 1);
}

static inline void wait_ms(struct place *place, unsigned int ms)
{
	uint64_t end = uv_hrtime() + ms * UINT64_C(1000000);

	while (uv_hrtime() < end) {
		uv_run(&place->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
}

static inline struct outcome get(struct place *place, const char *domain)
{
	struct outcome outcome = {0};

	ask(place, domain, &outcome, NULL);
	wait_for(place, &outcome);
	return outcome;
}

static inline void expect(const struct outcome *outcome, const char *user, const char *password)
{
	if (outcome->error)
		fail_msg("%d: %s", outcome->error, outcome->problem);
	assert_string_equal(outcome->user, user);
	assert_string_equal(outcome->password, password);
}

static inline void expect_error(const struct outcome *outcome, int error, const char *words)
{
	if (outcome->error != error || !strstr(outcome->problem, words))
		fail_msg("%d: %s", outcome->error, outcome->problem);
	assert_null(strstr(outcome->problem, SECRET));
	assert_null(strstr(outcome->problem, USER_BASE64));
}

/* Is there still a process of that number that is more than a zombie? */
static inline bool lives(int pid)
{
	char path[64], text[512] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return strrchr(text, ')') && strrchr(text, ')')[2] != 'Z';
}

/* Bodies of helpers: a good answer; a note of what it was asked for. */
#define GOOD "{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"p\"}"
#define LOG  "asked=$(cat); echo \"$asked\" >>$D/asked\n" /* in one write: two helpers may run at a time */

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

#endif
