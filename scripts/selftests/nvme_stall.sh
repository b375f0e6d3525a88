#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The disk stops answering: commands time out, to abort them does not help, and the driver resets the
# controller. When the disk answers again, all requests end, and all bytes are right.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"
# shellcheck source=scripts/selftests/host.sh
. "$HERE/host.sh"

# shellcheck disable=SC2119
require_nvme
require_host
ktap_set_plan $((8 + NVME_FINISH))

# Starts programs that write all of the random file.
write_all() {
	for part in 0 1 2 3; do
		dd if=/tmp/random of=$DISK bs=64k skip=$((part * 16)) seek=$((part * 16)) count=16 \
			oflag=direct conv=notrunc 2>/dev/null &
		WRITERS="${WRITERS:-} $!"
	done
}

# Returns whether all programs have written all.
all_written() {
	for writer in $WRITERS; do
		wait "$writer" || return 1
	done
}

nothing_else() {
	not logged "WARNING:\|BUG:\|Oops\|I/O error\|DMA-API: \|cannot be reset\|blocked for more"
}

mark_log
check "load" load_nvme
echo 1000 >/sys/block/rnvme0n1/queue/io_timeout
random_file 4
check "the disk stops answering" host throttle nvme0
write_all
check "a command times out" eventually logged "command 0x[0-9a-f]* has timed out"
check "the controller is reset" eventually logged "rust_nvme .*: resetting"
check "the disk answers" host unthrottle nvme0
check "all requests end" all_written
check "all bytes are right" is_written 64k 0 64
check "no request is left" not in_flight
finish_nvme nothing_else
