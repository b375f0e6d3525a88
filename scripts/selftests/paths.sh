#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Prints the kernel's function graph of each call in paths.rows, for
# scripts/safe_dma/witness/paths.py. Not a test by itself: the expected functions depend on the
# scenario, which only the host knows.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/ftrace.sh
. "$HERE/ftrace.sh"

ROWS=$HERE/paths.rows
TAB=$(printf '\t')

cannot() {
	echo "paths: cannot: $*"
	exit 4
}

reason=$(tracing_ready) || cannot "$reason"
[ -r "$ROWS" ] || cannot "no $ROWS: scripts/safe_dma/witness/paths.py writes it"
KO=$(find_module) || cannot "no $MODULE.ko"
DEVICE=$(find_device) || cannot "no edu device (PCI 1234:11e8)"
is_loaded && cannot "$MODULE is loaded and in use: unload it first"
functions=$(mktemp) || cannot "no temporary file"
trap 'rm -f "$functions" "$functions.wanted"; tracing_end; if is_loaded; then unload; fi' EXIT
load run_checks=N || cannot "$MODULE does not load"

run() {
	echo "op=$1" >"/sys/kernel/debug/$MODULE/$DEVICE/run"
}

# Runs a program as a child of this shell, and traces both.
program() {
	echo 1 >"$TRACING/options/function-fork"
	"$HERE/mmap_coherent" "$DEBUGFS/$MODULE/$DEVICE" round-trip >/dev/null
	program_status=$?
	echo 0 >"$TRACING/options/function-fork"
	return "$program_status"
}

bind() {
	echo "$DEVICE" >"$DRIVER/bind"
}

# The functions of the table that the tracer can see: they exist and are not inlined. The compiler
# adds a suffix to the name of a function whose arguments it has changed. A function with .part or
# .cold is only a part.
sed -n "s/^function$TAB//p" "$ROWS" >"$functions.wanted"
sed -E 's/(\.(isra|constprop|llvm)\.[0-9]+)+$//' "$TRACING/available_filter_functions" |
	grep -xF -f "$functions.wanted" | sort -u | sed 's/^/paths: has /'
# An operation begins in a function whose name is its own.
grep -xF -f "$functions.wanted" "$TRACING/available_filter_functions" >"$functions"

# trace NAME OP ENTRY...: prints the graph of the first ENTRY that exists, during OP.
trace() {
	name=$1
	op=$2
	shift 2
	for entry in "$@"; do
		grep -qxF "$entry" "$functions" || continue
		echo "paths: begin $name"
		if [ "$op" = probe ]; then
			echo "$DEVICE" >"$DRIVER/unbind"
			graph "$entry" bind
		elif [ "$op" = program ]; then
			graph "$entry" program
		else
			graph "$entry" run "$op"
		fi
		echo "paths: status $?"
		echo "paths: lost $(lost)"
		cat "$TRACING/trace"
		echo "paths: end $name"
		return
	done
	echo "paths: no entry $name"
}

tracing_begin
# Only this shell is traced, so there must be no pipe.
while IFS=$TAB read -r kind name op entries; do
	[ "$kind" = row ] || continue
	# shellcheck disable=SC2086 # a list of names
	trace "$name" "$op" $entries
done <"$ROWS"
echo "paths: done"
