# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# One row of the table of faults: three callers ask all along, a fault is injected, and then it is
# compared what each of them saw with what the row says it may see. Sourced by e2e/faults.test, behind
# e2e/lib.sh.
#
#   row SENTENCE [host=WORDS] [allowed=WORDS] [both=WORDS] [contained=WORDS] [mended=TEXT]
#       [lost=0|counted|TEXT] [open=TEXT] [reports] [within=SECONDS] COMMAND...
#
# WORDS are what a caller sees beside its normal answer, with a '|' between them: one with a '?' may be
# missing, another may not, and none that is not there may be seen. "waits" may be seen in every row, for
# the machine is slow; where it must be, the row says so. COMMAND injects the fault and mends it; where
# it is to be mended it calls `mend` just before, and from there on the time is taken.
#
# "reports": the mediator's last reports may be missing, for the mediator or latchd dies with them; that the
# kernel's records of the same requests are there is held all the same. "open": it is the contained
# caller that must be let through, and the table says why.
#
# Each row is five tests and one line of the table. Words: waits, 503, cut off (a connection without an
# answer), EPERM, ECONNREFUSED, ENOENT (of connect).

readonly FAULTS=/tmp/faults
readonly AUDIT=/var/log/latch/audit.jsonl
readonly CONTAINED_SCOPE=/sys/fs/cgroup/faults/$(printf 'f%.0s' $(seq 64))
audit_files=($AUDIT)

# Milliseconds of boot time, as tools/caller has them.
now_ms() {
	local up rest
	read -r up rest </proc/uptime
	echo "${up/./}0"
}

# in_scope CGROUP COMMAND...: a task in a container's scope is to the kernel what a process in that
# container is, and outlives the engine.
in_scope() { sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$@"; }
contained() { in_scope "$CONTAINED_SCOPE" "$@"; }
allowed() { in_scope "$ALLOWED_SCOPE" "$@"; }

# A container that is made and never started holds the grant, and a scope of its id uses it.
start_callers() {
	mkdir -p $FAULTS "$CONTAINED_SCOPE"
	ALLOWED_ID=$(docker create $ALLOWED true)
	readonly ALLOWED_ID ALLOWED_SCOPE=/sys/fs/cgroup/faults/$ALLOWED_ID
	until_true 20 sh -c "bpftool map dump pinned /sys/fs/bpf/latch/grants | grep -q $ALLOWED_ID"
	mkdir -p "$ALLOWED_SCOPE"
	"$TOOLS/caller" ask ask-host $FAULTS $SOCKET &
	allowed "$TOOLS/caller" ask ask-allowed $FAULTS $SOCKET &
	contained "$TOOLS/caller" ask ask-contained $FAULTS $SOCKET /run/latch/engine.sock &
	until_true 20 callers normal $FAULTS 0
}
callers() { python3 selftests/faults/callers.py "$@"; }

# Between two rows nobody asks, so that each try and each record belongs to one row.
pause_callers() {
	touch $FAULTS/pause
	until_true 60 all_paused
}
all_paused() {
	local name
	for name in host allowed contained; do
		[ "$(tail -n 1 $FAULTS/ask-$name.log)" = paused ] || return 1
	done
}

# Records that the kernel could not hand over, and those that latchd could not write; a new latchd
# begins to count the second anew.
counted() { counters | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"; }
counters() { build/latchctl status --json | grep -E '"(events|records)_lost"'; }
since() { echo $(($2 >= $1 ? $2 - $1 : $2)); } # BEFORE NOW
counters_now() {
	local now
	now=$(counters)
	events_now=$(sed -n 's/.*"events_lost": \([0-9]*\).*/\1/p' <<<"$now")
	records_now=$(sed -n 's/.*"records_lost": \([0-9]*\).*/\1/p' <<<"$now")
	: "${events_now:=0}" "${records_now:=0}"
}

# must COMMAND...: a step without which the row would be about nothing.
must() { "$@" || echo "failed: $*" >>$FAULTS/failed; }

mend() { mended_at=$(now_ms); }

# unexpected WORDS SEEN: prints what should not have been seen, or should have been.
unexpected() {
	local may="|normal|waits|${1//\?/}|" must seen=$2 word
	IFS='|' read -ra must <<<"$1"
	for word in "${must[@]}"; do
		[[ $word = *\? || "|$seen|" = *"|$word|"* ]] || echo "\"$word\" was not seen"
	done
	IFS='|' read -ra must <<<"$seen"
	for word in "${must[@]}"; do
		[[ $may = *"|$word|"* ]] || echo "\"$word\" was seen"
	done
}

# as_text WORDS NORMAL: as the table has it: what must be seen, then what may be.
as_text() {
	local word must='' may='' words
	IFS='|' read -ra words <<<"$1"
	for word in "${words[@]}"; do
		case $word in
		*\?) [[ "|$1|" = *"|${word%\?}|"* ]] || may+="${may:+ or }${word%\?}" ;;
		*) must+="${must:+, }$word" ;;
		esac
	done
	echo "${must:-$2}${may:+, perhaps $may}"
}

