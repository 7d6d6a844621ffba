// SPDX-License-Identifier: Apache-2.0
/* The words that may be shown, and the line that is made of them; see credential_words.h. */
#include <ctype.h>
#include <stdbool.h>
#include <strings.h>

#include "credential_words.h"
#include "util.h"

#define WORDS_MIN 3

/* What helpers, keychains, clouds and the C library say when something fails. */
static const char known[] =
	"a access account accounts active after an and api are as at authentication "
	"authorized bad be by call can cannot certificate code command config "
	"configuration configured connect connection could credential credentials "
	"current daemon dbus deadline decode decrypt decryption default denied did "
	"directory display do does empty environment err error exceeded executable "
	"exist exit exited expired fail failed failure fetch file find for forbidden "
	"found from gcloud get getting gnupg gpg has have helper host id in init "
	"initialized internal invalid is it key keychain keyring limit load locate "
	"locked logged login lookup missing must name native network no not object of "
	"on only open operation or out pass passphrase password path permission "
	"permitted pinentry please process profile provided provider reach read "
	"refresh refused region registry request required reset retrieve retrieving "
	"role run secret secretservice server service session set sign signal space "
	"specified status store such supported system the there this timed timeout to "
	"token too unable unauthorized unavailable unexpected uninitialized unknown "
	"unreachable unsupported url user username valid was while with you your";

/* Behind these a short number says which. */
static const char numbered[] = "code signal status";

/* Is it one of the words, which have a space between them? */
static bool is_one_of(const char *word, size_t length, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");

		if (n == length && !strncasecmp(word, words, n))
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

/* A word without what stands around it in a sentence. */
static void strip(const char **word, size_t *length)
{
	while (*length && strchr("\"'`([", **word) && **word) {
		++*word;
		--*length;
	}
	while (*length && strchr(".,:;!?\"'`)]", (*word)[*length - 1]) && (*word)[*length - 1])
		--*length;
}

static bool is_number(const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)word[i]))
			return false;
	return length >= 1 && length <= 3;
}

struct line {
	char *text;
	size_t used;
	size_t shown;
	bool hidden;   /* the last thing in it is "..." */
	bool numbered; /* the last word may have a number behind it */
};

/* False where it does not fit. */
static bool append(struct line *line, const char *text, size_t length)
{
	if (line->used + 1 + length + 1 > CREDENTIAL_WORDS_SIZE)
		return false;
	if (line->used)
		line->text[line->used++] = ' ';
	memcpy(line->text + line->used, text, length);
	line->used += length;
	line->text[line->used] = '\0';
	return true;
}

static bool take_word(struct line *line, const char *word, size_t length)
{
	bool number;

	strip(&word, &length);
	number = line->numbered && is_number(word, length);
	if (!number && !is_one_of(word, length, known)) {
		bool hidden = line->hidden;

		line->hidden = true;
		line->numbered = false;
		return hidden || append(line, "...", 3);
	}
	line->hidden = false;
	line->numbered = is_one_of(word, length, numbered);
	line->shown += !number;
	return append(line, word, length);
}

static bool is_gap(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* Moves *output to its last line with something in it. */
static void find_last_line(const char **output, size_t *size)
{
	size_t end = *size, start;

	while (end && is_gap((*output)[end - 1]))
		end--;
	for (start = end; start && (*output)[start - 1] != '\n' && (*output)[start - 1] != '\r';)
		start--;
	*output += start;
	*size = end - start;
}

void credential_words(const char *output, size_t size, char words[CREDENTIAL_WORDS_SIZE])
{
	struct line line = {.text = words};

	words[0] = '\0';
	find_last_line(&output, &size);
	while (size) {
		size_t length = 0;

		while (size && is_gap(*output)) {
			output++;
			size--;
		}
		while (length < size && !is_gap(output[length]))
			length++;
		if (length && !take_word(&line, output, length))
			break;
		output += length;
		size -= length;
	}
	if (line.shown < WORDS_MIN)
		words[0] = '\0';
}
