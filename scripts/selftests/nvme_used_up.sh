#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# use_up.ko takes all DMA addresses of the controller, or all but a few: requests wait until there are
# some again. Then all bytes are right, and as many addresses are free as before.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

USE_UP=/lib/use_up.ko

require_nvme fio
[ -r $USE_UP ] || skip_all "no $USE_UP: the kernel has no CONFIG_IOMMU_DMA"
ktap_set_plan $((16 + NVME_FINISH))

# use_up [left=SIZE]: uses up the addresses, while the module is loaded.
# shellcheck disable=SC2120
use_up() {
	insmod $USE_UP "device=$DEVICE" "$@"
}

# Uses up all addresses without the driver, and prints how many bytes there are.
# shellcheck disable=SC2119 # all of them
addresses() {
	rmmod rust_nvme && use_up && rmmod use_up || return 1
	log | sed -n 's/.*use_up: \([0-9]*\) bytes of addresses .*/\1/p' | tail -n 1
	load_nvme
}

# begin JOB [OPTION...]: begins a job of fio.
begin() {
	ended_before=$(ended)
	job "$@" &
	FIO=$!
}

# Returns whether requests wait, and none has ended.
waits() {
	before=$(ended)
	sleep 3
	kill -0 "$FIO" && in_flight && [ "$(ended)" = "$before" ]
}

# Returns whether requests of the job have ended.
is_busy() {
	[ "$(ended)" -gt "$ended_before" ]
}

as_many() {
	now=$(addresses)
	echo "# addresses: $there_were bytes before, $now bytes now"
	[ -n "$now" ] && [ "$now" = "$there_were" ]
}

mark_log
check "load" load_nvme
# Binding maps the doorbell of interrupts, for good.
there_were=$(addresses)

check "all addresses are used up" use_up
begin mixed
check "requests wait" waits
check "there are addresses again" rmmod use_up
check "all bytes are right" wait "$FIO"

# Merged requests may be larger.
echo 2 >"/sys/block/${DISK#/dev/}/queue/nomerges"
check "all addresses but 64 KiB are used up" use_up left=65536
check "all bytes are right" job random-4k-depth-64
check "there are addresses again" rmmod use_up

# Long enough to be under way when the addresses are used up.
begin random-sizes --loops=4
check "requests end" eventually is_busy
check "all other addresses are used up" use_up
check "requests wait" waits
check "there are addresses again" rmmod use_up
check "all bytes are right" wait "$FIO"

check "as many addresses are free" as_many
check "no request is left" not in_flight
check "all bytes are right after that" job sequential-1m
finish_nvme no_error
