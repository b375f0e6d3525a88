# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers that compare the kernel's memory use before and after many cycles. Sourced after common.sh.

KMEMLEAK=$DEBUGFS/kmemleak

# The first cycles allocate memory that later cycles reuse: slabs, page tables of the IOMMU, address
# ranges. With kmemleak, memory use is not compared.
WARM_UP=10
[ ! -e "$KMEMLEAK" ] || WARM_UP=0
# In kB. Memory that no counter of the kernel covers was measured to rise by 44, as much as is
# mapped here at a time, and to fall again. A leak of a page in each of 30 cycles is 120.
PAGES_BOUND=64
# In kB. Slabs were not measured to grow, but may, as not all are full. A leak of 32 bytes in each
# of 1000 cycles is 31.
SLAB_BOUND=24

# repeat NUMBER COMMAND
repeat() {
	cycle=0
	while [ "$cycle" -lt "$1" ]; do
		"$2" || return 1
		cycle=$((cycle + 1))
	done
}

# Prints the kB that the kernel uses, in pages and in slabs. Counters are per CPU for up to a
# second, and MemFree does not include the per-CPU lists of free pages.
has_now() {
	free=$(awk '/^ +count: / { pages += $2 } END { print 4 * pages }' /proc/zoneinfo)
	awk -v free="$free" '
		/^MemTotal:/ { pages += $2 }
		/^(MemFree|Cached|SReclaimable|SUnreclaim|AnonPages|KernelStack|PageTables):/ { pages -= $2 }
		/^SUnreclaim:/ { slabs = $2 }
		END { print pages - free, slabs }' /proc/meminfo
}

# Prints the minimum of several measurements: memory may be freed with a delay.
measure() {
	for _ in 1 2 3 4 5; do
		sleep 3
		has_now
	done | sort -n | head -n 1
}

# many COMMAND: runs the cycles, and measures the memory use before and after.
many() {
	repeat $WARM_UP "$1" || return 1
	first=$(measure)
	repeat "$CYCLES" "$1" || return 1
	last=$(measure)
	echo "# cycles: $CYCLES $1, pages and slabs in kB: $first, then $last"
}

# Returns whether memory use has not grown beyond the bounds.
is_flat() {
	[ $((${last% *} - ${first% *})) -le $PAGES_BOUND ] && [ $((${last#* } - ${first#* })) -le $SLAB_BOUND ]
}

check_memory() {
	if [ -e "$KMEMLEAK" ]; then
		ktap_test_skip "$1: KASAN keeps freed memory; kmemleak checks instead"
	else
		check "$1" is_flat
	fi
}

check_leaks() {
	if [ -e "$KMEMLEAK" ]; then
		check "$1" no_leak
	else
		ktap_test_skip "$1: the kernel has no CONFIG_DEBUG_KMEMLEAK"
	fi
}
