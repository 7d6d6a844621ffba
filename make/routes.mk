# The route table as an automaton: mkroutes, a program of this machine's own, makes a header from
# routes.def, and both the kernel programs and those in user space include it.

HOSTCC        ?= $(CC)
MKROUTES_SRC  := $(sort $(wildcard tools/mkroutes/*.c))
MKROUTES_OBJ  := $(MKROUTES_SRC:tools/mkroutes/%.c=$(O)/host/mkroutes/%.o)
ROUTE_DFA     := $(O)/gen/route_dfa.h

$(O)/host/mkroutes/%.o: tools/mkroutes/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) -O2 -g -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude \
		-Iuserspace/common -MMD -MP -c $< -o $@

$(O)/mkroutes: $(MKROUTES_OBJ)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $^ -o $@

# Left alone where nothing changed, so that what includes it is not built again.
$(ROUTE_DFA): $(O)/mkroutes
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$< > $@.new || { rm -f $@.new; exit 1; }
	$(Q)if cmp -s $@.new $@; then rm -f $@.new; touch $@; else mv $@.new $@; fi

# Whoever includes it needs it built first; the dependency files know the rest.
$(BPF_OBJECTS): | $(ROUTE_DFA)
$(call obj,$(all_SRC)) $(call san,$(all_SRC) $(UNIT_SRC)) $(FUZZ_BIN): | $(ROUTE_DFA)

-include $(MKROUTES_OBJ:.o=.d)

# The tests of the classifier share a corpus and a reference.
CORPUS_SRC := selftests/corpus/corpus.c selftests/corpus/reference_router.c

$(O)/unit/test_corpus: $(call san,$(CORPUS_SRC))
$(call san,$(CORPUS_SRC)): | $(ROUTE_DFA)

MKROUTES_PARTS := $(filter-out %/main.c,$(MKROUTES_SRC))
$(O)/unit/test_mkroutes: $(call san,$(MKROUTES_PARTS))
$(O)/san/selftests/unit/test_mkroutes.o: CPPFLAGS += -Itools/mkroutes

-include $(patsubst %.o,%.d,$(call san,$(CORPUS_SRC) $(MKROUTES_PARTS)))

# The classifier as a kernel program by itself, and what feeds it.
$(O)/classify.bpf.o: selftests/bpf/classify.bpf.c | $(ROUTE_DFA)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Iselftests/bpf -MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(O)/classify_driver: $(call obj,selftests/bpf/classify_driver.c $(CORPUS_SRC)) $(O)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN) $^ $(LDLIBS) -o $@
$(call obj,selftests/bpf/classify_driver.c $(CORPUS_SRC)): | $(ROUTE_DFA)
-include $(O)/classify.bpf.d
