#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Fails each allocation of each operation in turn, also with few free addresses. Nothing may leak or
# stay mapped, and the operation must work again.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/inject.sh
. "$HERE/inject.sh"

DEBUG=$DEBUGFS
DEBUGGER=$DEBUG/dma-api
OWNERS=$DEBUG/page_owner_stacks/show_stacks
KMEMLEAK=$DEBUG/kmemleak
MASK="dma_bits=24"

require
require_program used_up
require_program fail_nth
require_injection
require_dma_debug

FILE=/dev/${MODULE}0
CONTROL=$DEBUG/$MODULE/$DEVICE

# part WORDS...: runs a part of the program, and shows its output at once. File descriptor 3 carries
# the exit status past the pipe.
part() {
	status=$({ { "$PROGRAM" "$FILE" "$CONTROL" "$@"; echo $? >&3; } | tee -a "$ALL" >&4; } 3>&1)
	[ "$status" = 0 ]
}

# used_up: uses up all addresses, and sets BYTES to their number.
used_up() {
	"$HERE/used_up" "$CONTROL" >"$TEXT"
	status=$?
	cat "$TEXT"
	BYTES=$(sed -n 's/^# in all: //p' "$TEXT")
	return $status
}

as_many_addresses() {
	there_were=$BYTES
	used_up && [ "$BYTES" = "$there_were" ]
}

nothing_mapped() {
	[ "$(mapped)" = 0 ] || {
		grep "^$MODULE " "$DEBUGGER/dump" | sed 's/^/# /'
		return 1
	}
}

# pages FILE: writes which functions of the module have allocated pages, and how many. Excludes
# memory that the kernel keeps for reuse: slabs, page tables, and the data of KASAN and the stack
# depot.
pages() {
	awk 'BEGIN { RS = ""; FS = "\n" }
		/slab|iommu_alloc_pages|kasan_populate_vmalloc|pte_alloc_kernel|pmd_alloc|stack_depot/ { next }
		/\[safe_dma\]/ {
			for (i = 1; $i !~ /\[safe_dma\]/;)
				i++
			who = $i
			sub(/\+.*/, "", who)
			sub(/.*: /, "", $NF)
			sum[who] += $NF
		}
		END { for (who in sum) print sum[who] who }' "$OWNERS" | sort >"$1"
}

no_page_is_lost() {
	pages "$FILES/pages.now"
	sed 's/^/# before: /' "$FILES/pages"
	sed 's/^/# now: /' "$FILES/pages.now"
	[ -s "$FILES/pages" ] && cmp -s "$FILES/pages" "$FILES/pages.now"
}

# Returns whether the debugger is still enabled, and has found no error.
debugger_is_content() {
	[ "$(cat "$DEBUGGER/disabled")" = N ] && no_new_dma_errors
}

counted() {
	awk '/^# [a-z]*: [0-9]* operations/ { sum += $3; failures += $5; absorbed += $7 }
		END { print "# in all: " sum " operations, " failures " failures, " absorbed " of them without consequence"
			exit !(sum && failures > absorbed) }' "$ALL"
}

FILES=$(mktemp -d) || ktap_exit_fail_msg "cannot create a temporary directory"
TEXT=$FILES/text
ALL=$FILES/all
SAVED=$FILES/saved
touch "$SAVED"
exec 4>&1
trap 'disarm; rm -r "$FILES"; if is_loaded; then unload; fi' EXIT

ktap_set_plan 20
before=$(dma_errors)
mark_log
check "load" load run_checks=N
mark_log
check "fault injection is set up" arm
[ -r $OWNERS ] && pages "$FILES/pages"
check "mappings are made" part map
check "mappings are used" part use
check "each lifecycle" part lifecycles
check "files are read" part files
check "files are opened and mapped" part open
if [ -r $OWNERS ]; then
	check "no page is lost" no_page_is_lost
else
	ktap_test_skip "no page is lost: no $OWNERS: boot with page_owner=on"
fi
check "unload" unload
check "nothing is left mapped" nothing_mapped

check "load with $MASK" insmod "$KO" $MASK run_checks=N
check "all addresses are used up" used_up
check "mappings are made where no address is ready" part tight
check "there are as many addresses as before" as_many_addresses
echo "$DEVICE" >"$DRIVER/unbind"
check "the driver is bound" part bind "$DEVICE" "$DRIVER"
check "unload" unload
check "nothing is left mapped after that" nothing_mapped
check "allocations have failed" counted
check "the debugger is at work, and has found nothing" debugger_is_content
if [ -w $KMEMLEAK ]; then
	check "nothing is left behind" no_leak
else
	ktap_test_skip "nothing is left behind: no $KMEMLEAK: the kernel needs CONFIG_DEBUG_KMEMLEAK"
fi

ktap_finished
