// SPDX-License-Identifier: Apache-2.0
/*
 * A helper from its start to its grave. It is its own memory: whoever started it may be gone when
 * libuv reaps it.
 *
 * Its input lies in a pipe before it starts, for a server's name fits there whole: nothing is to be
 * written while it runs. The answer is there when it has ended and its output has; a helper that
 * leaves the output open to a child of its own runs into the time limit, as docker would wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>

#include "credential_helper.h"
#include "credential_words.h"
#include "problem.h"
#include "secret.h"
#include "trusted_file.h"

#define PREFIX "docker-credential-"
/* docker-credential-helpers, credentials/error.go: how a helper says that it has nothing. */
#define NOT_FOUND "credentials not found in native keychain"
/* docker CLI, native_store.go: a user name that makes the secret an identity token. */
#define TOKEN_USER   "<token>"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NAME_MAX_    64  /* of a helper, behind the prefix */
#define SERVER_MAX   512 /* bytes; far less than a pipe holds */

struct credential_helper {
	uv_process_t process;
	uv_pipe_t output;
	uv_timer_t limit;
	int handles;  /* of the three that are initialised, not closed yet */
	bool spawned; /* uv_spawn was called: it initialises `process` even when it fails */
	bool running; /* not reaped yet */
	bool ended;   /* its output */
	bool over;    /* its outcome is told, or wanted no more */
	int64_t status;
	int signal;
	credentials_done_fn done;
	void *context;
	char program[NAME_MAX_ + sizeof(PREFIX)]; /* without its folder: for sentences */
	char server[SERVER_MAX];
	unsigned int limit_ms;
	size_t size;
	char data[CREDENTIAL_HELPER_OUTPUT_MAX + 2]; /* one byte more tells what is too much */
};

/* The end. */

static void on_closed(uv_handle_t *handle)
{
	struct credential_helper *helper = handle->data;

	if (--helper->handles)
		return;
	explicit_bzero(helper, sizeof(*helper));
	free(helper);
}

/*
 * Nothing more is told. With the helper goes its process group: what it started has its output. A
 * process that is not reaped keeps its number, and a closed handle would never be reaped.
 */
static void end(struct credential_helper *helper)
{
	if (helper->over)
		return;
	helper->over = true;
	uv_close((uv_handle_t *)&helper->output, on_closed);
	uv_close((uv_handle_t *)&helper->limit, on_closed);
	if (helper->running)
		kill(-helper->process.pid, SIGKILL);
	else if (helper->spawned)
		uv_close((uv_handle_t *)&helper->process, on_closed);
}

void credential_helper_cancel(struct credential_helper *helper)
{
	end(helper);
}

static void tell(struct credential_helper *helper, const struct credentials_answer *answer)
{
	end(helper);
	helper->done(answer, helper->context);
}

static void fail(struct credential_helper *helper, int error, const char *format, ...)
	PRINTF_LIKE(3, 4);
static void fail(struct credential_helper *helper, int error, const char *format, ...)
{
	char problem[512];
	const struct credentials_answer answer = {.error = error, .problem = problem};
	va_list arguments;
	int length = snprintf(problem, sizeof(problem), "%s ", helper->program);

	va_start(arguments, format);
	vsnprintf(problem + length, sizeof(problem) - length, format, arguments);
	va_end(arguments);
	tell(helper, &answer);
}

/* The answer. */

static bool says_not_found(const char *data, size_t size)
{
	while (size && strchr(" \t\r\n", data[size - 1]))
		size--;
	while (size && strchr(" \t\r\n", *data)) {
		data++;
		size--;
	}
	return size == strlen(NOT_FOUND) && !memcmp(data, NOT_FOUND, size);
}

/* A member that is absent is empty, as in Go; false where it is something else than a string. */
static bool read_member(const json_t *root, const char *key, const char **text)
{
	const json_t *value = json_object_get(root, key);

	*text = json_is_string(value) ? json_string_value(value) : "";
	return !value || json_is_string(value);
}

