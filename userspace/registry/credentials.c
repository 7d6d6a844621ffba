// SPDX-License-Identifier: Apache-2.0
/*
 * Questions and their answers. What the file says is there at once, and told from the loop; where
 * it names a helper, those who want to know the same wait for one run of it, and its answer is kept
 * for a minute. Errors are not kept: the next question tries again.
 */
#include <errno.h>

#include "credential_config.h"
#include "credential_helper.h"
#include "credentials.h"
#include "problem.h"
#include "secret.h"

#define DOMAIN_MAX 255 /* as struct reference has it */
#define KEPT_SLOTS 32  /* of more registries than that the oldest answers go early */

/* An answer that is somebody's own. */
struct answer {
	int error;
	char *user, *password, *identity_token;
	char *problem;
};

/* What a helper is asked for: whoever asks for the same shares the answer. */
struct question {
	char *helper;
	char *server;
};

/* A helper at work. */
struct run {
	struct credentials *credentials;
	struct run *next;
	struct question question;
	struct credential_helper *helper;
};

struct kept {
	struct question question;
	struct answer answer;
	uint64_t expires; /* uv_now */
};

struct credentials_query {
	struct credentials *credentials;
	struct credentials_query *next;
	struct run *run; /* what it waits for; NULL: `answer` is to be told */
	credentials_done_fn done;
	void *context;
	struct answer answer;
};

struct credentials {
	uv_loop_t *loop;
	struct credential_config config;
	struct credentials_query *queries; /* in the order of asking */
	struct run *runs;
	struct kept kept[KEPT_SLOTS];
	size_t next_kept;
	unsigned int helper_ms, keep_ms;
	uv_timer_t ready;  /* tells, in the loop's next turn, what needs no helper */
	uv_timer_t expiry; /* wipes what was kept long enough */
	int handles;       /* of the two, not closed yet */
};

/* Answers. */

static void answer_clear(struct answer *answer)
{
	secret_free(answer->user);
	secret_free(answer->password);
	secret_free(answer->identity_token);
	free(answer->problem);
	*answer = (struct answer){0};
}

static bool copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static void answer_fail(struct answer *answer, int error, char *problem)
{
	answer_clear(answer);
	answer->error = error;
	answer->problem = problem;
}

/* Half an answer would be another one: without memory it is an error. */
static void answer_copy(struct answer *answer, const struct credentials_answer *from)
{
	answer->error = from->error;
	if (!copy(&answer->user, from->user) || !copy(&answer->password, from->password) ||
		!copy(&answer->identity_token, from->identity_token) ||
		!copy(&answer->problem, from->problem))
		answer_fail(answer, -ENOMEM, NULL);
}

static struct credentials_answer answer_view(const struct answer *answer)
{
	return (struct credentials_answer){
		.error = answer->error,
		.user = answer->user,
		.password = answer->password,
		.identity_token = answer->identity_token,
		.problem = answer->error ? problem_text(answer->problem, answer->error)
					 : answer->problem,
	};
}

/* Questions. */

static bool question_is(const struct question *question, const char *helper, const char *server)
{
	return question->helper && !strcmp(question->helper, helper) &&
	       !strcmp(question->server, server);
}

static void question_clear(struct question *question)
{
	free(question->helper);
	free(question->server);
	*question = (struct question){0};
}

static int question_set(struct question *question, const char *helper, const char *server)
{
	if (copy(&question->helper, helper) && copy(&question->server, server))
		return 0;
	question_clear(question);
	return -ENOMEM;
}

/* What is kept. */

static void kept_drop(struct kept *kept)
{
	question_clear(&kept->question);
	answer_clear(&kept->answer);
}

static void kept_drop_all(struct credentials *credentials)
{
	for (size_t i = 0; i < KEPT_SLOTS; i++)
		kept_drop(&credentials->kept[i]);
}

static void on_expiry(uv_timer_t *timer);

