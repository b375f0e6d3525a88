#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads, unloads and reloads the module, with valid and invalid parameters.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
ktap_set_plan 12

reload() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		load run_checks=N && is_bound && unload || return 1
	done
}

mark_log
check "load without checks" load run_checks=N
check "the device is bound" is_bound
check "it is identified" logged "$DEVICE: edu \[1234:11e8\]"
check "no check has run" not logged "$DEVICE: KTAP version"
check "unload" unload
check "the module is gone" not is_loaded

mark_log
check "reload ten times" reload

# The module stays loaded without a device, so unload() must succeed.
mark_log
insmod "$KO" run_checks=N dma_bits=49
check "a mask of too many bits is refused" not is_bound
check "the reason is logged" logged "dma_bits=49 is out of range: it must be 24 to 48"
check "unload without a device" unload

mark_log
check "a parameter that is no number is refused" not insmod "$KO" dma_bits=many 2>/dev/null
check "the module is not loaded" not is_loaded

ktap_finished
