# SPDX-License-Identifier: Apache-2.0
# latch: builds everything into $(O). `make help` lists the targets.

O        ?= build
V        ?= 0
CC       ?= cc
CLANG    ?= clang
BPFTOOL  ?= bpftool
PREFIX   ?= /usr/local

ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
else
say = @:
endif

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

LIBS      := libbpf libelf zlib libcurl libuv jansson libcrypto libnghttp2
# latchd alone writes to the journal, and has a service manager to talk to.
WARDEN_LIBS := libsystemd
# What reads containers' bytes is alone in need of it, so it alone is linked to it.
MEDIATOR_LIBS := libseccomp
LLHTTP    ?= /usr/share/llhttp
LLHTTP_H  ?= /usr/share/include/llhttp

include make/tools.mk
include make/bpf.mk
include make/userspace.mk
include make/tests.mk
include make/routes.mk
include make/bench.mk
include make/mutants.mk
include make/install.mk
include make/deb.mk
include make/demo.mk
include make/image.mk
include make/deps.mk

.PHONY: all
all: $(PROGRAMS) ## build the programs and the kernel objects

.PHONY: clean
clean: ## remove what was built (not the cache)
	rm -rf $(O)

.PHONY: help
help: ## this list
	@printf 'latch: let a container use docker.sock without giving it the machine.\n\n'
	@awk -F':.*## ' '/^[a-z][a-z0-9-]*:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST) | sort
	@printf '\nVariables: O=build (output folder), V=1 (show commands), DESTDIR, PREFIX=%s\n' '$(PREFIX)'
