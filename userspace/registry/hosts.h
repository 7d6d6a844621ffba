/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of each host that is asked: its certificates, which scheme it answers, what it
 * wants for authorization, and how long it is to be left alone.
 */
#ifndef LATCH_HOSTS_H
#define LATCH_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "certificates.h"
#include "fetch.h"

enum host_scheme {
	HOST_SCHEME_UNKNOWN,
	HOST_HTTPS,
	HOST_PLAIN, /* of an insecure one alone */
};

struct host {
	struct host *next;
	char name[300];
	enum host_scheme scheme;
	int64_t scheme_until; /* ms: then it is tried anew */
	/* Read from certs.d now and then. */
	struct certificates certificates;
	struct certificates_blob bundle;
	char *certificates_problem;
	int64_t certificates_until;
	/* Back-off. */
	unsigned int failures; /* one behind the other */
	bool limited;          /* the host asked for it (429, Retry-After): nobody is urgent enough */
	int64_t until, urgent_until;
	char problem[200];
};

struct hosts {
	struct host *first;
	char *certificates; /* folder, or NULL */
};

/* Found or made. NULL without memory. */
struct host *hosts_get(struct hosts *hosts, const char *name);
void hosts_clear(struct hosts *hosts);

/*
 * What a TLS connection to the host is made with, good until the loop turns. 0, or a negative errno
 * and host->certificates_problem.
 */
int hosts_tls(
	struct hosts *hosts, struct host *host, bool insecure, struct fetch_tls *tls, int64_t now);

/* Milliseconds for which the host is not asked; 0: now it may be. */
int64_t host_blocked(const struct host *host, bool urgent, int64_t now);

void host_succeeded(struct host *host);
/*
 * `retry_ms`: what Retry-After says, or 0. `status`: HTTP, 0 when there was no answer. `took_ms`: how long
 * the attempt was waited for; the next who cannot wait is spared as long again.
 */
void host_failed(struct host *host, long status, int64_t retry_ms, int64_t took_ms,
	const char *problem, int64_t now);

#endif
