#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Programs that use the device files: all operations, all refusals, several openers and processes, on each
# device that there is. What a file has mapped is gone when the file is closed, and when the driver goes.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
PROGRAM=$HERE/ioctl
[ -x "$PROGRAM" ] || skip_all "no $PROGRAM: scripts/build/initramfs.sh says how it is built"
DUMP=${ERROR_COUNT%/*}/dump
[ -r "$DUMP" ] || skip_all "no $DUMP: the kernel needs CONFIG_DMA_API_DEBUG, and debugfs mounted"
[ "$(cat "${ERROR_COUNT%/*}/disabled")" = N ] || skip_all "the DMA debugger is switched off"
ktap_set_plan 23

FILE=/dev/${MODULE}0
MAPPINGS=/sys/kernel/debug/$MODULE/$DEVICE/mappings

gone=$(mktemp -u)
trap 'rm -f "$gone"; if is_loaded; then unload; fi' EXIT

# How many mappings of the driver's devices the DMA debugger knows.
mapped() {
	grep -c "^$MODULE " "$DUMP"
}

# Each part of the program leaves no mapping behind.
part() {
	"$PROGRAM" "$FILE" "$@" || return 1
	now=$(mapped)
	[ "$now" = "$idle" ] || {
		echo "# $now mappings, and $idle before"
		return 1
	}
}

# While it runs there are mappings, and the file `mappings` says whose.
seen_while_it_runs() {
	"$PROGRAM" "$FILE" hold "$gone" &
	program=$!
	sleep 1
	echo "# $(mapped) mappings, and $idle before"
	[ "$(mapped)" -gt "$idle" ] && grep -q "^kind-0 single bidirectional device pid:$program " "$MAPPINGS"
}

killed() {
	kill -9 "$program"
	wait "$program"
	[ "$(mapped)" = "$idle" ]
}

# The driver goes while the program has mappings, one of them in flight.
unbound() {
	"$PROGRAM" "$FILE" hold "$gone" &
	program=$!
	sleep 1
	echo "$DEVICE" >"$DRIVER/unbind"
	left=$(grep -c "^$MODULE $DEVICE " "$DUMP")
	touch "$gone"
	wait "$program" && [ "$left" = 0 ]
}

# All at once: a device file for each device.
together() {
	# shellcheck disable=SC2046 # a list of words
	"$PROGRAM" $(echo /dev/"$MODULE"[0-9]) processes && [ "$(mapped)" = "$idle" ]
}

# What is refused is not for the log, where a program could write without end.
log_is_quiet() {
	! log | grep "$MODULE $DEVICE" | grep -v "$MODULE $DEVICE: \(edu\|DMA mask\|behind\|no IOMMU\)"
}

before=$(dma_errors)
mark_log
check "load" load run_checks=N
idle=$(mapped)
mark_log
check "lives of mappings of each kind" part lives
check "the bytes of a pattern are those of the header" part bytes
check "refused: structures that no operation can be" part fields
check "refused: what is wrong now" part refused
check "refused: more than there may be" part limits
check "refused: memory that cannot be read or written" part pointers
check "each opener has names of its own" part openers
check "nobody waits for another's transfer" part beside
check "nobody waits for pages that are in a transfer" part wanted
check "a transfer that takes too long, and interrupts that go wrong" part late
check "who exits leaves nothing mapped" part leave
check "what a program has mapped is seen" seen_while_it_runs
check "nothing of it is left when the program is killed" killed
check "several processes on each device" together
check "the kernel has no complaint" not logged "DMA-API: \|WARNING: \|swiotlb buffer is full"
check "nobody can fill the log" log_is_quiet
check "the driver goes with it all mapped" unbound
check "the debugger has found nothing" no_new_dma_errors
check "bind" sh -c "echo $DEVICE >$DRIVER/bind"
check "again" part lives
check "unload" unload
check "the debugger has still found nothing" no_new_dma_errors

ktap_finished
