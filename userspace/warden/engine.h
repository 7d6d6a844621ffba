/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container engine, read through its own API over its unix socket: what an image or a container
 * is, which containers there are, and when they come and go. It never changes anything there.
 *
 * Paths carry no version, so the engine answers with its newest. What it answers is checked for
 * type and form; what this file does not need is not looked at.
 *
 * Errors that every callback can get: -ENOENT the engine knows no such thing (HTTP 404, and only
 * that); -EINVAL it refused the name (HTTP 400), or the name cannot be written in a path (empty,
 * or with an empty, `.` or `..` segment: the engine's router would clean it to another one);
 * -ECONNREFUSED, -ETIMEDOUT no engine; -EREMOTEIO any other status; -EPROTO an answer that is not
 * what it should be; -EFBIG one over 16 MiB; -ECANCELED engine_free was called.
 */
#ifndef LATCH_ENGINE_H
#define LATCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fetch.h"

struct engine;

#define ENGINE_DIGEST_SIZE 72 /* "sha256:<64 hex>" and its NUL */

struct engine_strings {
	char **items;
	size_t count;
};

struct engine_image {
	char id[ENGINE_DIGEST_SIZE];        /* "sha256:<64 hex>" */
	struct engine_strings repo_digests; /* "alpine@sha256:...": all ever pulled or pushed */
	struct engine_strings repo_tags;    /* "alpine:3.19" */
	struct engine_strings diff_ids;     /* of the layers, lowest first */
};

struct engine_container {
	char id[65];                       /* 64 hex */
	char image_id[ENGINE_DIGEST_SIZE]; /* empty when the engine gives none */
	char *name;                        /* without the leading slash */
	char *image;                       /* as the client named it (Config.Image) */
	/*
	 * Host paths that are mounted: sources of HostConfig.Binds (absolute ones) and of
	 * HostConfig.Mounts of type bind, and every Mounts[].Source of the container itself (a
	 * volume's is its folder, whatever device the volume has). May repeat; not resolved.
	 */
	struct engine_strings host_paths;
	struct engine_strings binds;   /* of host_paths, those that are no volume's */
	struct engine_strings volumes; /* names of the volumes that are mounted; may repeat */
	bool running;
	pid_t pid; /* of its first process in the engine's pid namespace; 0 when not running */
};

/* Options are the local driver's; what is not there is empty. */
struct engine_volume {
	char *driver;
	char *type, *options, *device; /* Options.type, .o and .device: for mount(2) */
};

struct engine_summary {
	char id[65];
	char image_id[ENGINE_DIGEST_SIZE]; /* may be empty */
	char *image;                       /* as the engine shows it */
	char *state;                       /* "created", "running", "exited", ... */
};

/* What the pointers show is valid during the callback, and NULL (0) when error is not 0. */
typedef void (*engine_image_fn)(int error, const struct engine_image *image, void *context);
typedef void (*engine_container_fn)(
	int error, const struct engine_container *container, void *context);
typedef void (*engine_volume_fn)(int error, const struct engine_volume *volume, void *context);
typedef void (*engine_list_fn)(
	int error, const struct engine_summary *containers, size_t count, void *context);
typedef void (*engine_images_fn)(
	int error, const struct engine_image *images, size_t count, void *context);
typedef void (*engine_ping_fn)(int error, void *context);
typedef void (*engine_root_fn)(int error, const char *root, void *context);

/* `socket` is copied: "/run/latch/engine.sock". NULL without memory. */
struct engine *engine_new(uv_loop_t *loop, struct fetch_pool *pool, const char *socket);
/* That path; not the caller's. */
const char *engine_socket(const struct engine *engine);

/*
 * From now on `trust` is asked about the process that listens at the socket, at each connection, and
 * nothing is said to one that it says no to (-ECONNREFUSED). `context` must outlive the engine.
 */
void engine_trust(
	struct engine *engine, bool (*trust)(pid_t listener, const void *context), const void *context);

/*
 * Where the engine's socket was bound (copied): while the service manager alone listens there, its events
 * are not followed, for that would start the engine. What a client asks for does. 0 or -ENOMEM.
 */
int engine_let_sleep(struct engine *engine, const char *bound);

/* Calls what is outstanding with -ECANCELED. Before fetch_pool_free. May be called from a callback.
 */
void engine_free(struct engine *engine);

/* Each returns 0 and later calls back exactly once, or a negative errno and does not call. */
int engine_inspect_image(
	struct engine *engine, const char *image, engine_image_fn done, void *context);
int engine_inspect_container(
	struct engine *engine, const char *container, engine_container_fn done, void *context);
int engine_inspect_volume(
	struct engine *engine, const char *volume, engine_volume_fn done, void *context);
/* Where it keeps its state: "/var/lib/docker". */
int engine_find_root(struct engine *engine, engine_root_fn done, void *context);
int engine_list_containers(struct engine *engine, engine_list_fn done, void *context);
/* Every image, those that only others are built on included; with names and without layers. */
int engine_list_images(struct engine *engine, engine_images_fn done, void *context);
int engine_ping(struct engine *engine, engine_ping_fn done, void *context);

enum engine_event_kind {
	/*
	 * The stream is (again) there. What happened before was not seen: list the containers now.
	 * The other fields are empty.
	 */
	ENGINE_EVENT_CONNECTED,
	ENGINE_EVENT_DISCONNECTED, /* it ended or never began; tried again four times a second */
	ENGINE_EVENT_CREATE,
	ENGINE_EVENT_START,
	ENGINE_EVENT_DIE,
	ENGINE_EVENT_DESTROY,
	ENGINE_EVENT_RENAME,
	ENGINE_EVENT_IMAGES, /* images were deleted or changed their names; the other fields are empty */
};

struct engine_event {
	enum engine_event_kind kind;
	char container[65]; /* 64 hex */
	char image[256];    /* as the client named it, cut; may be empty */
	char name[256];	    /* of RENAME: the new one */
};

/* Several times; DISCONNECTED once per loss, not once per attempt. */
typedef void (*engine_event_fn)(const struct engine_event *event, void *context);

/* Follows the engine's events until engine_events_stop or engine_free. -EALREADY when it does. */
int engine_events_start(struct engine *engine, engine_event_fn event, void *context);
void engine_events_stop(struct engine *engine);

/* The pure parts, for tests and for who has an answer in hand. 0, -EPROTO or -ENOMEM. */
int engine_parse_image(const char *json, size_t size, struct engine_image *image);
int engine_parse_container(const char *json, size_t size, struct engine_container *container);
int engine_parse_volume(const char *json, size_t size, struct engine_volume *volume);
/* *root is the caller's to free. */
int engine_parse_root(const char *json, size_t size, char **root);
/* Owned by the caller: engine_list_free. */
int engine_parse_list(
	const char *json, size_t size, struct engine_summary **containers, size_t *count);
void engine_list_free(struct engine_summary *containers, size_t count);
/* Owned by the caller: engine_images_free. */
int engine_parse_images(
	const char *json, size_t size, struct engine_image **images, size_t *count);
void engine_images_free(struct engine_image *images, size_t count);
int engine_parse_event(const char *json, size_t size, struct engine_event *event);
/* -ENOMEM leaves *to cleared. */
int engine_image_copy(struct engine_image *to, const struct engine_image *from);
void engine_image_clear(struct engine_image *image);
void engine_container_clear(struct engine_container *container);
void engine_volume_clear(struct engine_volume *volume);
/* Copies behind what is there. -ENOMEM leaves a part. */
int engine_strings_copy(struct engine_strings *to, const struct engine_strings *from);
void engine_strings_clear(struct engine_strings *strings);

#endif
