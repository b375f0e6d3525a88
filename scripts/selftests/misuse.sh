#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Performs each misuse that is safe to run in C, with misuse.ko, prints the DMA debugger's messages,
# and compares them with the table. Afterwards safe_dma.ko must still load. Increases the debugger's
# error count. On a kernel without the debugger no misuse is performed.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

ALL_ERRORS=${ERROR_COUNT%/*}/all_errors
MAPPINGS=${ERROR_COUNT%/*}/dump
SWIOTLB=/sys/kernel/debug/swiotlb/io_tlb_nslabs

# Prints the path of the table: beside the scripts, or in this tree.
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

# field NAME NUMBER: prints a field of row NAME.
field() {
	table | awk -F '\t' -v name="$1" -v number="$2" '$1 == name { print $number }'
}

# Unloads the modules, which would keep the device, and restores all_errors.
tidy() {
	if is_loaded; then unload; fi
	if [ -d /sys/module/misuse ]; then rmmod misuse; fi
	[ -z "$debugger" ] || echo "$all_errors" >"$ALL_ERRORS"
}

# Returns whether an unknown row is refused. The module then logs its rows.
refused() {
	not insmod "$TWIN" row=none 2>/dev/null
}

same_rows() {
	# BusyBox tries several ways to load a module: the message may be repeated.
	has=$(log | sed -n "s/.*misuse: row: //p" | sort -u)
	[ -n "$has" ] && [ "$has" = "$(names | sort)" ]
}

# Prints the messages about the device, of the debugger, of dma_map_single() and of iommu_map().
complaints() {
	log | grep -e "DMA-API: .* $DEVICE: " -e "$DEVICE: rejecting DMA " -e "iommu: unaligned: " |
		sed "s/.* $DEVICE: //; s/.*iommu: unaligned: /unaligned: /"
}

# complaints_of TEXT: prints the number of messages that begin with TEXT.
complaints_of() {
	complaints | awk -v message="$1" 'index($0, message) == 1' | wc -l
}

swiotlb_active() {
	[ "$(cat "$SWIOTLB" 2>/dev/null || echo 0)" -gt 0 ]
}

# mapped_at ROW: prints the address that the row has mapped, as the module has logged it.
mapped_at() {
	log | sed -n "s/.*$DEVICE: $1: mapped 0x\([0-9a-f]*\).*/\1/p"
}

# listed ROW: prints the debugger's entry for that address, if it is still mapped.
listed() {
	address=$(mapped_at "$1")
	[ -n "$address" ] && grep " $DEVICE .* D=$address " "$MAPPINGS"
}

# commit ROW: loads and unloads the module with ROW. The unload unbinds the device.
commit() {
	mark_log
	before=$(dma_errors)
	mapping=
	insmod "$TWIN" row="$1" || return 1
	mapping=$(listed "$1")
	rmmod misuse && logged "$DEVICE: $1 is committed\$"
}

# bounced ROW: returns whether ROW was refused because its memory cannot be bounced.
bounced() {
	grep -q 'swiotlb=force' /proc/cmdline && logged "$1 could not be committed"
}

# unsupported ROW: returns whether ROW was refused, because no IOMMU translates, its domain is lazy,
# or the kernel checks pools.
unsupported() {
	logged "$1 could not be committed: -95\$"
}

# nothing_else NUMBER: returns whether there are NUMBER messages, and the debugger has printed as
# many errors as it has counted.
nothing_else() {
	printed=$(log | grep -c "DMA-API: .* $DEVICE: ")
	counted=$(($(dma_errors) - before))
	echo "# complaints: $(complaints | wc -l), expected: $1; the debugger printed $printed, counted $counted"
	[ "$(complaints | wc -l)" = "$1" ] && [ "$printed" = "$counted" ]
}

# complains MESSAGE...: returns whether each message was logged, and no other.
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

# silent ROW: returns whether no message was logged, although the debugger has the mapping.
silent() {
	echo "# the debugger's list: ${mapping:-$1 is not there}"
	[ "$committed" = 0 ] && [ -n "$mapping" ] && nothing_else 0
}

# silent_unmapped ROW: returns whether no message was logged, although the device has an address
# that is not mapped.
silent_unmapped() {
	log | sed -n "s/.*$DEVICE: $1: /# /p"
	address=$(mapped_at "$1")
	[ "$committed" = 0 ] && [ -n "$address" ] && logged "$DEVICE: $1: the device has 0x$address\$" &&
		[ -z "$mapping" ] && nothing_else 0
}

# silent_logged TEXT: returns whether no message was logged, but TEXT, and nothing is mapped.
silent_logged() {
	log | grep -e "$1" | sed 's/^/# /'
	[ "$committed" = 0 ] && logged "$1" && [ -z "$mapping" ] && nothing_else 0
}

# Prints one line for each message. The debugger's messages may have several lines.
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
	if [ -z "$debugger" ]; then
		ktap_test_skip "$name: this kernel has no CONFIG_DMA_API_DEBUG"
		return
	fi
	commit "$name"
	committed=$?
	if bounced "$name"; then
		ktap_test_skip "$name: refused, as bounce buffers are forced"
		return
	fi
	if unsupported "$name"; then
		ktap_test_skip "$name: refused, as no IOMMU translates, its domain is lazy, or the kernel checks pools"
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
	"logged: "*)
		check "$name: nothing" silent_logged "${note#logged: }"
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
# The directory of the debugger is there even if the debugger is switched off.
debugger=
if [ -d "${ERROR_COUNT%/*}" ] || ! grep -q " $DEBUGFS debugfs " /proc/mounts; then
	require_dma_debug
	debugger=Y
fi
TWIN=$(dirname "$KO")/misuse.ko
[ -r "$TWIN" ] || skip_all "no misuse.ko beside $KO"
TABLE=$(find_table) || skip_all "no table of the messages"
mark_log
{ load run_checks=N && unload; } || ktap_exit_fail_msg "$KO cannot be loaded"
not logged "not cache-coherent" ||
	skip_all "the device is not cache-coherent: caches would be invalidated at addresses that are wrong on purpose"

[ -z "$debugger" ] || all_errors=$(cat "$ALL_ERRORS")
trap tidy EXIT
[ -z "$debugger" ] || echo 1 >"$ALL_ERRORS"

ktap_set_plan $(($(names | wc -l) + 4))

mark_log
check "an unknown row is refused" refused
check "the module and the table have the same rows" same_rows

for row in $(names); do
	check_row "$row"
done

mark_log
check "the kernel is good for safe_dma.ko" load run_checks=N
check "unload" unload

ktap_finished
