// SPDX-License-Identifier: Apache-2.0
/*
 * Reads latchd's command line. Whether a value makes sense on this machine is for who uses it.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>

#include "audit_sink.h"
#include "log.h"
#include "options.h"
#include "paths.h"
#include "settings.h"
#include "util.h"

/* Who the mediator is when there is no user "latch": out of the range of users and packages. */
#define MEDIATOR_UID 61918

#define OPTIONS_CERTIFICATES "/etc/docker/certs.d"

static const char help_begin[] =
	"Usage: latchd [OPTION]...\n"
	"\n"
	"Lets containers use the engine's socket as far as the settings allow, and no further. Runs in\n"
	"the foreground, as root; messages go to standard error. When it ends, by whatever cause, what\n"
	"it put into the kernel goes on refusing, and clients wait until it is started again;\n"
	"`latchctl release` undoes it. SIGHUP, like `latchctl reload`, has it read the settings again.\n"
	"\n"
	"  --settings FILE      policy, in the form of Docker Desktop's admin-settings.json; default:\n"
	"                       " SETTINGS_PATH ", then\n"
	"                       " SETTINGS_ECI_PATH "\n"
	"  --socket PATH        the engine's public socket (default " LATCH_DEFAULT_SOCKET ")\n"
	"  --guard PATH, --no-guard PATH\n"
	"                       a socket more, or one less, that is the host's alone; may be repeated.\n"
	"                       Closed to containers where they are: those of containerd, BuildKit, podman,\n"
	"                       CRI-O, cri-dockerd and Docker Desktop (`latchctl doctor` lists them)\n"
	"  --trust-cgroup PATH  whose processes are the host's, whatever namespaces they have: the host's own\n"
	"                       services where these are containers (\"/services\", below the root of the\n"
	"                       hierarchy); may be repeated. Containers of the engine below it stay containers\n"
	"  --audit SINK         where the audit goes: `journald`, `syslog`, or a file that gets JSON lines;\n"
	"                       may be repeated (default " LATCH_AUDIT_LOG ")\n"
	"  --audit-rotate SIZE,COUNT\n"
	"                       an audit log that has grown to SIZE bytes (or 64M, 1G) is renamed to\n"
	"                       FILE.1, and COUNT old ones are kept (default 64M,5); 0: never\n"
	"  --mode MODE          `enforce` (default): as the settings say; `audit`: refuse nothing, whatever\n"
	"                       the settings say, and record what would be refused\n"
	"  --metrics ADDRESS:PORT\n"
	"                       serve metrics for Prometheus at this loopback address (127.0.0.1:9469,\n"
	"                       [::1]:9469) as well; they always are at " LATCH_METRICS_SOCKET "\n"
	"  --transport KIND     `mediated` (default): clients talk to latch, which talks to the engine;\n"
	"                       `direct`: they talk to the engine, and the kernel refuses what the\n"
	"                       command list does not allow, with EPERM instead of a message\n"
	"  --mount-message KIND `eci` (default): refused mounts get ECI's sentence; `parent`: that of newer\n"
	"                       versions, which names the image that the refused one is derived from\n"
	"  --registry-mirror URL, --insecure-registry HOST[:PORT]|CIDR, --docker-config FILE,\n"
	"  --registry-certificates DIR\n"
	"                       how registries are asked for the digests of the image list: as dockerd's\n"
	"                       options of the first two names, and may be repeated like them; credentials\n"
	"                       from a config.json (default none), and a folder in the form of the default\n"
	"                       " OPTIONS_CERTIFICATES "\n"
	"  --mediator-user USER name or number of the user that the mediator runs as (default `latch`\n"
	"                       where that exists, else the number 61918)\n"
	"  --limit NAME=VALUE   what a client of the mediator may take; may be repeated. The defaults:\n";

static const char help_end[] =
	"  --help, --version\n"
	"\n"
	"Exit status: 0 ended by a signal or by `latchctl release`; 1 a problem of this machine; 2 wrong\n"
	"usage or settings.\n"
	"\n"
	"First `latchctl check FILE` and `latchctl doctor`, then latchd, then `latchctl status`.\n";

static void print_help(void)
{
	fputs(help_begin, stdout);
	for (size_t i = 0; i < LIMITS_COUNT; i++) {
		char line[160];

		limits_help(i, line, sizeof(line));
		printf("                       %s\n", line);
	}
	fputs(help_end, stdout);
}

