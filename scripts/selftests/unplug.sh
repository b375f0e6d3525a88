#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Removes the device from its slot while it is in use, and inserts it again: with notice, so that
# the driver can clean up, and without, so that the driver finds the device gone.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
# shellcheck source=scripts/selftests/in_use.sh
. "$HERE/in_use.sh"
# shellcheck source=scripts/selftests/slot.sh
. "$HERE/slot.sh"
require_slot
ktap_set_plan $((2 * TAKEN_AWAY + 7))

before=$(dma_errors)
mark_log
check "load" load run_checks=N
check "an absent device cannot be pulled out" refused device_del edu7
taken_away "pulled out" pull_out put_in over
taken_away "torn out" tear_out put_in gone
check "the kernel reports nothing" no_report
check "unload" unload
check "load" load run_checks=N
check "it works" works
check_debugger "the debugger has found nothing" no_new_dma_errors

ktap_finished
