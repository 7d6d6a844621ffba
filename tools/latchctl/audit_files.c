// SPDX-License-Identifier: Apache-2.0
/*
 * Which files are read, in which order. Files are known by their inode: while they are read latchd, or
 * somebody else, may give them other names.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "audit_files.h"
#include "util.h"

/*
 * So many names in a row that are nobody's are the end. While latchd rotates, the one that a log is about to get
 * is nobody's; others were removed by somebody.
 */
#define MISSING_MAX 4

/* PATH, PATH.1, ... False: it does not fit. */
static bool name_of(const struct audit_files *files, unsigned int number, char name[PATH_MAX])
{
	int length = number ? snprintf(name, PATH_MAX, "%s.%u", files->path, number) :
			      snprintf(name, PATH_MAX, "%s", files->path);

	return length < PATH_MAX;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool is_open(const struct audit_files *files, const struct stat *status)
{
	struct stat open;

	for (size_t i = 0; i < files->count; i++)
		if (!fstat(fileno(files->files[i]), &open) && is_same(&open, status))
			return true;
	return false;
}

/* Opened newest first: one that is renamed meanwhile is met again, and left out, and none is missed. */
int audit_files_open(struct audit_files *files, const char *path, time_t since)
{
	char name[PATH_MAX];

	*files = (struct audit_files){};
	COPY_STRING(files->path, path);
	for (unsigned int i = 0, missing = 0; files->count < AUDIT_FILES_MAX && name_of(files, i, name); i++) {
		struct stat status;
		FILE *file = fopen(name, "re");

		if (!file && i == 0)
			return -errno;
		if (!file && ++missing == MISSING_MAX)
			break;
		if (!file)
			continue;
		missing = 0;
		if (fstat(fileno(file), &status) || is_open(files, &status) ||
			(i && status.st_mtim.tv_sec < since))
			fclose(file);
		else
			files->files[files->count++] = file;
	}
	return 0;
}

void audit_files_close(struct audit_files *files)
{
	while (files->count)
		fclose(files->files[--files->count]);
	free(files->line);
}

static bool is_missing(const struct audit_files *files, unsigned int number)
{
	char name[PATH_MAX];
	struct stat status;

	return !name_of(files, number, name) || stat(name, &status);
}

/* Which number the open file has by now, 0 for the log itself; -1: somebody moved it away. */
static int number_of(const struct audit_files *files, const struct stat *open)
{
	char name[PATH_MAX];
	struct stat status;

	for (unsigned int i = 0, missing = 0; missing < MISSING_MAX && name_of(files, i, name); i++) {
		if (stat(name, &status))
			missing++;
		else if (is_same(&status, open))
			return i;
		else
			missing = 0;
	}
	return -1;
}

/*
 * The file that came after the one which is open, now that this one has another name. NULL: none yet. A rotation
 * renames the oldest first. So when the open one and the gap below it are the same after the next one was opened
 * as before, no name below has moved meanwhile, and it was the next one.
 */
static FILE *open_next(const struct audit_files *files, const struct stat *open)
{
	char name[PATH_MAX];

	for (;;) {
		int number = number_of(files, open), next = number < 0 ? 0 : number - 1;
		bool same = true;
		FILE *file;

		if (number == 0)
			return NULL;
		while (next > 0 && is_missing(files, next))
			next--;
		file = name_of(files, next, name) ? fopen(name, "re") : NULL;
		for (int i = next + 1; i < number; i++)
			same = same && is_missing(files, i);
		if (!file || number < 0 || (same && number_of(files, open) == number))
			return file;
		fclose(file);
	}
}

/* The next line of the oldest file. */
static const char *read_line(struct audit_files *files)
{
	FILE *file = files->files[files->count - 1];
	off_t start = ftello(file);
	ssize_t length = getline(&files->line, &files->room, file);

	if (length > 0 && files->line[length - 1] == '\n')
		return files->line;
	/* The end, or a line that is being written: to be looked at again from its beginning. */
	clearerr(file);
	fseeko(file, start, SEEK_SET);
	return NULL;
}

const char *audit_files_next(struct audit_files *files)
{
	const char *line;
	struct stat open;
	FILE *next;

	while (!(line = read_line(files))) {
		if (files->count > 1) {
			fclose(files->files[--files->count]);
			continue;
		}
		if (fstat(fileno(files->files[0]), &open))
			return NULL;
		next = open_next(files, &open);
		if (!next)
			return NULL;
		/* What was written before it got its other name is read first. */
		line = read_line(files);
		if (line) {
			fclose(next);
			return line;
		}
		fclose(files->files[0]);
		files->files[0] = next;
	}
	return line;
}
