#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The driver is unbound while a program has contiguous coherent memory mapped, whose pages have no
# reference count: it must not be freed. It is lost until the next boot, which each unbind reports.

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
# It prints nothing before its end.
sleep 1
check "unbind while it is mapped" unbind
check "the memory is lost, and the log says so" logged "$DEVICE: 8192 bytes of coherent memory are lost"
touch "$gone"
check "the program has its memory" wait $!
check "the areas were counted" not logged "refcount_t: "

ktap_finished
