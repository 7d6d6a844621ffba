/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal that shows one page over and over, and is as it was before when that ends.
 */
#ifndef LATCH_TOP_SCREEN_H
#define LATCH_TOP_SCREEN_H

#include "top_model.h"

enum screen_key {
	SCREEN_NOTHING, /* the time is up */
	SCREEN_REDRAW,	/* the window has another size, or the program goes on after a stop */
	SCREEN_QUIT,	/* q, or a signal that ends programs */
	SCREEN_LEFT,
	SCREEN_RIGHT,
	SCREEN_ENDED, /* end of input: nobody can press a key any more */
	SCREEN_LETTER,	 /* *letter */
};

/* Takes the terminal. Returns 0, or -ENOTTY where standard input or output is none. */
int screen_open(void);
/* Gives it back. Harmless when it was not taken. */
void screen_close(void);

/* Waits for a key, `timeout_ms` at most. */
enum screen_key screen_wait(int timeout_ms, char *letter);

/* Writes the page, cut to the window. */
void screen_show(const struct top *top, enum top_order order);

/* The same without a terminal: every row, as plain text. */
void screen_print(const struct top *top);

#endif
