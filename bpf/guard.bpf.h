/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a socket guarded, and as what?
 *
 * By the inode that its file has, which no hard link, bind mount, rename or other root changes.
 * A socket whose inode is not known counts by the directory and name that it has, or had when it
 * began to listen: the engine makes a new socket at its public path whenever it starts, and until
 * latchd has seen that one it must not be open, whoever renames it meanwhile. A name only ever
 * refuses.
 */
#ifndef LATCH_GUARD_BPF_H
#define LATCH_GUARD_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

struct guard {
	__u32 kind; /* enum latch_guard_kind */
	__u64 ino;
};

/*
 * Pointers are followed here as the verifier knows them, and not by bpf_probe_read_kernel: this is asked
 * of every send of every unix socket, and each such call costs more than all that is read.
 */
static __always_inline struct dentry *bound_dentry(struct sock *sk)
{
	struct unix_sock *own = bpf_skc_to_unix_sock(sk);

	return own ? own->path.dentry : NULL;
}

/* The entry of a name in a folder; NULL: it has none. */
static __always_inline struct latch_guard *name_entry(struct inode *folder, struct dentry *dentry)
{
	const unsigned char *name = dentry->d_name.name;
	struct latch_dentry key;

	__builtin_memset(&key, 0, sizeof(key));
	key.dir_ino = folder->i_ino;
	key.dir_dev = folder->i_sb->s_dev;
	/* A longer name is cut, and no cut name is in the map: latchd refuses to guard one. */
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), name);
	return bpf_map_lookup_elem(&latch_names, &key);
}

static __always_inline __u32 guard_kind_by_name(struct dentry *dentry)
{
	struct latch_guard *guard = name_entry(dentry->d_parent->d_inode, dentry);

	return guard ? guard->kind : LATCH_GUARD_NONE;
}

/*
 * What the file is that `sk` is bound to; kind NONE for sockets that are none of latch's business.
 * `label` is the one of a listener, NULL where there is none.
 */
static __always_inline struct guard guard_of(struct sock *sk, const struct latch_listener *label)
{
	struct guard found = { .kind = LATCH_GUARD_NONE };
	struct dentry *dentry = bound_dentry(sk);
	struct latch_inode key = {};
	struct latch_guard *guard;

	if (!dentry)
		return found; /* not bound, or an abstract name: no file */
	key.ino = dentry->d_inode->i_ino;
	key.dev = dentry->d_inode->i_sb->s_dev;
	found.ino = key.ino;
	guard = bpf_map_lookup_elem(&latch_guarded, &key);
	if (guard)
		found.kind = guard->kind;
	else if (label && label->kind != LATCH_GUARD_NONE)
		found.kind = label->kind;
	else
		found.kind = guard_kind_by_name(dentry);
	return found;
}

#endif
