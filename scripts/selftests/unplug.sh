#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The device is pulled out of its slot while it is in use, and put in again.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/slot.sh
. "$(dirname "$0")/slot.sh"

require
require_slot
ktap_set_plan 10

before=$(dma_errors)
mark_log
check "load" load run_checks=N
check "the device is pulled out" pull_out
check "the device is put in again" put_in
check "nothing is left mapped" nothing_mapped
check "the device is torn out" tear_out
check "it is gone" eventually gone
check "nothing is left mapped" nothing_mapped
check "the device is put in again" put_in
check "unload" unload
check "the debugger has found nothing" no_new_dma_errors
dmesg | tail -60

ktap_finished
