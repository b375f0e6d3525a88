#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unbinds the driver, or removes the device, while the device is in use, and brings it back.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_debugfs
require_program mmap_coherent
# shellcheck source=scripts/selftests/in_use.sh
. "$HERE/in_use.sh"
ktap_set_plan $((2 * TAKEN_AWAY + 13))

unbind() {
	echo "$DEVICE" >"$DRIVER/unbind"
}

bind() {
	echo "$DEVICE" >"$DRIVER/bind"
}

remove() {
	echo 1 >"/sys/bus/pci/devices/$DEVICE/remove"
}

rescan() {
	echo 1 >/sys/bus/pci/rescan && is_bound
}

# Unbinds and binds ten times, each time with a mapping.
again() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		op map name=left && unbind && bind || return 1
	done
}

# Returns whether an open device file pins the module.
open_while_unloaded() {
	exec 4<>/dev/safe_dma0
	! unload 2>/dev/null && works
	status=$?
	exec 4>&-
	return $status
}

before=$(dma_errors)
mark_log
check "load" load run_checks=N
taken_away "unbind" unbind bind over
taken_away "removed from the bus" remove rescan over
check "bind and unbind ten times with something mapped" again
check "the module stays while the device file is open" open_while_unloaded
check "in use, and a process waits" use_and_wait
check "unbind" unbind
check "the wait ends" waiter_was_told over
check "the program keeps its memory" holder_has_its_memory
check "unload" unload
check_debugger "nothing is left mapped" nothing_mapped
check "the kernel reports nothing" no_report
check "load with the checks" load
check "none of them has failed" not logged "not ok"
check_debugger "the debugger has found nothing" no_new_dma_errors

ktap_finished
