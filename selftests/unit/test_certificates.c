// SPDX-License-Identifier: Apache-2.0
/*
 * What a folder of certs.d has for a registry. The certificates and keys are made by the test with
 * libcrypto, for what counts is which of them come out again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "../../userspace/registry/certificates.h"
#include "util.h"

#define R "registry.example:5000"

/* A certificate that signs itself, and its key, as PEM. */
struct pair {
	char certificate[4096];
	char key[4096];
};

struct place {
	char root[64];
	struct pair one, two;
	char locked[4096]; /* the key of `one`, with a passphrase */
};

static void take_pem(BIO *bio, char text[4096])
{
	int size = BIO_read(bio, text, 4095);

	assert_true(size > 0);
	text[size] = '\0';
	BIO_free(bio);
}

static BIO *empty_bio(void)
{
	return BIO_new(BIO_s_mem());
}

static X509 *sign(EVP_PKEY *key, const char *name)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

static void make_pair(struct pair *pair, const char *name, char *locked)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = sign(key, name);
	BIO *bio = empty_bio();

	PEM_write_bio_X509(bio, certificate);
	take_pem(bio, pair->certificate);
	bio = empty_bio();
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	take_pem(bio, pair->key);
	if (locked) {
		bio = empty_bio();
		PEM_write_bio_PrivateKey(
			bio, key, EVP_aes_128_cbc(), (unsigned char *)"word", 4, NULL, NULL);
		take_pem(bio, locked);
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char path[256];

	strcpy(place->root, "/tmp/test_certificates.XXXXXX");
	if (!mkdtemp(place->root))
		return -1;
	snprintf(path, sizeof(path), "%s/" R, place->root);
	mkdir(path, 0755);
	make_pair(&place->one, "one.example", place->locked);
	make_pair(&place->two, "two.example", NULL);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", place->root);
	free(place);
	return system(command);
}

/* The path of a file in the registry's folder, or of the folder; one at a time. */
static const char *in_folder(const struct place *place, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/" R "%s%s", place->root, *name ? "/" : "", name);
	return path;
}

