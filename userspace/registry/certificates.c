// SPDX-License-Identifier: Apache-2.0
/*
 * The folder of one registry in certs.d. Each file is read once, and it is these bytes that are
 * checked, kept and given to curl: nothing is looked up by name again later.
 *
 * Whether a certificate is to be believed is TLS's question. Here it must be one: what dockerd
 * passes over (a .crt without a certificate in it) would only come back as a failed handshake.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>

#include "certificates.h"
#include "problem.h"
#include "trusted_file.h"

#define DOCKER_IO       "docker.io"
#define DOMAIN_SIZE_MAX 255         /* as struct reference has it */
#define BUNDLE_MAX      (16u << 20) /* bytes of the system's bundle; some 0.2 MiB in practice */

/* The files of a folder that count, by name. */
struct folder {
	const char *path;
	int fd;
	char *names[CERTIFICATES_FILES_MAX];
	size_t count;
};

/* Blobs. */

void certificates_blob_clear(struct certificates_blob *blob)
{
	if (blob->data)
		explicit_bzero(blob->data, blob->size);
	free(blob->data);
	*blob = (struct certificates_blob){0};
}

static inline void blob_cleanup(struct certificates_blob *blob)
{
	certificates_blob_clear(blob);
}

#define _cleanup_blob_ __attribute__((cleanup(blob_cleanup)))

static int blob_append(struct certificates_blob *blob, const char *data, size_t size)
{
	char *grown = realloc(blob->data, blob->size + size + 1);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + blob->size, data, size);
	blob->data = grown;
	blob->size += size;
	blob->data[blob->size] = '\0';
	return 0;
}

static struct certificates_blob blob_take(struct certificates_blob *blob)
{
	struct certificates_blob taken = *blob;

	*blob = (struct certificates_blob){0};
	return taken;
}

/* The folder. */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && !strcmp(name + length - tail, end);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void folder_clear(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->names[i]);
	if (folder->fd >= 0)
		close(folder->fd);
}

#define _cleanup_folder_ __attribute__((cleanup(folder_clear)))

static bool folder_has(const struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->count; i++)
		if (!strcmp(folder->names[i], name))
			return true;
	return false;
}

static int add_name(struct folder *folder, const char *name, char **problem)
{
	if (!ends_with(name, ".crt") && !ends_with(name, ".cert") && !ends_with(name, ".key"))
		return 0;
	if (folder->count == CERTIFICATES_FILES_MAX)
		return problem_set(problem, -E2BIG,
			"%s: has more than %d certificates and keys; take away those that this "
			"registry does not need",
			folder->path, CERTIFICATES_FILES_MAX);
	folder->names[folder->count] = strdup(name);
	if (!folder->names[folder->count])
		return -ENOMEM;
	folder->count++;
	return 0;
}

static int list(struct folder *folder, char **problem)
{
	int fd = fcntl(folder->fd, F_DUPFD_CLOEXEC, 3);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!stream) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return problem_set(
			problem, r, "%s: cannot be read: %s", folder->path, strerror(-r));
	}
	while (!r) {
		errno = 0;
		entry = readdir(stream);
		if (!entry)
			break;
		r = add_name(folder, entry->d_name, problem);
	}
	if (!r && errno) {
		r = -errno;
		problem_set(problem, r, "%s: cannot be read: %s", folder->path, strerror(-r));
	}
	closedir(stream);
	qsort(folder->names, folder->count, sizeof(*folder->names), compare_names);
	return r;
}

/* Opens a folder that nobody else may write. -ENOENT without a problem: there is none. */
static int open_folder(int at, const char *name, const char *path, char **problem)
{
	_cleanup_close_ int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &status)) {
		r = -errno;
		return problem_set(problem, r, "%s: cannot be read: %s", path, strerror(-r));
	}
	r = trusted_check(path, &status, problem);
	return r < 0 ? r : TAKE_FD(fd);
}

/* What is in one file of the folder. */
static int read_file(const struct folder *folder, const char *name, struct certificates_blob *blob,
	char **problem)
{
	/* O_NONBLOCK: opening a FIFO would wait for a writer. */
	_cleanup_close_ int fd =
		openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	if (fd < 0) {
		r = -errno;
		return problem_set(problem, r, "%s: cannot be read: %s", path, strerror(-r));
	}
	return trusted_read(fd, path, CERTIFICATES_FILE_MAX, &blob->data, &blob->size, problem);
}

