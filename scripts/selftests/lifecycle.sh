#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Operations on named mappings: lifecycles of each kind and direction, wrong orders, limits, and the
# entries of the kernel's DMA debugger.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_debugfs
# shellcheck source=scripts/selftests/operate.sh
. "$HERE/operate.sh"

KINDS="single page sg iova coherent noncoherent noncontiguous pool"
ktap_set_plan $((FINISH + 40))

# lifecycle KIND: transfers bytes from a mapping through the device to another one, and others back.
lifecycle() {
	mark_log
	operate "op=map name=other kind=coherent size=4096" &&
		operate "op=map name=a kind=$1 size=4096 pattern=0x11" &&
		operate "op=transfer name=a to=device size=4096" &&
		operate "op=transfer name=other to=memory size=4096" &&
		operate "op=check name=other pattern=0x11" &&
		operate "op=fill name=other pattern=0x22" &&
		operate "op=transfer name=other to=device size=4096" &&
		operate "op=transfer name=a to=memory size=4096" &&
		has_bytes "$1" 0x22 &&
		operate "op=unmap name=a" && operate "op=unmap name=other" && [ -z "$(owners)" ]
}

# has_bytes KIND PATTERN: returns whether the CPU reads the pattern, or the device if the CPU
# cannot.
has_bytes() {
	case $1 in
	iova)
		operate "op=fill name=other pattern=0" && operate "op=transfer name=a to=device size=4096" &&
			operate "op=transfer name=other to=memory size=4096" && operate "op=check name=other pattern=$2"
		;;
	coherent | pool) operate "op=check name=a pattern=$2" ;;
	*)
		operate "op=sync_for_cpu name=a" && operate "op=check name=a pattern=$2" &&
			operate "op=sync_for_device name=a"
		;;
	esac
}

# write_by_cpu KIND: writes with the CPU between syncs, and checks that the device reads the bytes.
write_by_cpu() {
	operate "op=map name=a kind=$1 size=4096" && operate "op=map name=other kind=coherent size=4096" &&
		operate "op=sync_for_cpu name=a" && operate "op=fill name=a pattern=0x33" &&
		operate "op=fill name=a pattern=0x44 offset=100 size=50" &&
		operate "op=sync_for_device name=a" && operate "op=transfer name=a to=device size=4096" &&
		operate "op=transfer name=other to=memory size=4096" &&
		operate "op=check name=other pattern=0x33 size=100" &&
		operate "op=check name=other pattern=0x44 offset=100 size=50" &&
		operate "op=check name=other pattern=0x33 offset=150" &&
		all_undone
}

# The properties of KIND: the CPU and the device own it at once; the CPU can access it; it is
# allocated as a mapping.
is_shared() { case $1 in coherent | pool) ;; *) return 1 ;; esac }
has_access() { case $1 in iova) return 1 ;; esac }
is_born_mapped() { case $1 in noncoherent | noncontiguous) ;; *) return 1 ;; esac }

# expect ERROR OP KEYS...: returns whether the operation on `a` is refused with ERROR, or succeeds
# if ERROR is empty.
expect() {
	error=$1 op=$2
	shift 2
	if [ "$error" ]; then
		is_refused "$error" "op=$op name=a $*"
	else
		operate "op=$op name=a $*"
	fi
}

# Sync the mapping, if its kind has syncs.
to_cpu() { [ "$no_sync" ] || expect '' sync_for_cpu; }
to_device() { [ "$no_sync" ] || expect '' sync_for_device; }

owned_by_device() {
	is_shared "$kind" || { expect "$busy" check pattern=17 && expect "$busy" fill pattern=17; } ||
		return 1
	expect "$synced" sync_for_device && expect EBUSY wait && expect EBUSY abort &&
		expect "$no_read" transfer to=device
}

# Also runs for memory that both own.
owned_by_cpu() {
	expect "$no_sync" sync_for_cpu || return 1
	[ "$no_sync" ] || {
		expect EBUSY sync_for_cpu && expect EBUSY transfer to="$to" && expect EBUSY start to="$to"
	} || return 1
	if [ "$no_read" ]; then
		expect "${no_access:-EACCES}" fill pattern=18
	else
		expect "$no_access" check pattern=17 && expect "$no_access" fill pattern=18 &&
			expect "$no_access" check pattern=18
	fi && to_device
}

