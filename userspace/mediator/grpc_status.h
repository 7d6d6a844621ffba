/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a call of gRPC that is refused: a status and a sentence, which clients show.
 */
#ifndef LATCH_MEDIATOR_GRPC_STATUS_H
#define LATCH_MEDIATOR_GRPC_STATUS_H

#include "http2_fields.h"

enum grpc_status {
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_UNAVAILABLE = 14,
};

/* Adds the fields "grpc-status" and "grpc-message". 0, -ENOBUFS or -ENOMEM. */
int grpc_status_add(struct http2_fields *fields, enum grpc_status status, const char *message);

/* A whole answer without a body, which gRPC calls "Trailers-Only". The same errors. */
int grpc_status_answer(struct http2_fields *fields, enum grpc_status status, const char *message);

#endif
