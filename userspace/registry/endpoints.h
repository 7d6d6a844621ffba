/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At which addresses a registry's domain is asked, in which order, and how far each is to be believed:
 * the rules of dockerd's --registry-mirror and --insecure-registry. Pure.
 */
#ifndef LATCH_ENDPOINTS_H
#define LATCH_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "registry.h"

#define ENDPOINTS_MAX 9 /* mirrors and the registry itself */

struct endpoint {
	char host[300];  /* "registry-1.docker.io", "localhost:5000": as certs.d has it */
	char path[200];  /* before /v2/: of a mirror below a path; may be empty */
	bool mirror;
	bool plain_only; /* a mirror that is written http:// */
	/*
	 * Listed as insecure, or on this machine: HTTPS is not verified, and where that does not
	 * answer plain HTTP is spoken, unless certs.d has an authority for it.
	 */
	bool insecure;
	bool loopback; /* no proxy */
};

/* Who is asked for `domain`. Returns how many; the last one is the registry itself. */
size_t endpoints_of(
	const char *domain, const struct registry_options *options, struct endpoint *endpoints);

/*
 * Is it one of `insecure` (host, host:port, or CIDR, which counts for hosts that are literal addresses),
 * or on this machine: localhost, 127.0.0.0/8, ::1?
 */
bool endpoints_is_insecure(const char *host, const char *const *insecure);
bool endpoints_is_loopback(const char *host);

#endif
