// SPDX-License-Identifier: Apache-2.0
/*
 * config.json as docker reads it, with two differences. What docker would take with a shrug (a key
 * twice, text behind the end) is a mistake here; and a mistake in the entry of one registry is no
 * other registry's problem.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#include "credential_config.h"
#include "problem.h"
#include "secret.h"
#include "trusted_file.h"

#define DOCKER_IO        "docker.io"
#define DOCKER_IO_SERVER "https://index.docker.io/v1/"

/* The file. */

static void forget(struct credential_config *config)
{
	secret_json_free(TAKE_PTR(config->root));
}

void credential_config_clear(struct credential_config *config)
{
	forget(config);
	free(TAKE_PTR(config->path));
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/*
 * The clock of file systems stands still for milliseconds (until Linux 6.13): a change right after
 * the reading could leave the same times. The change time it is, for a program may set the other
 * one as it likes.
 */
static bool is_settled(const struct stat *status)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > status->st_ctim.tv_sec + 1;
}

static int open_config(const char *path, struct stat *status, char **problem)
{
	/* O_NONBLOCK: opening a FIFO would wait for a writer. */
	_cleanup_close_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	int r = fd < 0 ? -errno : 0;

	if (r == -ENOENT)
		return r;
	if (r == -ELOOP)
		return problem_set(
			problem, r, "%s: is a symbolic link; name the file that it leads to", path);
	if (!r && fstat(fd, status))
		r = -errno;
	if (r < 0)
		return problem_set(problem, r, "%s: cannot be read: %s", path, strerror(-r));
	return TAKE_FD(fd);
}

static bool is_blank(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!strchr(" \t\r\n", bytes[i]) || !bytes[i])
			return false;
	return true;
}

static int parse(struct credential_config *config, const char *bytes, size_t size, char **problem)
{
	int line, column;

	/* docker takes an empty file for an empty object. */
	if (is_blank(bytes, size)) {
		bytes = "{}";
		size = 2;
	}
	config->root = secret_json_load(bytes, size, &line, &column);
	if (!config->root)
		return problem_set(problem, -EINVAL,
			"%s: line %d, column %d: not JSON, or a key twice; correct it there",
			config->path, line, column);
	if (!json_is_object(config->root)) {
		forget(config);
		return problem_set(problem, -EINVAL, "%s: is not a JSON object; write {} at least",
			config->path);
	}
	return 0;
}

static int read_config(struct credential_config *config, int fd, char **problem)
{
	char *bytes;
	size_t size;
	int r = trusted_read(fd, config->path, CREDENTIAL_CONFIG_MAX, &bytes, &size, problem);

	if (r < 0)
		return r;
	r = parse(config, bytes, size, problem);
	explicit_bzero(bytes, size);
	free(bytes);
	return r;
}

/* What is there now, in place of what was read before. */
static int read_anew(struct credential_config *config, int fd, char **problem)
{
	int r;

	if (fd == -ENOENT)
		return problem_set(problem, 0,
			"%s: does not exist; registries are asked without credentials",
			config->path);
	if (fd < 0)
		return fd;
	r = read_config(config, fd, problem);
	if (r < 0)
		forget(config);
	return r;
}

int credential_config_refresh(struct credential_config *config, bool *changed, char **problem)
{
	_cleanup_close_ int fd = -1;
	struct stat status = {0};
	json_t *before;
	int r;

	*problem = NULL;
	*changed = false;
	if (!config->path)
		return 0;
	fd = open_config(config->path, &status, problem);
	/* Its owner and mode are in the change time: what was trusted then still is. */
	if (fd >= 0 && config->root && config->settled && same_file(&status, &config->status))
		return 0;
	before = TAKE_PTR(config->root);
	/* The times from before the reading: a change during it will be seen. */
	config->status = status;
	config->settled = is_settled(&status);
	r = read_anew(config, fd, problem);
	*changed = !json_equal(before, config->root);
	secret_json_free(before);
	return r;
}

/* Names of registries. */

const char *credential_server(const char *domain)
{
	return strcmp(domain, DOCKER_IO) ? domain : DOCKER_IO_SERVER;
}