static void put_bytes(const struct place *place, const char *name, const char *text, size_t size)
{
	int fd = open(in_folder(place, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
}

static void put(const struct place *place, const char *name, const char *text)
{
	put_bytes(place, name, text, strlen(text));
}

static void take_away(const struct place *place, const char *name)
{
	assert_int_equal(unlink(in_folder(place, name)), 0);
}

static struct certificates load(const struct place *place)
{
	struct certificates certificates;
	char *problem;

	if (certificates_load(place->root, R, &certificates, &problem))
		fail_msg("refused: %s", problem);
	assert_null(problem);
	return certificates;
}

static void expect_refused(
	const struct place *place, int error, const char *name, const char *words)
{
	struct certificates certificates;
	char *problem;
	int r = certificates_load(place->root, R, &certificates, &problem);

	if (r != error || !problem || !strstr(problem, name) || !strstr(problem, words))
		fail_msg("%s: %d: %s", name, r, problem);
	assert_null(certificates.authorities.data);
	assert_null(certificates.certificate.data);
	assert_null(certificates.key.data);
	free(problem);
}

static int count(const char *text, const char *part)
{
	int n = 0;

	for (; text && (text = strstr(text, part)); text++)
		n++;
	return n;
}

#define BEGIN "-----BEGIN CERTIFICATE-----"

static void no_folder_is_nothing(void **state)
{
	struct place *place = *state;
	struct certificates certificates = load(place); /* an empty one */
	char *problem;
	char nowhere[128];

	assert_false(certificates_have_authority(&certificates));
	assert_null(certificates.certificate.data);
	assert_int_equal(
		certificates_load(place->root, "other.example", &certificates, &problem), 0);
	assert_false(certificates_have_authority(&certificates));
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", place->root);
	assert_int_equal(certificates_load(nowhere, R, &certificates, &problem), 0);
	assert_false(certificates_have_authority(&certificates));
	assert_null(problem);
}

static void every_crt_is_an_authority(void **state)
{
	struct place *place = *state;
	struct certificates certificates;
	char text[16384];

	put(place, "a.crt", place->one.certificate);
	certificates = load(place);
	assert_true(certificates_have_authority(&certificates));
	assert_string_equal(certificates.authorities.data, place->one.certificate);
	assert_int_equal(certificates.authorities.size, strlen(place->one.certificate));
	assert_null(certificates.certificate.data);
	certificates_clear(&certificates);
	assert_false(certificates_have_authority(&certificates));
	/* Two in one file with words around them and a key, no end of line at the end; a second
	 * file. */
	snprintf(text, sizeof(text), "words\n%s%smore\n%s", place->one.key, place->one.certificate,
		place->two.certificate);
	text[strlen(text) - 1] = '\0';
	put(place, "a.crt", text);
	put(place, "b.crt", place->one.certificate);
	certificates = load(place);
	snprintf(text, sizeof(text), "%s%s%s", place->one.certificate, place->two.certificate,
		place->one.certificate);
	assert_string_equal(certificates.authorities.data, text);
	certificates_clear(&certificates);
}

static void only_three_endings_count(void **state)
{
	static const char *const others[] = {"ca.pem", "a.crt.bak", "a.CRT", "crt", "cert", "key",
		"client.cert~", "README", "ca.crt.rpmsave"};
	struct place *place = *state;
	struct certificates certificates;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		put(place, others[i], "no certificate");
	certificates = load(place);
	assert_false(certificates_have_authority(&certificates));
	put(place, ".crt", place->one.certificate); /* for Go an ending, too */
	certificates = load(place);
	assert_true(certificates_have_authority(&certificates));
	certificates_clear(&certificates);
}

static void a_folder_is_of_one_host_and_port(void **state)
{
	static const char *const others[] = {"registry.example", "registry.example:5001",
		"registry.example:500", "sub.registry.example:5000", "Registry.example:5000"};
	struct place *place = *state;
	struct certificates certificates;
	char *problem;

	put(place, "a.crt", place->one.certificate);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(
			certificates_load(place->root, others[i], &certificates, &problem), 0);
		assert_false(certificates_have_authority(&certificates));
	}
}

static void docker_io_has_no_folder(void **state)
{
	struct place *place = *state;
	struct certificates certificates;
	char *problem, path[128];

	snprintf(path, sizeof(path), "%s/docker.io", place->root);
	assert_int_equal(symlink(R, path), 0);
	put(place, "a.crt", place->one.certificate);
	assert_int_equal(certificates_load(place->root, "docker.io", &certificates, &problem), 0);
	assert_false(certificates_have_authority(&certificates));
}

static void a_name_cannot_leave_the_folder(void **state)
{
	static const char *const rows[] = {"", ".", "..", "../" R, "./" R, R "/", R "/.",
		R "/../" R, "/", "/etc", "..\\x", "a b", "a\n", "%2e%2e", "~"};
	struct place *place = *state;
	struct certificates certificates;
	char long_one[257], sub[256], *problem;

	/* What would be found is there. */
	put(place, "a.crt", place->one.certificate);
	snprintf(sub, sizeof(sub), "%s/sub", place->root);
	mkdir(sub, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (certificates_load(sub, rows[i], &certificates, &problem) != -EINVAL)
			fail_msg("taken: %s", rows[i]);
		assert_null(certificates.authorities.data);
		free(problem);
		assert_int_equal(
			certificates_load(place->root, rows[i], &certificates, &problem), -EINVAL);
		free(problem);
	}
	memset(long_one, 'a', 256);
	long_one[256] = '\0';
	assert_int_equal(
		certificates_load(place->root, long_one, &certificates, &problem), -EINVAL);
	free(problem);
}

static void the_first_pair_is_the_clients(void **state)
{
	struct place *place = *state;
	struct certificates certificates;
	char chain[8192];

	snprintf(chain, sizeof(chain), "%s%s", place->two.certificate, place->one.certificate);
	put(place, "b.cert", place->one.certificate);
	put(place, "b.key", place->one.key);
	put(place, "a.cert", chain);
	put(place, "a.key", place->two.key);
	/* dockerd does not mind who may read a key. */
	chmod(in_folder(place, "a.key"), 0644);
	certificates = load(place);
	assert_string_equal(certificates.certificate.data, chain);
	assert_int_equal(certificates.certificate.size, strlen(chain));
	assert_string_equal(certificates.key.data, place->two.key);
	assert_int_equal(certificates.key.size, strlen(place->two.key));
	assert_false(certificates_have_authority(&certificates));
	certificates_clear(&certificates);
}

static void half_a_pair_is_refused_by_name(void **state)
{
	struct place *place = *state;

	put(place, "client.cert", place->one.certificate);
	expect_refused(place, -EINVAL, "/client.cert:", "no key client.key");
	put(place, "Client.key", place->one.key);
	expect_refused(place, -EINVAL, "Client.key:", "no certificate Client.cert");
	take_away(place, "client.cert");
	expect_refused(place, -EINVAL, "/Client.key:", "no certificate Client.cert");
	take_away(place, "Client.key");
	/* An authority beside it does not help. */
	put(place, "client.crt", place->one.certificate);
	put(place, "client.key", place->one.key);
	expect_refused(place, -EINVAL, "/client.key:", "no certificate client.cert");
}

static void what_is_no_pair_is_refused(void **state)
{
	struct place *place = *state;

	put(place, "a.cert", place->one.certificate);
	put(place, "a.key", place->two.key);
	expect_refused(place, -EINVAL, "/a.cert", "not the certificate's");
	put(place, "a.key", place->locked);
	expect_refused(place, -EINVAL, "/a.cert", "passphrase");
	put(place, "a.key", place->one.certificate);
	expect_refused(place, -EINVAL, "/a.cert", "no private key");
	put(place, "a.key", "");
	expect_refused(place, -EINVAL, "/a.cert", "no private key");
	put(place, "a.cert", place->one.key);
	put(place, "a.key", place->one.key);
	expect_refused(place, -EINVAL, "/a.cert", "no certificate in PEM");
	/* The second one counts as well, although it is not used. */
	put(place, "a.cert", place->one.certificate);
	put(place, "b.cert", place->one.certificate);
	put(place, "b.key", place->two.key);
	expect_refused(place, -EINVAL, "/b.cert", "not the certificate's");
}

static void a_crt_without_a_whole_certificate_is_refused_by_name(void **state)
{
	struct place *place = *state;
	char text[8192];

	put(place, "good.crt", place->one.certificate);
	put(place, "bad.crt", "");
	expect_refused(place, -EINVAL, "/bad.crt:", "no certificate");
	put(place, "bad.crt", place->one.key);
	expect_refused(place, -EINVAL, "/bad.crt:", "no certificate");
	put(place, "bad.crt", BEGIN "\nAAAA\n-----END CERTIFICATE-----\n");
	expect_refused(place, -EINVAL, "/bad.crt:", "broken");
	/* A good one, and half a one behind it. */
	snprintf(text, sizeof(text), "%s%.200s", place->one.certificate, place->two.certificate);
	put(place, "bad.crt", text);
	expect_refused(place, -EINVAL, "/bad.crt:", "broken");
}

static void what_others_may_write_is_refused(void **state)
{
	static const char *const files[] = {"a.crt", "a.cert", "a.key"};
	struct place *place = *state;
	struct certificates certificates;

	put(place, "a.crt", place->one.certificate);
	put(place, "a.cert", place->one.certificate);
	put(place, "a.key", place->one.key);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		chmod(in_folder(place, files[i]), 0664);
		expect_refused(place, -EPERM, files[i], "chmod go-w");
		chmod(in_folder(place, files[i]), 0646);
		expect_refused(place, -EPERM, files[i], "chmod go-w");
		chmod(in_folder(place, files[i]), 0644);
		certificates = load(place);
		certificates_clear(&certificates);
	}
	chmod(in_folder(place, ""), 0775);
	expect_refused(place, -EPERM, R, "chmod go-w");
	chmod(in_folder(place, ""), 0755);
	chmod(place->root, 01777); /* as /tmp is: a new folder could be put there */
	expect_refused(place, -EPERM, place->root, "chmod go-w");
	chmod(place->root, 0755);
	certificates = load(place);
	certificates_clear(&certificates);
}

