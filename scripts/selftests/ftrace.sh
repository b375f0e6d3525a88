# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers that record the kernel's function graph of an operation. Sourced by paths.sh and trace.sh.

TRACING=/sys/kernel/tracing

# Mounts tracefs, or prints why the kernel cannot trace.
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

# Sets the tracer up, for this shell only.
tracing_begin() {
	echo 0 >"$TRACING/tracing_on"
	echo nop >"$TRACING/current_tracer"
	: >"$TRACING/set_ftrace_filter"
	: >"$TRACING/set_graph_function"
	for option in function-fork funcgraph-cpu funcgraph-overhead; do
		echo 0 >"$TRACING/options/$option"
	done
	# Also name the function at the end of each call.
	for option in funcgraph-tail funcgraph-duration funcgraph-irqs; do
		echo 1 >"$TRACING/options/$option"
	done
	echo $$ >"$TRACING/set_ftrace_pid"
	echo local >"$TRACING/trace_clock"
	# A probe makes many calls, and none may be lost.
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

# graph ENTRY COMMAND...: runs COMMAND in this shell, and records ENTRY and all that it calls.
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

# Prints the number of calls for which the buffer had no space.
lost() {
	cat "$TRACING"/per_cpu/cpu*/stats | sed -n 's/^\(overrun\|dropped events\): //p' | {
		sum=0
		while read -r count; do
			sum=$((sum + count))
		done
		echo "$sum"
	}
}
