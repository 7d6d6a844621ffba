# Measurements. They say how long things take on this machine and pass no judgement: not part of the
# tests. Built as the programs are, without sanitizers.

$(O)/bench/classify: $(call obj,selftests/bench/classify.c selftests/corpus/reference_router.c) \
		$(O)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN) $^ $(LDLIBS) -o $@

-include $(patsubst %.o,%.d,$(call obj,selftests/bench/classify.c selftests/corpus/reference_router.c))

.PHONY: bench
bench: $(O)/bench/classify ## measure how long classifying a request takes (seconds)
	@$(O)/bench/classify

.PHONY: bench-images
bench-images: $(O)/images_driver ## measure what a verdict about an image costs (a minute; as root)
	@selftests/bench/images $(O)/images_driver

# Who stands before an engine, side by side: an engine's stand-in in Go, the floor of any proxy, HAProxy,
# latch. What it needs is no part of the tests.
BENCH_PACKAGES := haproxy
PROXIES := selftests/bench/proxies

$(O)/bench/load $(O)/bench/relay: $(O)/bench/%: $(PROXIES)/%.c
$(O)/bench/pingpong: selftests/bench/kernel/pingpong.c
# Static: some run in a container or in the virtual machine.
$(O)/bench/load $(O)/bench/relay $(O)/bench/pingpong:
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -static $< -o $@
$(O)/bench/engine: $(PROXIES)/engine.go
	@mkdir -p $(@D)
	$(call say,GO,$<)
	$(Q)$(GO) build -o $@ $<

.PHONY: bench-kernel
bench-kernel: deps-test ## measure what the kernel programs cost (ten minutes; in the VM)
	@$(MAKE) --no-print-directory all $(O)/bench/pingpong $(O)/bench/load
	@selftests/bench/kernel/run $(BENCH)

.PHONY: bench-newcomer
bench-newcomer: deps-test ## measure how long the demo and the package keep a newcomer waiting (minutes; in the VM)
	@$(MAKE) --no-print-directory all e2e-tools
	@selftests/bench/newcomer

.PHONY: bench-deps
bench-deps: deps-test ## install what only make bench-proxies needs
	@$(call install_missing,$(BENCH_PACKAGES))

.PHONY: bench-proxies
bench-proxies: bench-deps ## measure the mediator beside other proxies (minutes; as root; BENCH='--rounds 9 streams')
	@$(MAKE) --no-print-directory $(O)/latch-mediator $(O)/bench/load $(O)/bench/relay $(O)/bench/engine
	@selftests/bench/run $(BENCH)
