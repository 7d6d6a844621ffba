// SPDX-License-Identifier: Apache-2.0
/*
 * A message is walked by tables: of each field its wire type, and who reads it. A field that is in no
 * table is one that a later BuildKit has given a meaning to, and is asked about (unknownFields).
 */
#include <errno.h>
#include <stdio.h>

#include "buildkit.h"
#include "gojson.h"
#include "protobuf.h"
#include "query.h"
#include "route.h"

#define BROKEN "latch: this message is not one that BuildKit's protocol has, or can be read in two ways"

struct rule {
	uint32_t number;
	enum protobuf_type type;
	/* NULL: harmless. Returns 0 or -EBADMSG. */
	int (*read)(const struct protobuf_field *field, struct build_ask *ask);
};

/* The rules of one kind of message, and its name in messages. */
struct kind {
	const char *name;
	const struct rule *rules;
	size_t count;
};

#define KIND(name_, rules_) {.name = (name_), .rules = (rules_), .count = ARRAY_SIZE(rules_)}

static const struct rule *find_rule(const struct kind *kind, uint32_t number)
{
	for (size_t i = 0; i < kind->count; i++)
		if (kind->rules[i].number == number)
			return &kind->rules[i];
	return NULL;
}

static int walk(const struct kind *kind, struct span message, struct build_ask *ask)
{
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		const struct rule *rule = find_rule(kind, field.number);

		if (!rule) {
			access_ask(&ask->access, HOST_ACCESS_UNKNOWN_FIELDS, "%s field %u", kind->name,
				field.number);
			continue;
		}
		if (rule->type != field.type)
			return -EBADMSG;
		r = rule->read ? rule->read(&field, ask) : 0;
		if (r < 0)
			return r;
	}
	return r;
}

static void say_push(struct build_ask *ask, const char *what)
{
	if (!ask->pushes)
		snprintf(ask->push, sizeof(ask->push), "%s", what);
	ask->pushes = true;
}

/* Letter by letter, which span_is() is not. */
static bool is(struct span text, const char *word)
{
	return text.length == strlen(word) && !memcmp(text.data, word, text.length);
}

static bool is_one_of(struct span text, const char *const *words)
{
	for (; *words; words++)
		if (is(text, *words))
			return true;
	return false;
}

/* An entry of a map: one key and one value, either of which may be missing. */
static int read_entry(struct span entry, struct span *key, struct span *value)
{
	struct protobuf_field field;
	bool seen[3] = {false};
	int r;

	*key = *value = (struct span){"", 0};
	while ((r = protobuf_next(&entry, &field)) > 0) {
		if (field.number > 2 || field.type != PROTOBUF_BYTES || seen[field.number])
			return -EBADMSG;
		seen[field.number] = true;
		*(field.number == 1 ? key : value) = field.bytes;
	}
	return r;
}

/* ---- what goes to a registry ---- */

/* strconv.ParseBool's words for no; to the exporter an empty value is a yes. */
static bool is_false(struct span value)
{
	static const char *const words[] = {"0", "f", "F", "false", "False", "FALSE", NULL};

	return is_one_of(value, words);
}

/* Exporters that write to the engine's images or to the client, unless an attribute says more. */
static bool stays_here(struct span type)
{
	static const char *const types[] = {
		"", "image", "moby", "docker", "oci", "local", "tar", "cacheonly", NULL};

	return is_one_of(type, types);
}

static bool says_push(struct span key, struct span value)
{
	/* The exporter knows it in small letters alone; a spelling that it may know one day counts too. */
	return span_is(key, "push") && !is_false(value);
}

static int read_exporter_attribute(const struct protobuf_field *field, struct build_ask *ask)
{
	struct span key, value;
	int r = read_entry(field->bytes, &key, &value);

	if (r == 0 && says_push(key, value))
		say_push(ask, "by an exporter with push");
	return r;
}

static int read_exporter_type(const struct protobuf_field *field, struct build_ask *ask)
{
	if (!stays_here(field->bytes))
		say_push(ask, "by an exporter that is none of image, docker, oci, local and tar");
	return 0;
}

static int read_exporter(const struct protobuf_field *field, struct build_ask *ask)
{
	static const struct rule rules[] = {
		{1, PROTOBUF_BYTES, read_exporter_type},
		{2, PROTOBUF_BYTES, read_exporter_attribute},
	};
	static const struct kind kind = KIND("Exporter", rules);

	return walk(&kind, field->bytes, ask);
}

/* The engine asks the client's session for more exporters, and what that answers is not seen. */
static int read_session_exporter(const struct protobuf_field *field, struct build_ask *ask)
{
	if (field->value)
		say_push(ask, "by exporters that its session names");
	return 0;
}

/* In the image, or at the client; all others upload. */
static bool cache_stays_here(struct span type)
{
	static const char *const types[] = {"inline", "local", NULL};

	return is_one_of(type, types);
}

