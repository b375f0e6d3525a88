#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Texts and requests that nobody has thought of: see fuzz.c. After them nothing is left of them, and the device
# works. SAFE_DMA_SEED= says with which number they begin, and SAFE_DMA_INPUTS= how many there are of each.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
PROGRAM=$HERE/fuzz
[ -x "$PROGRAM" ] || skip_all "no $PROGRAM: scripts/build/initramfs.sh says how it is built"
[ -d /sys/kernel/debug ] || skip_all "no debugfs"
DUMP=${ERROR_COUNT%/*}/dump
[ -r "$DUMP" ] || skip_all "no $DUMP: the kernel needs CONFIG_DMA_API_DEBUG, and debugfs mounted"
[ "$(cat "${ERROR_COUNT%/*}/disabled")" = N ] || skip_all "the DMA debugger is switched off"
# shellcheck source=scripts/selftests/operate.sh
. "$HERE/operate.sh"
ktap_set_plan 14

SEED=${SAFE_DMA_SEED:-20261127}
INPUTS=${SAFE_DMA_INPUTS:-5000}
KMEMLEAK=/sys/kernel/debug/kmemleak

# How many mappings of the driver's devices the DMA debugger knows.
mapped() {
	grep -c "^$MODULE " "$DUMP"
}

# What has a name, and what is counted.
nothing_mapped() {
	echo "# $(mapped) mappings, and $idle before"
	[ "$(mapped)" = "$idle" ] && [ -z "$(turns)" ] && [ "$(value live)" = 0 ]
}

# The bytes go to the device, and from there to other memory; and so do those of a lifecycle.
works() {
	operate "op=map name=from pattern=0x5a" && operate "op=map name=to kind=coherent" &&
		operate "op=transfer name=from to=device" && operate "op=transfer name=to to=memory" &&
		operate "op=check name=to pattern=0x5a size=4096" && operate "op=unmap name=from" &&
		operate "op=unmap name=to" && operate "op=map_single pattern=1"
}

# inputs WHAT HOW FILE: results, each with the driver bound anew, so that none depends on what came before.
inputs() {
	check "load without checks" load run_checks=N
	idle=$(mapped)
	check "$1" "$PROGRAM" "$2" "$3" "$SEED" "$INPUTS"
	check "nothing of them is left" nothing_mapped
	# Whoever fuzzes reads the log as it goes; what is older may be lost.
	mark_log
	check "the device works" works
	check "unload" unload
	check "nothing is left mapped" [ "$(mapped)" = 0 ]
}

# What nobody points to any more; what is young, or has changed since the scan before, is not reported.
scan_for_leaks() {
	for _ in 1 2; do
		sleep 6
		echo scan >"$KMEMLEAK" || return 1
	done
}

no_leak() {
	scan_for_leaks || return 1
	sed 's/^/# /' "$KMEMLEAK"
	! grep -q "^unreferenced object" "$KMEMLEAK"
}

# In KiB, what is free, or can be at once, or is in files: the log of a guest is in one in memory.
free_memory() {
	awk '/^(MemFree|Buffers|Cached|SReclaimable):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# kmemleak does not look at pages.
no_page_lost() {
	now=$(free_memory)
	echo "# $now KiB are free, and $free before"
	[ "$now" -gt $((free - 2048)) ]
}

echo "# seed $SEED, $INPUTS inputs of each kind"
before=$(dma_errors)
mark_log
# Of what was done before.
[ ! -e "$KMEMLEAK" ] || { scan_for_leaks && echo clear >"$KMEMLEAK"; }
free=$(free_memory)
inputs "texts for the control file" run "$RUN"
inputs "requests to the device file" ioctl "/dev/${MODULE}0"
check "the debugger has found nothing" no_new_dma_errors
if [ -e "$KMEMLEAK" ]; then
	check "no memory is lost" no_leak
else
	check "no memory is lost" no_page_lost
fi

ktap_finished
