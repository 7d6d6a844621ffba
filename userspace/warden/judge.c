// SPDX-License-Identifier: Apache-2.0
/*
 * Puts the image list's answers into the kernel.
 *
 * A container holds a grant if and only if its image is allowed, whether it mounts anything or not;
 * what is refused with a message is the mount of a guarded socket by any other image. The verdict
 * binds to the container's immutable image id, and the grant is in the kernel before the request
 * that starts the container goes on. What cannot be found out is refused.
 *
 * Which image is allowed is decided in images.c; who may connect, in the kernel.
 */
#include <errno.h>
#include <stdio.h>

#include "cgroups.h"
#include "judge_internal.h"
#include "messages.h"
#include "mount_source.h"
#include "regraft.h"

/* One question on its way through engine and image list. */
struct question {
	struct judge *judge;
	uint64_t id;
	judge_reply_fn reply; /* NULL: nobody waits, only the kernel's maps are set */
	void *context;
	char container[65];
	char image_id[ENGINE_DIGEST_SIZE];
	char image[512]; /* as the client named it: for the message */
	struct images_basis basis; /* why it is allowed, if it is */
	char parent[256];          /* of an image that is refused, for the message */
	uint32_t refused_access;   /* bits of enum host_access */
	bool contained;            /* who asks is in a container */
	struct engine_strings binds; /* what it mounts of the host */
	char host_path[512];	     /* one of these that is the host's own, cut; empty: none is */
	char source[512];	     /* of a mount, as the client named it, cut */
	bool mounts_socket;
	pid_t pid; /* of its first process; 0 when it does not run */
};

struct judge *judge_new(uv_loop_t *loop, const struct maps *maps, struct engine *engine, struct audit *audit,
	struct grants *grants, bool newer_message, bool noting)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return NULL;
	judge->looks = looks_new(loop);
	if (!judge->looks) {
		free(judge);
		return NULL;
	}
	judge->maps = maps;
	judge->engine = engine;
	judge->audit = audit;
	judge->grants = grants;
	judge->newer_message = newer_message;
	judge->noting = noting;
	judge->sources = (struct mount_sources){ .maps = maps, .engine = engine, .looks = judge->looks };
	return judge;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	looks_free(judge->looks);
	host_access_rules_free(judge->host_access);
	free(judge->engine_root);
	free(judge);
}

void judge_use_host_access(struct judge *judge, struct host_access_rules *rules)
{
	host_access_rules_free(judge->host_access);
	judge->host_access = rules;
}

static void answer(struct question *question, int status, const char *text)
{
	struct wire_reply reply = { .id = question->id,
		.status = status,
		.access = question->refused_access };

	/* In audit mode all else was agreed to; what was not is still to be said. */
	if (!status && question->refused_access)
		reply.status = -EACCES;
	COPY_STRING(reply.container, question->container);
	COPY_STRING(reply.image, question->image);
	COPY_STRING(reply.text, text);
	if (question->reply)
		question->reply(&reply, question->context);
	engine_strings_clear(&question->binds);
	free(question);
}

static void refuse_mount(struct question *question)
{
	char text[sizeof(((struct wire_reply *)0)->text)];
	bool newer = question->judge->newer_message;
	int length = snprintf(text, sizeof(text),
		newer ? MESSAGE_MOUNT_DENIED_NEWER : MESSAGE_MOUNT_DENIED, question->image);

	if (newer && question->parent[0])
		snprintf(text + length, sizeof(text) - length, MESSAGE_MOUNT_PARENT, question->parent);
	answer(question, -EACCES, text);
}

static struct question *question_new(struct judge *judge, uint64_t id, judge_reply_fn reply,
	void *context)
{
	struct question *question = calloc(1, sizeof(*question));

	if (!question)
		return NULL;
	question->judge = judge;
	question->id = id;
	question->reply = reply;
	question->context = context;
	return question;
}

/* create: only the early refusal; what counts is decided at start. */
static void on_image_judged(const struct images_verdict *verdict, void *context)
{
	struct question *question = context;

	switch (verdict->outcome) {
	case IMAGES_ALLOWED:
	case IMAGES_NOT_LOCAL: /* the engine's 404 makes the client pull it; then it asks again */
		answer(question, 0, "");
		return;
	case IMAGES_DENIED:
		audit_image(question->judge->audit, "", question->image, verdict);
		COPY_STRING(question->parent, verdict->parent);
		refuse_mount(question);
		return;
	case IMAGES_ERROR:
		break;
	}
	answer(question, -EIO, verdict->text);
}