/* Where the host begins in a URL; NULL where it has no scheme, whatever comes later in it. */
static const char *after_scheme(const char *key)
{
	const char *end = key + strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789+-.");

	return end != key && !strncmp(end, "://", 3) ? end + 3 : NULL;
}

/*
 * Is `key`, of which docker's ConvertToHostname takes scheme and path away, the host `name`? As
 * there, a path is cut without a scheme as well; user, query and an empty port only with one.
 */
static bool is_host(const char *key, const char *name)
{
	const char *scheme = after_scheme(key), *host = scheme ? scheme : key;
	size_t length = strcspn(host, scheme ? "/?#" : "/");

	if (scheme) {
		const char *at = memrchr(host, '@', length);

		if (at) {
			length -= at + 1 - host;
			host = at + 1;
		}
		if (length && host[length - 1] == ':')
			length--;
	}
	return strlen(name) == length && !memcmp(host, name, length);
}

/* Types. */

static const char *const type_names[] = {
	[JSON_OBJECT] = "an object",
	[JSON_STRING] = "a string",
};

/* The value of a key, NULL where there is none or null; of another type than `type` -EINVAL. */
static int get(const struct credential_config *config, const json_t *object, const char *key,
	json_type type, const json_t **value, char **problem)
{
	*value = json_object_get(object, key);
	if (json_is_null(*value))
		*value = NULL;
	if (*value && json_typeof(*value) != type)
		return problem_set(problem, -EINVAL, "%s: \"%s\" is not %s; correct it there",
			config->path, key, type_names[type]);
	return 0;
}

/* Which helper. */

/* The helper for a registry by name; *found with a NULL *helper: named as none. */
static int find_own_helper(const struct credential_config *config, const char *name, bool *found,
	const char **helper, char **problem)
{
	const json_t *helpers, *value;
	int r;

	*found = false;
	r = get(config, config->root, "credHelpers", JSON_OBJECT, &helpers, problem);
	if (r < 0 || !json_object_get(helpers, name))
		return r;
	*found = true;
	r = get(config, helpers, name, JSON_STRING, &value, problem);
	*helper = json_string_value(value);
	return r;
}

static int find_helper(const struct credential_config *config, const char *domain,
	const char **helper, char **problem)
{
	const json_t *store;
	bool found;
	int r;

	r = find_own_helper(config, credential_server(domain), &found, helper, problem);
	if (!r && !found)
		r = find_own_helper(config, domain, &found, helper, problem);
	if (!r && !found) {
		r = get(config, config->root, "credsStore", JSON_STRING, &store, problem);
		*helper = json_string_value(store);
	}
	/* As in docker, a registry whose own helper is "" is looked up in the file. */
	if (!r && *helper && !**helper)
		*helper = NULL;
	return r;
}

/* An entry of "auths". */

static const char *find_key(const json_t *auths, const char *domain)
{
	const char *server = credential_server(domain), *key;
	json_t *value;

	if (json_object_get(auths, server))
		return server;
	if (json_object_get(auths, domain))
		return domain;
	json_object_foreach ((json_t *)auths, key, value)
		if (is_host(key, domain))
			return key;
	return NULL;
}

static bool is_base64(const char *text, size_t length)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	size_t digits = strspn(text, alphabet), padding = strspn(text + digits, "=");

	return length % 4 == 0 && digits + padding == length && padding <= 2;
}

/* The bytes of standard base64 (with padding), owned; as in Go, line ends do not count. */
static int decode(const char *text, char **bytes, size_t *size)
{
	_cleanup_secret_ char *joined = malloc(strlen(text) + 1);
	size_t length = 0;
	char *out;

	if (!joined)
		return -ENOMEM;
	for (; *text; text++)
		if (*text != '\r' && *text != '\n')
			joined[length++] = *text;
	joined[length] = '\0';
	if (!is_base64(joined, length))
		return -EINVAL;
	out = calloc(1, length / 4 * 3 + 1);
	if (!out)
		return -ENOMEM;
	EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)joined, length);
	/* It counts what the padding stands for as zeros. */
	*size = length / 4 * 3;
	while (length && joined[--length] == '=')
		--*size;
	*bytes = out;
	return 0;
}

