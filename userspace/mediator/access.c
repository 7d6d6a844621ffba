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

/* A field that can hand out something, and who reads it. */
struct access_rule {
	const char *key;   /* in small letters */
	const char *field; /* as the API's documents have it */
	void (*read)(struct access *access, struct place at, const json_t *value);
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

static void read_capabilities(struct access *access, struct place at, const json_t *value)
{
	read_elements(access, HOST_ACCESS_CAPABILITIES, at, value, is_default_capability);
}

static void read_options(struct access *access, struct place at, const json_t *value)
{
	read_elements(access, HOST_ACCESS_UNCONFINED, at, value, is_harmless_option);
}

static void read_privileged(struct access *access, struct place at, const json_t *value)
{
	if (!json_is_false(value))
		ask(access, HOST_ACCESS_PRIVILEGED, at, NULL);
}

static void read_network(struct access *access, struct place at, const json_t *value)
{
	const char *mode = json_string_value(value);

	if (!mode || !strcmp(mode, "host"))
		ask(access, HOST_ACCESS_HOST_NAMESPACES, at, value);
	else if (!strncmp(mode, "container:", strlen("container:")))
		ask(access, HOST_ACCESS_CONTAINER_NAMESPACES, at, value);
	/* Else a network's name; that of the host under another name is the engine's to refuse. */
}

static void read_namespace(struct access *access, struct place at, const json_t *value)
{
	static const char *const own[] = {"", "private", "shareable", "none", NULL};
	const char *mode = json_string_value(value);

	if (mode && !strncmp(mode, "container:", strlen("container:")))
		ask(access, HOST_ACCESS_CONTAINER_NAMESPACES, at, value);
	else if (!is_one_of(value, own))
		ask(access, HOST_ACCESS_HOST_NAMESPACES, at, value);
}

static void read_other_container(struct access *access, struct place at, const json_t *value)
{
	if (!is_empty(value))
		ask(access, HOST_ACCESS_CONTAINER_NAMESPACES, at, value);
}

static void read_devices(struct access *access, struct place at, const json_t *value)
{
	if (!is_empty(value))
		ask(access, HOST_ACCESS_DEVICES, at, NULL);
}

/* An empty list is not the absent one: it takes the engine's own masks away. */
static void read_masks(struct access *access, struct place at, const json_t *value)
{
	(void)value;
	ask(access, HOST_ACCESS_UNCONFINED, at, NULL);
}

static void read_runtime(struct access *access, struct place at, const json_t *value)
{
	if (!is_empty(value))
		ask(access, HOST_ACCESS_RUNTIME, at, value);
}

static void read_cgroup_parent(struct access *access, struct place at, const json_t *value)
{
	if (!is_empty(value))
		ask(access, HOST_ACCESS_CGROUP_PARENT, at, value);
}

static void read_volume_driver(struct access *access, struct place at, const json_t *value)
{
	static const char *const local[] = {"", "local", NULL};

	if (!is_one_of(value, local))
		ask(access, HOST_ACCESS_VOLUME_DRIVERS, at, value);
}

/* The others are told where to send: `unix://` paths, and addresses that the host reaches. */
static void read_log(struct access *access, struct place at, const json_t *value)
{
	static const char *const quiet[] = {"", "json-file", "local", "none", "journald", NULL};
	json_t *type = gojson_field((json_t *)value, "type");
	json_t *name = gojson_field((json_t *)value, "name"); /* what a service calls it */

	if (!json_is_object(value) || (type && !is_one_of(type, quiet)) ||
		(name && !is_one_of(name, quiet)))
		ask(access, HOST_ACCESS_LOG_DRIVERS, at, type ? type : name);
}

/* A file or folder of the host's that the engine itself uses. */
static void read_host_file(struct access *access, struct place at, const json_t *value)
{
	if (!is_empty(value))
		ask(access, HOST_ACCESS_HOST_PATHS, at, value);
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

static void read_volume_options(struct access *access, struct place at, const json_t *value)
{
	if (!are_harmless_options(value))
		ask(access, HOST_ACCESS_VOLUME_DRIVERS, at, NULL);
}

#define DRIVER_CONFIG "Mounts.VolumeOptions.DriverConfig."

static void read_mount(struct access *access, json_t *mount)
{
	json_t *config = gojson_field(gojson_field(mount, "volumeoptions"), "driverconfig");
	json_t *driver = gojson_field(config, "name"), *options = gojson_field(config, "options");

	if (driver)
		read_volume_driver(access, (struct place){DRIVER_CONFIG, "Name"}, driver);
	if (options)
		read_volume_options(access, (struct place){DRIVER_CONFIG, "Options"}, options);
	if (gojson_field(mount, "clusteroptions"))
		access_ask(access, HOST_ACCESS_VOLUME_DRIVERS, "Mounts.ClusterOptions");
}

static void read_mounts(struct access *access, struct place at, const json_t *value)
{
	json_t *mount;
	size_t i;

	if (!json_is_array(value)) {
		ask(access, HOST_ACCESS_HOST_PATHS, at, NULL);
		return;
	}
	json_array_foreach (value, i, mount)
		read_mount(access, mount);
}

/* VolumesFrom, Binds and the sources of Mounts are create.c's: they are resolved before they count. */
static const struct access_rule host_config[] = {
	{"privileged", "Privileged", read_privileged},
	{"capadd", "CapAdd", read_capabilities},
	{"capabilities", "Capabilities", read_capabilities}, /* 1.40 before its release */
	{"devices", "Devices", read_devices},
	{"devicecgrouprules", "DeviceCgroupRules", read_devices},
	{"devicerequests", "DeviceRequests", read_devices},
	{"networkmode", "NetworkMode", read_network},
	{"pidmode", "PidMode", read_namespace},
	{"ipcmode", "IpcMode", read_namespace},
	{"utsmode", "UTSMode", read_namespace},
	{"usernsmode", "UsernsMode", read_namespace},
	{"cgroupnsmode", "CgroupnsMode", read_namespace},
	{"cgroup", "Cgroup", read_other_container},
	{"securityopt", "SecurityOpt", read_options},
	{"maskedpaths", "MaskedPaths", read_masks},
	{"readonlypaths", "ReadonlyPaths", read_masks},
	{"runtime", "Runtime", read_runtime},
	{"annotations", "Annotations", read_runtime}, /* runc takes systemd's properties from them */
	{"cgroupparent", "CgroupParent", read_cgroup_parent},
	{"volumedriver", "VolumeDriver", read_volume_driver},
	{"logconfig", "LogConfig", read_log},
	{"mounts", "Mounts", read_mounts},
	{"initpath", "InitPath", read_host_file}, /* until 1.25 */
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
			rule->read(access, (struct place){object, rule->field}, value);
		else if (whole && !(fits && is_harmless(folded)))
			access_ask(access, HOST_ACCESS_UNKNOWN_FIELDS, "%s%s", object, key);
	}
}

void access_read_create(json_t *body, struct access *access)
{
	read_host_config(access, body, "", false);
	read_host_config(access, gojson_field(body, "hostconfig"), "HostConfig.", true);
}

/* The few fields of an object whose others are of no interest. */
static void read_fields(struct access *access, json_t *object, const char *name,
	const struct access_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *value = gojson_field(object, rules[i].key);

		if (value)
			rules[i].read(access, (struct place){name, rules[i].field}, value);
	}
}

