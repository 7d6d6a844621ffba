// SPDX-License-Identifier: Apache-2.0
/*
 * The audit's own sinks and numbers without latchd, for the tests on machines whose kernel cannot take the
 * programs: each line of standard input becomes a record of an allowed container's request, whose target it
 * is. A line that begins with '-' is one that was refused; "lose N" is N records that never came.
 *
 * usage: audit_driver SEQUENCE-FILE ROTATION SINK...
 */
#include <stdio.h>

#include "audit_log.h"
#include "audit_record.h"
#include "util.h"

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void write_line(struct audit_log *log, const char *line)
{
	struct wire_request report = { .route = -1, .method = "GET",
		.client = { .tag = LATCH_TAG_ALLOWED, .id = 7, .comm = "driver", .container = CONTAINER } };
	unsigned int lost;

	if (sscanf(line, "lose %u", &lost) == 1) {
		audit_log_lose(log, AUDIT_WHERE_MEDIATOR, lost);
		return;
	}
	if (line[0] == '-') {
		report.refused = 403;
		strcpy(report.reason, "command list");
		line++;
	}
	COPY_STRING(report.text, line);
	audit_log_write(log, audit_record_report(&report));
}

int main(int argc, char **argv)
{
	struct audit_log_options options = { .sinks = (const char *const *)argv + 3,
		.sequence = argc > 3 ? argv[1] : "", .users = "/etc/passwd" };
	_cleanup_free_ char *line = NULL, *problem = NULL;
	struct audit_log *log;
	size_t room = 0;

	if (argc < 4 || audit_rotation_parse(&options.rotation, argv[2]) < 0)
		return 2;
	if (audit_log_new(&options, &log, &problem) < 0) {
		fprintf(stderr, "%s\n", problem ? problem : "failed");
		return 1;
	}
	audit_log_set_policy(log, "0000");
	audit_containers_note(audit_log_containers(log), CONTAINER, "ci", "docker:cli", "sha256:1");
	while (getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = 0;
		write_line(log, line);
	}
	audit_log_tell(log);
	audit_log_free(log);
	return 0;
}
