/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One record for the audit. A full ring buffer loses the record and counts it; it never changes a
 * verdict.
 */
#ifndef LATCH_EVENT_BPF_H
#define LATCH_EVENT_BPF_H

#include "subject.bpf.h"

/* Reserves a record and fills in the caller; NULL and counted where the ring buffer is full. */
static __always_inline struct latch_event *event_begin(__u16 type, const struct subject *subject)
{
	struct latch_event *event = bpf_ringbuf_reserve(&latch_events, sizeof(*event), 0);
	struct latch_scope *entry;

	if (!event) {
		count(LATCH_COUNT_EVENT_LOST);
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.version = LATCH_ABI_VERSION;
	event->header.type = type;
	event->header.size = sizeof(*event);
	event->header.time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->cgroup = subject->cgroup;
	event->scope = subject->scope;
	event->tag = subject->tag;
	entry = bpf_map_lookup_elem(&latch_cgroups, &subject->scope);
	if (entry)
		__builtin_memcpy(event->container, entry->container, sizeof(event->container));
	return event;
}

#endif
