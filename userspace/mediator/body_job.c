// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "body_job.h"
#include "client.h"

struct body_job {
	uv_work_t work;
	struct body_job *next;
	struct body_job **link; /* who points here */
	struct client *client;	/* NULL: abandoned */
	struct latch_conn label;
	bool labelled;
	size_t size; /* of the text */
	int route;
	struct buffer text;
	body_job_done done;
	/* What comes out. */
	int r;
	struct request_body body;
	const char *problem;
};

static void run_nothing(uv_work_t *work)
{
	(void)work;
}

static void on_run(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

/* libuv makes its threads when the first work is there, and not before. */
int body_job_prepare(uv_loop_t *loop)
{
	uv_work_t work;
	int r = uv_queue_work(loop, &work, run_nothing, on_run);

	if (r < 0)
		return r;
	return uv_run(loop, UV_RUN_DEFAULT) ? -EBUSY : 0;
}

/* In the thread of the pool: nothing but the job is touched. */
static void parse(uv_work_t *work)
{
	struct body_job *job = work->data;

	job->r = request_body_parse(job->route, &job->text, &job->body, &job->problem);
}

static void on_parsed(uv_work_t *work, int status)
{
	struct body_job *job = work->data;

	(void)status; /* nothing is cancelled */
	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
	if (job->client)
		job->done(job->client, job->r, &job->body, job->problem);
	else if (job->r == 0)
		request_body_free(&job->body);
	free(job);
}

struct body_job *body_job_start(
	struct client *client, int route, struct buffer *text, body_job_done done)
{
	struct mediator *mediator = client->mediator;
	struct body_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	*job = (struct body_job){.client = client, .size = text->length, .route = route,
		.text = *text, .done = done, .labelled = client->labelled};
	if (client->labelled)
		job->label = client->label;
	job->work.data = job;
	if (uv_queue_work(&mediator->loop, &job->work, parse, on_parsed) < 0) {
		free(job);
		return NULL;
	}
	*text = (struct buffer){.limit = text->limit};
	job->next = mediator->jobs;
	job->link = &mediator->jobs;
	if (job->next)
		job->next->link = &job->next;
	mediator->jobs = job;
	return job;
}

void body_job_abandon(struct body_job *job)
{
	job->client = NULL;
}

const struct body_job *body_job_abandoned(
	const struct body_job *job, struct body_job_holding *holding)
{
	while (job && job->client)
		job = job->next;
	if (job)
		*holding = (struct body_job_holding){job->labelled ? &job->label : NULL, job->size};
	return job;
}

const struct body_job *body_job_next(const struct body_job *job)
{
	return job->next;
}
