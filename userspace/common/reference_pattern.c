// SPDX-License-Identifier: Apache-2.0
/*
 * The entries of ECI's image list: a reference, or one with stars in it. What its forms are and
 * what they mean is decided here; what makes a text a reference is reference.c's question, which is
 * asked with a letter in each star's place.
 *
 * A star never reaches beyond what a person sees it stand in: not over a '/', not into the
 * registry, not from the tag into the name. Only * is a wildcard. Every doubt is a refusal, for an
 * entry that covers more than was meant hands out the socket.
 */
#include "reference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/*
 * Stands for each star while the rest is checked. What any name could have in the star's place
 * leaves the name well-formed only where this does, too. Not a hexadecimal digit: an entry does not
 * become an image id by it.
 */
#define STAND_IN 'x'

/* Where the path ends: a tag and a digest hold no '/', so at the first mark in the last part. */
static size_t name_length(const char *text)
{
	const char *slash = strrchr(text, '/');
	const char *last = slash ? slash + 1 : text;

	return last - text + strcspn(last, ":@");
}

/* Is the first of several parts written so that it can only be a registry? */
static bool begins_with_registry(const char *text)
{
	size_t first = strcspn(text, "/");

	return text[first] && strcspn(text, ".:ABCDEFGHIJKLMNOPQRSTUVWXYZ") < first;
}

/*
 * Wildcards of other tools. A '[' that opens an IPv6 address is none, and what is no reference at
 * all, a URL or a sentence, is refused with that by reference_parse.
 */
static const char *foreign_problem(const char *text)
{
	size_t begin = text[0] == '[' && begins_with_registry(text);

	if (!strpbrk(text + begin, "?[") || strpbrk(text, " \t\r\n") || strstr(text, "://"))
		return NULL;
	return "only * is a wildcard, '?' and '[' are not: write * for a part of the "
	       "repository's name, or one entry for each name";
}

/* What is wrong with where the stars stand. */
static const char *star_problem(const char *text)
{
	size_t name = name_length(text), first = strcspn(text, "/");
	const char *star = strchr(text, '*');

	if (strstr(text, "**"))
		return "two stars stand side by side: write one, which stands within one part of "
		       "the path, and an entry for each depth, like group/*:* and group/*/*:*";
	if (strchr(text + name, '@'))
		return "a star and a digest stand together, and a digest is one image: write "
		       "name@sha256:<64 hexadecimal digits> without a star";
	if (text[first] && star < text + first)
		return begins_with_registry(text)
			       ? "a star stands in the registry's name: write each registry out"
			       : "a star stands in the first part of the name, where a registry "
				 "could "
				 "be: write the registry out before it, like docker.io/*/name:*";
	if (name == 1 && text[0] == '*')
		return "a star alone is no repository's name: write * without a tag for every "
		       "container, or docker.io/library/*:* for docker's official images";
	if (strchr(text + name, '*') && strcmp(text + name, ":*"))
		return "a star stands for a part of the tag: write :* for every tag, or one entry "
		       "for each tag";
	return NULL;
}

/* Normalising only adds and cuts in front, so the path is found again from its end. */
static void put_stars_back(char *repository, const char *text)
{
	size_t length = strlen(repository), name = name_length(text);

	for (size_t i = 1; i <= length && i <= name; i++)
		if (text[name - i] == '*')
			repository[length - i] = '*';
}

static int read_stars(const char *text, struct reference_pattern *pattern, const char **problem)
{
	_cleanup_free_ char *plain = NULL;
	size_t name;
	int r;

	*problem = star_problem(text);
	if (*problem)
		return -EINVAL;
	plain = strdup(text);
	if (!plain) {
		*problem = "out of memory";
		return -ENOMEM;
	}
	for (char *c = plain; *c; c++)
		if (*c == '*')
			*c = STAND_IN;
	r = reference_parse(plain, &pattern->reference, problem);
	if (r < 0)
		return r;
	name = name_length(text);
	if (strchr(text + name, '*'))
		memset(pattern->reference.tag, 0, sizeof(pattern->reference.tag));
	pattern->kind = memchr(text, '*', name) ? REFERENCE_GLOB : REFERENCE_REPOSITORY;
	put_stars_back(pattern->reference.repository, text);
	return 0;
}

