# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Faults of the mediator, and of its clients.

mediator() { pgrep -x latch-mediator; }
no_mediator() { ! mediator; }
mediator_runs() { [ -n "$(mediator)" ]; }
kill_mediator() {
	local before
	before=$(mediator_ends)
	kill -KILL "$(mediator)"
	must until_true 20 more_ends "$before"
}
mediator_ends() { grep -c '"event":"mediator-ended"' $AUDIT; }
more_ends() { [ "$(mediator_ends)" -gt "$1" ]; }

# A stream that an allowed container has open on the engine; its pid in $stream.
open_stream() {
	allowed curl -sN --unix-socket $SOCKET http://docker/events >$FAULTS/stream 2>&1 &
	stream=$!
	sleep 1
	must kill -0 $stream
}
stream_ends() {
	must until_true 20 sh -c "! kill -0 $stream"
}

kill_mediator_under_a_stream() {
	open_stream
	kill_mediator
	stream_ends
}

kill_mediator_five_times() {
	local i
	for i in 1 2 3 4 5; do
		kill_mediator
		must until_true 20 mediator_runs
	done
}

stop_mediator() {
	must kill -STOP "$(mediator)"
	sleep 3
	mend
	kill -CONT "$(mediator)"
}

# The kernel ends it for its memory: more than the limit of its group, as soon as it grows.
starve_mediator() {
	local group=/sys/fs/cgroup/faults-memory pid
	pid=$(mediator)
	mkdir -p $group
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	echo 1M >$group/memory.max
	echo "$pid" >$group/cgroup.procs
	head -c 30000000 /dev/zero | tr '\0' ' ' >$FAULTS/large
	curl -s -o /dev/null -H 'Content-Type: application/json' --data-binary @$FAULTS/large \
		--unix-socket $SOCKET http://docker/containers/create
	must until_true 20 grep -q 'oom_kill [1-9]' $group/memory.events
}

# Four hundred clients that hold connections, and room for few more descriptors than there are.
take_descriptors() {
	local pid open holding
	pid=$(mediator)
	open=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)
	prlimit --pid "$pid" --nofile=$((open + 20)):$((open + 20))
	allowed "$TOOLS/caller" hold 400 4 $SOCKET '' &
	holding=$!
	sleep 4
	mend
	wait $holding
}

# A fork is refused: the group of latchd has as many tasks as it may have.
refuse_forks() {
	local group=/sys/fs/cgroup/faults-tasks
	echo +pids >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $group
	echo "$(pgrep -x latchd)" >$group/cgroup.procs
	echo 1 >$group/pids.max
	kill_mediator
	sleep 3
	must no_mediator
	mend
	echo max >$group/pids.max
	until_true 30 mediator_runs
}

# What has its name lives for a moment each time: long enough for a status that finds it running.
end_at_the_start() {
	local i
	printf '#!/bin/sh\nsleep 0.7\nexit 1\n' >/tmp/short-lived
	chmod 755 /tmp/short-lived
	mount --bind /tmp/short-lived build/latch-mediator
	kill_mediator
	must until_true 10 status_says 'the mediator keeps ending (status 1; '
	for i in 1 2 3 4 5 6 7 8; do must status_says 'the mediator keeps ending (status 1; '; done
	mend
	umount build/latch-mediator
	until_true 30 mediator_runs
}
status_says() { build/latchctl status | grep -qF "$1"; }

fails() { ! "$@"; }
start_container_without_mediator() {
	kill_mediator
	must with_socket $ALLOWED docker ps -q
	must fails with_socket $OTHER docker ps -q
}

hold_half_heads() {
	must allowed "$TOOLS/caller" hold 200 5 $SOCKET $'GET /_ping HTTP/1.1\r\nHo'
}
hold_idle() { must allowed "$TOOLS/caller" hold 500 5 $SOCKET ''; }

kill_client_in_body() {
	local i client
	for i in 1 2 3 4 5; do
		(head -c 100000 /dev/zero && sleep 20) |
			allowed curl -s -T - -X POST --unix-socket $SOCKET http://docker/images/load &
		client=$!
		sleep 0.5
		must kill -KILL $client
	done
}

mediator_rows() {
	row 'the mediator is killed' 'both=cut off?' reports kill_mediator
	full_row 'the mediator is killed while a stream is open' 'both=cut off?' reports kill_mediator_under_a_stream
	row 'the mediator is killed five times in a row' 'both=cut off?' reports kill_mediator_five_times
	row 'the mediator hangs (SIGSTOP)' both=waits 'mended=it goes on' stop_mediator
	row 'the mediator is ended for its memory' 'both=cut off?' reports starve_mediator
	row 'the mediator has no descriptor left' 'both=cut off?' 'mended=connections end' reports take_descriptors
	full_row 'the mediator is killed, and none can be started' both='waits|cut off?' \
		'mended=tasks may be made again' reports refuse_forks
	row 'the mediator ends at its start, again and again' both='waits|cut off?' \
		'mended=its program is put right' reports end_at_the_start
	row 'containers are started while there is no mediator' 'both=cut off?' reports start_container_without_mediator
	row 'an allowed container holds 200 connections with half a head' hold_half_heads
	row 'an allowed container holds 500 idle connections' hold_idle
	full_row 'clients are killed in the middle of a body' kill_client_in_body
}
