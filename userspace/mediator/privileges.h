/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process gives up before it reads the first byte of a client.
 */
#ifndef LATCH_MEDIATOR_PRIVILEGES_H
#define LATCH_MEDIATOR_PRIVILEGES_H

#include <sys/types.h>

struct privileges {
	uid_t uid; /* (uid_t)-1: stay who we are */
	gid_t gid;
	gid_t group; /* the one supplementary group; (gid_t)-1: none */
	const char *root; /* of root's privileges: the folder that is all it sees of the file system */
};

/*
 * Gives up the file system, identity, capabilities (the bounding set too), the way back, and core dumps; asks to be
 * told when the parent dies. Returns 0, or a negative errno
 * and in *step the call that failed; the process must end then.
 */
int privileges_drop(const struct privileges *privileges, const char **step);

#endif
