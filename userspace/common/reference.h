/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker image references: `name[:tag][@digest]`, normalised as docker does it
 * (`docker:cli` is `docker.io/library/docker:cli`), and the entries of ECI's image list.
 */
#ifndef LATCH_REFERENCE_H
#define LATCH_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

/* The strings end in NUL; what is absent is empty. The rest of each array is zero. */
struct reference {
	char domain[256];     /* "docker.io", "localhost:5000" */
	char repository[256]; /* "library/docker", without the domain */
	char tag[129];	      /* "latest" where neither tag nor digest was given; else may be empty */
	char digest[136];     /* "sha256:<64 hex>" or "sha512:<128 hex>", or empty */
};

/* Holds everything that is printed: what separates the parts takes the places of their NULs. */
#define REFERENCE_TEXT_SIZE sizeof(struct reference)

/*
 * Reads what a user or client wrote, by the rules of github.com/distribution/reference as docker
 * uses it. Returns 0, or -EINVAL and in *problem a static sentence; *reference is then untouched. A
 * string of 64 hex digits is refused here as docker does (it would be an image id), and so is a
 * digest without a name. name:tag@digest keeps both parts.
 */
int reference_parse(const char *text, struct reference *reference, const char **problem);

/* Writes the normal form, domain/repository[:tag][@digest], which reads as the same reference. */
void reference_print(const struct reference *reference, char text[REFERENCE_TEXT_SIZE]);

/* An entry of imageList.images. */
enum reference_pattern_kind {
	REFERENCE_EVERY,      /* a lone `*`: every container */
	REFERENCE_TAG,	      /* name[:tag] */
	REFERENCE_DIGEST,     /* name@sha256:... (a repository digest) */
	REFERENCE_REPOSITORY, /* name:*: every tag of one repository */
	REFERENCE_GLOB,	      /* stars in the name of the repository, with one tag or `:*` */
};

struct reference_pattern {
	enum reference_pattern_kind kind;
	/*
	 * Normalised. The tag is empty for every tag and for DIGEST, the repository of a GLOB holds
	 * its stars; EVERY has nothing.
	 */
	struct reference reference;
	char *text; /* as written, for messages; owned */
};

/*
 * Reads one entry. A star stands for one part of the repository's path or for some characters of
 * it (none will do), never for a '/'; or for the whole tag. Of name:tag@digest the digest counts:
 * the tag is dropped. An absent tag is latest here, too.
 *
 * Where no registry is named the name is docker.io's, as in a reference: `alp*` is
 * `docker.io/library/alp*`. Two forms have to be written out with it, and are refused without: a
 * star in the first of several parts, for that part could be a registry; and `*:tag`, which
 * resembles the lone star and would be docker's official images.
 *
 * Returns 0, or -EINVAL or -ENOMEM and *problem, static; *pattern is then untouched. The caller
 * frees pattern->text.
 */
int reference_pattern_parse(
	const char *text, struct reference_pattern *pattern, const char **problem);

/*
 * Does the entry's form cover this name? By repository, and by its tag or digest where the entry
 * has one. A tag beside a digest in `name` says nothing, for docker goes by the digest: such a
 * name, like one with a digest alone, is not covered by an entry that has a tag. `name` is what
 * reference_parse gives. Names prove nothing about what an image is: this finds candidates.
 */
bool reference_pattern_covers(
	const struct reference_pattern *pattern, const struct reference *name);

/* The same, of registry and repository alone. */
bool reference_pattern_covers_repository(
	const struct reference_pattern *pattern, const struct reference *name);

/* Is it the same entry, in whatever way each was written? */
bool reference_pattern_same(
	const struct reference_pattern *one, const struct reference_pattern *other);

/* Writes the normal form, which reads as the same entry: `*`, or a reference with its stars. */
void reference_pattern_print(
	const struct reference_pattern *pattern, char text[REFERENCE_TEXT_SIZE]);

#endif
