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
#include <systemd/sd-daemon.h>

#include "adoption.h"
#include "audit.h"
#include "audit_words.h"
#include "cgroups.h"
#include "direct.h"
#include "holder_process.h"
#include "judge.h"
#include "listener.h"
#include "log.h"
#include "maps_guarded.h"
#include "mediator_process.h"
#include "mediator_totals.h"
#include "metrics_service.h"
#include "paths.h"
#include "policy.h"
#include "problem.h"
#include "programs.h"
#include "protection.h"
#include "release.h"
#include "siblings.h"
#include "warden.h"
#include "warden_parts.h"

/* A mediator that dies at once must not keep the machine busy. */
#define RESTART_MIN_MS 100
#define RESTART_MAX_MS 10000

void warden_stop(struct warden *warden, int status)
{
	sd_notify(0, "STOPPING=1");
	warden->exit_status = status;
	uv_stop(&warden->loop);
}

/* Says it in the log and in the audit. */
void warden_note(struct warden *warden, const char *event, const char *text)
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

/*
 * Keeps from containers what is the host's alone, as it is now: other sockets, and what latch lives on.
 * Before that, who the host is.
 */
int warden_protect(struct warden *warden)
{
	const struct protection_paths paths = {
		.settings = warden->policy.settings->path,
		.audit = options_audit_log(warden->options),
		.audit_old = warden->options->audit_rotation.count,
		.socket = warden->options->socket,
		.programs = warden->options->directory,
		.siblings = &warden->options->siblings,
	};
	char *text = warden->unprotected;
	const size_t size = sizeof(warden->unprotected);
	const char *sibling = "";
	int r;

	text[0] = 0;
	r = trusted_apply(&warden->options->trusted, &warden->maps);
	if (r >= 0)
		r = siblings_guard(&warden->options->siblings, &warden->maps, &sibling);
	if (r < 0 && !sibling[0]) {
		snprintf(text, size, "cannot trust a cgroup: %s", strerror(-r));
	} else if (r < 0) {
		snprintf(text, size, "cannot close %s to containers: %s", sibling, strerror(-r));
	} else {
		r = protection_apply(&warden->maps, &paths);
		if (r >= 0)
			return 0;
		snprintf(text, size, "not all of latch's files are kept from containers: %s", strerror(-r));
	}
	if (warden->audit)
		warden_note(warden, "protection-failed", text);
	else
		log_error("%s", text);
	return r;
}

static int prepare_kernel(struct warden *warden, struct settings *settings)
{
	_cleanup_free_ char *problem = NULL;
	int r = programs_install(&problem);

	if (r < 0) {
		settings_free(settings);
		log_error("%s", problem_text(problem, r));
		return r;
	}
	r = maps_open(&warden->maps);
	if (!r)
		r = maps_mark_this_process(&warden->maps);
	if (!r)
		r = policy_start(&warden->policy, &warden->maps, TAKE_PTR(settings),
			warden->options->direct, warden->options->noting, &problem);
	settings_free(settings);
	if (!r)
		r = cgroups_tag_existing(&warden->maps);
	if (r >= 0 && warden_protect(warden) < 0)
		return -EIO; /* it has said so */
	if (r < 0)
		log_error("cannot fill the kernel's maps: %s", problem_text(problem, r));
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
	audit_mediator_ended(warden->audit);
	warden_note(warden, "mediator-ended", text);
	mediator_totals_end(&warden->totals);
	uv_timer_start(&warden->restart, on_restart, warden->restart_ms, 0);
	warden->restart_ms *= 2;
	if (warden->restart_ms > RESTART_MAX_MS)
		warden->restart_ms = RESTART_MAX_MS;
}

static void on_reply(const struct wire_reply *reply, void *context)
{
	struct warden *warden = context;

	warden->questions--;
	if (reply->status == -EACCES)
		decisions_access_refused(&warden->decisions, reply->access);
	mediator_process_reply(warden->mediator, reply);
}

static void take_figures(struct warden *warden, const struct wire_request *request)
{
	struct wire_figures figures;

	memcpy(&figures, request->text, sizeof(figures));
	mediator_totals_take(&warden->totals, &figures);
	decisions_host_passed(&warden->decisions, figures.host_passed);
}

