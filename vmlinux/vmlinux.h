/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that the programs in bpf/ look into, written by hand: only the fields that
 * are read, relocated at load time to where the running kernel has them (CO-RE). A type that is
 * only passed on is declared and no more. Numbers from the kernel's user-space headers that the
 * programs need are here as well, for those headers cannot be mixed with these types.
 *
 * To add a field: look it up in `bpftool btf dump file /sys/kernel/btf/vmlinux format c` on the
 * oldest and on the newest kernel; where they differ, the difference belongs in bpf/compat.bpf.h.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u32 dev_t;
typedef _Bool bool;

enum { false = 0, true = 1 };

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
};
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };

/* include/linux/socket.h, include/uapi/asm-generic/errno-base.h */
enum { AF_UNIX = 1, MSG_OOB = 1 };
enum { MAY_WRITE = 2, FMODE_WRITE = 2 }; /* include/linux/fs.h */
enum { PTRACE_MODE_ATTACH = 2 };	  /* include/linux/ptrace.h */
enum { EPERM = 1, ENOMEM = 12 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	const char *name;
	__u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
	struct cgroup *ancestors[]; /* since 6.1 (7f203bc89eb6); [0] is the root, [level] itself */
};

struct mnt_namespace;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* where the task is in the cgroup2 hierarchy */
};

struct pid {
	unsigned int level; /* of its pid namespace; 0: the initial one */
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
};

struct super_block {
	dev_t s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

/* Around each vfsmount. */
struct mount {
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	int mnt_group_id; /* of its peers; 0: it has none, and none of what happens here is seen elsewhere */
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	struct path f_path;
	struct inode *f_inode;
};

struct bpf_map {
	char name[16];
};

struct bpf_prog_aux {
	char name[16];
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct sock_common {
	unsigned short skc_family;
};

struct sock {
	struct sock_common __sk_common;
};

struct unix_sock {
	struct sock sk;
	struct path path; /* of the socket file that it is bound to */
	struct sock *peer;
};

struct socket {
	struct sock *sk;
};

struct iovec {
	void *iov_base;
	unsigned long iov_len;
};

/* Its numbers differ between kernels: bpf_core_enum_value(). */
enum iter_type { ITER_UBUF = 0, ITER_IOVEC = 1 };

struct iov_iter {
	__u8 iter_type;
	unsigned long iov_offset; /* into the first segment */
	unsigned long count;	  /* bytes in all */
	const struct iovec *__iov; /* `iov` before 6.4 (de4f5fed3f23): compat.bpf.h */
	void *ubuf;
	unsigned long nr_segs;
};

struct msghdr {
	struct iov_iter msg_iter;
	unsigned int msg_flags;
};

struct page {
	unsigned long flags;
};

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	unsigned int data_len; /* of it in fragments */
	unsigned int end;      /* of the linear part, from `head`; the fragments' list is there */
	unsigned char *head;
	unsigned char *data;
};

/* A fragment, as struct bio_vec before 6.9 (21d2e6737c97): compat.bpf.h. */
struct skb_frag {
	unsigned long netmem;
	unsigned int len;
	unsigned int offset;
};

struct skb_shared_info {
	__u8 nr_frags;
	struct skb_frag frags[17];
};

#pragma clang attribute pop

#endif