static void take_json(struct credential_helper *helper, const json_t *root)
{
	struct credentials_answer answer = {0};
	const char *user, *secret;

	if (!json_is_object(root) || !read_member(root, "Username", &user) ||
		!read_member(root, "Secret", &secret)) {
		fail(helper, -EPROTO,
			"answered for %s with something else than an object with Username and "
			"Secret in JSON; run it by hand",
			helper->server);
		return;
	}
	if (!strcmp(user, TOKEN_USER)) {
		answer.identity_token = *secret ? secret : NULL;
	} else if (*user) {
		answer.user = user;
		answer.password = secret;
	}
	tell(helper, &answer);
}

static void take_answer(struct credential_helper *helper)
{
	int line, column;
	json_t *root = secret_json_load(helper->data, helper->size, &line, &column);

	take_json(helper, root);
	secret_json_free(root);
}

static void take_failure(struct credential_helper *helper)
{
	static const struct credentials_answer anonymous = {0};
	char words[CREDENTIAL_WORDS_SIZE];

	if (helper->signal) {
		fail(helper, -EIO, "was ended by signal %d before it answered for %s",
			helper->signal, helper->server);
		return;
	}
	if (says_not_found(helper->data, helper->size)) {
		tell(helper, &anonymous);
		return;
	}
	credential_words(helper->data, helper->size, words);
	if (words[0])
		fail(helper, -EIO, "failed for %s with status %d: %s", helper->server,
			(int)helper->status, words);
	else
		fail(helper, -EIO,
			"failed for %s with status %d; what it printed is not shown, for it may "
			"be secret: run it by hand",
			helper->server, (int)helper->status);
}

static void conclude(struct credential_helper *helper)
{
	if (helper->over || helper->running || !helper->ended)
		return;
	if (helper->status || helper->signal)
		take_failure(helper);
	else
		take_answer(helper);
}

/* What the loop reports. */

static void on_exit_(uv_process_t *process, int64_t status, int signal)
{
	struct credential_helper *helper = process->data;

	helper->running = false;
	helper->status = status;
	helper->signal = signal;
	if (helper->over)
		uv_close((uv_handle_t *)process, on_closed);
	else
		conclude(helper);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct credential_helper *helper = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(
		helper->data + helper->size, CREDENTIAL_HELPER_OUTPUT_MAX + 1 - helper->size);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct credential_helper *helper = stream->data;

	(void)buffer;
	if (n > 0) {
		helper->size += n;
		if (helper->size > CREDENTIAL_HELPER_OUTPUT_MAX)
			fail(helper, -EFBIG, "printed more than %u KiB for %s and was ended",
				CREDENTIAL_HELPER_OUTPUT_MAX >> 10, helper->server);
		return;
	}
	if (n == 0)
		return;
	uv_read_stop(stream);
	if (n != UV_EOF) {
		fail(helper, n, "cannot be read: %s", uv_strerror(n));
		return;
	}
	helper->ended = true;
	conclude(helper);
}

static void on_limit(uv_timer_t *timer)
{
	struct credential_helper *helper = timer->data;

	fail(helper, -ETIMEDOUT, "gave no whole answer for %s within %u ms and was ended",
		helper->server, helper->limit_ms);
}

/* The program. */

static int check_name(const char *name, char **problem)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t length = strspn(name, allowed);

	if (length == 0 || name[length] || length > NAME_MAX_)
		return problem_set(problem, -EINVAL,
			"the name of a credential helper has 1 to %d letters, digits, '.', '_' and "
			"'-' and nothing else; correct credsStore or credHelpers",
			NAME_MAX_);
	return 0;
}

static const char *search_path(void)
{
	const char *path = getenv("PATH");

	return path && *path ? path : DEFAULT_PATH;
}

/*
 * The first program of that name in PATH, as a shell would find it; but a relative folder of PATH
 * is nobody's to trust. 0, or -ENOENT.
 */
static int find_program(const char *program, char path[PATH_MAX], struct stat *status)
{
	const char *folder = search_path();

	for (;;) {
		size_t length = strcspn(folder, ":");
		int n = snprintf(path, PATH_MAX, "%.*s/%s", (int)length, folder, program);

		if (*folder == '/' && n < PATH_MAX && !stat(path, status) &&
			S_ISREG(status->st_mode) && !access(path, X_OK))
			return 0;
		if (!folder[length])
			return -ENOENT;
		folder += length + 1;
	}
}

