// SPDX-License-Identifier: Apache-2.0
/*
 * The structs of latch/abi.h as this compiler lays them out, against the types that the BPF
 * compiler wrote into the object: member by member, for both sides read the same memory.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <linux/btf.h>

#include "latch/abi.h"
#include "util.h"

struct member {
	const char *name;
	size_t offset;
};

struct layout {
	const char *type;
	size_t size;
	struct member members[16];
};

#define MEMBER(type, name)                                                                         \
	{                                                                                          \
		#name, offsetof(struct type, name)                                                 \
	}

static const struct layout layouts[] = {
	{ "latch_state", sizeof(struct latch_state),
		{ MEMBER(latch_state, version), MEMBER(latch_state, mode),
			MEMBER(latch_state, generation), MEMBER(latch_state, owner_pid) } },
	{ "latch_inode", sizeof(struct latch_inode),
		{ MEMBER(latch_inode, ino), MEMBER(latch_inode, dev) } },
	{ "latch_guard", sizeof(struct latch_guard),
		{ MEMBER(latch_guard, kind), MEMBER(latch_guard, path) } },
	{ "latch_dentry", sizeof(struct latch_dentry),
		{ MEMBER(latch_dentry, dir_ino), MEMBER(latch_dentry, dir_dev),
			MEMBER(latch_dentry, name) } },
	{ "latch_scope", sizeof(struct latch_scope),
		{ MEMBER(latch_scope, tag), MEMBER(latch_scope, nested),
			MEMBER(latch_scope, container) } },
	{ "latch_container", sizeof(struct latch_container), { MEMBER(latch_container, id) } },
	{ "latch_grant", sizeof(struct latch_grant),
		{ MEMBER(latch_grant, cgroup), MEMBER(latch_grant, image) } },
	{ "latch_task", sizeof(struct latch_task),
		{ MEMBER(latch_task, scope), MEMBER(latch_task, sticky), MEMBER(latch_task, self) } },
	{ "latch_conn", sizeof(struct latch_conn),
		{ MEMBER(latch_conn, scope), MEMBER(latch_conn, cgroup), MEMBER(latch_conn, tag),
			MEMBER(latch_conn, kind), MEMBER(latch_conn, end), MEMBER(latch_conn, pid),
			MEMBER(latch_conn, uid), MEMBER(latch_conn, self), MEMBER(latch_conn, id),
			MEMBER(latch_conn, dead), MEMBER(latch_conn, comm),
			MEMBER(latch_conn, container) } },
	{ "latch_cut", sizeof(struct latch_cut), { MEMBER(latch_cut, cut) } },
	{ "latch_listener", sizeof(struct latch_listener),
		{ MEMBER(latch_listener, tag), MEMBER(latch_listener, pid),
			MEMBER(latch_listener, kind) } },
	{ "latch_verdict", sizeof(struct latch_verdict),
		{ MEMBER(latch_verdict, verdict), MEMBER(latch_verdict, route) } },
	{ "latch_event", sizeof(struct latch_event),
		{ MEMBER(latch_event, header), MEMBER(latch_event, cgroup), MEMBER(latch_event, scope),
			MEMBER(latch_event, ino), MEMBER(latch_event, tag), MEMBER(latch_event, kind),
			MEMBER(latch_event, pid), MEMBER(latch_event, uid),
			MEMBER(latch_event, verdict), MEMBER(latch_event, reason),
			MEMBER(latch_event, comm), MEMBER(latch_event, container) } },
	{ "latch_request", sizeof(struct latch_request),
		{ MEMBER(latch_request, event), MEMBER(latch_request, connection),
			MEMBER(latch_request, route), MEMBER(latch_request, generation),
			MEMBER(latch_request, mode), MEMBER(latch_request, verdict),
			MEMBER(latch_request, problem), MEMBER(latch_request, size),
			MEMBER(latch_request, stored), MEMBER(latch_request, head) } },
};

static size_t offset_in(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (unsigned int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return btf_member_bit_offset(type, i) / 8;
	fail_msg("the kernel's struct has no member %s", name);
	return 0;
}

/* Types that the programs use themselves; the rest stands behind a map or the ring buffer. */
static void every_layout_is_the_same_on_both_sides(void **state)
{
	struct btf *btf = btf__parse_elf(LATCH_BPF_OBJECT, NULL);

	(void)state;
	assert_non_null(btf);
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		int id = btf__find_by_name_kind(btf, layouts[i].type, BTF_KIND_STRUCT);
		const struct btf_type *type;

		if (id < 0)
			fail_msg("the object knows no struct %s", layouts[i].type);
		type = btf__type_by_id(btf, id);
		if (type->size != layouts[i].size)
			fail_msg("struct %s: %u bytes in the kernel, %zu here", layouts[i].type,
				type->size, layouts[i].size);
		for (const struct member *member = layouts[i].members; member->name; member++)
			if (offset_in(btf, type, member->name) != member->offset)
				fail_msg("struct %s: member %s lies elsewhere", layouts[i].type,
					member->name);
	}
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_the_same_on_both_sides),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