in_flight() {
	expect '' start to="$to" && expect EBUSY unmap && expect "$busy" fill pattern=19 &&
		expect "$busy" check pattern=19 && expect "$synced" sync_for_cpu &&
		expect EBUSY start to="$to" && expect '' wait
}

# Transfers the bytes in the device to memory, where they replace other bytes.
bytes_come_back() {
	[ "$dir" != bidirectional ] || { to_cpu && expect "$no_access" fill pattern=20 && to_device; } ||
		return 1
	expect "$no_write" transfer to=memory && to_cpu && expect "$no_access" check pattern=18
}

# life KIND DIR: runs each operation in each state. With to_device the bytes stay in the device, for
# the next life with from_device.
life() {
	kind=$1 dir=$2
	to=device no_read='' no_write='' no_sync='' no_access='' busy=EBUSY pattern=pattern=17
	[ "$dir" != from_device ] || no_read=EACCES to=memory
	[ "$dir" != to_device ] || no_write=EACCES
	! is_shared "$kind" || no_sync=EOPNOTSUPP
	has_access "$kind" || no_sync=EOPNOTSUPP no_access=EOPNOTSUPP busy=EOPNOTSUPP
	synced=${no_sync:-EBUSY}
	# The CPU may not write the memory, so `map` cannot fill it.
	if [ "$no_read" ] && is_born_mapped "$kind"; then
		expect EACCES map "kind=$kind dir=$dir pattern=17" || return 1
		pattern=''
	fi

	expect '' map "kind=$kind dir=$dir $pattern" && owned_by_device && owned_by_cpu && in_flight &&
		bytes_come_back || return 1
	# Either owner can unmap.
	[ "$dir" != bidirectional ] || {
		to_device && expect '' start to=memory && expect '' abort
	} || return 1
	expect '' unmap && expect ENOENT unmap
}

# Coherent memory is always bidirectional.
lives() {
	is_shared "$1" || { life "$1" to_device && life "$1" from_device; } || return 1
	life "$1" bidirectional
}

all_undone() {
	for name in $(owners | cut -d ' ' -f 1); do
		operate "op=unmap name=$name" || return 1
	done
	[ -z "$(owners)" ]
}

# owned_by OWNER: returns whether `a` is the only mapping, and OWNER owns it.
owned_by() {
	[ "$(owners)" = "a $1" ]
}

wrong_orders() {
	operate "op=map name=a pattern=1" && owned_by device || return 1
	all_refused <<-'END' && owned_by device || return 1
		EEXIST|op=map name=a|the name is taken
		EBUSY|op=sync_for_device name=a|the device owns it
		EBUSY|op=fill name=a pattern=1|the device owns it
		EBUSY|op=check name=a pattern=1|the device owns it
		EBUSY|op=wait name=a|no transfer of it is in flight
		EBUSY|op=abort name=a|no transfer of it is in flight
	END
	operate "op=sync_for_cpu name=a" && owned_by cpu || return 1
	all_refused <<-'END' && owned_by cpu || return 1
		EEXIST|op=map name=a|the name is taken
		EBUSY|op=sync_for_cpu name=a|the CPU owns it
		EBUSY|op=transfer name=a to=device|the CPU owns it
		EBUSY|op=start name=a to=memory|the CPU owns it
		EBUSY|op=wait name=a|no transfer of it is in flight
		EBUSY|op=abort name=a|no transfer of it is in flight
		EILSEQ|op=check name=a pattern=2|byte 0 is 0x9e, expected 0x3c
	END
	operate "op=check name=a pattern=1" && operate "op=sync_for_device name=a" &&
		operate "op=start name=a to=memory irq=none" && owned_by in_flight || return 1
	all_refused <<-'END' || return 1
		EEXIST|op=map name=a|the name is taken
		EBUSY|op=sync_for_cpu name=a|is in flight
		EBUSY|op=sync_for_device name=a|is in flight
		EBUSY|op=fill name=a pattern=1|is in flight
		EBUSY|op=check name=a pattern=1|is in flight
		EBUSY|op=transfer name=a to=device|is in flight
		EBUSY|op=start name=a to=device|is in flight
		EBUSY|op=unmap name=a|is in flight
	END
	owned_by in_flight && operate "op=abort name=a" && owned_by device && operate "op=unmap name=a"
}

