# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Faults that containers make: many at once, frozen, and gone.

burst_of_refusals() { contained "$TOOLS/caller" burst 1000 $SOCKET >>$FAULTS/bursts; }

# Ten containers that knock and end, in parallel.
short_lived() {
	local i waiting=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		docker run --rm -v /run:/x -v "$TOOLS/knock:/knock:ro" $OTHER /knock /x/docker.sock >"$FAULTS/knock.$i" 2>&1 &
		waiting+=($!)
	done
	wait "${waiting[@]}"
	is "$sentence: each of them is refused" "$(cat $FAULTS/knock.* | sort | uniq -c | tr -s ' ')" \
		' 10 /x/docker.sock errno 1' >&3
}

# Processes that the scope's own ones make, each its own knock.
fork_storm() {
	contained sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do
		(for j in 1 2 3 4 5 6 7 8 9 10; do "$0" "$1"; done) &
	done; wait' "$TOOLS/knock" $SOCKET >$FAULTS/knocked
	is "$sentence: each of them is refused" "$(sort $FAULTS/knocked | uniq -c | tr -s ' ')" \
		" 100 $SOCKET errno 1" >&3
}

freeze() {
	must sh -c "echo 1 >$ALLOWED_SCOPE/cgroup.freeze"
	sleep 4
	mend
	echo 0 >"$ALLOWED_SCOPE/cgroup.freeze"
}

# Its processes are gone, and it is started again.
pause_container() {
	local friend
	friend=$(docker run -d -v $SOCKET:$SOCKET $ALLOWED sh -c 'while :; do docker ps -q; sleep 0.2; done')
	sleep 1
	must docker pause "$friend"
	sleep 2
	must docker unpause "$friend"
	works "$sentence: it is served again" docker exec "$friend" docker ps -q >&3
	docker rm -f "$friend"
}
kill_container() {
	local friend
	friend=$(docker run -d -v $SOCKET:$SOCKET $ALLOWED sh -c 'while :; do docker ps -q; sleep 0.2; done')
	must docker kill "$friend"
	must docker start "$friend"
	works "$sentence: it is served when it is started again" docker exec "$friend" docker ps -q >&3
	docker rm -f "$friend"
}

release_and_start() {
	must build/latchctl release
	sleep 2
	mend
	again
}
remove_pins() {
	must rm -r /sys/fs/bpf/latch
	sleep 4
	has "$sentence: status says so" "$(build/latchctl status)" 'THE LATCH IS OPEN' >&3
	mend
	kill_latch
	again
}

load_rows() {
	row 'a contained container makes 1000 connects at once' burst_of_refusals
	row 'a contained container forks 100 processes that connect' fork_storm
	full_row 'ten containers that are refused are started at once' short_lived
	row 'an allowed container is frozen' 'allowed=waits?' 'mended=it is thawed' freeze
	full_row 'an allowed container is paused in a request' pause_container
	full_row 'an allowed container is killed in a request' kill_container
}

# What root may do, and what is open then.
open_rows() {
	# Until a new latchd has adopted the engine, and judged who was there before, it refuses.
	row 'latchctl release, and latchd is started again' 'both=EPERM?|ENOENT?|ECONNREFUSED?|cut off?' \
		'mended=latchd is started' lost='all while there is no latch' reports \
		'open=**let through**: it was released' release_and_start
	# The mediator finds nothing in the kernel that says who a client is, and answers nobody.
	row 'root removes the pins of the kernel programs' \
		'both=403|EPERM?|ENOENT?|ECONNREFUSED?|cut off?|503?' 'mended=latchd is started' \
		lost='all while there is no latch' reports 'open=**let through**: status says so' remove_pins
}