static void on_message(const struct wire_request *request, void *context)
{
	struct warden *warden = context;

	/* It serves: the next end is a new one, not the same one again. */
	warden->restart_ms = RESTART_MIN_MS;
	switch (request->kind) {
	case WIRE_REPORT:
		decisions_report(&warden->decisions, request);
		audit_report(warden->audit, request);
		break;
	case WIRE_FIGURES:
		take_figures(warden, request);
		break;
	default:
		warden->questions++;
		judge_request(warden->judge, request, on_reply, warden);
	}
}

/* The engine. */

const char *warden_public_path(const struct warden *warden)
{
	return warden->direct ? direct_path(warden->direct) : adoption_path(warden->adoption);
}

bool warden_has_engine(const struct warden *warden)
{
	return warden->direct ? direct_has_engine(warden->direct) :
				adoption_has_engine(warden->adoption, NULL);
}

/* Direct, clients find nobody where no engine is; mediated, latch answers. */
static void note_engine(struct warden *warden, bool there)
{
	char text[512];

	if (there)
		snprintf(text, sizeof(text), "the engine at %s is %s", warden_public_path(warden),
			warden->direct ? "guarded now" : "behind latch now");
	else
		snprintf(text, sizeof(text), "no engine at %s%s", warden_public_path(warden),
			warden->direct ? "" : ": clients get 503 until it is started");
	warden_note(warden, there ? "adopted" : "engine-absent", text);
}

static void on_adoption(enum adoption_event event, const char *problem, void *context)
{
	struct warden *warden = context;
	struct stat engine;

	warden_protect(warden); /* the public path may have got another inode */
	switch (event) {
	case ADOPTION_ADOPTED:
		note_engine(warden, true);
		/* A mediator that cannot reach the new socket makes room for one that can. */
		if (warden->mediator && !lstat(LATCH_ENGINE_SOCKET, &engine))
			mediator_process_regroup(warden->mediator, engine.st_gid);
		break;
	case ADOPTION_ABSENT:
		note_engine(warden, false);
		break;
	case ADOPTION_PLANTED:
		warden_note(warden, "planted", problem);
		break;
	case ADOPTION_FAILED:
		warden_note(warden, "adoption-failed", problem);
		break;
	}
}

static void on_digests_changed(void *context)
{
	struct warden *warden = context;

	judge_again(warden->judge);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct warden *warden = signal->data;

	(void)number;
	warden_note(warden, "stopped",
		warden->direct ? "stopped by a signal; the kernel goes on deciding by itself" :
				 "stopped by a signal; the kernel goes on refusing, and clients wait");
	warden_stop(warden, 0);
}

/* To follow the engine's events must not start one that is to be started by a client. */
static int let_engine_sleep(struct warden *warden)
{
	int r = engine_let_sleep(warden->engine, warden_public_path(warden));

	if (r < 0)
		log_error("cannot follow the engine: %s", strerror(-r));
	return r;
}

/* Start and end. */

/* To whoever started it, if that asked to be told (NOTIFY_SOCKET): what is to wait for latch waits no more. */
static void say_ready(const struct warden *warden)
{
	sd_notifyf(0, "READY=1\nSTATUS=policy %s (%.12s), audit in %s", warden->policy.settings->path,
		warden->policy.settings->digest, warden->options->audit[0]);
}

/* What a container's own listener would say of containers and images decides nothing. */
static bool is_host_process(pid_t pid, const void *maps)
{
	return !cgroups_pid_is_contained(maps, pid);
}

