// SPDX-License-Identifier: Apache-2.0
/*
 * What latch keeps on the disk: whole or not there, its own, and of this form. And the grants in it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "grants.h"
#include "saver.h"
#include "store.h"
#include "util.h"

struct folder {
	char path[64], file[96];
};

static void make_folder(struct folder *folder)
{
	COPY_STRING(folder->path, "/tmp/latch-store.XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->file, sizeof(folder->file), "%s/state/digests", folder->path);
}

static void drop_folder(struct folder *folder)
{
	unlink(folder->file);
	*strrchr(folder->file, '/') = '\0';
	rmdir(folder->file);
	/* Nothing half written is left beside it. */
	assert_int_equal(rmdir(folder->path), 0);
}

static void write_text(const struct folder *folder, const char *text, size_t size)
{
	FILE *stream = fopen(folder->file, "we");

	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, size, stream), size);
	fclose(stream);
}

static size_t read_text(const struct folder *folder, char *text, size_t size)
{
	FILE *stream = fopen(folder->file, "re");
	size_t length;

	assert_non_null(stream);
	length = fread(text, 1, size - 1, stream);
	text[length] = '\0';
	fclose(stream);
	return length;
}

static int read_back(const struct folder *folder, char **problem)
{
	json_t *value = NULL;
	int r = store_read(folder->file, "digests", 1, &value, problem);

	if (!r)
		assert_string_equal(json_string_value(json_array_get(value, 0)), "x");
	json_decref(value);
	return r;
}

static void write_value(const struct folder *folder)
{
	json_t *value = json_pack("[s]", "x");

	assert_int_equal(store_write(folder->file, "digests", 1, value), 0);
	json_decref(value);
}

static void what_is_written_is_read_back_and_is_roots_alone(void **state)
{
	struct folder folder;
	struct stat status;
	char *problem;

	(void)state;
	make_folder(&folder);
	assert_int_equal(read_back(&folder, &problem), -ENOENT);
	assert_null(problem);
	write_value(&folder);
	write_value(&folder);
	assert_int_equal(read_back(&folder, &problem), 0);
	assert_int_equal(stat(folder.file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	drop_folder(&folder);
}

static void whatever_is_not_whole_counts_for_nothing(void **state)
{
	char text[512], changed[512];
	struct folder folder;
	char *problem;
	size_t length;

	(void)state;
	make_folder(&folder);
	write_value(&folder);
	length = read_text(&folder, text, sizeof(text));
	/* Cut anywhere, one bit changed anywhere, anything behind it. */
	for (size_t i = 0; i < length; i++) {
		write_text(&folder, text, i);
		assert_true(read_back(&folder, &problem) < 0);
		free(problem);
		memcpy(changed, text, length);
		changed[i] ^= 1;
		write_text(&folder, changed, length);
		assert_true(read_back(&folder, &problem) < 0);
		assert_non_null(strstr(problem, folder.file));
		free(problem);
	}
	memcpy(changed, text, length);
	changed[length] = '\n';
	write_text(&folder, changed, length + 1);
	assert_int_equal(read_back(&folder, &problem), -EBADMSG);
	free(problem);
	write_text(&folder, text, length);
	assert_int_equal(read_back(&folder, &problem), 0);
	drop_folder(&folder);
}

static void another_form_or_another_file_is_told_apart(void **state)
{
	struct folder folder;
	json_t *value = NULL;
	char *problem;

	(void)state;
	make_folder(&folder);
	write_value(&folder);
	assert_int_equal(store_read(folder.file, "digests", 2, &value, &problem), -ENOTSUP);
	free(problem);
	assert_int_equal(store_read(folder.file, "grants", 1, &value, &problem), -ENOTSUP);
	free(problem);
	drop_folder(&folder);
}

static void a_file_that_others_may_write_is_not_believed(void **state)
{
	struct folder folder;
	char other[128], *problem;

	(void)state;
	make_folder(&folder);
	write_value(&folder);
	assert_int_equal(chmod(folder.file, 0620), 0);
	assert_int_equal(read_back(&folder, &problem), -EPERM);
	free(problem);
	assert_int_equal(chmod(folder.file, 0602), 0);
	assert_int_equal(read_back(&folder, &problem), -EPERM);
	free(problem);
	assert_int_equal(chmod(folder.file, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(folder.file, 65534, 0), 0);
		assert_int_equal(read_back(&folder, &problem), -EPERM);
		free(problem);
		assert_int_equal(chown(folder.file, 0, 0), 0);
	}
	/* A link somewhere else, a folder, a pipe: nothing of that is followed or waited for. */
	snprintf(other, sizeof(other), "%s.other", folder.file);
	assert_int_equal(rename(folder.file, other), 0);
	assert_int_equal(symlink(other, folder.file), 0);
	assert_true(read_back(&folder, &problem) < 0);
	free(problem);
	/* Writing replaces the link, and not what it points to. */
	write_value(&folder);
	assert_int_equal(read_back(&folder, &problem), 0);
	unlink(folder.file);
	assert_int_equal(mkfifo(folder.file, 0600), 0);
	assert_int_equal(read_back(&folder, &problem), -EINVAL);
	free(problem);
	unlink(other);
	drop_folder(&folder);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	char folder_name[96], blocked[128], *problem;
	struct folder folder;
	json_t *value = json_pack("[s]", "new");

	(void)state;
	make_folder(&folder);
	write_value(&folder);
	/* What is in the way of the new file cannot be unlinked: a folder. */
	snprintf(blocked, sizeof(blocked), "%s.new", folder.file);
	assert_int_equal(mkdir(blocked, 0700), 0);
	assert_true(store_write(folder.file, "digests", 1, value) < 0);
	assert_int_equal(read_back(&folder, &problem), 0);
	assert_int_equal(rmdir(blocked), 0);
	/* And a half of an earlier one is no hindrance. */
	COPY_STRING(folder_name, folder.file);
	COPY_STRING(folder.file, blocked);
	write_text(&folder, "half", 4);
	COPY_STRING(folder.file, folder_name);
	write_value(&folder);
	assert_int_equal(access(blocked, F_OK), -1);
	json_decref(value);
	drop_folder(&folder);
}

static void of_many_values_the_last_is_on_the_disk(void **state)
{
	struct folder folder;
	struct saver *saver;
	json_t *value = NULL;
	uv_loop_t loop;
	char *problem;

	(void)state;
	for (int turns = 0; turns < 3; turns++) {
		make_folder(&folder);
		uv_loop_init(&loop);
		saver = saver_new(&loop, folder.file, "digests", 1);
		assert_non_null(saver);
		for (int i = 0; i < 50; i++) {
			saver_save(saver, json_pack("[i]", i));
			if (turns && i % 10 == 0)
				uv_run(&loop, UV_RUN_NOWAIT);
		}
		if (turns == 2)
			uv_run(&loop, UV_RUN_DEFAULT);
		saver_free(saver);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&loop), 0);
		assert_int_equal(store_read(folder.file, "digests", 1, &value, &problem), 0);
		assert_int_equal(json_integer_value(json_array_get(value, 0)), 49);
		json_decref(value);
		drop_folder(&folder);
	}
}

