/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of users, as /etc/passwd has them.
 */
#ifndef LATCH_AUDIT_USERS_H
#define LATCH_AUDIT_USERS_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define AUDIT_USER_SIZE 64

struct audit_users {
	const char *path;
	struct timespec changed; /* when the file was, as last looked at */
	size_t count;
	struct audit_user {
		uid_t uid;
		char name[AUDIT_USER_SIZE]; /* empty: it has none */
	} users[32];
};

/* `path` must outlive it. */
void audit_users_init(struct audit_users *users, const char *path);
/* Empty where the file has no such user. Until the next call. */
const char *audit_users_name(struct audit_users *users, uid_t uid);

#endif
