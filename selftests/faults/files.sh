# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Faults of the sockets' names, of what latchd keeps on the disk, and of the audit log.

unlink_public() { must rm /run/docker.sock; }
put_file_there() {
	must rm /run/docker.sock
	echo 'not a socket' >/run/docker.sock
	sleep 2
	mend
	must rm /run/docker.sock
}
# The engine stops, and a contained task's socket comes to lie at its path: by the host, for a container is
# kept from it.
plant_socket() {
	local planter
	must stop_engine
	contained "$TOOLS/plant" /run/aside.sock &
	planter=$!
	must until_true 20 sh -c '[ "$(stat -c %a /run/aside.sock)" = 666 ]'
	mv /run/aside.sock /run/docker.sock
	must until_true 20 grep -q '"event":"planted"' $AUDIT
	sleep 1
	kill -KILL $planter
	mend
	start_engine
	must engine_ready
}
unlink_engine_socket() {
	must rm /run/latch/engine.sock
	sleep 2
	mend
	must stop_engine
	start_engine
	must engine_ready
}
unlink_latch_name() {
	must rm /run/latch/public.sock
	sleep 2
	mend
	ln /run/docker.sock /run/latch/public.sock
}
unlink_holder_door() {
	must rm /run/latch/holder.sock /run/latch/control.sock
	mend
	kill_latch
	again
}

readonly STATE=/var/lib/latch
with_state() { # COMMAND...: changes what is kept while there is no latchd
	kill_latch
	"$@"
	mend
	again
}
state_gone() { must rm -r $STATE; }
state_cut() { must truncate -s 40 $STATE/grants $STATE/digests; }
state_garbage() {
	head -c 4096 /dev/urandom >$STATE/grants
	head -c 4096 /dev/urandom >$STATE/digests
}
state_full() {
	must mount -t tmpfs -o size=64k none $STATE
	head -c 100000 /dev/zero >$STATE/full
}
state_read_only() { must mount --bind $STATE $STATE && must mount -o remount,bind,ro $STATE; }
# A container that is started meanwhile has its grant all the same: it is in the kernel.
with_state_over() {
	with_state "$1"
	with_socket $ALLOWED docker ps -q
	is "$sentence: an allowed container is served" $? 0 >&3
	umount $STATE
}

readonly SMALL=/tmp/faults-audit
# latchd writes its audit to a small file system of its own in these two.
small_audit() {
	mkdir -p $SMALL
	must mount -t tmpfs -o size=1m none $SMALL
	kill_latch
	audit_files=($AUDIT $SMALL/audit.jsonl)
	build/latchd --settings "$LATCH_VM_SETTINGS" --audit $SMALL/audit.jsonl >>/var/log/latchd.log 2>&1 &
	must until_true 30 build/latchctl status
}
fill_audit() {
	small_audit
	dd if=/dev/zero of=$SMALL/full bs=4k 2>/dev/null
	contained "$TOOLS/caller" burst 2000 $SOCKET >>$FAULTS/bursts
	mend
	must rm $SMALL/full
	sleep 1
	echo "$(counted records_lost) records lost"
	cp $SMALL/audit.jsonl $FAULTS/after-full.jsonl
	is "$sentence: latchd counts what it could not write" \
		"$([ "$(counted records_lost)" -gt 0 ] && echo counted)" counted >&3
}
# Each record behind the gap is whole: at most one line is none.
check_fragments() {
	is 'a record that was cut short by a full disk takes no other one with it' \
		"$(python3 -c 'import json, sys
bad = [line for line in open(sys.argv[1]) if not line.startswith("{\"time\"") or line.count("{\"time\"") > 1]
print(len(bad))' $FAULTS/after-full.jsonl)" 0
}
audit_back() {
	mend
	kill_latch
	again
}
remove_audit() {
	must rm $AUDIT
	sleep 2
	works "$sentence: what comes behind it is in a new one" [ -s $AUDIT ] >&3
}
move_audit() {
	must mv $AUDIT $AUDIT.1
	audit_files=($AUDIT.1 $AUDIT)
	sleep 2
}

# More records than the ring buffer has room for, while nobody takes them out.
overflow_ring() {
	kill -STOP "$(latchd)"
	contained "$TOOLS/caller" burst 40000 $SOCKET >>$FAULTS/bursts
	mend
	kill -CONT "$(latchd)"
	must until_true 30 build/latchctl status
	sleep 2
}

files_rows() {
	row 'docker.sock is removed' both=ENOENT contained=ENOENT unlink_public
	full_row 'docker.sock is replaced by a file' 'both=ENOENT?|ECONNREFUSED' 'contained=ENOENT?|ECONNREFUSED' \
		'mended=the file is removed' put_file_there
	row 'a container plants a socket while the engine is started anew' both="$RESTART" \
		contained="$AT_RESTART" 'mended=the engine is started' plant_socket
	row "the engine's socket in /run/latch is removed" both="$RESTART" contained="$AT_RESTART" \
		'mended=the engine is started anew' unlink_engine_socket
	full_row "latch's name for the public socket is removed" 'mended=it is linked again' unlink_latch_name
	row "the holder's socket and latchctl's are removed, and latchd started anew" 'both=waits|cut off?' \
		'mended=latchd is started' reports unlink_holder_door
	row 'what latchd keeps is removed' 'host=cut off?' 'allowed=EPERM?|cut off?' \
		'mended=latchd is started' reports with_state state_gone
	full_row 'what latchd keeps is cut short' 'host=cut off?' 'allowed=EPERM?|cut off?' \
		'mended=latchd is started' reports with_state state_cut
	row 'what latchd keeps is garbage' 'host=cut off?' 'allowed=EPERM?|cut off?' \
		'mended=latchd is started' reports with_state state_garbage
	row 'the disk of what latchd keeps is full' 'host=cut off?' 'allowed=EPERM?|cut off?' \
		'mended=latchd is started' reports with_state_over state_full
	full_row 'the disk of what latchd keeps is read-only' 'both=cut off?' \
		'mended=latchd is started' reports with_state_over state_read_only
	row 'the disk of the audit is full, and has room again' 'both=cut off?' 'mended=room is made' \
		lost=counted reports fill_audit
	[ ! -e $FAULTS/after-full.jsonl ] || check_fragments
	row 'latchd gets another audit log' 'both=cut off?' 'mended=latchd is started' reports audit_back
	! mountpoint -q $SMALL || umount $SMALL
	audit_files=($AUDIT)
	row 'the audit log is removed' lost='what was in it' remove_audit
	row 'the audit log is moved' move_audit
	row 'more is refused than the ring buffer holds, while latchd hangs' 'mended=it goes on' \
		lost=counted overflow_ring
}