static int read_plain(const char *text, struct reference_pattern *pattern, const char **problem)
{
	int r = reference_parse(text, &pattern->reference, problem);

	if (r < 0)
		return r;
	pattern->kind = REFERENCE_TAG;
	if (!pattern->reference.digest[0])
		return 0;
	/* Neither engine's ids nor what registries are asked for come in any other. */
	if (strncmp(pattern->reference.digest, "sha256:", strlen("sha256:"))) {
		*problem = "images are compared by their sha256 digests: write name@sha256:<64 "
			   "hexadecimal digits>";
		return -EINVAL;
	}
	/*
	 * name:tag@digest: the digest counts and the tag is dropped, as in docker's own
	 * ParseDockerRef; kept, it might be compared by somebody one day.
	 */
	pattern->kind = REFERENCE_DIGEST;
	memset(pattern->reference.tag, 0, sizeof(pattern->reference.tag));
	return 0;
}

static int read_pattern(const char *text, struct reference_pattern *pattern, const char **problem)
{
	if (!strcmp(text, "*")) {
		pattern->kind = REFERENCE_EVERY;
		return 0;
	}
	*problem = foreign_problem(text);
	if (*problem)
		return -EINVAL;
	return strchr(text, '*') ? read_stars(text, pattern, problem)
				 : read_plain(text, pattern, problem);
}

int reference_pattern_parse(
	const char *text, struct reference_pattern *pattern, const char **problem)
{
	struct reference_pattern read = {0};
	int r;

	r = read_pattern(text, &read, problem);
	if (r < 0)
		return r;
	read.text = strdup(text);
	if (!read.text) {
		*problem = "out of memory";
		return -ENOMEM;
	}
	*pattern = read;
	return 0;
}

/*
 * A star takes as little as it can and, when what follows does not fit, one character more. Only
 * the last star can give way: an earlier one of the same part would not help, and one of another
 * part is bound by the '/' behind it.
 */
static bool path_covers(const char *path, const char *name)
{
	const char *star = NULL, *taken = NULL;

	while (*path || *name) {
		if (*path == '*') {
			star = path++;
			taken = name;
		} else if (*path == *name) {
			path++;
			name++;
		} else {
			if (!star || !*taken || *taken == '/')
				return false;
			path = star + 1;
			name = ++taken;
		}
	}
	return true;
}

bool reference_pattern_covers_repository(
	const struct reference_pattern *pattern, const struct reference *name)
{
	const struct reference *own = &pattern->reference;

	if (pattern->kind == REFERENCE_EVERY)
		return true;
	if (strcmp(own->domain, name->domain))
		return false;
	return pattern->kind == REFERENCE_GLOB ? path_covers(own->repository, name->repository)
					       : !strcmp(own->repository, name->repository);
}

bool reference_pattern_covers(const struct reference_pattern *pattern, const struct reference *name)
{
	const struct reference *own = &pattern->reference;

	if (!reference_pattern_covers_repository(pattern, name))
		return false;
	if (own->digest[0])
		return !strcmp(own->digest, name->digest);
	/* Which tag a name with a digest belongs to is not known: fail closed. */
	return !own->tag[0] || (!name->digest[0] && !strcmp(own->tag, name->tag));
}

bool reference_pattern_same(
	const struct reference_pattern *one, const struct reference_pattern *other)
{
	return one->kind == other->kind &&
	       !strcmp(one->reference.domain, other->reference.domain) &&
	       !strcmp(one->reference.repository, other->reference.repository) &&
	       !strcmp(one->reference.tag, other->reference.tag) &&
	       !strcmp(one->reference.digest, other->reference.digest);
}

void reference_pattern_print(
	const struct reference_pattern *pattern, char text[REFERENCE_TEXT_SIZE])
{
	const struct reference *reference = &pattern->reference;

	if (pattern->kind == REFERENCE_EVERY)
		strcpy(text, "*");
	else if (!reference->tag[0] && !reference->digest[0])
		snprintf(text, REFERENCE_TEXT_SIZE, "%s/%s:*", reference->domain,
			reference->repository);
	else
		reference_print(reference, text);
}
