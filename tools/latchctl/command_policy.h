/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command list that an answer is about: of a settings file, or the one that latch runs with.
 */
#ifndef LATCH_COMMAND_POLICY_H
#define LATCH_COMMAND_POLICY_H

#include <jansson.h>

#include "settings.h"
#include "verdict.h"

enum command_policy_source {
	POLICY_GIVEN,   /* the file of --settings */
	POLICY_RUNNING, /* what latchd says that it runs with */
	POLICY_FOUND,   /* latchd was not to be asked: the file that it would read */
};

#define POLICY_UNREAD (-1) /* in `kernel`: not known */

struct command_policy {
	enum command_policy_source source;
	const char *file;
	const char *digest; /* SHA-256 of the file as it was read, hex */
	bool enabled;       /* false: nothing is refused by the list */
	size_t image_count;
	struct commandlist list;
	struct compiled_list compiled;
	/*
	 * What the pinned map has for each route in the generation that counts, enum
	 * latch_verdict_value, or POLICY_UNREAD throughout: no pins, no rights, or another file
	 * asked about.
	 */
	short kernel[ROUTE_COUNT];
	short kernel_mode; /* enum latch_mode, or POLICY_UNREAD */
	char *remark;      /* a sentence on why this policy and not another; NULL: none is needed */

	struct settings *settings; /* owners of the above; either may be NULL */
	json_t *status;
	const char **entries;
};

/*
 * Loads `path`, or with NULL the running policy: latchd's answer, else the file that latchd would
 * read. Returns LATCHCTL_OK (free with command_policy_free), or another enum latchctl_exit after it
 * has said on standard error what is wrong and what to do.
 */
int command_policy_load(const char *command, const char *path, struct command_policy *policy);
void command_policy_free(struct command_policy *policy);

/* Does the kernel's map contradict the compiled list for this route? Never where it was not read.
 */
bool command_policy_differs(const struct command_policy *policy, int route);

/* The lines "policy ..." for people. */
void command_policy_print(const struct command_policy *policy);

/* The same facts: a new object, or NULL without memory. */
json_t *command_policy_object(const struct command_policy *policy);

#endif
