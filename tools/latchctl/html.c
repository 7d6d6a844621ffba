// SPDX-License-Identifier: Apache-2.0
/*
 * Which characters a page may show as they are. Names in an audit log are written by whoever is
 * watched: the rule is not what is known to be harmful but what a reader can see.
 */
#include "html.h"

#include <stddef.h>
#include <stdint.h>

#include "util.h"

#define SHOWN_MAX 200

static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c},
	{0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
	{0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xd800, 0xf8ff},
	{0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
	{0xe0000, 0x10ffff},
};

static bool is_hidden(uint32_t character)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (character >= hidden[i].first && character <= hidden[i].last)
			return true;
	return false;
}

/* The next character of UTF-8, and its length; 0: the byte there begins none. */
static size_t decode(const unsigned char *text, uint32_t *character)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t length = 1; length <= ARRAY_SIZE(forms); length++) {
		if ((text[0] & forms[length - 1].mask) != forms[length - 1].lead)
			continue;
		*character = text[0] & ~forms[length - 1].mask;
		for (size_t i = 1; i < length; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			*character = *character << 6 | (text[i] & 0x3f);
		}
		return *character >= forms[length - 1].least && *character <= 0x10ffff ? length : 0;
	}
	return 0;
}

static void put(FILE *out, const char *bytes, size_t length, uint32_t character)
{
	switch (character) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		if (is_hidden(character))
			fprintf(out, "\\u{%X}", character);
		else
			fwrite(bytes, 1, length, out);
	}
}

void html_text(FILE *out, const char *text)
{
	for (size_t shown = 0; *text; shown++) {
		uint32_t character;
		size_t length = decode((const unsigned char *)text, &character);

		if (shown == SHOWN_MAX) {
			fputs("…", out);
			return;
		}
		if (length)
			put(out, text, length, character);
		else
			fprintf(out, "\\x{%02X}", (unsigned char)*text);
		text += length ? length : 1;
	}
}

void html_name(FILE *out, const char *text)
{
	fputs("<bdi class=\"name\">", out);
	html_text(out, text);
	fputs("</bdi>", out);
}