void access_read_exec(json_t *body, struct access *access)
{
	static const struct access_rule rules[] = {{"privileged", "Privileged", read_privileged}};

	read_fields(access, body, "", rules, ARRAY_SIZE(rules));
}

static void read_cluster_volume(struct access *access, struct place at, const json_t *value)
{
	(void)value;
	ask(access, HOST_ACCESS_VOLUME_DRIVERS, at, NULL);
}

void access_read_volume(json_t *body, struct access *access)
{
	static const struct access_rule rules[] = {
		{"driver", "Driver", read_volume_driver},
		{"driveropts", "DriverOpts", read_volume_options},
		{"clustervolumespec", "ClusterVolumeSpec", read_cluster_volume},
	};

	read_fields(access, body, "", rules, ARRAY_SIZE(rules));
}

void access_read_checkpoint(json_t *body, struct access *access)
{
	static const struct access_rule rules[] = {
		{"checkpointdir", "CheckpointDir", read_host_file}};

	read_fields(access, body, "", rules, ARRAY_SIZE(rules));
}

/* Services: their tasks are containers that managers make, with fewer fields and other names. */

static void read_task_runtime(struct access *access, struct place at, const json_t *value)
{
	static const char *const container[] = {"", "container", NULL};

	if (!is_one_of(value, container))
		ask(access, HOST_ACCESS_PLUGINS, at, value);
}

static void read_plugin(struct access *access, struct place at, const json_t *value)
{
	(void)value;
	ask(access, HOST_ACCESS_PLUGINS, at, NULL);
}

static void read_privileges(struct access *access, struct place at, const json_t *value)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		ask(access, HOST_ACCESS_UNCONFINED, at, NULL);
	json_object_foreach ((json_t *)value, key, member) {
		char folded[GOJSON_KEY_SIZE];

		if (json_is_null(member) ||
			(gojson_fold(key, folded) && !strcmp(folded, "nonewprivileges") &&
				json_is_true(member)))
			continue;
		ask(access, HOST_ACCESS_UNCONFINED, at, NULL);
	}
}

static void read_networks(struct access *access, struct place at, const json_t *value)
{
	json_t *network;
	size_t i;

	if (!json_is_array(value))
		ask(access, HOST_ACCESS_HOST_NAMESPACES, at, NULL);
	json_array_foreach (value, i, network) {
		json_t *target = gojson_field(network, "target");

		if (target)
			read_network(access, at, target);
	}
}

void access_read_service(json_t *body, struct access *access)
{
	static const struct access_rule spec[] = {{"networks", "Networks", read_networks}};
	static const struct access_rule task[] = {
		{"runtime", "Runtime", read_task_runtime},
		{"pluginspec", "PluginSpec", read_plugin},
		{"networks", "Networks", read_networks},
		{"logdriver", "LogDriver", read_log},
	};
	static const struct access_rule container[] = {
		{"capabilityadd", "CapabilityAdd", read_capabilities},
		{"capabilities", "Capabilities", read_capabilities}, /* 1.40 before its release */
		{"privileges", "Privileges", read_privileges},
		{"mounts", "Mounts", read_mounts},
	};
	json_t *template = gojson_field(body, "tasktemplate");
	json_t *inner = gojson_field(template, "containerspec");

	read_fields(access, body, "", spec, ARRAY_SIZE(spec));
	read_fields(access, template, "TaskTemplate.", task, ARRAY_SIZE(task));
	read_fields(access, inner, "TaskTemplate.ContainerSpec.", container,
		ARRAY_SIZE(container));
}
