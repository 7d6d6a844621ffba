// SPDX-License-Identifier: Apache-2.0
/*
 * jansson with memory that is wiped, while it has secrets in hand and no longer. Its allocator is
 * one for the whole process, so it is exchanged around each call; both are malloc's underneath, and
 * either may free what the other gave.
 */
#include <malloc.h>

#include "secret.h"

static void wipe_and_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

json_t *secret_json_load(const char *bytes, size_t size, int *line, int *column)
{
	json_malloc_t allocate;
	json_free_t release;
	json_error_t error;
	json_t *root;

	json_get_alloc_funcs(&allocate, &release);
	json_set_alloc_funcs(malloc, wipe_and_free);
	root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
	json_set_alloc_funcs(allocate, release);
	*line = error.line;
	*column = error.column;
	explicit_bzero(&error, sizeof(error));
	return root;
}

void secret_json_free(json_t *root)
{
	json_malloc_t allocate;
	json_free_t release;

	json_get_alloc_funcs(&allocate, &release);
	json_set_alloc_funcs(malloc, wipe_and_free);
	json_decref(root);
	json_set_alloc_funcs(allocate, release);
}
