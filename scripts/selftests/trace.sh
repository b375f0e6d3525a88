#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Prints the functions that an operation calls, and the time of each, for
# scripts/safe_dma/witness/trace.py.
#
#   trace.sh OPERATION     OPERATION is a lifecycle that the device's file `run` lists
#
# First records all calls together. This shows the calls, but the time of each function includes the
# tracer's overhead for all functions below. Then records each function alone, several times.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/ftrace.sh
. "$HERE/ftrace.sh"

OP=$1
ROWS=$HERE/paths.rows
TAB=$(printf '\t')
# An interrupt may make one of the runs longer.
TIMES="1 2"

cannot() {
	echo "trace: cannot: $*"
	exit 1
}

reason=$(tracing_ready) || cannot "$reason"
KO=$(find_module) || cannot "no $MODULE.ko"
DEVICE=$(find_device) || cannot "no edu device (PCI 1234:11e8)"
is_loaded && cannot "$MODULE is loaded and in use: unload it first"
directory=$(mktemp -d) || cannot "no temporary directory"
trap 'rm -rf "$directory"; tracing_end; if is_loaded; then unload; fi' EXIT
load run_checks=N || cannot "$MODULE does not load"
RUN=/sys/kernel/debug/$MODULE/$DEVICE/run
grep -q "^op=$OP " "$RUN" || cannot "no operation is called '$OP'"

run() {
	echo "op=$OP" >"$RUN"
}

# The functions at which the graphs start: of each row the first that this kernel has.
sed -n "s/^row${TAB}[^$TAB]*$TAB$OP$TAB//p" "$ROWS" | while read -r names; do
	for name in $names; do
		grep -xF "$name" "$TRACING/available_filter_functions" && break
	done
done | sort -u >"$directory/entries"
[ -s "$directory/entries" ] || cannot "no row of the table is for '$OP'"

# record COMMAND...: records one run of COMMAND in the tracer's buffer.
record() {
	: >"$TRACING/trace"
	echo 1 >"$TRACING/tracing_on"
	# The first event in the buffer has more overhead.
	echo "$OP" >"$TRACING/trace_marker"
	"$@" 2>/dev/null
	status=$?
	echo 0 >"$TRACING/tracing_on"
}

# show WHAT: prints the recorded run.
show() {
	echo "trace: begin $1"
	cat "$TRACING/trace"
	echo "trace: end $status $(lost)"
}

# only FUNCTION...: traces only these functions.
only() {
	echo "$*" | tr ' ' '\n' >"$TRACING/set_ftrace_filter"
}

# repeated WHAT COMMAND...: records and prints COMMAND several times.
repeated() {
	what=$1
	shift
	for time in $TIMES; do
		record "$@"
		show "$what $time"
	done
}

# Calls a function of known cost: write_null() only returns its third argument.
write_null() {
	echo >/dev/null
}

# Warm up: the first allocations take other paths than later ones.
for _ in 1 2 3 4; do
	run 2>/dev/null
done

tracing_begin
cat "$directory/entries" >"$TRACING/set_graph_function"
for time in $TIMES; do
	record run
	show "all $time"
	sed -n 's/^.*|  *\([A-Za-z0-9_.]*\)\( \[.*\]\)\{0,1\}().*/\1/p' "$TRACING/trace" >>"$directory/called"
done
sort -u "$directory/called" >"$directory/functions"

# shellcheck disable=SC2046 # a list of names
set -- $(cat "$directory/entries")
only "$@"
repeated "entries" run
while read -r function; do
	grep -qxF "$function" "$directory/entries" && continue
	only "$@" "$function"
	repeated "one $function" run
done <"$directory/functions"

# The outermost functions, each alone, and write_null(), whose instructions can be counted by hand.
for function in "$@"; do
	echo "$function" >"$TRACING/set_graph_function"
	only "$function"
	repeated "one $function" run
done
echo write_null >"$TRACING/set_graph_function"
only write_null
repeated "one write_null" write_null

# The addresses of the functions, to find their instructions in the kernel's image.
printf '%s\n' _text write_null >>"$directory/functions"
awk 'NR == FNR { wanted[$1]; next } NF == 3 && $3 in wanted { print "trace: symbol", $1, $3 }' \
	"$directory/functions" /proc/kallsyms
echo "trace: done"
