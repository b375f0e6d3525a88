#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Errors of the disk reach the caller, and all other bytes are right. The host makes 4 KiB at
# SAFE_DMA_BAD_READ unreadable, and 4 KiB at SAFE_DMA_BAD_WRITE unwritable, in units of 4 KiB.
#
# Runs with the kernel's own driver, too: test_disk.py compares the errors.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

BAD_READ=${SAFE_DMA_BAD_READ:-}
BAD_WRITE=${SAFE_DMA_BAD_WRITE:-}
MIB=16
COUNT=$((MIB * 256))

# shellcheck disable=SC2119
require_nvme
[ -n "$BAD_READ$BAD_WRITE" ] || skip_all "no disk with errors: see scripts/safe_dma/guest/plan.py"
ktap_set_plan $((8 + NVME_FINISH))

# write FIRST COUNT: writes blocks of 4 KiB of the random file past the page cache.
write() {
	dd if=/tmp/random of=$DISK bs=4k skip="$1" seek="$1" count="$2" oflag=direct conv=notrunc 2>/tmp/error
}

# write_large NUMBER: writes 256 KiB of the random file in one request.
write_large() {
	dd if=/tmp/random of=$DISK bs=256k skip="$1" seek="$1" count=1 oflag=direct conv=notrunc 2>/tmp/error
}

# fails COMMAND...: returns whether it fails with ENODATA, for an error of the medium.
fails() {
	if "$@"; then return 1; fi
	sed "s|$DISK|disk|; s|^|# error of $*: |" /tmp/error
	grep -q "No data available" /tmp/error
}

# read_to FILE SIZE SKIP COUNT: reads blocks of the disk into a file.
read_to() {
	dd if=$DISK of="$1" bs="$2" skip="$3" count="$4" iflag=direct 2>/tmp/error
}

# Writes all but the unwritable block.
write_others() {
	write 0 "$BAD_WRITE" && write $((BAD_WRITE + 1)) $((COUNT - BAD_WRITE - 1))
}

# Returns whether all bytes but those of the two blocks are right.
others() {
	is_written 4k 0 "$BAD_READ" &&
		is_written 4k $((BAD_READ + 1)) $((BAD_WRITE - BAD_READ - 1)) &&
		is_written 4k $((BAD_WRITE + 1)) $((COUNT - BAD_WRITE - 1))
}

# Returns whether the unwritable block is as it was.
unwritten() {
	[ "$(read_disk 4k "$BAD_WRITE" 1)" = "$(dd if=/dev/zero bs=4k count=1 2>/dev/null | md5sum)" ]
}

# Errors of the two blocks are expected.
nothing_else() {
	not logged "WARNING:\|BUG:\|Oops\|timed out\|DMA-API: "
}

mark_log
check "load" load_nvme
random_file $MIB
check "all other blocks are written" write_others
check "a write error" fails write "$BAD_WRITE" 1
check "a write error in a large request" fails write_large $((BAD_WRITE / 64))
check "a read error" fails read_to /dev/null 4k "$BAD_READ" 1
check "a read error in a large request" fails read_to /dev/null 1M $((BAD_READ / 256)) 1
check "all other bytes are right" others
check "the unwritable block is unchanged" unwritten
finish_nvme nothing_else
