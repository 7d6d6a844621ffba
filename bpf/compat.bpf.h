/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, one function a difference, each with the version that brought it,
 * and the one way in which a program refuses.
 */
#ifndef LATCH_COMPAT_BPF_H
#define LATCH_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The return value of an int hook. From 6.12 on the verifier wants proof that it lies in
 * [-4095, 0], and clang folds plain branches into arithmetic that it cannot follow; so the value
 * must pass through here, opaque to the compiler, and both ends are checked.
 */
static __always_inline int hook_return(int error)
{
	barrier_var(error);
	if (error < -4095 || error > 0)
		return -EPERM; /* not reached; refuses if it ever is */
	return error;
}

/*
 * The ancestor of a cgroup at a level that is at most its own. An array in the struct since 6.1;
 * the index is not a constant, so the element's address is computed from the array's offset.
 */
static __always_inline struct cgroup *cgroup_ancestor_at(struct cgroup *cgrp, int level)
{
	struct cgroup *ancestor = NULL;
	void *array = (void *)cgrp + bpf_core_field_offset(struct cgroup, ancestors);

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor), array + level * sizeof(ancestor));
	return ancestor;
}

/* Where the bytes of a send come from, as far as the programs can read it. */
struct send_source {
	__u64 address; /* of the first byte, in the sender's memory */
	__u64 left;    /* bytes of this segment */
	__u64 total;   /* bytes of all */
	__u64 segment; /* kernel address of the next struct iovec */
	__u64 segments; /* how many there are from there */
};

struct iov_iter___before_6_4 {
	const struct iovec *iov;
} __attribute__((preserve_access_index));

static __always_inline __u64 iter_segments(struct iov_iter *iter)
{
	/* Renamed in 6.4 (de4f5fed3f23). */
	if (bpf_core_field_exists(iter->__iov))
		return (__u64)BPF_CORE_READ(iter, __iov);
	return (__u64)BPF_CORE_READ((struct iov_iter___before_6_4 *)iter, iov);
}

/* Takes the next segment. False where it cannot be read. */
static __always_inline bool source_next(struct send_source *source)
{
	struct iovec segment;

	if (!source->segments)
		return false;
	if (bpf_probe_read_kernel(&segment, sizeof(segment), (void *)source->segment))
		return false;
	source->address = (__u64)segment.iov_base;
	source->left = segment.iov_len;
	source->segment += sizeof(segment);
	source->segments--;
	return true;
}

/*
 * Reads the iterator of a send. False for every kind but the sender's own memory: pages that come
 * from a pipe (splice, sendfile) or are registered with io_uring are not looked at.
 */
static __always_inline bool source_of(struct msghdr *msg, __u64 size, struct send_source *source)
{
	struct iov_iter *iter = &msg->msg_iter;
	__u8 type = BPF_CORE_READ(iter, iter_type);
	__u64 offset = BPF_CORE_READ(iter, iov_offset);

	__builtin_memset(source, 0, sizeof(*source));
	source->total = size;
	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		source->address = (__u64)BPF_CORE_READ(iter, ubuf) + offset;
		source->left = size;
		return true;
	}
	if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC))
		return false;
	source->segment = iter_segments(iter);
	source->segments = BPF_CORE_READ(iter, nr_segs);
	if (!source_next(source))
		return size == 0;
	if (offset > source->left)
		return false;
	source->address += offset;
	source->left -= offset;
	return true;
}

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
} __attribute__((preserve_access_index));

struct fragment {
	__u64 page; /* struct page */
	__u32 size;
	__u32 offset;
};

/* The fragment `index` of a packet; the kernel's array has `skb_frag` or `bio_vec` entries. */
static __always_inline struct fragment fragment_at(struct sk_buff *skb, __u32 index)
{
	struct skb_shared_info *info =
		(void *)(BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end));
	void *first = (void *)info + bpf_core_field_offset(struct skb_shared_info, frags);
	struct fragment found = {};

	if (bpf_core_type_exists(struct skb_frag)) {
		struct skb_frag *frag = first + index * bpf_core_type_size(struct skb_frag);

		found.page = BPF_CORE_READ(frag, netmem);
		found.size = BPF_CORE_READ(frag, len);
		found.offset = BPF_CORE_READ(frag, offset);
	} else {
		struct bio_vec *frag = first + index * bpf_core_type_size(struct bio_vec);

		found.page = (__u64)BPF_CORE_READ(frag, bv_page);
		found.size = BPF_CORE_READ(frag, bv_len);
		found.offset = BPF_CORE_READ(frag, bv_offset);
	}
	return found;
}

/*
 * Where the kernel sees the bytes of a page: pages and their descriptors are two arrays in the same
 * order. x86-64 keeps the start of both in variables; 0 where they are not to be had.
 */
#ifdef __TARGET_ARCH_x86
extern const void page_offset_base __ksym __weak;
extern const void vmemmap_base __ksym __weak;

static __always_inline __u64 page_bytes(__u64 page)
{
	__u64 bytes = 0, descriptors = 0;

	if (!&page_offset_base || !&vmemmap_base)
		return 0;
	if (bpf_probe_read_kernel(&bytes, sizeof(bytes), &page_offset_base) ||
		bpf_probe_read_kernel(&descriptors, sizeof(descriptors), &vmemmap_base))
		return 0;
	if (page < descriptors)
		return 0;
	return bytes + (page - descriptors) / bpf_core_type_size(struct page) * 4096;
}
#else
static __always_inline __u64 page_bytes(__u64 page)
{
	return 0;
}
#endif

#endif
