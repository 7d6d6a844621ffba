// SPDX-License-Identifier: Apache-2.0
/*
 * Paths are looked at where latchd is, if the engine sees the same files; volumes and containers through
 * the engine.
 *
 * A volume of the local driver can be any mount that mount(2) can make. Who made one, a container could
 * not without being allowed to (host_access.def), so what counts here is whether the host has put its
 * own files into it.
 */
#include <errno.h>

#include "engine_view.h"
#include "host_files.h"
#include "mount_source.h"
#include "util.h"

/* A question about volumes, one after the other. */
struct inquiry {
	const struct mount_sources *sources;
	struct engine_strings volumes;
	size_t next;
	enum wire_source worst;
	mount_source_fn done;
	void *context;
};

bool mount_source_is_guarded(const struct maps *maps, const char *path)
{
	struct stat status;

	/* Follows symbolic links, as the engine will. A path that is not there is no socket. */
	return !stat(path, &status) && maps_guard_kind(maps, &status) != LATCH_GUARD_NONE;
}

enum wire_source mount_source_of_path(const struct mount_sources *sources, const char *path)
{
	if (mount_source_is_guarded(sources->maps, path))
		return WIRE_SOURCE_SOCKET;
	/* What cannot be looked at where the engine looks counts as the host's own. */
	if (!engine_view_is_ours(engine_socket(sources->engine)))
		return WIRE_SOURCE_HOST;
	return host_files_own(path, sources->engine_root) ? WIRE_SOURCE_HOST : WIRE_SOURCE_PLAIN;
}

static void note(enum wire_source *worst, enum wire_source source)
{
	if (source > *worst)
		*worst = source;
}

static bool is_word(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* Is one of mount(2)'s options a bind? Then the type counts for nothing. */
static bool is_bind(const char *options)
{
	static const char *const binds[] = {"bind", "rbind"};
	_cleanup_free_ char *copy = strdup(options);
	char *rest = copy, *option;

	while (rest && (option = strsep(&rest, ",")))
		if (is_word(option, binds, ARRAY_SIZE(binds)))
			return true;
	return !copy;
}

/* What the local driver would mount. */
static enum wire_source source_of_mount(
	const struct mount_sources *sources, const struct engine_volume *volume)
{
	static const char *const elsewhere[] = {"nfs", "nfs4", "cifs", "smb3", "tmpfs"};
	struct stat status;

	if (!volume->type[0] && !volume->device[0])
		return WIRE_SOURCE_PLAIN;
	if (!is_bind(volume->options) &&
		is_word(volume->type, elsewhere, ARRAY_SIZE(elsewhere)))
		return WIRE_SOURCE_PLAIN;
	/* overlay has its folders in the options, and proc needs no device at all. */
	if (volume->device[0] != '/')
		return WIRE_SOURCE_HOST;
	if (!is_bind(volume->options) && !stat(volume->device, &status) && S_ISBLK(status.st_mode))
		return host_files_on_device(&status, sources->engine_root) ? WIRE_SOURCE_HOST :
									     WIRE_SOURCE_PLAIN;
	if (!is_bind(volume->options))
		return WIRE_SOURCE_HOST;
	return mount_source_of_path(sources, volume->device);
}

static enum wire_source source_of_volume(
	const struct mount_sources *sources, const struct engine_volume *volume)
{
	/* What another driver made, the host's administrator let it make. */
	return strcmp(volume->driver, "local") ? WIRE_SOURCE_PLAIN :
						 source_of_mount(sources, volume);
}

static void finish(struct inquiry *inquiry, int status)
{
	inquiry->done(status, inquiry->context);
	engine_strings_clear(&inquiry->volumes);
	free(inquiry);
}

static void ask_next(struct inquiry *inquiry);

static void on_volume(int error, const struct engine_volume *volume, void *context)
{
	struct inquiry *inquiry = context;

	if (error && error != -ENOENT && error != -EINVAL) {
		finish(inquiry, error);
		return;
	}
	if (!error)
		note(&inquiry->worst, source_of_volume(inquiry->sources, volume));
	ask_next(inquiry);
}

static void ask_next(struct inquiry *inquiry)
{
	while (inquiry->next < inquiry->volumes.count) {
		int r = engine_inspect_volume(inquiry->sources->engine,
			inquiry->volumes.items[inquiry->next++], on_volume, inquiry);

		if (r == 0)
			return;
		if (r != -EINVAL) {
			finish(inquiry, r);
			return;
		}
	}
	finish(inquiry, inquiry->worst);
}

static void on_container(int error, const struct engine_container *container, void *context)
{
	struct inquiry *inquiry = context;
	int r = error;

	for (size_t i = 0; !r && i < container->binds.count; i++)
		note(&inquiry->worst,
			mount_source_of_path(inquiry->sources, container->binds.items[i]));
	if (!r)
		r = engine_strings_copy(&inquiry->volumes, &container->volumes);
	if (r)
		finish(inquiry, r);
	else
		ask_next(inquiry);
}

static struct inquiry *inquiry_new(
	const struct mount_sources *sources, mount_source_fn done, void *context)
{
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));

	if (!inquiry)
		return NULL;
	inquiry->sources = sources;
	inquiry->done = done;
	inquiry->context = context;
	return inquiry;
}

int mount_source_of_volume(const struct mount_sources *sources, const char *name,
	mount_source_fn done, void *context)
{
	struct inquiry *inquiry = inquiry_new(sources, done, context);
	int r = inquiry ? engine_inspect_volume(sources->engine, name, on_volume, inquiry) : -ENOMEM;

	if (r < 0)
		free(inquiry);
	return r;
}

int mount_source_of_container(const struct mount_sources *sources, const char *name,
	mount_source_fn done, void *context)
{
	struct inquiry *inquiry = inquiry_new(sources, done, context);
	int r = inquiry ? engine_inspect_container(sources->engine, name, on_container, inquiry) :
			  -ENOMEM;

	if (r < 0)
		free(inquiry);
	return r;
}
