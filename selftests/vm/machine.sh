# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How one virtual machine comes up and goes away: its shares, its ports, its qemu. It knows nothing
# of engines or images. Whoever sources it sets KERNEL (a folder), MEM, RUN (a folder for the
# sockets, with a short name) and LOGS, and WRITABLE=1 for a checkout that the guest may scribble on.
# SYSTEM, if set, is the root file system that the machine boots on, with an init of its own; what is
# written there is kept in $RUN/disk from one boot to the next, and PREPARE, a command for that root's
# shell, runs before the first one.

QEMU='qemu-system-x86_64'
PORTS=4
# Emulation on a machine that also does other work: seconds until the kernel has said a word, and
# until the agent answers.
FIRST_WORD=${LATCH_VM_FIRST_WORD:-60}
BOOT_LIMIT=${LATCH_VM_BOOT_LIMIT:-240}
VM_PIDS=()

find_virtiofsd() {
	local f
	for f in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd /usr/lib/virtiofsd; do
		[ ! -x "$f" ] || { echo "$f"; return; }
	done
	command -v virtiofsd || die "$ST_BOOT" "virtiofsd is missing: it is in the Debian package" \
		"qemu-system-common (make deps-test installs it)"
}

machine_tools() {
	[ "$(id -u)" = 0 ] || die "$ST_BOOT" "this needs root: virtiofsd must read the whole file system"
	need "$QEMU" qemu-system-x86 busybox busybox-static cpio cpio xz xz-utils modprobe kmod \
		flock util-linux setpriv util-linux unshare util-linux
	VIRTIOFSD=$(find_virtiofsd)
	build_conduit
}

initramfs() {
	INITRAMFS=$CACHE/initramfs/$(cat "$VM_DIR"/initramfs/{init,build} "$KERNEL/release" \
		"$CONDUIT" | sha256sum | cut -c1-16)
	once "$INITRAMFS" "$VM_DIR/initramfs/build" "$KERNEL" "$CONDUIT"
}

# spawn LOG COMMAND...: a child out of the terminal's reach. One that belongs to a single run dies
# with the runner, however that ends.
spawn() {
	local log=$1 tie=(setpriv --pdeathsig KILL)
	shift
	[ "${DETACH-}" != 1 ] || tie=()
	"${tie[@]}" setsid "$@" </dev/null >>"$log" 2>&1 3<&- 9>&- &
	VM_PIDS+=($!)
}

# Runs in a mount namespace of its own, where what the guest gets is read-only for virtiofsd too:
# whatever a container in the guest does, the host's files stay. Other disks that are mounted below
# come along; /proc, /sys and the like do not.
# shellcheck disable=SC2016
SHARE='set -e
tag=$1 source=$2 access=$3 view=$4
shift 4
if [ "$access" = ro ]; then
	mount --bind "$source" "$view"
	mount -o remount,bind,ro "$view"
	while read -r target type; do
		case $type in ext*|xfs|btrfs|overlay|zfs|f2fs) ;; *) continue ;; esac
		case $target in "$view"*) continue ;; "${source%/}"/?*) ;; *) continue ;; esac
		mount --bind "$target" "$view/${target#"${source%/}"/}" &&
			mount -o remount,bind,ro "$view/${target#"${source%/}"/}"
	done <<-END
	$(findmnt -rn -o TARGET,FSTYPE)
	END
	source=$view
fi
exec "$@" -o source="$source"'

# share TAG SOURCE ro|rw VIRTIOFSD-OPTION...
share() {
	local tag=$1 source=$2 access=$3
	shift 3
	mkdir -p "$RUN/view.$tag"
	rm -f "$RUN/fs.$tag"
	spawn "$LOGS/virtiofsd.log" unshare -m --propagation private sh -c "$SHARE" sh \
		"$tag" "$source" "$access" "$RUN/view.$tag" "$VIRTIOFSD" -f \
		--socket-path="$RUN/fs.$tag" -o sandbox=chroot -o log_level=warn "$@"
}

wait_for() {
	local path=$1 i
	for ((i = 0; i < 300; i++)); do
		[ ! -S "$path" ] || return 0
		sleep 0.05
	done
	say "$path did not appear"
	return 1
}

