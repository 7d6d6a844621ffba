// SPDX-License-Identifier: Apache-2.0
/*
 * The writing runs in a thread of libuv's pool; it alone touches the value meanwhile.
 */
#include <stdio.h>

#include "log.h"
#include "saver.h"
#include "store.h"
#include "util.h"

struct saver {
	uv_loop_t *loop;
	uv_work_t work;
	char *path, *what;
	int version;
	json_t *writing; /* the thread's; NULL: none runs */
	json_t *next;
	int result;
	bool failed; /* said already */
	bool closing;
};

static void destroy(struct saver *saver)
{
	free(saver->path);
	free(saver->what);
	free(saver);
}

static void begin(struct saver *saver);

static void report(struct saver *saver)
{
	if (saver->result < 0 && !saver->failed)
		log_error("cannot write %s: %s; what latch knows is lost with a restart until it can",
			saver->path, strerror(-saver->result));
	saver->failed = saver->result < 0;
}

static void on_work(uv_work_t *work)
{
	struct saver *saver = work->data;

	saver->result = store_write(saver->path, saver->what, saver->version, saver->writing);
}

static void on_done(uv_work_t *work, int status)
{
	struct saver *saver = work->data;

	(void)status;
	json_decref(TAKE_PTR(saver->writing));
	report(saver);
	begin(saver);
	if (saver->closing && !saver->writing)
		destroy(saver);
}

/* Here and now: when no thread can be had, or nobody will run the loop any more. */
static void write_now(struct saver *saver)
{
	on_work(&saver->work);
	json_decref(TAKE_PTR(saver->writing));
	report(saver);
}

static void begin(struct saver *saver)
{
	if (saver->writing || !saver->next)
		return;
	saver->writing = TAKE_PTR(saver->next);
	if (saver->closing || uv_queue_work(saver->loop, &saver->work, on_work, on_done))
		write_now(saver);
}

void saver_save(struct saver *saver, json_t *value)
{
	if (!value)
		return; /* no memory for it: the next one will be written */
	json_decref(saver->next);
	saver->next = value;
	begin(saver);
}

struct saver *saver_new(uv_loop_t *loop, const char *path, const char *what, int version)
{
	struct saver *saver = calloc(1, sizeof(*saver));

	if (!saver)
		return NULL;
	saver->loop = loop;
	saver->path = strdup(path);
	saver->what = strdup(what);
	saver->version = version;
	saver->work.data = saver;
	if (saver->path && saver->what)
		return saver;
	destroy(saver);
	return NULL;
}

void saver_free(struct saver *saver)
{
	if (!saver)
		return;
	saver->closing = true;
	begin(saver);
	if (!saver->writing)
		destroy(saver);
}
