// SPDX-License-Identifier: Apache-2.0
/*
 * The two sources of what is known about a client. The real one reads the kernel's maps anew for
 * each request, so that a reload binds connections that are already open. The stand-in says the
 * same of every client, or believes what each says, and enforces nothing; the code that decides
 * cannot tell them apart.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "subject.h"
#include "util.h"
#include "wire.h"

static int map_label(const struct subject_source *source, int fd, struct latch_conn *label)
{
	(void)source;
	return bpf_map_lookup_elem(WIRE_FD_CONNS, &fd, label) < 0 ? -errno : 0;
}

static int map_state(const struct subject_source *source, struct latch_state *state)
{
	__u32 zero = 0;

	(void)source;
	return bpf_map_lookup_elem(WIRE_FD_STATE, &zero, state) < 0 ? -errno : 0;
}

static int map_verdict(
	const struct subject_source *source, __u32 index, struct latch_verdict *verdict)
{
	(void)source;
	return bpf_map_lookup_elem(WIRE_FD_VERDICTS, &index, verdict) < 0 ? -errno : 0;
}

static int map_tag_now(const struct subject_source *source, __u64 scope, __u32 *tag)
{
	struct latch_scope entry;

	(void)source;
	if (bpf_map_lookup_elem(WIRE_FD_CGROUPS, &scope, &entry) < 0)
		return -errno;
	*tag = entry.tag;
	return 0;
}

void subject_from_maps(struct subject_source *source)
{
	*source = (struct subject_source){
		.label = map_label,
		.state = map_state,
		.verdict = map_verdict,
		.tag_now = map_tag_now,
	};
}

static int file_label(const struct subject_source *source, int fd, struct latch_conn *label)
{
	(void)fd;
	*label = (struct latch_conn){
		.tag = source->tag,
		.kind = LATCH_GUARD_PUBLIC,
		.end = LATCH_END_SERVER,
	};
	return 0;
}

/* An abstract name as "host" or "allowed-7", which is of the container with scope 7. */
static int name_label(const struct subject_source *source, int fd, struct latch_conn *label)
{
	struct sockaddr_un address = {0};
	socklen_t length = sizeof(address) - 1;
	const char *name = address.sun_path + 1;

	if (getpeername(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	file_label(source, fd, label);
	if (!strncmp(name, "host", 4))
		label->tag = LATCH_TAG_HOST;
	else if (!strncmp(name, "allowed-", 8))
		label->scope = strtoul(name + 8, NULL, 10);
	return 0;
}

static int file_state(const struct subject_source *source, struct latch_state *state)
{
	(void)source;
	*state = (struct latch_state){
		.version = LATCH_ABI_VERSION,
		.mode = LATCH_MODE_ENFORCE,
	};
	return 0;
}

static int file_verdict(
	const struct subject_source *source, __u32 index, struct latch_verdict *verdict)
{
	if (index >= LATCH_MAX_ROUTES)
		return -ENOENT;
	*verdict = (struct latch_verdict){.verdict = source->verdicts[index]};
	return 0;
}

static int file_tag_now(const struct subject_source *source, __u64 scope, __u32 *tag)
{
	(void)scope;
	*tag = source->tag;
	return 0;
}

int subject_from_file(struct subject_source *source, const char *as, const char *path)
{
	_cleanup_close_ int fd = -1;
	ssize_t length;

	*source = (struct subject_source){
		.label = file_label,
		.state = file_state,
		.verdict = file_verdict,
		.tag_now = file_tag_now,
	};
	if (!strcmp(as, "host"))
		source->tag = LATCH_TAG_HOST;
	else if (!strcmp(as, "allowed") || !strcmp(as, "named"))
		source->tag = LATCH_TAG_ALLOWED;
	else
		return -EINVAL;
	if (!strcmp(as, "named"))
		source->label = name_label;
	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, source->verdicts, sizeof(source->verdicts));
	if (length < 0)
		return -errno;
	for (size_t i = 0; i < LATCH_MAX_ROUTES; i++) {
		bool pass = source->verdicts[i] == 1 || source->verdicts[i] == '1';

		source->verdicts[i] = pass ? LATCH_VERDICT_PASS : LATCH_VERDICT_REFUSE;
	}
	return 0;
}
