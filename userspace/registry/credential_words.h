/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a failed credential helper's output may stand in a message.
 *
 * It may be a secret, or have one in it, and no pattern finds every secret. So it is the other way
 * round: only words that latch itself knows are shown.
 */
#ifndef LATCH_CREDENTIAL_WORDS_H
#define LATCH_CREDENTIAL_WORDS_H

#include <stddef.h>

#define CREDENTIAL_WORDS_SIZE 160

/*
 * The last line that is not empty, each run of other words than known ones as "...". Empty where
 * fewer than three are known: that says nothing. Plain text, cut between words.
 */
void credential_words(const char *output, size_t size, char words[CREDENTIAL_WORDS_SIZE]);

#endif