/* Drops what is over, and wakes up for what is over next. */
static void kept_expire(struct credentials *credentials)
{
	uint64_t now = uv_now(credentials->loop), next = UINT64_MAX;

	for (size_t i = 0; i < KEPT_SLOTS; i++) {
		struct kept *kept = &credentials->kept[i];

		if (kept->question.helper && kept->expires <= now)
			kept_drop(kept);
		else if (kept->question.helper && kept->expires < next)
			next = kept->expires;
	}
	if (next != UINT64_MAX)
		uv_timer_start(&credentials->expiry, on_expiry, next - now, 0);
}

static void on_expiry(uv_timer_t *timer)
{
	kept_expire(timer->data);
}

static const struct answer *kept_find(
	struct credentials *credentials, const char *helper, const char *server)
{
	kept_expire(credentials);
	for (size_t i = 0; i < KEPT_SLOTS; i++)
		if (question_is(&credentials->kept[i].question, helper, server))
			return &credentials->kept[i].answer;
	return NULL;
}

static void keep(struct credentials *credentials, const struct question *question,
	const struct credentials_answer *answer)
{
	struct kept *kept = &credentials->kept[credentials->next_kept];

	kept_drop(kept);
	if (question_set(&kept->question, question->helper, question->server) < 0)
		return;
	answer_copy(&kept->answer, answer);
	if (kept->answer.error) { /* the helper's, or no memory: the next one who asks tries again
				   */
		kept_drop(kept);
		return;
	}
	credentials->next_kept = (credentials->next_kept + 1) % KEPT_SLOTS;
	kept->expires = uv_now(credentials->loop) + credentials->keep_ms;
	kept_expire(credentials);
}

/* Queries. */

static void query_unlink(struct credentials_query *query)
{
	struct credentials_query **link = &query->credentials->queries;

	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
}

static void query_free(struct credentials_query *query)
{
	answer_clear(&query->answer);
	free(query);
}

static struct credentials_query *first_ready(struct credentials *credentials)
{
	struct credentials_query *query = credentials->queries;

	while (query && query->run)
		query = query->next;
	return query;
}

/* The callbacks may ask, cancel and free as they like: nothing is held across one. */
static void on_ready(uv_timer_t *timer)
{
	struct credentials *credentials = timer->data;
	struct credentials_query *query;

	while ((query = first_ready(credentials))) {
		const struct credentials_answer answer = answer_view(&query->answer);

		query_unlink(query);
		query->done(&answer, query->context);
		query_free(query);
	}
}

static void wake(struct credentials *credentials)
{
	uv_timer_start(&credentials->ready, on_ready, 0, 0);
}

/* Runs. */

static void run_free(struct run *run)
{
	struct run **link = &run->credentials->runs;

	while (*link != run)
		link = &(*link)->next;
	*link = run->next;
	question_clear(&run->question);
	free(run);
}

static bool is_awaited(const struct run *run)
{
	for (struct credentials_query *query = run->credentials->queries; query;
		query = query->next)
		if (query->run == run)
			return true;
	return false;
}

static void on_helper(const struct credentials_answer *answer, void *context)
{
	struct run *run = context;
	struct credentials *credentials = run->credentials;

	for (struct credentials_query *query = credentials->queries; query; query = query->next)
		if (query->run == run) {
			query->run = NULL;
			answer_copy(&query->answer, answer);
		}
	keep(credentials, &run->question, answer);
	run_free(run);
	wake(credentials);
}

static struct run *run_find(struct credentials *credentials, const char *helper, const char *server)
{
	for (struct run *run = credentials->runs; run; run = run->next)
		if (question_is(&run->question, helper, server))
			return run;
	return NULL;
}

static int run_start(struct credentials *credentials, const char *helper, const char *server,
	struct run **started, char **problem)
{
	const struct credential_helper_request request = {
		.name = helper, .server = server, .limit_ms = credentials->helper_ms};
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run || question_set(&run->question, helper, server) < 0) {
		free(run);
		return -ENOMEM;
	}
	run->credentials = credentials;
	run->next = credentials->runs;
	credentials->runs = run;
	r = credential_helper_run(
		credentials->loop, &request, on_helper, run, &run->helper, problem);
	if (r < 0)
		run_free(run);
	else
		*started = run;
	return r;
}

/* Asking. */

