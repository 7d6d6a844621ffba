// SPDX-License-Identifier: Apache-2.0
/*
 * What of the host a body or a query asks for. The expectations are the engine's own rules: its API's
 * documents, its source (daemon/, runconfig/, oci/, volume/local/), and what a real one did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../userspace/mediator/access.h"
#include "../../userspace/mediator/gojson.h"
#include "route.h"

#define BIT(name) HOST_ACCESS_BIT(HOST_ACCESS_##name)

static struct access read_body(const char *text, void (*read)(json_t *body, struct access *access))
{
	struct access access = {0};
	const char *problem;
	json_t *body;

	if (gojson_load(text, strlen(text), &body, &problem) != 0)
		fail_msg("%s: %s", text, problem);
	read(body, &access);
	json_decref(body);
	return access;
}

struct row {
	const char *text;
	uint32_t asked;
};

static void check(
	const struct row *rows, size_t count, void (*read)(json_t *body, struct access *access))
{
	for (size_t i = 0; i < count; i++) {
		struct access access = read_body(rows[i].text, read);

		if (access.asked != rows[i].asked)
			fail_msg("%s: asks for %x, not %x", rows[i].text, access.asked,
				rows[i].asked);
	}
}

static void fields_of_host_config_are_known(void **state)
{
	/* Each in a HostConfig of its own. */
	static const struct row fields[] = {
		{"\"Privileged\":true", BIT(PRIVILEGED)},
		{"\"privileged\":true", BIT(PRIVILEGED)},
		{"\"PRIVILEGED\":1", BIT(PRIVILEGED)},
		{"\"Privileged\":false", 0},
		{"\"Privileged\":null", 0},
		{"\"CapAdd\":[\"SYS_ADMIN\"]", BIT(CAPABILITIES)},
		{"\"CapAdd\":[\"ALL\"]", BIT(CAPABILITIES)},
		{"\"CapAdd\":[\"NET_RAW\",\"CAP_SYS_PTRACE\"]", BIT(CAPABILITIES)},
		{"\"CapAdd\":[\"net_raw\",\"CAP_CHOWN\",\"cap_kill\"]", 0},
		{"\"CapAdd\":[null]", BIT(CAPABILITIES)},
		{"\"CapAdd\":\"SYS_ADMIN\"", BIT(CAPABILITIES)},
		{"\"CapAdd\":[]", 0},
		{"\"CapDrop\":[\"ALL\"]", 0},
		{"\"Devices\":[{\"PathOnHost\":\"/dev/sda\"}]", BIT(DEVICES)},
		{"\"Devices\":[]", 0},
		{"\"DeviceCgroupRules\":[\"b *:* rwm\"]", BIT(DEVICES)},
		{"\"DeviceRequests\":[{\"Driver\":\"cdi\"}]", BIT(DEVICES)},
		{"\"DeviceRequests\":null", 0},
		{"\"NetworkMode\":\"host\"", BIT(HOST_NAMESPACES)},
		{"\"NetworkMode\":\"container:x\"", BIT(CONTAINER_NAMESPACES)},
		{"\"NetworkMode\":\"default\"", 0},
		{"\"NetworkMode\":\"my-net\"", 0},
		{"\"NetworkMode\":7", BIT(HOST_NAMESPACES)},
		{"\"PidMode\":\"host\"", BIT(HOST_NAMESPACES)},
		{"\"PidMode\":\"container:x\"", BIT(CONTAINER_NAMESPACES)},
		{"\"PidMode\":\"\"", 0},
		{"\"pidmode\":\"HOST\"", BIT(HOST_NAMESPACES)},
		{"\"IpcMode\":\"host\"", BIT(HOST_NAMESPACES)},
		{"\"IpcMode\":\"container:x\"", BIT(CONTAINER_NAMESPACES)},
		{"\"IpcMode\":\"private\"", 0},
		{"\"IpcMode\":\"shareable\"", 0},
		{"\"UTSMode\":\"host\"", BIT(HOST_NAMESPACES)},
		{"\"UsernsMode\":\"host\"", BIT(HOST_NAMESPACES)},
		{"\"CgroupnsMode\":\"host\"", BIT(HOST_NAMESPACES)},
		{"\"CgroupnsMode\":\"private\"", 0},
		{"\"Cgroup\":\"container:x\"", BIT(CONTAINER_NAMESPACES)},
		{"\"SecurityOpt\":[\"seccomp=unconfined\"]", BIT(UNCONFINED)},
		{"\"SecurityOpt\":[\"apparmor=unconfined\"]", BIT(UNCONFINED)},
		{"\"SecurityOpt\":[\"label=disable\"]", BIT(UNCONFINED)},
		{"\"SecurityOpt\":[\"systempaths=unconfined\"]", BIT(UNCONFINED)},
		{"\"SecurityOpt\":[\"seccomp={}\"]", BIT(UNCONFINED)},
		{"\"SecurityOpt\":[\"no-new-privileges=false\"]", BIT(UNCONFINED)},
		{"\"SecurityOpt\":[\"no-new-privileges\",\"no-new-privileges:true\"]", 0},
		{"\"MaskedPaths\":[]", BIT(UNCONFINED)},
		{"\"ReadonlyPaths\":[]", BIT(UNCONFINED)},
		{"\"MaskedPaths\":[\"/x\"]", BIT(UNCONFINED)},
		{"\"MaskedPaths\":null,\"ReadonlyPaths\":null", 0},
		{"\"Runtime\":\"kata\"", BIT(RUNTIME)},
		{"\"Runtime\":\"runc\"", BIT(RUNTIME)},
		{"\"Runtime\":\"\"", 0},
		{"\"Annotations\":{\"org.systemd.property.X\":\"1\"}", BIT(RUNTIME)},
		{"\"Annotations\":{}", 0},
		{"\"CgroupParent\":\"/x\"", BIT(CGROUP_PARENT)},
		{"\"CgroupParent\":\"\"", 0},
		{"\"VolumeDriver\":\"evil\"", BIT(VOLUME_DRIVERS)},
		{"\"VolumeDriver\":\"local\"", 0},
		{"\"Mounts\":[{\"Type\":\"volume\",\"VolumeOptions\":{\"DriverConfig\":{\"Options\":"
		 "{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/\"}}}}]",
			BIT(VOLUME_DRIVERS)},
		{"\"Mounts\":[{\"VolumeOptions\":{\"driverconfig\":{\"Name\":\"x\"}}}]",
			BIT(VOLUME_DRIVERS)},
		{"\"Mounts\":[{\"Type\":\"tmpfs\"},{\"Type\":\"volume\",\"VolumeOptions\":{\"NoCopy\":true}}]", 0},
		{"\"Mounts\":[{\"Type\":\"cluster\",\"ClusterOptions\":{}}]", BIT(VOLUME_DRIVERS)},
		{"\"LogConfig\":{\"Type\":\"syslog\",\"Config\":{\"syslog-address\":\"unix:///x\"}}",
			BIT(LOG_DRIVERS)},
		{"\"LogConfig\":{\"Type\":\"json-file\"}", 0},
		{"\"LogConfig\":{\"Type\":\"\",\"Config\":null}", 0},
		{"\"InitPath\":\"/x\"", BIT(HOST_PATHS)},
		{"\"Memory\":1,\"Binds\":[],\"PortBindings\":{},\"RestartPolicy\":{\"Name\":\"no\"}", 0},
		{"\"NewOfTomorrow\":true", BIT(UNKNOWN_FIELDS)},
		{"\"NewOfTomorrow\":null", 0},
		{"\"Privileged\":true,\"PidMode\":\"host\"", BIT(PRIVILEGED) | BIT(HOST_NAMESPACES)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		_cleanup_free_ char *inside = NULL, *top = NULL;
		struct row row;

		assert_true(asprintf(&inside, "{\"HostConfig\":{%s}}", fields[i].text) > 0);
		row = (struct row){inside, fields[i].asked};
		check(&row, 1, access_read_create);
		/* Engines up to 20.10 take them at the top level too, where other fields are known. */
		assert_true(asprintf(&top, "{%s}", fields[i].text) > 0);
		row = (struct row){top, fields[i].asked & ~BIT(UNKNOWN_FIELDS)};
		check(&row, 1, access_read_create);
	}
}

