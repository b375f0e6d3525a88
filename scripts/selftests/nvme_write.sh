#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Appends numbered records to files, and prints each number after fsync() of its record, while
# another program writes. The host ends the guest in the middle; then nvme_recover.sh checks.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

require_nvme mke2fs
ktap_set_plan 1
prepare() {
	load_nvme && load_ext4 && /sbin/mke2fs -q -t ext4 -F $DISK && mount_disk -o rw
}

prepare || ktap_exit_fail_msg "no file system"
while dd if=/dev/urandom of=$MNT/load bs=64k count=64 conv=notrunc,fsync 2>/dev/null; do :; done &
number=1
while printf '%4095d\n' $number | dd of=$MNT/records$((number % 8)) oflag=append conv=notrunc,fsync 2>/dev/null; do
	echo "record $number"
	number=$((number + 1))
done
check "records are written" false