static int ask_helper(
	struct credentials_query *query, const char *helper, const char *server, char **problem)
{
	struct credentials *credentials = query->credentials;
	const struct answer *kept = kept_find(credentials, helper, server);

	if (kept) {
		const struct credentials_answer answer = answer_view(kept);

		answer_copy(&query->answer, &answer);
		return 0;
	}
	query->run = run_find(credentials, helper, server);
	return query->run ? 0 : run_start(credentials, helper, server, &query->run, problem);
}

/* Fills the answer, or sets the run that it will come from. */
static int look_up(struct credentials_query *query, const char *domain, char **problem)
{
	struct credentials *credentials = query->credentials;
	struct credential_entry entry;
	bool changed;
	int r = credential_config_refresh(&credentials->config, &changed, problem);

	if (changed)
		kept_drop_all(credentials);
	if (r < 0)
		return r;
	if (!credentials->config.root) {
		query->answer.problem = TAKE_PTR(*problem);
		return 0;
	}
	r = credential_config_find(&credentials->config, domain, &entry, problem);
	if (r < 0)
		return r;
	if (entry.helper)
		return ask_helper(query, entry.helper, credential_server(domain), problem);
	query->answer.user = entry.user;
	query->answer.password = entry.password;
	query->answer.identity_token = entry.identity_token;
	return 0;
}

/* It goes to a helper and into messages: a host and a port, and nothing that could be more. */
static bool is_domain(const char *domain)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-:[]";
	size_t length = strspn(domain, allowed);

	return length > 0 && length <= DOMAIN_MAX && !domain[length];
}

static void query_append(struct credentials_query *query)
{
	struct credentials_query **link = &query->credentials->queries;

	while (*link)
		link = &(*link)->next;
	*link = query;
}

int credentials_get(struct credentials *credentials, const char *domain, credentials_done_fn done,
	void *context, struct credentials_query **handle)
{
	struct credentials_query *query;
	char *problem = NULL;
	int r;

	if (!is_domain(domain))
		return -EINVAL;
	query = calloc(1, sizeof(*query));
	if (!query)
		return -ENOMEM;
	query->credentials = credentials;
	query->done = done;
	query->context = context;
	r = look_up(query, domain, &problem);
	if (r < 0)
		answer_fail(&query->answer, r, problem);
	query_append(query);
	if (!query->run)
		wake(credentials);
	if (handle)
		*handle = query;
	return 0;
}

void credentials_cancel(struct credentials_query *query)
{
	struct run *run = query->run;

	query_unlink(query);
	query_free(query);
	if (run && !is_awaited(run)) {
		credential_helper_cancel(run->helper);
		run_free(run);
	}
}

/* The object. */

struct credentials *credentials_new(uv_loop_t *loop, const char *config_path)
{
	struct credentials *credentials = calloc(1, sizeof(*credentials));

	if (!credentials || !copy(&credentials->config.path, config_path)) {
		free(credentials);
		return NULL;
	}
	credentials->loop = loop;
	credentials->helper_ms = CREDENTIALS_HELPER_MS;
	credentials->keep_ms = CREDENTIALS_KEEP_MS;
	uv_timer_init(loop, &credentials->ready);
	uv_timer_init(loop, &credentials->expiry);
	uv_unref((uv_handle_t *)&credentials->expiry); /* no reason to go on running */
	credentials->ready.data = credentials->expiry.data = credentials;
	credentials->handles = 2;
	return credentials;
}

void credentials_set_limits(
	struct credentials *credentials, unsigned int helper_ms, unsigned int keep_ms)
{
	credentials->helper_ms = helper_ms;
	credentials->keep_ms = keep_ms;
}

static void on_closed(uv_handle_t *handle)
{
	struct credentials *credentials = handle->data;

	if (--credentials->handles == 0)
		free(credentials);
}

void credentials_free(struct credentials *credentials)
{
	if (!credentials)
		return;
	while (credentials->queries)
		credentials_cancel(credentials->queries);
	kept_drop_all(credentials);
	credential_config_clear(&credentials->config);
	uv_close((uv_handle_t *)&credentials->ready, on_closed);
	uv_close((uv_handle_t *)&credentials->expiry, on_closed);
}
