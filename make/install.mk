# Where everything goes. `make install` puts the programs, the units, the documents and examples below
# $(DESTDIR); it starts nothing, makes no user (packaging/systemd/sysusers.conf is installed for that) and
# writes no policy. $(O)/latchctl must run here: it writes its own completions.

SBINDIR     ?= $(PREFIX)/sbin
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DOCDIR      ?= $(PREFIX)/share/doc/latch
MANDIR      ?= $(PREFIX)/share/man
# systemd looks for options there, whatever the prefix.
DEFAULTDIR  ?= /etc/default

INSTALLED_DOCS := README.md SECURITY.md CHANGELOG.md $(wildcard docs/*.md docs/*.png)
# Where each shell looks for completions, and what it wants their file to be called.
COMPLETIONS := bash:bash-completion/completions/latchctl zsh:zsh/vendor-completions/_latchctl \
	fish:fish/vendor_completions.d/latchctl.fish

.PHONY: install
install: all ## install the programs, units and documents into DESTDIR and PREFIX
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) $(DEFAULTDIR) \
		$(DOCDIR)/examples/docker.service.d $(DOCDIR)/examples/eci $(DOCDIR)/monitoring $(MANDIR)/man5 $(MANDIR)/man8)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(SBINDIR)
	sed 's,@SBINDIR@,$(SBINDIR),' packaging/systemd/latchd.service > $(DESTDIR)$(UNITDIR)/latchd.service
	chmod 644 $(DESTDIR)$(UNITDIR)/latchd.service
	install -m 644 packaging/systemd/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/latch.conf
	install -m 644 packaging/systemd/tmpfiles.conf $(DESTDIR)$(TMPFILESDIR)/latch.conf
	install -m 644 packaging/systemd/default $(DESTDIR)$(DEFAULTDIR)/latchd
	install -m 644 $(INSTALLED_DOCS) $(DESTDIR)$(DOCDIR)
	install -m 644 $(wildcard examples/*.*) packaging/examples/admin-settings.json $(DESTDIR)$(DOCDIR)/examples
	install -m 644 examples/eci/* $(DESTDIR)$(DOCDIR)/examples/eci
	install -m 644 packaging/grafana/latch.json packaging/prometheus/latch.rules.yml \
		$(DESTDIR)$(DOCDIR)/monitoring
	install -m 644 packaging/examples/docker.service.d/* $(DESTDIR)$(DOCDIR)/examples/docker.service.d
	install -d $(DESTDIR)$(PREFIX)/share/latch
	sed -n 's/^#define LATCH_ABI_VERSION //p' include/latch/abi.h > $(DESTDIR)$(PREFIX)/share/latch/layout
	chmod 644 $(DESTDIR)$(PREFIX)/share/latch/layout
	install -m 644 man/*.5 $(DESTDIR)$(MANDIR)/man5
	install -m 644 man/*.8 $(DESTDIR)$(MANDIR)/man8
	set -e; for c in $(COMPLETIONS); do f=$(DESTDIR)$(PREFIX)/share/$${c#*:}; install -d $$(dirname $$f); \
		$(O)/latchctl completion $${c%%:*} > $$f; chmod 644 $$f; done