/* A type that is missing, or one of two that uploads, is one that does. */
static int read_cache_export(const struct protobuf_field *field, struct build_ask *ask)
{
	struct span entry = field->bytes;
	struct protobuf_field part;
	bool typed = false, uploads = false;
	int r;

	while ((r = protobuf_next(&entry, &part)) > 0) {
		if (part.number > 2)
			access_ask(&ask->access, HOST_ACCESS_UNKNOWN_FIELDS, "CacheOptionsEntry field %u",
				part.number);
		else if (part.type != PROTOBUF_BYTES)
			return -EBADMSG;
		if (part.number != 1)
			continue;
		typed = true;
		uploads = uploads || !cache_stays_here(part.bytes);
	}
	if (r == 0 && (!typed || uploads))
		say_push(ask, "by a cache that it exports");
	return r;
}

static int read_cache_reference(const struct protobuf_field *field, struct build_ask *ask)
{
	if (field->bytes.length)
		say_push(ask, "by a cache that it exports");
	return 0;
}

static int read_cache(const struct protobuf_field *field, struct build_ask *ask)
{
	static const struct rule rules[] = {
		{1, PROTOBUF_BYTES, read_cache_reference}, /* ExportRefDeprecated */
		{2, PROTOBUF_BYTES, NULL},		   /* ImportRefsDeprecated */
		{3, PROTOBUF_BYTES, NULL},		   /* ExportAttrsDeprecated: of field 1 */
		{4, PROTOBUF_BYTES, read_cache_export},	   /* Exports */
		{5, PROTOBUF_BYTES, NULL},		   /* Imports */
	};
	static const struct kind kind = KIND("CacheOptions", rules);

	return walk(&kind, field->bytes, ask);
}

/* ---- what is asked of the host ---- */

static int read_entitlement(const struct protobuf_field *field, struct build_ask *ask)
{
	struct span name = field->bytes;

	if (is(name, "network.host"))
		access_ask(&ask->access, HOST_ACCESS_HOST_NAMESPACES, "Entitlements: network.host");
	else if (is(name, "security.insecure"))
		access_ask(&ask->access, HOST_ACCESS_PRIVILEGED, "Entitlements: security.insecure");
	else if (name.length >= 6 && !memcmp(name.data, "device", 6))
		access_ask(&ask->access, HOST_ACCESS_DEVICES, "Entitlements: device");
	else
		access_ask(&ask->access, HOST_ACCESS_UNKNOWN_FIELDS, "Entitlements: an unknown one");
	return 0;
}

/* Of the Dockerfile frontend; the engine wants an entitlement for the network as well. */
static int read_frontend_attribute(const struct protobuf_field *field, struct build_ask *ask)
{
	static const char *const networks[] = {"", "none", "sandbox", "default", NULL};
	struct span key, value;
	int r = read_entry(field->bytes, &key, &value);

	if (r == 0 && is(key, "cgroup-parent") && value.length)
		access_ask(&ask->access, HOST_ACCESS_CGROUP_PARENT, "FrontendAttrs: cgroup-parent");
	if (r == 0 && is(key, "force-network-mode") && !is_one_of(value, networks))
		access_ask(&ask->access, HOST_ACCESS_HOST_NAMESPACES, "FrontendAttrs: force-network-mode");
	return r;
}

static const struct rule solve_rules[] = {
	{1, PROTOBUF_BYTES, NULL},			/* Ref */
	{2, PROTOBUF_BYTES, NULL},			/* Definition */
	{3, PROTOBUF_BYTES, read_exporter_type},	/* ExporterDeprecated */
	{4, PROTOBUF_BYTES, read_exporter_attribute},	/* ExporterAttrsDeprecated */
	{5, PROTOBUF_BYTES, NULL},			/* Session */
	{6, PROTOBUF_BYTES, NULL},			/* Frontend */
	{7, PROTOBUF_BYTES, read_frontend_attribute},	/* FrontendAttrs */
	{8, PROTOBUF_BYTES, read_cache},		/* Cache */
	{9, PROTOBUF_BYTES, read_entitlement},		/* Entitlements */
	{10, PROTOBUF_BYTES, NULL},			/* FrontendInputs */
	{11, PROTOBUF_VARINT, NULL},			/* Internal */
	{12, PROTOBUF_BYTES, NULL},			/* SourcePolicy */
	{13, PROTOBUF_BYTES, read_exporter},		/* Exporters */
	{14, PROTOBUF_VARINT, read_session_exporter},	/* EnableSessionExporter */
	{15, PROTOBUF_BYTES, NULL},			/* SourcePolicySession */
	{16, PROTOBUF_VARINT, NULL},			/* CompatibilityVersion */
	{17, PROTOBUF_VARINT, NULL},			/* ProxyNetwork */
};

