# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The registry and the engine in the guest, with the images they begin with: how each is started, with
# which flags, and when it counts as ready. Sourced by the set-up; tests that stop the engine source it to
# start it again.

LOGS=${LOGS:-/run/latch-vm/logs}
STANDING_IMAGES=(localhost:5000/{allowed/cli:1,allowed/cli:2,other/cli:1})
REGISTRY=127.0.0.1:5000
ENGINE_SOCKET=/run/docker.sock
ENGINE_FLAGS=(--config-file=/run/latch-vm/daemon.json --iptables=false --ip-forward=false
	--bridge=none --storage-driver=overlay2 -H "unix://$ENGINE_SOCKET" --pidfile /run/docker.pid)

# service NAME COMMAND...: a daemon in a session and a cgroup of its own, as an init would start
# it: it must outlive the command that starts it, and must not count as part of it.
service() {
	local name=$1 group=/sys/fs/cgroup/$1
	shift
	mkdir -p "$group"
	(
		echo 0 >"$group/cgroup.procs"
		exec setsid "$@" </dev/null >>"$LOGS/$name.log" 2>&1
	) &
}

# await SECONDS WHAT COMMAND...
await() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" 2>/dev/null; do
		((SECONDS < end)) || { echo "$what is not ready in time"; return 1; }
		sleep 0.1
	done
}

# engine_curl PATH CURL-OPTION...
engine_curl() {
	local path=$1
	shift
	curl -fsS --max-time 120 --unix-socket "$ENGINE_SOCKET" "$@" "http://engine$path"
}

# unpack_images STORE: the stores were written by a real engine and registry (guest/seed). The engine's is
# unpacked: an overlay over it would not do as the upper layer of the engine's own overlays.
unpack_images() {
	tar x -C /var/lib/docker --xattrs --xattrs-include='*' -f "$1/docker.tar"
	mkdir -p /run/latch-vm/registry/{upper,work} /var/lib/docker-registry
	mount -t overlay -o "lowerdir=$1/registry,upperdir=/run/latch-vm/registry/upper" \
		-o workdir=/run/latch-vm/registry/work registry /var/lib/docker-registry
}

images_ready() {
	local image
	for image in "${STANDING_IMAGES[@]}"; do
		engine_curl "/images/$image/json" >/dev/null ||
			{ echo "the engine does not have $image"; return 1; }
	done
}

listens() { (exec 4<>"/dev/tcp/${1%:*}/${1#*:}"); }

registry_config() {
	cat <<-END
		version: 0.1
		log: {level: info}
		storage:
		  filesystem: {rootdirectory: /var/lib/docker-registry}
		  delete: {enabled: true}
		http: {addr: "$REGISTRY"}
	END
}

start_registry() {
	registry_config >/run/latch-vm/registry.yml
	service registry docker-registry serve /run/latch-vm/registry.yml
}

registry_ready() { await 60 "the registry" listens "$REGISTRY"; }

start_engine() {
	# What the machine's own engine is configured to do is not part of a test.
	echo '{}' >/run/latch-vm/daemon.json
	# Without it the engine warns at every run, on the standard error that tests compare.
	echo 1 >/proc/sys/net/ipv4/ip_forward
	service dockerd dockerd "${ENGINE_FLAGS[@]}"
}

# dockerd gives its containerd fifteen seconds and then ends, which is too soon on a machine that is slow.
engine_there() {
	[ ! -S "$ENGINE_SOCKET" ] || return 0
	! grep -q '^failed to start containerd: timeout' "$LOGS/dockerd.log" || pgrep -x dockerd >/dev/null || start_engine
	return 1
}

# The engine listens before it serves: one request that waits says more than many that fail.
engine_ready() {
	await 90 "the engine's socket" engine_there &&
		await 90 "the engine" engine_curl /_ping >/dev/null
}

stop_engine() {
	local pid
	pid=$(cat /run/docker.pid) && kill "$pid" && await 30 "the engine's end" test ! -d "/proc/$pid"
}
