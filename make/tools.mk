# A missing tool is one clear line instead of a compiler's error.

ifeq ($(filter help clean deps deps-test demo test test-full test-mutants,$(MAKECMDGOALS)),)
need = $(if $(shell command -v $(1) 2>/dev/null),,$(error $(1) is not installed: run `make deps`))
$(call need,$(CC))
$(call need,$(CLANG))
$(call need,$(BPFTOOL))
$(call need,pkg-config)
ifneq ($(shell pkg-config --exists $(LIBS) $(MEDIATOR_LIBS) $(WARDEN_LIBS) && echo yes),yes)
$(error a library of '$(LIBS) $(MEDIATOR_LIBS) $(WARDEN_LIBS)' is not installed: run `make deps`)
endif
ifeq ($(wildcard $(LLHTTP)/llhttp.c),)
$(error llhttp's sources are not in $(LLHTTP): run `make deps`)
endif
endif
