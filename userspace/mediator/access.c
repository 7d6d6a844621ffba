// SPDX-License-Identifier: Apache-2.0
/*
 * The fields of HostConfig, of an exec, a volume and a service that hand out something of the host.
 * Collected from the engine's API up to 1.51 and its source back to 1.24.
 */
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "access.h"
#include "gojson.h"
#include "route.h"

void access_ask(struct access *access, enum host_access kind, const char *format, ...)
{
	va_list arguments;

	if (access->asked & HOST_ACCESS_BIT(kind))
		return;
	access->asked |= HOST_ACCESS_BIT(kind);
	va_start(arguments, format);
	vsnprintf(access->field[kind], sizeof(access->field[kind]), format, arguments);
	va_end(arguments);
}

enum host_access access_first(uint32_t bits)
{
	return __builtin_ctz(bits);
}

/* Where a field stands, for its message: the object's name with a dot behind it, and the field's. */
struct place {
	const char *object, *field;
};

/* A field that can hand out something, and who finds out whether it does. */
struct access_rule {
	const char *key;   /* in small letters */
	const char *field; /* as the API's documents have it */
	enum host_access kind;
	void (*read)(struct access *access, enum host_access kind, struct place at,
		const json_t *value);
};

static void ask(struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	if (json_is_string(value))
		access_ask(access, kind, "%s%s: %s", at.object, at.field, json_string_value(value));
	else
		access_ask(access, kind, "%s%s", at.object, at.field);
}

/* Values that ask for nothing. `value` is never NULL or null here. */

static bool is_empty(const json_t *value)
{
	return (json_is_string(value) && !json_string_length(value)) ||
	       (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value));
}

