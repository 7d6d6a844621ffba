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
#include <sys/stat.h>

#include "cgroups.h"
#include "judge.h"
#include "messages.h"
#include "regraft.h"

/* Which entry of the image list a container's grant rests on. */
struct holder {
	struct holder *next;
	char container[65];
	char entry[256]; /* as the verdict named it */
};

struct judge {
	const struct maps *maps;
	struct engine *engine;
	struct audit *audit;
	struct images *images;
	struct holder *holders;
	bool early;
};

/* One question on its way through engine and image list. */
struct question {
	struct judge *judge;
	uint64_t id;
	judge_reply_fn reply; /* NULL: nobody waits, only the kernel's maps are set */
	void *context;
	char container[65];
	char image_id[ENGINE_DIGEST_SIZE];
	char image[512]; /* as the client named it: for the message */
	char entry[256]; /* of the image list, that allows it */
	bool mounts_socket;
	pid_t pid; /* of its first process; 0 when it does not run */
};

struct judge *judge_new(
	const struct maps *maps, struct engine *engine, struct audit *audit, bool early)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return NULL;
	judge->maps = maps;
	judge->engine = engine;
	judge->audit = audit;
	judge->early = early;
	return judge;
}

static struct holder **find_holder(struct judge *judge, const char *container)
{
	struct holder **link = &judge->holders;

	while (*link && strcmp((*link)->container, container))
		link = &(*link)->next;
	return link;
}

static void forget_holder(struct judge *judge, const char *container)
{
	struct holder **link = find_holder(judge, container), *gone = *link;

	if (gone)
		*link = gone->next;
	free(gone);
}

/* Without memory it is not known why the grant was given: the next change of the list takes it. */
static void note_holder(struct judge *judge, const char *container, const char *entry)
{
	struct holder *holder = *find_holder(judge, container);

	if (!holder) {
		holder = calloc(1, sizeof(*holder));
		if (!holder)
			return;
		COPY_STRING(holder->container, container);
		holder->next = judge->holders;
		judge->holders = holder;
	}
	COPY_STRING(holder->entry, entry);
}

void judge_free(struct judge *judge)
{
	while (judge && judge->holders)
		forget_holder(judge, judge->holders->container);
	free(judge);
}

void judge_use_images(struct judge *judge, struct images *images)
{
	judge->images = images;
}

bool judge_is_guarded_path(const struct maps *maps, const char *path)
{
	struct stat status;

	/* Follows symbolic links, as the engine will. A path that is not there is no socket. */
	return !stat(path, &status) && maps_guard_kind(maps, &status) != LATCH_GUARD_NONE;
}

static void answer(struct question *question, int status, const char *text)
{
	struct wire_reply reply = { .id = question->id, .status = status };

	COPY_STRING(reply.container, question->container);
	COPY_STRING(reply.text, text);
	if (question->reply)
		question->reply(&reply, question->context);
	free(question);
}

static void refuse_mount(struct question *question)
{
	char text[sizeof(((struct wire_reply *)0)->text)];

	snprintf(text, sizeof(text), MESSAGE_MOUNT_DENIED, question->image);
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
		audit_note(question->judge->audit, "image-denied", verdict->text);
		refuse_mount(question);
		return;
	case IMAGES_ERROR:
		break;
	}
	answer(question, -EIO, verdict->text);
}

/* An allowed container that is older than latch has the engine's own socket mounted. */
static void give_public_socket(const struct question *question)
{
	int r = regraft(question->judge->maps, question->pid);
	char text[256];

	if (r > 0)
		snprintf(text, sizeof(text), "container %.12s had the engine's own socket mounted; "
			"latch's lies over it now", question->container);
	else if (r < 0)
		snprintf(text, sizeof(text), "container %.12s has the engine's own socket mounted, "
			"which stays refused (%s): start it anew", question->container, strerror(-r));
	if (r)
		audit_note(question->judge->audit, r > 0 ? "regrafted" : "restart-needed", text);
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
		note_holder(judge, question->container, question->entry);
	else
		forget_holder(judge, question->container);
	if (allowed && question->mounts_socket && question->pid)
		give_public_socket(question);
	if (!allowed && question->mounts_socket)
		refuse_mount(question);
	else
		answer(question, 0, "");
}

