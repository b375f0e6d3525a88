#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Random inputs, see programs/fuzz.c. Afterwards nothing may be left mapped, and the device must
# work. SAFE_DMA_SEED= is the seed, and SAFE_DMA_INPUTS= the number of inputs.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_program fuzz
require_debugfs
# shellcheck source=scripts/selftests/operate.sh
. "$HERE/operate.sh"
ktap_set_plan $((FINISH + 6))

SEED=${SAFE_DMA_SEED:-20261127}
INPUTS=${SAFE_DMA_INPUTS:-5000}
KMEMLEAK=$DEBUGFS/kmemleak

nothing_mapped() {
	echo "# $(mapped) mappings, and $idle before"
	[ "$(mapped)" = "$idle" ] && [ -z "$(owners)" ] && [ "$(value live)" = 0 ]
}

# Transfers bytes through the device to another mapping, and runs a lifecycle with a transfer.
works() {
	operate "op=map name=from pattern=0x5a" && operate "op=map name=to kind=coherent" &&
		operate "op=transfer name=from to=device" && operate "op=transfer name=to to=memory" &&
		operate "op=check name=to pattern=0x5a size=4096" && operate "op=unmap name=from" &&
		operate "op=unmap name=to" && operate "op=map_single pattern=1"
}

# Prints the KiB of memory that are free or in caches. This includes files: a guest keeps its log in
# memory.
free_memory() {
	awk '/^(MemFree|Buffers|Cached|SReclaimable):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# kmemleak does not track pages.
no_page_lost() {
	now=$(free_memory)
	echo "# $now KiB are free, and $free before"
	[ "$now" -gt $((free - 2048)) ]
}

echo "# seed $SEED, $INPUTS inputs"
before=$(dma_errors)
mark_log
# Ignore earlier leaks.
[ ! -e "$KMEMLEAK" ] || { scan_for_leaks && echo clear >"$KMEMLEAK"; }
free=$(free_memory)
check "load without checks" load run_checks=N
idle=$(mapped)
check "inputs" "$PROGRAM" "$CONTROL" "/dev/${MODULE}0" "$SEED" "$INPUTS"
check "the inputs left nothing mapped" nothing_mapped
# The log may have lost the first mark. The program has checked the log up to here.
mark_log
check "the device works" works
check "nothing is left mapped" nothing_mapped
if [ -e "$KMEMLEAK" ]; then
	check "no memory is lost" no_leak
else
	check "no memory is lost" no_page_lost
fi
finish