static int start_judging(struct warden *warden)
{
	struct host_access_rules *rules;
	int r;

	warden->pool = fetch_pool_new(&warden->loop);
	if (!warden->pool)
		return -ENOMEM;
	warden->engine = engine_new(&warden->loop, warden->pool,
		warden->options->direct ? warden->options->socket : LATCH_ENGINE_SOCKET);
	if (!warden->engine)
		return -ENOMEM;
	engine_trust(warden->engine, is_host_process, &warden->maps);
	warden->grants = grants_new(&warden->loop, LATCH_GRANTS_FILE);
	if (!warden->grants)
		return -ENOMEM;
	warden->judge = judge_new(&warden->loop, &warden->maps, warden->engine, warden->audit, warden->grants,
		warden->options->newer_message, warden->options->noting);
	warden->registry = registry_new(&warden->loop, warden->pool, &warden->options->registry);
	if (!warden->judge || !warden->registry)
		return -ENOMEM;
	r = images_new(&warden->loop, warden->engine, warden->registry, warden->policy.settings,
		LATCH_DIGESTS_FILE, on_digests_changed, warden, &warden->images);
	if (r < 0)
		return r;
	r = host_access_rules_new(&warden->loop, warden->engine, warden->registry,
		warden->policy.settings, &rules);
	if (r < 0)
		return r;
	judge_use_host_access(warden->judge, rules);
	images_name_parents(warden->images, warden->options->newer_message);
	judge_use_images(warden->judge, warden->images);
	return engine_events_start(warden->engine, judge_engine_event, warden->judge);
}

/* latchd has the sockets as well: nothing was lost, as long as there is a new holder before it ends itself. */
static void on_holder_ended(const char *problem, void *context)
{
	struct warden *warden = context;
	char text[256];

	warden_protect(warden); /* the door of the new one */
	snprintf(text, sizeof(text), "the holder of latch's sockets ended; %s%s",
		problem[0] ? "no new one can be started, it is tried again: " : "a new one was started",
		problem);
	warden_note(warden, "holder-ended", text);
}