/* As CLI 28 sends `docker run alpine`: a client that asks for nothing must not be refused. */
static void an_ordinary_create_asks_for_nothing(void **state)
{
	static const struct row rows[] = {
		{"{\"Hostname\":\"\",\"Domainname\":\"\",\"User\":\"\",\"AttachStdin\":false,\"AttachStdout\":true,"
		 "\"AttachStderr\":true,\"Tty\":false,\"OpenStdin\":false,\"StdinOnce\":false,\"Env\":null,"
		 "\"Cmd\":[\"true\"],\"Image\":\"alpine\",\"Volumes\":{},\"WorkingDir\":\"\",\"Entrypoint\":null,"
		 "\"OnBuild\":null,\"Labels\":{},\"HostConfig\":{\"Binds\":null,\"ContainerIDFile\":\"\","
		 "\"LogConfig\":{\"Type\":\"\",\"Config\":{}},\"NetworkMode\":\"default\",\"PortBindings\":{},"
		 "\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0},\"AutoRemove\":false,"
		 "\"VolumeDriver\":\"\",\"VolumesFrom\":null,\"ConsoleSize\":[24,80],\"CapAdd\":null,"
		 "\"CapDrop\":null,\"CgroupnsMode\":\"\",\"Dns\":[],\"DnsOptions\":[],\"DnsSearch\":[],"
		 "\"ExtraHosts\":null,\"GroupAdd\":null,\"IpcMode\":\"\",\"Cgroup\":\"\",\"Links\":null,"
		 "\"OomScoreAdj\":0,\"PidMode\":\"\",\"Privileged\":false,\"PublishAllPorts\":false,"
		 "\"ReadonlyRootfs\":false,\"SecurityOpt\":null,\"UTSMode\":\"\",\"UsernsMode\":\"\","
		 "\"ShmSize\":0,\"Isolation\":\"\",\"CpuShares\":0,\"Memory\":0,\"NanoCpus\":0,"
		 "\"CgroupParent\":\"\",\"BlkioWeight\":0,\"BlkioWeightDevice\":[],\"BlkioDeviceReadBps\":[],"
		 "\"BlkioDeviceWriteBps\":[],\"BlkioDeviceReadIOps\":[],\"BlkioDeviceWriteIOps\":[],"
		 "\"CpuPeriod\":0,\"CpuQuota\":0,\"CpuRealtimePeriod\":0,\"CpuRealtimeRuntime\":0,"
		 "\"CpusetCpus\":\"\",\"CpusetMems\":\"\",\"Devices\":[],\"DeviceCgroupRules\":null,"
		 "\"DeviceRequests\":null,\"MemoryReservation\":0,\"MemorySwap\":0,\"MemorySwappiness\":-1,"
		 "\"OomKillDisable\":false,\"PidsLimit\":0,\"Ulimits\":[],\"CpuCount\":0,\"CpuPercent\":0,"
		 "\"IOMaximumIOps\":0,\"IOMaximumBandwidth\":0,\"MaskedPaths\":null,\"ReadonlyPaths\":null},"
		 "\"NetworkingConfig\":{\"EndpointsConfig\":{\"default\":{\"IPAMConfig\":null}}}}", 0},
		{"{}", 0},
		{"{\"Labels\":{\"Privileged\":\"true\"},\"Env\":[\"Privileged=true\"]}", 0},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), access_read_create);
}

