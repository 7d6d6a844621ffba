# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Faults of latchd and the holder, and of the policy.

latchd() { pgrep -x latchd; }
policy() { cp "$SETTINGS/$1.json" "$LATCH_VM_SETTINGS"; }
again() { must start_latch "$LATCH_VM_SETTINGS"; }

kill_latchd() {
	kill_latch
	sleep 2
	mend
	again
}

end_latchd() {
	kill -TERM "$(latchd)"
	must until_true 20 no_latch_process
	sleep 1
	mend
	again
}

# The kernel ends it for its memory: settings that are larger than the limit of its group.
starve_latchd() {
	local group=/sys/fs/cgroup/faults-latchd
	mkdir -p $group
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	echo 1M >$group/memory.max
	latchd >$group/cgroup.procs
	head -c 3000000 /dev/zero | tr '\0' ' ' >>"$LATCH_VM_SETTINGS"
	build/latchctl reload
	must until_true 20 grep -q 'oom_kill [1-9]' $group/memory.events
	must until_true 20 no_latchd
	kill_latch
	policy deny-push
	mend
	again
}
no_latchd() { ! latchd; }

stop_latchd() {
	must kill -STOP "$(latchd)"
	sleep 5
	mend
	kill -CONT "$(latchd)"
}

# Whoever starts a container asks latchd, and waits; the kernel knows the new scope all the same.
start_container_while_stopped() {
	local allowed other
	must kill -STOP "$(latchd)"
	with_socket $ALLOWED docker ps -q &
	allowed=$!
	docker run --rm -v /run:/x -v "$TOOLS/knock:/knock:ro" $OTHER /knock /x/docker.sock >$FAULTS/knocked 2>&1 &
	other=$!
	sleep 3
	mend
	kill -CONT "$(latchd)"
	wait $allowed && wait $other
	is "$sentence: the allowed one is served" $? 0 >&3
	is "$sentence: the other one is refused" "$(cat $FAULTS/knocked)" '/x/docker.sock errno 1' >&3
}

kill_latchd_under_a_start() {
	docker run --rm -v /run:/x -v "$TOOLS/knock:/knock:ro" $OTHER /knock /x/docker.sock >$FAULTS/knocked 2>&1 &
	local starting=$!
	sleep 0.4
	kill_latch
	sleep 1
	mend
	again
	wait $starting
	lacks "$sentence: the container is not let through" "$(cat $FAULTS/knocked)" connected >&3
	# The engine may have made it, and nobody told the client.
	docker ps -aq --filter "ancestor=$OTHER" | xargs -r docker rm -f
}

# The engine starts both again by itself; the kernel still has the grant of the one.
restart_containers_without_latchd() {
	local friend other
	friend=$(docker run -d --restart=always -v "$TOOLS/knock:/knock:ro" -v /run:/x $ALLOWED sleep 1000)
	other=$(docker run -d --restart=always -v "$TOOLS/knock:/knock:ro" -v /run:/x $OTHER sleep 1000)
	local pids
	pids=$(docker inspect -f '{{.State.Pid}}' "$friend" "$other")
	kill_latch
	kill -KILL $pids
	must until_true 30 restarted "$friend"
	must until_true 30 restarted "$other"
	is "$sentence: the kernel has let the allowed one in, and not the other" \
		"$(tag_of "$friend") $(tag_of "$other")" '2 3' >&3
	mend
	again
	docker rm -f "$friend" "$other"
}
restarted() { grep -q . "/sys/fs/cgroup/docker/$1/cgroup.procs" && [ -n "$(tag_of "$1")" ]; }
tag_of() {
	bpftool -j map dump pinned /sys/fs/bpf/latch/cgroups | tr '}' '\n' |
		grep -o "\"tag\":[^,]*.*\"$1\"" | sed 's/"tag":\([^,]*\).*/\1/'
}

# SIGHUP, and latchd has looked.
hang_up() {
	local before
	before=$(grep -c '"event":"reload' $AUDIT)
	kill -HUP "$(latchd)"
	must until_true 20 sh -c "[ \$(grep -c '\"event\":\"reload' $AUDIT) -gt $before ]"
}
reload_good() { policy deny-info && hang_up && policy deny-push && hang_up; }
reload_broken() {
	echo '{ "enhancedContainerIsolation": { "value": fals' >"$LATCH_VM_SETTINGS"
	hang_up
	mend
	policy deny-push && hang_up
}
reload_replaced() {
	cp "$SETTINGS/deny-info.json" "$LATCH_VM_SETTINGS.new"
	mv "$LATCH_VM_SETTINGS.new" "$LATCH_VM_SETTINGS"
	hang_up && policy deny-push && hang_up
}
reload_removed() {
	rm "$LATCH_VM_SETTINGS"
	hang_up
	mend
	policy deny-push && hang_up
}
restart_with_broken_settings() {
	echo '{' >"$LATCH_VM_SETTINGS"
	kill_latch
	must fails timeout 20 build/latchd --settings "$LATCH_VM_SETTINGS"
	mend
	policy deny-push
	again
}
kill_latchd_under_a_reload() {
	policy deny-info
	kill -HUP "$(latchd)"
	kill_latch
	mend
	policy deny-push
	again
}
restart_with_another_policy() {
	kill_latch
	policy allow-ps-only
	mend
	again
	policy deny-push && hang_up
}
# Off the list and on again: the grant goes, and comes back.
list_another_image() {
	policy other-image && hang_up
	sleep 2
	mend
	policy deny-push && hang_up
}
second_latchd() { must fails timeout 20 build/latchd --settings "$LATCH_VM_SETTINGS"; }

