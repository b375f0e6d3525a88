# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers that let allocations fail. The caller sets SAVED, a file for the old values of attributes.
# Sourced after common.sh.

# Skips the whole script if the kernel cannot let allocations fail.
require_injection() {
	[ -w /proc/self/fail-nth ] || skip_all "no /proc/self/fail-nth: the kernel needs CONFIG_FAULT_INJECTION"
	for capability in failslab fail_page_alloc; do
		[ -d "$DEBUGFS/$capability" ] ||
			skip_all "no $DEBUGFS/$capability: the kernel needs CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC"
		[ -e "$DEBUGFS/$capability/reject-start" ] ||
			skip_all "the DMA debugger would fail: the kernel needs CONFIG_FAULT_INJECTION_STACKTRACE_FILTER"
	done
}

# Prints the first address of the DMA debugger's add_dma_entry(), and the end. Its allocations must
# not fail: without memory for an entry the debugger disables itself, and would miss leaked
# mappings. All other allocations of an operation fail.
debuggers() {
	awk '$3 == "add_dma_entry" { start = $1 } start && $1 != start { print start, $1; exit }' /proc/kallsyms
}

# attribute CAPABILITY NAME VALUE: sets an attribute. disarm() restores the old value.
attribute() {
	grep -q "^$DEBUGFS/$1/$2 " "$SAVED" || echo "$DEBUGFS/$1/$2 $(cat "$DEBUGFS/$1/$2")" >>"$SAVED"
	echo "$3" >"$DEBUGFS/$1/$2"
}

# caches 0|1: disables or enables failures in all slab caches, except those of kmemleak and
# debugobjects. These two tolerate failures, and would distort the count of failures that an
# operation tolerates.
caches() {
	for cache in /sys/kernel/slab/*; do
		case ${cache##*/} in
		kmemleak_* | debug_objects_cache) ;;
		*) echo "$1" >"$cache/failslab" || return 1 ;;
		esac
	done
}

# Permits all allocations to fail, whether or not they may sleep, in tasks that request failures.
arm() {
	# shellcheck disable=SC2046 # two words
	set -- $(debuggers)
	[ $# = 2 ] || return 1
	echo "# add_dma_entry is from 0x$1 to 0x$2"
	for capability in failslab fail_page_alloc; do
		attribute $capability verbose 0
		attribute $capability ignore-gfp-wait N
		attribute $capability stacktrace-depth 32
		attribute $capability reject-start "0x$1"
		attribute $capability reject-end "0x$2"
	done
	attribute failslab cache-filter Y
	attribute fail_page_alloc ignore-gfp-highmem N
	attribute fail_page_alloc min-order 0
	caches 1
}

disarm() {
	while read -r name value; do
		echo "$value" >"$name"
	done <"$SAVED"
	caches 0
}
