# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The kernel's function graph of one call, for the scripts that show the ways of operations.
# Sourced.

TRACING=/sys/kernel/tracing

# Mount tracefs, or say why there is nothing to trace with.
tracing_ready() {
	[ -e "$TRACING/trace" ] || mount -t tracefs tracefs "$TRACING" 2>/dev/null || {
		echo "this kernel has no ftrace"
		return 1
	}
	grep -qw function_graph "$TRACING/available_tracers" || {
		echo "this kernel has no function_graph tracer"
		return 1
	}
}

# From now on, of what this shell does, and nobody else.
tracing_begin() {
	echo 0 >"$TRACING/tracing_on"
	echo nop >"$TRACING/current_tracer"
	: >"$TRACING/set_ftrace_filter"
	: >"$TRACING/set_graph_function"
	for option in function-fork funcgraph-cpu funcgraph-overhead; do
		echo 0 >"$TRACING/options/$option"
	done
	# Name the function at the end of each call, too.
	for option in funcgraph-tail funcgraph-duration funcgraph-irqs; do
		echo 1 >"$TRACING/options/$option"
	done
	echo $$ >"$TRACING/set_ftrace_pid"
	echo local >"$TRACING/trace_clock"
	# What the kernel does for a probe may be much, and nothing of it may be lost.
	echo 8192 >"$TRACING/buffer_size_kb"
	echo function_graph >"$TRACING/current_tracer"
}

tracing_end() {
	echo 0 >"$TRACING/tracing_on"
	echo nop >"$TRACING/current_tracer"
	: >"$TRACING/set_ftrace_filter"
	: >"$TRACING/set_graph_function"
	: >"$TRACING/set_ftrace_pid"
	: >"$TRACING/trace"
	echo 1 >"$TRACING/tracing_on"
}

# graph ENTRY COMMAND...: record the calls from ENTRY on, while the command runs in this shell.
graph() {
	echo "$1" >"$TRACING/set_graph_function" || return 1
	shift
	: >"$TRACING/trace"
	echo 1 >"$TRACING/tracing_on"
	"$@" 2>/dev/null
	result=$?
	echo 0 >"$TRACING/tracing_on"
	return "$result"
}

# How many calls there was no room for.
lost() {
	cat "$TRACING"/per_cpu/cpu*/stats | sed -n 's/^\(overrun\|dropped events\): //p' | {
		sum=0
		while read -r count; do
			sum=$((sum + count))
		done
		echo "$sum"
	}
}