/* What a frontend asks for when it calls itself: the attributes are the same. */
static const struct rule bridge_solve_rules[] = {
	{1, PROTOBUF_BYTES, NULL},		      /* Definition */
	{2, PROTOBUF_BYTES, NULL},		      /* Frontend */
	{3, PROTOBUF_BYTES, read_frontend_attribute}, /* FrontendOpt */
	{4, PROTOBUF_BYTES, NULL},		      /* ImportCacheRefs, before 0.11 */
	{5, PROTOBUF_VARINT, NULL},		      /* allowResultReturn */
	{6, PROTOBUF_VARINT, NULL},		      /* allowResultArrayRef */
	{10, PROTOBUF_VARINT, NULL},		      /* Final */
	{11, PROTOBUF_BYTES, NULL},		      /* ExporterAttr: of the image's configuration */
	{12, PROTOBUF_BYTES, NULL},		      /* CacheImports */
	{13, PROTOBUF_BYTES, NULL},		      /* FrontendInputs */
	{14, PROTOBUF_VARINT, NULL},		      /* Evaluate */
	{15, PROTOBUF_BYTES, NULL},		      /* SourcePolicies */
};

/* pb.NetMode: 0 is the sandbox, 2 none. */
static int read_network(const struct protobuf_field *field, struct build_ask *ask)
{
	if (field->value != 0 && field->value != 2)
		access_ask(&ask->access, HOST_ACCESS_HOST_NAMESPACES, "NewContainer: Network");
	return 0;
}

/* pb.MountType: up to 4 they show results of the build, the client's secrets and agent, caches, memory. */
static int read_mount_type(const struct protobuf_field *field, struct build_ask *ask)
{
	if (field->value > 4)
		access_ask(&ask->access, HOST_ACCESS_HOST_PATHS, "NewContainer: a mount of unknown type");
	return 0;
}

static int read_mount(const struct protobuf_field *field, struct build_ask *ask)
{
	static const struct rule rules[] = {
		{1, PROTOBUF_VARINT, NULL},	       /* input */
		{2, PROTOBUF_BYTES, NULL},	       /* selector */
		{3, PROTOBUF_BYTES, NULL},	       /* dest */
		{4, PROTOBUF_VARINT, NULL},	       /* output */
		{5, PROTOBUF_VARINT, NULL},	       /* readonly */
		{6, PROTOBUF_VARINT, read_mount_type}, /* mountType */
		{19, PROTOBUF_BYTES, NULL},	       /* TmpfsOpt */
		{20, PROTOBUF_BYTES, NULL},	       /* cacheOpt */
		{21, PROTOBUF_BYTES, NULL},	       /* secretOpt */
		{22, PROTOBUF_BYTES, NULL},	       /* SSHOpt */
		{23, PROTOBUF_BYTES, NULL},	       /* resultID */
		{24, PROTOBUF_VARINT, NULL},	       /* contentCache */
	};
	static const struct kind kind = KIND("Mount", rules);

	return walk(&kind, field->bytes, ask);
}

static const struct rule container_rules[] = {
	{1, PROTOBUF_BYTES, NULL},	    /* ContainerID */
	{2, PROTOBUF_BYTES, read_mount},    /* Mounts */
	{3, PROTOBUF_VARINT, read_network}, /* Network */
	{4, PROTOBUF_BYTES, NULL},	    /* platform */
	{5, PROTOBUF_BYTES, NULL},	    /* constraints */
	{6, PROTOBUF_BYTES, NULL},	    /* extraHosts */
	{7, PROTOBUF_BYTES, NULL},	    /* hostname */
};

/* pb.SecurityMode: 0 is the sandbox. */
static int read_security(const struct protobuf_field *field, struct build_ask *ask)
{
	if (field->value)
		access_ask(&ask->access, HOST_ACCESS_PRIVILEGED, "ExecProcess: Security");
	return 0;
}

static int read_cgroup_parent(const struct protobuf_field *field, struct build_ask *ask)
{
	if (field->bytes.length)
		access_ask(&ask->access, HOST_ACCESS_CGROUP_PARENT, "ExecProcess: Meta.cgroupParent");
	return 0;
}

static int read_meta(const struct protobuf_field *field, struct build_ask *ask)
{
	static const struct rule rules[] = {
		{1, PROTOBUF_BYTES, NULL},		 /* args */
		{2, PROTOBUF_BYTES, NULL},		 /* env */
		{3, PROTOBUF_BYTES, NULL},		 /* cwd */
		{4, PROTOBUF_BYTES, NULL},		 /* user */
		{5, PROTOBUF_BYTES, NULL},		 /* proxy_env */
		{6, PROTOBUF_BYTES, NULL},		 /* extraHosts */
		{7, PROTOBUF_BYTES, NULL},		 /* hostname */
		{9, PROTOBUF_BYTES, NULL},		 /* ulimit */
		{10, PROTOBUF_BYTES, read_cgroup_parent}, /* cgroupParent */
		{11, PROTOBUF_VARINT, NULL},		 /* removeMountStubsRecursive */
		{12, PROTOBUF_BYTES, NULL},		 /* validExitCodes, packed */
	};
	static const struct kind kind = KIND("Meta", rules);

	return walk(&kind, field->bytes, ask);
}

