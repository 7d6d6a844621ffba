/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which command of commands.def a command line of docker's is.
 */
#ifndef LATCH_CLIWORDS_H
#define LATCH_CLIWORDS_H

#include <stddef.h>

#include "command.h"

struct cliwords {
	const struct command *command;
	char name[64]; /* the words of the command line that name it: "container run" */
	char part[64]; /* of a command that ECI does not support: the word behind it ("up"), or ""
			*/
	char problem[384]; /* why no command was found: a sentence without a full stop */
};

/*
 * Reads `docker run --rm -it alpine`, with or without the word docker. docker's own options before
 * the command are skipped, those of buildx and compose as well; the longest name of the table
 * counts, and what stands behind it is not looked at. Returns 0, or -EINVAL and a problem: no
 * command there, an unknown one (with the nearest name), one that only has others below it.
 */
int cliwords_read(int count, char *const *words, struct cliwords *found);

/* Is it the word docker, or the first word of a command's name? */
bool cliwords_begin(const char *word);

#endif
