#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs all self-tests, or the named ones, and prints their results as one KTAP document.
#
#   run.sh [TEST...]       TEST is the name of a script here, with or without ".sh"
#
# Works in the guest and on any arm64 or amd64 machine that has the module and the device. Exits
# with 0 if all passed, 1 if one failed, 4 if all were skipped.

HERE=$(cd "$(dirname "$0")" && pwd)
# Tests that cause errors on purpose come last. The effects of the last two remain until the next
# boot.
ALL="module kunit results bind control lifecycle anydev dma_debug limits coherent mmap interrupts permissions removal sample fuzz soak cycles misuse forget mmap_lost"

[ $# -gt 0 ] || {
	# shellcheck disable=SC2086 # a list of words
	set -- $ALL
}

for name in "$@"; do
	[ -r "$HERE/${name%.sh}.sh" ] && continue
	echo "run.sh: no test is named '$name'; there are: $ALL" >&2
	exit 1
done

output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
exec 4>&1

number=0
passed=0
failed=0

# mark TEXT: writes TEXT to the kernel's log, so that messages can be attributed to tests.
mark() {
	if [ -w /dev/kmsg ]; then echo "selftest $*" >/dev/kmsg; fi
}

echo "KTAP version 1"
echo "1..$#"
for name in "$@"; do
	name=${name%.sh}
	number=$((number + 1))

	mark "$name begins"
	# Show the output at once. File descriptor 3 carries the exit status past the pipe.
	status=$({ { sh "$HERE/$name.sh" 2>&1; echo $? >&3; } | tee "$output" | sed 's/^/    /' >&4; } 3>&1)
	mark "$name ends"

	case $status in
	0)
		passed=$((passed + 1))
		echo "ok $number $name"
		;;
	4)
		echo "ok $number $name # SKIP $(sed -n 's/^1\.\.0 # SKIP //p' "$output")"
		;;
	*)
		failed=$((failed + 1))
		echo "not ok $number $name # exit status $status"
		;;
	esac
done

[ "$failed" = 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 4
