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
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "adoption.h"
#include "audit.h"
#include "cgroups.h"
#include "command.h"
#include "control.h"
#include "direct.h"
#include "judge.h"
#include "listener.h"
#include "log.h"
#include "mediator_process.h"
#include "paths.h"
#include "policy.h"
#include "problem.h"
#include "programs.h"
#include "protection.h"
#include "release.h"
#include "siblings.h"
#include "status.h"
#include "warden.h"

/* A mediator that dies at once must not keep the machine busy. */
#define RESTART_MIN_MS 100
#define RESTART_MAX_MS 10000

struct warden {
	const struct options *options;
	struct policy policy;
	uv_loop_t loop;
	int lock;
	struct listeners listeners;
	struct maps maps;
	struct audit *audit;
	struct fetch_pool *pool;
	struct engine *engine;
	struct registry *registry;
	struct images *images;
	struct grants *grants;
	struct judge *judge;
	struct mediator_process *mediator;
	struct adoption *adoption; /* mediated transport */
	struct direct *direct;	   /* direct transport; the other one is NULL */
	struct control *control;
	uv_timer_t restart;
	unsigned int restart_ms;
	uv_signal_t terminate, interrupt;
	int hangup; /* a signalfd for SIGHUP, or -1 */
	uv_poll_t hangup_poll;
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

/* Keeps from containers what is the host's alone, as it is now: other sockets, and what latch lives on. */
static int protect(struct warden *warden)
{
	const struct protection_paths paths = {
		.settings = warden->policy.settings->path,
		.audit = warden->options->audit,
		.socket = warden->options->socket,
		.programs = warden->options->directory,
		.siblings = &warden->options->siblings,
	};
	const char *sibling = "";
	char text[PATH_MAX + 160];
	int r;

	r = siblings_guard(&warden->options->siblings, &warden->maps, &sibling);
	if (r < 0) {
		snprintf(text, sizeof(text), "cannot close %s to containers: %s", sibling, strerror(-r));
	} else {
		r = protection_apply(&warden->maps, &paths);
		if (r >= 0)
			return 0;
		snprintf(text, sizeof(text), "not all of latch's files are kept from containers: %s",
			strerror(-r));
	}
	if (warden->audit)
		note(warden, "protection-failed", text);
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
			warden->options->direct, &problem);
	settings_free(settings);
	if (!r)
		r = cgroups_tag_existing(&warden->maps);
	if (r >= 0 && protect(warden) < 0)
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

static const char *public_path(const struct warden *warden)
{
	return warden->direct ? direct_path(warden->direct) : adoption_path(warden->adoption);
}

/* Direct, clients find nobody where no engine is; mediated, latch answers. */
static void note_engine(struct warden *warden, bool there)
{
	char text[512];

	if (there)
		snprintf(text, sizeof(text), "the engine at %s is %s", public_path(warden),
			warden->direct ? "guarded now" : "behind latch now");
	else
		snprintf(text, sizeof(text), "no engine at %s%s", public_path(warden),
			warden->direct ? "" : ": clients get 503 until it is started");
	note(warden, there ? "adopted" : "engine-absent", text);
}

static void on_adoption(enum adoption_event event, const char *problem, void *context)
{
	struct warden *warden = context;
	struct stat engine;

	protect(warden); /* the public path may have got another inode */
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

	judge_again(warden->judge);
}

/* The policy. */

static void say_policy(const struct settings *settings)
{
	for (size_t i = 0; i < settings->warning_count; i++)
		log_warning("%s", settings->warnings[i]);
	if (!settings->enabled)
		log_warning("%s: enhancedContainerIsolation.value is false: containers are tagged, "
			    "and nothing is refused", settings->path);
}

static void say_lines(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_error("%s", line);
}

/* Puts the settings file into force as it is now. Returns 0, or a negative errno: then nothing changed. */
static int reload(struct warden *warden)
{
	const struct policy_parts parts = { &warden->maps, warden->images, warden->judge,
		&warden->loop, warden->engine, warden->registry };
	struct policy *policy = &warden->policy;
	uint32_t generation = policy->generation;
	char digest[sizeof(policy->settings->digest)], text[1024];
	int r;

	COPY_STRING(digest, policy->settings->digest);
	r = policy_reload(policy, &parts);
	if (r < 0) {
		say_lines(policy->problem);
		snprintf(text, sizeof(text), "policy %s stays in force (generation %u): %s", digest,
			generation, policy->problem);
		note(warden, "reload-failed", text);
		return r;
	}
	say_policy(policy->settings);
	protect(warden);
	snprintf(text, sizeof(text),
		"policy %s (generation %u) replaced by %s (generation %u) from %s, mode %s", digest,
		generation, policy->settings->digest, policy->generation, policy->settings->path,
		policy->settings->enabled ? "enforce" : "off");
	note(warden, "reload", text);
	return 0;
}

static json_t *reload_answer(struct warden *warden)
{
	const struct policy *policy = &warden->policy;
	json_t *warnings;

	if (reload(warden) < 0)
		return json_pack("{s:s}", "error", policy->problem);
	warnings = json_array();
	for (size_t i = 0; i < policy->settings->warning_count; i++)
		json_array_append_new(warnings, json_string(policy->settings->warnings[i]));
	return json_pack("{s:s, s:s, s:i, s:o}", "file", policy->settings->path, "sha256",
		policy->settings->digest, "generation", (int)policy->generation, "warnings",
		warnings);
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
	struct warden *warden = poll->data;
	struct signalfd_siginfo signal;

	(void)events;
	/* Any number of hang-ups that came meanwhile are one. */
	if (status >= 0 && read(warden->hangup, &signal, sizeof(signal)) == sizeof(signal))
		reload(warden);
}

/* The control socket. */

static json_t *status_answer(struct warden *warden)
{
	const struct status_sources sources = {
		.policy = &warden->policy,
		.maps = &warden->maps,
		.images = warden->images,
		.audit = warden->audit,
		.socket = public_path(warden),
		.direct = warden->direct != NULL,
		.engine = warden->direct ? direct_has_engine(warden->direct) :
					   adoption_has_engine(warden->adoption, NULL),
		.mediator = warden->mediator ? mediator_process_pid(warden->mediator) : 0,
	};

	return status_object(&sources);
}

/* A question of latchctl's about an image. */
struct image_question {
	struct control_session *session;
	char image[CONTROL_LINE_SIZE];
};

static void on_image_judged(const struct images_verdict *verdict, void *context)
{
	static const char *const outcomes[] = {
		[IMAGES_ALLOWED] = "allowed",
		[IMAGES_DENIED] = "denied",
		[IMAGES_NOT_LOCAL] = "unknown",
		[IMAGES_ERROR] = "unknown",
	};
	struct image_question *question = context;

	control_answer(question->session,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "image", question->image, "id",
			verdict->image_id, "verdict", outcomes[verdict->outcome], "reason",
			images_reason_name(verdict->reason), "entry", verdict->entry, "parent",
			verdict->parent, "text", verdict->text));
	free(question);
}

