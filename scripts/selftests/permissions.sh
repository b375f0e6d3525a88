#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Only root may use the files of the module. Another user can neither open them, even if their mode
# permits it, nor use a descriptor that root has opened. No text of the module has a kernel pointer.

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

# Returns whether the other user exists, and can read a public file.
nobody_exists() {
	[ "$(as_nobody cat </proc/version)" = "$(cat /proc/version)" ]
}

# denied COMMAND: returns whether another user lacks the permission for COMMAND.
denied() {
	error=$(as_nobody "$1" 2>&1 >/dev/null) && return 1
	echo "$error" | grep -q "$(error_text EPERM)\|$(error_text EACCES)"
}

# denied_to_write COMMAND FILE: as denied(). Only `run` has a write method, other files return
# EINVAL.
denied_to_write() {
	denied "$1" || { [ "$2" != "$RUN" ] && echo "$error" | grep -q "$(error_text EINVAL)"; }
}

# alone FILE: returns whether another user cannot open FILE for reading or writing.
alone() {
	denied "cat $1" && denied_to_write "echo op=map name=nobody | cat >$1" "$1"
}

# handed FILE: returns whether another user cannot use a descriptor of FILE that root has opened.
handed() {
	# shellcheck disable=SC2094 # both are refused
	denied cat <"$1" && denied_to_write "echo op=map name=nobody | cat >&3" "$1" 3>"$1" &&
		[ -z "$(owners)" ]
}

# opened_to_all FILE: as alone(), with a mode that permits all users to open FILE.
opened_to_all() {
	chmod 755 "$DEBUGFS" "$DEBUGFS/$MODULE" "$CONTROL" && chmod 666 "$1" && alone "$1"
	result=$?
	chmod "$debugfs_mode" "$DEBUGFS" && chmod 600 "$1" && [ "$result" = 0 ]
}

# Returns whether no text has a kernel address that is not hashed.
no_pointers() {
	for name in $FILES; do
		cat "$CONTROL/$name" || return 1
	done >"$texts"
	log >>"$texts"
	# All ones means no limit. There must be some DMA address, or the check proves nothing.
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
check "another user cannot open it, whatever its mode" opened_to_all "$FILE"
check "another user cannot use one that root has opened" "$PROGRAM" "$CONTROL" other
for name in $FILES; do
	check "$name is for root" only_for_root "$CONTROL/$name"
	check "another user cannot open $name" alone "$CONTROL/$name"
	check "another user cannot open $name, whatever its mode" opened_to_all "$CONTROL/$name"
	check "another user cannot use $name that root has opened" handed "$CONTROL/$name"
done
check "the log has the reason" logged "run: only CAP_SYS_ADMIN may use it"
operate "op=map name=a kind=single"
check "no pointer of the kernel is in a file or in the log" no_pointers
check "a pointer in the log is found" pointer_is_found
rm -f "$texts"
finish
