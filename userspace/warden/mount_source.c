// SPDX-License-Identifier: Apache-2.0
/*
 * Paths are looked at where latchd is, if the engine sees the same files; volumes and containers through
 * the engine. Who names a path chooses which file system has to answer: so that is done in a child.
 *
 * A volume of the local driver can be any mount that mount(2) can make. Who made one, a container could
 * not without being allowed to (host_access.def), so what counts here is whether the host has put its
 * own files into it.
 */
#include <errno.h>

#include "engine_view.h"
#include "host_files.h"
#include "maps_guarded.h"
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

/* What a look is to look at. */
struct sight {
	const struct mount_sources *sources;
	bool ours; /* the engine sees the files that latchd sees */
	bool own;  /* see mount_source_find */
	const char *path;
	const struct engine_volume *volume;
	const struct engine_container *container;
};

/* Only latchd itself may ask the engine's socket whose it is. */
static struct sight sight_of(const struct mount_sources *sources)
{
	return (struct sight){ .sources = sources,
		.ours = engine_view_is_ours(engine_socket(sources->engine)) };
}

static bool is_guarded(const struct maps *maps, const char *path)
{
	struct stat status;

	/* Follows symbolic links, as the engine will. A path that is not there is no socket. */
	return !stat(path, &status) && maps_guard_kind(maps, &status) != LATCH_GUARD_NONE;
}

static enum wire_source source_of_path(const struct sight *sight, const char *path)
{
	if (is_guarded(sight->sources->maps, path))
		return WIRE_SOURCE_SOCKET;
	/* What cannot be looked at where the engine looks counts as the host's own. */
	if (!sight->ours)
		return WIRE_SOURCE_HOST;
	return host_files_own(path, sight->sources->engine_root) ? WIRE_SOURCE_HOST : WIRE_SOURCE_PLAIN;
}

static int look_at_path(const void *what)
{
	const struct sight *sight = what;

	return source_of_path(sight, sight->path);
}

int mount_source_of_path(const struct mount_sources *sources, const char *path, mount_source_fn done,
	void *context)
{
	struct sight sight = sight_of(sources);

	sight.path = path;
	return looks_begin(sources->looks, look_at_path, &sight, done, context);
}

static int look_at_container(const void *what)
{
	const struct sight *sight = what;
	const struct engine_container *container = sight->container;
	int guarded = 0, own = 0;

	for (size_t i = 0; i < container->host_paths.count && !guarded; i++)
		guarded = is_guarded(sight->sources->maps, container->host_paths.items[i]);
	/* A guarded socket is not the host's own here: the image decides about that. */
	for (size_t i = 0; sight->own && i < container->binds.count && !own; i++)
		if (source_of_path(sight, container->binds.items[i]) == WIRE_SOURCE_HOST)
			own = i + 1;
	return own << 1 | guarded;
}

int mount_source_find(const struct mount_sources *sources, const struct engine_container *container, bool own,
	mount_finding_fn done, void *context)
{
	struct sight sight = { .sources = sources };

	if (own)
		sight = sight_of(sources);
	sight.own = own;
	sight.container = container;
	return looks_begin(sources->looks, look_at_container, &sight, done, context);
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
static enum wire_source source_of_mount(const struct sight *sight, const struct engine_volume *volume)
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
		return host_files_on_device(&status, sight->sources->engine_root) ? WIRE_SOURCE_HOST :
										    WIRE_SOURCE_PLAIN;
	if (!is_bind(volume->options))
		return WIRE_SOURCE_HOST;
	return source_of_path(sight, volume->device);
}

static int look_at_volume(const void *what)
{
	const struct sight *sight = what;

	return source_of_mount(sight, sight->volume);
}

static void finish(struct inquiry *inquiry, int status)
{
	inquiry->done(status, inquiry->context);
	engine_strings_clear(&inquiry->volumes);
	free(inquiry);
}

static void ask_next(struct inquiry *inquiry);

static void on_looked(int status, void *context)
{
	struct inquiry *inquiry = context;

	if (status < 0) {
		finish(inquiry, status);
		return;
	}
	note(&inquiry->worst, status);
	ask_next(inquiry);
}

static void on_volume(int error, const struct engine_volume *volume, void *context)
{
	struct inquiry *inquiry = context;
	struct sight sight;
	int r;

	if (error && error != -ENOENT && error != -EINVAL) {
		finish(inquiry, error);
		return;
	}
	/* What another driver made, the host's administrator let it make. */
	if (error || strcmp(volume->driver, "local")) {
		ask_next(inquiry);
		return;
	}
	sight = sight_of(inquiry->sources);
	sight.volume = volume;
	r = looks_begin(inquiry->sources->looks, look_at_volume, &sight, on_looked, inquiry);
	if (r < 0)
		finish(inquiry, r);
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

static int look_at_binds(const void *what)
{
	const struct sight *sight = what;
	enum wire_source worst = WIRE_SOURCE_PLAIN;

	for (size_t i = 0; i < sight->container->binds.count; i++)
		note(&worst, source_of_path(sight, sight->container->binds.items[i]));
	return worst;
}

static void on_container(int error, const struct engine_container *container, void *context)
{
	struct inquiry *inquiry = context;
	struct sight sight;
	int r = error ? error : engine_strings_copy(&inquiry->volumes, &container->volumes);

	if (!r) {
		sight = sight_of(inquiry->sources);
		sight.container = container;
		r = looks_begin(inquiry->sources->looks, look_at_binds, &sight, on_looked, inquiry);
	}
	if (r < 0)
		finish(inquiry, r);
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
