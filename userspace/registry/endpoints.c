// SPDX-License-Identifier: Apache-2.0
/*
 * Names and addresses as they are written. No name is resolved: what it resolves to now says nothing
 * about what it will when curl connects.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "endpoints.h"
#include "util.h"

/* The host of "host[:port]" without brackets; "" where it does not fit. */
static void bare_host(const char *text, char *host, size_t size)
{
	size_t length;

	if (*text == '[') {
		text++;
		length = strcspn(text, "]");
	} else {
		length = strcspn(text, ":");
	}
	if (length >= size)
		length = 0;
	memcpy(host, text, length);
	host[length] = '\0';
}

struct address {
	int family; /* AF_UNSPEC: none */
	size_t bits;
	unsigned char bytes[16];
};

static struct address parse_address(const char *text)
{
	struct address address = {.family = AF_UNSPEC};

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		address = (struct address){AF_INET, 32, {address.bytes[0], address.bytes[1],
							 address.bytes[2], address.bytes[3]}};
	else if (inet_pton(AF_INET6, text, address.bytes) == 1) {
		address.family = AF_INET6;
		address.bits = 128;
	}
	return address;
}

static bool in_network(const struct address *address, const struct address *network, size_t bits)
{
	if (address->family != network->family || bits > network->bits)
		return false;
	for (size_t i = 0; i < bits; i++) {
		unsigned char mask = 0x80 >> i % 8;

		if ((address->bytes[i / 8] ^ network->bytes[i / 8]) & mask)
			return false;
	}
	return true;
}

static bool matches_cidr(const char *host, const char *cidr)
{
	const char *slash = strchr(cidr, '/');
	struct address address, network;
	char text[64], *end;
	unsigned long bits;

	if (!slash || slash - cidr >= (ptrdiff_t)sizeof(text))
		return false;
	memcpy(text, cidr, slash - cidr);
	text[slash - cidr] = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end)
		return false;
	network = parse_address(text);
	address = parse_address(host);
	return address.family != AF_UNSPEC && in_network(&address, &network, bits);
}

bool endpoints_is_loopback(const char *text)
{
	char host[256];

	bare_host(text, host, sizeof(host));
	return !strcasecmp(host, "localhost") || !strcmp(host, "::1") ||
	       matches_cidr(host, "127.0.0.0/8");
}

bool endpoints_is_insecure(const char *text, const char *const *insecure)
{
	char host[256];

	bare_host(text, host, sizeof(host));
	for (; insecure && *insecure; insecure++)
		/* Without a port it is every port, as dockerd has it. */
		if (!strcasecmp(*insecure, text) || !strcasecmp(*insecure, host) ||
			matches_cidr(host, *insecure))
			return true;
	return endpoints_is_loopback(text);
}

/* "https://host[:port][/path]"; false for anything else, user names and queries included. */
static bool parse_mirror(const char *url, struct endpoint *endpoint)
{
	size_t length;

	*endpoint = (struct endpoint){.mirror = true};
	if (!strncasecmp(url, "http://", 7))
		endpoint->plain_only = true;
	else if (strncasecmp(url, "https://", 8))
		return false;
	url = strstr(url, "//") + 2;
	length = strcspn(url, "/");
	if (!length || length >= sizeof(endpoint->host) || strpbrk(url, "@?# \t\r\n"))
		return false;
	memcpy(endpoint->host, url, length);
	url += length;
	length = strlen(url);
	while (length && url[length - 1] == '/')
		length--;
	if (length >= sizeof(endpoint->path))
		return false;
	memcpy(endpoint->path, url, length);
	return true;
}

size_t endpoints_of(
	const char *domain, const struct registry_options *options, struct endpoint *endpoints)
{
	const char *const *mirrors = strcmp(domain, "docker.io") ? NULL : options->mirrors;
	size_t count = 0;

	for (; mirrors && *mirrors && count + 1 < ENDPOINTS_MAX; mirrors++)
		if (parse_mirror(*mirrors, &endpoints[count]))
			count++;
	endpoints[count] = (struct endpoint){0};
	/* The name in references is not the registry's address; docker has both built in. */
	COPY_STRING(endpoints[count].host,
		strcmp(domain, "docker.io") ? domain : "registry-1.docker.io");
	count++;
	for (size_t i = 0; i < count; i++) {
		endpoints[i].insecure = endpoints_is_insecure(endpoints[i].host, options->insecure);
		endpoints[i].loopback = endpoints_is_loopback(endpoints[i].host);
	}
	return count;
}
