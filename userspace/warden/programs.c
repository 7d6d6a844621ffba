// SPDX-License-Identifier: Apache-2.0
/*
 * Loading, attaching and pinning the kernel programs.
 *
 * The pins are what keeps them alive: they enforce with latchd dead, and removing
 * /sys/fs/bpf/latch ends them. A start never opens a gap: new programs are attached beside the old
 * ones, on the same maps, and then take over their pins.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "latch.skel.h"
#include "latch/abi.h"
#include "programs.h"
#include "problem.h"
#include "util.h"

#define PIN_LINKS LATCH_PIN_ROOT "/links"
#define BPF_FS	  "/sys/fs/bpf"
#define BPF_LOG_SIZE 65536
#define MAX_PROGRAMS 128

/* What libbpf and the verifier said, kept until somebody asks; the last bytes count. */
static char last_words[2048];

static int PRINTF_LIKE(2, 0)
	keep_last_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level != LIBBPF_DEBUG)
		vsnprintf(last_words, sizeof(last_words), format, arguments);
	return 0;
}

static int require_bpf_fs(char **problem)
{
	struct statfs status;

	if (!statfs(BPF_FS, &status) && status.f_type == BPF_FS_MAGIC)
		return 0;
	if (mount("bpf", BPF_FS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return problem_set(problem, -errno,
			"no BPF file system at " BPF_FS " and none could be mounted there: %m");
	return 0;
}

static int make_directory(const char *path, char **problem)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return problem_set(problem, -errno, "cannot make %s: %m", path);
	return 0;
}

/* Maps of another layout cannot be taken over; saying so beats what libbpf would say. */
static int require_same_version(char **problem)
{
	_cleanup_close_ int map = bpf_obj_get(LATCH_PIN_ROOT "/state");
	struct latch_state state;
	__u32 zero = 0;

	if (map < 0 || bpf_map_lookup_elem(map, &zero, &state) || !state.version)
		return 0;
	if (state.version == LATCH_ABI_VERSION)
		return 0;
	return problem_set(problem, -EPROTO,
		"the maps pinned at " LATCH_PIN_ROOT " are of layout %u and this latchd knows "
		"layout %u; run `latchctl release` of the version that made them, then start again",
		state.version, LATCH_ABI_VERSION);
}

static int set_pin_paths(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		char path[128];
		int r;

		if (strncmp(name, "latch_", 6))
			continue; /* the compiler's own (.rodata): belongs to this load */
		snprintf(path, sizeof(path), "%s/%s", LATCH_PIN_ROOT, name + 6);
		r = bpf_map__set_pin_path(map, path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* How many arguments a hook of the security modules has in this kernel; 0: not known. */
static unsigned int hook_arguments(const char *hook)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type = NULL;
	unsigned int count = 0;
	char name[64];
	int id;

	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -1;
	if (id > 0)
		type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (type)
		count = btf_vlen(type);
	btf__free(btf);
	return count;
}

/*
 * Two programs are for what splice does on kernels that have a function for it, which newer ones have
 * not (bpf/request.bpf.c, latch_splice; bpf/owner.bpf.c, latch_write), and of two that differ in a
 * hook's arguments one is right (bpf/files.bpf.c, latch_setattr). Every other one is loaded everywhere or
 * latchd does not start.
 */
static void choose_programs(struct latch *latch)
{
	bool has = libbpf_find_vmlinux_btf_id("unix_stream_sendpage", BPF_TRACE_FENTRY) > 0;
	bool is_new = hook_arguments("inode_setattr") > 2;

	bpf_program__set_autoload(latch->progs.latch_splice, has);
	bpf_program__set_autoload(latch->progs.latch_write, has);
	bpf_program__set_autoload(latch->progs.latch_setattr, is_new);
	bpf_program__set_autoload(latch->progs.latch_setattr_old, !is_new);
}

/* The state that programs meet when they are attached: complete before the first one runs. */
static int initialise_state(struct latch *latch)
{
	int map = bpf_map__fd(latch->maps.latch_state);
	struct latch_state state;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(map, &zero, &state))
		return -errno;
	state.version = LATCH_ABI_VERSION;
	state.owner_pid = getpid();
	return bpf_map_update_elem(map, &zero, &state, BPF_ANY) ? -errno : 0;
}

/* Attaches one program and gives its link the pin, whoever had it before. */
static int install_program(struct bpf_program *program, char **problem)
{
	const char *name = bpf_program__name(program);
	struct bpf_link *link = bpf_program__attach(program);
	char path[128], fresh[140];
	int r;

	r = libbpf_get_error(link);
	if (r < 0)
		return problem_set(problem, r, "cannot attach %s: %s%s", name, strerror(-r),
			r == -EPERM || r == -EINVAL || r == -524 /* the kernel's ENOTSUPP */ ?
				"; is `bpf` in the kernel's list of security modules? "
				"(`latchctl doctor` tells)" :
				"");
	snprintf(path, sizeof(path), "%s/%s", PIN_LINKS, name);
	/* No dot: bpffs reserves names with one. */
	snprintf(fresh, sizeof(fresh), "%s_new", path);
	unlink(fresh); /* of a start that was killed here */
	r = bpf_link__pin(link, fresh);
	if (!r && rename(fresh, path))
		r = -errno;
	/* Closes the descriptor; what is pinned stays attached. */
	bpf_link__destroy(link);
	if (r < 0)
		return problem_set(problem, r, "cannot pin %s: %s", path, strerror(-r));
	return 0;
}

static int load(struct latch *latch, char **problem)
{
	int r = set_pin_paths(latch->obj);

	choose_programs(latch);
	if (r < 0)
		return problem_set(problem, r, "cannot name the pins: %s", strerror(-r));
	r = latch__load(latch);
	if (r < 0)
		return problem_set(problem, r,
			"the kernel refused the programs: %s; the last it said: %s"
			"Run `latchctl doctor` for what this kernel lacks",
			strerror(-r), last_words);
	r = initialise_state(latch);
	if (r < 0)
		return problem_set(problem, r, "cannot write the state map: %s", strerror(-r));
	return 0;
}

int programs_install(char **problem)
{
	struct bpf_program *program;
	struct latch *latch;
	int r;

	*problem = NULL;
	libbpf_set_print(keep_last_words);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	r = require_bpf_fs(problem);
	if (!r)
		r = make_directory(LATCH_PIN_ROOT, problem);
	if (!r)
		r = make_directory(PIN_LINKS, problem);
	if (!r)
		r = require_same_version(problem);
	if (r < 0)
		return r;
	latch = latch__open();
	if (!latch)
		return problem_set(problem, -errno, "cannot read the kernel programs: %s", last_words);
	r = load(latch, problem);
	if (!r) {
		bpf_object__for_each_program(program, latch->obj) {
			r = bpf_program__autoload(program) ? install_program(program, problem) : 0;
			if (r < 0)
				break;
		}
	}
	latch__destroy(latch);
	return r;
}

/*
 * The pins that there must be in this kernel. It is asked for with every scrape, and to find out takes
 * reading the kernel's types: kept.
 */
static struct {
	char names[MAX_PROGRAMS][32];
	size_t count; /* 0: not known yet */
} expected;

static int find_expected(void)
{
	struct latch *latch = latch__open(); /* for the names alone: nothing is loaded */
	struct bpf_program *program;

	if (!latch)
		return -errno;
	choose_programs(latch);
	bpf_object__for_each_program(program, latch->obj) {
		if (!bpf_program__autoload(program))
			continue;
		if (expected.count == MAX_PROGRAMS) {
			expected.count = 0;
			latch__destroy(latch);
			return -E2BIG;
		}
		COPY_STRING(expected.names[expected.count], bpf_program__name(program));
		expected.count++;
	}
	latch__destroy(latch);
	return 0;
}

int programs_missing(char *name, size_t size)
{
	int missing = 0, r = expected.count ? 0 : find_expected();

	if (r < 0)
		return r;
	for (size_t i = 0; i < expected.count; i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", PIN_LINKS, expected.names[i]);
		if (!access(path, F_OK))
			continue;
		snprintf(name, size, "%s", expected.names[i]);
		missing++;
	}
	return missing;
}

static int remove_files(const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	int r = 0;

	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(stream))) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(path) && errno != EISDIR && errno != EPERM)
			r = -errno;
	}
	closedir(stream);
	return r;
}

static bool is_latch_program(__u32 id)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
	       !strncmp(info.name, "latch_", 6);
}

/*
 * The kernel detaches a program some time after its last link is gone, and until then it refuses.
 * Whoever asked for the end must not meet it: waits for half a minute at most.
 */
static void wait_until_detached(void)
{
	for (int i = 0; i < 1500; i++) {
		bool found = false;
		__u32 id = 0;

		while (!found && !bpf_prog_get_next_id(id, &id))
			found = is_latch_program(id);
		if (!found)
			return;
		usleep(20000);
	}
}

int programs_remove(void)
{
	/* Links first: no program must run on when its maps have lost their names. */
	int r = remove_files(PIN_LINKS);

	if (!r && rmdir(PIN_LINKS) && errno != ENOENT)
		r = -errno;
	wait_until_detached();
	if (!r)
		r = remove_files(LATCH_PIN_ROOT);
	if (!r && rmdir(LATCH_PIN_ROOT) && errno != ENOENT)
		r = -errno;
	return r;
}
