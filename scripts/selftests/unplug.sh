#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The device is pulled out of its slot while it is in use, and put in again: with a word before, so
# that the driver can put things in order, and without, so that it finds the device gone.

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
check "what is not there cannot be pulled out" refused device_del edu7
taken_away "pulled out" pull_out put_in over
taken_away "torn out" tear_out put_in gone
check "the kernel reports nothing" no_report
check "unload" unload
check "load" load run_checks=N
check "it works" works
check "the debugger has found nothing" no_new_dma_errors

ktap_finished
