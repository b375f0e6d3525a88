#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Allocations of the NVMe driver fail: at random while it transfers data, and each in turn while it is
# bound. Requests wait, binding fails, and nothing is left behind.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"
# shellcheck source=scripts/selftests/inject.sh
. "$HERE/inject.sh"

# In the end allocations succeed again, also if a request waits for one.
TIMES=1000

require_nvme fio
require_program fail_nth
require_injection
ktap_set_plan $((11 + NVME_FINISH))

# only_below START END: lets allocations fail only below functions in this range.
only_below() {
	for capability in failslab fail_page_alloc; do
		attribute $capability require-start "0x$1"
		attribute $capability require-end "0x$2"
	done
}

# Does so for functions of the driver.
only_driver() {
	# shellcheck disable=SC2046 # two words
	set -- $(awk '/ [tT] .*\[rust_nvme\]$/ { print $1 }' /proc/kallsyms | sort | sed -n '1p;$p')
	[ $# = 2 ] && only_below "$@"
}

# failures PERCENT: lets so many allocations fail.
failures() {
	for capability in failslab fail_page_alloc; do
		attribute $capability times $TIMES
		attribute $capability probability "$1"
	done
}

# Prints how many allocations have failed.
failed() {
	echo $((2 * TIMES - $(cat "$DEBUGFS/failslab/times") - $(cat "$DEBUGFS/fail_page_alloc/times")))
}

# under_failures PERCENT JOB [OPTION...]: runs a job of fio while allocations fail, and sets FAILED to
# how many have.
under_failures() {
	failures "$1"
	shift
	job "$@"
	status=$?
	FAILED=$(failed)
	failures 0
	echo "# allocations that have failed: $FAILED"
	return $status
}

# Fails each allocation in turn while the driver is bound. It has a disk if it is bound.
bind_each() {
	echo "$DEVICE" >"$DRIVER/unbind"
	"$PROGRAM" "/sys/bus/pci/devices/$DEVICE/block" /tmp bind "$DEVICE" "$DRIVER" >/tmp/bind 2>&1
	status=$?
	sed 's/^[^#]/# &/' /tmp/bind
	[ -e "$DRIVER/$DEVICE" ] || echo "$DEVICE" >"$DRIVER/bind"
	find_disk && return $status
}

# The host judges warnings: the kernel removes files of interrupts that it had no memory for.
nothing_else() {
	not logged "BUG:\|Oops\|timed out\|I/O error\|DMA-API: \|blocked for more"
}

SAVED=$(mktemp) || ktap_exit_fail_msg "cannot create a temporary file"
trap disarm EXIT
mark_log
check "load" load_nvme
check "fault injection is set up" arm
check "failures are below the driver" only_driver
# Merged requests need lists. The IOMMU's addresses and page tables are there after a first job.
echo 2 >/sys/block/rnvme0n1/queue/nomerges
check "transfers" job random-4k-depth-64
check "transfers while all allocations fail" under_failures 100 random-4k-depth-64 --iodepth=8
# A few may be for what interrupts the driver.
check "no transfer waits for an allocation" [ "$FAILED" -lt $TIMES ]
echo 0 >/sys/block/rnvme0n1/queue/nomerges
check "transfers while some allocations fail" under_failures 30 random-sizes
check "allocations have failed" [ "$FAILED" -gt 0 ]
only_below 0 ffffffffffffffff
check "each allocation fails in turn" bind_each
check "the disk works" job random-sizes
check "no request is left" not in_flight
finish_nvme nothing_else
