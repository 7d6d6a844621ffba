// SPDX-License-Identifier: Apache-2.0
/*
 * What of a request may be shown. Each attack puts SECRET where somebody could leave it, and asks
 * at every length of the text whether a piece of it got through; each harmless text must come out
 * as it went in, or the log would be safe and useless. Inputs lie at the end of their own
 * allocation, so that the address sanitizer sees a read behind them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "redact.h"
#include "util.h"

#define SECRET "Zq7Xw9Kv"
/* So many bytes of it in a row are a leak: nothing else in the inputs has them. */
#define LEAK 2

static char *copy(const char *text, size_t length)
{
	char *data = malloc(length ? length : 1);

	assert_non_null(data);
	memcpy(data, text, length);
	return data;
}

/* Fails if any LEAK bytes of the secret, in this order, are in the text. */
static void no_leak(const char *shown, const char *of, size_t length)
{
	for (size_t i = 0; shown && i + LEAK <= strlen(SECRET); i++) {
		char piece[LEAK + 1];

		snprintf(piece, sizeof(piece), "%s", SECRET + i);
		if (strstr(shown, piece))
			fail_msg("\"%s\" leaks from the first %zu bytes of \"%s\": \"%s\"", piece,
				length, of, shown);
	}
}

static char *join(const struct redacted_head *head)
{
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < head->field_count; i++)
		fprintf(out, "%s%s", i ? "|" : "", head->fields[i]);
	fclose(out);
	return text;
}

static char *fields_of(const char *text, size_t length, struct redacted_head *head)
{
	_cleanup_free_ char *data = copy(text, length);

	assert_int_equal(redact_head(data, length, head), 0);
	return join(head);
}

static void head_leaks_nothing(const char *text, size_t length)
{
	for (size_t cut = 0; cut <= length; cut++) {
		struct redacted_head head;
		_cleanup_free_ char *fields = fields_of(text, cut, &head);

		no_leak(fields, text, cut);
		no_leak(head.method, text, cut);
		no_leak(head.target, text, cut);
		no_leak(head.version, text, cut);
		redacted_head_free(&head);
	}
}

/* Between a request line and an empty line. */
#define HEAD(fields) "GET /_ping HTTP/1.1\r\nHost: docker\r\n" fields "\r\nAccept: a\r\n\r\n"
#define TEXT(text) { text, sizeof(text) - 1 }

/* With a length, for it may hold NUL. */
struct input {
	const char *text;
	size_t length;
};

