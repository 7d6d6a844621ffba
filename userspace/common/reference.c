// SPDX-License-Identifier: Apache-2.0
/*
 * Reads docker's image references by the grammar of github.com/distribution/reference and
 * normalises them as its ParseNormalizedNamed does; what its ParseAnyReference takes for a digest
 * is no name here either. Where that grammar has several readings, the one here is the only one:
 * the path of a name holds neither ':' nor '@', a tag no '@'.
 *
 * Deliberately stricter in three places, all of them refusals: digests other than sha256 and
 * sha512; a first component that looks like a registry but is no host name (`foo_bar.example/x`,
 * which the original reads as a name without a registry); and registries over 255 characters.
 * Short image ids (`dbcc1`) cannot be told from names here; the engine decides on those.
 */
#include "reference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"
#define DEFAULT_TAG    "latest"
#define ID_HEX         64  /* digits of an image id without its algorithm */
#define REPOSITORY_MAX 255 /* normalised, without the domain */
#define DOMAIN_MAX     255 /* no rule of docker's; the longest host name has 253 */
#define DIGEST_HEX_MIN 32  /* of any algorithm */

_Static_assert(sizeof(((struct reference *)0)->domain) == DOMAIN_MAX + 1, "room for every domain");
_Static_assert(sizeof(((struct reference *)0)->repository) == REPOSITORY_MAX + 1,
	"room for every repository");

/* What docker takes for a digest; `wrong` is NULL where latch does not. */
static const struct algorithm {
	const char *prefix;
	size_t hex;
	const char *wrong;
} algorithms[] = {
	{"sha256:", 64, "a sha256 digest has exactly 64 hexadecimal digits, in lower case"},
	{"sha384:", 96, NULL},
	{"sha512:", 128, "a sha512 digest has exactly 128 hexadecimal digits, in lower case"},
};

/* A stretch of the text that is being read. */
struct span {
	const char *start;
	size_t length;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alphanumeric(char c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Exactly that many hexadecimal digits, in lower case, and nothing behind them. */
static bool is_encoded(const char *text, size_t digits)
{
	size_t length = strspn(text, "0123456789abcdef");

	return length == digits && !text[length];
}

/* The algorithm that the text begins with, or NULL; *encoded is what follows. */
static const struct algorithm *find_algorithm(const char *text, const char **encoded)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		size_t length = strlen(algorithms[i].prefix);

		*encoded = text + length;
		if (!strncmp(text, algorithms[i].prefix, length))
			return &algorithms[i];
	}
	return NULL;
}

/* An image id, or a digest without a name: ParseAnyReference reads neither as a name. */
static bool is_identifier(const char *text)
{
	const char *encoded;
	const struct algorithm *algorithm = find_algorithm(text, &encoded);

	return is_encoded(text, ID_HEX) || (algorithm && is_encoded(encoded, algorithm->hex));
}

static bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) && !memcmp(span.start, text, span.length);
}

static bool span_has_upper(struct span span)
{
	for (size_t i = 0; i < span.length; i++)
		if (is_upper(span.start[i]))
			return true;
	return false;
}

/* separator := [._] | __ | -+ ; returns its length, 0 where there is none. */
static size_t separator_length(const char *text, size_t left)
{
	size_t n = 0;

	if (text[0] == '-') {
		while (n < left && text[n] == '-')
			n++;
		return n;
	}
	if (text[0] == '_')
		return left > 1 && text[1] == '_' ? 2 : 1;
	return text[0] == '.';
}

/* path-component := [a-z0-9]+ (separator [a-z0-9]+)* */
static bool is_path_component(struct span span)
{
	size_t i = 0;

	for (;;) {
		size_t begin = i, separator;

		while (i < span.length && (is_lower(span.start[i]) || is_digit(span.start[i])))
			i++;
		if (i == begin)
			return false;
		if (i == span.length)
			return true;
		separator = separator_length(span.start + i, span.length - i);
		if (!separator)
			return false;
		i += separator;
	}
}

