# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Faults of the engine, and of the registry.

restart_engine() {
	must stop_engine
	sleep 2
	mend
	start_engine
	must engine_ready
}
engine() { pgrep -x dockerd; }
engine_gone() { ! pgrep -x dockerd; }
kill_engine() {
	must kill -KILL "$(engine)"
	must until_true 20 engine_gone
}
restart_killed_engine() {
	kill_engine
	sleep 2
	mend
	start_engine
	must engine_ready
}
hang_engine() {
	must kill -STOP "$(engine)"
	sleep 4
	mend
	kill -CONT "$(engine)"
}
kill_containerd() {
	must kill -KILL "$(pgrep -x containerd | head -n 1)"
	must until_true 60 docker run --rm $OTHER true
}
kill_engine_under_a_stream() {
	open_stream
	kill_engine
	stream_ends
	mend
	start_engine
	must engine_ready
}
# A build of one long step, and a pull.
kill_engine_under_work() {
	printf 'FROM %s\nRUN sleep 30\n' $OTHER | DOCKER_BUILDKIT=0 docker build --network none - &
	local building=$!
	docker pull $ALLOWED &
	local pulling=$!
	sleep 2
	must kill -0 $building
	kill_engine
	mend
	start_engine
	must engine_ready
	wait $building $pulling
}
# Until a new latchd has seen the engine's new socket the kernel knows its name alone.
restart_engine_without_latchd() {
	kill_latch
	restart_unseen_engine
	is "$sentence: who comes now is refused, the host too" "$("$TOOLS/knock" $SOCKET)" "$SOCKET errno 1" >&3
	mend
	again
}
restart_engine_while_latchd_hangs() {
	must kill -STOP "$(latchd)"
	restart_unseen_engine
	mend
	kill -CONT "$(latchd)"
}
restart_unseen_engine() {
	local inode
	inode=$(stat -c %i /run/docker.sock)
	must stop_engine
	start_engine
	must until_true 60 new_socket "$inode"
	sleep 2
}
new_socket() { [ "$(stat -c %i /run/docker.sock)" != "$1" ] && [ "$(stat -c %a /run/docker.sock)" != 0 ]; }
start_latchd_before_engine() {
	must stop_engine
	kill_latch
	again_without_engine
	sleep 2
	mend
	start_engine
	must engine_ready
}
again_without_engine() {
	build/latchd --settings "$LATCH_VM_SETTINGS" >>/var/log/latchd.log 2>&1 &
	must until_true 20 sh -c "[ \"\$(curl -s -o /dev/null -w '%{http_code}' --unix-socket $SOCKET http://docker/_ping)\" = 503 ]"
}
kill_everything() {
	must kill -KILL "$(engine)" $(latch_pids)
	must until_true 20 engine_gone
	sleep 1
	mend
	start_engine
	again
	must engine_ready
}

registry() { pgrep -x docker-registry; }
# What was known of the registry goes on counting.
stop_registry_for_good() {
	must kill -KILL "$(registry)"
	docker run --rm $ALLOWED true
	with_socket $ALLOWED docker ps -q
	is "$sentence: the image that was known may have the socket" $? 0 >&3
	fails_with "$sentence: one that was not may not" 'denied' with_socket $OTHER true >&3
	mend
	start_registry
	must registry_ready
}
hang_registry() {
	must kill -STOP "$(registry)"
	with_socket $ALLOWED docker ps -q
	is "$sentence: the image that was known may have the socket" $? 0 >&3
	mend
	kill -CONT "$(registry)"
}

set_clock() { must date -s "@$(($(date +%s) + $1))"; }
clock_ahead() {
	set_clock 86400
	sleep 3
	mend
	set_clock -86400
}
clock_behind() {
	set_clock -86400
	sleep 3
	mend
	set_clock 86400
}

# An engine that stops removes the path, and one that starts removes it again, binds, and is adopted a
# moment later: what of that a caller meets is chance. That there is a 503 while it is away is none.
readonly RESTART='503|ENOENT?|EPERM?|ECONNREFUSED?|cut off?' AT_RESTART='ENOENT?|ECONNREFUSED?'
readonly PERHAPS_RESTART="503?|${RESTART#503|}"

engine_rows() {
	row 'the engine stops, and is started' both="$RESTART" contained="$AT_RESTART" \
		'mended=the engine is started' restart_engine
	row 'the engine is killed, and started' both="$RESTART" contained="$AT_RESTART" \
		'mended=the engine is started' restart_killed_engine
	row 'the engine hangs (SIGSTOP)' both=waits 'mended=it goes on' hang_engine
	full_row 'containerd is killed' 'both=503?' kill_containerd
	full_row 'the engine is killed while a stream is open' both="$PERHAPS_RESTART" contained="$AT_RESTART" \
		'mended=the engine is started' kill_engine_under_a_stream
	full_row 'the engine is killed during a build and a pull' both="$PERHAPS_RESTART" contained="$AT_RESTART" \
		'mended=the engine is started' kill_engine_under_work
	row 'the engine is started anew while there is no latchd' both="waits|$PERHAPS_RESTART" \
		contained="$AT_RESTART" 'mended=latchd is started' reports restart_engine_without_latchd
	row 'the engine is started anew while latchd hangs' both="EPERM|$PERHAPS_RESTART" \
		contained="$AT_RESTART" 'mended=it goes on' restart_engine_while_latchd_hangs
	row 'latchd is started before the engine' both="$RESTART" contained="$AT_RESTART" \
		'mended=the engine is started' reports start_latchd_before_engine
	full_row 'engine, latchd and mediator are killed' both="$PERHAPS_RESTART" contained="$AT_RESTART" \
		'mended=all are started' reports kill_everything
	row 'the registry is gone' 'mended=it is started' stop_registry_for_good
	row 'the registry hangs' 'mended=it goes on' hang_registry
	row 'the clock goes a day ahead, and back' 'mended=it is set right' clock_ahead
	full_row 'the clock goes a day back, and ahead' 'mended=it is set right' clock_behind
}
