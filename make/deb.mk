# The Debian package. dpkg-buildpackage wants its files at the top of the source: so it builds in a copy,
# $(O)/deb/latch, where what was compiled stays. DEB_VERSION makes it another version's.

DEB_VERSION ?= $(shell dpkg-parsechangelog -l packaging/debian/changelog -S Version 2>/dev/null)
DEB_ARCH    := $(shell dpkg --print-architecture 2>/dev/null)
DEB         := $(O)/latch_$(DEB_VERSION)_$(DEB_ARCH).deb
DEB_TREE    := $(O)/deb/latch

# One at a time: a second one waits for the tree.
.PHONY: deb deb-alone
deb: ## build the Debian package (no root, no network)
	@mkdir -p $(DEB_TREE)
	@flock $(O)/deb/lock $(MAKE) --no-print-directory deb-alone

deb-alone:
	$(Q)find $(DEB_TREE) -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	$(Q)tar c --exclude=./.git --exclude=./.cache --exclude=./$(O) --exclude=./build . | tar x -C $(DEB_TREE)
	$(Q)cp -a packaging/debian $(DEB_TREE)/
	$(Q)sed -i '1s/(.*)/($(DEB_VERSION))/' $(DEB_TREE)/debian/changelog
	$(call say,DEB,$(DEB))
	$(Q)cd $(DEB_TREE) && DEB_BUILD_OPTIONS='noautodbgsym parallel=$(shell nproc)' \
		dpkg-buildpackage --build=binary --no-sign --no-pre-clean >../log 2>&1 || { tail -n 30 ../log; exit 1; }
	$(Q)mv $(O)/deb/$(notdir $(DEB)) $(DEB)

# For the test of an upgrade: the package, and one of a higher version.
.PHONY: debs
debs:
	@mkdir -p $(O)/debs
	@$(MAKE) --no-print-directory deb DEB_VERSION=$(DEB_VERSION)
	@cp $(DEB) $(O)/debs/old.deb
	@$(MAKE) --no-print-directory deb DEB_VERSION=$(DEB_VERSION)+1
	@cp $(O)/latch_$(DEB_VERSION)+1_$(DEB_ARCH).deb $(O)/debs/new.deb
