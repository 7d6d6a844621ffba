# The tests. Unit tests are built with the address and undefined-behaviour sanitizers: every
# selftests/unit/test_<what>.c is one cmocka program over the archives of the programs.

UNIT_SRC  := $(sort $(wildcard selftests/unit/test_*.c))
UNIT_BIN  := $(UNIT_SRC:selftests/unit/%.c=$(O)/unit/%)
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all -O1 -g

san = $(patsubst %.c,$(O)/san/%.o,$(1))
SAN_LIB := $(O)/san/liblatch.a

$(O)/san/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC-SAN,$<)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -D_FORTIFY_SOURCE=2,$(LATCH_CFLAGS)) $(SANITIZE) -MMD -MP -c $< -o $@
$(O)/san/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(LLHTTP_H) -DLLHTTP_STRICT_MODE=1 -O1 -g -c $< -o $@

$(O)/san/selftests/%.o: CPPFLAGS += $(WARDEN_INCLUDES) -Iuserspace/mediator -Itools/latchctl \
	-DLATCH_BPF_OBJECT='"$(abspath $(BPF_OBJECT))"'
$(call san,$(warden_SRC) $(latchctl_SRC)): CPPFLAGS += $(WARDEN_INCLUDES)
$(call san,$(warden_SRC) $(latchctl_SRC)): | $(BPF_SKELETON)
$(SAN_LIB): $(call san,$(filter-out %/main.c,$(common_SRC) $(warden_SRC) $(mediator_SRC) \
		$(latchctl_SRC))) \
		$(O)/san/llhttp/llhttp.o $(O)/san/llhttp/api.o $(O)/san/llhttp/http.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

# Not all of make's files: a header that is gone would then be no reason to build anew.
.SECONDARY: $(call san,$(UNIT_SRC))
$(O)/unit/%: $(O)/san/selftests/unit/%.o $(SAN_LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) $^ $(LDLIBS) $(WARDEN_LDLIBS) -lcmocka -o $@

-include $(patsubst %.o,%.d,$(call san,$(UNIT_SRC) $(all_SRC)))

# One that hangs fails, and the others run: the slowest takes a quarter of a minute. 124: its time was over.
BOUND := timeout --foreground -k 5 180

.PHONY: unit-tap
unit-tap: $(UNIT_BIN)
	@status=0; for t in $(UNIT_BIN); do CMOCKA_MESSAGE_OUTPUT=TAP $(BOUND) $$t || \
		{ status=$$?; echo "not ok - $$t ends with status $$status"; }; done; exit $$status

.PHONY: unit
unit: $(UNIT_BIN) ## build and run the unit tests alone (seconds)
	@failed=0; for t in $(UNIT_BIN); do CMOCKA_MESSAGE_OUTPUT=STDOUT $(BOUND) $$t > $$t.log 2>&1 \
		|| { failed=1; cat $$t.log; }; tail -n 3 $$t.log | grep -E 'PASSED|FAILED' \
		| sed "s|^|$$(basename $$t): |"; done; exit $$failed

# Whole programs under the sanitizers; and the mediator for valgrind, which makes system calls of its own.
INSTRUMENTED := $(O)/san/latchd $(O)/san/latch-mediator $(O)/san/latch-holder $(O)/valgrind/latch-mediator
$(O)/san/latchd: $(O)/san/userspace/warden/main.o $(SAN_LIB)
$(O)/san/latch-mediator: $(O)/san/userspace/mediator/main.o $(O)/san/selftests/sanitized/mediator_options.o $(SAN_LIB)
$(O)/san/latch-holder: $(call san,$(holder_SRC)) $(SAN_LIB)
$(O)/san/latchd $(O)/san/latch-mediator $(O)/san/latch-holder:
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) $^ $(LDLIBS) $(MEDIATOR_LDLIBS) $(WARDEN_LDLIBS) -o $@
$(O)/valgrind/syscall_filter.o: userspace/mediator/syscall_filter.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(LATCH_CFLAGS) $(CFLAGS) -DLATCH_INSTRUMENTED -c $< -o $@
$(O)/valgrind/latch-mediator: $(O)/obj/userspace/mediator/main.o $(O)/valgrind/syscall_filter.o $(O)/libmediator.a \
		$(O)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN) $^ $(LDLIBS) $(MEDIATOR_LDLIBS) -o $@

.PHONY: instrumented
instrumented: $(INSTRUMENTED) ## build the programs with sanitizers, and the mediator for valgrind

# What asks the warden's image verdicts, and its registry client, from outside, for the tests against
# real registries.
$(O)/images_driver $(O)/registry_driver: $(O)/%: $(O)/obj/selftests/e2e/%.o $(O)/libwarden.a $(O)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN) $^ $(LDLIBS) -o $@
$(O)/obj/selftests/%.o: CPPFLAGS += $(WARDEN_INCLUDES)

