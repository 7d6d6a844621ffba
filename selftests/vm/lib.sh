# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts of this folder share: where things lie, how they speak, which tools must be
# there, how a cache entry comes into being (under a lock, then by rename, so that parallel runs
# never see half of one), and how packages of another suite are had. It starts nothing.

VM_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
REPO=$(cd -- "$VM_DIR/../.." && pwd -P)
CACHE=${LATCH_CACHE:-$REPO/.cache}
PROG=selftests/vm/${0##*/}

# The statuses that are the runner's own; README.md tells the user what they mean.
# shellcheck disable=SC2034
readonly ST_USAGE=2 ST_TIMEOUT=124 ST_BOOT=200 ST_SETUP=201 ST_LOST=202

say() { printf '%s: %s\n' "$PROG" "$*" >&2; }
die() { local st=$1; shift; say "$*"; exit "$st"; }
usage_error() { say "$*"; printf 'Try %s --help\n' "$PROG" >&2; exit "$ST_USAGE"; }

# help_from FILE: the help text is the block between "#: " marks of a script, so that what a
# reader of the file sees and what --help prints cannot differ.
help_from() { sed -n 's/^#: \{0,1\}//p' "$1"; }

# need TOOL PACKAGE [TOOL PACKAGE...]: one clear line instead of a shell error later on.
need() {
	while [ $# -gt 1 ]; do
		command -v "$1" >/dev/null 2>&1 ||
			die "$ST_BOOT" "$1 is missing: it is in the Debian package $2 (make deps-test installs it)"
		shift 2
	done
}

# once DIR COMMAND...: DIR exists afterwards; if it did not, COMMAND was run with a fresh folder as
# its last argument, which then became DIR.
once() {
	local dir=$1 tmp lock
	shift
	[ ! -e "$dir/.complete" ] || return 0
	mkdir -p "$(dirname "$dir")"
	exec {lock}>"$dir.lock"
	flock "$lock"
	if [ ! -e "$dir/.complete" ]; then
		tmp=$(mktemp -d "$dir.XXXXXX")
		chmod 755 "$tmp"
		# A subshell with its own -e: as part of a condition the caller's is off.
		if ! (set -e; "$@" "$tmp"); then
			rm -rf "$tmp"
			exec {lock}>&-
			return 1
		fi
		: >"$tmp/.complete"
		rm -rf "$dir"
		mv -T "$tmp" "$dir"
	fi
	exec {lock}>&-
}

# key FILE...: a short name for the contents of these files.
key() { cat -- "$@" | sha256sum | cut -c1-16; }

# mirror LABEL: the address of the archive with that label, from apt's own sources.
mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' -v l="$1" '$1 == "Debian" && $2 == l { print $3; exit }'
}

write_sources() {
	local suite=$1 main security keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=
	main=$(mirror Debian)
	[ -n "$main" ] || { say "apt knows no Debian mirror: run apt-get update first"; return 1; }
	[ ! -e "$keyring" ] || signed="[signed-by=$keyring]"
	echo "deb $signed $main $suite main"
	security=$(mirror Debian-Security)
	[ -z "$security" ] || [ "$suite" != bookworm ] || echo "deb $signed $security $suite-security main"
}

# private_apt STATE TOOL ARGUMENT...: an apt of its own, with its files in the folder STATE: the
# machine's lists, cache and sources stay as they are. Signatures are checked as ever.
private_apt() {
	local state=$1 tool=$2
	shift 2
	APT_CONFIG=$state/apt.conf "$tool" -q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State="$state/state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
		-o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false \
		-o Acquire::AllowInsecureRepositories=false -o Acquire::Retries=3 -o Acquire::Languages=none "$@"
}

# open_suite STATE SUITE [ARCHITECTURE]: makes STATE ready for private_apt, with that suite's index; of
# this machine's architecture, or another.
open_suite() {
	local state=$1 suite=$2 arch=${3-}
	mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
	: >"$state/status"
	printf '%s' "${arch:+APT::Architecture \"$arch\"; APT::Architectures { \"$arch\"; };}" >"$state/apt.conf"
	write_sources "$suite" >"$state/sources.list" || return 1
	private_apt "$state" apt-get update >"$state/log" 2>&1 || { tail -n 3 "$state/log" >&2; return 1; }
}

# The client side and the guest's agent are one program, built on demand.
build_conduit() {
	need cc gcc
	local dir
	dir=$CACHE/conduit/$(key "$VM_DIR"/conduit/*)
	once "$dir" compile_conduit
	CONDUIT=$dir/conduit
}
compile_conduit() {
	"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -Werror -o "$1/conduit" \
		"$VM_DIR"/conduit/{agent,client}.c
}

# client_options LOGS TIMEOUT [NAME[=VALUE]...]: sets OPTIONS, the client's, so that a command sees
# what the guest's set-up left for commands, the caller's LATCH_* and TERM, and what was asked for.
client_options() {
	local logs=$1 timeout=$2 e
	shift 2
	OPTIONS=(-p "$PROG" -l "$logs" -c "$REPO")
	[ -z "$timeout" ] || OPTIONS+=(-t "$timeout")
	while read -r e; do OPTIONS+=(-e "$e"); done <"$logs/environment"
	for e in TERM $(compgen -e LATCH_ || true) "$@"; do
		case $e in
		*=*) OPTIONS+=(-e "$e") ;;
		*) [ -z "${!e+set}" ] || OPTIONS+=(-e "$e=${!e}") ;;
		esac
	done
}