static void an_exec_may_ask_for_privileges(void **state)
{
	static const struct row rows[] = {
		{"{\"Cmd\":[\"sh\"],\"Privileged\":true}", BIT(PRIVILEGED)},
		{"{\"privileged\":\"x\"}", BIT(PRIVILEGED)},
		{"{\"Cmd\":[\"sh\"],\"Privileged\":false,\"User\":\"0\"}", 0},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), access_read_exec);
}

static void a_volume_may_be_any_mount(void **state)
{
	static const struct row rows[] = {
		{"{\"Name\":\"v\"}", 0},
		{"{\"Name\":\"v\",\"Driver\":\"local\",\"DriverOpts\":{}}", 0},
		{"{\"DriverOpts\":{\"size\":\"1g\"}}", 0},
		{"{\"DriverOpts\":{\"type\":\"tmpfs\",\"device\":\"tmpfs\",\"o\":\"size=1m,uid=1\"}}", 0},
		{"{\"DriverOpts\":{\"type\":\"tmpfs\",\"device\":\"/\",\"o\":\"size=1m,bind\"}}", BIT(VOLUME_DRIVERS)},
		{"{\"DriverOpts\":{\"type\":\"tmpfs\",\"device\":\"/\",\"o\":\"rbind\"}}", BIT(VOLUME_DRIVERS)},
		{"{\"DriverOpts\":{\"type\":\"none\",\"device\":\"/\",\"o\":\"bind\"}}", BIT(VOLUME_DRIVERS)},
		{"{\"driveropts\":{\"device\":\"/\"}}", BIT(VOLUME_DRIVERS)},
		{"{\"DriverOpts\":{\"type\":\"overlay\",\"o\":\"lowerdir=/:/x\",\"device\":\"o\"}}", BIT(VOLUME_DRIVERS)},
		{"{\"DriverOpts\":{\"type\":\"proc\",\"device\":\"x\"}}", BIT(VOLUME_DRIVERS)},
		{"{\"DriverOpts\":[]}", BIT(VOLUME_DRIVERS)},
		{"{\"Driver\":\"evil\"}", BIT(VOLUME_DRIVERS)},
		{"{\"ClusterVolumeSpec\":{}}", BIT(VOLUME_DRIVERS)},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), access_read_volume);
}

