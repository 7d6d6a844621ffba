/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECI's admin-settings.json, read whole or not at all.
 */
#ifndef LATCH_SETTINGS_H
#define LATCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "commandlist.h"
#include "host_access.h"
#include "reference.h"

/* Where latch looks when it is not told: its own path first, then ECI's. */
#define SETTINGS_PATH	  "/etc/latch/admin-settings.json"
#define SETTINGS_ECI_PATH "/usr/share/docker-desktop/admin-settings.json"

/* What containers of one image may have of the host, though a container makes them. */
struct host_access_image {
	struct reference_pattern image;
	uint32_t allowed; /* bits of enum host_access */
};

struct settings {
	char *path; /* of the file that was read */
	bool enabled; /* enhancedContainerIsolation.value */
	struct reference_pattern *images; /* imageList.images, in their order */
	size_t image_count;
	bool allow_derived; /* imageList.allowDerivedImages */
	uint32_t host_access; /* latch's own hostAccess.allow: bits of enum host_access */
	struct host_access_image *host_access_images; /* hostAccess.images, in their order */
	size_t host_access_image_count;
	struct commandlist commands; /* checked; strings owned by this struct */
	char **warnings; /* sentences for the log: locked:false, unknown keys, entries that stop less than they say */
	size_t warning_count;
	char digest[65]; /* SHA-256 of the file, hex: names the policy in status and audit */
};

/*
 * Reads `path`, or with NULL the first of the two paths above that exists. Returns 0 and *settings
 * (free with settings_free), or a negative errno and in *problem (free()) a text that names the file
 * and either line and column (syntax) or the JSON path, what was found and what was expected. All
 * problems of types and values are listed, one a line, not only the first. *problem is NULL only
 * with -ENOMEM. -ENOENT with a NULL path: neither of the two exists; the text names both.
 */
int settings_load(const char *path, struct settings **settings, char **problem);
void settings_free(struct settings *settings);

#endif