static const struct input secret_heads[] = {
	TEXT(HEAD("X-Registry-Auth: " SECRET)),
	TEXT(HEAD("X-Registry-Config: " SECRET)),
	TEXT(HEAD("Authorization: Basic " SECRET)),
	TEXT(HEAD("Proxy-Authorization: Bearer " SECRET)),
	TEXT(HEAD("Cookie: a=" SECRET "; b=" SECRET)),
	/* odd spellings of names */
	TEXT(HEAD("x-registry-auth: " SECRET)),
	TEXT(HEAD("X-REGISTRY-CONFIG:" SECRET)),
	TEXT(HEAD("aUtHoRiZaTiOn:\t" SECRET "\t")),
	TEXT(HEAD("PROXY-AUTHORIZATION:   " SECRET "   ")),
	TEXT(HEAD("cOOKIE::" SECRET)),
	TEXT(HEAD("X_Registry_Auth: " SECRET)),
	TEXT(HEAD("X-Registry%2DAuth: " SECRET)),
	TEXT(HEAD("X-Registry-Auth : " SECRET)),
	TEXT(HEAD(" X-Registry-Auth: " SECRET)),
	TEXT(HEAD("X-Registry-Auth\t: " SECRET)),
	TEXT(HEAD("X-Registry\0-Auth: " SECRET)),
	TEXT(HEAD("X-Registry-\xc3\x81uth: " SECRET)),
	TEXT(HEAD("\"Cookie\": " SECRET)),
	TEXT(HEAD("Set-Cookie: " SECRET)),
	TEXT(HEAD("X-Auth-Token: " SECRET)),
	/* values that are not what they should be */
	TEXT(HEAD("Authorization: Basic: " SECRET ": x")),
	TEXT(HEAD("Authorization: \x01" SECRET)),
	TEXT(HEAD("Authorization: \0" SECRET)),
	TEXT(HEAD("Authorization: \xff\xfe" SECRET)),
	TEXT(HEAD("Authorization: \x7f" SECRET)),
	/* twice, and not side by side */
	TEXT(HEAD("Cookie: " SECRET "\r\nHost: x\r\nCookie: " SECRET)),
	TEXT(HEAD("Cookie:\r\nCookie: " SECRET)),
	/* folded, or ended in a way that two readers see differently */
	TEXT(HEAD("Authorization: Basic\r\n " SECRET)),
	TEXT(HEAD("Authorization:\r\n\t" SECRET)),
	TEXT(HEAD("Authorization: a\r\n \r\n " SECRET)),
	TEXT(HEAD("Authorization: a\n" SECRET)),
	TEXT(HEAD("Authorization: a\nB: " SECRET)),
	TEXT(HEAD("Authorization: a\r" SECRET)),
	TEXT(HEAD("Authorization: a\rB: " SECRET)),
	TEXT(HEAD("Authorization: a\r\r\nB: " SECRET)),
	TEXT(HEAD("Authorization: a\n\r\nB: " SECRET)),
	TEXT(HEAD("Authorization: a\r\n" SECRET)),
	TEXT(HEAD("Authorization: a\r\n " SECRET "\r\nB: " SECRET)),
	TEXT(HEAD("Accept: a\rCookie: " SECRET)),
	TEXT(HEAD("Accept: a\nCookie: " SECRET)),
	TEXT(HEAD("Accept: a\0Cookie: " SECRET)),
	/* behind the head's end */
	TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n" SECRET),
	TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\nB: " SECRET "\r\n\r\n"),
	/* credentials in other fields */
	TEXT(HEAD("Referer: https://u:" SECRET "@host/x")),
	TEXT(HEAD("Referer: https:%2f%2fu:" SECRET "%40host/x")),
	TEXT(HEAD("Referer: http://x/build?build%41rgs=" SECRET)),
	/* no request line */
	TEXT("Authorization: " SECRET "\r\n\r\n"),
	TEXT("Authorization " SECRET "\r\nB: " SECRET "\r\n\r\n"),
	TEXT("\r\nGET /x HTTP/1.1\r\nCookie: " SECRET "\r\n\r\n"),
	TEXT("\x16\x03\x01 " SECRET "\r\n\r\n"),
	TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SECRET),
	TEXT("GET /build?buildargs={\"A\": \"" SECRET "\"} HTTP/1.1\r\nB: c\r\n\r\n"),
	TEXT("GET /build?remote=https://u :" SECRET "@h HTTP/1.1\r\n\r\n"),
	TEXT("GET /build?buildargs=" SECRET " HTTP/1.1\r\nHost: x\r\n\r\n"),
	TEXT("GET http://u:" SECRET "@host/x HTTP/1.1\r\nHost: x\r\n\r\n"),
	TEXT("GET\t/x?buildargs=" SECRET " HTTP/1.1\r\n\r\n"),
	TEXT("GET  /x?buildargs=" SECRET " HTTP/1.1\r\n\r\n"),
};

static void no_head_shows_a_secret_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(secret_heads); i++) {
		/* The line above finds nothing if the secret is not there. */
		assert_non_null(memmem(secret_heads[i].text, secret_heads[i].length, SECRET,
			strlen(SECRET)));
		head_leaks_nothing(secret_heads[i].text, secret_heads[i].length);
	}
}

