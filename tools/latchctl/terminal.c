// SPDX-License-Identifier: Apache-2.0
/*
 * What may be written to a terminal: colours where somebody looks, and of other people's text
 * nothing that a terminal obeys.
 */
#include "latchctl.h"

static bool shows_colours(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no_color && *no_color) || !term || !strcmp(term, "dumb"))
		return false;
	return isatty(fileno(out));
}

const char *style(FILE *out, enum style style)
{
	static const char *const sequences[] = {
		[STYLE_PLAIN] = "\033[0m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_BAD] = "\033[31m",
		[STYLE_WARNING] = "\033[33m",
		[STYLE_TITLE] = "\033[1m",
	};

	return shows_colours(out) ? sequences[style] : "";
}

void print_safe(FILE *out, const char *value)
{
	for (; *value; value++) {
		unsigned char c = *value;

		if (c >= ' ' && c < 0x7f)
			putc(c, out);
		else
			fprintf(out, "\\x%02X", c);
	}
}