# Another build of the same version, from another folder.
upgrade() {
	mkdir -p $FAULTS/build
	cp build/latchd build/latch-mediator build/latch-holder $FAULTS/build
	kill -TERM "$(latchd)"
	must until_true 20 no_latch_process
	mend
	$FAULTS/build/latchd --settings "$LATCH_VM_SETTINGS" >>/var/log/latchd.log 2>&1 &
	must until_true 30 build/latchctl status
}
# It runs from that folder still.
lose_mediator_program() {
	must mv $FAULTS/build/latch-mediator $FAULTS/build/gone
	kill_mediator
	sleep 2
	must no_mediator
	mend
	mv $FAULTS/build/gone $FAULTS/build/latch-mediator
}

holder() { pgrep -x latch-holder; }
kill_holder() {
	local old
	old=$(holder)
	must kill -KILL "$old"
	must until_true 10 another_holder "$old"
}
another_holder() { [ -n "$(holder)" ] && [ "$(holder)" != "$1" ]; }
# With the last descriptor the listener dies, and each container's mount of it: latchd gives them the new one.
kill_all_of_latch() {
	kill_latch # first: it would start another holder
	holder | xargs -r kill -KILL
	sleep 2
	mend
	again
}
stop_holder_under_a_restart() {
	must kill -STOP "$(holder)"
	kill_latch
	build/latchd --settings "$LATCH_VM_SETTINGS" >>/var/log/latchd.log 2>&1 &
	sleep 3
	mend
	kill -CONT "$(holder)"
	must until_true 30 build/latchctl status
}

latchd_rows() {
	row 'latchd is killed' 'both=waits|cut off?' 'mended=latchd is started' reports kill_latchd
	full_row 'latchd is ended (SIGTERM)' 'both=waits|cut off?' 'mended=latchd is started' reports end_latchd
	full_row 'latchd is ended for its memory' 'both=waits|cut off?' 'mended=latchd is started' reports starve_latchd
	row 'latchd hangs (SIGSTOP)' 'mended=it goes on' stop_latchd
	row 'containers are started while latchd hangs' 'mended=it goes on' start_container_while_stopped
	full_row 'latchd is killed while a container is started' 'both=waits|cut off?' \
		'mended=latchd is started' reports kill_latchd_under_a_start
	row 'the engine starts containers anew while there is no latchd' 'both=waits|cut off?' \
		'mended=latchd is started' reports restart_containers_without_latchd
	row 'SIGHUP with another policy' reload_good
	row 'SIGHUP with a malformed policy' 'mended=the file is corrected' reload_broken
	full_row 'the settings file is replaced by a rename' reload_replaced
	row 'the settings file is removed' 'mended=the file is put back' reload_removed
	row 'latchd is killed, and the policy is malformed' 'both=waits|cut off?' \
		'mended=the file is corrected, latchd started' reports restart_with_broken_settings
	full_row 'latchd is killed while it reads another policy' 'both=waits|cut off?' \
		'mended=latchd is started' reports kill_latchd_under_a_reload
	full_row 'latchd is started with another policy' 'both=cut off?' \
		'mended=latchd is started' reports restart_with_another_policy
	full_row 'the image is taken from the list, and comes back' allowed=EPERM \
		'mended=the policy is put back' list_another_image
	row 'a second latchd is started' second_latchd
	full_row 'another build of latchd takes over' 'both=cut off?' \
		'mended=the new one is started' reports upgrade
	full_row 'the mediator is killed, and its program is gone' both='waits|cut off?' \
		'mended=the program is put back' reports lose_mediator_program
	full_row 'the holder hangs while latchd is started anew' 'both=waits|cut off?' \
		'mended=it goes on' reports stop_holder_under_a_restart
	row 'the holder is killed' kill_holder
	row 'latchd and the mediator are killed, and then the holder' 'both=ECONNREFUSED|cut off?' contained=ECONNREFUSED \
		'mended=latchd is started' reports kill_all_of_latch
}
