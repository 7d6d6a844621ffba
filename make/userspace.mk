# The programs. What more than one of them needs is in userspace/common; each program is its
# folder. Everything but the main files also goes into an archive per folder, for the unit tests.

CFLAGS   ?= -O2 -g
CPPFLAGS += -Iinclude -Iuserspace/common -I$(O)/gen -I$(LLHTTP_H) -D_GNU_SOURCE \
	-DLATCH_PREFIX='"$(PREFIX)"' $(shell pkg-config --cflags $(LIBS) $(MEDIATOR_LIBS) $(WARDEN_LIBS) 2>/dev/null)
LATCH_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LDLIBS   := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -pthread
WARDEN_LDLIBS := $(shell pkg-config --libs $(WARDEN_LIBS) 2>/dev/null)
MEDIATOR_LDLIBS := $(shell pkg-config --libs $(MEDIATOR_LIBS) 2>/dev/null)
HARDEN   := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

PROGRAMS := $(O)/latchd $(O)/latch-mediator $(O)/latch-holder $(O)/latchctl

common_SRC   := $(sort $(wildcard userspace/common/*.c))
holder_SRC   := $(sort $(wildcard userspace/holder/*.c))
# latchd: the warden, the pinned maps, HTTP requests, the audit, what it knows of images and of the registries
# that they come from, its metrics.
WARDEN_DIRS  := userspace/warden userspace/maps userspace/fetch userspace/audit userspace/images userspace/registry userspace/metrics
WARDEN_INCLUDES := $(WARDEN_DIRS:%=-I%)
warden_SRC   := $(sort $(wildcard $(WARDEN_DIRS:%=%/*.c)))
mediator_SRC := $(sort $(wildcard userspace/mediator/*.c))
latchctl_SRC := $(sort $(wildcard tools/latchctl/*.c))
all_SRC      := $(common_SRC) $(holder_SRC) $(warden_SRC) $(mediator_SRC) $(latchctl_SRC)

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))

LLHTTP_OBJ := $(O)/obj/llhttp/llhttp.o $(O)/obj/llhttp/api.o $(O)/obj/llhttp/http.o

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(LATCH_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# llhttp comes as C sources in the distribution's package; strict mode is a build-time choice.
$(O)/obj/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -I$(LLHTTP_H) -DLLHTTP_STRICT_MODE=1 -fPIE $(CFLAGS) -c $< -o $@

# latchctl shares what the warden knows of maps, sockets and support.
$(call obj,$(warden_SRC) $(latchctl_SRC)): CPPFLAGS += $(WARDEN_INCLUDES)

# Who includes the skeleton needs it built first; the dependency files know the rest.
$(call obj,$(warden_SRC) $(latchctl_SRC)): | $(BPF_SKELETON)

$(O)/libcommon.a: $(call obj,$(common_SRC))
$(O)/libwarden.a: $(call obj,$(filter-out %/main.c,$(warden_SRC))) $(LLHTTP_OBJ)
$(O)/libmediator.a: $(call obj,$(filter-out %/main.c,$(mediator_SRC))) $(LLHTTP_OBJ)
$(O)/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(O)/latchd: $(O)/obj/userspace/warden/main.o $(O)/libwarden.a $(O)/libcommon.a
$(O)/latch-mediator: $(O)/obj/userspace/mediator/main.o $(O)/libmediator.a $(O)/libcommon.a
$(O)/latch-holder: $(call obj,$(holder_SRC)) $(O)/libcommon.a
$(O)/latchctl: $(call obj,$(latchctl_SRC)) $(O)/libwarden.a $(O)/libcommon.a
$(O)/latch-mediator: LDLIBS += $(MEDIATOR_LDLIBS)
$(O)/latchd: LDLIBS += $(WARDEN_LDLIBS)
$(PROGRAMS):
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(HARDEN) $^ $(LDLIBS) -o $@

-include $(patsubst %.o,%.d,$(call obj,$(all_SRC)))
