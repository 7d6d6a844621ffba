# What must be installed. Each list is one apt line, printed before it runs; what is there
# already is not installed again.

BUILD_PACKAGES := gcc libc6-dev make clang llvm bpftool pkg-config libbpf-dev libelf-dev zlib1g-dev libcurl4-openssl-dev \
	libuv1-dev libjansson-dev node-llhttp libssl-dev libnghttp2-dev libseccomp-dev libsystemd-dev
VM_PACKAGES := qemu-system-x86 qemu-system-common busybox-static docker.io docker-registry cpio xz-utils kmod \
	curl iproute2 procps
# Some packagings of Node.js bring npm along, and do not go with Debian's.
NPM_PACKAGES := $(if $(shell command -v npm),,nodejs npm)
# What people look at latch with: a browser for the report, the shells that complete, the reader of manuals.
LOOKS_PACKAGES := chromium zsh fish mandoc man-db
TEST_PACKAGES := libcmocka-dev valgrind systemd python3 python3-docker libclang-rt-14-dev golang-go $(NPM_PACKAGES) \
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user $(LOOKS_PACKAGES) debhelper lintian mmdebstrap

install_missing = missing=$$(for p in $(1); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then set -- apt-get install -y --no-install-recommends $$missing; \
		echo "$$*"; DEBIAN_FRONTEND=noninteractive "$$@" >/dev/null || { apt-get update >/dev/null \
		&& DEBIAN_FRONTEND=noninteractive "$$@" >/dev/null; }; fi

.PHONY: deps
deps: ## install what building and the demo need (one apt line, printed first)
	@$(call install_missing,$(BUILD_PACKAGES) $(VM_PACKAGES))

.PHONY: deps-test
deps-test: deps ## install what only the tests need
	@$(call install_missing,$(TEST_PACKAGES))
