/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text into a page, where it is text and nothing else.
 */
#ifndef LATCH_HTML_H
#define LATCH_HTML_H

#include <stdio.h>

/*
 * Writes text as the content of an element or of an attribute in quotes: markup is escaped, and what
 * would be invisible or would turn the direction of what follows (controls, bidi controls, zero-width
 * characters, tags) is shown as \u{202E}. Bytes that are no UTF-8 become \x{FF}. Cut behind 200
 * characters, with an ellipsis.
 */
void html_text(FILE *out, const char *text);

/* The same as an element of its own, whose direction does not reach its neighbours. */
void html_name(FILE *out, const char *text);

#endif
