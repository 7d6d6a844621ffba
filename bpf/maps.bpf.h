/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map of latch, once. bpf/maps.bpf.c defines them; the other files of this folder refer to
 * the same definitions as external ones, and the linker checks that both agree. The layouts are
 * in latch/abi.h. Map latch_<noun> is pinned as /sys/fs/bpf/latch/<noun>.
 */
#ifndef LATCH_MAPS_BPF_H
#define LATCH_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "latch/abi.h"
#include "stream.bpf.h"

#ifdef LATCH_DEFINE_MAPS
#define MAP
#else
#define MAP extern
#endif

MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct latch_state);
} latch_state SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} latch_incomplete SEC(".maps");

/* Sockets that are not open to everybody, by inode. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct latch_inode);
	__type(value, struct latch_guard);
} latch_guarded SEC(".maps");

/* Names at which an unknown socket is taken for the engine's, and that are not for containers. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct latch_dentry);
	__type(value, struct latch_guard);
} latch_names SEC(".maps");

/* Files that keep latch and the engine alive, by inode. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct latch_inode);
	__type(value, struct latch_protection);
} latch_protected SEC(".maps");

/* Container scopes. Preallocated: a tag must not fail because memory is short. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct latch_scope);
} latch_cgroups SEC(".maps");

/* Containers that may have the public socket, by id; filled before they start. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct latch_container);
	__type(value, struct latch_grant);
} latch_grants SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct latch_task);
} latch_tasks SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct latch_conn);
} latch_conns SEC(".maps");

/* The id of the latest connection. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} latch_serial SEC(".maps");

/* Connections that somebody wants cut, by id. The programs read it; they never write it. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct latch_cut);
} latch_cuts SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct latch_listener);
} latch_listeners SEC(".maps");

/* How far each connection of an allowed container has been read: at the client's end. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct latch_stream);
} latch_streams SEC(".maps");

/* The command list, one verdict a route, in two generations. */
MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * LATCH_MAX_ROUTES);
	__type(key, __u32);
	__type(value, struct latch_verdict);
} latch_verdicts SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} latch_events SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LATCH_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} latch_counters SEC(".maps");

#endif