# Coarse, so that the table stays the same from run to run.
as_time() {
	local limit
	for limit in 5 30 90; do
		if [ "$1" -lt $((limit * 1000)) ]; then
			echo "< $limit s"
			return
		fi
	done
	echo "> 90 s"
}

# Breadth: what takes a minute alone, or is a variant of another row. With LATCH_FULL alone.
full_row() { [ -z "${LATCH_FULL-}" ] || row "$@"; }

row() {
	local sentence=$1 host='' allowed='' contained='' mended='by itself' lost=0 reports=0 within=60 open=''
	shift
	while :; do
		case $1 in
		host=*) host=${1#*=} ;;
		allowed=*) allowed=${1#*=} ;;
		both=*) host=${1#*=} allowed=${1#*=} ;;
		contained=*) contained=${1#*=} ;;
		mended=*) mended=${1#*=} ;;
		lost=*) lost=${1#*=} ;;
		within=*) within=${1#*=} ;;
		open=*) open=${1#*=} ;;
		reports) reports=1 ;;
		*) break ;;
		esac
		shift
	done
	[ -z "${ONLY-}" ] || [[ $sentence =~ $ONLY ]] || return 0
	echo "# --- $sentence"
	begin_row
	"$@" >$FAULTS/output 2>&1
	end_row
}

begin_row() {
	callers mark $FAULTS "${audit_files[@]}"
	counters_now
	events_before=$events_now records_before=$records_now mended_at=''
	rm -f $FAULTS/pause $FAULTS/failed
	sleep 0.5
	began_at=$(now_ms)
}

# The callers are normal, or their time is up.
end_row() {
	local from=${mended_at:-$began_at} ended saw_host saw_allowed saw_contained let_through until_ms asked \
		missing reports_lost lost_what known normal=0
	ended=$(now_ms)
	until_true "$within" callers normal $FAULTS "$ended" && normal=1
	pause_callers
	sleep 0.5 # what is on its way to the audit
	counters_now
	known=$(($(since "$events_before" "$events_now") + $(since "$records_before" "$records_now")))
	eval "$(callers row $FAULTS "$from" "${audit_files[@]}" | sed 's/^lost=/missing=/')"
	echo "# host: $saw_host; allowed: $saw_allowed; contained: $saw_contained;" \
		"normal after $until_ms ms; asked $asked, missing $missing${lost_what:+ ($lost_what)}," \
		"reports missing $reports_lost, counted as lost $known"
	check_row
	[ $normal = 1 ] || repair
}

check_row() {
	local wrong
	if [ -n "$open" ]; then
		works "$sentence: a contained caller is let through, as is said" [ "$let_through" -gt 0 ]
	else
		is "$sentence: a contained caller is let through never" "$let_through" 0
	fi
	wrong=$(unexpected "$host" "$saw_host" | sed 's/^/host: /'
		unexpected "$allowed" "$saw_allowed" | sed 's/^/allowed: /'
		[ -n "$open" ] || unexpected "$contained" "$saw_contained" | sed 's/^/contained: /')
	is "$sentence: each caller sees what is said" "$wrong" ''
	is "$sentence: the fault is there" "$(cat $FAULTS/failed 2>/dev/null)" ''
	if [ $normal = 1 ]; then
		ok "$sentence: all is normal again"
	else
		not_ok "$sentence: all is normal again" "not within $within s" "$(tail -n 5 $FAULTS/output)"
	fi
	check_lost
	echo "| $sentence | $(as_text "$host" served) | $(as_text "$allowed" served) |" \
		"${open:-$(as_text "$contained" EPERM)} | $mended |" \
		"$(as_time "$until_ms") | $lost$([ $reports = 0 ] || echo ', perhaps reports') |" >>$FAULTS/table
}

# 0: each try has its record. counted: what is missing is counted, and some is. Else the row says what is
# lost, and some is.
check_lost() {
	[ $reports = 1 ] || missing=$((missing + reports_lost))
	case $lost in
	0) is "$sentence: no record is lost" "$missing ($lost_what)" "0 ()" ;;
	counted) works "$sentence: records are lost, and each is counted" \
		[ "$missing" -gt 0 -a "$known" -ge "$missing" ] ;;
	*) works "$sentence: records are lost as is said" [ "$missing" -gt 0 ] ;;
	esac
}

# So that one row that fails does not fail all that come behind it.
repair() {
	echo "# repaired from the ground up"
	kill -CONT $(latch_pids) $(pgrep -x 'latch-holder|dockerd') 2>/dev/null
	kill_latch
	cp "$SETTINGS/deny-push.json" "$LATCH_VM_SETTINGS"
	start_latch "$LATCH_VM_SETTINGS"
	pgrep -x dockerd >/dev/null || { start_engine; engine_ready; }
	until_true 30 callers normal $FAULTS "$(now_ms)"
}

# The table, between two lines that selftests/faults/table looks for.
print_table() {
	echo "# table of faults on $(uname -r | cut -d. -f1-2)"
	sed 's/^/# /' $FAULTS/table
	echo "# end of the table"
}
