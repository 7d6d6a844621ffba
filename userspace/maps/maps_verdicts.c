// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <stdio.h>

#include "map_access.h"
#include "maps_verdicts.h"
#include "route.h"

int maps_fill_verdicts(const struct maps *maps, const unsigned char *verdicts, size_t count)
{
	struct latch_state state;
	__u32 idle;
	int r;

	r = maps_get_state(maps, &state);
	if (r < 0)
		return r;
	idle = !state.generation;
	for (__u32 i = 0; i < LATCH_MAX_ROUTES; i++) {
		__u32 key = idle * LATCH_MAX_ROUTES + i;
		struct latch_verdict entry = { .verdict = LATCH_VERDICT_REFUSE };

		if (i < count) {
			char text[2 * LATCH_ROUTE_SIZE];

			snprintf(text, sizeof(text), "%s %s", route_get(i)->method,
				route_get(i)->template);
			COPY_STRING(entry.route, text);
			entry.verdict = verdicts[i];
		}
		r = map_update(maps->verdicts, &key, &entry, BPF_ANY);
		if (r < 0)
			return r;
	}
	return idle;
}

int maps_flip(const struct maps *maps, uint32_t generation, enum latch_mode mode)
{
	struct latch_state state;
	__u32 zero = 0;
	int r = maps_get_state(maps, &state);

	if (r < 0)
		return r;
	state.generation = generation;
	state.mode = mode;
	state.owner_pid = getpid();
	return map_update(maps->state, &zero, &state, BPF_ANY);
}
