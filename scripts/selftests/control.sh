#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The files in debugfs: `run` performs each operation that it lists, and refuses invalid words with
# a reason.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_debugfs
# shellcheck source=scripts/selftests/operate.sh
. "$HERE/operate.sh"
ktap_set_plan $((FINISH + 34))

# Prints the lifecycles: the operations that need no name.
listed() {
	sed -n '/on a named mapping/q; s/^op=\([^ ]*\) .*/\1/p' "$RUN"
}

# Runs each lifecycle. Without an IOMMU some may be refused.
each() {
	for name in $(listed); do
		mark_log
		operate "op=$name" "$@" || {
			# IOVA ranges need an IOMMU, and registers cannot be bounced.
			logged "op=\(iova\|map_resource\) failed: " && ! translated && continue
			return 1
		}
	done
}

translated() {
	dmesg | grep -q "$DEVICE: behind IOMMU .* which translates"
}

# result_of WORDS PATTERN: returns whether the result of the operation is KTAP and matches PATTERN.
result_of() {
	operate "$1"
	cat "$CONTROL/result" >"$TEXT"
	[ "$(sed -n 1,2p "$TEXT")" = "$(printf 'TAP version 14\n1..1')" ] &&
		[ "$(wc -l <"$TEXT")" = 3 ] && sed -n 3p "$TEXT" | grep -q "$2"
}

# Prints operations with invalid numbers.
numbers() {
	for bad in -1 +1 0x 0X10 1k 1=2 ff 0x+1 1,2 1.0 1_0 0b1; do
		echo "EINVAL|op=map name=a size=$bad|size=\"$bad\": this is not a number"
	done
	for bad in 18446744073709551616 0x10000000000000000 999999999999999999999999; do
		echo "EINVAL|op=map name=a size=$bad|size=\"$bad\": this is too large a number"
	done
	for bad in 0 16777217 0x1000001 18446744073709551615 0xffffffffffffffff; do
		echo "EINVAL|op=map name=a size=$bad|it must be 1 to 16777216"
	done
	echo "EINVAL|op=map name=a offset=$(getconf PAGE_SIZE 2>/dev/null || echo 65536)|offset=.*: it must be 0 to"
	echo "EINVAL|op=fill name=a pattern=0x100000000|pattern=4294967296: it must be 0 to 4294967295"
	echo "EINVAL|op=wait name=a timeout=0|timeout=0: it must be 1 to 60000"
	echo "EINVAL|op=wait name=a timeout=60001|timeout=60001: it must be 1 to 60000"
	echo "EINVAL|op=map_sg repeat=0|repeat=0: it must be 1 to 1000000"
	echo "EINVAL|op=map_sg repeat=1000001|repeat=1000001: it must be 1 to 1000000"
	echo "EINVAL|op=transfer name=a to=device size=4097|size=4097: it must be 1 to 4096"
}

# Prints operations with keys that they do not take.
not_taken() {
	good="kind=single dir=to_device size=1 offset=0 pattern=0 to=memory timeout=1 irq=none repeat=1"

	sed -n 's/^op=\(map\|start\|wait\|unmap\) name *\(.*\)/\1 \2/p' "$RUN" | while read -r op keys; do
		# Add the keys that the operation needs.
		needs=
		case " $keys " in *" pattern "*) needs=" pattern=1" ;; *" to "*) needs=" to=device" ;; esac
		for pair in $good; do
			case " $keys " in *[\ \[]"${pair%%=*}"[\ \]]*) continue ;; esac
			echo "EINVAL|op=$op name=a $pair$needs|op=$op takes no ${pair%%=*}"
		done
	done
	for pair in name=a kind=sg to=device timeout=1 irq=none; do
		echo "EINVAL|op=map_single $pair|op=map_single takes no ${pair%%=*}"
	done
	echo "EINVAL|op=coherent_atomic size=1|op=coherent_atomic takes no size"
	echo "EINVAL|op=map_page offset=1|op=map_page takes no offset"
}

missing() {
	for op in map unmap sync_for_cpu sync_for_device fill check transfer start wait abort; do
		echo "EINVAL|op=$op|op=$op needs a name"
	done
	echo "EINVAL|op=fill name=a|op=fill needs pattern"
	echo "EINVAL|op=check name=a|op=check needs pattern"
	echo "EINVAL|op=transfer name=a|op=transfer needs to"
	echo "EINVAL|op=start name=a|op=start needs to"
}

bad_names() {
	for bad in 1234567890123456 a/b a:b a*; do
		echo "EINVAL|op=map name=$bad|is not a name"
	done
	# refused() expands the escapes.
	cat <<'END'
EINVAL|op=map name=a\0|"a\\0" is not a name
EINVAL|op=map name=\303\244|is not a name
END
}

bad_values() {
	for key in kind dir; do
		echo "EINVAL|op=map name=a $key=nothing|$key=\"nothing\" is none of"
	done
	for key in to irq; do
		echo "EINVAL|op=start name=a $key=nothing|$key=\"nothing\" is none of"
	done
	echo "EINVAL|op=map name=a kind=page offset=1|kind=page takes no offset"
	echo "EINVAL|op=map name=a kind=resource size=4|kind=resource takes no size"
	echo "EINVAL|op=map name=a kind=resource pattern=1|kind=resource takes no pattern"
	echo "EINVAL|op=map name=a kind=pool size=4097|size=4097: it must be 1 to 4096"
}

for_each_of() {
	"$1" >"$TEXT" && [ -s "$TEXT" ] || return 1
	all_refused <"$TEXT"
}

