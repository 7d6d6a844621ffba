/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file as the kernel programs know it.
 */
#ifndef LATCH_KERNEL_INODE_H
#define LATCH_KERNEL_INODE_H

#include <linux/types.h>

#include "latch/abi.h"

/*
 * The inode's own number and the device of its file system's superblock. stat(2) tells others on file
 * systems that make them up, as overlayfs and btrfs do. A symbolic link is not followed.
 * Returns 0 or a negative errno; -ENOENT: there is no such file.
 */
int kernel_inode_of(const char *path, struct latch_inode *inode);

#endif
