#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unbinds the driver while a program maps contiguous coherent memory. The pages have no reference
# count, so the driver must not free them: they are lost until the next boot, and each unbind
# reports them.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_program mmap_coherent
require_debugfs
ktap_set_plan 5

gone=$(mktemp -u)
trap 'rm -f "$gone"; if is_loaded; then unload; fi' EXIT

unbind() {
	echo "$DEVICE" >"$DRIVER/unbind"
}

mark_log
check "load" load run_checks=N mmap_contiguous=Y
"$PROGRAM" "$DEBUGFS/$MODULE/$DEVICE" hold "$gone" &
# The program prints nothing before its end, so give it time to start.
sleep 1
check "unbind while it is mapped" unbind
check "the memory is leaked, and the log says so" logged "$DEVICE: 8192 bytes of coherent memory are leaked"
touch "$gone"
check "the program keeps its memory" wait $!
check "no reference count is wrong" not logged "refcount_t: "

ktap_finished
