// SPDX-License-Identifier: Apache-2.0
/*
 * From a request target to a row of routes.def, as the engine's own router would find it.
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
#include "route.h"
#include "util.h"

static const struct route routes[] = {
#define ROUTE(id, method_, template_, flags_, key_)                                                \
	[ROUTE_##id] = { method_, template_, flags_, key_ },
#include "latch/routes.def"
#undef ROUTE
};

_Static_assert(ARRAY_SIZE(routes) == ROUTE_COUNT, "one row of routes.def for each route");
_Static_assert(ROUTE_COUNT <= LATCH_MAX_ROUTES, "routes.def must fit one generation of verdicts");

const struct route *route_get(int id)
{
	return &routes[id];
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

/* Decodes once, as Go's url.Parse does: `+` stays, every %XX is its byte. `size` holds the NUL. */
static const char *decode_path(const char *text, size_t length, char *path, size_t size)
{
	const char *end = text + length;
	size_t used = 0;

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
		if (used + 1 >= size)
			return "the path is too long";
		path[used++] = byte;
	}
	path[used] = '\0';
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
 * engine's own; a version too new is its own to refuse.
 */
static const char *check_version(const char *version)
{
	unsigned long number[2] = { 0, 0 };
	const char *rest = version;
	char *end;

	for (size_t i = 0;; i++) {
		unsigned long value;

		if (*rest == '.' || *rest == '\0')
			return "the API version is malformed";
		value = strtoul(rest, &end, 10);
		if (i < ARRAY_SIZE(number))
			number[i] = value;
		if (*end == '\0')
			break;
		rest = end + 1;
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

struct capture {
	const char *text;
	size_t length;
};

/*
 * A template against the whole of a path. `*first` becomes what its first variable caught, the
 * longest there is; empty without a variable.
 */
static bool template_matches(const char *template, const char *path, struct capture *first)
{
	const char *close;
	size_t shortest, longest;

	*first = (struct capture){ path, 0 };
	for (; *template && *template != '{'; template++, path++) {
		if (*template != *path)
			return false;
	}
	if (*template == '\0')
		return *path == '\0';

	close = strchr(template, '}');
	if (close[-1] == '*' || close[-1] == '+') { /* {name:.*} or {name:.+} */
		shortest = close[-1] == '+';
		longest = strlen(path);
	} else { /* {name} is [^/]+ */
		shortest = 1;
		longest = strcspn(path, "/");
	}
	for (size_t length = longest + 1; length-- > shortest;) {
		struct capture later;

		if (template_matches(close + 1, path + length, &later)) {
			*first = (struct capture){ path, length };
			return true;
		}
	}
	return false;
}

/* Does the text, decoded as a query's key, spell `key`? */
static bool key_matches(const char *text, const char *end, const char *key)
{
	for (; text < end; text++, key++) {
		int byte = *text == '+' ? ' ' : (unsigned char)*text;

		if (*text == '%') {
			byte = escaped_byte(text, end);
			text += 2;
		}
		if (byte != (unsigned char)*key || *key == '\0')
			return false;
	}
	return *key == '\0';
}

/* Is the first value of `key` in the query not empty? That is what Go's Values.Get returns. */
static bool query_sets(const char *query, size_t length, const char *key)
{
	const char *end = query + length;

	while (query < end) {
		const char *next = memchr(query, '&', end - query);
		const char *pair_end = next ? next : end;
		const char *equals = memchr(query, '=', pair_end - query);

		if (key_matches(query, equals ? equals : pair_end, key))
			return equals && equals + 1 < pair_end;
		query = pair_end + 1;
	}
	return false;
}

static bool route_matches(const struct route *route, const char *method, size_t method_length,
	const struct route_match *match, struct capture *name)
{
	if (strlen(route->method) != method_length ||
		memcmp(route->method, method, method_length) != 0)
		return false;
	if (!template_matches(route->template, match->path, name))
		return false;
	return !route->key ||
		(match->query && query_sets(match->query, match->query_length, route->key));
}

static const char *find_route(const char *method, size_t method_length, struct route_match *match)
{
	struct capture name;

	for (int id = 0; id < ROUTE_COUNT; id++) {
		if (!route_matches(&routes[id], method, method_length, match, &name))
			continue;
		if (name.length >= sizeof(match->name)) {
			match->path[0] = '\0';
			return "the name in the path is too long";
		}
		memcpy(match->name, name.text, name.length);
		match->name[name.length] = '\0';
		match->id = id;
		return NULL;
	}
	return "the engine has no such method and path";
}

/* Splits and decodes the target into `match`. With a problem, match->path is empty. */
static const char *read_target(const char *target, size_t length, struct route_match *match)
{
	char decoded[sizeof(match->path) + sizeof(match->version)];
	const char *question, *problem;
	size_t path_length, prefix;

	problem = check_target(target, length);
	if (problem)
		return problem;
	question = memchr(target, '?', length);
	path_length = question ? (size_t)(question - target) : length;
	if (question) {
		problem = check_query(question + 1, length - path_length - 1);
		if (problem)
			return problem;
	}
	problem = decode_path(target, path_length, decoded, sizeof(decoded));
	if (problem)
		return problem;

	prefix = version_prefix(decoded);
	if (prefix > 0) {
		if (prefix - 2 >= sizeof(match->version))
			return "the API version is too long";
		memcpy(match->version, decoded + 2, prefix - 2);
		match->version[prefix - 2] = '\0';
		problem = check_version(match->version);
		if (problem)
			return problem;
	}
	if (strlen(decoded + prefix) >= sizeof(match->path))
		return "the path is too long";
	strcpy(match->path, decoded + prefix);
	if (question) {
		match->query = question + 1;
		match->query_length = length - path_length - 1;
	}
	return NULL;
}

void route_classify(const char *method, size_t method_length, const char *target,
	size_t target_length, struct route_match *match)
{
	memset(match, 0, sizeof(*match));
	match->id = ROUTE_NONE;
	match->problem = read_target(target, target_length, match);
	if (match->problem)
		return;
	match->problem = is_clean(match->path) ? find_route(method, method_length, match)
					       : "the path is not clean: the engine would redirect";
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

	if (match->version[0]) {
		put(&writer, "/v", 2);
		put(&writer, match->version, strlen(match->version));
	}
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