static const struct {
	struct input input;
	const char *method;
	const char *target;
	const char *version;
	const char *fields; /* '|' between them */
} shown_heads[] = {
	{ TEXT(HEAD("User-Agent: Docker-Client/28.2.2 (linux)")), "GET", "/_ping", "HTTP/1.1",
		"Host: docker|User-Agent: Docker-Client/28.2.2 (linux)|Accept: a" },
	{ TEXT(HEAD("X-Registry-Auth: e30=\r\nContent-Length: 12")), "GET", "/_ping", "HTTP/1.1",
		"Host: docker|X-Registry-Auth: (redacted)|Content-Length: 12|Accept: a" },
	{ TEXT(HEAD("Cookie:\r\nX-Latin: caf\xe9 \t")), "GET", "/_ping", "HTTP/1.1",
		"Host: docker|Cookie: |X-Latin: caf\xe9|Accept: a" },
	{ TEXT(HEAD("User-Agent: bot (+https://host/bot)")), "GET", "/_ping", "HTTP/1.1",
		"Host: docker|User-Agent: bot (+https://host/bot)|Accept: a" },
	/* cut: a name says nothing, the value of a harmless name is shown as far as it goes */
	{ TEXT("HEAD /_ping HTTP/1.0\r\nHo"), "HEAD", "/_ping", "HTTP/1.0", "" },
	{ TEXT("HEAD /_ping HTTP/1.0\r\nHost: doc"), "HEAD", "/_ping", "HTTP/1.0", "Host: doc" },
	{ TEXT("HEAD /_ping HTTP/1.0\r\nHost: doc\r"), "HEAD", "/_ping", "HTTP/1.0", "Host: doc" },
	{ TEXT("HEAD /_ping HTTP/1.0\r\nCookie: d"), "HEAD", "/_ping", "HTTP/1.0",
		"Cookie: (redacted)" },
	{ TEXT("HEAD /_pi"), "HEAD", "/_pi", NULL, "" },
	{ TEXT("HEA"), NULL, NULL, NULL, REDACTED_REST },
	{ TEXT(""), NULL, NULL, NULL, "" },
	/* what no reader of HTTP/1.1 accepts */
	{ TEXT("PRI * HTTP/2"), "PRI", "*", NULL, "" },
	{ TEXT("GET /x HTTP/1.1\nHost: y\n\n"), NULL, NULL, NULL, REDACTED_REST },
	{ TEXT("GET /x HTTP/1.1 y\r\nHost: y\r\n\r\n"), "GET", "/x", NULL, REDACTED_REST },
	{ TEXT(HEAD("A: b\r\n c")), "GET", "/_ping", "HTTP/1.1",
		"Host: docker|A: b|" REDACTED_REST },
	{ TEXT("GET / HTTP/1.1\r\n\r\nrest"), "GET", "/", "HTTP/1.1", REDACTED_REST },
};

static void assert_text(const char *text, const char *expected)
{
	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text ? text : "(none)", expected);
}

static void what_is_no_secret_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shown_heads); i++) {
		struct redacted_head head;
		_cleanup_free_ char *fields =
			fields_of(shown_heads[i].input.text, shown_heads[i].input.length, &head);

		assert_text(head.method, shown_heads[i].method);
		assert_text(head.target, shown_heads[i].target);
		assert_text(head.version, shown_heads[i].version);
		assert_string_equal(fields, shown_heads[i].fields);
		redacted_head_free(&head);
	}
}

/* Targets. */