static void what_belongs_to_others_is_refused(void **state)
{
	struct place *place = *state;
	char outside[128];

	if (geteuid()) {
		print_message("only root can give a file away\n");
		skip();
	}
	put(place, "a.crt", place->one.certificate);
	assert_int_equal(chown(in_folder(place, "a.crt"), 12345, 0), 0);
	expect_refused(place, -EPERM, "a.crt", "user 12345");
	/* It is the file that a link leads to, not the link, that says whose it is. */
	snprintf(outside, sizeof(outside), "%s/outside", place->root);
	assert_int_equal(rename(in_folder(place, "a.crt"), outside), 0);
	assert_int_equal(symlink("../outside", in_folder(place, "a.crt")), 0);
	expect_refused(place, -EPERM, "a.crt", "user 12345");
	assert_int_equal(chown(in_folder(place, ""), 12345, 0), 0);
	expect_refused(place, -EPERM, R, "user 12345");
	assert_int_equal(chown(in_folder(place, ""), 0, 0), 0);
	assert_int_equal(chown(place->root, 12345, 0), 0);
	expect_refused(place, -EPERM, place->root, "user 12345");
}

static void links_are_followed_as_dockerd_follows_them(void **state)
{
	struct place *place = *state;
	struct certificates certificates;
	char outside[128];

	put(place, "a.crt", place->one.certificate);
	snprintf(outside, sizeof(outside), "%s/outside", place->root);
	assert_int_equal(rename(in_folder(place, "a.crt"), outside), 0);
	assert_int_equal(symlink("../outside", in_folder(place, "a.crt")), 0);
	certificates = load(place);
	assert_true(certificates_have_authority(&certificates));
	certificates_clear(&certificates);
	/* One that leads nowhere is a file that cannot be read, not one that is not there. */
	unlink(outside);
	expect_refused(place, -ENOENT, "a.crt", "cannot be read");
}

