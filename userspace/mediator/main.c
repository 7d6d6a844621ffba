// SPDX-License-Identifier: Apache-2.0
/*
 * latch-mediator: stands between docker.sock and the engine, reads every request, forwards or
 * refuses it. Started by latchd with the descriptors of enum wire_fd; gives up every privilege
 * before it reads anything from a client. Ends when latchd does.
 *
 * --unsafe-no-kernel is for tests on machines that cannot load the kernel programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>

#include "body_job.h"
#include "client.h"
#include "log.h"
#include "privileges.h"
#include "resource_limits.h"
#include "syscall_filter.h"

#define KEPT_MEMORY (16 * 1024 * 1024) /* bytes */

struct options {
	const char *engine;
	struct privileges privileges;
	bool unsafe;
	const char *as;
	const char *verdicts;
	struct limits limits;
};

static const char usage[] =
	"latch-mediator --engine SOCKET [--uid N --gid N --group N]\n"
	"\n"
	"Started by latchd, not by hand: it expects its descriptors from 3 on.\n"
	"  --engine SOCKET    the engine's own socket\n"
	"  --uid N, --gid N   run as this user and group\n"
	"  --group N          the one supplementary group: the engine socket's\n"
	"  --limit NAME=VALUE what a client may take; `latchd --help` names them\n"
	"\n"
	"For tests without the kernel programs:\n"
	"  --unsafe-no-kernel every client is taken for what --as says. ENFORCES NOTHING against\n"
	"                     a hostile caller: whoever reaches the socket is believed\n"
	"  --as host|allowed|named\n"
	"                     what every client is; named: what its socket's abstract name begins with\n"
	"  --verdicts FILE    one byte a route, in the order of routes.def: 1 passes\n";

enum { OPT_ENGINE = 256, OPT_UID, OPT_GID, OPT_GROUP, OPT_LIMIT, OPT_UNSAFE, OPT_AS, OPT_VERDICTS, OPT_HELP };

static const struct option long_options[] = {
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"uid", required_argument, NULL, OPT_UID},
	{"gid", required_argument, NULL, OPT_GID},
	{"group", required_argument, NULL, OPT_GROUP},
	{"limit", required_argument, NULL, OPT_LIMIT},
	{"unsafe-no-kernel", no_argument, NULL, OPT_UNSAFE},
	{"as", required_argument, NULL, OPT_AS},
	{"verdicts", required_argument, NULL, OPT_VERDICTS},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static int parse_id(const char *text, unsigned *id)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value >= (unsigned)-1)
		return -EINVAL;
	*id = value;
	return 0;
}

static int parse_limit(const char *text, struct options *options)
{
	char problem[512];
	int r = limits_set(&options->limits, text, problem, sizeof(problem));

	if (r < 0)
		log_error("--limit: %s", problem);
	return r;
}

static int parse_option(int option, struct options *options)
{
	switch (option) {
	case OPT_ENGINE:
		options->engine = optarg;
		return 0;
	case OPT_UID:
		return parse_id(optarg, &options->privileges.uid);
	case OPT_GID:
		return parse_id(optarg, &options->privileges.gid);
	case OPT_GROUP:
		return parse_id(optarg, &options->privileges.group);
	case OPT_LIMIT:
		return parse_limit(optarg, options);
	case OPT_UNSAFE:
		options->unsafe = true;
		return 0;
	case OPT_AS:
		options->as = optarg;
		return 0;
	case OPT_VERDICTS:
		options->verdicts = optarg;
		return 0;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	}
	return -EINVAL;
}