# The engine runs one transfer at a time, for all mappings.
one_engine() {
	mark_log
	operate "op=map name=a" && operate "op=map name=b" && operate "op=start name=a to=memory" &&
		is_refused EBUSY "op=start name=b to=device" && is_refused EBUSY "op=transfer name=b to=device" &&
		[ "$(log | grep -c "$DEVICE: run: .*the engine is busy")" = 2 ] &&
		operate "op=wait name=a" && operate "op=transfer name=b to=device" && all_undone
}

# A transfer that is waited for is still in flight after the timeout, and then ends.
time_is_up() {
	operate "op=map name=a" && operate "op=start name=a to=memory" &&
		refused ETIMEDOUT "op=wait name=a timeout=1" "the transfer has not ended" &&
		owned_by in_flight && operate "op=wait name=a" && owned_by device &&
		refused ETIMEDOUT "op=transfer name=a to=memory timeout=1" "the transfer has not ended" &&
		owned_by device && operate "op=unmap name=a"
}

unknown_names() {
	for words in unmap sync_for_cpu sync_for_device "fill pattern=1" "check pattern=1" \
		"transfer to=device" "start to=device" wait abort; do
		refused ENOENT "op=$words name=nobody" "there is no such name" || return 1
	done
}

directions() {
	operate "op=map name=to dir=to_device" && operate "op=map name=from dir=from_device" || return 1
	all_refused <<-'END' || return 1
		EACCES|op=transfer name=to to=memory|the device may not write it
		EACCES|op=start name=to to=memory|the device may not write it
		EACCES|op=transfer name=from to=device|the device may not read it
		EACCES|op=start name=from to=device|the device may not read it
	END
	operate "op=sync_for_cpu name=from" && operate "op=sync_for_cpu name=to" &&
		operate "op=fill name=to pattern=1" &&
		refused EACCES "op=fill name=from pattern=1" "the CPU may not write it" && all_undone
}

# `check` finds a single byte that differs.
one_byte() {
	operate "op=map name=a pattern=5" && operate "op=sync_for_cpu name=a" &&
		operate "op=fill name=a offset=1000 size=1 pattern=6" &&
		refused EILSEQ "op=check name=a pattern=5" "byte 1000 is " &&
		operate "op=check name=a pattern=5 size=1000" && operate "op=check name=a pattern=5 offset=1001" &&
		all_undone
}

ranges() {
	operate "op=map name=a size=1000" && operate "op=sync_for_cpu name=a" || return 1
	all_refused <<-'END' || return 1
		EINVAL|op=fill name=a pattern=1 size=1001|1001 bytes from 0 are not within 1000
		EINVAL|op=fill name=a pattern=1 offset=1000|0 bytes from 1000 are not within 1000
		EINVAL|op=check name=a pattern=1 offset=999 size=2|2 bytes from 999 are not within 1000
		EINVAL|op=fill name=a pattern=1 offset=18446744073709551615 size=2|are not within 1000
		EINVAL|op=fill name=a pattern=1 offset=18446744073709551615|are not within 1000
	END
	operate "op=fill name=a pattern=1 offset=999" && operate "op=sync_for_device name=a" &&
		refused EINVAL "op=transfer name=a to=device offset=1 size=1000" "are not within 1000" &&
		operate "op=transfer name=a to=device offset=999 size=1" && all_undone
}

shared_memory() {
	operate "op=map name=shared kind=coherent" && operate "op=map name=pool kind=pool" || return 1
	all_refused <<-'END' || return 1
		EOPNOTSUPP|op=sync_for_cpu name=shared|it is never synced
		EOPNOTSUPP|op=sync_for_device name=shared|it is never synced
		EOPNOTSUPP|op=sync_for_cpu name=pool|it is never synced
	END
	operate "op=start name=shared to=memory" &&
		refused EBUSY "op=fill name=shared pattern=1" "is in flight" &&
		operate "op=wait name=shared" && operate "op=fill name=shared pattern=1" && all_undone
}

