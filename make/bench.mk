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