/*
 * Takes user and password apart: at the first colon, and the password without NULs at either end,
 * as docker does. What holds another NUL would be cut where it is used.
 */
static int split(const char *bytes, size_t size, struct credential_entry *entry)
{
	const char *colon = memchr(bytes, ':', size), *end = bytes + size, *password;

	if (!colon || colon == bytes || memchr(bytes, '\0', colon - bytes))
		return -EINVAL;
	password = colon + 1;
	while (password < end && !*password)
		password++;
	while (end > password && !end[-1])
		end--;
	if (memchr(password, '\0', end - password))
		return -EINVAL;
	entry->user = strndup(bytes, colon - bytes);
	entry->password = strndup(password, end - password);
	return entry->user && entry->password ? 0 : -ENOMEM;
}

static int read_auth(const char *auth, struct credential_entry *entry)
{
	size_t size = 0;
	char *bytes = NULL;
	int r = decode(auth, &bytes, &size);

	if (!r)
		r = split(bytes, size, entry);
	if (bytes)
		explicit_bzero(bytes, size);
	free(bytes);
	return r;
}

/* A copy of a member that is not empty. */
static int copy_text(const struct credential_config *config, const json_t *object, const char *key,
	char **copy, char **problem)
{
	const json_t *value;
	int r = get(config, object, key, JSON_STRING, &value, problem);

	if (r < 0 || !value || !json_string_length(value))
		return r;
	*copy = strdup(json_string_value(value));
	return *copy ? 0 : -ENOMEM;
}

static int read_names(const struct credential_config *config, const json_t *object,
	struct credential_entry *entry, char **problem)
{
	int r = copy_text(config, object, "username", &entry->user, problem);

	if (!r)
		r = copy_text(config, object, "password", &entry->password, problem);
	if (r < 0)
		return r;
	if (!entry->user) {
		secret_free(TAKE_PTR(entry->password)); /* nobody's */
		return 0;
	}
	if (!entry->password)
		entry->password = strdup("");
	return entry->password ? 0 : -ENOMEM;
}

static int read_entry(const struct credential_config *config, const char *domain,
	const json_t *object, struct credential_entry *entry, char **problem)
{
	const json_t *auth;
	int r = get(config, object, "auth", JSON_STRING, &auth, problem);

	if (!r)
		r = copy_text(config, object, "identitytoken", &entry->identity_token, problem);
	if (r < 0)
		return r;
	/* As in docker, `auth` counts before the two names. */
	if (!auth || !json_string_length(auth))
		return read_names(config, object, entry, problem);
	r = read_auth(json_string_value(auth), entry);
	if (r == -EINVAL)
		return problem_set(problem, r,
			"%s: \"auth\" of %s is not user:password in base64; `docker login` "
			"writes it anew",
			config->path, domain);
	return r;
}

static int find_entry(const struct credential_config *config, const char *domain,
	struct credential_entry *entry, char **problem)
{
	const json_t *auths, *object;
	const char *key;
	int r = get(config, config->root, "auths", JSON_OBJECT, &auths, problem);

	if (r < 0)
		return r;
	key = find_key(auths, domain);
	object = key ? json_object_get(auths, key) : NULL;
	if (!object || json_is_null(object))
		return 0;
	if (!json_is_object(object))
		return problem_set(problem, -EINVAL,
			"%s: the entry of %s in \"auths\" is not an object; correct it there",
			config->path, domain);
	return read_entry(config, domain, object, entry, problem);
}

int credential_config_find(const struct credential_config *config, const char *domain,
	struct credential_entry *entry, char **problem)
{
	int r;

	*entry = (struct credential_entry){0};
	*problem = NULL;
	if (!config->root)
		return 0;
	r = find_helper(config, domain, &entry->helper, problem);
	if (!r && !entry->helper)
		r = find_entry(config, domain, entry, problem);
	if (r < 0)
		credential_entry_clear(entry);
	return r;
}

void credential_entry_clear(struct credential_entry *entry)
{
	secret_free(entry->user);
	secret_free(entry->password);
	secret_free(entry->identity_token);
	*entry = (struct credential_entry){0};
}
