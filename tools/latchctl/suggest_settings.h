/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a log shows to the settings that let it run, and no more.
 */
#ifndef LATCH_SUGGEST_SETTINGS_H
#define LATCH_SUGGEST_SETTINGS_H

#include <jansson.h>

#include "command_cover.h"
#include "suggest_evidence.h"

struct suggestion {
	json_t *file;	/* the settings file, whole */
	struct command_cover cover;
	json_t *images; /* entry of the image list -> array of the log's names that it is for */
	json_t *notes;	/* what the file does not let run, and why: sentences */
};

/*
 * Makes the suggestion. With `every_tag` an entry is name:* instead of name:tag. Returns 0
 * (suggestion_free), or a negative errno.
 */
int suggestion_make(
	const struct evidence *evidence, bool every_tag, struct suggestion *suggestion);
void suggestion_free(struct suggestion *suggestion);

/*
 * Reads the text of the file as latchd would and compiles its command list as latchd does: does it
 * pass every route that was seen and can be passed, and nothing that its entries do not need?
 * Returns 0, or a negative errno and *problem (free()).
 */
int suggestion_prove(const struct suggestion *suggestion, const struct evidence *evidence,
	const char *text, char **problem);

#endif
