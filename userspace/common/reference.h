/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker image references: `name[:tag][@digest]`, normalised as docker does it
 * (`docker:cli` is `docker.io/library/docker:cli`), and the entries of ECI's image list.
 */
#ifndef LATCH_REFERENCE_H
#define LATCH_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

struct reference {
	char domain[256];     /* "docker.io", "localhost:5000" */
	char repository[256]; /* "library/docker", without the domain */
	char tag[129];	      /* "latest" where neither tag nor digest was given; else may be empty */
	char digest[72];      /* "sha256:<64 hex>", or empty */
};

/*
 * Reads what a user or client wrote. Returns 0, or -EINVAL and in *problem a static sentence.
 * A string of 64 hex digits is refused here as docker does (it would be an image id), and so is
 * `sha256:<64 hex>`. name:tag@digest keeps both parts.
 */
int reference_parse(const char *text, struct reference *reference, const char **problem);

/* An entry of imageList.images. */
enum reference_pattern_kind {
	REFERENCE_EVERY,  /* a lone `*`: every container */
	REFERENCE_TAG,	  /* name[:tag] */
	REFERENCE_DIGEST, /* name@sha256:... (a repository digest) */
};

struct reference_pattern {
	enum reference_pattern_kind kind;
	struct reference reference; /* normalised */
	char *text;		    /* as written, for messages; owned */
};

/*
 * Reads one entry. Forms that this version does not support yet (`name:*`, globs in the repository)
 * are refused with a sentence that says so by name. Of name:tag@digest the digest counts: the tag
 * is dropped. Returns 0, or -EINVAL or -ENOMEM and *problem, static; *pattern is then untouched.
 * The caller frees pattern->text.
 */
int reference_pattern_parse(
	const char *text, struct reference_pattern *pattern, const char **problem);

#endif
