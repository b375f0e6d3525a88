#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unbinds and binds the device through sysfs while the module stays loaded.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
ktap_set_plan $((FINISH + 6))

unbind() {
	echo "$DEVICE" >"$DRIVER/unbind"
}

bind() {
	echo "$DEVICE" >"$DRIVER/bind"
}

# Repeats both ten times, so that leaks add up.
again() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		unbind && ! is_bound && bind && is_bound || return 1
	done
}

before=$(dma_errors)
mark_log
check "load without checks" load run_checks=N
check "unbind" unbind
check "the device is free" not is_bound
check "bind" bind
check "the device is bound" is_bound
check "unbind and bind ten times" again
finish
