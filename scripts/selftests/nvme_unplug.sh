#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Removes the controller from its slot while fio uses its disk, with and without notice, and inserts
# it again.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

require_nvme fio
load_nvme || ktap_exit_fail_msg "cannot load $KO"
# shellcheck disable=SC2034 # for slot.sh
SLOT_DEVICE=nvme0
# shellcheck source=scripts/selftests/slot.sh
. "$HERE/slot.sh"
require_slot
ktap_set_plan $((2 * 5 + 2 + NVME_FINISH))

# The controller is back when it has a disk.
is_ready() {
	is_bound && find_disk
}

# Starts two jobs of fio, without end.
busy() {
	find_disk || return 1
	/sbin/fio --name=busy --filename="$DISK" --allow_file_create=0 --ioengine=libaio --direct=1 \
		--rw=randrw --bsrange=4k-128k --size=32m --iodepth=32 --numjobs=2 \
		--time_based --runtime=600 >/tmp/fio 2>&1 &
	FIO=$!
	eventually in_flight && return
	sed 's/^/# fio: /' /tmp/fio
	return 1
}

has_ended() {
	! kill -0 "$FIO" 2>/dev/null
}

# Returns whether fio ends with an error.
fio_fails() {
	eventually has_ended && not wait "$FIO" && return
	for name in /proc/[0-9]*; do
		grep -q "fio\|kworker\|pciehp" "$name/comm" && sed "s|^|# $(cat "$name/comm"): |" "$name/stack"
	done
	return 1
}

# Returns whether what is written can be read.
works() {
	random_file 4 && dd if=/tmp/random of="$DISK" bs=1M oflag=direct 2>/dev/null && is_written 64k 0 64
}

# taken_away WORDS COMMAND: removes the controller with COMMAND, and inserts it again.
taken_away() {
	check "fio has requests in flight" busy
	check "$1 under fio" "$2"
	check "fio ends with an error" fio_fails
	check "it is back" put_in
	check "it works" works
}

# Requests of the removed disk fail.
nothing_else() {
	not logged "WARNING:\|BUG:\|Oops\|DMA-API: \|blocked for more"
}

mark_log
check "there is a disk" find_disk
check "it works" works
taken_away "pulled out" pull_out
taken_away "torn out" tear_out
finish_nvme nothing_else
