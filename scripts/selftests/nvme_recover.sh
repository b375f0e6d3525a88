#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Recovers the file system of nvme_write.sh after its guest was ended: SAFE_DMA_RECORDS records were
# acknowledged. Prints hashes of the files, for the host.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

RECORDS=${SAFE_DMA_RECORDS:-0}

require_nvme e2fsck
[ "$RECORDS" -gt 0 ] || skip_all "no guest was ended: see scripts/safe_dma/guest/plan.py"
ktap_set_plan $((6 + NVME_FINISH))

# Returns whether each acknowledged record is there, once and in order. One more may be there, which
# was not acknowledged.
all_there() {
	cat $MNT/records* | tr -d ' ' | sort -n >/tmp/there
	seq "$RECORDS" >/tmp/acknowledged
	echo "# $RECORDS records were acknowledged, $(wc -l </tmp/there) are there"
	head -n "$RECORDS" /tmp/there | cmp - /tmp/acknowledged &&
		[ "$(wc -l </tmp/there)" -le $((RECORDS + 1)) ]
}

hashes() {
	(cd $MNT && md5sum records* load) | sed 's/^/# hash /'
}

mark_log
check "load" load_nvme
check "ext4" load_ext4
check "mount" mount_disk -o rw
check "the journal was recovered" logged "EXT4-fs (rnvme0n1): recovery complete"
check "no acknowledged record is lost" all_there
hashes
umount $MNT
check "e2fsck -f" /sbin/e2fsck -f -n $DISK
finish_nvme no_error
