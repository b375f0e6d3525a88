#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The file by which operations are asked for: it runs each that it lists, and refuses the rest.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
[ -d /sys/kernel/debug ] || skip_all "no debugfs"
ktap_set_plan 19

RUN=/sys/kernel/debug/$MODULE/$DEVICE/run

listed() {
	sed -n 's/^op=\([^ ]*\) .*/\1/p' "$RUN"
}

# Each, or for those that need an IOMMU the answer that there is none.
each() {
	for name in $(listed); do
		mark_log
		{ echo "op=$name" >"$RUN"; } 2>/dev/null || {
			# One needs an IOMMU, and the other what nobody bounces; otherwise nothing may fail.
			logged "op=\(iova\|map_resource\) failed: " && ! translated && continue
			return 1
		}
	done
}

translated() {
	dmesg | grep -q "$DEVICE: behind IOMMU .* which translates"
}

# refused WORDS REASON: EINVAL, and one line with the reason.
refused() {
	mark_log
	# The shell's own printf does not care whether it is refused.
	# shellcheck disable=SC2059 # with escapes
	error=$(printf "$1" | cat 2>&1 >"$RUN") && return 1
	case $error in
	*"Invalid argument"*) ;;
	*) return 1 ;;
	esac
	logged "$DEVICE: run: $2" && [ "$(log | wc -l)" = 1 ]
}

only_for_root() {
	[ "$(stat -c %A "$RUN")" = "-rw-------" ]
}

before=$(dma_errors)

# The module goes while somebody has the file open, who closes it later.
open_while_unloaded() {
	exec 3<"$RUN" && unload && exec 3<&- || return 1
	load run_checks=N
}

mark_log
check "load without checks" load run_checks=N
check "it can be open when the module goes" open_while_unloaded
check "only root may read and write it" only_for_root
check "it lists operations" [ "$(listed | wc -l)" -ge 13 ]
check "each of them runs" each
check "refused: nothing" refused '\n' 'no operation: say op=NAME$'
check "refused: a word without value" refused 'op' '"op" is not of the form key=value$'
check "refused: an empty value" refused 'op=' '"op" has no value$'
check "refused: an empty key" refused '=map_sg' '"" is not a key'
check "refused: an unknown key" refused 'op=map_sg colour=red' '"colour" is not a key'
check "refused: an unknown operation" refused 'op=map_all' '"map_all" is not an operation'
check "refused: two operations" refused 'op=map_sg op=map_sg' '"op" is there twice$'
check "refused: what is not text" refused 'op=map_sg\377' 'this is not text in UTF-8$'
check "refused: what would end a line of the log" refused 'op=map\033_sg' '"map\\u{1b}_sg" is not an operation'
check "256 bytes are read" refused "$(printf '%256s' '')" 'no operation: say op=NAME$'
check "refused: more" refused "$(printf '%257s' '')" '257 bytes are too many: at most 256 will do$'
check "unload" unload
check "the directory is gone" [ ! -e "/sys/kernel/debug/$MODULE" ]
check "the debugger has found nothing" no_new_dma_errors

ktap_finished
