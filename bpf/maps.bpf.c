// SPDX-License-Identifier: GPL-2.0-only
/* The one place where the maps of maps.bpf.h are defined. */
#define LATCH_DEFINE_MAPS
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "GPL";
