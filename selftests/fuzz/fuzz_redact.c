// SPDX-License-Identifier: Apache-2.0
/*
 * A marker in the place of a secret, with hostile bytes before, in and behind that place, cut
 * anywhere: it must not come through. The places: the value of a credential field, a build argument
 * in the query, the password of a URL. The first bytes of the input choose the place, the spelling
 * of its name and where the text is cut; the rest is the hostile part, in three pieces. Besides, no
 * string of a head may hold what a terminal obeys.
 */
#include <stdint.h>
#include <stdio.h>

#include "redact.h"
#include "util.h"
#include "require.h"

#define MARKER "Zq7Xw9Kv"
#define CHOICES 8 /* bytes at the front of the input */
#define ROOM	8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	char data[4 * ROOM];
	size_t length;
	size_t marker_end; /* where the marker is whole */
};

static void add(struct text *text, const void *data, size_t length)
{
	REQUIRE(text->length + length <= sizeof(text->data));
	memcpy(text->data + text->length, data, length);
	text->length += length;
}

static void add_text(struct text *text, const char *words)
{
	add(text, words, strlen(words));
}

/* Adds bytes without those in `banned`: they would end the place. */
static void add_without(struct text *text, const uint8_t *data, size_t length, const char *banned)
{
	for (size_t i = 0; i < length; i++)
		if (!data[i] || !strchr(banned, data[i]))
			add(text, data + i, 1);
}

static void add_marker(struct text *text)
{
	add_text(text, MARKER);
	text->marker_end = text->length;
}

/* A field's name, in upper or lower case letter by letter. */
static void add_name(struct text *text, const char *name, uint8_t cases)
{
	for (size_t i = 0; name[i]; i++) {
		char c = name[i];

		if (c >= 'a' && c <= 'z' && cases >> i % 8 & 1)
			c -= 'a' - 'A';
		add(text, &c, 1);
	}
}

/* A key or a part of a URL, letter by letter as it is or as an escape. */
static void add_escaped(struct text *text, const char *key, uint8_t escapes)
{
	for (size_t i = 0; key[i]; i++) {
		char escape[4];

		if (escapes >> i % 8 & 1) {
			snprintf(escape, sizeof(escape), i % 2 ? "%%%02x" : "%%%02X", key[i]);
			add_text(text, escape);
		} else {
			add(text, key + i, 1);
		}
	}
}

/* The three hostile pieces. */
struct pieces {
	const uint8_t *data[3];
	size_t length[3];
};

static void make_head(struct text *text, const uint8_t *choice, const struct pieces *pieces)
{
	static const char *const names[] = { "x-registry-auth", "x-registry-config",
		"authorization", "proxy-authorization", "cookie" };

	if (choice[1] & 1)
		add_text(text, "POST /build?t=x HTTP/1.1\r\nHost: docker\r\n");
	if (choice[1] & 2) {
		/* Whole fields, so that what follows them is reached. */
		add_text(text, "X-Hostile: ");
		add_without(text, pieces->data[0], pieces->length[0], "\r\n");
	} else {
		add(text, pieces->data[0], pieces->length[0]);
	}
	add_text(text, "\r\n");
	add_name(text, names[choice[2] % ARRAY_SIZE(names)], choice[3]);
	add_text(text, ":");
	/* CR LF would begin another field; anything else is the value, to one reader or another. */
	add_without(text, pieces->data[1], pieces->length[1], choice[1] & 4 ? "\n" : "\r");
	add_marker(text);
	add(text, pieces->data[2], pieces->length[2]);
}

static void make_build_arguments(
	struct text *text, const uint8_t *choice, const struct pieces *pieces)
{
	static const char separators[] = { '&', ';', '?' };

