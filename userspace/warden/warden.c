// SPDX-License-Identifier: Apache-2.0
/*
 * The order of things. Programs into the kernel, then the policy into their maps, then a tag on
 * every container that is there, then the listener, then the engine's socket out of the way, and
 * only then clients. What fails before that ends latchd; what fails later is said, audited and
 * tried again, with the gate shut.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "adoption.h"
#include "audit.h"
#include "cgroups.h"
#include "command.h"
#include "control.h"
#include "judge.h"
#include "listener.h"
#include "log.h"
#include "mediator_process.h"
#include "paths.h"
#include "problem.h"
#include "programs.h"
#include "release.h"
#include "status.h"
#include "warden.h"

/* A mediator that dies at once must not keep the machine busy. */
#define RESTART_MIN_MS 100
#define RESTART_MAX_MS 10000

struct warden {
	const struct options *options;
	const struct settings *settings;
	uv_loop_t loop;
	int lock;
	struct listeners listeners;
	struct maps maps;
	struct audit *audit;
	struct fetch_pool *pool;
	struct engine *engine;
	struct images *images;
	struct judge *judge;
	struct mediator_process *mediator;
	struct adoption *adoption;
	struct control *control;
	uv_timer_t restart;
	unsigned int restart_ms;
	uv_signal_t terminate, interrupt;
	bool releasing;
	int exit_status;
};

static void stop(struct warden *warden, int status)
{
	warden->exit_status = status;
	uv_stop(&warden->loop);
}

/* Says it in the log and in the audit. */
static void note(struct warden *warden, const char *event, const char *text)
{
	log_info("%s", text);
	audit_note(warden->audit, event, text);
}

/* The kernel. */