start_qemu() {
	local args=() accel=tcg,thread=multi i tag append='console=ttyS0 panic=-1 lsm=lockdown,capability,yama,bpf'
	# For measurements: a nanosecond of the guest is 2^LATCH_VM_ICOUNT instructions, whatever else runs here.
	if [ -n "${LATCH_VM_ICOUNT-}" ]; then
		accel=tcg,thread=single
		args+=(-icount "shift=$LATCH_VM_ICOUNT,sleep=off")
	fi
	for tag in root repo logs; do
		args+=(-chardev "socket,id=fs-$tag,path=$RUN/fs.$tag"
			-device "vhost-user-fs-pci,queue-size=1024,chardev=fs-$tag,tag=$tag")
	done
	rm -f "$RUN"/port.* # of an earlier boot: nobody listens there, and await_agent would take it for this one's
	args+=(-device "virtio-serial-pci,max_ports=$((PORTS + 1))")
	for ((i = 0; i < PORTS; i++)); do
		args+=(-chardev "socket,id=port-$i,path=$RUN/port.$i,server=on,wait=off"
			-device "virtserialport,chardev=port-$i,name=latch.$i,nr=$((i + 1))")
	done
	[ -z "${SYSTEM-}" ] || args+=(-drive "file=$RUN/disk,format=raw,if=virtio,cache=unsafe")
	# AppArmor stays out, or the engine wants its parser; panic=-1 and -no-reboot make a crash an end.
	# The first container would make the kernel patch its allocators, to account their memory; the
	# emulator now and then runs into the breakpoint that stands there for that moment, and dies. What the
	# kernel does against faults of processors costs a fifth of the emulator's time; what it does against
	# programs (the BPF verifier's part) stays.
	append+=' cgroup.memory=nokmem nopti spectre_v2=off mds=off nowatchdog audit=0'
	# Instead of dying it may run into that breakpoint for ever. A processor that does not come back for so
	# long does not come back: the machine ends, and is a lost one.
	append+=' sysctl.kernel.panic_on_rcu_stall=1 rcupdate.rcu_cpu_stall_timeout=90'
	spawn "$LOGS/qemu.log" "$QEMU" -nodefaults -no-user-config -display none -no-reboot \
		-machine q35,memory-backend=mem -accel "$accel" -cpu Haswell-v4 -smp 2 \
		-m "$MEM" -object "memory-backend-memfd,id=mem,size=${MEM}M,share=on" -nic none \
		-kernel "$KERNEL/vmlinuz" -initrd "$INITRAMFS/initramfs" -serial "file:$LOGS/kernel.log" \
		-append "$append ${LATCH_VM_APPEND-}" \
		"${args[@]}"
}

quote() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

boot_once() {
	: >"$LOGS/kernel.log"
	: >"$LOGS/qemu.log"
	printf 'VM_REPO=%s\nVM_WRITABLE=%s\nVM_SYSTEM=%s\nVM_KERNEL=%s\nVM_PREPARE=%s\n' "$(quote "$REPO")" \
		"$WRITABLE" "$(quote "${SYSTEM-}")" "$(quote "$KERNEL")" "$(quote "${PREPARE-}")" >"$LOGS/vm.conf"
	# The root's files are taken as they were at boot: that is what makes the start quick.
	share root / ro -o cache=always -o timeout=86400 -o xattr
	# The checkout of a machine that stays up changes under it: names are looked up every time.
	share repo "$REPO" ro -o cache=auto -o timeout="$((WRITABLE * 86400))" -o xattr
	share logs "$LOGS" rw -o cache=none
	wait_for "$RUN/fs.root" && wait_for "$RUN/fs.repo" && wait_for "$RUN/fs.logs" || return 1
	start_qemu
	await_agent
}

await_agent() {
	local start=$SECONDS probe qemu=${VM_PIDS[-1]}
	wait_for "$RUN/port.0" || return 1
	"$CONDUIT" client -q -n -a "$BOOT_LIMIT" "$RUN" 3<&- 9>&- &
	probe=$!
	while kill -0 "$probe" 2>/dev/null; do
		sleep 0.1
		if ! kill -0 "$qemu" 2>/dev/null ||
			{ [ ! -s "$LOGS/kernel.log" ] && ((SECONDS - start > FIRST_WORD)); }; then
			kill "$probe" 2>/dev/null || true
		fi
	done
	wait "$probe"
}

# A sparse file: it takes the room of what is written to it.
make_disk() {
	[ -n "${SYSTEM-}" ] && [ ! -e "$RUN/disk" ] || return 0
	truncate -s 8G "$RUN/disk"
	mkfs.ext4 -q -E nodiscard "$RUN/disk" >>"$LOGS/qemu.log" 2>&1
}

machine_boot() {
	initramfs || return 1
	make_disk || return 1
	boot_once || { machine_kill; boot_once; } || {
		machine_kill
		return 1
	}
}

# Nothing in the guest is worth a clean shutdown; virtiofsd leaves when its client does.
machine_kill() {
	local pid
	for pid in "${VM_PIDS[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	for pid in "${VM_PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
	VM_PIDS=()
}
