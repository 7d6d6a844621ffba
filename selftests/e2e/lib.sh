# SPDX-License-Identifier: Apache-2.0
# What the end-to-end tests share. A test is a bash script `<what>.test` that runs as root in the VM
# with engine, registry and latch, and prints one line a check: "ok - sentence" or "not ok - sentence"
# with what was found. Its header says what it needs:
#   # settings: NAME     selftests/settings/NAME.json (default: deny-push)
#   # kernels: all       also on the oldest and the newest kernel, not only on the main one; full: only
#                        with selftests/run --full
#   # transport: both   a second suite, NAME-direct, with latchd --transport=direct; or direct alone
#   # full: TRANSPORT  under that one only with selftests/run --full
#   # system: debian     a plain Debian with systemd and its engine, and without latch: the test installs it
#   # make: TARGET       what make builds before
#   # engine: 28         another engine than this machine's, with its own client
#   # timeout: SECONDS   instead of 900
#   # packages: SUITE NAME...   packages of selftests/vm/packages.txt, unpacked in $LATCH_PACKAGES
#   # npm: FOLDER       what the folder's package-lock.json names, in $LATCH_NPM/node_modules
set -u

readonly SOCKET=/var/run/docker.sock
readonly ALLOWED=localhost:5000/allowed/cli:1 OTHER=localhost:5000/other/cli:1
readonly TOOLS=$PWD/build/tools
readonly SETTINGS=$PWD/selftests/settings
readonly TRANSPORT=${LATCH_VM_TRANSPORT:-mediated}
failures=0

ok() { echo "ok - $1"; }
not_ok() {
	echo "not ok - $1"
	shift
	printf '#   %s\n' "$@"
	failures=$((failures + 1))
}

# is SENTENCE FOUND EXPECTED
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "found:    $2" "expected: $3"; fi; }

# has SENTENCE TEXT PART: the text contains the part, literally.
has() { case $2 in *"$3"*) ok "$1" ;; *) not_ok "$1" "found:    $2" "expected to contain: $3" ;; esac; }
lacks() { case $2 in *"$3"*) not_ok "$1" "found:    $2" "expected not to contain: $3" ;; *) ok "$1" ;; esac; }

# works SENTENCE COMMAND...: exit status 0.
works() {
	local sentence=$1 output
	shift
	if output=$("$@" 2>&1); then ok "$sentence"; else not_ok "$sentence" "status $?: $output"; fi
}

# fails_with SENTENCE PART COMMAND...: another status, and the part in what it prints.
fails_with() {
	local sentence=$1 part=$2 output
	shift 2
	if output=$("$@" 2>&1); then not_ok "$sentence" "it succeeded: $output"; else has "$sentence" "$output" "$part"; fi
}

skip() { echo "ok - $1 # SKIP $2"; }

# until_true SECONDS COMMAND...: tries five times a second.
until_true() {
	local tries=$(($1 * 5))
	shift
	for ((i = 0; i < tries; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.2
	done
	return 1
}

finish() { exit $((failures > 0)); }

mount_message() {
	echo "enhanced container isolation: docker socket mount denied for container with image \"$1\"; image is not in the allowed list; if you wish to allow it, configure the docker socket image list in the Docker Desktop settings."
}
command_message() {
	echo "enhanced container isolation: docker command \"$1\" is blocked; if you wish to allow it, configure the docker socket command list in the Docker Desktop settings or admin-settings."
}

# with_socket IMAGE COMMAND...: a container that mounts the socket runs the command.
with_socket() {
	docker run --rm -v $SOCKET:$SOCKET "$@"
}

# knock_from DOCKER-ARGUMENTS... -- PATH...: connects to sockets from inside a container; one line a path.
knock_from() {
	local arguments=()
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	docker run --rm -v "$TOOLS/knock:/knock:ro" "${arguments[@]}" /knock "$@" 2>&1
}

# What a refused request looks like to the one who sends it, as tools/keepalive prints it. Mediated it is
# an answer, and the connection goes on; direct it is EPERM from send, and the connection is dead.
if [ "$TRANSPORT" = direct ]; then readonly REFUSED='errno 1'; else readonly REFUSED=403; fi

# refusal MESSAGE: what the docker CLI prints of a refused request: in direct transport there is nobody
# to say more than the kernel does.
refusal() { if [ "$TRANSPORT" = direct ]; then echo 'operation not permitted'; else echo "$1"; fi; }

# with_tool NAME: arguments for docker that put $TOOLS/NAME at /NAME.
with_tool() { echo "-v $TOOLS/$1:/$1:ro"; }

# open_keepalive CONTAINER: one connection from inside the container, which must have the tool keepalive.
# One at a time; the one before is closed.
open_keepalive() {
	close_keepalive
	mkfifo /tmp/keepalive.in
	docker exec -i "$1" /keepalive $SOCKET </tmp/keepalive.in >/tmp/keepalive.out 2>&1 &
	exec 6>/tmp/keepalive.in
	keepalive_lines=0
	keepalive_line
}
close_keepalive() {
	exec 6>&-
	rm -f /tmp/keepalive.in /tmp/keepalive.out
}
# Waits for the next line of the tool, in $keepalive.
keepalive_line() {
	keepalive_lines=$((keepalive_lines + 1))
	until_true 20 sh -c "[ \$(wc -l </tmp/keepalive.out) -ge $keepalive_lines ]"
	keepalive=$(sed -n ${keepalive_lines}p /tmp/keepalive.out)
}
# keepalive_is SENTENCE EXPECTED METHOD PATH: the next request on that connection: a status, "errno N" of
# its send, or "closed" without an answer.
keepalive_is() {
	echo "$3 $4" >&6
	keepalive_line
	is "$1" "$keepalive" "$2"
}

# on_terminal COMMAND...: for what wants a terminal. What it shows comes without its carriage returns,
# and may have the echo of script's end of input among it.
on_terminal() { script -qec "$*" /dev/null </dev/null | tr -d '\r'; }

# install_buildx: the buildx of $LATCH_PACKAGES becomes a plugin of the host's docker, in a
# DOCKER_CONFIG that containers may mount.
install_buildx() {
	: "${LATCH_PACKAGES:?is not set: selftests/run sets it from the header}"
	export DOCKER_CONFIG=/tmp/docker-config
	install -D "$LATCH_PACKAGES/usr/libexec/docker/cli-plugins/docker-buildx" $DOCKER_CONFIG/cli-plugins/docker-buildx
	# BuildKit tries a program of every architecture, and the kernel looks for a module for each.
	echo >/proc/sys/kernel/modprobe
}

# start_latch SETTINGS-FILE: as the runner does, in the background, ready when it returns.
start_latch() {
	build/latchd --settings "$1" --transport "$TRANSPORT" >>/var/log/latchd.log 2>&1 &
	until_true 30 build/latchctl status
}

# The pids of latchd and the mediator, never the holder's.
latch_pids() { pgrep -x 'latchd|latch-mediator' | tr '\n' ' '; }
kill_latch() {
	kill -KILL $(latch_pids) 2>/dev/null
	until_true 10 no_latch_process
}
no_latch_process() { [ -z "$(latch_pids)" ]; }
