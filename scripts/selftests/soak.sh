#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Operations at random, on many mappings, by many processes, on all devices at once, see soak.c. Afterwards all
# is as it was before.
#
#   SAFE_DMA_SEED         which operations
#   SAFE_DMA_OPERATIONS   how many, in all
#   SAFE_DMA_WORKERS      processes for each device

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
PROGRAM=$HERE/soak
[ -x "$PROGRAM" ] || skip_all "no $PROGRAM: scripts/build/initramfs.sh says how it is built"
DUMP=${ERROR_COUNT%/*}/dump
[ -r "$DUMP" ] || skip_all "no $DUMP: the kernel needs CONFIG_DMA_API_DEBUG, and debugfs mounted"
[ "$(cat "${ERROR_COUNT%/*}/disabled")" = N ] || skip_all "the DMA debugger is switched off"
ktap_set_plan 6

# It prints what it has done, for those who add it up, and what went wrong.
soak() {
	# shellcheck disable=SC2046 # a list of words
	"$PROGRAM" "${SAFE_DMA_SEED:-1}" "${SAFE_DMA_OPERATIONS:-4000}" "${SAFE_DMA_WORKERS:-8}" \
		$(echo /dev/"$MODULE"[0-9]) 2>&1 | sed 's/^/# /'
}

# The program's status does not come through the pipe: only if all went well it has a digest.
soaked() {
	soak >"$OUTPUT"
	cat "$OUTPUT"
	grep -q "^# soak: seed .* digest " "$OUTPUT"
}

# How many mappings of the driver's devices the DMA debugger knows.
mapped() {
	grep -c "^$MODULE " "$DUMP"
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
mark_log
check "all is as foretold" soaked
check "nothing is left mapped" nothing_left
check "unload" unload
# That there is nothing left to bounce to is none.
check "the kernel has no complaint" not logged "DMA-API: \|WARNING: \|BUG: "
check "the debugger has found nothing" no_new_dma_errors

ktap_finished