static bool is_one_of(const json_t *value, const char *const *words)
{
	const char *text = json_string_value(value);

	for (; text && *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* What the engine adds by itself (oci/caps/defaults.go), so that to ask for it changes nothing. */
static bool is_default_capability(const json_t *value)
{
	static const char *const names[] = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID",
		"KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP",
		"SETUID", "SYS_CHROOT"};
	const char *name = json_string_value(value);

	if (name && !strncasecmp(name, "CAP_", 4))
		name += 4;
	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return false;
}

/* no-new-privileges=false would switch off what the engine may have as its default. */
static bool is_harmless_option(const json_t *value)
{
	static const char *const words[] = {"no-new-privileges", "no-new-privileges:true",
		"no-new-privileges=true", NULL};

	return is_one_of(value, words);
}

/* Whatever the value is, it asks. */
static void read_any(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	ask(access, kind, at, value);
}

static void read_unless_empty(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	if (!is_empty(value))
		ask(access, kind, at, value);
}

static void read_elements(struct access *access, enum host_access kind, struct place at,
	const json_t *value, bool (*harmless)(const json_t *element))
{
	const json_t *element;
	size_t i;

	if (!json_is_array(value)) {
		ask(access, kind, at, value);
		return;
	}
	json_array_foreach (value, i, element)
		if (!harmless(element))
			ask(access, kind, at, element);
}

static void read_capabilities(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	read_elements(access, kind, at, value, is_default_capability);
}

static void read_options(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	read_elements(access, kind, at, value, is_harmless_option);
}

static void read_privileged(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	if (!json_is_false(value))
		ask(access, kind, at, NULL);
}

static void read_network(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	const char *mode = json_string_value(value);

	if (!mode || !strcmp(mode, "host"))
		ask(access, kind, at, value);
	else if (!strncmp(mode, "container:", strlen("container:")))
		ask(access, HOST_ACCESS_CONTAINER_NAMESPACES, at, value);
	/* Else a network's name; that of the host under another name is the engine's to refuse. */
}

static void read_namespace(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	static const char *const own[] = {"", "private", "shareable", "none", NULL};
	const char *mode = json_string_value(value);

	if (mode && !strncmp(mode, "container:", strlen("container:")))
		ask(access, HOST_ACCESS_CONTAINER_NAMESPACES, at, value);
	else if (!is_one_of(value, own))
		ask(access, kind, at, value);
}

static void read_volume_driver(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	static const char *const local[] = {"", "local", NULL};

	if (!is_one_of(value, local))
		ask(access, kind, at, value);
}

/* The others are told where to send: `unix://` paths, and addresses that the host reaches. */
static void read_log(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	static const char *const quiet[] = {"", "json-file", "local", "none", "journald", NULL};
	json_t *type = gojson_field((json_t *)value, "type");
	json_t *name = gojson_field((json_t *)value, "name"); /* what a service calls it */

	if (!json_is_object(value) || (type && !is_one_of(type, quiet)) ||
		(name && !is_one_of(name, quiet)))
		ask(access, kind, at, type ? type : name);
}

/* Volumes that are made on the way. */

static bool is_size_option(const char *option)
{
	static const char *const beginnings[] = {"size=", "mode=", "uid=", "gid=", "nr_inodes="};
	static const char *const words[] = {"ro", "rw", "nodev", "nosuid", "noexec", "noatime", ""};

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (!strncmp(option, beginnings[i], strlen(beginnings[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(option, words[i]))
			return true;
	return false;
}

/* mount(2)'s options: what a tmpfs takes, and no `bind`, which would make the type count for nothing. */
static bool are_size_options(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *option;

	if (!copy)
		return false;
	while ((option = strsep(&rest, ",")))
		if (!is_size_option(option))
			return false;
	return true;
}

/* Options of the local driver are handed to mount(2). Their keys are a map's: compared as they are. */
static bool are_harmless_options(const json_t *options)
{
	const char *type = json_string_value(json_object_get(options, "type"));
	bool tmpfs = type && !strcmp(type, "tmpfs");
	const char *key;
	json_t *value;

	if (!json_is_object(options))
		return false;
	json_object_foreach ((json_t *)options, key, value) {
		const char *text = json_string_value(value);

		if (!strcmp(key, "size"))
			continue;
		if (!tmpfs || !text)
			return false;
		if (!strcmp(key, "o") ? !are_size_options(text) :
					strcmp(key, "type") && strcmp(key, "device"))
			return false;
	}
	return true;
}

static void read_volume_options(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	if (!are_harmless_options(value))
		ask(access, kind, at, NULL);
}

/* The few fields of an object whose others are of no interest. */
static void read_fields(struct access *access, json_t *object, const char *name,
	const struct access_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *value = gojson_field(object, rules[i].key);

		if (value)
			rules[i].read(access, rules[i].kind, (struct place){name, rules[i].field}, value);
	}
}

static void read_mount(struct access *access, json_t *mount)
{
	static const struct access_rule driver[] = {
		{"name", "Name", HOST_ACCESS_VOLUME_DRIVERS, read_volume_driver},
		{"options", "Options", HOST_ACCESS_VOLUME_DRIVERS, read_volume_options},
	};
	static const struct access_rule rules[] = {
		{"clusteroptions", "ClusterOptions", HOST_ACCESS_VOLUME_DRIVERS, read_any}};
	json_t *config = gojson_field(gojson_field(mount, "volumeoptions"), "driverconfig");

	read_fields(access, config, "Mounts.VolumeOptions.DriverConfig.", driver,
		ARRAY_SIZE(driver));
	read_fields(access, mount, "Mounts.", rules, ARRAY_SIZE(rules));
}

static void read_mounts(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	json_t *mount;
	size_t i;

	if (!json_is_array(value)) {
		ask(access, kind, at, NULL);
		return;
	}
	json_array_foreach (value, i, mount)
		read_mount(access, mount);
}

/* VolumesFrom, Binds and the sources of Mounts are create.c's: they are resolved before they count. */
static const struct access_rule host_config[] = {
	{"privileged", "Privileged", HOST_ACCESS_PRIVILEGED, read_privileged},
	{"capadd", "CapAdd", HOST_ACCESS_CAPABILITIES, read_capabilities},
	{"capabilities", "Capabilities", HOST_ACCESS_CAPABILITIES, read_capabilities}, /* 1.40 before its release */
	{"devices", "Devices", HOST_ACCESS_DEVICES, read_unless_empty},
	{"devicecgrouprules", "DeviceCgroupRules", HOST_ACCESS_DEVICES, read_unless_empty},
	{"devicerequests", "DeviceRequests", HOST_ACCESS_DEVICES, read_unless_empty},
	{"networkmode", "NetworkMode", HOST_ACCESS_HOST_NAMESPACES, read_network},
	{"pidmode", "PidMode", HOST_ACCESS_HOST_NAMESPACES, read_namespace},
	{"ipcmode", "IpcMode", HOST_ACCESS_HOST_NAMESPACES, read_namespace},
	{"utsmode", "UTSMode", HOST_ACCESS_HOST_NAMESPACES, read_namespace},
	{"usernsmode", "UsernsMode", HOST_ACCESS_HOST_NAMESPACES, read_namespace},
	{"cgroupnsmode", "CgroupnsMode", HOST_ACCESS_HOST_NAMESPACES, read_namespace},
	{"cgroup", "Cgroup", HOST_ACCESS_CONTAINER_NAMESPACES, read_unless_empty},
	{"securityopt", "SecurityOpt", HOST_ACCESS_UNCONFINED, read_options},
	/* An empty list is not the absent one: it takes the engine's own masks away. */
	{"maskedpaths", "MaskedPaths", HOST_ACCESS_UNCONFINED, read_any},
	{"readonlypaths", "ReadonlyPaths", HOST_ACCESS_UNCONFINED, read_any},
	{"runtime", "Runtime", HOST_ACCESS_RUNTIME, read_unless_empty},
	{"annotations", "Annotations", HOST_ACCESS_RUNTIME, read_unless_empty}, /* runc takes systemd's properties from them */
	{"cgroupparent", "CgroupParent", HOST_ACCESS_CGROUP_PARENT, read_unless_empty},
	{"volumedriver", "VolumeDriver", HOST_ACCESS_VOLUME_DRIVERS, read_volume_driver},
	{"logconfig", "LogConfig", HOST_ACCESS_LOG_DRIVERS, read_log},
	{"mounts", "Mounts", HOST_ACCESS_HOST_PATHS, read_mounts},
	{"initpath", "InitPath", HOST_ACCESS_HOST_PATHS, read_unless_empty}, /* until 1.25 */
};

/* The rest of HostConfig: limits, names, what happens inside. */
static const char *const harmless[] = {"autoremove", "binds", "blkiodevicereadbps",
	"blkiodevicereadiops", "blkiodevicewritebps", "blkiodevicewriteiops", "blkioweight",
	"blkioweightdevice", "capdrop", "consolesize", "containeridfile", "cpucount", "cpupercent",
	"cpuperiod", "cpuquota", "cpurealtimeperiod", "cpurealtimeruntime", "cpusetcpus",
	"cpusetmems", "cpushares", "diskquota", "dns", "dnsoptions", "dnssearch", "extrahosts",
	"groupadd", "init", "iomaximumbandwidth", "iomaximumiops", "isolation", "kernelmemory",
	"kernelmemorytcp", "links", "memory", "memoryreservation", "memoryswap",
	"memoryswappiness", "nanocpus", "oomkilldisable", "oomscoreadj", "pidslimit",
	"portbindings", "publishallports", "readonlyrootfs", "restartpolicy", "shmsize",
	"storageopt", "sysctls", "tmpfs", "ulimits", "volumesfrom"};

static const struct access_rule *find_rule(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(host_config); i++)
		if (!strcmp(host_config[i].key, key))
			return &host_config[i];
	return NULL;
}

static bool is_harmless(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (!strcmp(harmless[i], key))
			return true;
	return false;
}

/* `whole`: the object is HostConfig, and what is no field of it may be one of a newer engine's. */
static void read_host_config(
	struct access *access, json_t *config, const char *object, bool whole)
{
	const char *key;
	json_t *value;

	json_object_foreach (config, key, value) {
		char folded[GOJSON_KEY_SIZE];
		bool fits = gojson_fold(key, folded);
		const struct access_rule *rule = fits ? find_rule(folded) : NULL;

		if (json_is_null(value))
			continue;
		if (rule)
			rule->read(access, rule->kind, (struct place){object, rule->field}, value);
		else if (whole && !(fits && is_harmless(folded)))
			access_ask(access, HOST_ACCESS_UNKNOWN_FIELDS, "%s%s", object, key);
	}
}

void access_read_create(json_t *body, struct access *access)
{
	read_host_config(access, body, "", false);
	read_host_config(access, gojson_field(body, "hostconfig"), "HostConfig.", true);
}

void access_read_exec(json_t *body, struct access *access)
{
	static const struct access_rule rules[] = {{"privileged", "Privileged", HOST_ACCESS_PRIVILEGED, read_privileged}};

	read_fields(access, body, "", rules, ARRAY_SIZE(rules));
}

void access_read_volume(json_t *body, struct access *access)
{
	static const struct access_rule rules[] = {
		{"driver", "Driver", HOST_ACCESS_VOLUME_DRIVERS, read_volume_driver},
		{"driveropts", "DriverOpts", HOST_ACCESS_VOLUME_DRIVERS, read_volume_options},
		{"clustervolumespec", "ClusterVolumeSpec", HOST_ACCESS_VOLUME_DRIVERS, read_any},
	};

	read_fields(access, body, "", rules, ARRAY_SIZE(rules));
}

void access_read_checkpoint(json_t *body, struct access *access)
{
	static const struct access_rule rules[] = {
		{"checkpointdir", "CheckpointDir", HOST_ACCESS_HOST_PATHS, read_unless_empty}};

	read_fields(access, body, "", rules, ARRAY_SIZE(rules));
}

/* Services: their tasks are containers that managers make, with fewer fields and other names. */

static void read_task_runtime(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	static const char *const container[] = {"", "container", NULL};

	if (!is_one_of(value, container))
		ask(access, kind, at, value);
}

static void read_privileges(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		ask(access, kind, at, NULL);
	json_object_foreach ((json_t *)value, key, member) {
		char folded[GOJSON_KEY_SIZE];

		if (json_is_null(member) ||
			(gojson_fold(key, folded) && !strcmp(folded, "nonewprivileges") &&
				json_is_true(member)))
			continue;
		ask(access, kind, at, NULL);
	}
}

static void read_networks(
	struct access *access, enum host_access kind, struct place at, const json_t *value)
{
	json_t *network;
	size_t i;

	if (!json_is_array(value))
		ask(access, kind, at, NULL);
	json_array_foreach (value, i, network) {
		json_t *target = gojson_field(network, "target");

		if (target)
			read_network(access, kind, at, target);
	}
}

void access_read_service(json_t *body, struct access *access)
{
	static const struct access_rule spec[] = {{"networks", "Networks", HOST_ACCESS_HOST_NAMESPACES, read_networks}};
	static const struct access_rule task[] = {
		{"runtime", "Runtime", HOST_ACCESS_PLUGINS, read_task_runtime},
		{"pluginspec", "PluginSpec", HOST_ACCESS_PLUGINS, read_any},
		{"networks", "Networks", HOST_ACCESS_HOST_NAMESPACES, read_networks},
		{"logdriver", "LogDriver", HOST_ACCESS_LOG_DRIVERS, read_log},
	};
	static const struct access_rule container[] = {
		{"capabilityadd", "CapabilityAdd", HOST_ACCESS_CAPABILITIES, read_capabilities},
		{"capabilities", "Capabilities", HOST_ACCESS_CAPABILITIES, read_capabilities}, /* 1.40 before its release */
		{"privileges", "Privileges", HOST_ACCESS_UNCONFINED, read_privileges},
		{"mounts", "Mounts", HOST_ACCESS_HOST_PATHS, read_mounts},
	};
	json_t *template = gojson_field(body, "tasktemplate");
	json_t *inner = gojson_field(template, "containerspec");

	read_fields(access, body, "", spec, ARRAY_SIZE(spec));
	read_fields(access, template, "TaskTemplate.", task, ARRAY_SIZE(task));
	read_fields(access, inner, "TaskTemplate.ContainerSpec.", container,
		ARRAY_SIZE(container));
}
