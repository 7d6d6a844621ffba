// SPDX-License-Identifier: Apache-2.0
/*
 * Renames logs, the oldest first, so that at no moment a log is under no name: what is in the youngest is
 * moved last. An old log whose turn fails keeps its name and its neighbours wait, for the log itself is
 * only moved when there is room for it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit_rotation.h"
#include "util.h"

void audit_rotation_init(struct audit_rotation *rotation)
{
	*rotation = (struct audit_rotation){ .size = UINT64_C(64) << 20, .count = 5 };
}

static int parse_size(const char *text, char **end, uint64_t *size)
{
	static const struct { char unit; int shift; } units[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };

	errno = 0;
	*size = strtoull(text, end, 10);
	if (errno || *end == text || text[0] == '-' || text[0] == '+' || *size >> 32)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (**end == units[i].unit) {
			*size <<= units[i].shift;
			++*end;
			break;
		}
	return 0;
}

int audit_rotation_parse(struct audit_rotation *rotation, const char *text)
{
	char *end, *last;
	unsigned long count;
	uint64_t size;

	if (!strcmp(text, "0")) {
		*rotation = (struct audit_rotation){};
		return 0;
	}
	if (parse_size(text, &end, &size) < 0 || !size || *end != ',')
		return -EINVAL;
	errno = 0;
	count = strtoul(end + 1, &last, 10);
	if (errno || *last || end[1] < '0' || end[1] > '9' || count < 1 ||
		count > AUDIT_ROTATION_MAX_COUNT)
		return -EINVAL;
	*rotation = (struct audit_rotation){ .size = size, .count = count };
	return 0;
}

int audit_rotate(const char *path, unsigned int count)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (unsigned int i = count; i > 0; i--) {
		if (snprintf(to, sizeof(to), "%s.%u", path, i) >= (int)sizeof(to))
			return -ENAMETOOLONG;
		if (i == 1)
			COPY_STRING(from, path);
		else
			snprintf(from, sizeof(from), "%s.%u", path, i - 1);
		if (rename(from, to) && errno != ENOENT)
			return -errno;
	}
	return 0;
}