static void on_grafted(int result, void *context)
{
	struct question *question = context;
	char text[256];

	if (result > 0)
		snprintf(text, sizeof(text), "container %.12s had a socket of before latch mounted; "
			"latch's is there now", question->container);
	else
		snprintf(text, sizeof(text), "container %.12s has a socket of before latch mounted "
			"and cannot be given latch's (%s): start it anew", question->container,
			strerror(-result));
	if (result && result != -ECANCELED)
		audit_note(question->judge->audit, result > 0 ? "regrafted" : "restart-needed", text);
	answer(question, 0, "");
}

/* An allowed container that is older than latch has the engine's own socket mounted, or a dead one. */
static void give_public_socket(struct question *question)
{
	int r = regraft(question->judge->looks, question->judge->maps, question->pid, on_grafted, question);

	if (r < 0)
		on_grafted(r, question);
}

/* Takes the question to its end: the grant is given or taken, and whoever waits is told. */
static void settle(struct question *question, bool allowed)
{
	struct judge *judge = question->judge;
	int r = allowed ? cgroups_allow(judge->maps, question->container, question->image_id) :
			  cgroups_contain(judge->maps, question->container);

	if (r < 0) {
		char text[160];

		snprintf(text, sizeof(text), "cannot set the grant of %.12s: %s",
			question->container, strerror(-r));
		audit_note(judge->audit, "grant-failed", text);
		answer(question, -EIO, text);
		return;
	}
	if (allowed)
		grants_note(judge->grants, question->container, question->image_id, &question->basis);
	else
		grants_forget(judge->grants, question->container);
	if (!allowed && question->mounts_socket)
		refuse_mount(question);
	else if (question->mounts_socket && question->pid)
		give_public_socket(question);
	else
		answer(question, 0, "");
}

static void on_container_image_judged(const struct images_verdict *verdict, void *context)
{
	struct question *question = context;

	question->basis = verdict->basis;
	COPY_STRING(question->parent, verdict->parent);
	audit_container_digest(question->judge->audit, question->container, verdict->digest);
	if (verdict->outcome == IMAGES_DENIED && question->mounts_socket)
		audit_image(question->judge->audit, question->container, question->image, verdict);
	/* An engine that cannot be asked: the start is refused, and no grant changes. */
	if (verdict->outcome == IMAGES_ERROR)
		answer(question, verdict->error, verdict->text);
	else
		settle(question, verdict->outcome == IMAGES_ALLOWED);
}

static void judge_image_of(struct question *question)
{
	int r;

	if (!question->image_id[0]) {
		settle(question, false); /* no image to judge: no grant */
		return;
	}
	r = images_judge(question->judge->images, question->image_id,
		question->reply ? IMAGES_REVALIDATE : IMAGES_CACHED, on_container_image_judged,
		question);
	if (r < 0)
		answer(question, r, "the image list could not be asked");
}

static void on_host_path_judged(const struct host_access_verdict *verdict, void *context)
{
	struct question *question = context;
	char field[600], text[sizeof(((struct wire_reply *)0)->text)];

	/* An image that is gone is no container that is gone: nothing speaks for the mount any more. */
	if (verdict->error && verdict->error != -ENOENT) {
		answer(question, verdict->error, "the image list could not be asked");
		return;
	}
	if (!verdict->error && !verdict->refused) {
		judge_image_of(question);
		return;
	}
	question->refused_access = HOST_ACCESS_BIT(HOST_ACCESS_HOST_PATHS);
	if (question->judge->noting) {
		judge_image_of(question);
		return;
	}
	snprintf(field, sizeof(field), "the mount of %s", question->host_path);
	snprintf(text, sizeof(text), MESSAGE_HOST_ACCESS, field,
		host_access_what(HOST_ACCESS_HOST_PATHS), host_access_name(HOST_ACCESS_HOST_PATHS));
	answer(question, -EACCES, text);
}

