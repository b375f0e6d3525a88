# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers of the self-tests of the NVMe driver. Sourced after common.sh.

# The driver. SAFE_DMA_NVME=nvme is the kernel's own, for comparison.
NVME=${SAFE_DMA_NVME:-rust_nvme}
KO=/lib/$NVME.ko
DRIVER=/sys/bus/pci/drivers/$NVME
DISK=/dev/rnvme0n1
[ "$NVME" != nvme ] || DISK=/dev/nvme0n1
MNT=/tmp/mnt

# require_nvme [PROGRAM...]: prints the KTAP header, or skips the whole script with a reason.
require_nvme() {
	ktap_print_header
	[ -r "$KO" ] || skip_all "no $KO: the kernel has no CONFIG_BLOCK, or no such driver"
	for program in "$@"; do
		[ -x "/sbin/$program" ] || skip_all "no /sbin/$program: see scripts/build/nvme.sh"
	done
}

# Loads the driver with PARAMETERS, and sets DEVICE.
load_nvme() {
	[ "$NVME" != nvme ] || insmod /lib/nvme-core.ko || return 1
	# shellcheck disable=SC2086 # a list of words
	insmod "$KO" ${PARAMETERS:-} || return 1
	# shellcheck disable=SC2034 # for the scripts
	DEVICE=$(basename "$(echo "$DRIVER"/0*)")
	# The kernel's driver looks for disks later.
	eventually [ -b "$DISK" ]
}

# Sets DISK, whose name has a new number each time.
find_disk() {
	for DISK in /dev/rnvme*n1; do
		[ -b "$DISK" ] && return
	done
	return 1
}

# Loads the modules of ext4, which Debian's kernel has.
load_ext4() {
	grep -qw ext4 /proc/filesystems && return
	for name in crc16 mbcache jbd2 ext4; do
		insmod "/lib/ext4/$name.ko" || return
	done
}

# mount_disk OPTION...: mounts the file system.
mount_disk() {
	mkdir -p "$MNT" && mount -t ext4 "$@" "$DISK" "$MNT"
}

# random_file SIZE: creates a file of SIZE MiB of random bytes.
random_file() {
	dd if=/dev/urandom of=/tmp/random bs=1M count="$1" 2>/dev/null
}

# read_disk BYTES SKIP COUNT: reads blocks of the disk past the page cache, and prints their hash.
read_disk() {
	dd if="$DISK" bs="$1" skip="$2" count="$3" iflag=direct 2>/dev/null | md5sum
}

# is_written BYTES SKIP COUNT: returns whether the disk has the bytes of the random file there.
is_written() {
	[ "$(read_disk "$@")" = "$(dd if=/tmp/random bs="$1" skip="$2" count="$3" 2>/dev/null | md5sum)" ]
}

# Returns whether requests are in flight now.
in_flight() {
	# Not by a file in sysfs, whose name the kernel keeps in its caches after the disk is removed.
	while read -r _ _ name _ _ _ _ _ _ _ _ requests _; do
		[ "$name" != "${DISK#/dev/}" ] || [ "$requests" = 0 ] || return 0
	done </proc/diskstats
	return 1
}

# Prints how many requests have ended.
ended() {
	awk -v disk="${DISK#/dev/}" '$3 == disk { print $4 + $8 }' /proc/diskstats
}

# Returns whether the kernel has reported neither a problem of its own nor an error of the disk.
no_error() {
	not logged "WARNING:\|BUG:\|Oops\|timed out\|I/O error\|EXT4-fs error\|DMA-API: "
}

# For nvme.fio: the disk, the bytes of a job of large blocks, and the start of the random numbers.
export DISK SIZE="${SAFE_DMA_FIO_SIZE:-8m}" SEED="${SAFE_DMA_SEED:-1}"
VERIFIED=0

# job NAME [OPTION...]: runs a job. The sixth field is what it read, in KiB: all of it was verified.
job() {
	job=$1
	shift
	/sbin/fio --minimal --section="$job" "$@" "$HERE/nvme.fio" >/tmp/fio 2>&1
	status=$?
	grep -v '^3;\|multiple writers' /tmp/fio | sed 's/^/# fio: /'
	kib=$(awk -F ';' '/^3;/ { kib += $6 } END { print kib + 0 }' /tmp/fio)
	[ $status = 0 ] || return
	VERIFIED=$((VERIFIED + kib))
	echo "# fio $job: $kib KiB verified"
	[ "$kib" -gt 0 ]
}

# finish_nvme REPORT: prints the last results of a script, which are NVME_FINISH results of its plan.
# REPORT is a command that looks for reports in the kernel's log.
# shellcheck disable=SC2034
NVME_FINISH=2
[ ! -w "$DEBUGFS/kmemleak" ] || NVME_FINISH=3
finish_nvme() {
	check "unload" rmmod "$NVME"
	check "the kernel reports nothing" "$1"
	[ "$NVME_FINISH" = 2 ] || check "nothing is left behind" no_leak
	ktap_finished
}
