// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the settings file, reads its bytes and owns the result. What the bytes mean is decided in
 * settings_json.c.
 *
 * The file decides who may own the machine, so nothing is guessed: a file that exists but cannot be
 * read is an error, never a reason to take the next one; only regular files are read (a pipe could
 * give latchd and `latchctl check` different policies); and a caller gets all of it or nothing.
 */
#include "file.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "settings_internal.h"
#include "util.h"

#define WARNINGS_MAX 256

static int add_warning(struct settings *settings, char *text)
{
	char **grown = reallocarray(
		settings->warnings, settings->warning_count + 1, sizeof(*settings->warnings));

	if (!grown || !text) {
		/* The array is still the struct's, whichever of the two failed. */
		if (grown)
			settings->warnings = grown;
		free(text);
		return -ENOMEM;
	}
	settings->warnings = grown;
	settings->warnings[settings->warning_count++] = text;
	return 0;
}

int settings_warn(struct settings *settings, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	/* Who wrote a file with more has no use for them one by one. */
	if (settings->warning_count > WARNINGS_MAX)
		return 0;
	if (settings->warning_count == WARNINGS_MAX)
		return add_warning(settings, strdup("further warnings are not shown"));
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return add_warning(settings, length < 0 ? NULL : text);
}

const char *settings_find(const char *const *paths, size_t count)
{
	struct stat status;

	/* A dangling link exists: reading it fails later, and says which. */
	for (size_t i = 0; i < count; i++)
		if (!lstat(paths[i], &status) || (errno != ENOENT && errno != ENOTDIR))
			return paths[i];
	return NULL;
}

static int check_kind(const char *path, const struct stat *status, char **problem)
{
	if (S_ISDIR(status->st_mode))
		return problem_set(problem, -EISDIR,
			"%s: is a directory, expected the settings file itself", path);
	if (!S_ISREG(status->st_mode))
		return problem_set(problem, -EINVAL,
			"%s: is not a regular file; the settings are read from a file on disk only",
			path);
	return 0;
}

int settings_read(const char *path, char **bytes, size_t *size, bool *exposed, char **problem)
{
	_cleanup_free_ char *buffer = NULL;
	_cleanup_close_ int fd = -1;
	struct stat status;
	ssize_t n;
	int r;

	/* O_NONBLOCK: opening a FIFO would wait for a writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0) {
		r = -errno;
		return problem_set(problem, r, "%s: cannot be read: %s", path, strerror(-r));
	}
	r = check_kind(path, &status, problem);
	if (r < 0)
		return r;
	buffer = malloc(SETTINGS_SIZE_MAX + 1);
	if (!buffer)
		return problem_set(problem, -ENOMEM, "%s: out of memory", path);
	n = file_read_all(fd, buffer, SETTINGS_SIZE_MAX);
	if (n < 0)
		return problem_set(problem, n, "%s: cannot be read: %s", path, strerror(-n));
	if (n > SETTINGS_SIZE_MAX)
		return problem_set(problem, -EFBIG,
			"%s: is larger than %d MiB, which no settings file is", path,
			SETTINGS_SIZE_MAX >> 20);
	buffer[n] = 0;
	*exposed = status.st_mode & S_IWOTH;
	*size = n;
	*bytes = TAKE_PTR(buffer);
	return 0;
}

static int load_file(const char *path, struct settings **settings, char **problem)
{
	_cleanup_free_ char *bytes = NULL;
	bool exposed;
	size_t size;
	int r;

	r = settings_read(path, &bytes, &size, &exposed, problem);
	if (r < 0)
		return r;
	r = settings_parse(path, bytes, size, settings, problem);
	if (r < 0)
		return r;
	if (exposed && settings_warn(*settings,
			       "%s: every user of this machine may write to it, and "
			       "so decide who owns the machine; take that permission away",
			       path) < 0) {
		settings_free(TAKE_PTR(*settings));
		return problem_set(problem, -ENOMEM, "%s: out of memory", path);
	}
	return 0;
}

int settings_load(const char *path, struct settings **settings, char **problem)
{
	static const char *const paths[] = {SETTINGS_PATH, SETTINGS_ECI_PATH};

	*settings = NULL;
	*problem = NULL;
	if (!path)
		path = settings_find(paths, ARRAY_SIZE(paths));
	if (!path)
		return problem_set(problem, -ENOENT,
			"no settings: neither " SETTINGS_PATH " nor " SETTINGS_ECI_PATH " exists; "
			"write the first (`latchctl help check` shows the smallest useful one) "
			"or name another with --settings FILE");
	return load_file(path, settings, problem);
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < settings->image_count; i++)
		free(settings->images[i].text);
	for (size_t i = 0; i < settings->commands.count; i++)
		free((char *)settings->commands.commands[i]);
	for (size_t i = 0; i < settings->warning_count; i++)
		free(settings->warnings[i]);
	for (size_t i = 0; i < settings->host_access_image_count; i++)
		free(settings->host_access_images[i].image.text);
	free(settings->host_access_images);
	free(settings->images);
	free((void *)settings->commands.commands);
	free(settings->warnings);
	free(settings->path);
	free(settings);
}