/* PEM. */

static BIO *bio_over(const struct certificates_blob *blob)
{
	return BIO_new_mem_buf(blob->data, (int)blob->size);
}

/* Without this OpenSSL would ask at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

/* Did reading end because there was no further block, and not in the middle of one? */
static bool at_end(void)
{
	unsigned long error = ERR_peek_last_error();

	return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/*
 * Appends every certificate of `from`, written anew: a file without a line's end at its end, or
 * with other things in it, must not spoil its neighbour. 0, -EINVAL (none, or a broken one),
 * -ENOMEM.
 */
static int append_certificates(BIO *from, BIO *to)
{
	size_t count = 0;
	X509 *certificate;
	bool whole;

	ERR_clear_error();
	while ((certificate = PEM_read_bio_X509(from, NULL, no_passphrase, NULL))) {
		int written = PEM_write_bio_X509(to, certificate);

		X509_free(certificate);
		if (!written)
			return -ENOMEM;
		count++;
	}
	whole = at_end();
	ERR_clear_error();
	return count && whole ? 0 : -EINVAL;
}

static int add_authorities(const struct folder *folder, const char *name,
	struct certificates *certificates, char **problem)
{
	_cleanup_blob_ struct certificates_blob file = {0};
	BIO *from, *to = BIO_new(BIO_s_mem());
	char *text;
	long size;
	int r = read_file(folder, name, &file, problem);

	if (r < 0) {
		BIO_free(to);
		return r;
	}
	from = bio_over(&file);
	r = from && to ? append_certificates(from, to) : -ENOMEM;
	if (!r) {
		size = BIO_get_mem_data(to, &text);
		r = blob_append(&certificates->authorities, text, size);
	}
	if (r == -EINVAL)
		problem_set(problem, r,
			"%s/%s: has no certificate in PEM, or a broken one; put the authority's "
			"there",
			folder->path, name);
	BIO_free(from);
	BIO_free(to);
	return r;
}

/* Is the first certificate of the one the key's in the other? -EINVAL and *what: why not. */
static int check_pair(const struct certificates_blob *certificate,
	const struct certificates_blob *key, const char **what)
{
	BIO *certificate_bio = bio_over(certificate), *key_bio = bio_over(key);
	X509 *x509 = NULL;
	EVP_PKEY *pkey = NULL;

	*what = NULL;
	if (certificate_bio && key_bio) {
		x509 = PEM_read_bio_X509(certificate_bio, NULL, no_passphrase, NULL);
		pkey = PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL);
		if (!x509)
			*what = "the former has no certificate in PEM";
		else if (!pkey)
			*what = "the latter has no private key in PEM that needs no passphrase";
		else if (!X509_check_private_key(x509, pkey))
			*what = "the key is not the certificate's";
	}
	EVP_PKEY_free(pkey);
	X509_free(x509);
	BIO_free(certificate_bio);
	BIO_free(key_bio);
	ERR_clear_error();
	if (!certificate_bio || !key_bio)
		return -ENOMEM;
	return *what ? -EINVAL : 0;
}

/* The name of what belongs to a .cert or .key, whose ending is `end`. */
static int partner(const char *name, const char *end, const char *other, char partner[NAME_MAX + 2])
{
	int stem = (int)(strlen(name) - strlen(end));
	int length = snprintf(partner, NAME_MAX + 2, "%.*s%s", stem, name, other);

	return length <= NAME_MAX ? 0 : -ENAMETOOLONG;
}

static int add_pair(const struct folder *folder, const char *name,
	struct certificates *certificates, char **problem)
{
	_cleanup_blob_ struct certificates_blob certificate = {0}, key = {0};
	char key_name[NAME_MAX + 2];
	const char *what;
	int r = partner(name, ".cert", ".key", key_name);

	if (r < 0 || !folder_has(folder, key_name))
		return problem_set(problem, -EINVAL,
			"%s/%s: has no key %s beside it; put it there, or name the file *.crt if "
			"it is an authority's certificate",
			folder->path, name, key_name);
	r = read_file(folder, name, &certificate, problem);
	if (!r)
		r = read_file(folder, key_name, &key, problem);
	if (r < 0)
		return r;
	r = check_pair(&certificate, &key, &what);
	if (r == -EINVAL)
		return problem_set(problem, r, "%s/%s and %s are no pair: %s; correct them",
			folder->path, name, key_name, what);
	if (!r && !certificates->certificate.data) {
		certificates->certificate = blob_take(&certificate);
		certificates->key = blob_take(&key);
	}
	return r;
}

