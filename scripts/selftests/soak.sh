#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Random operations by many processes, on all devices at once, see programs/soak.c.
#
#   SAFE_DMA_SEED         the seed
#   SAFE_DMA_OPERATIONS   the total number of operations
#   SAFE_DMA_WORKERS      the number of processes for each device

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_program soak
ktap_set_plan $((FINISH + 3))

# The pipe hides the exit status, but only a successful run prints a digest.
soaked() {
	"$PROGRAM" "${SAFE_DMA_SEED:-1}" "${SAFE_DMA_OPERATIONS:-4000}" "${SAFE_DMA_WORKERS:-8}" \
		"$DEBUGFS/$MODULE"/* 2>&1 | tee "$OUTPUT"
	grep -q "^# soak: seed .* digest " "$OUTPUT"
}

nothing_left() {
	echo "# $(mapped) mappings, and $idle before"
	[ "$(mapped)" = "$idle" ]
}

OUTPUT=$(mktemp) || exit 1
trap 'rm -f "$OUTPUT"; if is_loaded; then unload; fi' EXIT

before=$(dma_errors)
mark_log
check "load" load run_checks=N
idle=$(mapped)
check "all results are right" soaked
check_debugger "nothing is left mapped" nothing_left
finish
