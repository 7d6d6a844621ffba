// SPDX-License-Identifier: Apache-2.0
/*
 * A thread that waits for such a file cannot be ended; a process can, by SIGKILL, which ends the waits for FUSE
 * and NFS too. One that is not even ended by that is waited for without holding anybody up.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "looks.h"
#include "util.h"

#define PATIENCE_MS 5000
#define REAP_MS	    100
#define MOST	    256 /* at a time */

struct look {
	struct looks *looks;
	struct look *next;
	pid_t child;
	int result;	 /* a pipe that the child writes an int to; -1: it is over */
	uv_poll_t told;	 /* on that */
	uv_timer_t timer; /* until its time is over; from then on, until it is reaped */
	unsigned int handles;
	look_done_fn done;
	void *context;
};

struct looks {
	uv_loop_t *loop;
	struct look *first;
	unsigned int count;
	bool over;
};

struct looks *looks_new(uv_loop_t *loop)
{
	struct looks *looks = calloc(1, sizeof(*looks));

	if (looks)
		looks->loop = loop;
	return looks;
}

static void forget(struct look *look)
{
	struct looks *looks = look->looks;
	struct look **at = &looks->first;

	while (*at != look)
		at = &(*at)->next;
	*at = look->next;
	free(look);
	if (--looks->count == 0 && looks->over)
		free(looks);
}

static void on_closed(uv_handle_t *handle)
{
	struct look *look = handle->data;

	if (--look->handles == 0)
		forget(look);
}

static void reap(struct look *look)
{
	/* When all is over whoever adopts it reaps it. */
	if (waitpid(look->child, NULL, WNOHANG) || look->looks->over)
		uv_close((uv_handle_t *)&look->timer, on_closed);
}

static void on_reap(uv_timer_t *timer)
{
	reap(timer->data);
}

static void end(struct look *look, int result)
{
	kill(look->child, SIGKILL); /* it is not reaped: the number is still its own */
	uv_close((uv_handle_t *)&look->told, on_closed);
	close(look->result);
	look->result = -1;
	uv_timer_start(&look->timer, on_reap, REAP_MS, REAP_MS);
	reap(look);
	look->done(result, look->context);
}

static void on_told(uv_poll_t *poll, int status, int events)
{
	struct look *look = poll->data;
	int result;

	(void)events;
	if (status < 0 || read(look->result, &result, sizeof(result)) != sizeof(result))
		result = -EIO; /* it ended without a word */
	end(look, result);
}

static void on_time(uv_timer_t *timer)
{
	end(timer->data, -ETIMEDOUT);
}

void looks_free(struct looks *looks)
{
	struct look *next;

	if (!looks)
		return;
	looks->over = true;
	if (!looks->first) {
		free(looks);
		return;
	}
	for (struct look *look = looks->first; look; look = next) {
		next = look->next;
		if (look->result >= 0)
			end(look, -ECANCELED);
		else if (!uv_is_closing((uv_handle_t *)&look->timer))
			reap(look);
	}
}

static void run_child(look_fn look, const void *what, int result)
{
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = look(what);
	(void)!write(result, &r, sizeof(r));
	_exit(0);
}

/* Signals stay blocked in the child: their handlers write into the loop's own pipe. */
static pid_t fork_quietly(void)
{
	sigset_t all, before;
	pid_t child;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	child = fork();
	if (child < 0)
		child = -errno;
	if (child)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return child;
}

int looks_begin(struct looks *looks, look_fn look, const void *what, look_done_fn done, void *context)
{
	struct look *new;
	int ends[2], r;

	if (looks->count >= MOST)
		return -EAGAIN;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC)) {
		r = -errno;
		free(new);
		return r;
	}
	new->child = fork_quietly();
	if (new->child == 0)
		run_child(look, what, ends[1]);
	close(ends[1]);
	if (new->child < 0) {
		r = new->child;
		close(ends[0]);
		free(new);
		return r;
	}
	r = uv_poll_init(looks->loop, &new->told, ends[0]);
	if (r < 0) {
		kill(new->child, SIGKILL);
		waitpid(new->child, NULL, 0);
		close(ends[0]);
		free(new);
		return r;
	}
	new->looks = looks;
	new->result = ends[0];
	new->done = done;
	new->context = context;
	new->handles = 2;
	new->next = looks->first;
	looks->first = new;
	looks->count++;
	uv_timer_init(looks->loop, &new->timer);
	new->told.data = new->timer.data = new;
	uv_poll_start(&new->told, UV_READABLE, on_told);
	uv_timer_start(&new->timer, on_time, PATIENCE_MS, 0);
	return 0;
}