/* Mediated transport: latch's listener in the engine's place, and the mediator behind it. */
static int start_mediated(struct warden *warden)
{
	char mediator[PATH_MAX + 16], *holder = warden->holder_program;
	struct mediator_options options = {
		.program = mediator,
		.engine_socket = LATCH_ENGINE_SOCKET,
		.uid = warden->options->mediator_uid,
		.limits = warden->options->limits,
	};
	_cleanup_free_ char *problem = NULL;
	int r;

	snprintf(holder, sizeof(warden->holder_program), "%s/latch-holder", warden->options->directory);
	snprintf(mediator, sizeof(mediator), "%s/latch-mediator", warden->options->directory);
	r = listeners_get(holder, &warden->maps, &warden->listeners, &problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	if (warden->listeners.kept)
		log_info("took over the sockets of an earlier latchd");
	warden->holder = holder_watch_new(&warden->loop, holder, &warden->maps, &warden->listeners,
		on_holder_ended, warden);
	options.listener = warden->listeners.public;
	warden->mediator = mediator_process_new(&warden->loop, &warden->maps, &options, on_message,
		on_mediator_exit, warden);
	if (!warden->mediator || !warden->holder) {
		log_error("out of memory");
		return -ENOMEM;
	}
	r = adoption_new(&warden->loop, &warden->maps, warden->options->socket, on_adoption, warden,
		&warden->adoption, &problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	r = warden_serve_control(warden);
	if (!r)
		start_mediator(warden);
	return r;
}

/* The control socket of a direct latchd dies with it, and its entry would stay with every start. */
static void forget_control(struct warden *warden)
{
	struct latch_inode inode;
	struct stat status;

	if (lstat(LATCH_CONTROL_SOCKET, &status))
		return;
	inode = maps_inode_of(&status);
	maps_unguard(&warden->maps, &inode);
}

/* Direct transport: the engine's socket where it is, and nobody behind or in front of it. */
static int start_direct(struct warden *warden)
{
	_cleanup_free_ char *problem = NULL;
	int r = direct_new(&warden->loop, &warden->maps, warden->options->socket, on_adoption, warden,
		&warden->direct, &problem);
	forget_control(warden);
	if (!r)
		r = listeners_get_control(&warden->listeners, &problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	return warden_serve_control(warden);
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
	warden_follow_hangup(warden);
}

static void note_start(struct warden *warden)
{
	char text[PATH_MAX + 160];

	snprintf(text, sizeof(text), "latchd " LATCH_VERSION " started: policy %s from %s, mode %s, "
		 "transport %s", warden->policy.settings->digest, warden->policy.settings->path,
		audit_mode_name(policy_mode(&warden->policy, warden->policy.settings)),
		warden->options->direct ? "direct" : "mediated");
	audit_note(warden->audit, "started", text);
}

/* Takes `settings`. */
static int start(struct warden *warden, struct settings *settings)
{
	const struct audit_log_options audit = {
		.sinks = warden->options->audit,
		.rotation = warden->options->audit_rotation,
		.sequence = LATCH_SEQUENCE,
		.users = "/etc/passwd",
	};
	_cleanup_free_ char *problem = NULL;
	int r;

	r = take_lock(warden);
	/* Before the policy in the kernel is touched: a refused start changes nothing. */
	if (!r && warden->options->direct) {
		r = direct_check(&problem);
		if (r < 0)
			log_error("%s", problem_text(problem, r));
	}
	if (r < 0) {
		settings_free(settings);
		return r;
	}
	r = prepare_kernel(warden, settings);
	if (r < 0)
		return r;
	r = audit_new(&warden->loop, &warden->maps, &audit, warden->options->noting, &warden->audit,
		&problem);
	if (r < 0) {
		log_error("%s", problem_text(problem, r));
		return r;
	}
	audit_count_into(warden->audit, &warden->decisions);
	audit_set_policy(warden->audit, warden->policy.settings->digest);
	note_start(warden);
	r = start_judging(warden);
	if (r < 0) {
		log_error("cannot begin to judge images: %s", strerror(-r));
		return r;
	}
	r = warden->options->direct ? start_direct(warden) : start_mediated(warden);
	if (!r)
		r = let_engine_sleep(warden);
	if (!r)
		warden->metrics = metrics_service_new(&warden->loop, &warden->maps,
			&warden->options->metrics, warden_metrics_page, warden);
	/* Once more: there are sockets and files of its own that were not there before. */
	return r < 0 ? r : warden_protect(warden);
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
	metrics_service_free(warden->metrics);
	holder_watch_free(warden->holder);
	mediator_process_free(warden->mediator);
	adoption_free(warden->adoption);
	direct_free(warden->direct);
	images_free(warden->images);
	if (warden->judge)
		judge_use_host_access(warden->judge, NULL);
	registry_free(warden->registry);
	engine_free(warden->engine);
	judge_free(warden->judge);
	grants_free(warden->grants);
	fetch_pool_free(warden->pool);
	audit_free(warden->audit);
	if (warden->restart.data) {
		uv_close((uv_handle_t *)&warden->restart, NULL);
		uv_close((uv_handle_t *)&warden->terminate, NULL);
		uv_close((uv_handle_t *)&warden->interrupt, NULL);
	}
	if (warden->hangup_poll.data)
		uv_close((uv_handle_t *)&warden->hangup_poll, NULL);
	uv_run(&warden->loop, UV_RUN_DEFAULT);
	uv_walk(&warden->loop, close_walk, NULL);
	uv_run(&warden->loop, UV_RUN_DEFAULT);
	uv_loop_close(&warden->loop);
	listeners_close(&warden->listeners);
	policy_clear(&warden->policy);
	maps_close(&warden->maps);
	if (warden->hangup >= 0)
		close(warden->hangup);
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

int warden_run(const struct options *options, struct settings *settings)
{
	struct warden warden = { .options = options, .hangup = -1,
		.listeners = { .public = -1, .control = -1, .holder = -1 } };
	struct timespec now;
	int r;

	signal(SIGPIPE, SIG_IGN);
	clock_gettime(CLOCK_REALTIME, &now);
	warden.started = now.tv_sec + now.tv_nsec / 1e9;
	uv_loop_init(&warden.loop);
	watch_signals(&warden);
	warden_say_policy(options, settings);
	r = start(&warden, settings);
	if (!r) {
		log_info("policy %s (%.12s), audit in %s", warden.policy.settings->path,
			warden.policy.settings->digest, options->audit[0]);
		say_ready(&warden);
		uv_run(&warden.loop, UV_RUN_DEFAULT);
	}
	end(&warden);
	if (r < 0)
		return 1;
	if (warden.releasing)
		release(&warden);
	return warden.exit_status;
}
