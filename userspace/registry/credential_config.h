/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A docker config.json: read safely, kept as long as it stays the same, and asked what it has for a
 * registry. See credentials.h for the sources of the rules.
 */
#ifndef LATCH_CREDENTIAL_CONFIG_H
#define LATCH_CREDENTIAL_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#define CREDENTIAL_CONFIG_MAX (1u << 20) /* bytes */

struct credential_config {
	char *path;         /* owned; NULL: no file */
	json_t *root;       /* what it said; NULL: nothing was read */
	struct stat status; /* of the file when root was read */
	bool settled;       /* a later change would show in its times */
};

/*
 * Reads the file if it is another one than last time. Returns 0; without a file `root` is NULL and
 * *problem says so (free()). Or a negative errno, *problem, and nothing is kept: -ELOOP a symbolic
 * link, -EPERM others may write it, -EINVAL no regular file or not JSON, -EFBIG, -ENOMEM or what
 * open says. *changed: what was said before counts no more.
 */
int credential_config_refresh(struct credential_config *config, bool *changed, char **problem);

/* Wipes and frees what is in it. */
void credential_config_clear(struct credential_config *config);

/* What the file has for one registry: a helper to be asked, or the rest, or nothing at all. */
struct credential_entry {
	const char *helper; /* "pass" for docker-credential-pass; the config's, until it changes */
	char *user, *password, *identity_token; /* owned; credential_entry_clear */
};

/*
 * Returns 0, or -EINVAL (of another type than docker writes; `auth` that is not base64 of
 * user:password) or -ENOMEM and *problem (free()).
 */
int credential_config_find(const struct credential_config *config, const char *domain,
	struct credential_entry *entry, char **problem);
void credential_entry_clear(struct credential_entry *entry);

/* What docker calls the registry towards helpers, and in the file: docker.io's is a URL. */
const char *credential_server(const char *domain);

#endif
