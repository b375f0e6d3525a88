# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers that remove a device while it is in use, in all ways. Sourced after common.sh.

CONTROL=$DEBUGFS/$MODULE/$DEVICE
RUN=$CONTROL/run
MAPPINGS=$CONTROL/mappings

# The directory for temporary files.
USE=$(mktemp -d) || exit 1
trap 'rm -rf "$USE"; if is_loaded; then unload; fi' EXIT

# op WORDS: runs an operation.
op() {
	echo "op=$*" >"$RUN"
}

# is_now NAME OWNER: returns whether OWNER owns the mapping, as `mappings` shows.
is_now() {
	grep -q "^$1 [^ ]* [^ ]* $2 " "$MAPPINGS"
}

# Creates mappings of each kind, one of them owned by the CPU. Starts a process that waits for a
# transfer without an interrupt, and a program that maps the coherent pages.
use_and_wait() {
	for kind in single page sg iova coherent noncoherent noncontiguous pool; do
		op map "name=$kind kind=$kind" || return 1
	done
	op sync_for_cpu name=single && is_now single cpu || return 1
	op start name=page to=device irq=none && is_now page in_flight || return 1
	{
		op wait name=page timeout=60000 2>"$USE/wait.error"
		echo $? >"$USE/wait.status"
	} &
	waiter=$!
	rm -f "$USE/gone"
	if translates_now; then
		"$HERE/mmap_coherent" "$CONTROL" hold "$USE/gone" &
		holder=$!
	else
		holder=
	fi
	# Neither prints anything before its end, so give them time to start.
	sleep 1
	eventually is_now page busy
}

# Returns whether an IOMMU translates. Without an IOMMU, memory that a program has mapped would be
# lost, see mmap_lost.
translates_now() {
	dmesg | grep "$DEVICE: \(behind\|no\) IOMMU" | tail -n 1 | grep -q "which translates"
}

# waiter_was_told HOW: returns whether the wait has ended. If the device is present, HOW is `over`:
# the wait succeeds. If the device is `gone`, the wait fails.
waiter_was_told() {
	wait "$waiter"
	echo "# waiter: $(cat "$USE/wait.error")"
	case $1 in
	over) [ "$(cat "$USE/wait.status")" = 0 ] ;;
	gone) grep -q "No such device" "$USE/wait.error" ;;
	esac
}

# Tells the program that the device is gone, and returns whether its memory is unchanged.
holder_has_its_memory() {
	touch "$USE/gone"
	[ -z "$holder" ] || wait "$holder"
}

# Starts a process that runs one transfer after the other.
use_at_work() {
	op map name=work && op transfer name=work to=device || return 1
	{
		exec 3>"$RUN"
		while echo "op=transfer name=work to=device" >&3; do
			:
		done 2>"$USE/work.error"
	} &
	worker=$!
	eventually is_now work busy
}

worker_was_told() {
	wait "$worker"
	echo "# worker: $(cat "$USE/work.error")"
	grep -q -e "No such device" -e "I/O error" "$USE/work.error"
}

# Transfers bytes to the device and back, through a mapping that is synced in between.
works() {
	op map name=again size=4096 pattern=0x5a && op transfer name=again to=device &&
		op sync_for_cpu name=again && op fill name=again pattern=1 && op sync_for_device name=again &&
		op transfer name=again to=memory && op sync_for_cpu name=again && op check name=again pattern=0x5a &&
		op unmap name=again
}

# Returns whether the DMA debugger has no mapping of the device.
nothing_mapped() {
	grep "$DEVICE" "$DUMP" | sed 's/^/# /'
	! grep -q "$DEVICE" "$DUMP"
}

# taken_away WORDS TAKE BACK HOW: takes the device away with the command TAKE, and back with BACK,
# and prints TAKEN_AWAY results. HOW is as for waiter_was_told.
taken_away() {
	check "in use, and a process waits" use_and_wait
	check "$1 while it is used" "$2"
	check "the wait ends" waiter_was_told "$4"
	check "the program keeps its memory" holder_has_its_memory
	check_debugger "nothing is left mapped" nothing_mapped
	check "it is back" "$3"
	check "it works" works
	check "at work" use_at_work
	check "$1 while it is at work" "$2"
	check "the worker gets an error" worker_was_told
	check_debugger "nothing is left mapped" nothing_mapped
	check "it is back" "$3"
	check "in flight" op map name=flight
	check "$1 while a transfer is in flight" flight "$2"
	check_debugger "nothing is left mapped" nothing_mapped
	check "it is back" "$3"
	check "it works" works
}

# The number of results of taken_away.
# shellcheck disable=SC2034
TAKEN_AWAY=17

# flight TAKE: takes the device away during a transfer, which takes 100 ms.
flight() {
	op start name=flight to=device && "$1"
}