/* What may not be combined, and what must not be missing. NULL: all is well. */
static const char *check_options(const struct options *options)
{
	const struct privileges *to = &options->privileges;

	if (!options->engine)
		return "--engine is missing";
	if (options->engine[0] != '/')
		return "--engine is no absolute path";
	if ((to->uid == (uid_t)-1) != (to->gid == (gid_t)-1))
		return "--uid and --gid go together";
	if (to->uid == 0)
		return "--uid 0 would keep what is to be given up";
	if (!options->unsafe && (options->as || options->verdicts))
		return "--as and --verdicts need --unsafe-no-kernel";
	if (options->unsafe && !options->as)
		return "--unsafe-no-kernel needs --as";
	if (!options->unsafe && geteuid() == 0 && to->uid == (uid_t)-1)
		return "started as root without --uid";
	return NULL;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	const char *problem = NULL;
	int option, r = 0;

	*options = (struct options){.privileges = {-1, -1, -1}};
	limits_init(&options->limits);
	while (r == 0 && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		r = parse_option(option, options);
	if (r == 0 && optind < argc)
		r = -EINVAL;
	if (r == 0)
		problem = check_options(options);
	if (r < 0 || problem) {
		if (problem)
			log_error("%s", problem);
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

/* Those that it was given, and no other. */
static int take_descriptors(unsigned keep)
{
	for (unsigned fd = WIRE_FD_LISTENER; fd < keep; fd++)
		if (fcntl(fd, F_GETFD) < 0) {
			log_error("descriptor %u is missing: latchd starts this program, with its "
				  "descriptors from %d on",
				fd, WIRE_FD_LISTENER);
			return -EBADF;
		}
	if (close_range(keep, ~0U, 0) < 0) {
		log_error("closing descriptors: %m");
		return -errno;
	}
	return 0;
}

static int open_source(const struct options *options, struct subject_source *source)
{
	int r;

	if (!options->unsafe) {
		subject_from_maps(source);
		return 0;
	}
	r = subject_from_file(source, options->as, options->verdicts);
	if (r < 0)
		log_error("--as %s, --verdicts %s: %s", options->as,
			options->verdicts ? options->verdicts : "(none)", strerror(-r));
	else
		log_warning("--unsafe-no-kernel: every client is taken for `%s`; this enforces "
			    "nothing",
			options->as);
	return r;
}

/* Says what the engine's socket is called afterwards. */
static int drop(struct options *options, const char **engine_address)
{
	const char *name = strrchr(options->engine, '/');
	_cleanup_free_ char *folder = strndup(options->engine, name - options->engine + 1);
	const char *step = "naming the engine's folder";
	int r = -ENOMEM;

	/* Only root can shut itself in a folder. */
	*engine_address = geteuid() == 0 ? name : options->engine;
	options->privileges.root = folder;
	if (folder)
		r = privileges_drop(&options->privileges, &step);
	if (r < 0)
		log_error("%s: %s", step, strerror(-r));
	options->privileges.root = NULL;
	return r;
}

/* What libraries read once, or make of files and the environment, while there are files. */
static void prepare_libraries(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* Requests come and go: what they free is for the next ones, and not for the kernel each time. */
	mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
	/* One body is read at a time (body_job.h), and what that frees is for the loop as well. */
	mallopt(M_ARENA_MAX, 1);
	setenv("UV_THREADPOOL_SIZE", "1", 1);
	/* Some versions of libuv wait through an io_uring, whose requests no filter of calls sees. */
	setenv("UV_USE_IO_URING", "0", 1);
	json_object_seed(0); /* reads the kernel's randomness now, not under a client's request */
}

/* The last thing before clients are served: what has to be made is there. Fails closed. */
static int confine(void)
{
	const char *step;
	int r = resource_limits_set(&step);

	if (r == 0)
		r = syscall_filter_load(&step);
	if (r < 0)
		log_error("%s: %s: this process reads what containers send, and does not without its "
			  "limits; it needs a kernel with CONFIG_SECCOMP_FILTER, and whoever starts "
			  "latchd must let it load filters",
			step, strerror(-r));
	return r;
}

static void stop(struct mediator *mediator)
{
	struct client *next;

	if (mediator->stopping)
		return;
	mediator->stopping = true;
	listener_close(&mediator->listener);
	for (struct client *client = mediator->clients; client; client = next) {
		next = client->next;
		client_close(client);
	}
	figures_close(mediator);
	warden_link_close(&mediator->warden);
	uv_close((uv_handle_t *)&mediator->terminate, NULL);
}

static void on_terminate(uv_signal_t *signal, int number)
{
	(void)number;
	stop(signal->data);
}

/* Each waiting client has been answered by now; the answers leave with the queues. */
static void on_warden_gone(struct warden_link *link)
{
	log_error("latchd is gone: nothing can be judged any more, so this process ends");
	stop(link->owner);
}

/* While there are files. */
static int open_loop(uv_loop_t *loop)
{
	int r = uv_loop_init(loop);

	return r < 0 ? r : stream_prepare(loop);
}

static int start(struct mediator *mediator)
{
	int r = body_job_prepare(&mediator->loop);

	if (r < 0)
		return r;
	figures_open(mediator);
	r = uv_signal_init(&mediator->loop, &mediator->terminate);
	mediator->terminate.data = mediator;
	if (r == 0)
		r = uv_signal_start(&mediator->terminate, on_terminate, SIGTERM);
	if (r == 0)
		r = warden_link_open(&mediator->warden, &mediator->loop, WIRE_FD_WARDEN,
			on_warden_gone, mediator);
	if (r == 0)
		r = listener_open(&mediator->listener, &mediator->loop, WIRE_FD_LISTENER,
			client_accept, mediator);
	return r;
}

int main(int argc, char **argv)
{
	struct mediator mediator = {0};
	struct options options;
	unsigned keep;
	int r;

	log_open("latch-mediator");
	if (parse_options(argc, argv, &options) < 0)
		return 2;
	keep = options.unsafe ? WIRE_FD_WARDEN + 1 : WIRE_FD_CGROUPS + 1;
	if (take_descriptors(keep) < 0 || open_source(&options, &mediator.source) < 0)
		return 1;
	prepare_libraries();
	r = open_loop(&mediator.loop);
	if (r < 0) {
		log_error("making the loop: %s", strerror(-r));
		return 1;
	}
	if (drop(&options, &mediator.engine_address) < 0)
		return 1;
	mediator.engine_path = options.engine;
	mediator.limits = options.limits;
	mediator.head_limits =
		(struct head_limits){options.limits.head_size, options.limits.head_fields};
	mediator.scratch = malloc(STREAM_SCRATCH);
	r = mediator.scratch ? start(&mediator) : -ENOMEM;
	if (r < 0) {
		log_error("starting the loop: %s", strerror(-r));
		return 1;
	}
	if (confine() < 0)
		return 1;
	uv_run(&mediator.loop, UV_RUN_DEFAULT);
	uv_loop_close(&mediator.loop);
	free(mediator.scratch);
	return 0;
}
