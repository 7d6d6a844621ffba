// SPDX-License-Identifier: Apache-2.0
/*
 * The generator behind corpus.h. Its routes are those of routes.def, which test_route.c compares
 * with the measured ones.
 */
#include "corpus.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *method, *template;
} routes[] = {
#define ROUTE(id, method_, template_, ...) { method_, template_ },
#include "latch/routes.def"
#undef ROUTE
};

static const char *const methods[] = {
	"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", "GE", "POSTS", "",
	"CONNECT", "DELETEDELETE",
};
static const char *const versions[] = {
	"1.24", "1.43", "1.51", "1.23", "1.9", "01.43", "1.043", "1.43.0", "1.24.0.0", "2.0",
	"2", "10.1", "1", "0", "0.99", "1.2.4", "00001.23", ".", "..", "1.", ".43", "1..43",
	"1.43.", "1.100", "1.3", "11", "1.43x", "", "1.10", "1.19", "1.20", "1.0024", "1.0",
	"00.24", "18446744073709551616.1",
};
static const char *const names[] = {
	"x", "web", "a/b", "create", "json", "push", "localhost:5000/a/b:1", "-._~", "...", "a.",
	".a", "..a", "prune", "checkpoints", "a%2Fb", "%C3%A9", "%25", "checkpoints/a", "v1.43",
	"a;b", "a=b", "a&b", "a+b", "sha256:0123456789abcdef", "archive", "attach/ws", "", "/",
	"a//b", "./a", "../a", "a/..",
};
static const char *const keys[] = {
	"fromImage", "rotateWorkerToken", "rotateManagerToken", "rotateManagerUnlockKey",
	"rollback", "outputs", "output", "fromimage", "fromImag", "fromImages", "%66romImage",
	"roll%62ack", "fromSrc", "tag", "version", "rotate", "Rollback", "", "+fromImage",
	"rotateManagerUnlockKe%79", "registryAuthFrom",
};
static const char *const values[] = {
	"", "x", "0", "f", "F", "FALSE", "false", "False", "true", "1", "t", "T", "none",
	"previous", "fALSE", "00", "%30", "%66alse", "non%65", "+", "%20", "=", "none+", "None",
	"0x", "no", "faLse", "fals", "a%26b",
};
static const char *const bits[] = {
	"/", "//", "/.", "/..", "/./", "/../", "%2e", "%2E", "%2f", "%2F", "%", "%4", "%zz",
	"%00", "%0A", "%7f", "#", ";", "?", "&", "=", "+", "%25", "%252e", "\\", " ", "\t",
	"\x01", "\x7f", "\x80", "\xff", "json", "push", "/v1.43", ".", "..", "~", "%3F", "%3f",
	"%23", "%3B", "%26", "%3D", "%2B",
};

static uint64_t draw(struct corpus *corpus)
{
	uint64_t z = corpus->state += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static size_t below(struct corpus *corpus, size_t count)
{
	return (draw(corpus) >> 16) % count;
}

static bool one_in(struct corpus *corpus, size_t count)
{
	return below(corpus, count) == 0;
}

#define PICK(corpus, array) ((array)[below(corpus, COUNT(array))])

static void insert(struct corpus_request *request, size_t at, const char *bytes, size_t length)
{
	if (request->length + length >= sizeof(request->target))
		return;
	memmove(request->target + at + length, request->target + at, request->length - at);
	memcpy(request->target + at, bytes, length);
	request->length += length;
}

static void add(struct corpus_request *request, const char *text)
{
	insert(request, request->length, text, strlen(text));
}

static void add_path(struct corpus *corpus, struct corpus_request *request, const char *template)
{
	for (const char *c = template; *c; c++) {
		if (*c == '{') {
			add(request, one_in(corpus, 3) ? PICK(corpus, names) : "web");
			c = strchr(c, '}');
		} else {
			insert(request, request->length, c, 1);
		}
	}
}

static void add_query(struct corpus *corpus, struct corpus_request *request)
{
	add(request, "?");
	for (size_t pairs = below(corpus, 4); pairs > 0; pairs--) {
		add(request, PICK(corpus, keys));
		if (!one_in(corpus, 8))
			add(request, "=");
		add(request, PICK(corpus, values));
		if (pairs > 1 || one_in(corpus, 8))
			add(request, "&");
	}
}

static void encode(struct corpus *corpus, struct corpus_request *request, size_t at)
{
	char escape[4];

	snprintf(escape, sizeof(escape), one_in(corpus, 2) ? "%%%02x" : "%%%02X",
		(unsigned char)request->target[at]);
	request->target[at] = escape[0];
	insert(request, at + 1, escape + 1, 2);
}

/* A stretch of letters that takes the path to its limit, give or take a few bytes. */
static void stretch(struct corpus *corpus, struct corpus_request *request, size_t at)
{
	char letters[4200];
	size_t length = 4095 - 8 + below(corpus, 16);

	memset(letters, 'a', sizeof(letters));
	if (request->length < length)
		insert(request, at, letters, length - request->length);
}

static void bend(struct corpus *corpus, struct corpus_request *request)
{
	size_t at = below(corpus, request->length + 1);
	const char *bit = PICK(corpus, bits);

	switch (below(corpus, 12)) {
	case 0:
	case 1:
	case 2:
		insert(request, at, bit, strlen(bit));
		break;
	case 3:
		request->length = at;
		break;
	case 4:
		insert(request, at, request->target + at, (request->length - at) / 2);
		break;
	case 5:
		stretch(corpus, request, one_in(corpus, 200) ? at : request->length);
		break;
	default:
		if (at == request->length)
			break;
		if (one_in(corpus, 3))
			request->target[at] ^= 0x20;
		else if (one_in(corpus, 4))
			request->target[at] = (char)draw(corpus);
		else if (one_in(corpus, 3))
			memmove(request->target + at, request->target + at + 1,
				request->length-- - at - 1);
		else
			encode(corpus, request, at);
	}
}

void corpus_next(struct corpus *corpus, struct corpus_request *request)
{
	size_t route = below(corpus, COUNT(routes));
	const char *method = one_in(corpus, 8) ? PICK(corpus, methods) : routes[route].method;

	snprintf(request->method, sizeof(request->method), "%s", method);
	request->length = 0;
	if (!one_in(corpus, 3)) {
		add(request, "/v");
		add(request, one_in(corpus, 3) ? PICK(corpus, versions) : "1.43");
	}
	add_path(corpus, request, routes[route].template);
	if (one_in(corpus, 3))
		add_query(corpus, request);
	if (!one_in(corpus, 3)) {
		for (size_t times = 1 + below(corpus, 3); times > 0; times--)
			bend(corpus, request);
	}
	request->target[request->length] = '\0';
}