#define CONTAINER(inside) "{\"TaskTemplate\":{\"ContainerSpec\":{" inside "}}}"

static void a_service_has_fields_of_its_own(void **state)
{
	static const struct row rows[] = {
		{"{}", 0},
		{CONTAINER("\"Image\":\"x\",\"Privileges\":null"), 0},
		{CONTAINER("\"CapabilityAdd\":[\"CAP_SYS_ADMIN\"]"), BIT(CAPABILITIES)},
		{CONTAINER("\"CapabilityAdd\":[\"CAP_CHOWN\"]"), 0},
		{CONTAINER("\"Privileges\":{\"Seccomp\":{\"Mode\":\"unconfined\"}}"), BIT(UNCONFINED)},
		{CONTAINER("\"Privileges\":{\"NoNewPrivileges\":true,\"CredentialSpec\":null}"), 0},
		{CONTAINER("\"Mounts\":[{\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"x\"}}}]"),
			BIT(VOLUME_DRIVERS)},
		{"{\"TaskTemplate\":{\"Runtime\":\"plugin\",\"PluginSpec\":{\"Name\":\"x\"}}}", BIT(PLUGINS)},
		{"{\"TaskTemplate\":{\"Runtime\":\"container\"}}", 0},
		{"{\"TaskTemplate\":{\"Networks\":[{\"Target\":\"host\"}]}}", BIT(HOST_NAMESPACES)},
		{"{\"Networks\":[{\"Target\":\"host\"}]}", BIT(HOST_NAMESPACES)},
		{"{\"Networks\":[{\"Target\":\"my-net\"}]}", 0},
		{"{\"TaskTemplate\":{\"LogDriver\":{\"Name\":\"syslog\"}}}", BIT(LOG_DRIVERS)},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows), access_read_service);
}

