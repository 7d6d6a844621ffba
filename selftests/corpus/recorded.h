/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that docker's command line was recorded with (selftests/data/commands.tsv), made
 * into request lines. The table holds templates and query keys alone: names become what the caller
 * says, and a key gets the value that tells commands apart where there is one, and "1" otherwise.
 */
#ifndef LATCH_TEST_RECORDED_H
#define LATCH_TEST_RECORDED_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../unit/tsv.h"

struct recorded_request {
	char method[16];
	char target[512]; /* or the path of a call of gRPC, which `call` says */
	bool call;
};

/*
 * `command` is the table's first column. A swarm command says of each rotation whether it is meant,
 * and clients of engine 29 say of every service update whether it rolls back.
 */
static inline const char *recorded_value(const char *command, const char *key, size_t length)
{
	static const struct {
		const char *key, *command, *value, *otherwise;
	} values[] = {
		{ "rotateWorkerToken", "docker swarm join-token --rotate", "true", "false" },
		{ "rotateManagerToken", "", "", "false" },
		{ "rotateManagerUnlockKey", "docker swarm unlock-key --rotate", "true", "false" },
		{ "rollback", "docker service rollback", "previous", "none" },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strlen(values[i].key) == length && memcmp(values[i].key, key, length) == 0)
			return strcmp(values[i].command, command) == 0 ? values[i].value
								       : values[i].otherwise;
	}
	return "1";
}

/* "?fromImage&tag" becomes "?fromImage=1&tag=1". */
static inline void recorded_query(const char *command, const char *keys, char *out, size_t size)
{
	size_t used = strlen(out);

	while (*keys == '?' || *keys == '&') {
		size_t length = strcspn(keys + 1, "&");

		used += snprintf(out + used, size - used, "%.*s%s%s", (int)length + 1, keys,
			length ? "=" : "", length ? recorded_value(command, keys + 1, length) : "");
		keys += 1 + length;
	}
}

/* "[gRPC over /grpc: /package.Service/Method]", which ran inside the stream before it. */
static inline bool recorded_call(const char *item, struct recorded_request *request)
{
	request->call = sscanf(item, "[gRPC over /grpc: %511[^] ]", request->target) == 1;
	if (request->call)
		strcpy(request->method, "POST");
	return request->call;
}

/*
 * Takes the next request or call of a column such as "HEAD /_ping x2 ; GET /x/{id}?a&b [Upgrade:h2c]";
 * false at the end.
 */
static inline bool recorded_next(const char *command, const char **rest, const char *name,
	struct recorded_request *request)
{
	while (**rest) {
		const char *item = *rest, *end = strstr(item, " ; ");
		char template[256];

		end = end ? end : strchr(item, '\0');
		*rest = *end ? end + 3 : end;
		item += strspn(item, "( ");
		if (recorded_call(item, request))
			return true;
		if (item >= end ||
			sscanf(item, "%15[A-Z] %255s", request->method, template) != 2 ||
			template[0] != '/')
			continue;
		tsv_fill_template(template, template + strcspn(template, "?"), name,
			request->target, sizeof(request->target));
		recorded_query(command, template + strcspn(template, "?"), request->target,
			sizeof(request->target));
		return true;
	}
	return false;
}

#endif