static void what_is_no_file_is_refused(void **state)
{
	struct place *place = *state;

	assert_int_equal(mkdir(in_folder(place, "a.crt"), 0755), 0);
	expect_refused(place, -EINVAL, "a.crt", "regular file");
	assert_int_equal(rmdir(in_folder(place, "a.crt")), 0);
	assert_int_equal(mkfifo(in_folder(place, "a.crt"), 0600), 0);
	expect_refused(place, -EINVAL, "a.crt", "regular file");
	take_away(place, "a.crt");
	assert_int_equal(rmdir(in_folder(place, "")), 0);
	put(place, "", "a file");
	expect_refused(place, -ENOTDIR, R, "cannot be read");
}

static void there_are_limits(void **state)
{
	struct place *place = *state;
	size_t size = CERTIFICATES_FILE_MAX;
	char *text = malloc(size + 1), name[32];
	struct certificates certificates;

	assert_int_equal(CERTIFICATES_FILE_MAX, 1048576);
	assert_int_equal(CERTIFICATES_FILES_MAX, 32);
	memset(text, '\n', size + 1);
	memcpy(text, place->one.certificate, strlen(place->one.certificate));
	put_bytes(place, "a.crt", text, size + 1);
	expect_refused(place, -EFBIG, "a.crt", "1024 KiB");
	put_bytes(place, "a.crt", text, size);
	certificates = load(place);
	assert_int_equal(count(certificates.authorities.data, BEGIN), 1);
	certificates_clear(&certificates);
	free(text);
	for (int i = 1; i < 32; i++) {
		snprintf(name, sizeof(name), "%d.crt", i);
		put(place, name, place->two.certificate);
	}
	put(place, "not counted", "");
	certificates = load(place);
	assert_int_equal(count(certificates.authorities.data, BEGIN), 32);
	certificates_clear(&certificates);
	put(place, "33.crt", place->two.certificate);
	expect_refused(place, -E2BIG, R, "more than 32");
}

