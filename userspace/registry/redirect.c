// SPDX-License-Identifier: Apache-2.0
/*
 * URLs are taken apart by curl, which is what will connect to them: another reader could see another
 * host in the same text.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

#include "redirect.h"
#include "util.h"

struct origin {
	bool https;
	char host[300]; /* with its port, always */
};

static bool origin_of(const char *url, struct origin *origin)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *name = NULL, *port = NULL, *user = NULL;
	bool good = parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
		    !curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) &&
		    !curl_url_get(parsed, CURLUPART_HOST, &name, 0) &&
		    !curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
		    curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_NO_USER;

	if (good) {
		origin->https = !strcasecmp(scheme, "https");
		good = (origin->https || !strcasecmp(scheme, "http")) &&
		       snprintf(origin->host, sizeof(origin->host), "%s:%s", name, port) <
			       (int)sizeof(origin->host);
	}
	curl_free(scheme);
	curl_free(name);
	curl_free(port);
	curl_free(user);
	curl_url_cleanup(parsed);
	return good;
}

bool redirect_read(const char *from, const char *to, struct redirect *redirect)
{
	struct origin here, there;
	char *port;

	if (!origin_of(from, &here) || !origin_of(to, &there) || (here.https && !there.https))
		return false;
	redirect->own = here.https == there.https && !strcasecmp(here.host, there.host);
	COPY_STRING(redirect->host, there.host);
	port = strrchr(redirect->host, ':');
	if (!strcmp(port, there.https ? ":443" : ":80"))
		*port = '\0';
	return true;
}
