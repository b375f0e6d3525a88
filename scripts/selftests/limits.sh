#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the checks with the smallest mask that the driver accepts: they use up the device's
# addresses.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

MASK="dma_bits=24"

require
PROGRAM=$HERE/used_up

# Uses up the addresses with named mappings, of each kind.
used_up() {
	"$PROGRAM" "$DEBUGFS/$MODULE/$DEVICE"
}

mark_log
{ load run_checks=N && unload; } || ktap_exit_fail_msg "$KO cannot be loaded"
translates || skip_all "no IOMMU translates: the device cannot reach memory with $MASK"
ktap_set_plan 8

before=$(dma_errors)

# Without SAFE_DMA_PARAMS, which may set a larger mask.
mark_log
check "load and run the checks with $MASK" insmod "$KO" $MASK
check "the mask is in use" logged "DMA mask 0xffffff,"
check "no check has failed" not logged "$DEVICE: .*not ok"
check "the totals say so" logged "# Totals: pass:[1-9][0-9]* fail:0 "
check "addresses used up are refused" logged "addresses used up # .*, then refused with ENOMEM"
if [ -x "$PROGRAM" ]; then
	check "addresses used up by operations" used_up
else
	ktap_test_skip "addresses used up by operations: no $PROGRAM: scripts/selftests/Makefile builds it"
fi
check "unload" unload
check_debugger "the DMA debugger found no error" no_new_dma_errors

ktap_finished