/* The bundle. */

static void the_bundle_is_the_systems_and_the_folders(void **state)
{
	struct place *place = *state;
	struct certificates certificates, none = {0};
	struct certificates_blob bundle;
	char system[128], text[16384], *problem;
	int fd;

	put(place, "a.crt", place->two.certificate);
	certificates = load(place);
	snprintf(system, sizeof(system), "%s/system.pem", place->root);
	/* No such file: then there are the folder's alone. */
	assert_int_equal(certificates_bundle(&certificates, system, &bundle, &problem), 0);
	assert_string_equal(bundle.data, place->two.certificate);
	certificates_blob_clear(&bundle);
	/* Without an end of line at its end. */
	fd = open(system, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(write(fd, place->one.certificate, strlen(place->one.certificate) - 1) > 0);
	close(fd);
	assert_int_equal(certificates_bundle(&certificates, system, &bundle, &problem), 0);
	snprintf(text, sizeof(text), "%s%s", place->one.certificate, place->two.certificate);
	assert_string_equal(bundle.data, text);
	assert_int_equal(bundle.size, strlen(text));
	certificates_blob_clear(&bundle);
	assert_int_equal(certificates_bundle(&none, system, &bundle, &problem), 0);
	assert_string_equal(bundle.data, place->one.certificate);
	certificates_blob_clear(&bundle);
	/* What is there and cannot be read is not the same as nothing. */
	assert_int_equal(
		certificates_bundle(&certificates, place->root, &bundle, &problem), -EISDIR);
	assert_non_null(strstr(problem, place->root));
	assert_null(bundle.data);
	free(problem);
	certificates_clear(&certificates);
}

static void the_systems_bundle_is_the_one_that_curl_has(void **state)
{
	struct place *place = *state;
	const char *path = curl_version_info(CURLVERSION_NOW)->cainfo;
	struct certificates certificates;
	struct certificates_blob bundle;
	struct stat status;
	char *problem;

	if (!path || stat(path, &status)) {
		print_message("this machine's curl has no bundle of authorities\n");
		skip();
	}
	put(place, "a.crt", place->two.certificate);
	certificates = load(place);
	assert_int_equal(certificates_bundle(&certificates, NULL, &bundle, &problem), 0);
	assert_int_equal(bundle.size, (size_t)status.st_size + 1 + strlen(place->two.certificate));
	assert_string_equal(
		bundle.data + bundle.size - strlen(place->two.certificate), place->two.certificate);
	certificates_blob_clear(&bundle);
	certificates_clear(&certificates);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(no_folder_is_nothing),
		IN_PLACE(every_crt_is_an_authority),
		IN_PLACE(only_three_endings_count),
		IN_PLACE(a_folder_is_of_one_host_and_port),
		IN_PLACE(docker_io_has_no_folder),
		IN_PLACE(a_name_cannot_leave_the_folder),
		IN_PLACE(the_first_pair_is_the_clients),
		IN_PLACE(half_a_pair_is_refused_by_name),
		IN_PLACE(what_is_no_pair_is_refused),
		IN_PLACE(a_crt_without_a_whole_certificate_is_refused_by_name),
		IN_PLACE(what_others_may_write_is_refused),
		IN_PLACE(what_belongs_to_others_is_refused),
		IN_PLACE(links_are_followed_as_dockerd_follows_them),
		IN_PLACE(what_is_no_file_is_refused),
		IN_PLACE(there_are_limits),
		IN_PLACE(the_bundle_is_the_systems_and_the_folders),
		IN_PLACE(the_systems_bundle_is_the_one_that_curl_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
