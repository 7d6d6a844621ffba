# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the client suites share, behind e2e/lib.sh: one workload in two places, on the host and in an
# allowed container, and how it is seen that exactly the commands that are not on the list were
# refused there, whichever transport refuses. README.md has the contract of a workload.

readonly CLIENTS=$PWD/selftests/clients
readonly BOX=clients-box # stands still, to be looked at and committed

# What every workload is given beside its NAME and TO_PUSH.
environment=("IMAGE=$OTHER" "BOX=$BOX")

# start_client DOCKER-ARGUMENTS...: the allowed container. The workloads have the same path there.
start_client() {
	client=$(docker run -d -v $SOCKET:$SOCKET -v "$CLIENTS:$CLIENTS:ro" "$@" $ALLOWED sleep 10000)
	docker run -d --name $BOX $OTHER sleep 10000 >/dev/null
}

# This machine's programs and libraries in a container, in the place of the image's own.
readonly MACHINE_PROGRAMS=(-v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro)

to_push() { echo "localhost:5000/new/$1:1"; }

# here NAME WORKLOAD ARGUMENT...; inside NAME WORKLOAD ARGUMENT...
here() { with_environment "$@" 2>&1; }
inside() { with_environment docker exec "$client" "$@" 2>&1; }
with_environment() {
	local place=()
	[ "$1" != docker ] || { place=("${@:1:3}"); shift 3; }
	"${place[@]}" env "${environment[@]}" "NAME=$1" "TO_PUSH=$(to_push "$1")" "$CLIENTS/$2" "${@:3}"
}

# usual WHO NAME WORKLOAD EXPECTED: in both places at once. EXPECTED has the word NAME where the
# workload's own stands.
usual() {
	audit_from=$(audit | wc -l)
	here "$2-host" "$3" usual >/tmp/on-host &
	is "$1 does its usual work in an allowed container" "$(inside "$2-inside" "$3" usual)" "${4//NAME/$2-inside}"
	wait $!
	is "$1 does its usual work on the host" "$(cat /tmp/on-host)" "${4//NAME/$2-host}"
}

audit() { build/latchctl audit --json; }

# The commands that the allowed container was refused since `usual`.
refused_commands() {
	audit | tail -n +"$((audit_from + 1))" | grep -F "\"container\":\"$client\"" | grep -F '"verdict":"refused"' |
		sed 's/.*"command":"\([^"]*\)".*/\1/' | sort -u
}
refused_are() { [ "$(refused_commands)" = "$1" ]; }

ask_engine() { curl -s --unix-socket $SOCKET "http://docker/v1.41/$1"; }
# Every object by its id, every tag, and the registry's repositories.
engine_state() {
	local what
	for what in 'containers/json?all=1' 'images/json?all=1' networks volumes; do
		ask_engine "$what" | grep -oE '"(Id|RepoTags|Name)":("[^"]*"|\[[^]]*\])' | sort
	done
	curl -s http://localhost:5000/v2/_catalog
}

# made NAME: which of the commands had their effect.
made() {
	! curl -fs "http://localhost:5000/v2/new/$1/tags/list" >/dev/null || echo push
	! is_there "images/$1-committed/json" || echo commit
	! is_there "networks/$1-network" || echo 'network create'
	! is_there "images/$1-built/json" || echo build
}
is_there() { ask_engine "$1" | grep -q '"Id"'; }

# is_refusal SENTENCE FOUND URI: the message of ECI with a URI that begins so; on the direct
# transport a send that is not permitted, in the words of whichever client.
is_refusal() {
	local sentence=$1 found=${2//\\\"/\"} message
	if [ "$TRANSPORT" = direct ]; then
		if grep -qiE 'operation not permitted|\bEPERM\b' <<<"$found"; then
			ok "$sentence"
		else
			not_ok "$sentence" "found:    $found" 'expected: the error of a send that is not permitted'
		fi
		return
	fi
	message=$(command_message "$3@")
	case $found in
	*"${message%@*}"*"${message#*@}"*) ok "$sentence" ;;
	*) not_ok "$sentence" "found:    $found" "expected: $message (any end of the URI for @)" ;;
	esac
}

# other WHO NAME WORKLOAD COMMAND=URI...: what is not on the list. Goes after `usual`: the audit is
# to have nothing refused since then but these commands.
other() {
	local who=$1 name=$2 workload=$3 pair output before commands
	shift 3
	docker tag $OTHER "$(to_push "$name-inside")"
	docker tag $OTHER "$(to_push "$name-host")"
	before=$(engine_state)
	output=$(inside "$name-inside" "$workload" other)
	for pair; do
		is_refusal "$who in an allowed container is refused ${pair%%=*}" \
			"$(grep "^${pair%%=*}: " <<<"$output")" "${pair#*=}"
	done
	is 'and nothing changed in the engine and the registry' "$(engine_state)" "$before"
	[ "$(wc -l <<<"$output")" = $# ] || sed 's/^/#   it said: /' <<<"$output"
	commands=$(printf '%s\n' "${@%%=*}" | sort)
	until_true 5 refused_are "$commands"
	is "and the audit has these commands as refused, and none of $who's usual work" "$(refused_commands)" "$commands"
	here "$name-host" "$workload" other >/tmp/on-host
	is "$who on the host is not bound by the list" "$(made "$name-host" | sort)" "$commands"
	[ "$(made "$name-host" | sort)" = "$commands" ] || sed 's/^/#   /' /tmp/on-host
}

# policy NAME: another list comes into force; the containers keep the socket.
policy() {
	cp "$SETTINGS/$1.json" "$LATCH_VM_SETTINGS"
	works "the list of $1 is put into force" build/latchctl reload
}
