# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What the self-tests of the control files share. Sourced after common.sh, when DEVICE is known.

CONTROL=/sys/kernel/debug/$MODULE/$DEVICE
RUN=$CONTROL/run

# operate WORDS...: do it; what is refused is in the log.
operate() {
	{ echo "$*" >"$RUN"; } 2>/dev/null
}

# What a C library says of an error.
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

# refused ERROR WORDS REASON: that error, and one line in the log, with the reason.
refused() {
	mark_log
	# The shell's own printf does not care whether it is refused.
	# shellcheck disable=SC2059 # with escapes
	error=$(printf "$2" | cat 2>&1 >"$RUN") && echo "# not refused: $2" && return 1
	lines=$(log)
	case $lines in
	*"
"*) ;;
	*)
		echo "$error" | grep -q "$(error_text "$1")" &&
			echo "$lines" | grep -q "$DEVICE: run: .*$3" && return
		;;
	esac
	echo "# $2: $error"
	return 1
}

# all_refused: the same for lines of the form "ERROR|WORDS|REASON".
all_refused() {
	while IFS='|' read -r error words reason; do
		refused "$error" "$words" "$reason" || return 1
	done
}

# The names that are mapped, and whose turn it is: a line "NAME TURN" for each.
turns() {
	sed '1d' "$CONTROL/mappings" | cut -d ' ' -f 1,4
}

# mapping NAME: its line.
mapping() {
	grep "^$1 " "$CONTROL/mappings"
}

# value KEY: of the counters.
value() {
	sed -n "s/^$1 //p" "$CONTROL/stats"
}