static int parse_limit(const char *text, struct options *options)
{
	char problem[512];

	if (!limits_set(&options->limits, text, problem, sizeof(problem)))
		return -1;
	log_error("--limit: %s", problem);
	return 2;
}

static int parse_user(const char *text, uid_t *uid)
{
	struct passwd *user = getpwnam(text);
	char *end;
	unsigned long number;

	if (user) {
		*uid = user->pw_uid;
		return *uid ? 0 : -EINVAL;
	}
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || end == text || number == 0 || number >= (uid_t)-1)
		return -EINVAL;
	*uid = number;
	return 0;
}

static int find_directory(struct options *options)
{
	ssize_t size = readlink("/proc/self/exe", options->directory, sizeof(options->directory) - 1);
	char copy[PATH_MAX];

	if (size < 0) {
		log_error("cannot find out where latchd lies: %m");
		return 1;
	}
	options->directory[size] = 0;
	COPY_STRING(copy, options->directory);
	COPY_STRING(options->directory, dirname(copy));
	return -1;
}

static int parse_transport(const char *text, struct options *options)
{
	options->direct = !strcmp(text, "direct");
	if (options->direct || !strcmp(text, "mediated"))
		return -1;
	log_error("--transport=%s: expected `mediated` or `direct`", text);
	return 2;
}

static int parse_message(const char *text, struct options *options)
{
	options->newer_message = !strcmp(text, "parent");
	if (options->newer_message || !strcmp(text, "eci"))
		return -1;
	log_error("--mount-message=%s: expected `eci` or `parent`", text);
	return 2;
}

static int add_registry(const char **list, const char *name, const char *text)
{
	size_t count = 0;

	while (list[count])
		count++;
	if (count == OPTIONS_MAX_REGISTRIES) {
		log_error("--%s: more than %d of them", name, OPTIONS_MAX_REGISTRIES);
		return 2;
	}
	list[count] = text;
	return -1;
}

static int change_siblings(bool add, const char *path, struct options *options)
{
	const char *base = strrchr(path, '/');

	if (path[0] != '/' || !base[1] || strlen(base + 1) >= LATCH_NAME_SIZE) {
		log_error("--%s=%s: expected the absolute path of a socket, whose last part has at most "
			  "%d letters", add ? "guard" : "no-guard", path, LATCH_NAME_SIZE - 1);
		return 2;
	}
	if (add ? siblings_add(&options->siblings, path) : siblings_remove(&options->siblings, path))
		return -1;
	log_error(add ? "--guard=%s: there are too many" :
			"--no-guard=%s: not one that is guarded by default; `latchctl doctor` lists these", path);
	return 2;
}

static int parse_metrics(const char *text, struct options *options)
{
	if (!metrics_parse_address(text, &options->metrics))
		return -1;
	log_error("--metrics=%s: expected a loopback address and a port, as 127.0.0.1:9469 or [::1]:9469; "
		  "for a Prometheus on another machine forward to that (docs/metrics.md says how)", text);
	return 2;
}

static int parse_mode(const char *text, struct options *options)
{
	options->noting = !strcmp(text, "audit");
	if (options->noting || !strcmp(text, "enforce"))
		return -1;
	log_error("--mode=%s: expected `enforce` or `audit`", text);
	return 2;
}

static int parse_rotation(const char *text, struct options *options)
{
	if (!audit_rotation_parse(&options->audit_rotation, text))
		return -1;
	log_error("--audit-rotate=%s: expected a size and how many old logs to keep (at most %d), as in "
		  "`64M,5`, or `0` for never", text, AUDIT_ROTATION_MAX_COUNT);
	return 2;
}

static int add_sink(const char *text, struct options *options)
{
	size_t count = 0;

	while (options->audit[count]) {
		if (!strcmp(options->audit[count], text)) {
			log_error("--audit=%s is there twice", text);
			return 2;
		}
		count++;
	}
	if (!text[0] || count == OPTIONS_MAX_SINKS) {
		log_error(text[0] ? "--audit=%s: more than %d of them" :
				    "--audit=%s: expected `journald`, `syslog` or a file",
			text, OPTIONS_MAX_SINKS);
		return 2;
	}
	options->audit[count] = text;
	return -1;
}

const char *options_audit_log(const struct options *options)
{
	for (const char *const *sink = options->audit; *sink; sink++)
		if (audit_sink_is_file(*sink))
			return *sink;
	return NULL;
}

