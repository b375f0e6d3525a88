#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The NVMe driver: loads it instead of the kernel's own, makes a file system on its disk, copies a
# tree there, compares it after it was read from the disk again, and checks the file system.
# `make nvme` runs it in a guest.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

# The files that are copied: programs, scripts and modules.
TREE=${SAFE_DMA_TREE:-/bin/busybox /selftests /lib/*.ko}

require_nvme mke2fs e2fsck
ktap_set_plan $((15 + NVME_FINISH))

# Prints the number of CPUs.
cpus() {
	grep -c ^processor /proc/cpuinfo
}

# Prints how many interrupts the driver has handled.
interrupts() {
	awk '/rust_nvme/ { for (i = 2; i < NF - 3; i++) sum += $i } END { print sum + 0 }' /proc/interrupts
}

# Compares reads of several sizes with the file that was written.
sizes() {
	random_file 8 && dd if=/tmp/random of=$DISK bs=1M oflag=direct 2>/dev/null || return 1
	for words in "512 7 33" "4096 3 100" "12288 5 40" "65536 1 64" "131072 2 30" "1048576 1 5"; do
		# shellcheck disable=SC2086 # a list of words
		is_written $words || return 1
	done
	rm /tmp/random
}

discard() {
	blkdiscard -o 1048576 -l 1048576 $DISK &&
		[ "$(read_disk 1M 1 1)" = "$(dd if=/dev/zero bs=1M count=1 2>/dev/null | md5sum)" ]
}

copy() {
	# shellcheck disable=SC2086 # a list of words
	mount_disk -o rw && cp -a $TREE $MNT && sync
}

compare() {
	mount_disk -o ro || return 1
	for name in $TREE; do
		diff -r "$name" "$MNT/${name##*/}" || return 1
	done
	umount $MNT
}

# Unbinds the driver while a program writes to the disk, and binds it again.
rebind() {
	dd if=/dev/zero of=$DISK bs=64k oflag=direct 2>/dev/null &
	sleep 1
	echo "$DEVICE" >"$DRIVER/unbind" && wait && [ ! -e $DISK ] || return 1
	echo "$DEVICE" >"$DRIVER/bind" && [ -e /dev/rnvme1n1 ]
}

# The disk that was removed in use may report errors.
rebound_without_report() {
	not logged "WARNING:\|BUG:\|Oops\|timed out\|I/O error, dev rnvme1\|EXT4-fs error\|DMA-API: "
}

mark_log
check "load" load_nvme
check "identify: there is a disk" [ -b $DISK ]
check "identify: its size" [ "$(cat /sys/block/rnvme0n1/size)" = "${SAFE_DMA_SECTORS:-131072}" ]
check "a queue for each processor" [ "$(find /sys/block/rnvme0n1/mq/ -maxdepth 1 -name '[0-9]*' | wc -l)" = "$(cpus)" ]
check "reads of several sizes" sizes
check "discard" discard
check "ext4" load_ext4
check "mkfs.ext4" /sbin/mke2fs -q -t ext4 -F $DISK
check "mount, copy a tree" copy
check "no unload while it is mounted" not rmmod rust_nvme
check "unmount" umount $MNT
check "mount, compare the tree" compare
check "e2fsck -f" /sbin/e2fsck -f -n $DISK
check "interrupts" [ "$(interrupts)" -gt 100 ]
check "unbind while a program writes, bind again" rebind
finish_nvme rebound_without_report