/* path := path-component ('/' path-component)* */
static bool is_path(struct span span)
{
	for (;;) {
		const char *slash = memchr(span.start, '/', span.length);
		struct span component = span;

		if (slash)
			component.length = slash - span.start;
		if (!is_path_component(component))
			return false;
		if (!slash)
			return true;
		span.length -= component.length + 1;
		span.start = slash + 1;
	}
}

/* domain-name := component ('.' component)*, component := alphanumeric, with '-' inside */
static bool is_domain_name(struct span span)
{
	char before = '.';

	for (size_t i = 0; i < span.length; i++) {
		char c = span.start[i];

		if (c == '.' && !is_alphanumeric(before))
			return false;
		if (c == '-' && before == '.')
			return false;
		if (c != '.' && c != '-' && !is_alphanumeric(c))
			return false;
		before = c;
	}
	return is_alphanumeric(before);
}

/* domain := (domain-name | '[' IPv6 ']') [':' digits]; zones and embedded IPv4 are not in it */
static bool is_domain(struct span span)
{
	struct span host = span;
	size_t i;

	if (span.length && span.start[0] == '[') {
		for (i = 1; i < span.length && (is_hex(span.start[i]) || span.start[i] == ':'); i++)
			;
		if (i == 1 || i == span.length || span.start[i] != ']')
			return false;
		i++;
	} else {
		const char *colon = memchr(span.start, ':', span.length);

		host.length = colon ? (size_t)(colon - span.start) : span.length;
		if (!is_domain_name(host))
			return false;
		i = host.length;
	}
	if (i == span.length)
		return true;
	if (span.start[i++] != ':' || i == span.length)
		return false;
	for (; i < span.length; i++)
		if (!is_digit(span.start[i]))
			return false;
	return true;
}

/* tag := [\w][\w.-]{0,127} */
static bool is_tag(struct span span)
{
	if (!span.length || span.length > 128)
		return false;
	for (size_t i = 0; i < span.length; i++) {
		char c = span.start[i];

		if (is_alphanumeric(c) || c == '_')
			continue;
		if (i == 0 || (c != '.' && c != '-'))
			return false;
	}
	return true;
}

/*
 * digest := algorithm ':' hex{32,}, algorithm := component ([-_+.] component)*,
 * component := letter alphanumeric*
 */
static bool is_digest(const char *text)
{
	size_t hex;

	for (;;) {
		if (!is_lower(*text) && !is_upper(*text))
			return false;
		while (is_alphanumeric(*text))
			text++;
		if (*text == ':')
			break;
		if (!*text || !strchr("-_+.", *text))
			return false;
		text++;
	}
	text++;
	for (hex = 0; is_hex(text[hex]); hex++)
		;
	return hex >= DIGEST_HEX_MIN && !text[hex];
}

/*
 * Is the first component of a name with a slash a registry? Docker's rule: `localhost`, or it has a
 * dot or a colon, or a capital (a namespace could not have one). Everything else is a namespace on
 * the default registry.
 */
static bool names_a_registry(struct span first)
{
	return span_is(first, "localhost") || memchr(first.start, '.', first.length) ||
	       memchr(first.start, ':', first.length) || span_has_upper(first);
}

static struct span split_domain(const char *text, const char **rest)
{
	const char *slash = strchr(text, '/');
	struct span domain = {DEFAULT_DOMAIN, strlen(DEFAULT_DOMAIN)};
	struct span first = {text, slash ? (size_t)(slash - text) : 0};

	*rest = text;
	if (!slash || !names_a_registry(first))
		return domain;
	*rest = slash + 1;
	return span_is(first, LEGACY_DOMAIN) ? domain : first;
}

/* Cuts `name[:tag][@digest]`; tag.start and *digest are NULL where they are absent. */
static struct span split_name(const char *text, struct span *tag, const char **digest)
{
	struct span path = {text, strcspn(text, ":@")};
	const char *next = text + path.length;