/* Whoever waits is refused; the reason is for who can do something about it. */
static void note_unseen(const struct question *question, int error, const char *what)
{
	char text[640];

	if (error == -ENOENT || error == -ECANCELED)
		return; /* not there, or latchd ends */
	snprintf(text, sizeof(text), "cannot look at %s (%s): what needs it is refused", what, strerror(-error));
	audit_note(question->judge->audit, "look-failed", text);
}

static void on_mounts_found(int finding, void *context)
{
	struct question *question = context;
	int own;

	if (finding < 0) {
		char what[96];

		snprintf(what, sizeof(what), "what container %.12s mounts", question->container);
		note_unseen(question, finding, what);
		answer(question, finding, "what it mounts could not be looked at");
		return;
	}
	question->mounts_socket = mount_finding_is_guarded(finding);
	own = mount_finding_own(finding);
	if (own < 0) {
		judge_image_of(question);
		return;
	}
	COPY_STRING(question->host_path, question->binds.items[own]);
	host_access_judge(question->judge->host_access, HOST_ACCESS_BIT(HOST_ACCESS_HOST_PATHS),
		question->image_id, on_host_path_judged, question);
}

/*
 * The engine follows links when it starts a container, and they can lead to another place than they did when it
 * was created: so its mounts are looked at again.
 */
static void find_mounts(struct question *question, const struct engine_container *container)
{
	int r = engine_strings_copy(&question->binds, &container->binds);

	if (!r && !container->host_paths.count) {
		judge_image_of(question);
		return;
	}
	if (!r)
		r = mount_source_find(&question->judge->sources, container, question->contained,
			on_mounts_found, question);
	if (r < 0)
		on_mounts_found(r, question);
}

static void on_container(int error, const struct engine_container *container, void *context)
{
	struct question *question = context;

	if (error) {
		answer(question, error, error == -ENOENT ? "" : "the engine could not be asked");
		return;
	}
	COPY_STRING(question->container, container->id);
	COPY_STRING(question->image_id, container->image_id);
	COPY_STRING(question->image, container->image);
	audit_container(question->judge->audit, container);
	question->pid = container->running ? container->pid : 0;
	find_mounts(question, container);
}

void judge_container(struct judge *judge, const char *container)
{
	struct question *question = question_new(judge, 0, NULL, NULL);

	/* Without memory nothing is granted; what was granted is judged again in two minutes. */
	if (question && engine_inspect_container(judge->engine, container, on_container, question))
		free(question);
}

static void on_source(int status, void *context)
{
	struct question *question = context;

	if (status < 0)
		note_unseen(question, status, question->source);
	answer(question, status, "");
}

static void on_access(const struct host_access_verdict *verdict, void *context)
{
	struct question *question = context;

	question->refused_access = verdict->refused;
	answer(question, verdict->refused ? -EACCES : verdict->error, verdict->image_id);
}

void judge_request(struct judge *judge, const struct wire_request *request, judge_reply_fn reply,
	void *context)
{
	struct wire_reply failure = { .id = request->id, .status = -ENOMEM };
	struct question *question = question_new(judge, request->id, reply, context);
	int r = -EINVAL;

	if (!question) {
		reply(&failure, context);
		return;
	}
	question->contained = request->client.tag != LATCH_TAG_HOST;
	COPY_STRING(question->source, request->text);
	switch (request->kind) {
	case WIRE_JUDGE_MOUNT:
		r = mount_source_of_path(&judge->sources, request->text, on_source, question);
		break;
	case WIRE_JUDGE_VOLUME:
		r = mount_source_of_volume(&judge->sources, request->text, on_source, question);
		break;
	case WIRE_JUDGE_VOLUMES_FROM:
		r = mount_source_of_container(&judge->sources, request->text, on_source, question);
		break;
	case WIRE_JUDGE_ACCESS:
		host_access_judge(
			judge->host_access, request->access, request->text, on_access, question);
		return;
	case WIRE_JUDGE_IMAGE:
		COPY_STRING(question->image, request->text);
		r = images_judge(judge->images, request->text, IMAGES_REVALIDATE, on_image_judged,
			question);
		break;
	case WIRE_JUDGE_START:
		r = engine_inspect_container(judge->engine, request->text, on_container, question);
		break;
	}
	if (r < 0)
		answer(question, r, "the request could not be judged");
}