# The audit's sinks without latchd.
$(O)/audit_driver: $(O)/obj/selftests/e2e/audit_driver.o $(O)/libwarden.a $(O)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN) $^ $(LDLIBS) $(WARDEN_LDLIBS) -o $@

# The mediator's filter of system calls, call by call: its own code, without sanitizers, which make calls
# of their own.
$(O)/syscalls_driver: $(O)/obj/selftests/e2e/syscalls_driver.o $(O)/libmediator.a $(O)/libcommon.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDEN) $^ $(LDLIBS) $(MEDIATOR_LDLIBS) -o $@
$(O)/obj/selftests/e2e/syscalls_driver.o: CPPFLAGS += -Iuserspace/mediator

# Small programs that tests put into containers: static, for they run in any image.
E2E_TOOLS := $(patsubst selftests/e2e/tools/%.c,$(O)/tools/%,$(wildcard selftests/e2e/tools/*.c))
$(O)/tools/%: selftests/e2e/tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -static -pthread $< -o $@

.PHONY: e2e-tools
e2e-tools: $(E2E_TOOLS) $(O)/images_driver $(O)/registry_driver $(O)/audit_driver $(O)/syscalls_driver $(O)/classify_driver \
	$(O)/classify.bpf.o $(INSTRUMENTED)

# The tests that need a kernel, an engine or both run in the VM.
.PHONY: test
test: deps-test ## every suite; end-to-end in full on 6.12, the kernel-sensitive ones on 6.1 and 7.x
	@$(MAKE) --no-print-directory all e2e-tools
	@selftests/run $(SUITES)

.PHONY: test-full
test-full: deps-test ## every suite on every kernel (takes longer)
	@$(MAKE) --no-print-directory all e2e-tools
	@selftests/run --full $(SUITES)

# Fuzzing, with clang's libFuzzer: every selftests/fuzz/fuzz_<what>.c over all of what it might call.
FUZZ_SECONDS ?= 60
FUZZ_BIN     := $(patsubst selftests/fuzz/%.c,$(O)/fuzz/%,$(wildcard selftests/fuzz/*.c))
FUZZED_SRC   := $(common_SRC) $(filter-out %/main.c,$(mediator_SRC)) \
	$(addprefix $(LLHTTP)/,llhttp.c api.c http.c) \
	$(addprefix userspace/registry/,challenge.c endpoints.c manifest.c) userspace/warden/engine_json.c

FUZZ_LIB     := $(O)/fuzz/libfuzzed.a
FUZZ_OBJ     := $(patsubst %.c,$(O)/fuzz/obj/%.o,$(subst $(LLHTTP)/,llhttp/,$(FUZZED_SRC)))
FUZZ_CC       = $(CLANG) -g -O1 -fsanitize=address,undefined $(CPPFLAGS) $(WARDEN_INCLUDES) -Iuserspace/mediator \
	-DLLHTTP_STRICT_MODE=1 -MMD -MP

$(O)/fuzz/obj/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link -c $< -o $@
$(O)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZ-CC,$<)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link -c $< -o $@
$(FUZZ_OBJ): | $(ROUTE_DFA)
$(FUZZ_LIB): $(FUZZ_OBJ)
	$(Q)rm -f $@ && $(AR) qcs $@ $^
$(O)/fuzz/%: selftests/fuzz/%.c $(FUZZ_LIB)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer $< $(FUZZ_LIB) $(LDLIBS) -o $@
-include $(FUZZ_OBJ:.o=.d) $(FUZZ_BIN:=.d)

.PHONY: fuzz
fuzz: deps-test ## fuzz every parser for FUZZ_SECONDS (60) each, from the corpora on
	@$(MAKE) --no-print-directory $(FUZZ_BIN)
	@set -e; for f in $(FUZZ_BIN); do selftests/fuzz/corpus fuzz $$(basename $$f) $(FUZZ_SECONDS); done

# The same against another parser: what the mediator would forward, read by Go's HTTP server.
DIFFERENTIAL := selftests/fuzz/differential
# One file a program, nothing from anywhere, and nothing kept outside the build.
GO := GOPROXY=off GOFLAGS=-mod=mod GOPATH=$(abspath $(O))/go GOCACHE=$(abspath $(O))/go/cache go
$(O)/fuzz/reader: $(DIFFERENTIAL)/reader.go
	@mkdir -p $(@D)
	$(call say,GO,$<)
	$(Q)$(GO) build -o $@ $<
$(O)/fuzz/differential: $(DIFFERENTIAL)/differential.c $(FUZZ_LIB)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer $< $(FUZZ_LIB) $(LDLIBS) -o $@

.PHONY: fuzz-differential
fuzz-differential: deps-test ## fuzz the mediator against Go's HTTP server for FUZZ_SECONDS (60)
	@$(MAKE) --no-print-directory $(O)/fuzz/reader $(O)/fuzz/differential
	@selftests/fuzz/differential/run $(FUZZ_SECONDS)
