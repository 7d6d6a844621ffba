// SPDX-License-Identifier: Apache-2.0
/*
 * A list in memory, written to the disk as a whole when it changes.
 */
#include <errno.h>
#include <jansson.h>

#include "grants.h"
#include "log.h"
#include "saver.h"
#include "store.h"
#include "util.h"

#define STORE_WHAT    "grants"
#define STORE_VERSION 1

struct grant {
	struct grant *next;
	char container[65];
	char image_id[ENGINE_DIGEST_SIZE];
	struct images_basis basis;
	int64_t noted; /* 0: by an earlier latchd */
};

struct grants {
	struct grant *first;
	struct saver *saver; /* NULL: not kept on the disk */
};

static void save(struct grants *grants)
{
	json_t *array;

	if (!grants->saver)
		return;
	array = json_array();
	for (const struct grant *grant = grants->first; grant; grant = grant->next)
		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "container", grant->container,
				"image", grant->image_id, "entry", grant->basis.entry, "answer",
				grant->basis.answer, "proof", grant->basis.proof, "derived",
				grant->basis.derived));
	saver_save(grants->saver, array);
}

static struct grant **find(struct grants *grants, const char *container)
{
	struct grant **link = &grants->first;

	while (*link && strcmp((*link)->container, container))
		link = &(*link)->next;
	return link;
}

static struct grant *get(struct grants *grants, const char *container)
{
	struct grant **link = find(grants, container);

	if (*link)
		return *link;
	*link = calloc(1, sizeof(**link));
	if (*link)
		COPY_STRING((*link)->container, container);
	return *link;
}

void grants_note(struct grants *grants, const char *container, const char *image_id,
	const struct images_basis *basis)
{
	struct grant *grant = get(grants, container);
	char image[ENGINE_DIGEST_SIZE] = "";

	if (!grant)
		return;
	grant->noted = grants_now();
	COPY_STRING(image, image_id);
	/* Fixed arrays, zero behind their strings: the same bytes are the same grant. */
	if (!memcmp(grant->image_id, image, sizeof(image)) &&
		!memcmp(&grant->basis, basis, sizeof(*basis)))
		return;
	COPY_STRING(grant->image_id, image);
	grant->basis = *basis;
	save(grants);
}

void grants_forget(struct grants *grants, const char *container)
{
	struct grant **link = find(grants, container), *gone = *link;

	if (!gone)
		return;
	*link = gone->next;
	free(gone);
	save(grants);
}

const struct images_basis *grants_find(const struct grants *grants, const char *container)
{
	for (const struct grant *grant = grants->first; grant; grant = grant->next)
		if (!strcmp(grant->container, container))
			return &grant->basis;
	return NULL;
}

int64_t grants_now(void)
{
	return uv_hrtime();
}

bool grants_since(const struct grants *grants, const char *container, int64_t moment)
{
	for (const struct grant *grant = grants->first; grant; grant = grant->next)
		if (!strcmp(grant->container, container))
			return grant->noted > moment;
	return false;
}

void grants_each(struct grants *grants,
	void (*each)(const char *container, const char *image_id, const struct images_basis *basis,
		void *context),
	void *context)
{
	struct grant *next;

	for (struct grant *grant = grants->first; grant; grant = next) {
		next = grant->next;
		each(grant->container, grant->image_id, &grant->basis, context);
	}
}

/* Takes a string of the file if it fits; false: it is none, or would be cut. */
static bool take(char *to, size_t size, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (!text || json_string_length(value) >= size || strlen(text) != json_string_length(value))
		return false;
	strncpy_zero(to, size, text);
	return true;
}

#define TAKE(array, object, key) take((array), sizeof(array), (object), (key))

static bool load_grant(struct grants *grants, const json_t *value)
{
	struct grant read = {0}, *grant;

	if (!TAKE(read.container, value, "container") || !TAKE(read.image_id, value, "image") ||
		!TAKE(read.basis.entry, value, "entry") || !TAKE(read.basis.answer, value, "answer") ||
		!TAKE(read.basis.proof, value, "proof") || !read.container[0] || !read.image_id[0])
		return false;
	read.basis.derived = json_is_true(json_object_get(value, "derived"));
	grant = get(grants, read.container);
	if (!grant)
		return false;
	read.next = grant->next;
	*grant = read;
	return true;
}

static void load(struct grants *grants, const char *path)
{
	_cleanup_free_ char *problem = NULL;
	json_t *array = NULL;
	const json_t *value;
	size_t i;
	int r = store_read(path, STORE_WHAT, STORE_VERSION, &array, &problem);

	if (r < 0 && r != -ENOENT)
		log_warning("%s; containers are judged anew", problem ? problem : strerror(-r));
	json_array_foreach (array, i, value)
		if (!load_grant(grants, value)) {
			log_warning("%s: entry %zu and what follows cannot be used; those containers are "
				    "judged anew", path, i);
			break;
		}
	json_decref(array);
}

struct grants *grants_new(uv_loop_t *loop, const char *path)
{
	struct grants *grants = calloc(1, sizeof(*grants));

	if (!grants || !path)
		return grants;
	load(grants, path);
	grants->saver = saver_new(loop, path, STORE_WHAT, STORE_VERSION);
	return grants;
}

void grants_free(struct grants *grants)
{
	if (!grants)
		return;
	saver_free(grants->saver);
	while (grants->first) {
		struct grant *grant = grants->first;

		grants->first = grant->next;
		free(grant);
	}
	free(grants);
}
