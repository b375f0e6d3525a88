#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads and unloads the module many times, and unbinds and binds its driver with all kinds of memory
# mapped and a transfer in flight. Afterwards the kernel must use as much memory as before.
#
#   SAFE_DMA_CYCLES   the number of cycles

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
# shellcheck source=scripts/selftests/in_use.sh
. "$HERE/in_use.sh"
# shellcheck source=scripts/selftests/memory.sh
. "$HERE/memory.sh"
CYCLES=${SAFE_DMA_CYCLES:-30}
ktap_set_plan 10

reload() {
	load run_checks=N && is_bound && unload
}

# Two of the kinds may need an IOMMU.
rebind() {
	for kind in single page sg coherent noncoherent noncontiguous pool; do
		op map "name=$kind" "kind=$kind" size=3000 || return 1
	done
	for kind in iova resource; do
		op map "name=$kind" "kind=$kind" 2>/dev/null || not translates_now || return 1
	done
	op sync_for_cpu name=page && op start name=single to=memory &&
		echo "$DEVICE" >"$DRIVER/unbind" && not is_bound && echo "$DEVICE" >"$DRIVER/bind" && is_bound
}

before=$(dma_errors)
mark_log
check "load and unload $CYCLES times" many reload
check_memory "memory is as before"
check "load" load run_checks=N
check "unbind and bind $CYCLES times, with all mapped" many rebind
check_memory "memory is as before, too"
check "unload" unload
check_debugger "nothing is left mapped" nothing_mapped
check_leaks "no memory is lost"
check "the kernel reports nothing" no_report
check_debugger "the debugger has found nothing" no_new_dma_errors

ktap_finished
