#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Only root may use the files of the module. Another user cannot open them, also if their mode
# allows it, nor use a descriptor that root has opened. No text of the module has a pointer of the
# kernel.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_program mmap_coherent
require_debugfs
# shellcheck source=scripts/selftests/operate.sh
. "$HERE/operate.sh"

FILES="run result mappings stats"
FILE=/dev/${MODULE}0
ktap_set_plan $((FINISH + 25))

debugfs_mode=$(stat -c %a "$DEBUGFS")
trap 'chmod "$debugfs_mode" "$DEBUGFS"; if is_loaded; then unload; fi' EXIT

only_for_root() {
	[ "$(stat -c "%a %u" "$1")" = "600 0" ]
}

# The user exists, and reads what everybody may read.
nobody_exists() {
	[ "$(as_nobody cat </proc/version)" = "$(cat /proc/version)" ]
}

# denied COMMAND: another user runs it, and may not.
denied() {
	error=$(as_nobody "$1" 2>&1 >/dev/null) && return 1
	echo "$error" | grep -q "$(error_text EPERM)\|$(error_text EACCES)"
}

# Only `run` has a write method: EINVAL for the other files.
denied_to_write() {
	denied "$1" || { [ "$2" != "$RUN" ] && echo "$error" | grep -q "$(error_text EINVAL)"; }
}

# Another user opens the file, to read and to write it.
alone() {
	denied "cat $1" && denied_to_write "echo op=map name=nobody | cat >$1" "$1"
}

# Another user has the file open.
handed() {
	# shellcheck disable=SC2094 # both are refused
	denied cat <"$1" && denied_to_write "echo op=map name=nobody | cat >&3" "$1" 3>"$1" &&
		[ -z "$(owners)" ]
}

# The mode lets every user open the file.
opened_to_all() {
	chmod 755 "$DEBUGFS" "$DEBUGFS/$MODULE" "$CONTROL" && chmod 666 "$1" && alone "$1"
	result=$?
	chmod "$debugfs_mode" "$DEBUGFS" && chmod 600 "$1" && [ "$result" = 0 ]
}

# Addresses of the kernel, as they are when they are not hashed.
no_pointers() {
	for name in $FILES; do
		cat "$CONTROL/$name" || return 1
	done >"$texts"
	log >>"$texts"
	# All ones is no limit. Some address must be there, or this proves nothing.
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
check "there is another user" nobody_exists
check "$FILE is for root" only_for_root "$FILE"
check "another user cannot open it" alone "$FILE"
check "nor if its mode says so" opened_to_all "$FILE"
check "nor use one that root has opened" "$PROGRAM" "$CONTROL" other
for name in $FILES; do
	check "$name is for root" only_for_root "$CONTROL/$name"
	check "another user cannot open $name" alone "$CONTROL/$name"
	check "nor use it if its mode says so" opened_to_all "$CONTROL/$name"
	check "nor use one that root has opened" handed "$CONTROL/$name"
done
check "the log has the reason" logged "run: only CAP_SYS_ADMIN may use it"
operate "op=map name=a kind=single"
check "no pointer of the kernel is in a file or in the log" no_pointers
check "one that is there is found" pointer_is_found
rm -f "$texts"
finish
