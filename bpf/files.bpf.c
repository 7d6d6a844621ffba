// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files that keep latch and the engine alive: pins, sockets, state, settings, programs, units.
 *
 * A container has them within reach through a mount of the host's, such as `-v /etc:/x`. It may read
 * them. What it may not do is known by inode: the file's own, or its folder's with its name. Which
 * ones there are is latchd's to say (userspace/warden/protection.c), in the map `protected`.
 *
 * Not kept from a container: the disk beneath a file system, and other ways to be the kernel. README
 * and SECURITY.md list them.
 */
#include "guard.bpf.h"
#include "protect.bpf.h"
#include <bpf/bpf_tracing.h>

/* What `protected` says of a file; 0 also of none, as where a name is still to be made. */
static __always_inline __u32 protection_of(struct inode *inode)
{
	struct latch_protection *protection;
	struct latch_inode key = {};

	if (!inode)
		return 0;
	key.ino = inode->i_ino;
	key.dev = inode->i_sb->s_dev;
	protection = bpf_map_lookup_elem(&latch_protected, &key);
	return protection ? protection->what : 0;
}

/* For the record: which file it was about; 0 where there is none. */
static __always_inline __u64 number_of(struct inode *inode)
{
	return inode ? inode->i_ino : 0;
}

/* Does the folder keep what has, or is about to have, this name in it? */
static __always_inline bool is_kept_by(struct inode *folder, struct dentry *dentry)
{
	__u32 what = protection_of(folder);

	if (!folder)
		return false;
	if (what & LATCH_PROTECTED_FOLDER)
		return true;
	return what & LATCH_PROTECTED_NAMES && name_entry(folder, dentry);
}

/* A name that is made, goes, or comes to stand for something else. */
static __noinline int change_name(struct inode *folder, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	if (!is_kept_by(folder, dentry) &&
		!(protection_of(inode) &
			(LATCH_PROTECTED_FILE | LATCH_PROTECTED_FOLDER | LATCH_PROTECTED_PLACE)))
		return 0;
	return refuse_container(inode ? number_of(inode) : number_of(folder), LATCH_REASON_PROTECTED_FILE);
}

/* What a file holds, or who it belongs to and who may open it. */
static __noinline int change_file(struct dentry *dentry, struct inode *inode)
{
	if (!(protection_of(inode) & (LATCH_PROTECTED_FILE | LATCH_PROTECTED_FOLDER)) &&
		!is_kept_by(dentry->d_parent->d_inode, dentry))
		return 0;
	return refuse_container(number_of(inode), LATCH_REASON_PROTECTED_FILE);
}

#define ON_NAME(program, hook)                                                                     \
	SEC("lsm/" hook)                                                                           \
	int BPF_PROG(program, struct inode *folder, struct dentry *dentry)                         \
	{                                                                                          \
		return hook_return(change_name(folder, dentry));                                   \
	}

ON_NAME(latch_create, "inode_create")
ON_NAME(latch_make_dir, "inode_mkdir")
ON_NAME(latch_make_node, "inode_mknod") /* bind(2) of a unix socket as well */
ON_NAME(latch_symlink, "inode_symlink")
ON_NAME(latch_unlink, "inode_unlink")
ON_NAME(latch_remove_dir, "inode_rmdir")

/* A second name for a file is a way round its folder. */
SEC("lsm/inode_link")
int BPF_PROG(latch_link, struct dentry *old, struct inode *folder, struct dentry *dentry)
{
	int refused = change_name(folder, dentry);

	if (!refused && is_kept_by(old->d_parent->d_inode, old))
		refused = refuse_container(number_of(old->d_inode), LATCH_REASON_PROTECTED_FILE);
	return hook_return(refused);
}

SEC("lsm/inode_rename")
int BPF_PROG(latch_rename, struct inode *from, struct dentry *old, struct inode *to,
	struct dentry *new)
{
	int refused = change_name(from, old);

	if (!refused)
		refused = change_name(to, new);
	return hook_return(refused);
}

SEC("lsm/file_open")
int BPF_PROG(latch_open, struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	return hook_return(change_file(file->f_path.dentry, file->f_inode));
}

/* Mode, owner, times, and truncate(2). The kernel's hook has one argument more since 6.9. */
SEC("?lsm/inode_setattr")
int BPF_PROG(latch_setattr, void *idmap, struct dentry *dentry)
{
	return hook_return(change_file(dentry, dentry->d_inode));
}

SEC("?lsm/inode_setattr")
int BPF_PROG(latch_setattr_old, struct dentry *dentry)
{
	return hook_return(change_file(dentry, dentry->d_inode));
}

/*
 * Mounts. What a container covers in a mount namespace of its own it covers for itself. Where the mount
 * has peers, or the namespace is the one that the kernel began with, the host would see it as well.
 */
extern const void init_task __ksym __weak;

static __always_inline struct mount *mount_of(struct vfsmount *vfsmount)
{
	return (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline bool is_hosts(struct mount *mount)
{
	struct task_struct *first = (struct task_struct *)&init_task;

	/* Whoever loaded this was not shown where the kernel has it: any mount may be the host's. */
	if (!&init_task)
		return true;
	return BPF_CORE_READ(mount, mnt_ns) == BPF_CORE_READ(first, nsproxy, mnt_ns);
}

/* `alone`: what is done stays with this mount, whatever peers it has. */
static __noinline int cover(struct vfsmount *vfsmount, struct dentry *dentry, bool alone)
{
	struct mount *mount = mount_of(vfsmount);
	struct inode *inode = dentry->d_inode;

	if (!protection_of(inode) && !is_kept_by(dentry->d_parent->d_inode, dentry))
		return 0;
	if ((alone || !BPF_CORE_READ(mount, mnt_group_id)) && !is_hosts(mount))
		return 0;
	return refuse_container(number_of(inode), LATCH_REASON_PROTECTED_MOUNT);
}

/* include/uapi/linux/mount.h */
#define MS_REMOUNT 32
#define MS_BIND	   4096
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20) /* unbindable, private, slave, shared */

/*
 * To have peers no more is the first that a runtime does with the mounts that its container's namespace was
 * copied from, the root among them, which systemd shares. The kernel looks at the flags in this order.
 */
static __always_inline bool changes_propagation(unsigned long flags)
{
	return !(flags & (MS_REMOUNT | MS_BIND)) && flags & MS_PROPAGATION;
}

SEC("lsm/sb_mount")
int BPF_PROG(latch_mount, const char *source, const struct path *path, const char *type,
	unsigned long flags)
{
	return hook_return(cover(path->mnt, path->dentry, changes_propagation(flags)));
}

SEC("lsm/move_mount")
int BPF_PROG(latch_move_mount, const struct path *from, const struct path *to)
{
	return hook_return(cover(to->mnt, to->dentry, false));
}

/* With the last mount of the BPF file system the pins are gone, and the programs with them. */
SEC("lsm/sb_umount")
int BPF_PROG(latch_umount, struct vfsmount *mount)
{
	return hook_return(cover(mount, mount->mnt_root, false));
}

char LICENSE[] SEC("license") = "GPL";