# The limit is in whole pages. It includes lifecycles: this one needs 32 MiB, and 16 MiB are left.
too_large() {
	for name in a b c; do
		operate "op=map name=$name kind=sg size=16777216" || return 1
	done
	refused ENOSPC "op=map_sg size=16777216 pattern=1" "more than 64 MiB mapped" &&
		operate "op=map name=page" && page=$(mapping page | sed 's/.* size \([0-9]*\) .*/\1/') &&
		operate "op=unmap name=page" && operate "op=map name=page size=1" &&
		refused ENOSPC "op=map name=d kind=sg size=16777216" "more than 64 MiB mapped" &&
		operate "op=map name=d kind=sg size=$((16777216 - page))" &&
		refused ENOSPC "op=map name=e size=1" "more than 64 MiB mapped" &&
		operate "op=unmap name=page" && operate "op=map name=e size=1" || return 1
	for name in a b c d e; do
		operate "op=unmap name=$name" || return 1
	done
}

# Prints invalid transfers of the pages that programs map. mmap.sh runs the valid ones.
pages() {
	cat <<'END'
EINVAL|op=transfer_page to=device|op=transfer_page needs page
EINVAL|op=transfer_page page=0|op=transfer_page needs to
EINVAL|op=transfer_page page=2 to=device|page=2: it must be 0 to 1
EINVAL|op=transfer_page page=x to=device|page="x": this is not a number
EINVAL|op=transfer_page page=0 to=nowhere|to="nowhere" is none of
EINVAL|op=transfer_page page=0 to=device name=a|op=transfer_page takes no name
EINVAL|op=transfer_page page=0 to=device repeat=2|op=transfer_page takes no repeat
EINVAL|op=map name=a page=0|op=map takes no page
END
}

# Prints the uptime in seconds.
now() {
	cut -d . -f 1 /proc/uptime
}

# killed WORDS: returns whether the writer of an operation that takes minutes ends soon after
# SIGKILL.
killed() {
	echo "$*" >"$RUN" &
	sleep 1
	kill -9 $! || return 1
	began=$(now)
	wait $!
	took=$(($(now) - began))
	echo "# $took s: $(tail -n 1 "$CONTROL/result")"
	[ "$took" -lt 10 ] && grep -q "^not ok 1 $1 # .* the caller is being killed\$" "$CONTROL/result"
}

nothing_mapped() {
	[ -z "$(owners)" ] && [ "$(value live)" = 0 ] && [ "$(value maps)" = "$(value unmaps)" ]
}

gone_without_driver() {
	unload && [ ! -e "$DEBUGFS/$MODULE" ] && load run_checks=N && [ -e "$RUN" ]
}

before=$(dma_errors)
TEXT=$(mktemp) || ktap_exit_fail_msg "cannot create a temporary file"
trap 'rm -f "$TEXT"; if is_loaded; then unload; fi' EXIT

# Unloads the module while the file is open.
open_while_unloaded() {
	exec 3<"$RUN" && unload && exec 3<&- || return 1
	load run_checks=N
}

mark_log
check "load without checks" load run_checks=N
check "it can be open when the module is unloaded" open_while_unloaded
check "it lists operations" [ "$(listed | wc -l)" -ge 12 ]
check "each of them runs" each
check "each of them runs again and again" each repeat=10
check "with another direction" operate op=map_single dir=to_device
check "with another size, at another place" operate op=map_single size=5000 offset=100
check "with bytes that go through the device" operate op=map_single size=5000 pattern=0x5a
check "in pieces" operate op=map_sg size=20000 offset=100 pattern=0x5a dir=from_device
check "the result" result_of "op=map_single repeat=3" "^ok 1 op=map_single # repeat 3\$"
check "the result of a refusal" result_of "op=wait name=a" "^not ok 1 op=wait name=a # .*there is no such name\$"
check "the result of an unknown operation" result_of "op=map_all" "^not ok 1 op=? # .*is not an operation"
check "refused: nothing" refused EINVAL '\n' 'no operation: say op=NAME$'
check "refused: a word without value" refused EINVAL 'op' '"op" is not of the form key=value$'
check "refused: an empty value" refused EINVAL 'op=' '"op" has no value$'
check "refused: an empty key" refused EINVAL '=map_sg' '"" is not a key'
check "refused: an unknown key" refused EINVAL 'op=map_sg colour=red' '"colour" is not a key'
check "refused: an unknown operation" refused EINVAL 'op=map_all' '"map_all" is not an operation'
check "refused: two operations" refused EINVAL 'op=map_sg op=map_sg' '"op" is given twice$'
check "refused: invalid UTF-8" refused EINVAL 'op=map_sg\377' 'this is not text in UTF-8$'
check "refused: a control character, escaped in the log" refused EINVAL 'op=map\033_sg' '"map\\u{1b}_sg" is not an operation'
check "refused: missing keys" for_each_of missing
check "refused: wrong numbers" for_each_of numbers
check "refused: keys of other operations" for_each_of not_taken
check "refused: wrong names" for_each_of bad_names
check "refused: wrong values" for_each_of bad_values
check "refused: wrong transfers of a page" for_each_of pages
check "256 bytes are read" refused EINVAL "$(printf '%256s' '')" 'no operation: say op=NAME$'
check "refused: 257 bytes" refused EINVAL "$(printf '%257s' '')" '257 bytes are too many: the maximum is 256$'
check "refused: more than 64 MiB" too_large
check "a killed writer stops after a round" killed op=coherent repeat=1000000
check "a killed writer stops after a transfer" killed op=map_sg size=1048576 pattern=0x5a
check "nothing is left mapped" nothing_mapped
check "the files are gone without a driver" gone_without_driver
finish
