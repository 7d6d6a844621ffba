// SPDX-License-Identifier: Apache-2.0
/*
 * From a pin to the program behind its link.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>

#include "latch/abi.h"
#include "program_runs.h"
#include "util.h"

#define LINKS LATCH_PIN_ROOT "/links"

bool program_runs_measured(void)
{
	FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	int value = file ? fgetc(file) : EOF;

	if (file)
		fclose(file);
	return value == '1';
}

static bool read_program(const char *path, struct program_run *run)
{
	_cleanup_close_ int link = bpf_obj_get(path), program = -1;
	struct bpf_link_info link_info = {};
	struct bpf_prog_info info = {};
	__u32 size = sizeof(link_info);

	if (link < 0 || bpf_obj_get_info_by_fd(link, &link_info, &size))
		return false;
	program = bpf_prog_get_fd_by_id(link_info.prog_id);
	size = sizeof(info);
	if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &size))
		return false;
	run->time = info.run_time_ns;
	run->count = info.run_cnt;
	return true;
}

size_t program_runs_get(struct program_run *runs, size_t room)
{
	DIR *folder = opendir(LINKS);
	struct dirent *entry;
	size_t count = 0;

	while (folder && count < room && (entry = readdir(folder))) {
		char path[512];

		snprintf(path, sizeof(path), LINKS "/%s", entry->d_name);
		if (entry->d_name[0] == '.' || !read_program(path, &runs[count]))
			continue;
		COPY_STRING(runs[count].name, entry->d_name);
		count++;
	}
	if (folder)
		closedir(folder);
	return count;
}