	add_text(text, "/build?");
	add(text, pieces->data[0], pieces->length[0]);
	add(text, &separators[choice[2] % ARRAY_SIZE(separators)], 1);
	add_escaped(text, "buildargs", choice[3]);
	add_text(text, "=");
	/* Quoted, an '&' is a part of it; else it begins the next parameter. */
	if (choice[1] & 1) {
		add_text(text, "{\"a\":\"");
		add_without(text, pieces->data[1], pieces->length[1], "\"\\%+");
	} else {
		add_without(text, pieces->data[1], pieces->length[1], "&");
	}
	add_marker(text);
	add(text, pieces->data[2], pieces->length[2]);
}

static void make_url(struct text *text, const uint8_t *choice, const struct pieces *pieces)
{
	static const char *const keys[] = { "remote=", "fromSrc=", "t=", "" };

	add_text(text, choice[1] & 1 ? "/build?" : "/");
	add(text, pieces->data[0], pieces->length[0]);
	if (choice[1] & 2)
		add_text(text, "&");
	add_text(text, keys[choice[2] % ARRAY_SIZE(keys)]);
	add_text(text, "https:");
	add_escaped(text, "//", choice[3]);
	add(text, pieces->data[1], pieces->length[1]);
	add_marker(text);
	add(text, pieces->data[2], pieces->length[2]);
	add_escaped(text, "@", choice[4]);
	add_text(text, "host");
}

/* Have the hostile pieces made a marker of their own, in a place that is no secret's? */
static bool is_forged(const struct text *text)
{
	const char *end = text->data + text->length, *first, *last = text->data + text->marker_end;

	first = memmem(text->data, text->length, MARKER, strlen(MARKER));
	return first + strlen(MARKER) != last || memmem(last, end - last, MARKER, strlen(MARKER));
}

static void check_string(const char *text)
{
	if (!text)
		return;
	REQUIRE(!strstr(text, MARKER));
	for (; *text; text++)
		REQUIRE(*text == '\t' || ((unsigned char)*text >= ' ' && *text != 0x7f));
}

static void check_head(const char *data, size_t length)
{
	struct redacted_head head;

	REQUIRE(redact_head(data, length, &head) == 0);
	check_string(head.method);
	check_string(head.target);
	check_string(head.version);
	for (size_t i = 0; i < head.field_count; i++)
		check_string(head.fields[i]);
	redacted_head_free(&head);
}

static void check_target(const char *data, size_t length, bool cut)
{
	char *shown = redact_target(data, length, cut);

	if (!shown || strstr(shown, MARKER))
		fprintf(stderr, "\"%.*s\"\n\"%s\"\n", (int)length, data, shown ? shown : "");
	REQUIRE(shown && !strstr(shown, MARKER));
	free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct text text;
	struct pieces pieces;
	const uint8_t *hostile = data + CHOICES;
	size_t left, cut;
	char *copy;

	if (size < CHOICES || size > ROOM)
		return 0;
	left = size - CHOICES;
	for (int i = 0; i < 3; i++) {
		pieces.data[i] = hostile;
		pieces.length[i] = i == 2 ? left : left * data[5 + i] / 256;
		hostile += pieces.length[i];
		left -= pieces.length[i];
	}
	text.length = 0;
	if (data[0] % 3 == 0)
		make_head(&text, data, &pieces);
	else if (data[0] % 3 == 1)
		make_build_arguments(&text, data, &pieces);
	else
		make_url(&text, data, &pieces);
	if (is_forged(&text))
		return 0;
	/* Not cut, or somewhere behind the marker: before it there is nothing to leak. */
	cut = text.length;
	if (data[7] & 1)
		cut = text.marker_end + (text.length - text.marker_end) * (data[7] >> 1) / 128;
	copy = malloc(cut ? cut : 1); /* of its own, so that a read behind its end is seen */
	REQUIRE(copy);
	memcpy(copy, text.data, cut);
	if (data[0] % 3 == 0)
		check_head(copy, cut);
	else
		check_target(copy, cut, cut < text.length);
	free(copy);
	return 0;
}
