#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Values of the library that are forgotten with mem::forget(): at the unbind the DMA debugger must
# report their mappings, all of them and nothing else. The mappings are leaked until the next boot,
# and are reported again at each unbind.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_dma_debug

# Prints the module's results without the prefix of the log.
results() {
	log | sed -n "s/.*$DEVICE:     \(\(not \)\{0,1\}ok [0-9]* .*\)/\1/p"
}

forgotten() {
	results | grep -q -e "^ok [0-9]* $1 # forgotten, pending [0-9]*\$" -e "^ok [0-9]* $1 # SKIP "
}

# Prints the number of forgotten mappings, as the module has logged it.
pending() {
	results | sed -n 's/.*# forgotten, pending //p' | awk '{ sum += $1 } END { print sum + 0 }'
}

errors() {
	echo $(($(dma_errors) - before))
}

unbind() {
	echo "$DEVICE" >"$DRIVER/unbind"
}

only_pending() {
	said=$(log | sed -n "s/.*DMA-API: .* $DEVICE: //p")
	echo "# $said; forgotten: $(pending)"
	[ "$said" = "device driver has pending DMA allocations while released from device [count=$(pending)]" ] &&
		[ "$(errors)" = 1 ]
}

# By default the debugger prints only its first error.
ALL_ERRORS=${ERROR_COUNT%/*}/all_errors
all_errors=$(cat "$ALL_ERRORS")
trap 'if is_loaded; then unload; fi; echo "$all_errors" >"$ALL_ERRORS"' EXIT
echo 1 >"$ALL_ERRORS"

before=$(dma_errors)
mark_log
load run_checks=N forget=Y
loaded=$?
names=$(results | sed 's/^\(not \)\{0,1\}ok [0-9]* //; s/ # .*//')
planned=$(log | sed -n "s/.*$DEVICE:     1\.\.//p")

ktap_set_plan $((${planned:-0} + 7))

check "load" [ "$loaded" = 0 ]
check "every state has a result" [ "$(echo "$names" | wc -l)" = "$planned" ]
while read -r name; do
	check "$name is forgotten" forgotten "$name"
done <<-END
	$names
END
check "the DMA debugger is silent" [ "$(errors)" = 0 ]
check "unbind" unbind
check "the DMA debugger says that they are pending, and nothing else" only_pending
check "the SMMU reports no event" not logged "event: "
unload
check "load again" load run_checks=N

ktap_finished