static int check_key(const struct folder *folder, const char *name, char **problem)
{
	char certificate_name[NAME_MAX + 2];
	int r = partner(name, ".key", ".cert", certificate_name);

	if (r < 0 || !folder_has(folder, certificate_name))
		return problem_set(problem, -EINVAL,
			"%s/%s: has no certificate %s beside it; put it there, or take the key "
			"away",
			folder->path, name, certificate_name);
	return 0;
}

static int take_file(const struct folder *folder, const char *name,
	struct certificates *certificates, char **problem)
{
	if (ends_with(name, ".crt"))
		return add_authorities(folder, name, certificates, problem);
	if (ends_with(name, ".cert"))
		return add_pair(folder, name, certificates, problem);
	return check_key(folder, name, problem);
}

static int take_folder(int at, const char *domain, const char *path,
	struct certificates *certificates, char **problem)
{
	_cleanup_folder_ struct folder folder = {.path = path};
	int r;

	folder.fd = open_folder(at, domain, path, problem);
	if (folder.fd < 0)
		return folder.fd;
	r = list(&folder, problem);
	for (size_t i = 0; i < folder.count && !r; i++)
		r = take_file(&folder, folder.names[i], certificates, problem);
	return r;
}

/*
 * It becomes a folder's name: host and port, and so neither a slash nor a way up. dockerd makes the
 * path from the registry's address, which can have no other characters.
 */
static bool is_domain(const char *domain)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-:[]";
	size_t length = strspn(domain, allowed);

	return length > 0 && length <= DOMAIN_SIZE_MAX && !domain[length] && strcmp(domain, ".") &&
	       strcmp(domain, "..");
}

int certificates_load(
	const char *root, const char *domain, struct certificates *out, char **problem)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	int r;

	*out = (struct certificates){0};
	*problem = NULL;
	if (!is_domain(domain))
		return problem_set(problem, -EINVAL,
			"certificates are looked up by a registry's host and port, which may have "
			"letters, digits and \"._-:[]\" only");
	if (!strcmp(domain, DOCKER_IO))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", root, domain) >= (int)sizeof(path))
		return problem_set(problem, -ENAMETOOLONG, "%s: is too long a path", root);
	fd = open_folder(AT_FDCWD, root, root, problem);
	r = fd < 0 ? fd : take_folder(fd, domain, path, out, problem);
	if (r < 0)
		certificates_clear(out);
	return r == -ENOENT && !*problem ? 0 : r;
}

void certificates_clear(struct certificates *certificates)
{
	certificates_blob_clear(&certificates->authorities);
	certificates_blob_clear(&certificates->certificate);
	certificates_blob_clear(&certificates->key);
}

/* The bundle. */

/* The system's bundle as curl would read it: its owner is the system's question. */
static int read_system(const char *path, struct certificates_blob *bundle, char **problem)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char piece[16384];
	ssize_t n = 0;
	int r = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		r = -errno;
	while (!r && (n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0)
			r = -errno;
		else if (bundle->size + n > BUNDLE_MAX)
			r = -EFBIG;
		else
			r = blob_append(bundle, piece, n);
	}
	if (!r && bundle->size)
		r = blob_append(bundle, "\n", 1);
	if (r < 0)
		return problem_set(problem, r, "%s: the system's certificates cannot be read: %s",
			path, strerror(-r));
	return 0;
}

int certificates_bundle(const struct certificates *certificates, const char *system,
	struct certificates_blob *bundle, char **problem)
{
	int r = 0;

	*bundle = (struct certificates_blob){0};
	*problem = NULL;
	if (!system)
		system = curl_version_info(CURLVERSION_NOW)->cainfo;
	if (system)
		r = read_system(system, bundle, problem);
	if (!r && certificates->authorities.size)
		r = blob_append(
			bundle, certificates->authorities.data, certificates->authorities.size);
	if (r < 0)
		certificates_blob_clear(bundle);
	return r;
}
