# The demo runs in the VM, on the machine's own files: nothing is installed but the packages of
# `make deps`.

.PHONY: demo
demo: deps ## what latch does, in five short scenes on a real engine and kernel (minutes)
	@$(MAKE) --no-print-directory all
	@selftests/demo/run $(DEMO)
