#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Only root may use the files of the module. Another user cannot open them; nor does it help when root
# changes their mode, or hands over a descriptor. No text of the module has a pointer of the kernel.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
PROGRAM=$HERE/ioctl
[ -x "$PROGRAM" ] || skip_all "no $PROGRAM: scripts/build/initramfs.sh says how it is built"
DEBUGFS=/sys/kernel/debug
[ -d "$DEBUGFS" ] || skip_all "no debugfs"

FILES="run result mappings stats"
FILE=/dev/${MODULE}0
DIR=$DEBUGFS/$MODULE/$DEVICE
ktap_set_plan 25

debugfs_mode=$(stat -c %a "$DEBUGFS")
trap 'chmod "$debugfs_mode" "$DEBUGFS"; if is_loaded; then unload; fi' EXIT

only_for_root() {
	[ "$(stat -c "%a %u" "$1")" = "600 0" ]
}

# Every user may come to the file, by its mode.
opened_to_all() {
	chmod 755 "$DEBUGFS" "$DEBUGFS/$MODULE" "$DIR" && chmod 666 "$1" && "$PROGRAM" "$1" alone
	result=$?
	chmod "$debugfs_mode" "$DEBUGFS" && chmod 600 "$1" && [ "$result" = 0 ]
}

# Addresses of the kernel's own, as they would be if they were not hashed.
no_pointers() {
	for name in $FILES; do
		cat "$DIR/$name" || return 1
	done >"$texts"
	log >>"$texts"
	# All ones is a limit that there is not. Something must be there that could have an address.
	sed -i 's/0xffffffffffffffff//g' "$texts"
	grep -q "dma 0x" "$texts" && ! grep -n -i "ffff[0-9a-f]\{12\}" "$texts"
}

pointer_is_found() {
	echo "safe_dma: a pointer: 0xffff800081234567" >/dev/kmsg
	! no_pointers >/dev/null
}

texts=$(mktemp)
before=$(dma_errors)
mark_log
check "load with the checks" load
check "$FILE is for root" only_for_root "$FILE"
check "another user cannot open it" "$PROGRAM" "$FILE" alone
check "nor if its mode says so" opened_to_all "$FILE"
check "nor use one that root has opened" "$PROGRAM" "$FILE" other
for name in $FILES; do
	check "$name is for root" only_for_root "$DIR/$name"
	check "another user cannot open $name" "$PROGRAM" "$DIR/$name" alone
	check "nor use it if its mode says so" opened_to_all "$DIR/$name"
	check "nor use one that root has opened" "$PROGRAM" "$DIR/$name" handed
done
echo "op=map name=a kind=single" >"$DIR/run"
check "no pointer of the kernel is in a file or in the log" no_pointers
check "one that is there is found" pointer_is_found
check "unload" unload
check "the debugger has found nothing" no_new_dma_errors
rm -f "$texts"

ktap_finished
