/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files are the host's own: those of its system, of the engine and of latch. Who may write them,
 * or see them from a container, may take the machine.
 */
#ifndef LATCH_HOST_FILES_H
#define LATCH_HOST_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Is what the engine would mount for `path`, an absolute one, part of them, or does it have a part of
 * them below it? Symbolic links are followed, and folders are compared by device and inode, so another
 * spelling or a bind mount changes nothing. For a path that is not there, which the engine would make,
 * the folder counts in which it would be. What cannot be looked at counts as the host's own.
 *
 * `engine_root`: where the engine keeps its state; NULL or empty where that is not known.
 */
bool host_files_own(const char *path, const char *engine_root);

/* Does one of them lie on this block device? */
bool host_files_on_device(const struct stat *device, const char *engine_root);

#endif