static void queries_ask_too(void **state)
{
	static const struct {
		int route;
		const char *query;
		uint32_t asked;
	} rows[] = {
		{ROUTE_BUILD, "t=x&networkmode=host", BIT(HOST_NAMESPACES)},
		{ROUTE_BUILD, "networkmode=ho%73t", BIT(HOST_NAMESPACES)},
		{ROUTE_BUILD, "net%77orkmode=host", BIT(HOST_NAMESPACES)},
		{ROUTE_BUILD, "networkmode=default&networkmode=host", BIT(HOST_NAMESPACES)},
		{ROUTE_BUILD, "networkmode=container:x", BIT(HOST_NAMESPACES)},
		{ROUTE_BUILD, "networkmode=default", 0},
		{ROUTE_BUILD, "NetworkMode=host", 0}, /* another key: url.Values does not fold */
		{ROUTE_BUILD, "cgroupparent=/x", BIT(CGROUP_PARENT)},
		{ROUTE_BUILD, "cgroupparent=", 0},
		{ROUTE_BUILD, "securityopt=%5B%22seccomp%3Dunconfined%22%5D", BIT(UNCONFINED)},
		{ROUTE_BUILD, "securityopt=null&cgroupparent", 0},
		{ROUTE_BUILD_EXPORT, "outputs=x&networkmode=host", BIT(HOST_NAMESPACES)},
		{ROUTE_BUILD, "networkmode=host%zz", 0}, /* Go drops the pair, or refuses the query */
		{ROUTE_BUILD, "networkmode=host%", 0},
		{ROUTE_BUILD, "cgroupparent=%00", BIT(CGROUP_PARENT)},
		{ROUTE_BUILD, "cgroupparent=0123456789012345678901234567890123456789012345678901234567890123456789",
			BIT(CGROUP_PARENT)},
		{ROUTE_CONTAINER_START, "checkpoint=c&checkpoint-dir=/x", BIT(HOST_PATHS)},
		{ROUTE_CONTAINER_START, "detachKeys=x", 0},
		{ROUTE_CHECKPOINT_LIST, "dir=/x", BIT(HOST_PATHS)},
		{ROUTE_CONTAINER_LIST, "networkmode=host", 0},
		{ROUTE_BUILD, "", 0},
		{ROUTE_BUILD, "&&=&", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct access access = {0};
		size_t length = strlen(rows[i].query);
		char *query = malloc(length + !length); /* without NUL, so that a read behind it shows */

		memcpy(query, rows[i].query, length);
		access_read_query(rows[i].route, (struct span){query, length}, &access);
		free(query);
		if (access.asked != rows[i].asked)
			fail_msg("%s: asks for %x, not %x", rows[i].query, access.asked,
				rows[i].asked);
	}
}

static void the_first_field_of_a_kind_is_named(void **state)
{
	struct access access = read_body(
		"{\"HostConfig\":{\"CapAdd\":[\"CHOWN\",\"SYS_ADMIN\",\"ALL\"],\"Privileged\":true}}",
		access_read_create);

	(void)state;
	assert_string_equal(access.field[HOST_ACCESS_CAPABILITIES], "HostConfig.CapAdd: SYS_ADMIN");
	assert_string_equal(access.field[HOST_ACCESS_PRIVILEGED], "HostConfig.Privileged");
	assert_int_equal(access_first(access.asked), HOST_ACCESS_PRIVILEGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_host_config_are_known),
		cmocka_unit_test(an_ordinary_create_asks_for_nothing),
		cmocka_unit_test(an_exec_may_ask_for_privileges),
		cmocka_unit_test(a_volume_may_be_any_mount),
		cmocka_unit_test(a_service_has_fields_of_its_own),
		cmocka_unit_test(queries_ask_too),
		cmocka_unit_test(the_first_field_of_a_kind_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
