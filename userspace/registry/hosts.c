// SPDX-License-Identifier: Apache-2.0
/*
 * A short list: as many hosts as the image list names, and a few more.
 */
#include <errno.h>
#include <stdlib.h>

#include "hosts.h"
#include "util.h"

#define CERTIFICATES_MS INT64_C(30000) /* how long files of certs.d may be older than they are */
#define FIRST_DELAY_MS	INT64_C(250)
#define MAX_DELAY_MS	INT64_C(60000)
#define URGENT_MS	INT64_C(50) /* between two attempts that somebody waits for, at least */

struct host *hosts_get(struct hosts *hosts, const char *name)
{
	struct host *host = hosts->first;

	while (host && strcmp(host->name, name))
		host = host->next;
	if (host)
		return host;
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	COPY_STRING(host->name, name);
	host->next = hosts->first;
	hosts->first = host;
	return host;
}

static void forget_certificates(struct host *host)
{
	certificates_clear(&host->certificates);
	certificates_blob_clear(&host->bundle);
	free(TAKE_PTR(host->certificates_problem));
}

void hosts_clear(struct hosts *hosts)
{
	while (hosts->first) {
		struct host *host = hosts->first;

		hosts->first = host->next;
		forget_certificates(host);
		free(host);
	}
	free(TAKE_PTR(hosts->certificates));
}

static int read_certificates(struct hosts *hosts, struct host *host)
{
	int r;

	forget_certificates(host);
	if (!hosts->certificates)
		return 0;
	r = certificates_load(hosts->certificates, host->name, &host->certificates,
		&host->certificates_problem);
	if (!r && certificates_have_authority(&host->certificates))
		r = certificates_bundle(
			&host->certificates, NULL, &host->bundle, &host->certificates_problem);
	return r;
}

int hosts_tls(
	struct hosts *hosts, struct host *host, bool insecure, struct fetch_tls *tls, int64_t now)
{
	*tls = (struct fetch_tls){0};
	if (host->certificates_until <= now) {
		int r = read_certificates(hosts, host);

		/* A file that is wrong now may be right the next time. */
		if (r < 0)
			return r;
		host->certificates_until = now + CERTIFICATES_MS;
	}
	tls->authorities = (struct fetch_blob){host->bundle.data, host->bundle.size};
	tls->certificate = (struct fetch_blob){
		host->certificates.certificate.data, host->certificates.certificate.size};
	tls->key = (struct fetch_blob){host->certificates.key.data, host->certificates.key.size};
	/* An authority that somebody put there is there to be asked. */
	tls->unverified = insecure && !host->bundle.data;
	return 0;
}

int64_t host_blocked(const struct host *host, bool urgent, int64_t now)
{
	int64_t until = urgent && !host->limited ? host->urgent_until : host->until;

	return until > now ? until - now : 0;
}

void host_succeeded(struct host *host)
{
	host->failures = 0;
	host->limited = false;
	host->until = host->urgent_until = 0;
	host->problem[0] = '\0';
}

void host_failed(struct host *host, long status, int64_t retry_ms, int64_t took_ms,
	const char *problem, int64_t now)
{
	int64_t delay = FIRST_DELAY_MS << (host->failures < 8 ? host->failures : 8);

	if (delay > MAX_DELAY_MS)
		delay = MAX_DELAY_MS;
	/* Many hosts ask one registry: not all at the same moment again. */
	delay += uv_hrtime() % (delay / 4 + 1);
	host->failures++;
	host->limited = status == 429 || retry_ms;
	if (retry_ms > delay)
		delay = retry_ms;
	host->until = now + delay;
	host->urgent_until = now + (took_ms > URGENT_MS ? took_ms : URGENT_MS);
	COPY_STRING(host->problem, problem);
}