static int read_init(const struct protobuf_field *field, struct build_ask *ask)
{
	static const struct rule rules[] = {
		{1, PROTOBUF_BYTES, NULL},	     /* ContainerID */
		{2, PROTOBUF_BYTES, read_meta},	     /* Meta */
		{3, PROTOBUF_BYTES, NULL},	     /* Fds */
		{4, PROTOBUF_VARINT, NULL},	     /* Tty */
		{5, PROTOBUF_VARINT, read_security}, /* Security */
		{6, PROTOBUF_BYTES, NULL},	     /* secretenv */
	};
	static const struct kind kind = KIND("InitMessage", rules);

	return walk(&kind, field->bytes, ask);
}

static const struct rule process_rules[] = {
	{1, PROTOBUF_BYTES, NULL},	/* ProcessID */
	{2, PROTOBUF_BYTES, read_init}, /* Init */
	{3, PROTOBUF_BYTES, NULL},	/* File */
	{4, PROTOBUF_BYTES, NULL},	/* Resize */
	{5, PROTOBUF_BYTES, NULL},	/* Started */
	{6, PROTOBUF_BYTES, NULL},	/* Exit */
	{7, PROTOBUF_BYTES, NULL},	/* Done */
	{8, PROTOBUF_BYTES, NULL},	/* Signal */
};

static const struct {
	int route;
	struct kind kind;
} kinds[] = {
	{ROUTE_CALL_SOLVE, KIND("SolveRequest", solve_rules)},
	{ROUTE_CALL_BRIDGE_SOLVE, KIND("LLBBridge.SolveRequest", bridge_solve_rules)},
	{ROUTE_CALL_NEW_CONTAINER, KIND("NewContainerRequest", container_rules)},
	{ROUTE_CALL_EXEC_PROCESS, KIND("ExecMessage", process_rules)},
};

int buildkit_read(int route, struct span message, struct build_ask *ask, const char **problem)
{
	memset(ask, 0, sizeof(*ask));
	*problem = BROKEN;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].route == route)
			return walk(&kinds[i].kind, message, ask);
	return -EBADMSG;
}

/* ---- the classic request ---- */

static struct span span_of(json_t *text)
{
	const char *string = json_string_value(text);

	return (struct span){string ? string : "", string ? json_string_length(text) : 0};
}

static bool attributes_push(json_t *attributes)
{
	const char *key;
	json_t *value;

	if (!json_is_object(attributes))
		return !json_is_null(attributes);
	json_object_foreach (attributes, key, value)
		if (!json_is_string(value) || says_push((struct span){key, strlen(key)}, span_of(value)))
			return true;
	return false;
}

/* {"Type": ..., "Attrs": {...}}, of each spelling of these keys that Go takes for them. */
static bool output_pushes(json_t *output)
{
	char folded[GOJSON_KEY_SIZE];
	const char *key;
	json_t *value;

	if (!json_is_object(output))
		return true;
	json_object_foreach (output, key, value) {
		if (!gojson_fold(key, folded))
			continue;
		if (!strcmp(folded, "type") && !(json_is_string(value) && stays_here(span_of(value))))
			return true;
		if (!strcmp(folded, "attrs") && attributes_push(value))
			return true;
	}
	return false;
}

static bool outputs_push(const char *text)
{
	json_t *outputs = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL), *output;
	bool pushes = !json_is_array(outputs) && !json_is_null(outputs);
	size_t i;

	json_array_foreach (outputs, i, output)
		pushes = pushes || output_pushes(output);
	json_decref(outputs);
	return pushes;
}

static bool pair_pushes(const struct query_pair *pair)
{
	_cleanup_free_ char *value = malloc(pair->value.length + 1);
	char key[16];
	bool dropped;

	if (!query_decode(pair->key, key, sizeof(key), &dropped) || strcmp(key, "outputs"))
		return false;
	if (!value || !query_decode(pair->value, value, pair->value.length + 1, &dropped))
		return true;
	return *value && outputs_push(value);
}

bool buildkit_outputs_push(struct span query, char push[BUILD_PUSH_SIZE])
{
	struct query_pair pair;

	snprintf(push, BUILD_PUSH_SIZE, "by the outputs in its query");
	while (query_next(&query, &pair))
		if (pair_pushes(&pair))
			return true;
	return false;
}