registers() {
	operate "op=map name=a kind=resource dir=from_device" || return 1
	all_refused <<-'END' || return 1
		EOPNOTSUPP|op=sync_for_cpu name=a|it is never synced
		EOPNOTSUPP|op=fill name=a pattern=1|the CPU cannot access it
		EOPNOTSUPP|op=check name=a pattern=1|the CPU cannot access it
	END
	operate "op=transfer name=a to=memory" && all_undone
}

# There are at most 256 names. After an unmap another one is accepted.
many_names() {
	number=0
	while [ $number -lt 256 ]; do
		operate "op=map name=n$number size=1" || return 1
		number=$((number + 1))
	done
	refused ENOSPC "op=map name=more size=1" "all 256 names" && operate "op=unmap name=n17" &&
		operate "op=map name=more size=1" && [ "$(owners | wc -l)" = 256 ] && [ "$(value live)" = 256 ] &&
		all_undone
}

# witnessed KIND DIR SIZE: returns whether the DMA debugger has the address, size and direction that
# `mappings` shows.
witnessed() {
	operate "op=map name=a kind=$1 dir=$2 size=$3" || return 1
	dma=$(mapping a | sed -n 's/.* dma 0x\([0-9a-f]*\) .*/\1/p')
	phys=$(mapping a | sed -n 's/.* phys 0x\([0-9a-f]*\).*/\1/p')
	length=$(printf %x "$3")
	direction=DMA_$(echo "$2" | tr '[:lower:]' '[:upper:]')

	[ "$(mapping a | cut -d ' ' -f 1-4)" = "a $1 $2 device" ] && [ -n "$dma" ] &&
		grep -q " $DEVICE .* P=0x0*$phys D=$dma L=$length .* $direction" "$DUMP" &&
		operate "op=unmap name=a" && ! grep -q " $DEVICE .* D=$dma L=$length " "$DUMP"
}

debugger_agrees() {
	for kind in single page noncoherent; do
		for dir in to_device from_device bidirectional; do
			witnessed $kind $dir 4096 || return 1
		done
	done
	witnessed coherent bidirectional 4096 && witnessed single to_device 100
}

# Saves the counters. delta KEY prints how much a counter has grown since.
keep() {
	cat "$CONTROL/stats" >"$TEXT"
}

delta() {
	echo $(($(value "$1") - $(sed -n "s/^$1 //p" "$TEXT")))
}

# The physical address has the offset in the page, and the DMA address, too, unless it is bounced.
in_the_page() {
	keep
	operate "op=map name=a offset=100 size=5000" || return 1
	dma=064
	[ "$(delta bounced)" = 0 ] || dma=
	mapping a | grep -q " dma 0x[0-9a-f]*$dma size 5000 phys 0x[0-9a-f]*064,0x[0-9a-f]*000" &&
		operate "op=unmap name=a"
}

# The line of a mapping lists its pages, at most 16.
pages_listed() {
	operate "op=map name=a kind=noncoherent size=$((17 * 65536))" &&
		[ "$(mapping a | sed 's/.* phys //' | tr ',' '\n' | grep -c '^0x')" = 16 ] &&
		mapping a | grep -q ',\.\.\.$' && operate "op=unmap name=a"
}

counted() {
	keep
	operate "op=map name=a" && operate "op=map name=b kind=coherent" && operate "op=sync_for_cpu name=a" &&
		operate "op=sync_for_device name=a" && operate "op=transfer name=a to=device size=300" &&
		! operate "op=wait name=a" && [ "$(value live)" = 2 ] && operate "op=unmap name=a" &&
		operate "op=unmap name=b" || return 1
	echo "# $(delta maps) $(delta unmaps) $(delta syncs) $(delta transfers) $(delta bytes) $(delta errors)"
	[ "$(delta maps) $(delta unmaps) $(delta syncs) $(delta transfers)" = "2 2 2 1" ] &&
		[ "$(delta bytes) $(delta errors)" = "300 1" ] && [ "$(value live)" = 0 ] &&
		[ "$(value high_water)" -ge 256 ]
}

