#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Commit each misuse that C can commit, with misuse.ko, print what the DMA debugger says of it, and
# compare that with the table. Afterwards the kernel must still be good for safe_dma.ko. It raises
# the debugger's count.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

ALL_ERRORS=${ERROR_COUNT%/*}/all_errors
MAPPINGS=${ERROR_COUNT%/*}/dump
SWIOTLB=/sys/kernel/debug/swiotlb/io_tlb_nslabs

# The table: beside the scripts, or in this tree.
find_table() {
	for file in "$HERE/misuse.rows" "$HERE/../../rust/misuse/rows"; do
		if [ -r "$file" ]; then
			echo "$file"
			return
		fi
	done
	return 1
}

table() {
	grep -v '^#' "$TABLE"
}

names() {
	table | cut -f 1
}

# field NAME NUMBER: the number's field of that row.
field() {
	table | awk -F '\t' -v name="$1" -v number="$2" '$1 == name { print $number }'
}

# A module that is still there would hold the device, and one error in all is printed unless told.
tidy() {
	if is_loaded; then unload; fi
	if [ -d /sys/module/misuse ]; then rmmod misuse; fi
	echo "$all_errors" >"$ALL_ERRORS"
}

# The rows that the module has, from what it says of one that it has not.
refused() {
	not insmod "$TWIN" row=none 2>/dev/null
}

same_rows() {
	# BusyBox has more than one way to load a module, and tries them all.
	has=$(log | sed -n "s/.*no row is named 'none'; the rows are: //p" | tail -n 1 | tr ' ' '\n' | sort)
	[ -n "$has" ] && [ "$has" = "$(names | sort)" ]
}

# What was said of the device: by the debugger, by dma_map_single(), and by iommu_map().
complaints() {
	log | grep -e "DMA-API: .* $DEVICE: " -e "$DEVICE: rejecting DMA " -e "iommu: unaligned: " |
		sed "s/.* $DEVICE: //; s/.*iommu: unaligned: /unaligned: /"
}

# How many complaints begin with $1.
complaints_of() {
	complaints | awk -v message="$1" 'index($0, message) == 1' | wc -l
}

swiotlb_active() {
	[ "$(cat "$SWIOTLB" 2>/dev/null || echo 0)" -gt 0 ]
}

# The address that the row has mapped, as the module says, and the debugger's own list of what is
# mapped there, if it still is.
mapped_at() {
	log | sed -n "s/.*$DEVICE: $1: mapped 0x\([0-9a-f]*\).*/\1/p"
}

listed() {
	address=$(mapped_at "$1")
	[ -n "$address" ] && grep " $DEVICE .* D=$address " "$MAPPINGS"
}

# commit ROW: load the module with it and unload it; the driver lets go of the device.
commit() {
	mark_log
	before=$(dma_errors)
	mapping=
	insmod "$TWIN" row="$1" || return 1
	mapping=$(listed "$1")
	rmmod misuse && logged "$DEVICE: $1 is committed\$"
}

# Bounce buffers are only for what a device may be given, and some rows are refused there. So are
# some where no IOMMU translates.
bounced() {
	grep -q 'swiotlb=force' /proc/cmdline && logged "$1 could not be committed"
}

untranslated() {
	logged "$1 could not be committed: -95\$"
}

# Nothing else than what is expected, and the debugger has counted no more than it printed.
nothing_else() {
	printed=$(log | grep -c "DMA-API: .* $DEVICE: ")
	counted=$(($(dma_errors) - before))
	echo "# complaints: $(complaints | wc -l), expected: $1; the debugger printed $printed, counted $counted"
	[ "$(complaints | wc -l)" = "$1" ] && [ "$printed" = "$counted" ]
}

# complains MESSAGE...: each message is there, and no other.
complains() {
	[ "$committed" = 0 ] || return 1
	expected=0
	for message in "$@"; do
		times=$(complaints_of "$message")
		[ "$times" -gt 0 ] || return 1
		expected=$((expected + times))
	done
	nothing_else "$expected"
}

# silent ROW: no message, although the debugger knows the mapping.
silent() {
	echo "# the debugger's list: ${mapping:-$1 is not there}"
	[ "$committed" = 0 ] && [ -n "$mapping" ] && nothing_else 0
}

# silent_unmapped ROW: no message, although the device has the address of what is not mapped.
silent_unmapped() {
	log | sed -n "s/.*$DEVICE: $1: /# /p"
	address=$(mapped_at "$1")
	[ "$committed" = 0 ] && [ -n "$address" ] && logged "$DEVICE: $1: .* the device has 0x$address\$" &&
		[ -z "$mapping" ] && nothing_else 0
}

# What was said, one line for each message; the debugger may have more to say in the next line.
print_said() {
	if [ -n "$(complaints)" ]; then
		complaints | sed 's/^/# said: /'
	else
		echo "# said: nothing"
	fi
}

check_row() {
	name=$1
	message=$(field "$name" 2)
	note=$(field "$name" 3)
	commit "$name"
	committed=$?
	if bounced "$name"; then
		ktap_test_skip "$name: refused, as bounce buffers are forced"
		return
	fi
	if untranslated "$name"; then
		ktap_test_skip "$name: refused, as no IOMMU translates"
		return
	fi
	print_said
	case $note in
	"" | "instead of: "* | "said by: "*)
		if [ "$message" = nothing ]; then
			check "$name: nothing" silent "$name"
		else
			check "$name: $message" complains "$message"
		fi
		;;
	unmapped)
		check "$name: nothing" silent_unmapped "$name"
		;;
	"with: "*)
		check "$name: $message" complains "$message" "$(field "${note#with: }" 2)"
		;;
	"silent: arm64")
		check "$name: no message on arm64" silent "$name"
		;;
	"silent: swiotlb")
		if swiotlb_active; then
			check "$name: no message while swiotlb is active" silent "$name"
		else
			check "$name: $message" complains "$message"
		fi
		;;
	*)
		check "$name: the note '$note' is known" false
		;;
	esac
}

require
require_dma_debug
TWIN=$(dirname "$KO")/misuse.ko
[ -r "$TWIN" ] || skip_all "no misuse.ko beside $KO"
TABLE=$(find_table) || skip_all "no table of the messages"
mark_log
{ load run_checks=N && unload; } || ktap_exit_fail_msg "$KO cannot be loaded"
not logged "not cache-coherent" ||
	skip_all "the device is not cache-coherent: caches would be invalidated at addresses that are wrong on purpose"

all_errors=$(cat "$ALL_ERRORS")
trap tidy EXIT
echo 1 >"$ALL_ERRORS"

ktap_set_plan $(($(names | wc -l) + 4))

mark_log
check "a row that is not there is refused" refused
check "the module and the table have the same rows" same_rows

for row in $(names); do
	check_row "$row"
done

mark_log
check "the kernel is good for safe_dma.ko" load run_checks=N
check "unload" unload

ktap_finished
