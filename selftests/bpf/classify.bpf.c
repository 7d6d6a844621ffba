// SPDX-License-Identifier: GPL-2.0-only
/*
 * The classifier as the kernel runs it: verified, translated and fed one byte at a time, exactly as
 * bpf/request.bpf.c feeds it, but with targets out of a map instead of a connection. The driver
 * (classify_driver.c) fills the slots, runs this program and compares.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "classify_slots.h"
#include "latch/classify.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLASSIFY_SLOTS);
	__uint(map_flags, 1 << 10); /* BPF_F_MMAPABLE */
	__type(key, __u32);
	__type(value, struct classify_slot);
} slots SEC(".maps");

static long step_byte(__u32 index, struct classify_slot **slot)
{
	struct classify_slot *own = *slot;

	if (index < CLASSIFY_SLOT_BYTES)
		classify_byte(&own->machine, own->bytes[index & (CLASSIFY_SLOT_BYTES - 1)]);
	return 0;
}

static long step_slot(__u32 index, void *unused)
{
	struct classify_slot *slot = bpf_map_lookup_elem(&slots, &index);

	if (!slot)
		return 1;
	classify_begin(&slot->machine);
	bpf_loop(slot->length, step_byte, &slot, 0);
	slot->route = classify_end(&slot->machine, classify_method(slot->method));
	return 0;
}

SEC("syscall")
int classify_slots(void *context)
{
	return bpf_loop(CLASSIFY_SLOTS, step_slot, NULL, 0);
}

char LICENSE[] SEC("license") = "GPL";