# Operations on a busy name are refused, those on other names succeed.
busy() {
	mark_log
	operate "op=map name=a" && operate "op=start name=a to=memory" || return 1
	operate "op=wait name=a" &
	sleep 0.01
	owned_by busy && is_refused EBUSY "op=abort name=a" && is_refused EBUSY "op=wait name=a" &&
		operate "op=map name=b" && operate "op=sync_for_cpu name=b" &&
		operate "op=fill name=b pattern=1" && operate "op=unmap name=b" && owned_by busy && wait $! &&
		logged "op=abort name=a: .*another operation on it has not ended" && owned_by device && all_undone
}

# Unbinds the driver during a transfer, while a process waits for it.
unbind_in_flight() {
	operate "op=map name=a" && operate "op=map name=b kind=sg size=30000" &&
		operate "op=start name=a to=memory irq=none" || return 1
	mark_log
	operate "op=wait name=a timeout=60000" &
	sleep 0.01
	echo "$DEVICE" >"$DRIVER/unbind" && ! wait $! && [ ! -e "$CONTROL" ] &&
		logged "op=wait name=a: .*the driver is being unbound" &&
		! grep -qs " $DEVICE .* D=" "$DUMP" && echo "$DEVICE" >"$DRIVER/bind" && [ -z "$(owners)" ]
}

# Writes to a file that was opened before the unbind are refused.
file_of_the_past() {
	exec 3>"$RUN"
	echo "$DEVICE" >"$DRIVER/unbind"
	# shellcheck disable=SC2039,SC3044 # the shell's built-in echo ignores write errors
	echo op=map_single | cat >&3 2>/dev/null && return 1
	exec 3>&-
	echo "$DEVICE" >"$DRIVER/bind"
}

# As check(), but also unmaps everything that a failure has left.
try() {
	check "$@"
	undo
}

undo() {
	for name in $(owners | cut -d ' ' -f 1); do
		operate "op=unmap name=$name" || { operate "op=abort name=$name" && operate "op=unmap name=$name"; }
	done
}

before=$(dma_errors)
TEXT=$(mktemp) || ktap_exit_fail_msg "cannot create a temporary file"
trap 'rm -f "$TEXT"; if is_loaded; then unload; fi' EXIT

mark_log
check "load without checks" load run_checks=N
translates && TRANSLATES=1
for kind in $KINDS; do
	if [ "$kind" = iova ] && [ -z "${TRANSLATES:-}" ]; then
		ktap_test_skip "a lifecycle of $kind: no IOMMU translates"
	else
		try "a lifecycle of $kind" lifecycle "$kind"
	fi
done
for kind in $KINDS; do
	if [ "$kind" = iova ] && [ -z "${TRANSLATES:-}" ]; then
		ktap_test_skip "each operation in each state of $kind: no IOMMU translates"
	else
		try "each operation in each state of $kind" lives "$kind"
	fi
done
for kind in single page sg noncoherent noncontiguous; do
	try "the CPU writes to $kind" write_by_cpu $kind
done
try "wrong orders are refused" wrong_orders
try "unknown names are refused" unknown_names
try "directions" directions
try "ranges" ranges
try "a byte that differs" one_byte
try "memory that is never synced" shared_memory
if [ -n "${TRANSLATES:-}" ]; then
	try "registers" registers
else
	ktap_test_skip "registers: no IOMMU translates"
fi
try "one transfer at a time" one_engine
try "time-outs" time_is_up
try "256 names" many_names
check_debugger "the entries of the debugger" debugger_agrees
undo
try "an offset in a page" in_the_page
try "the list of pages" pages_listed
try "counters" counted
try "a busy name" busy
check "unbind with a transfer in flight" unbind_in_flight
check "a file that was opened before the unbind" file_of_the_past
mark_log
check "mapped and in flight at the end" operate "op=map name=a"
operate "op=start name=a to=memory"
finish
