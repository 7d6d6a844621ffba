/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latchd's command line.
 */
#ifndef LATCH_OPTIONS_H
#define LATCH_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "audit_rotation.h"
#include "client_limits.h"
#include "metrics_service.h"
#include "registry.h"
#include "siblings.h"
#include "trusted.h"

#define OPTIONS_MAX_REGISTRIES 64
#define OPTIONS_MAX_SINKS      8

struct options {
	const char *settings;  /* NULL: the default places */
	const char *socket;    /* the engine's public path */
	const char *audit[OPTIONS_MAX_SINKS + 1]; /* of the audit: as audit_sink_open takes them */
	struct audit_rotation audit_rotation;
	bool noting;	       /* audit mode: nothing is refused, and what would be is recorded */
	struct trusted trusted;	  /* cgroups of the host's own services */
	struct siblings siblings; /* sockets that are the host's alone */
	bool newer_message;    /* refuse mounts in the words of newer versions of ECI */
	struct registry_options registry;
	struct sockaddr_storage metrics; /* to serve metrics at, beside their socket; family 0: none */
	bool direct;	       /* transport: the kernel decides requests, nobody mediates */
	uid_t mediator_uid;
	struct limits limits;  /* of the mediator's clients */
	const char *mirrors[OPTIONS_MAX_REGISTRIES + 1]; /* `registry` points to these */
	const char *insecure[OPTIONS_MAX_REGISTRIES + 1];
	char directory[PATH_MAX]; /* of latchd's own program: the others lie beside it */
};

/*
 * Reads the command line. Returns -1 to go on, or the status to exit with: 0 after --help and
 * --version, 2 after a message about wrong usage.
 */
int options_parse(int argc, char **argv, struct options *options);

/* The first audit log that is a file; NULL: none is. */
const char *options_audit_log(const struct options *options);

#endif
