#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Coherent memory that a program maps: the device reads the program's writes, and the program reads
# the device's. If the driver is unbound meanwhile, the program keeps the pages, provided that an
# IOMMU maps them for the device.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_program mmap_coherent
require_debugfs
CONTROL=$DEBUGFS/$MODULE/$DEVICE
ktap_set_plan $((FINISH + 12))

gone=$(mktemp -u)
trap 'rm -f "$gone"; if is_loaded; then unload; fi' EXIT

# Unbinds the driver while the program maps the memory.
hold() {
	"$PROGRAM" "$CONTROL" hold "$gone" &
	# The program prints nothing before its end, so give it time to start.
	sleep 1
	echo "$DEVICE" >"$DRIVER/unbind"
	touch "$gone"
	wait $!
}

before=$(dma_errors)
mark_log
check "load" load run_checks=N
check "the device reads and writes what a program maps # dma_mmap_attrs witness: program in user space" \
	"$PROGRAM" "$CONTROL" round-trip
check "the bytes of a pattern are those of the documentation" "$PROGRAM" "$CONTROL" bytes
check "invalid areas and transfers are refused" "$PROGRAM" "$CONTROL" refused
check "pages are refused during a transfer" "$PROGRAM" "$CONTROL" wanted
check "again" "$PROGRAM" "$CONTROL" round-trip
if translates; then
	check "unbind while it is mapped" hold
	check "nothing is lost" not logged "are lost"
	check_debugger "the DMA debugger is silent" no_new_dma_errors
else
	for name in "unbind while it is mapped" "nothing is lost" "the DMA debugger is silent"; do
		ktap_test_skip "$name: without an IOMMU its memory is lost, see mmap_lost"
	done
fi
check "unload" unload

mark_log
check "load with contiguous memory" load run_checks=N mmap_contiguous=Y
check "the device reads and writes contiguous pages" "$PROGRAM" "$CONTROL" round-trip
finish
