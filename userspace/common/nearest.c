// SPDX-License-Identifier: Apache-2.0
/*
 * How far apart two words are: the optimal string alignment distance (Levenshtein's, with the swap
 * of two neighbours as one edit), since a swap is what fast typing produces most. Works on bytes;
 * the names that latch knows are ASCII. Only ever used for a hint in a message: nothing is
 * accepted because it resembles something.
 */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX 64

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Both lengths are at most WORD_MAX. Row i holds the distances of a's first i letters. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_length; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			char x = fold(a[i - 1]), y = fold(b[j - 1]);
			size_t best = rows[i - 1][j - 1] + (x != y);

			best = smaller(best, rows[i - 1][j] + 1);
			best = smaller(best, rows[i][j - 1] + 1);
			if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
				best = smaller(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[a_length][b_length];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t word_length = strnlen(nearest->word, WORD_MAX + 1);
	size_t name_length = strnlen(name, WORD_MAX + 1);
	size_t found;

	if (word_length > WORD_MAX || name_length > WORD_MAX)
		return;
	found = distance(nearest->word, word_length, name, name_length);
	if (found > 1 + word_length / 4 || (nearest->name && found >= nearest->distance))
		return;
	/* A word of one letter is one edit away from every other. */
	if (found >= word_length)
		return;
	nearest->name = name;
	nearest->distance = found;
}