/* --- grants --- */

#define ID1 "1111111111111111111111111111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222222222222222222222222222"
#define IMAGE "sha256:" ID1

static const struct images_basis basis = { .entry = "docker:cli", .answer = "docker.io/library/docker:cli",
	.proof = IMAGE, .derived = true };

static void count_grant(const char *container, const char *image_id, const struct images_basis *found,
	void *context)
{
	(void)container;
	assert_string_equal(image_id, IMAGE);
	assert_string_equal(found->entry, basis.entry);
	(*(int *)context)++;
}

static struct grants *open_grants(uv_loop_t *loop, const struct folder *folder)
{
	struct grants *grants;

	uv_loop_init(loop);
	grants = grants_new(loop, folder->file);
	assert_non_null(grants);
	return grants;
}

static void close_grants(uv_loop_t *loop, struct grants *grants)
{
	grants_free(grants);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(loop), 0);
}

static void grants_survive_with_what_they_rest_on(void **state)
{
	const struct images_basis *found;
	struct folder folder;
	struct grants *grants;
	uv_loop_t loop;
	int count = 0;

	(void)state;
	make_folder(&folder);
	grants = open_grants(&loop, &folder);
	grants_note(grants, ID1, IMAGE, &basis);
	grants_note(grants, ID2, IMAGE, &basis);
	grants_note(grants, ID1, IMAGE, &basis);
	close_grants(&loop, grants);
	grants = open_grants(&loop, &folder);
	grants_each(grants, count_grant, &count);
	assert_int_equal(count, 2);
	found = grants_find(grants, ID1);
	assert_non_null(found);
	assert_memory_equal(found, &basis, sizeof(basis));
	grants_forget(grants, ID1);
	assert_null(grants_find(grants, ID1));
	close_grants(&loop, grants);
	grants = open_grants(&loop, &folder);
	assert_null(grants_find(grants, ID1));
	assert_non_null(grants_find(grants, ID2));
	close_grants(&loop, grants);
	drop_folder(&folder);
}

static void a_grant_that_does_not_read_as_one_is_none(void **state)
{
	static const char *const bad[] = {
		"{}", "7", "{\"container\": 7}",
		"{\"container\": \"" ID1 "\", \"image\": \"" IMAGE "\", \"entry\": \"e\", \"answer\": \"\"}",
		"{\"container\": \"" ID1 "0\", \"image\": \"" IMAGE "\", \"entry\": \"e\", \"answer\": \"\", "
		"\"proof\": \"\"}",
		"{\"container\": \"" ID1 "\", \"image\": \"\", \"entry\": \"e\", \"answer\": \"\", "
		"\"proof\": \"\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct folder folder;
		struct grants *grants;
		json_t *array = json_array();
		uv_loop_t loop;
		int count = 0;

		make_folder(&folder);
		json_array_append_new(array, json_loads(bad[i], JSON_DECODE_ANY, NULL));
		assert_int_equal(store_write(folder.file, "grants", 1, array), 0);
		json_decref(array);
		grants = open_grants(&loop, &folder);
		grants_each(grants, count_grant, &count);
		assert_int_equal(count, 0);
		close_grants(&loop, grants);
		drop_folder(&folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back_and_is_roots_alone),
		cmocka_unit_test(whatever_is_not_whole_counts_for_nothing),
		cmocka_unit_test(another_form_or_another_file_is_told_apart),
		cmocka_unit_test(a_file_that_others_may_write_is_not_believed),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(of_many_values_the_last_is_on_the_disk),
		cmocka_unit_test(grants_survive_with_what_they_rest_on),
		cmocka_unit_test(a_grant_that_does_not_read_as_one_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
