#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's DMA debugger must find no error while the checks run, at the unbind, where it looks
# for leaked mappings, and after the module is unloaded.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_dma_debug
ktap_set_plan 6

before=$(dma_errors)

mark_log
check "load and run the checks" load
check "no error while the checks ran" no_new_dma_errors
check "unbind" sh -c "echo $DEVICE >$DRIVER/unbind"
check "nothing is left mapped" no_new_dma_errors
check "unload" unload
check "no error after unload" no_new_dma_errors

ktap_finished
