// SPDX-License-Identifier: Apache-2.0
/*
 * Which kind of sink a word of --audit means.
 */
#include <string.h>

#include "audit_sink.h"

#define SYSLOG_SOCKET "/dev/log"

int audit_sink_is_file(const char *what)
{
	return strcmp(what, "journald") && strcmp(what, "syslog");
}

int audit_sink_open(const char *what, const struct audit_rotation *rotation, struct audit_sink **sink,
	char **problem)
{
	*problem = NULL;
	if (!strcmp(what, "journald"))
		return audit_journal_open(sink, problem);
	if (!strcmp(what, "syslog"))
		return audit_syslog_open(SYSLOG_SOCKET, sink, problem);
	return audit_file_open(what, rotation, sink, problem);
}
