// SPDX-License-Identifier: Apache-2.0
/*
 * The unix socket is made anew with each latchd, so its entry in the kernel is as well. The kernel lets
 * only the host connect; who was faster than the kernel's rule at start is found by its cgroup.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cgroups.h"
#include "exposition.h"
#include "log.h"
#include "maps_guarded.h"
#include "metrics_service.h"
#include "paths.h"
#include "unix_listener.h"

struct metrics_service {
	struct metrics_server *server;
	const struct maps *maps;
	metrics_page_fn page;
	void *context;
};

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

int metrics_parse_address(const char *text, struct sockaddr_storage *address)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2], *end;
	size_t length = colon ? colon - text : 0;
	unsigned long port;
	int r;

	if (!length || length >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port == 0 || port > 65535)
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = 0;
	memset(address, 0, sizeof(*address));
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = 0;
		r = uv_ip6_addr(host + 1, port, (struct sockaddr_in6 *)address);
	} else {
		r = uv_ip4_addr(host, port, (struct sockaddr_in *)address);
	}
	return r < 0 || !is_loopback(address) ? -EINVAL : 0;
}

/* For root, and for the group where it is there. */
static int set_mode(void)
{
	const struct group *group = getgrnam(METRICS_GROUP);

	if (!group)
		return 0;
	if (chown(LATCH_METRICS_SOCKET, 0, group->gr_gid) || chmod(LATCH_METRICS_SOCKET, 0660))
		return -errno;
	return 0;
}

/* Guarded before anybody is accepted. */
static int guard(const struct maps *maps)
{
	struct stat status;
	int r;

	if (lstat(LATCH_METRICS_SOCKET, &status))
		return -errno;
	r = maps_guard(maps, &status, LATCH_GUARD_HOST, LATCH_METRICS_SOCKET);
	if (r == 0)
		maps_unguard_others(maps, &status, LATCH_GUARD_HOST, LATCH_METRICS_SOCKET);
	return r;
}

static int serve_unix(struct metrics_service *service)
{
	_cleanup_close_ int listener = unix_listener_bind(LATCH_METRICS_SOCKET, 0600);
	int r = listener < 0 ? listener : guard(service->maps);

	if (!r)
		r = set_mode();
	return r < 0 ? r : metrics_server_unix(service->server, TAKE_FD(listener));
}

static bool is_host(int fd, void *context)
{
	const struct metrics_service *service = context;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       !cgroups_pid_is_contained(service->maps, peer.pid);
}

static char *make_page(size_t *length, void *context)
{
	const struct metrics_service *service = context;

	return service->page(length, service->context);
}

struct metrics_service *metrics_service_new(uv_loop_t *loop, const struct maps *maps,
	const struct sockaddr_storage *address, metrics_page_fn page, void *context)
{
	struct metrics_service *service = calloc(1, sizeof(*service));
	int r;

	if (!service)
		return NULL;
	service->maps = maps;
	service->page = page;
	service->context = context;
	service->server = metrics_server_new(loop, EXPOSITION_TYPE, make_page, is_host, service);
	if (!service->server) {
		free(service);
		return NULL;
	}
	r = serve_unix(service);
	if (r < 0)
		log_error("no metrics at " LATCH_METRICS_SOCKET ": %s", strerror(-r));
	r = address->ss_family ?
		    metrics_server_tcp(service->server, (const struct sockaddr *)address) :
		    0;
	if (r < 0)
		log_error("no metrics at the address of --metrics: %s%s", strerror(-r),
			r == -EADDRINUSE ? "; name a free port" : "");
	return service;
}

uint64_t metrics_service_dropped(const struct metrics_service *service)
{
	return service ? metrics_server_dropped(service->server) : 0;
}

void metrics_service_free(struct metrics_service *service)
{
	if (!service)
		return;
	metrics_server_free(service->server);
	free(service);
}