static const char *const secret_targets[] = {
	"/v1.43/build?buildargs=" SECRET "&t=x",
	"/build?buildargs=%7B%22A%22%3A%22" SECRET "%22%7D&t=x",
	/* the key in other spellings */
	"/build?build%61rgs=" SECRET,
	"/build?%62%75%69%6C%64%61%72%67%73=" SECRET,
	"/build?build%2561rgs=" SECRET,
	"/build?build%25252561rgs=" SECRET,
	"/build?build%6=" SECRET,
	"/build?BuildArgs=" SECRET,
	"/build?+buildargs=" SECRET,
	"/build?build+args=" SECRET,
	"/build?buildargs%20=" SECRET,
	"/build?buildargs%00=" SECRET,
	"/build?buildargs%5B%5D=" SECRET,
	"/build?build-args=" SECRET,
	/* every occurrence */
	"/build?buildargs=&buildargs=" SECRET,
	"/build?buildargs=%7B%7D&t=x&buildargs=" SECRET "&buildargs=" SECRET,
	"/build?t=x&buildargs=" SECRET "&q",
	/* separators that only some know */
	"/build?t=x;buildargs=" SECRET,
	"/build?buildargs=a;b=" SECRET,
	"/build?buildargs;b=" SECRET,
	"/build?buildargs=a;" SECRET,
	"/build?a;buildargs=" SECRET ";c",
	"/build??buildargs=" SECRET,
	"/build?x?buildargs=" SECRET,
	"/build?x#buildargs=" SECRET,
	"/build?%=a;buildargs={\"A\":\"b&" SECRET "\"}",
	"/x?y=/build?buildargs=" SECRET,
	"/x?remote=/build?buildargs={\"A\":\"b&" SECRET "\"}",
	"/x?y=%2Fbuild%3Fbuildargs%3D" SECRET "&z=" SECRET,
	"/build#?buildargs=" SECRET,
	"/build?buildargs=a=" SECRET,
	"/build?buildargs==" SECRET,
	"/build%3Fbuildargs=" SECRET,
	"/build%253Fbuildargs%253D" SECRET,
	/* JSON that the client did not escape */
	"/build?buildargs={\"A\":\"b&" SECRET "\"}",
	"/build?buildargs={\"A\":\"b&c=" SECRET "\"}&t=x",
	"/build?buildargs={\"A\":\"}&c=" SECRET "\"}",
	"/build?buildargs={\"A\":\"b\\\"}&c=" SECRET "\"}",
	"/build?buildargs={}x&c=" SECRET,
	/* credentials in URLs */
	"/build?remote=https://user:" SECRET "@host/x.git",
	"/build?remote=https%3A%2F%2Fuser%3A" SECRET "%40host%2Fx.git",
	"/build?remote=https%253A%252F%252Fuser%253A" SECRET "%2540host",
	"/build?remote=https://" SECRET "@host/x.git",
	"/build?remote=" SECRET ":x@host/x.git",
	"/build?remote=https://user:a/" SECRET "@host",
	"/build?remote=https://user:a?" SECRET "@host",
	"/build?remote=https://user:a&" SECRET "@host",
	"/build?remote=https://user:" SECRET "&b@host",
	"/build?remote=https://user:" SECRET "&b%40host",
	"/build?remote=https://user:" SECRET ";b@host",
	"/build?remote=https://a@b&c=" SECRET "@host",
	"/build?remote=https://host/x.tar?token=" SECRET,
	"/build?remote=https%3A%2F%2Fhost%2Fx.tar%3Ftoken=" SECRET,
	"/build?rem%6Fte=https://user:" SECRET "@host",
	"/build?Remote=git://user:" SECRET "@host",
	"/build?remote=x@" SECRET "@sha256:"
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"/build?remote=https://" SECRET "@sha256:"
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"/images/create?fromSrc=https://user:" SECRET "@host/x.tar",
	"/images/create?froms%72c=user:" SECRET "@host",
	"/images/create?fromImage=https://user:" SECRET "@host/x",
	"/images/create?https://user:" SECRET "@host",
	"/images/create?https://user:" SECRET "@host=x",
	"/images/create?https://user:" SECRET "=x@host",
	"/x?y=//user:" SECRET "%40host",
	/* an escape that is broken may have been the '@' */
	"/x?y=//user:" SECRET "%4",
	"/build?remote=user:" SECRET "%4",
	"/x?%zy=//user:&" SECRET "%40host",
	"/x?y=%252525252F%252525252Fuser:" SECRET "@host",
	"http://user:" SECRET "@host/_ping",
	"http://user:" SECRET "?@host/_ping",
	"http://user:a?" SECRET "@host/_ping",
	"http:%2F%2Fuser:" SECRET "%40host/_ping",
	"/images/https://user:" SECRET "@host/x/push",
	"//user:" SECRET "@host/x",
};

