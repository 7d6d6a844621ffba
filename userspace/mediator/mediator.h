/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that the process has, in one place.
 */
#ifndef LATCH_MEDIATOR_MEDIATOR_H
#define LATCH_MEDIATOR_MEDIATOR_H

#include "figures.h"
#include "head.h"
#include "client_limits.h"
#include "listener.h"
#include "stream.h"
#include "subject.h"
#include "warden_link.h"

struct body_job;
struct client;

struct mediator {
	uv_loop_t loop;
	uv_signal_t terminate;
	const char *engine_path;    /* as latchd and who reads messages know it */
	const char *engine_address; /* as this process finds it, in the root that it has */
	struct subject_source source;
	struct listener listener;
	struct warden_link warden;
	struct figures figures;
	struct client *clients;
	struct body_job *jobs; /* bodies that are being read */
	struct limits limits;
	struct head_limits head_limits; /* of these */
	char *scratch; /* STREAM_SCRATCH bytes that every stream reads into */
	bool stopping;
};

#endif
