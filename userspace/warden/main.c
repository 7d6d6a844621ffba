// SPDX-License-Identifier: Apache-2.0
/*
 * latchd: reads the command line and the policy, and refuses to start where it could not enforce.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cgroups.h"
#include "log.h"
#include "options.h"
#include "privileges.h"
#include "settings.h"
#include "warden.h"

/* include/linux/proc_ns.h: the inode of the initial pid namespace, the same on every machine. */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU

static bool can_enforce(void)
{
	struct stat status;
	int r;

	if (geteuid()) {
		log_error("must be root: it loads kernel programs; run it with sudo or as a service");
		return false;
	}
	if (stat("/proc/self/ns/pid", &status) || status.st_ino != INITIAL_PID_NAMESPACE) {
		log_error("must run in the initial pid namespace, for only there \"outside of it\" "
			  "means a container; in a container, start it with --pid=host");
		return false;
	}
	if (cgroups_check()) {
		log_error("needs cgroup2 alone at " CGROUP_ROOT ", for containers are known by their "
			  "cgroup; boot with systemd.unified_cgroup_hierarchy=1, or mount it there");
		return false;
	}
	r = privileges_reduce();
	if (r < 0) {
		log_error("cannot give up the capabilities that it does not need: %s; start it with all of "
			  "root's", strerror(-r));
		return false;
	}
	if (cgroups_pid_is_in_scope(getpid())) {
		log_error("must not run in a container's cgroup: it would shut itself out; start it as "
			  "a service of the host");
		return false;
	}
	return true;
}

/* "Read your settings again" must not end latchd, however early or late it comes. */
static void block_hangup(void)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
}

int main(int argc, char **argv)
{
	struct settings *settings;
	struct options options;
	char *problem = NULL;
	int r;

	block_hangup();
	log_open("latchd");
	r = options_parse(argc, argv, &options);
	if (r >= 0)
		return r;
	r = settings_load(options.settings, &settings, &problem);
	if (r < 0) {
		/* No policy is no open gate: without settings nothing starts. */
		for (char *line = strtok(problem, "\n"); line; line = strtok(NULL, "\n"))
			log_error("%s", line);
		log_error("not started; `latchctl check FILE` shows what a settings file says");
		free(problem);
		return 2;
	}
	if (can_enforce())
		return warden_run(&options, settings);
	settings_free(settings);
	return 1;
}
