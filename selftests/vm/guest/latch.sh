# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How latch is started in the guest and when it counts as ready. Sourced by the set-up after
# engine.sh; tests that stop latch source both, in the checkout, to start it again.

LOGS=${LOGS:-/run/latch-vm/logs}
repo=${repo:-$PWD}
LATCH_SETTINGS=/run/latch-vm/settings.json
LATCH_LIMIT=${LATCH_LIMIT:-90}

start_latch() {
	local f
	for f in build/latchd build/latchctl; do
		[ -x "$repo/$f" ] || { echo "$f is not built: run make first"; return 1; }
	done
	# A copy: a test may change it, and it must belong to root as on any machine.
	[ -e "$LATCH_SETTINGS" ] || install -m 644 "$LOGS/settings.json" "$LATCH_SETTINGS"
	service latch "$repo/build/latchd" --settings "$LATCH_SETTINGS" --transport "${LATCH_VM_TRANSPORT:-mediated}"
	LATCH_PID=$!
}

latch_ready() {
	local end=$((SECONDS + LATCH_LIMIT))
	until "$repo/build/latchctl" status >"$LOGS/latchctl.log" 2>&1; do
		if ! kill -0 "$LATCH_PID" 2>/dev/null; then
			echo "latchd ended:"
		elif ((SECONDS >= end)); then
			echo "latchd is not ready after $LATCH_LIMIT s (latchctl status says no):"
		else
			sleep 0.2
			continue
		fi
		cat "$LOGS/latchctl.log"
		tail -n 15 "$LOGS/latch.log"
		return 1
	done
}