static int take_lock(struct warden *warden)
{
	if (mkdir(LATCH_RUN_DIR, 0711) && errno != EEXIST) {
		log_error("cannot make " LATCH_RUN_DIR ": %m");
		return -errno;
	}
	/* The mediator must pass through, nobody else must write. */
	if (chmod(LATCH_RUN_DIR, 0711) || chown(LATCH_RUN_DIR, 0, 0))
		log_warning("cannot set the mode of " LATCH_RUN_DIR ": %m");
	warden->lock = open(LATCH_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (warden->lock < 0 || flock(warden->lock, LOCK_EX | LOCK_NB)) {
		log_error(errno == EWOULDBLOCK ?
				  "another latchd is running already (it holds " LATCH_LOCK "); `latchctl "
				  "status` shows it" :
				  "cannot lock " LATCH_LOCK ": %m");
		return -errno;
	}
	return 0;
}

static int mark_self(struct warden *warden)
{
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	return pidfd < 0 ? -errno : maps_mark_self(&warden->maps, pidfd);
}

static int write_policy(struct warden *warden)
{
	unsigned char verdicts[ROUTE_COUNT];
	struct latch_state state;
	char problem[256];
	int r;

	if (commandlist_compile(&warden->settings->commands, verdicts, problem, sizeof(problem))) {
		log_error("%s: %s", warden->settings->path, problem);
		return -EINVAL;
	}
	r = maps_set_verdicts(&warden->maps, verdicts, ROUTE_COUNT);
	if (!r)
		r = maps_get_state(&warden->maps, &state);
	if (r < 0)
		return r;
	state.mode = warden->settings->enabled ? LATCH_MODE_ENFORCE : LATCH_MODE_OFF;
	state.owner_pid = getpid();
	return maps_set_state(&warden->maps, &state);
}

static int prepare_kernel(struct warden *warden)
{
	_cleanup_free_ char *problem = NULL;
	int r = programs_install(&problem);

	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	r = maps_open(&warden->maps);
	if (!r)
		r = mark_self(warden);
	if (!r)
		r = write_policy(warden);
	if (!r)
		r = cgroups_tag_existing(&warden->maps);
	if (r < 0)
		log_error("cannot fill the kernel's maps: %s", strerror(-r));
	else if (r > 0)
		log_info("%d containers were running before latch: contained until judged", r);
	return r < 0 ? r : 0;
}

/* The mediator. */

static void on_restart(uv_timer_t *timer);

static void start_mediator(struct warden *warden)
{
	struct stat engine;
	/* Without an engine there is no group to be in: it has nothing to do but answer 503. */
	bool known = adoption_has_engine(warden->adoption, &engine);
	gid_t group = known ? engine.st_gid : warden->options->mediator_uid;
	int r = mediator_process_start(warden->mediator, group);

	if (r < 0) {
		log_error("cannot start the mediator: %s; clients wait until it works",
			strerror(-r));
		uv_timer_start(&warden->restart, on_restart, RESTART_MAX_MS, 0);
	}
}

static void on_restart(uv_timer_t *timer)
{
	start_mediator(timer->data);
}

static void on_mediator_exit(const char *how, void *context)
{
	struct warden *warden = context;
	char text[160];

	snprintf(text, sizeof(text), "the mediator ended (%s); started again in %u ms", how,
		warden->restart_ms);
	note(warden, "mediator-ended", text);
	uv_timer_start(&warden->restart, on_restart, warden->restart_ms, 0);
	warden->restart_ms *= 2;
	if (warden->restart_ms > RESTART_MAX_MS)
		warden->restart_ms = RESTART_MAX_MS;
}

static void on_reply(const struct wire_reply *reply, void *context)
{
	struct warden *warden = context;

	mediator_process_reply(warden->mediator, reply);
}

static void on_message(const struct wire_request *request, void *context)
{
	struct warden *warden = context;

	/* It serves: the next end is a new one, not the same one again. */
	warden->restart_ms = RESTART_MIN_MS;
	if (request->kind == WIRE_REPORT)
		audit_report(warden->audit, request);
	else
		judge_request(warden->judge, request, on_reply, warden);
}

/* The engine. */

static void on_adoption(enum adoption_event event, const char *problem, void *context)
{
	struct warden *warden = context;
	struct stat engine;
	char text[512];

	switch (event) {
	case ADOPTION_ADOPTED:
		snprintf(text, sizeof(text), "the engine at %s is behind latch now",
			adoption_path(warden->adoption));
		note(warden, "adopted", text);
		/* A mediator that cannot reach the new socket makes room for one that can. */
		if (!lstat(LATCH_ENGINE_SOCKET, &engine))
			mediator_process_regroup(warden->mediator, engine.st_gid);
		break;
	case ADOPTION_ABSENT:
		snprintf(text, sizeof(text), "no engine at %s: clients get 503 until it is started",
			adoption_path(warden->adoption));
		note(warden, "engine-absent", text);
		break;
	case ADOPTION_PLANTED:
		note(warden, "planted", problem);
		break;
	case ADOPTION_FAILED:
		note(warden, "adoption-failed", problem);
		break;
	}
}

static void on_digests_changed(void *context)
{
	struct warden *warden = context;

	judge_running(warden->judge);
}

/* The control socket. */

static json_t *on_command(const char *command, void *context)
{
	struct warden *warden = context;

	if (!strcmp(command, "status")) {
		const struct status_sources sources = {
			.settings = warden->settings,
			.maps = &warden->maps,
			.images = warden->images,
			.audit = warden->audit,
			.socket = adoption_path(warden->adoption),
			.engine = adoption_has_engine(warden->adoption, NULL),
			.mediator = mediator_process_pid(warden->mediator),
		};

		return status_object(&sources);
	}
	if (!strcmp(command, "release")) {
		note(warden, "release", "released by latchctl");
		warden->releasing = true;
		stop(warden, 0);
		return json_pack("{s:b}", "ok", 1);
	}
	return json_pack("{s:s}", "error", "unknown command");
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct warden *warden = signal->data;

	(void)number;
	note(warden, "stopped", "stopped by a signal; the kernel goes on refusing, and clients wait");
	stop(warden, 0);
}

/* Start and end. */

static int start_judging(struct warden *warden)
{
	int r;

	warden->pool = fetch_pool_new(&warden->loop);
	if (!warden->pool)
		return -ENOMEM;
	warden->engine = engine_new(&warden->loop, warden->pool, LATCH_ENGINE_SOCKET);
	if (!warden->engine)
		return -ENOMEM;
	warden->judge = judge_new(&warden->maps, warden->engine, warden->audit);
	if (!warden->judge)
		return -ENOMEM;
	r = images_new(&warden->loop, warden->pool, warden->engine, warden->settings,
		on_digests_changed, warden, &warden->images);
	if (r < 0)
		return r;
	judge_use_images(warden->judge, warden->images);
	return engine_events_start(warden->engine, judge_engine_event, warden->judge);
}

static int start_listening(struct warden *warden, const char *holder, const char *mediator)
{
	struct mediator_options options = {
		.program = mediator,
		.engine_socket = LATCH_ENGINE_SOCKET,
		.uid = warden->options->mediator_uid,
	};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = listeners_get(holder, &warden->listeners, &problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	if (warden->listeners.kept)
		log_info("took over the sockets of an earlier latchd");
	options.listener = warden->listeners.public;
	warden->mediator = mediator_process_new(&warden->loop, &warden->maps, &options, on_message,
		on_mediator_exit, warden);
	if (!warden->mediator) {
		log_error("out of memory");
		return -ENOMEM;
	}
	r = adoption_new(&warden->loop, &warden->maps, warden->options->socket, on_adoption, warden,
		&warden->adoption, &problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	r = control_new(&warden->loop, &warden->maps, TAKE_FD(warden->listeners.control),
		on_command, warden, &warden->control);
	if (r < 0)
		log_error("cannot serve " LATCH_CONTROL_SOCKET ": %s", strerror(-r));
	return r;
}

static void watch_signals(struct warden *warden)
{
	uv_signal_init(&warden->loop, &warden->terminate);
	uv_signal_init(&warden->loop, &warden->interrupt);
	warden->terminate.data = warden->interrupt.data = warden;
	uv_signal_start(&warden->terminate, on_signal, SIGTERM);
	uv_signal_start(&warden->interrupt, on_signal, SIGINT);
	uv_timer_init(&warden->loop, &warden->restart);
	warden->restart.data = warden;
	warden->restart_ms = RESTART_MIN_MS;
}

static int start(struct warden *warden)
{
	char holder[PATH_MAX + 16], mediator[PATH_MAX + 16];
	_cleanup_free_ char *problem = NULL;
	int r;

	snprintf(holder, sizeof(holder), "%s/latch-holder", warden->options->directory);
	snprintf(mediator, sizeof(mediator), "%s/latch-mediator", warden->options->directory);
	r = take_lock(warden);
	if (!r)
		r = prepare_kernel(warden);
	if (r < 0)
		return r;
	r = audit_new(&warden->loop, &warden->maps, warden->options->audit, &warden->audit, &problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	r = start_judging(warden);
	if (r < 0) {
		log_error("cannot begin to judge images: %s", strerror(-r));
		return r;
	}
	r = start_listening(warden, holder, mediator);
	if (r < 0)
		return r;
	start_mediator(warden);
	return 0;
}

static void close_walk(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void end(struct warden *warden)
{
	control_free(warden->control);
	mediator_process_free(warden->mediator);
	adoption_free(warden->adoption);
	images_free(warden->images);
	engine_free(warden->engine);
	fetch_pool_free(warden->pool);
	audit_free(warden->audit);
	if (warden->restart.data) {
		uv_close((uv_handle_t *)&warden->restart, NULL);
		uv_close((uv_handle_t *)&warden->terminate, NULL);
		uv_close((uv_handle_t *)&warden->interrupt, NULL);
	}
	uv_run(&warden->loop, UV_RUN_DEFAULT);
	uv_walk(&warden->loop, close_walk, NULL);
	uv_run(&warden->loop, UV_RUN_DEFAULT);
	uv_loop_close(&warden->loop);
	judge_free(warden->judge);
	listeners_close(&warden->listeners);
	maps_close(&warden->maps);
}

static void release(struct warden *warden)
{
	_cleanup_free_ char *problem = NULL;
	int r = release_everything(&problem);

	if (r < 0) {
		log_error("release: %s", problem_text(problem, r));
		warden->exit_status = 1;
	}
}

static void say_policy(const struct settings *settings)
{
	for (size_t i = 0; i < settings->warning_count; i++)
		log_warning("%s", settings->warnings[i]);
	if (!settings->enabled)
		log_warning("%s: enhancedContainerIsolation.value is false: containers are tagged, "
			    "and nothing is refused", settings->path);
}

int warden_run(const struct options *options, const struct settings *settings)
{
	struct warden warden = { .options = options, .settings = settings,
		.listeners = { .public = -1, .control = -1 } };
	int r;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&warden.loop);
	watch_signals(&warden);
	say_policy(settings);
	r = start(&warden);
	if (!r) {
		log_info("policy %s (%.12s), audit in %s", settings->path, settings->digest,
			options->audit);
		uv_run(&warden.loop, UV_RUN_DEFAULT);
	}
	end(&warden);
	if (r < 0)
		return 1;
	if (warden.releasing)
		release(&warden);
	return warden.exit_status;
}
