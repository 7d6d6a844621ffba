// SPDX-License-Identifier: Apache-2.0
/*
 * What the mediator knows of a request target beside its row of routes.def, which is
 * latch/classify.h's to find: the decoded path and how to write it again, the name in it, and, for
 * a target without a route, the sentence that says why.
 *
 * The engine (Go) decodes the path once, redirects what is not clean (`//`, dot segments) without
 * running anything, and compares the rest with its templates in their order. Whatever two readers
 * could read differently has no route here: it is refused for being unclear, not corrected. What a
 * route means is not decided here; bodies and headers are not looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "latch/abi.h"
#include "latch/classify.h"
#include "route.h"
#include "util.h"

/* The discriminators in words, of one key or two. What they mean is in the automaton. */
#define KEYS(first, ...) first __VA_OPT__(" or " __VA_ARGS__)
#define ALWAYS	  NULL
#define SET(...)  KEYS(__VA_ARGS__) " not empty"
#define TRUE(...) KEYS(__VA_ARGS__) " true"
#define SOME(...) KEYS(__VA_ARGS__) " neither empty nor none"

static const struct route routes[] = {
#define ROUTE(id, method_, template_, flags_, when_)                                               \
	[ROUTE_##id] = { method_, template_, flags_, when_ },
#include "latch/routes.def"
#undef ROUTE
};

#undef KEYS
#undef ALWAYS
#undef SET
#undef TRUE
#undef SOME

_Static_assert(ARRAY_SIZE(routes) == ROUTE_COUNT, "one row of routes.def for each route");
_Static_assert(DFA_ROWS == ROUTE_CALL_SOLVE, "the automaton is made of the table's requests, which end there");
_Static_assert(ROUTE_COUNT <= LATCH_MAX_ROUTES, "routes.def must fit one generation of verdicts");
_Static_assert(ROUTE_TEXT_SIZE == CLASSIFY_MAX_PATH + 1, "what has a route can be kept");

const struct route *route_get(int id)
{
	return &routes[id];
}

bool route_has_form(int id)
{
	return route_reads_form(id);
}

int route_of_call(const char *path)
{
	for (int id = DFA_ROWS; id < ROUTE_COUNT; id++)
		if (strcmp(routes[id].template, path) == 0)
			return id;
	return ROUTE_NONE;
}

/* The byte that an escape at `text` stands for, or -1: also when it is cut short. */
static int escaped_byte(const char *text, const char *end)
{
	int high, low;

	if (end - text < 3)
		return -1;
	high = hex_value(text[1]);
	low = hex_value(text[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/*
 * The engine takes more than this: raw bytes from 0x80 on, absolute-form, `*`. No client of it
 * sends those, and they are where two readers begin to differ.
 */
static const char *check_target(const char *target, size_t length)
{
	if (length == 0 || target[0] != '/')
		return "the request target is not a path";
	for (size_t i = 0; i < length; i++) {
		if (target[i] < 0x21 || target[i] > 0x7e)
			return "the request target holds a byte that is not visible ASCII";
		if (target[i] == '#')
			return "the request target holds a fragment";
	}
	return NULL;
}

/* The engine's handlers answer 400 to these, or drop the pair without a word. */
static const char *check_query(const char *query, size_t length)
{
	const char *end = query + length;

	for (const char *c = query; c < end; c++) {
		if (*c == ';')
			return "the query holds a semicolon";
		if (*c == '%' && escaped_byte(c, end) < 0)
			return "the query holds a bad percent escape";
	}
	return NULL;
}

/*
 * Decodes once, as Go's url.Parse does: `+` stays, every %XX is its byte. With a problem, what is in
 * match->text does not count.
 */
static const char *decode_path(const char *text, size_t length, struct route_match *match)
{
	const char *end = text + length;
	size_t used = 0;

	/* Nearly every path. What has a route holds no other byte that is not allowed. */
	if (match->id >= 0 && !memchr(text, '%', length)) {
		memcpy(match->text, text, length);
		match->text[length] = '\0';
		return NULL;
	}
	while (text < end) {
		int byte = (unsigned char)*text;

		if (*text == '%') {
			byte = escaped_byte(text, end);
			if (byte < 0)
				return "the path holds a bad percent escape";
			text += 2;
		}
		text++;
		/*
		 * The router's `.*` would not match a newline while its `[^/]+` would; nothing in
		 * the engine is named with a control character.
		 */
		if (is_control(byte))
			return "the path holds a control character";
		if (used + 1 >= sizeof(match->text))
			return "the path is too long";
		match->text[used++] = byte;
	}
	match->text[used] = '\0';
	return NULL;
}

/*
 * The router's prefix /v{version:[0-9.]+}, taken once. Without a `/` behind it, it is an ordinary
 * path. Returns the length of the prefix, and 0 without one.
 */
static size_t version_prefix(const char *path)
{
	size_t digits;

	if (strncmp(path, "/v", 2) != 0)
		return 0;
	digits = strspn(path + 2, "0123456789.");
	return digits > 0 && path[2 + digits] == '/' ? 2 + digits : 0;
}

/*
 * Below 1.24, engines up to 24 take a host configuration from the body of a container's start: a
 * way round whatever was judged at its creation. Spellings such as 1.43.0 and 01.43 are the
 * engine's own; a version too new is its own to refuse. `version` ends in a slash.
 */
static const char *check_version(const char *version)
{
	unsigned long number[2] = { 0, 0 };
	char *end;

	for (size_t i = 0;; i++) {
		unsigned long value;

		if (*version == '.' || *version == '/')
			return "the API version is malformed";
		value = strtoul(version, &end, 10);
		if (i < ARRAY_SIZE(number))
			number[i] = value;
		if (*end == '/')
			break;
		version = end + 1;
	}
	if (number[0] < 1 || (number[0] == 1 && number[1] < 24))
		return "the API version is older than 1.24";
	return NULL;
}

/* The engine answers 301 to what path.Clean would change, whatever the method, and runs nothing. */
static bool is_clean(const char *path)
{
	for (const char *segment = path; *segment == '/';) {
		size_t length = strcspn(++segment, "/");

		if (length == 0 && segment[0] == '/')
			return false;
		if (length == 1 && segment[0] == '.')
			return false;
		if (length == 2 && segment[0] == '.' && segment[1] == '.')
			return false;
		segment += length;
	}
	return true;
}

/* Splits the target and decodes its path. Returns why that cannot be done, or NULL. */
static const char *read_target(const char *target, size_t length, struct route_match *match)
{
	const char *question = memchr(target, '?', length);
	size_t path_length = question ? (size_t)(question - target) : length;
	const char *problem = decode_path(target, path_length, match);

	if (problem)
		return problem;
	match->version_length = version_prefix(match->text);
	match->path = match->text + match->version_length;
	if (question) {
		match->query = question + 1;
		match->query_length = length - path_length - 1;
	}
	return NULL;
}

static int classify(__u32 method, const char *target, size_t length)
{
	struct classify c;

	classify_begin(&c);
	classify_bytes(&c, target, length);
	return classify_end(&c, method);
}

static __u32 method_id(const char *method, size_t length)
{
	__u64 packed = 0;

	if (length > sizeof(packed))
		return 0;
	for (size_t i = 0; i < length; i++)
		packed |= (__u64)(unsigned char)method[i] << (8 * i);
	return classify_method(packed);
}

/* Why a target cannot be read, so that there is not even a path to forward. NULL if it can. */
static const char *explain_unreadable(const char *target, size_t length, struct route_match *match)
{
	const char *question = length > 0 ? memchr(target, '?', length) : NULL;
	const char *problem = check_target(target, length);

	if (!problem && question)
		problem = check_query(question + 1, target + length - question - 1);
	if (!problem)
		problem = read_target(target, length, match);
	if (!problem && match->version_length > 0)
		problem = check_version(match->text + 2);
	return problem;
}

/* The slow way, for what has no route: `id` is ROUTE_NONE already. */
static void explain(__u32 method, const char *target, size_t length, struct route_match *match)
{
	match->problem = explain_unreadable(target, length, match);
	if (match->problem) {
		match->path = "";
		match->version_length = 0;
		match->query = NULL;
		match->query_length = 0;
		return;
	}
	if (!is_clean(match->path))
		match->problem = "the path is not clean: the engine would redirect";
	else if (match->query && classify(method, target, match->query - 1 - target) >= 0)
		match->problem = "the query asks for two commands at once";
	else
		match->problem = "the engine has no such method and path";
}

void route_classify(const char *method, size_t method_length, const char *target,
	size_t target_length, struct route_match *match)
{
	__u32 id = method_id(method, method_length);

	match->path = "";
	match->version_length = 0;
	match->query = NULL;
	match->query_length = 0;
	match->problem = NULL;
	match->id = classify(id, target, target_length);
	if (match->id < 0)
		explain(id, target, target_length, match);
	else
		read_target(target, target_length, match); /* no problem, or there were no route */
}

int route_name(const struct route_match *match, char *out, size_t size)
{
	const char *template = routes[match->id].template;
	const char *open = strchr(template, '{'), *close = strchr(template, '}');
	const char *name = match->path + (open ? open - template : 0);
	size_t length = 0;

	/* Two variables are one segment each; a single one is all that the rest does not need. */
	if (open && strchr(close, '{'))
		length = strcspn(name, "/");
	else if (open)
		length = strlen(name) - strlen(close + 1);
	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(out, name, length);
	out[length] = '\0';
	return (int)length;
}

struct writer {
	char *out;
	size_t size; /* with room for the NUL */
	size_t used;
};

static void put(struct writer *writer, const char *text, size_t length)
{
	if (writer->used + length < writer->size)
		memcpy(writer->out + writer->used, text, length);
	writer->used += length;
}

/* Unescaped in a path: RFC 3986's pchar and `/`, but not `;`, which has meanings of its own. */
static bool is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c != '\0' && strchr("/-._~!$&'()*+,=:@", c));
}

static void put_path(struct writer *writer, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *path; path++) {
		unsigned char c = *path;

		if (is_plain(c))
			put(writer, path, 1);
		else
			put(writer, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
}

int route_target(const struct route_match *match, const char *path, char *out, size_t size)
{
	struct writer writer = { .out = out, .size = size };

	put(&writer, match->text, match->version_length);
	put_path(&writer, path ? path : match->path);
	if (match->query) {
		put(&writer, "?", 1);
		put(&writer, match->query, match->query_length);
	}
	if (writer.used >= size)
		return -ENAMETOOLONG;
	out[writer.used] = '\0';
	return (int)writer.used;
}
