# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers for operations through the file `run`. Sourced after common.sh, when DEVICE is set.

CONTROL=$DEBUGFS/$MODULE/$DEVICE
RUN=$CONTROL/run

# operate WORDS...: runs an operation. If it is refused, the kernel's log has the reason.
operate() {
	{ echo "$*" >"$RUN"; } 2>/dev/null
}

# error_text ERROR: prints a pattern for the C library's message of ERROR.
error_text() {
	case $1 in
	EPERM) echo "Operation not permitted" ;;
	ENOENT) echo "No such file or directory" ;;
	EBUSY) echo "Device or resource busy\|Resource busy" ;;
	EACCES) echo "Permission denied" ;;
	EEXIST) echo "File exists" ;;
	EINVAL) echo "Invalid argument" ;;
	ENODEV) echo "No such device" ;;
	ENOSPC) echo "No space left on device" ;;
	EILSEQ) echo "Invalid or incomplete multibyte\|Illegal byte sequence" ;;
	EOPNOTSUPP) echo "Operation not supported\|Not supported" ;;
	ETIMEDOUT) echo "timed out" ;;
	*) echo "no error is called $1" ;;
	esac
}

# Error numbers, which `result` shows instead of names on a kernel without CONFIG_SYMBOLIC_ERRNAME.
# shellcheck disable=SC2034 # used by name
ENOENT=2 EACCES=13 EBUSY=16 EOPNOTSUPP=95

# is_refused ERROR WORDS: returns whether the operation is refused with ERROR, as `result` shows.
# Starts no process, and is faster than refused().
is_refused() {
	operate "$2" && echo "# not refused: $2" && return 1
	while read -r next; do line=$next; done <"$CONTROL/result"
	eval "number=\$$1"
	# shellcheck disable=SC2154 # set by eval
	case $line in
	"not ok 1 op="*" # $1 "* | "not ok 1 op="*" # Error($number) "*) return ;;
	esac
	echo "# $2: $line"
	return 1
}

# refused ERROR WORDS REASON: returns whether the operation is refused with ERROR, and the log has a
# single line with REASON.
refused() {
	mark_log
	# The shell's built-in printf ignores write errors.
	# shellcheck disable=SC2059 # with escapes
	error=$(printf "$2" | cat 2>&1 >"$RUN") && echo "# not refused: $2" && return 1
	lines=$(log)
	case $lines in
	*"
"*) ;;
	*)
		echo "$error" | grep -q "$(error_text "$1")" &&
			printf '%s\n' "$lines" | grep -q "$DEVICE: run: .*$3" && return
		;;
	esac
	echo "# $2: $error"
	return 1
}

# all_refused: calls refused() for each line "ERROR|WORDS|REASON" of its input.
all_refused() {
	while IFS='|' read -r error words reason; do
		refused "$error" "$words" "$reason" || return 1
	done
}

# Prints a line "NAME OWNER" for each mapping.
owners() {
	sed '1d' "$CONTROL/mappings" | cut -d ' ' -f 1,4
}

# mapping NAME: prints the line of the mapping.
mapping() {
	grep "^$1 " "$CONTROL/mappings"
}

# value KEY: prints a counter.
value() {
	sed -n "s/^$1 //p" "$CONTROL/stats"
}
