// SPDX-License-Identifier: Apache-2.0
/*
 * The policy comes into force: what is said of it, and how a changed settings file takes its place, all of it
 * or nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "audit_words.h"
#include "command.h"
#include "log.h"
#include "warden_parts.h"

void warden_say_policy(const struct options *options, const struct settings *settings)
{
	for (size_t i = 0; i < settings->warning_count; i++)
		log_warning("%s", settings->warnings[i]);
	if (options->noting)
		log_warning("--mode=audit: nothing is refused; what would be is in the audit as "
			    "would-refuse");
	else if (!settings->enabled)
		log_warning("%s: enhancedContainerIsolation.value is false: containers are tagged, "
			    "and nothing is refused", settings->path);
}

static void say_lines(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_error("%s", line);
}

int warden_reload(struct warden *warden)
{
	const struct policy_parts parts = { &warden->maps, warden->images, warden->judge,
		&warden->loop, warden->engine, warden->registry };
	struct policy *policy = &warden->policy;
	uint32_t generation = policy->generation;
	char digest[sizeof(policy->settings->digest)], text[1024];
	int r;

	COPY_STRING(digest, policy->settings->digest);
	r = policy_reload(policy, &parts);
	if (r < 0) {
		say_lines(policy->problem);
		snprintf(text, sizeof(text), "policy %s stays in force (generation %u): %s", digest,
			generation, policy->problem);
		warden_note(warden, "reload-failed", text);
		return r;
	}
	warden_say_policy(warden->options, policy->settings);
	audit_set_policy(warden->audit, policy->settings->digest);
	warden_protect(warden);
	snprintf(text, sizeof(text),
		"policy %s (generation %u) replaced by %s (generation %u) from %s, mode %s", digest,
		generation, policy->settings->digest, policy->generation, policy->settings->path,
		audit_mode_name(policy_mode(policy, policy->settings)));
	warden_note(warden, "reload", text);
	return 0;
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
	struct warden *warden = poll->data;
	struct signalfd_siginfo signal;

	(void)events;
	/* Any number of hang-ups that came meanwhile are one. */
	if (status >= 0 && read(warden->hangup, &signal, sizeof(signal)) == sizeof(signal))
		warden_reload(warden);
}

void warden_follow_hangup(struct warden *warden)
{
	sigset_t hangup;

	/* main() has blocked it for good: there is no moment in which it would end latchd. */
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	warden->hangup = signalfd(-1, &hangup, SFD_NONBLOCK | SFD_CLOEXEC);
	if (warden->hangup < 0) {
		log_warning("SIGHUP does nothing, use `latchctl reload`: %m");
		return;
	}
	uv_poll_init(&warden->loop, &warden->hangup_poll, warden->hangup);
	warden->hangup_poll.data = warden;
	uv_poll_start(&warden->hangup_poll, UV_READABLE, on_hangup);
}
