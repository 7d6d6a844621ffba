// SPDX-License-Identifier: Apache-2.0
/*
 * Docker's and OCI's documents differ in their media types and not in what is read here.
 */
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "manifest.h"
#include "util.h"

bool registry_is_digest(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strspn(text + 7, "0123456789abcdef") == 64 &&
	       !text[7 + 64];
}

int manifest_digest(const char *data, size_t size, registry_digest digest)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int length;

	if (!EVP_Digest(data, size, hash, &length, EVP_sha256(), NULL))
		return -ENOMEM;
	strcpy(digest, "sha256:");
	for (unsigned int i = 0; i < length; i++)
		sprintf(digest + 7 + 2 * i, "%02x", hash[i]);
	return 0;
}

const char *manifest_architecture(void)
{
	static const struct {
		const char *machine, *name;
	} table[] = {
		{"x86_64", "amd64"},
		{"aarch64", "arm64"},
		{"armv7l", "arm"},
		{"armv6l", "arm"},
		{"i686", "386"},
		{"ppc64le", "ppc64le"},
		{"s390x", "s390x"},
		{"riscv64", "riscv64"},
		{"loongarch64", "loong64"},
	};
	struct utsname machine;

	if (uname(&machine) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			if (!strcmp(machine.machine, table[i].machine))
				return table[i].name;
	return "unknown";
}

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* One without a platform may be for any; an attestation says unknown/unknown. */
static bool is_wanted(const json_t *entry, const char *architecture)
{
	const json_t *platform = json_object_get(entry, "platform");

	if (!platform || json_is_null(platform))
		return true;
	return !strcmp(text_in(platform, "os"), "linux") &&
	       (!architecture || !strcmp(text_in(platform, "architecture"), architecture));
}

static int read_index(const json_t *entries, const char *architecture, struct manifest *manifest,
	const char **problem)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (entries, i, entry) {
		const char *digest = text_in(entry, "digest");

		if (!registry_is_digest(digest)) {
			*problem = "an entry of the index has no SHA-256 digest";
			return -EPROTO;
		}
		if (manifest->count == ARRAY_SIZE(manifest->children)) {
			manifest->more = true;
			continue;
		}
		strcpy(manifest->children[manifest->count].digest, digest);
		manifest->children[manifest->count++].wanted = is_wanted(entry, architecture);
	}
	return 0;
}

static int read_config(const json_t *config, struct manifest *manifest, const char **problem)
{
	const char *digest = text_in(config, "digest");

	if (!registry_is_digest(digest)) {
		*problem = "the manifest names no configuration with a SHA-256 digest";
		return -EPROTO;
	}
	strcpy(manifest->config, digest);
	return 0;
}

static int read_root(const json_t *root, const char *architecture, struct manifest *manifest,
	const char **problem)
{
	const json_t *entries = json_object_get(root, "manifests");
	const json_t *config = json_object_get(root, "config");
	json_int_t version = json_integer_value(json_object_get(root, "schemaVersion"));

	if (version == 1) {
		*problem = "the manifest is of schema 1, which has no configuration digest";
		return -ENOTSUP;
	}
	/* A document that is both would be one thing here and another in the engine. */
	if (version != 2 || json_is_array(entries) == json_is_object(config) ||
		(entries && json_object_get(root, "layers"))) {
		*problem = "neither a manifest nor an index of manifests";
		return -EPROTO;
	}
	manifest->is_index = json_is_array(entries);
	return manifest->is_index ? read_index(entries, architecture, manifest, problem) :
				    read_config(config, manifest, problem);
}

int manifest_parse(const char *body, size_t size, const char *architecture,
	struct manifest *manifest, const char **problem)
{
	json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
	int r;

	*manifest = (struct manifest){0};
	*problem = "not JSON, or with a key twice";
	r = root ? read_root(root, architecture, manifest, problem) : -EPROTO;
	json_decref(root);
	return r;
}
