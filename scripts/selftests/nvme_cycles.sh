#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unbinds and binds the NVMe driver many times while a program reads its disk. Afterwards the kernel
# must use as much memory as before.
#
#   SAFE_DMA_CYCLES   the number of cycles

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"
# shellcheck source=scripts/selftests/memory.sh
. "$HERE/memory.sh"

CYCLES=${SAFE_DMA_CYCLES:-100}
# It takes so many until the pages that are in use stay the same.
[ "$WARM_UP" = 0 ] || WARM_UP=100
# In kB. Pages were measured to fall by 280 and to rise by 90. Slabs rise by about 150, after 100
# cycles as after 900. A leak of a page in each cycle is 400 in 100.
PAGES_BOUND=$((2 * CYCLES))
SLAB_BOUND=256

# shellcheck disable=SC2119
require_nvme
ktap_set_plan $((3 + NVME_FINISH))

# Returns whether the program has read several times from the disk, which is a new one each time.
is_busy() {
	[ "$(ended)" -gt 20 ]
}

rebind() {
	# Its name has a new number each time.
	DISK=$(echo /dev/rnvme*n1)
	while dd if="$DISK" of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done &
	eventually is_busy || return 1
	echo "$DEVICE" >"$DRIVER/unbind" && wait && echo "$DEVICE" >"$DRIVER/bind"
}

# Requests of the disk that was removed fail.
nothing_else() {
	not logged "WARNING:\|BUG:\|Oops\|timed out\|DMA-API: \|blocked for more"
}

mark_log
check "load" load_nvme
check "unbind and bind $CYCLES times, while a program reads" many rebind
check_memory "memory is as before"
finish_nvme nothing_else
