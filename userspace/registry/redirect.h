/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a redirect leads, and whether that may be followed. Pure.
 */
#ifndef LATCH_REDIRECT_H
#define LATCH_REDIRECT_H

#include <stdbool.h>

struct redirect {
	bool own;       /* the scheme, host and port of `from` */
	char host[300]; /* as certs.d and --insecure-registry have it: without the scheme's own port */
};

/*
 * Both are absolute URLs. False where `to` is not followed: neither http nor https, with a user's name
 * in it, too long, or in the open where `from` was not.
 */
bool redirect_read(const char *from, const char *to, struct redirect *redirect);

#endif
