// SPDX-License-Identifier: Apache-2.0
/*
 * The way back. First the path, so that the engine is never without its clients; then the holder,
 * then the programs: until they are gone, the gate still refuses who was refused.
 */
#include <errno.h>
#include <stdio.h>

#include "adoption.h"
#include "listener.h"
#include "maps_guarded.h"
#include "paths.h"
#include "problem.h"
#include "programs.h"
#include "release.h"

static int note(int r, const char *what, int *first, char **problem)
{
	if (r < 0 && !*first) {
		*first = problem_set(problem, r, "cannot %s: %s", what, strerror(-r));
	}
	return r;
}

int release_everything(char **problem)
{
	static const char *const files[] = { LATCH_PUBLIC_SOCKET, LATCH_CONTROL_SOCKET,
		LATCH_HOLDER_SOCKET, LATCH_ENGINE_SOCKET, LATCH_LOCK,
		LATCH_SEQUENCE, LATCH_METRICS_SOCKET };
	char path[128] = LATCH_DEFAULT_SOCKET;
	struct maps maps = {};
	bool open = false;
	int first = 0;

	*problem = NULL;
	if (!maps_open(&maps)) {
		maps_public_path(&maps, path, sizeof(path));
		/* The gate lets nobody but latch talk to the holder: so this process must be known as latch's. */
		maps_mark_this_process(&maps);
		open = true;
	}
	if (note(adoption_undo(path), "give the engine its socket back", &first, problem) < 0)
		goto out; /* the engine would be out of reach: leave everything as it is */
	note(listeners_release(&maps), "end the holder", &first, problem);
	note(programs_remove(), "remove the kernel programs", &first, problem);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlink(files[i]);
	rmdir(LATCH_RUN_DIR);
out:
	if (open)
		maps_close(&maps);
	return first;
}
