/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latchd's command line.
 */
#ifndef LATCH_OPTIONS_H
#define LATCH_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "client_limits.h"
#include "registry.h"
#include "siblings.h"

#define OPTIONS_MAX_REGISTRIES 64

struct options {
	const char *settings;  /* NULL: the default places */
	const char *socket;    /* the engine's public path */
	const char *audit;     /* path of the audit log */
	struct siblings siblings; /* sockets that are the host's alone */
	bool newer_message;    /* refuse mounts in the words of newer versions of ECI */
	struct registry_options registry;
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

#endif
