/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that has held a secret is wiped before it is given back. A copy that jansson makes while
 * it reads counts as well.
 */
#ifndef LATCH_SECRET_H
#define LATCH_SECRET_H

#include <jansson.h>

#include "util.h"

/* Wipes a string and frees it; NULL is nothing. */
static inline void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static inline void secret_cleanup(char **secret)
{
	secret_free(*secret);
}

#define _cleanup_secret_ __attribute__((cleanup(secret_cleanup)))

/*
 * Reads JSON of which a part is secret. NULL: it is none, has a key twice, or there is no memory;
 * *line and *column then say where. jansson's own text is left out: it quotes what it stumbled
 * over.
 */
json_t *secret_json_load(const char *bytes, size_t size, int *line, int *column);

/* For what secret_json_load returned, and for nothing else; NULL is nothing. */
void secret_json_free(json_t *root);

#endif