int options_parse(int argc, char **argv, struct options *options)
{
	enum { SETTINGS = 1000, SOCKET, GUARD, NO_GUARD, TRUST, AUDIT, ROTATE, MODE, METRICS, TRANSPORT, MESSAGE, MIRROR,
		INSECURE, CONFIG, CERTIFICATES, USER, LIMIT, HELP, VERSION };
	static const struct option table[] = {
		{ "settings", required_argument, NULL, SETTINGS },
		{ "socket", required_argument, NULL, SOCKET },
		{ "guard", required_argument, NULL, GUARD },
		{ "no-guard", required_argument, NULL, NO_GUARD },
		{ "trust-cgroup", required_argument, NULL, TRUST },
		{ "audit", required_argument, NULL, AUDIT },
		{ "audit-rotate", required_argument, NULL, ROTATE },
		{ "mode", required_argument, NULL, MODE },
		{ "metrics", required_argument, NULL, METRICS },
		{ "transport", required_argument, NULL, TRANSPORT },
		{ "mount-message", required_argument, NULL, MESSAGE },
		{ "registry-mirror", required_argument, NULL, MIRROR },
		{ "insecure-registry", required_argument, NULL, INSECURE },
		{ "docker-config", required_argument, NULL, CONFIG },
		{ "registry-certificates", required_argument, NULL, CERTIFICATES },
		{ "mediator-user", required_argument, NULL, USER },
		{ "limit", required_argument, NULL, LIMIT },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{},
	};
	int option, r;

	memset(options, 0, sizeof(*options));
	options->socket = LATCH_DEFAULT_SOCKET;
	audit_rotation_init(&options->audit_rotation);
	siblings_init(&options->siblings);
	limits_init(&options->limits);
	options->registry.certificates = OPTIONS_CERTIFICATES;
	options->registry.mirrors = options->mirrors;
	options->registry.insecure = options->insecure;
	if (parse_user("latch", &options->mediator_uid))
		options->mediator_uid = MEDIATOR_UID;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (option) {
		case SETTINGS:
			options->settings = optarg;
			break;
		case SOCKET:
			options->socket = optarg;
			break;
		case GUARD:
		case NO_GUARD:
			r = change_siblings(option == GUARD, optarg, options);
			if (r >= 0)
				return r;
			break;
		case TRUST:
			if (!trusted_add(&options->trusted, optarg)) {
				log_error("--trust-cgroup=%s: expected a cgroup below the root, as \"/services\", "
					  "that is no container's; at most %d of them", optarg, TRUSTED_MAX);
				return 2;
			}
			break;
		case AUDIT:
			r = add_sink(optarg, options);
			if (r >= 0)
				return r;
			break;
		case ROTATE:
			r = parse_rotation(optarg, options);
			if (r >= 0)
				return r;
			break;
		case MODE:
			r = parse_mode(optarg, options);
			if (r >= 0)
				return r;
			break;
		case METRICS:
			r = parse_metrics(optarg, options);
			if (r >= 0)
				return r;
			break;
		case TRANSPORT:
			r = parse_transport(optarg, options);
			if (r >= 0)
				return r;
			break;
		case MESSAGE:
			r = parse_message(optarg, options);
			if (r >= 0)
				return r;
			break;
		case MIRROR:
			r = add_registry(options->mirrors, "registry-mirror", optarg);
			if (r >= 0)
				return r;
			break;
		case INSECURE:
			r = add_registry(options->insecure, "insecure-registry", optarg);
			if (r >= 0)
				return r;
			break;
		case CONFIG:
			options->registry.config = optarg;
			break;
		case CERTIFICATES:
			options->registry.certificates = optarg;
			break;
		case USER:
			if (parse_user(optarg, &options->mediator_uid)) {
				log_error("--mediator-user=%s: expected the name or number of a user "
					  "other than root", optarg);
				return 2;
			}
			break;
		case LIMIT:
			r = parse_limit(optarg, options);
			if (r >= 0)
				return r;
			break;
		case HELP:
			print_help();
			return 0;
		case VERSION:
			puts("latchd " LATCH_VERSION);
			return 0;
		default:
			log_error("run `latchd --help` for the options");
			return 2;
		}
	}
	if (optind < argc) {
		log_error("unexpected argument \"%s\"; run `latchd --help`", argv[optind]);
		return 2;
	}
	if (!options->audit[0])
		options->audit[0] = LATCH_AUDIT_LOG;
	return find_directory(options);
}
