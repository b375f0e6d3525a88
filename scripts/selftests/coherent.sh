#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Checks which coherent memory comes from CMA: compares the addresses that the module's checks print
# with the address range of CMA.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
CMA=$(find /sys/kernel/debug/cma -mindepth 1 -maxdepth 1 2>/dev/null | head -n 1)
[ -n "$CMA" ] || skip_all "no memory in /sys/kernel/debug/cma: the kernel needs CONFIG_CMA_DEBUGFS, and no cma=0"
ktap_set_plan $((FINISH + 5))

PAGE=4096
start=$(($(cat "$CMA/base_pfn") * PAGE))
end=$((start + $(cat "$CMA/count") * PAGE))

# phys CHECK: prints the physical address in the evidence of a check.
phys() {
	log | sed -n "s/.*    ok [0-9]* $1 # .* phys \(0x[0-9a-f]*\) .*/\1/p"
}

from_cma() {
	addr=$(phys "$1")
	echo "# $1: ${addr:-no address}; CMA has $(printf '%#x to %#x' $start $end)"
	[ -n "$addr" ] && [ $((addr)) -ge $start ] && [ $((addr)) -lt $end ]
}

not_from_cma() {
	from_cma "$1" && return 1
	[ -n "$addr" ]
}

before=$(dma_errors)
mark_log
check "load with the checks" load
check "no check has failed" not logged "not ok"
check "contiguous memory of several pages is from CMA" from_cma "contiguous 65536"
check "a single page is not from CMA" not_from_cma "contiguous 4096"
# Without an IOMMU all coherent memory is contiguous.
if translates; then
	check "memory that only the IOMMU makes contiguous is not from CMA" not_from_cma "default 65536"
else
	check "without an IOMMU memory of several pages is from CMA" from_cma "default 65536"
fi
finish
