// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "mountinfo.h"
#include "util.h"

/* Space, tab, newline and backslash are three octal digits there. */
static void unescape(char *path)
{
	char *to = path;

	for (char *from = path; *from; from++) {
		unsigned int value;

		if (*from == '\\' && sscanf(from + 1, "%3o", &value) == 1) {
			*to++ = value;
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

bool mountinfo_next(FILE *stream, struct mountinfo *row)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stream) > 0) {
		if (sscanf(line, "%d %*d %u:%u %4095s %4095s", &row->id, &row->major, &row->minor, row->root,
			    row->path) != 5)
			continue;
		unescape(row->root);
		unescape(row->path);
		return true;
	}
	return false;
}

int mountinfo_find(int id, struct mountinfo *row)
{
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	if (!stream)
		return -errno;
	while (!found && mountinfo_next(stream, row))
		found = row->id == id;
	fclose(stream);
	return found ? 0 : -ESTALE;
}