static int choose_program(const char *program, char path[PATH_MAX], char **problem)
{
	struct stat status;
	int r = find_program(program, path, &status);

	if (r < 0)
		return problem_set(problem, r,
			"%s is in no folder of latchd's PATH (%s); install it there", program,
			search_path());
	return trusted_check(path, &status, problem);
}

/* Starting. */

/* A pipe with the server's name in it and its end behind; the descriptor to read it from. */
static int make_input(const char *server)
{
	size_t length = strlen(server);
	int ends[2], r = 0;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (write(ends[1], server, length) != (ssize_t)length)
		r = -EIO;
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	return r < 0 ? r : ends[0];
}

/* The pipe that its output comes from: our end into the handle, the other one returned. */
static int make_output(struct credential_helper *helper)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	r = uv_pipe_open(&helper->output, ends[0]);
	if (r < 0)
		close(ends[0]);
	else
		r = uv_read_start((uv_stream_t *)&helper->output, on_room, on_output);
	if (r < 0)
		close(ends[1]);
	return r < 0 ? r : ends[1];
}

static void root_home(char *variable, size_t size)
{
	const struct passwd *root = getpwuid(0);

	snprintf(variable, size, "HOME=%s", root && root->pw_dir ? root->pw_dir : "/root");
}

static int spawn(struct credential_helper *helper, char *path, int input, int output)
{
	_cleanup_free_ char *search = NULL;
	char home[256], *arguments[] = {path, "get", NULL}, *environment[] = {NULL, home, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_INHERIT_FD, .data.fd = input},
		{.flags = UV_INHERIT_FD, .data.fd = output},
		/* docker does not show it either; its words are on the standard output. */
		{.flags = UV_IGNORE},
	};
	const uv_process_options_t options = {
		.exit_cb = on_exit_,
		.file = path,
		.args = arguments,
		.env = environment,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a process group of its own, to be killed whole */
		.stdio_count = ARRAY_SIZE(stdio),
		.stdio = stdio,
	};
	int r;

	root_home(home, sizeof(home));
	if (asprintf(&search, "PATH=%s", search_path()) < 0) {
		search = NULL;
		return -ENOMEM;
	}
	environment[0] = search;
	/* Not every library opens its descriptors to be closed on exec. */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return -errno;
	helper->spawned = true;
	helper->handles++;
	r = uv_spawn(helper->limit.loop, &helper->process, &options);
	helper->running = r == 0;
	return r;
}

static int start(struct credential_helper *helper, char *path)
{
	_cleanup_close_ int input = make_input(helper->server);
	_cleanup_close_ int output = make_output(helper);
	int r;

	if (input < 0 || output < 0)
		return input < 0 ? input : output;
	r = spawn(helper, path, input, output);
	if (r < 0)
		return r;
	uv_update_time(helper->limit.loop); /* else what the loop did before counts as its time */
	return uv_timer_start(&helper->limit, on_limit, helper->limit_ms, 0);
}

static struct credential_helper *helper_new(
	uv_loop_t *loop, const struct credential_helper_request *request)
{
	struct credential_helper *helper = calloc(1, sizeof(*helper));

	if (!helper)
		return NULL;
	uv_pipe_init(loop, &helper->output, 0);
	uv_timer_init(loop, &helper->limit);
	helper->process.data = helper->output.data = helper->limit.data = helper;
	helper->handles = 2;
	snprintf(helper->program, sizeof(helper->program), "%s%s", PREFIX, request->name);
	COPY_STRING(helper->server, request->server);
	helper->limit_ms = request->limit_ms;
	return helper;
}

int credential_helper_run(uv_loop_t *loop, const struct credential_helper_request *request,
	credentials_done_fn done, void *context, struct credential_helper **handle, char **problem)
{
	struct credential_helper *helper;
	char path[PATH_MAX];
	int r = check_name(request->name, problem);

	if (r < 0)
		return r;
	helper = helper_new(loop, request);
	if (!helper)
		return problem_set(problem, -ENOMEM, "out of memory");
	helper->done = done;
	helper->context = context;
	r = choose_program(helper->program, path, problem);
	if (!r) {
		r = start(helper, path);
		if (r < 0)
			problem_set(problem, r, "%s cannot be started: %s", path, uv_strerror(r));
	}
	if (r < 0)
		end(helper);
	else
		*handle = helper;
	return r;
}
