/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latchd's command line.
 */
#ifndef LATCH_OPTIONS_H
#define LATCH_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct options {
	const char *settings;  /* NULL: the default places */
	const char *socket;    /* the engine's public path */
	const char *audit;     /* path of the audit log */
	bool direct;	       /* transport: the kernel decides requests, nobody mediates */
	uid_t mediator_uid;
	char directory[PATH_MAX]; /* of latchd's own program: the others lie beside it */
};

/*
 * Reads the command line. Returns -1 to go on, or the status to exit with: 0 after --help and
 * --version, 2 after a message about wrong usage.
 */
int options_parse(int argc, char **argv, struct options *options);

#endif
