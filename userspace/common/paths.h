/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where latch keeps what other processes look for. The folder of sockets must be on the same mount
 * as the engine's public socket, for links and exchanges do not cross mounts.
 */
#ifndef LATCH_PATHS_H
#define LATCH_PATHS_H

#define LATCH_RUN_DIR	     "/run/latch"
#define LATCH_ENGINE_SOCKET  LATCH_RUN_DIR "/engine.sock"  /* the engine's own inode, once adopted */
#define LATCH_PUBLIC_SOCKET  LATCH_RUN_DIR "/public.sock"  /* latch's inode at the public path */
#define LATCH_HOLDER_SOCKET  LATCH_RUN_DIR "/holder.sock"  /* gives the listener back */
#define LATCH_CONTROL_SOCKET LATCH_RUN_DIR "/control.sock" /* latchctl */
#define LATCH_METRICS_SOCKET LATCH_RUN_DIR "/metrics.sock" /* for Prometheus, or who forwards to it */
#define LATCH_LOCK	     LATCH_RUN_DIR "/lock"
#define LATCH_SEQUENCE	     LATCH_RUN_DIR "/audit.seq" /* how far the audit has counted in this boot */

#define LATCH_STATE_DIR	   "/var/lib/latch"
#define LATCH_DIGESTS_FILE LATCH_STATE_DIR "/digests" /* what registries answered */
#define LATCH_GRANTS_FILE  LATCH_STATE_DIR "/grants"  /* which containers hold a grant, and why */

#define LATCH_DEFAULT_SOCKET "/var/run/docker.sock" /* where engines listen and clients look */
#define LATCH_AUDIT_LOG	     "/var/log/latch/audit.jsonl"

#define LATCH_VERSION "0.1.0"

#endif