static void explain_image(
	struct warden *warden, const char *image, struct control_session *session)
{
	struct image_question *question = calloc(1, sizeof(*question));

	if (question) {
		question->session = session;
		COPY_STRING(question->image, image);
	}
	if (!question || images_judge(warden->images, image, IMAGES_REVALIDATE, on_image_judged,
				 question) < 0) {
		free(question);
		control_answer(session, json_pack("{s:s}", "error", "latchd cannot judge it now"));
	}
}

static void on_command(const char *command, struct control_session *session, void *context)
{
	struct warden *warden = context;

	if (!strcmp(command, "status")) {
		control_answer(session, status_answer(warden));
	} else if (!strcmp(command, "reload")) {
		control_answer(session, reload_answer(warden));
	} else if (!strcmp(command, "release")) {
		note(warden, "release", "released by latchctl");
		warden->releasing = true;
		control_answer(session, json_pack("{s:b}", "ok", 1));
		stop(warden, 0);
	} else if (!strncmp(command, CONTROL_IMAGE, strlen(CONTROL_IMAGE))) {
		explain_image(warden, command + strlen(CONTROL_IMAGE), session);
	} else {
		control_answer(session, json_pack("{s:s}", "error", "unknown command"));
	}
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct warden *warden = signal->data;

	(void)number;
	note(warden, "stopped",
		warden->direct ? "stopped by a signal; the kernel goes on deciding by itself" :
				 "stopped by a signal; the kernel goes on refusing, and clients wait");
	stop(warden, 0);
}

