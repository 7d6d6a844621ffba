// SPDX-License-Identifier: Apache-2.0
/*
 * Where the counting goes on. A number is noted before its record is written, in memory that outlives the
 * process: so a latchd that is killed in between leaves a gap, and none that follows gives the number
 * away again. The end of the log says the same where that memory is gone, and what of it was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "audit_sequence.h"
#include "file.h"
#include "util.h"

#define TAIL_SIZE (512 * 1024) /* bytes: several of the longest records */

struct audit_sequence_state {
	char boot[40];
	uint64_t last;
	uint64_t ring;
	char log[256]; /* where records went; cut */
};

void audit_boot_id(char *boot, size_t size)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, boot, size - 1);

	boot[length > 0 ? length : 0] = 0;
	boot[strcspn(boot, "\n")] = 0;
}

static int map_state(const char *path, struct audit_sequence_state **state)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *memory;

	if (fd < 0 || ftruncate(fd, sizeof(**state)))
		return -errno;
	memory = mmap(NULL, sizeof(**state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*state = memory;
	return 0;
}

int audit_sequence_open(struct audit_sequence *sequence, const char *path, const char *boot)
{
	int r;

	*sequence = (struct audit_sequence){};
	r = map_state(path, &sequence->state);
	if (r < 0)
		return r;
	if (!strncmp(sequence->state->boot, boot, sizeof(sequence->state->boot) - 1)) {
		sequence->last = sequence->state->last;
		sequence->ring = sequence->state->ring;
		return 0;
	}
	*sequence->state = (struct audit_sequence_state){};
	COPY_STRING(sequence->state->boot, boot);
	return 0;
}

void audit_sequence_close(struct audit_sequence *sequence)
{
	if (sequence->state)
		munmap(sequence->state, sizeof(*sequence->state));
	sequence->state = NULL;
}

uint64_t audit_sequence_take(struct audit_sequence *sequence, uint64_t count)
{
	sequence->last += count;
	if (sequence->state)
		sequence->state->last = sequence->last;
	return sequence->last;
}

void audit_sequence_said(struct audit_sequence *sequence, uint64_t ring)
{
	sequence->ring = ring;
	if (sequence->state)
		sequence->state->ring = ring;
}

bool audit_sequence_goes_to(struct audit_sequence *sequence, const char *path)
{
	struct audit_sequence_state *state = sequence->state;
	char before[sizeof(state->log)];

	if (!state)
		return false;
	memcpy(before, state->log, sizeof(before));
	before[sizeof(before) - 1] = 0;
	COPY_STRING(state->log, path);
	return !strcmp(before, state->log);
}

/* The end of the log. */

/* The number of a line; 0 where it is no record of this boot. *whole: it is a record, of whatever boot. */
static uint64_t number_of(const char *line, size_t length, const char *boot, bool *whole)
{
	json_t *record = json_loadb(line, length, 0, NULL);
	const char *its = json_string_value(json_object_get(record, "boot"));
	json_int_t seq = json_integer_value(json_object_get(record, "seq"));
	uint64_t number = its && !strcmp(its, boot) && seq > 0 ? seq : 0;

	*whole = record != NULL;
	json_decref(record);
	return number;
}

/* Looks at lines from the last one on. True: one is a record. */
static bool find_last(char *text, size_t length, const char *boot, struct audit_tail *tail)
{
	bool whole = false;

	tail->torn = length && text[length - 1] != '\n';
	while (length && !whole) {
		char *line = memrchr(text, '\n', length - 1);
		size_t start = line ? line + 1 - text : 0;

		/* What does not end in a newline is a part of a record, however whole it looks. */
		if (text[length - 1] == '\n')
			tail->last = number_of(text + start, length - start, boot, &whole);
		length = start;
	}
	return whole;
}

static bool read_tail(const char *path, const char *boot, struct audit_tail *tail)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = malloc(TAIL_SIZE + 1);
	struct stat status;
	ssize_t length;

	if (fd < 0 || !text || fstat(fd, &status) || !S_ISREG(status.st_mode))
		return false;
	if (status.st_size > TAIL_SIZE)
		lseek(fd, -TAIL_SIZE, SEEK_END);
	length = file_read_all(fd, text, TAIL_SIZE);
	return length > 0 && find_last(text, length, boot, tail);
}

void audit_tail_read(const char *path, const char *boot, struct audit_tail *tail)
{
	struct audit_tail rotated = {};
	char before[PATH_MAX];

	*tail = (struct audit_tail){};
	if (read_tail(path, boot, tail))
		return;
	if (snprintf(before, sizeof(before), "%s.1", path) < (int)sizeof(before) &&
		read_tail(before, boot, &rotated))
		tail->last = rotated.last;
}
