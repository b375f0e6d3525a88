# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A device that is in use in all ways when it is removed. Sourced after common.sh.

CONTROL=$DEBUGFS/$MODULE/$DEVICE
RUN=$CONTROL/run
MAPPINGS=$CONTROL/mappings

# A directory that is removed at the end.
USE=$(mktemp -d) || exit 1
trap 'rm -rf "$USE"; if is_loaded; then unload; fi' EXIT

# op WORDS: one operation.
op() {
	echo "op=$*" >"$RUN"
}

# is_now NAME OWNER: as `mappings` has it.
is_now() {
	grep -q "^$1 [^ ]* [^ ]* $2 " "$MAPPINGS"
}

# Waits up to a minute for another process.
eventually() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# Mappings of each kind, one owned by the CPU; a process that waits for a transfer without an
# interrupt; and a program that has the coherent pages mapped.
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
	# They print nothing before their end.
	sleep 1
	eventually is_now page busy
}

# Without an IOMMU the memory that a program has mapped would be lost, see mmap_lost.
translates_now() {
	dmesg | grep "$DEVICE: \(behind\|no\) IOMMU" | tail -n 1 | grep -q "which translates"
}

# waiter_was_told HOW: the wait ends at once. The transfer is `over` while the device is present; if
# that is `gone`, the wait fails.
waiter_was_told() {
	wait "$waiter"
	echo "# the one who waits: $(cat "$USE/wait.error")"
	case $1 in
	over) [ "$(cat "$USE/wait.status")" = 0 ] ;;
	gone) grep -q "No such device" "$USE/wait.error" ;;
	esac
}

# The program has its memory unchanged, and the device is gone.
holder_has_its_memory() {
	touch "$USE/gone"
	[ -z "$holder" ] || wait "$holder"
}

# One transfer after the other.
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
	echo "# the one at work: $(cat "$USE/work.error")"
	grep -q -e "No such device" -e "I/O error" "$USE/work.error"
}

# The bytes go to the device and come back, through a mapping that is synced between.
works() {
	op map name=again size=4096 pattern=0x5a && op transfer name=again to=device &&
		op sync_for_cpu name=again && op fill name=again pattern=1 && op sync_for_device name=again &&
		op transfer name=again to=memory && op sync_for_cpu name=again && op check name=again pattern=0x5a &&
		op unmap name=again
}

# The debugger has no mapping of the device.
nothing_mapped() {
	grep "$DEVICE" "$DUMP" | sed 's/^/# /'
	! grep -q "$DEVICE" "$DUMP"
}

# taken_away WORDS TAKE BACK HOW: results, TAKEN_AWAY in number; HOW as for waiter_was_told.
taken_away() {
	check "in use, and somebody waits" use_and_wait
	check "$1 while it is used" "$2"
	check "who waited is told" waiter_was_told "$4"
	check "the program has its memory" holder_has_its_memory
	check "nothing is left mapped" nothing_mapped
	check "it is back" "$3"
	check "it works" works
	check "at work" use_at_work
	check "$1 while it is at work" "$2"
	check "who was at work is told" worker_was_told
	check "nothing is left mapped" nothing_mapped
	check "it is back" "$3"
	check "in flight" op map name=flight
	check "$1 while a transfer is in flight" flight "$2"
	check "nothing is left mapped" nothing_mapped
	check "it is back" "$3"
	check "it works" works
}

# The number of results of taken_away, for the plan.
# shellcheck disable=SC2034
TAKEN_AWAY=17

# Without delay: the transfer takes 100 ms.
flight() {
	op start name=flight to=device && "$1"
}