/* Start and end. */

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
	warden->judge = judge_new(&warden->maps, warden->engine, warden->audit, warden->grants,
		warden->options->newer_message);
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

static int serve_control(struct warden *warden)
{
	int r = control_new(&warden->loop, &warden->maps, TAKE_FD(warden->listeners.control),
		on_command, warden, &warden->control);

	if (r < 0)
		log_error("cannot serve " LATCH_CONTROL_SOCKET ": %s", strerror(-r));
	return r;
}

/* Mediated transport: latch's listener in the engine's place, and the mediator behind it. */
static int start_mediated(struct warden *warden)
{
	char holder[PATH_MAX + 16], mediator[PATH_MAX + 16];
	struct mediator_options options = {
		.program = mediator,
		.engine_socket = LATCH_ENGINE_SOCKET,
		.uid = warden->options->mediator_uid,
		.limits = warden->options->limits,
	};
	_cleanup_free_ char *problem = NULL;
	int r;

	snprintf(holder, sizeof(holder), "%s/latch-holder", warden->options->directory);
	snprintf(mediator, sizeof(mediator), "%s/latch-mediator", warden->options->directory);
	r = listeners_get(holder, &warden->maps, &warden->listeners, &problem);
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
	r = serve_control(warden);
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
	return serve_control(warden);
}

static void watch_signals(struct warden *warden)
{
	sigset_t hangup;

	uv_signal_init(&warden->loop, &warden->terminate);
	uv_signal_init(&warden->loop, &warden->interrupt);
	warden->terminate.data = warden->interrupt.data = warden;
	uv_signal_start(&warden->terminate, on_signal, SIGTERM);
	uv_signal_start(&warden->interrupt, on_signal, SIGINT);
	uv_timer_init(&warden->loop, &warden->restart);
	warden->restart.data = warden;
	warden->restart_ms = RESTART_MIN_MS;
	/* main() has blocked it for good: there is no moment in which it would end latchd. */
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	warden->hangup = signalfd(-1, &hangup, SFD_NONBLOCK | SFD_CLOEXEC);
	if (warden->hangup < 0) {
		log_warning("SIGHUP does nothing, use `latchctl reload`: %m");
		return;
	}
	uv_poll_init(&warden->loop, &warden->hangup_poll, warden->hangup);
	warden->hangup_poll.data = warden;
	uv_poll_start(&warden->hangup_poll, UV_READABLE, on_hangup);
}

/* Takes `settings`. */
static int start(struct warden *warden, struct settings *settings)
{
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
	r = warden->options->direct ? start_direct(warden) : start_mediated(warden);
	/* Once more: there are sockets and files of its own that were not there before. */
	return r < 0 ? r : protect(warden);
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
		.listeners = { .public = -1, .control = -1 } };
	int r;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&warden.loop);
	watch_signals(&warden);
	say_policy(settings);
	r = start(&warden, settings);
	if (!r) {
		log_info("policy %s (%.12s), audit in %s", warden.policy.settings->path,
			warden.policy.settings->digest, options->audit);
		uv_run(&warden.loop, UV_RUN_DEFAULT);
	}
	end(&warden);
	if (r < 0)
		return 1;
	if (warden.releasing)
		release(&warden);
	return warden.exit_status;
}