	*tag = (struct span){NULL, 0};
	*digest = NULL;
	if (*next == ':') {
		*tag = (struct span){next + 1, strcspn(next + 1, "@")};
		next = tag->start + tag->length;
	}
	if (*next == '@')
		*digest = next + 1;
	return path;
}

static const char *digest_problem(const char *digest)
{
	const char *encoded;
	const struct algorithm *algorithm = find_algorithm(digest, &encoded);

	if (algorithm && algorithm->wrong)
		return is_encoded(encoded, algorithm->hex) ? NULL : algorithm->wrong;
	if (is_digest(digest))
		return "the digest behind '@' is of an algorithm that is not supported: write "
		       "sha256:<64 hexadecimal digits>";
	return "what stands behind '@' is no digest: write sha256:<64 hexadecimal digits>";
}

/* What is wrong with the text as a whole, before it is cut. */
static const char *text_problem(const char *text)
{
	if (!*text)
		return "an image reference cannot be empty";
	if (is_identifier(text))
		return "this is an image id; a name is needed, or name@sha256:<64 hexadecimal "
		       "digits>";
	if (strstr(text, "://"))
		return "an image reference has no scheme: write registry/name[:tag]";
	if (text[strcspn(text, " \t\r\n")])
		return "an image reference cannot hold white space";
	return NULL;
}

/* What is wrong with the parts that a text was cut into. */
static const char *parts_problem(
	struct span domain, struct span path, struct span tag, const char *digest)
{
	if (!is_domain(domain))
		return "what stands before the first '/' is not a registry's host[:port]";
	if (domain.length > DOMAIN_MAX)
		return "the registry's name is longer than 255 characters";
	if (!path.length)
		return "the name of the repository is missing";
	if (span_has_upper(path))
		return "the name of the repository must be in lower case";
	if (!is_path(path))
		return "the name of the repository must be made of a-z and 0-9, with '.', '_', "
		       "'__' "
		       "or '-' only between them, and parts separated by one '/'";
	if (tag.start && !is_tag(tag))
		return "a tag has 1 to 128 characters of A-Z, a-z, 0-9, '_', '.' and '-', "
		       "and does not begin with '.' or '-'";
	return digest ? digest_problem(digest) : NULL;
}

static void copy_span(char *to, struct span span)
{
	memcpy(to, span.start, span.length);
	to[span.length] = 0;
}

static int refuse(const char **problem, const char *sentence)
{
	*problem = sentence;
	return -EINVAL;
}

int reference_parse(const char *text, struct reference *reference, const char **problem)
{
	struct span domain, path, tag;
	const char *rest, *digest, *wrong;
	size_t official;

	wrong = text_problem(text);
	if (wrong)
		return refuse(problem, wrong);
	domain = split_domain(text, &rest);
	path = split_name(rest, &tag, &digest);
	wrong = parts_problem(domain, path, tag, digest);
	if (wrong)
		return refuse(problem, wrong);

	/* Official images: a single component on the default registry lives under library/. */
	official = span_is(domain, DEFAULT_DOMAIN) && !memchr(path.start, '/', path.length)
			   ? strlen(OFFICIAL)
			   : 0;
	if (official + path.length > REPOSITORY_MAX)
		return refuse(problem, "the name of the repository is longer than 255 characters");

	memset(reference, 0, sizeof(*reference));
	copy_span(reference->domain, domain);
	memcpy(reference->repository, OFFICIAL, official);
	copy_span(reference->repository + official, path);
	if (digest)
		COPY_STRING(reference->digest, digest);
	if (tag.start)
		copy_span(reference->tag, tag);
	else if (!digest)
		memcpy(reference->tag, DEFAULT_TAG, sizeof(DEFAULT_TAG));
	return 0;
}

void reference_print(const struct reference *reference, char text[REFERENCE_TEXT_SIZE])
{
	snprintf(text, REFERENCE_TEXT_SIZE, "%s/%s%s%s%s%s", reference->domain,
		reference->repository, reference->tag[0] ? ":" : "", reference->tag,
		reference->digest[0] ? "@" : "", reference->digest);
}
