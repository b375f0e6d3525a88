#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Completions are wrong, see rust/wrong_nvme.rs. Those of no command in flight are refused and logged
# once, lost commands time out and are sent again, and all bytes are right.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
SAFE_DMA_NVME=wrong_nvme
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

UNKNOWN="which is not in flight: "
KINDS=5

require_nvme fio
ktap_set_plan $((5 * KINDS))

# count TEXT: prints how many lines of the kernel's log have the text.
count() {
	log | grep -c "$1"
}

# were_wrong NUMBER: returns whether so many completions were wrong. Each ring logs it in the end.
were_wrong() {
	wrong=$(log | awk '/ entries, [0-9]* wrong$/ { sum += $(NF - 1) } END { print sum + 0 }')
	echo "# wrong completions: $wrong"
	[ "$wrong" -ge "$1" ]
}

# Returns whether the kernel has reported nothing, and no request has failed.
nothing_else() {
	not logged "WARNING:\|BUG:\|Oops\|I/O error\|DMA-API: \|cannot be reset\|blocked for more"
}

# refused WHICH: returns whether completions were logged once, also those of the admin queue, and no
# command was lost.
refused() {
	[ "$(count "command $1")" = 1 ] && [ "$(count "$UNKNOWN")" = 1 ] &&
		[ "$(count "an admin command .* that is not in flight")" = 1 ] &&
		not logged "timed out\|resetting" && nothing_else
}

# was_reset NUMBER: returns whether the controller was reset, and NUMBER completions were logged. One
# reset may be for several that are lost.
was_reset() {
	resets=$(count ": resetting$")
	echo "# resets: $resets"
	[ "$resets" -gt 0 ] && [ "$(count "$UNKNOWN")" = "$1" ] && nothing_else
}

# under_fio KIND NAME NUMBER COMMAND...: runs fio while NUMBER completions or more are wrong. COMMAND
# looks for their effect in the kernel's log.
under_fio() {
	kind=$1
	name=$2
	number=$3
	mark_log
	PARAMETERS=kind=$kind
	check "$name: load" load_nvme
	shift 3
	# In ms. The other kinds lose no command.
	[ "$kind" -lt 4 ] || echo 3000 >/sys/block/rnvme0n1/queue/io_timeout
	check "$name: all bytes are right" job random-4k-depth-64
	check "$name: unload" rmmod "$NVME"
	check "$name: they were wrong" were_wrong "$number"
	check "$name: effect" "$@"
}

under_fio 1 "repeated completions" 400 refused "0x[0-9a-f]*, ${UNKNOWN}NotInFlight"
under_fio 2 "tags that are too large" 400 refused "0xfff, ${UNKNOWN}OutOfRange"
# The driver has no such tag.
under_fio 3 "completions of another queue" 400 refused "0xffff, ${UNKNOWN}OutOfRange"
under_fio 4 "a phase too early" 3 was_reset 1
under_fio 5 "a phase too late" 3 was_reset 0
ktap_finished