static void no_target_shows_a_secret_wherever_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(secret_targets); i++) {
		const char *text = secret_targets[i];

		assert_non_null(strstr(text, SECRET));
		for (size_t length = 0; length <= strlen(text); length++) {
			_cleanup_free_ char *data = copy(text, length);
			_cleanup_free_ char *shown =
				redact_target(data, length, length < strlen(text));

			assert_non_null(shown);
			no_leak(shown, text, length);
		}
	}
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *target;
	const char *shown;
} targets[] = {
	{ "/grpc", "/grpc" },
	{ "", "" },
	{ "*", "*" },
	{ "/containers/json?", "/containers/json?" },
	{ "/images/create?fromImage=host:5000/a/b&tag=1&&q",
		"/images/create?fromImage=host:5000/a/b&tag=1&&q" },
	{ "/containers/json?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D",
		"/containers/json?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D" },
	{ "/containers/mybuildargs/json", "/containers/mybuildargs/json" },
	{ "/commit?author=a%20b+c&comment=100%25", "/commit?author=a%20b+c&comment=100%25" },
	{ "/swarm/update?rotateWorkerToken=true", "/swarm/update?rotateWorkerToken=true" },
	{ "/images/a@" DIGEST "/json", "/images/a@" DIGEST "/json" },
	{ "/plugins/pull?remote=vieux/sshfs@" DIGEST "&name=x",
		"/plugins/pull?remote=vieux/sshfs@" DIGEST "&name=x" },
	{ "/build?remote=https://host/x.git%23main&t=1",
		"/build?remote=https://host/x.git%23main&t=1" },
	{ "/images/create?fromSrc=-&repo=x", "/images/create?fromSrc=-&repo=x" },
	/* the key stays, and so does everything around a value that is whole */
	{ "/v1.43/build?t=x&buildargs=%7B%22A%22%3A%22b%22%7D&q=1",
		"/v1.43/build?t=x&buildargs=(redacted)&q=1" },
	{ "/build?build%61rgs={}&t=x&buildargs=null",
		"/build?build%61rgs=(redacted)&t=x&buildargs=(redacted)" },
	{ "/build?buildargs=&t=x", "/build?buildargs=&t=x" },
	{ "/build?buildargs&t=x", "/build?buildargs&t=x" },
	{ "/build?buildargs={\"a\":\"b&t=x", "/build?buildargs=(redacted)&(redacted)" },
	{ "/build?remote=https://u:p@h/x&t=1", "/build?remote=(redacted)&t=1" },
	{ "/build?a;buildargs=b;c&t=1", "/build?a;buildargs=(redacted);(redacted)&(redacted)" },
	{ "http://u:p@h/x?y=z", "(redacted)" },
};

static void the_key_and_what_is_around_a_secret_are_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		_cleanup_free_ char *data = copy(targets[i].target, strlen(targets[i].target));
		_cleanup_free_ char *shown = redact_target(data, strlen(targets[i].target), false);

		assert_non_null(shown);
		assert_string_equal(shown, targets[i].shown);
	}
}

/* Where a target is cut, the '@' that would tell a password may be in what is missing. */
static void the_end_of_a_cut_url_is_not_shown(void **state)
{
	static const char url[] = "/build?remote=https://user:pass";
	static const char digest[] = "/plugins/pull?remote=a@" DIGEST;
	_cleanup_free_ char *whole = redact_target(url, strlen(url), false);
	_cleanup_free_ char *cut = redact_target(url, strlen(url), true);
	_cleanup_free_ char *cut_digest = redact_target(digest, strlen(digest), true);

	(void)state;
	assert_string_equal(whole, url);
	assert_string_equal(cut, "/build?remote=(redacted)");
	assert_string_equal(cut_digest, "/plugins/pull?remote=(redacted)");
}

/* Neither the number of parts nor of escapes makes it slow, or wrong. */
static void large_targets_are_read_to_their_end(void **state)
{
	static const char *const units[] = { "a=//&", "%25", "%", "&", ";", "=", "?", "a=b;",
		"//@" };
	static const char tail[] = "?&buildargs=" SECRET;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		char text[65536] = "/x?";
		size_t length = 3;
		_cleanup_free_ char *shown = NULL;

		while (length + strlen(units[i]) + sizeof(tail) < sizeof(text)) {
			strcpy(text + length, units[i]);
			length += strlen(units[i]);
		}
		strcpy(text + length, tail);
		shown = redact_target(text, strlen(text), false);
		assert_non_null(shown);
		no_leak(shown, units[i], length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_head_shows_a_secret_wherever_it_is_cut),
		cmocka_unit_test(what_is_no_secret_is_shown),
		cmocka_unit_test(no_target_shows_a_secret_wherever_it_is_cut),
		cmocka_unit_test(the_key_and_what_is_around_a_secret_are_shown),
		cmocka_unit_test(the_end_of_a_cut_url_is_not_shown),
		cmocka_unit_test(large_targets_are_read_to_their_end),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
