/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the warden, for the files that it is made of: the order of things (warden.c), the policy and
 * its changes (warden_policy.c), and what it is asked (warden_commands.c).
 */
#ifndef LATCH_WARDEN_PARTS_H
#define LATCH_WARDEN_PARTS_H

#include <limits.h>
#include <uv.h>

#include "adoption.h"
#include "audit.h"
#include "control.h"
#include "direct.h"
#include "holder_process.h"
#include "judge.h"
#include "listener.h"
#include "mediator_process.h"
#include "mediator_totals.h"
#include "metrics_service.h"
#include "options.h"
#include "policy.h"

struct warden {
	const struct options *options;
	struct policy policy;
	uv_loop_t loop;
	int lock;
	struct listeners listeners;
	char holder_program[PATH_MAX + 16];
	struct holder_watch *holder; /* mediated transport */
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
	struct metrics_service *metrics;
	struct decisions decisions;
	struct mediator_totals totals;
	unsigned int questions; /* of the mediator's, unanswered */
	double started;		/* seconds since the epoch */
	char unprotected[PATH_MAX + 160]; /* what could not be kept from containers, and why; or empty */
	uv_timer_t restart;
	unsigned int restart_ms;
	uv_signal_t terminate, interrupt;
	int hangup; /* a signalfd for SIGHUP, or -1 */
	uv_poll_t hangup_poll;
	bool releasing;
	int exit_status;
};

/* Ends the loop; latchd then exits with `status`. */
void warden_stop(struct warden *warden, int status);
/* Says it in the log and in the audit, there as an `event` of docs/audit.md. */
void warden_note(struct warden *warden, const char *event, const char *text);
/*
 * Keeps latch's own files, and what else is to be kept, from containers, as they are now. Returns 0, or a
 * negative errno when something was missed: then it has been said, and is in `unprotected`.
 */
int warden_protect(struct warden *warden);
/* Where clients look for the engine. */
const char *warden_public_path(const struct warden *warden);
/* Whether an engine would serve them. */
bool warden_has_engine(const struct warden *warden);

/* Logs what is to be known of settings that are coming into force. */
void warden_say_policy(const struct options *options, const struct settings *settings);
/* Puts the settings file into force as it is now. Returns 0, or a negative errno: then nothing changed. */
int warden_reload(struct warden *warden);
/* From now on SIGHUP reloads. Logs why it does not. */
void warden_follow_hangup(struct warden *warden);

/* Answers latchctl at the control socket. Returns 0 or a negative errno, which is logged. */
int warden_serve_control(struct warden *warden);
/* The page of metrics, for metrics_service_new(). The caller's; NULL without memory. */
char *warden_metrics_page(size_t *length, void *warden);

#endif
