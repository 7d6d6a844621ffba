/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates that this machine has for one registry, as dockerd reads them: of the folder
 * <root>/<host[:port]>/ every *.crt is an authority to be believed beside the system's, and
 * <x>.cert with <x>.key a client's certificate and its key. Other names do not count.
 *
 * Sources: moby, registry/registry.go (loadTLSConfig) and registry/service_v2.go: docker.io has no
 * such folder.
 */
#ifndef LATCH_CERTIFICATES_H
#define LATCH_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>

#define CERTIFICATES_ROOT      "/etc/docker/certs.d"
#define CERTIFICATES_FILE_MAX  (1u << 20) /* bytes of one file */
#define CERTIFICATES_FILES_MAX 32         /* that count, of one registry */

/* PEM, each with a NUL behind its last byte; NULL and 0 where there is none. */
struct certificates_blob {
	char *data;
	size_t size;
};

struct certificates {
	struct certificates_blob authorities; /* of all *.crt, one behind the other */
	/*
	 * The first pair in the order of names: CURLOPT_SSLCERT_BLOB, with what else the file has
	 * for the chain, and CURLOPT_SSLKEY_BLOB. (dockerd offers all pairs, curl has one.)
	 */
	struct certificates_blob certificate, key;
};

/*
 * Reads what there is for `domain` ("registry.example:5000"); no folder is nothing, and no error.
 * Every pair is looked at, the first one kept: a key must be its certificate's and need no
 * passphrase. A key that others may read is taken, as dockerd does; what others may write (root
 * itself, the folder, a file) is not. Links are followed.
 *
 * Returns 0 (certificates_clear) or, with nothing in *out and a sentence in *problem (free()):
 * -EINVAL (no domain; a file that is not what its name says; a .cert without .key, a .key without
 * .cert), -EPERM, -EFBIG, -E2BIG (more files than are read), -ENOMEM or what open says.
 */
int certificates_load(
	const char *root, const char *domain, struct certificates *out, char **problem);

/* Wipes and frees what is in it. */
void certificates_clear(struct certificates *certificates);

static inline bool certificates_have_authority(const struct certificates *certificates)
{
	return certificates->authorities.size != 0;
}

/*
 * For CURLOPT_CAINFO_BLOB, which takes the place of CURLOPT_CAINFO: the bundle in the file `system`
 * (NULL: curl's own default) and behind it the authorities. Where there is no such file the
 * authorities are all; curl's CAPATH, where it has one, goes on counting beside a blob. Returns 0
 * and *bundle (certificates_blob_clear), or -EFBIG, -ENOMEM or what open says and *problem
 * (free()).
 */
int certificates_bundle(const struct certificates *certificates, const char *system,
	struct certificates_blob *bundle, char **problem);
void certificates_blob_clear(struct certificates_blob *blob);

#endif
