// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: messages to BuildKit. The first byte chooses the call. A message that can be read and is
 * followed by an exporter that pushes, or by an entitlement, asks for that too and for all that it asked
 * for before: nothing in front of a field makes it be overlooked.
 */
#include <stdint.h>
#include <stdio.h>

#include "../../userspace/mediator/buildkit.h"
#include "../unit/protobuf_writer.h"
#include "route.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_message(int route, const char *data, size_t size, struct build_ask *ask)
{
	const char *problem = NULL;
	int r = buildkit_read(route, (struct span){data, size}, ask, &problem);

	REQUIRE(r == 0 || (r < 0 && problem));
	REQUIRE(memchr(ask->push, 0, sizeof(ask->push)));
	return r;
}

static void append_push(struct buffer *out)
{
	struct buffer exporter = {.limit = SIZE_MAX / 2};

	write_entry(&exporter, 2, "push", "true");
	write_message(out, 13, &exporter);
}

static void check_solve(const char *data, size_t size, const struct build_ask *before)
{
	struct buffer out = {.limit = SIZE_MAX / 2};
	struct build_ask after;

	buffer_append(&out, data, size);
	append_push(&out);
	REQUIRE(read_message(ROUTE_CALL_SOLVE, out.data, out.length, &after) == 0);
	REQUIRE(after.pushes && after.access.asked == before->access.asked);
	write_text(&out, 9, "security.insecure");
	REQUIRE(read_message(ROUTE_CALL_SOLVE, out.data, out.length, &after) == 0);
	REQUIRE(after.access.asked ==
		(before->access.asked | HOST_ACCESS_BIT(HOST_ACCESS_PRIVILEGED)));
	buffer_reset(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int routes[] = {
		ROUTE_CALL_SOLVE, ROUTE_CALL_NEW_CONTAINER, ROUTE_CALL_EXEC_PROCESS,
		ROUTE_CALL_BRIDGE_SOLVE};
	char push[BUILD_PUSH_SIZE];
	struct build_ask ask;
	const char *text = (const char *)data + 1;
	int route;

	if (!size)
		return 0;
	if (data[0] % 5 == 4) {
		buildkit_outputs_push((struct span){text, size - 1}, push);
		return 0;
	}
	route = routes[data[0] % 5];
	if (read_message(route, text, size - 1, &ask) == 0 && route == ROUTE_CALL_SOLVE)
		check_solve(text, size - 1, &ask);
	return 0;
}
