// SPDX-License-Identifier: Apache-2.0
/*
 * Looks users up in the file alone: the name service could ask a server, and a record waits for nobody.
 * What was found is kept until the file changes; of more users than are kept the first ones go.
 */
#include <pwd.h>
#include <stdio.h>

#include "audit_users.h"
#include "util.h"

void audit_users_init(struct audit_users *users, const char *path)
{
	*users = (struct audit_users){ .path = path };
}

static void forget_if_changed(struct audit_users *users)
{
	struct stat status = {};

	if (stat(users->path, &status))
		status = (struct stat){};
	if (status.st_mtim.tv_sec == users->changed.tv_sec &&
		status.st_mtim.tv_nsec == users->changed.tv_nsec)
		return;
	users->changed = status.st_mtim;
	users->count = 0;
}

static void read_name(const char *path, struct audit_user *user)
{
	FILE *file = fopen(path, "re");
	struct passwd *entry;

	user->name[0] = 0;
	if (!file)
		return;
	while ((entry = fgetpwent(file)) && entry->pw_uid != user->uid)
		;
	if (entry)
		COPY_STRING(user->name, entry->pw_name);
	fclose(file);
}

const char *audit_users_name(struct audit_users *users, uid_t uid)
{
	struct audit_user *user;

	forget_if_changed(users);
	for (size_t i = 0; i < users->count && i < ARRAY_SIZE(users->users); i++)
		if (users->users[i].uid == uid)
			return users->users[i].name;
	user = &users->users[users->count++ % ARRAY_SIZE(users->users)];
	user->uid = uid;
	read_name(users->path, user);
	return user->name;
}
