// SPDX-License-Identifier: Apache-2.0
/*
 * What the warden is asked: latchctl's commands at the control socket, and the page of metrics.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "control.h"
#include "log.h"
#include "paths.h"
#include "render.h"
#include "status.h"
#include "warden_parts.h"

static json_t *status_answer(struct warden *warden)
{
	const struct status_sources sources = {
		.policy = &warden->policy,
		.maps = &warden->maps,
		.images = warden->images,
		.audit = warden->audit,
		.socket = warden_public_path(warden),
		.direct = warden->direct != NULL,
		.engine = warden_has_engine(warden),
		.mediator = warden->mediator ? mediator_process_pid(warden->mediator) : 0,
		.mediator_problem = warden->mediator ? mediator_process_problem(warden->mediator) : NULL,
		.unprotected = warden->unprotected,
	};

	return status_object(&sources);
}

static json_t *reload_answer(struct warden *warden)
{
	const struct policy *policy = &warden->policy;
	json_t *warnings;

	if (warden_reload(warden) < 0)
		return json_pack("{s:s}", "error", policy->problem);
	warnings = json_array();
	for (size_t i = 0; i < policy->settings->warning_count; i++)
		json_array_append_new(warnings, json_string(policy->settings->warnings[i]));
	if (warden->unprotected[0])
		json_array_append_new(warnings, json_string(warden->unprotected));
	return json_pack("{s:s, s:s, s:i, s:o}", "file", policy->settings->path, "sha256",
		policy->settings->digest, "generation", (int)policy->generation, "warnings",
		warnings);
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
		warden_note(warden, "release", "released by latchctl");
		warden->releasing = true;
		control_answer(session, json_pack("{s:b}", "ok", 1));
		warden_stop(warden, 0);
	} else if (!strncmp(command, CONTROL_IMAGE, strlen(CONTROL_IMAGE))) {
		explain_image(warden, command + strlen(CONTROL_IMAGE), session);
	} else {
		control_answer(session, json_pack("{s:s}", "error", "unknown command"));
	}
}

int warden_serve_control(struct warden *warden)
{
	/* A copy: the listener itself goes to every holder. */
	int listener = fcntl(warden->listeners.control, F_DUPFD_CLOEXEC, 0);
	int r = listener < 0 ? -errno :
			       control_new(&warden->loop, &warden->maps, listener, on_command, warden,
				       &warden->control);

	if (r < 0)
		log_error("cannot serve " LATCH_CONTROL_SOCKET ": %s", strerror(-r));
	return r;
}

char *warden_metrics_page(size_t *length, void *context)
{
	const struct warden *warden = context;
	const struct render_sources sources = {
		.policy = &warden->policy,
		.maps = &warden->maps,
		.images = warden->images,
		.registry = warden->registry,
		.audit = warden->audit,
		.decisions = &warden->decisions,
		.mediator = &warden->totals,
		.engine = warden_has_engine(warden),
		.direct = warden->direct != NULL,
		.mediator_up = warden->mediator && !mediator_process_problem(warden->mediator),
		.questions = warden->questions,
		.dropped = metrics_service_dropped(warden->metrics),
		.started = warden->started,
	};

	return render_metrics(&sources, length);
}
