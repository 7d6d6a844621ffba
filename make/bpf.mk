# The kernel programs: each bpf/*.bpf.c is compiled alone, then linked into one object, so that
# one file is one concern and all share the same maps. The object becomes a skeleton header.

# As libbpf names the architecture that the kernel runs on: registers, and pages in direct transport.
BPF_ARCH   ?= $(subst x86_64,x86,$(subst aarch64,arm64,$(shell uname -m)))
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror \
	-Wno-missing-declarations -Wno-unused-parameter -Ivmlinux -Iinclude -I$(O)/gen

# The definitions of the maps come first: bpftool 7.1 loses the offsets of maps that it has met as
# external ones before.
BPF_SOURCES := bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(sort $(wildcard bpf/*.bpf.c)))
BPF_OBJECTS := $(BPF_SOURCES:bpf/%.bpf.c=$(O)/bpf/%.bpf.o)
BPF_OBJECT  := $(O)/latch.bpf.o
BPF_SKELETON := $(O)/gen/latch.skel.h

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(BPF_OBJECT): $(BPF_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BPF_SKELETON): $(BPF_OBJECT)
	@mkdir -p $(@D)
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name latch > $@

-include $(BPF_OBJECTS:.o=.d)
