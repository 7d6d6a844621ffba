// SPDX-License-Identifier: GPL-2.0-only
/* The one place where the maps of maps.bpf.h are defined. */
#define LATCH_DEFINE_MAPS
#include "maps.bpf.h"

/* No map has it as its value, so nothing else would bring the record's type into the object's BTF. */
const struct latch_event *latch_event_type __attribute__((unused));

char LICENSE[] SEC("license") = "GPL";