static void on_container_image_judged(const struct images_verdict *verdict, void *context)
{
	struct question *question = context;

	COPY_STRING(question->entry, verdict->entry);
	if (verdict->outcome == IMAGES_DENIED && question->mounts_socket)
		audit_note(question->judge->audit, "image-denied", verdict->text);
	/* An engine that cannot be asked: the start is refused, and no grant changes. */
	if (verdict->outcome == IMAGES_ERROR)
		answer(question, verdict->error, verdict->text);
	else
		settle(question, verdict->outcome == IMAGES_ALLOWED);
}

static bool mounts_guarded_path(const struct maps *maps, const struct engine_container *container)
{
	for (size_t i = 0; i < container->host_paths.count; i++)
		if (judge_is_guarded_path(maps, container->host_paths.items[i]))
			return true;
	return false;
}

static void on_container(int error, const struct engine_container *container, void *context)
{
	struct question *question = context;
	int r;

	if (error) {
		answer(question, error, error == -ENOENT ? "" : "the engine could not be asked");
		return;
	}
	COPY_STRING(question->container, container->id);
	COPY_STRING(question->image_id, container->image_id);
	COPY_STRING(question->image, container->image);
	question->pid = container->running ? container->pid : 0;
	question->mounts_socket = mounts_guarded_path(question->judge->maps, container);
	if (!container->image_id[0]) {
		settle(question, false); /* no image to judge: no grant */
		return;
	}
	r = images_judge(question->judge->images, container->image_id,
		question->reply ? IMAGES_REVALIDATE : IMAGES_CACHED, on_container_image_judged,
		question);
	if (r < 0)
		answer(question, r, "the image list could not be asked");
}

static void judge_container(struct judge *judge, const char *container)
{
	struct question *question = question_new(judge, 0, NULL, NULL);

	/* Without memory nothing is granted; what was granted is judged again in two minutes. */
	if (question && engine_inspect_container(judge->engine, container, on_container, question))
		free(question);
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
	switch (request->kind) {
	case WIRE_JUDGE_MOUNT:
		answer(question, judge_is_guarded_path(judge->maps, request->text), "");
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

static void on_list(int error, const struct engine_summary *containers, size_t count, void *context)
{
	struct judge *judge = context;

	if (error)
		return; /* the event stream lists again when the engine is back */
	for (size_t i = 0; i < count; i++)
		if (judge->early || !strcmp(containers[i].state, "running") ||
			!strcmp(containers[i].state, "paused") ||
			!strcmp(containers[i].state, "restarting"))
			judge_container(judge, containers[i].id);
}

void judge_running(struct judge *judge)
{
	/*
	 * A container that does not run is judged when it starts, or (early) with the others below.
	 * Its grant was earned under what held before, and a restart policy would start it on that.
	 */
	maps_revoke_unused(judge->maps);
	/* Where it cannot even be asked nothing is granted; the next change of digests asks again. */
	(void)engine_list_containers(judge->engine, on_list, judge);
}

struct withdrawal {
	struct judge *judge;
	const struct images_list *next;
	int error; /* the first */
};

static void withdraw(const char *container, void *context)
{
	struct withdrawal *withdrawal = context;
	const struct holder *holder = *find_holder(withdrawal->judge, container);
	int r;

	if (holder && images_list_holds(withdrawal->next, holder->entry))
		return;
	/* What a grant of an earlier latchd rests on is not known: taken, and judged anew. */
	r = cgroups_contain(withdrawal->judge->maps, container);
	if (r < 0 && !withdrawal->error)
		withdrawal->error = r;
	forget_holder(withdrawal->judge, container);
}

int judge_withdraw(struct judge *judge, const struct images_list *next)
{
	struct withdrawal withdrawal = { .judge = judge, .next = next };

	maps_revoke_unused(judge->maps);
	maps_each_grant(judge->maps, withdraw, &withdrawal);
	return withdrawal.error;
}

void judge_engine_event(const struct engine_event *event, void *context)
{
	struct judge *judge = context;

	switch (event->kind) {
	case ENGINE_EVENT_CONNECTED:
		judge_running(judge);
		break;
	case ENGINE_EVENT_START:
		/* Perhaps started past the mediator (a restart policy, a swarm task): late, but judged. */
		judge_container(judge, event->container);
		break;
	case ENGINE_EVENT_DESTROY:
		maps_revoke(judge->maps, event->container);
		forget_holder(judge, event->container);
		break;
	case ENGINE_EVENT_CREATE:
		/* The grant is to be there at birth. Who starts faster than this is contained until then. */
		if (judge->early)
			judge_container(judge, event->container);
		break;
	case ENGINE_EVENT_DIE:
	case ENGINE_EVENT_DISCONNECTED:
		break;
	}
}
