#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The library's unit tests: runs each KUnit suite of the module through debugfs, and prints its
# results.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

KUNIT=/sys/kernel/debug/kunit

# Prints the names of all suites, one per line.
suites() {
	ls "$KUNIT"
}

# Prints the names of the module's suites.
suites_of_module() {
	suites | while read -r suite; do
		case " $others " in
		*" $suite "*) ;;
		*) echo "$suite" ;;
		esac
	done
}

# count SUITE STATUS: prints the number of cases with that status. Only cases are indented.
count() {
	grep -c "^    $2 [0-9]" "$RESULTS/$1"
}

# passed SUITE: returns whether each case has the result "ok". The result of the suite does not
# suffice: it is "ok" even if the suite never ran.
passed() {
	cases=$(sed -n 's/^    1\.\.\([0-9]*\)$/\1/p' "$RESULTS/$1")
	echo "# $(count "$1" ok) of ${cases:-no} cases have passed"
	[ "${cases:-0}" -gt 0 ] && [ "$(count "$1" ok)" = "$cases" ] && [ "$(count "$1" "not ok")" = 0 ] &&
		grep -q "^ok 1 $1\$" "$RESULTS/$1"
}

# run_suite SUITE: runs SUITE.
run_suite() {
	echo run >"$KUNIT/$1/run"
	cat "$KUNIT/$1/results" >"$RESULTS/$1"
}

# show_suite SUITE: prints the results of SUITE as a subtest.
show_suite() {
	sed -n '/^    /p' "$RESULTS/$1"
	check "$1" passed "$1"
}

require
[ -d "$KUNIT" ] ||
	skip_all "no $KUNIT: the kernel needs CONFIG_KUNIT=y and CONFIG_KUNIT_DEBUGFS, and debugfs mounted"
[ ! -e /sys/module/kunit/initstate ] || skip_all "KUnit is a module, and tests in Rust need CONFIG_KUNIT=y"

RESULTS=$(mktemp -d) || ktap_exit_fail_msg "cannot create a temporary directory"
trap 'rm -rf "$RESULTS"; if is_loaded; then unload; fi' EXIT

others=$(suites | tr '\n' ' ')
mark_log
# The module of the NVMe driver has the suites of the library, too.
nvme=
if insmod "$(dirname "$KO")/rust_nvme.ko" 2>/dev/null; then
	nvme=$(suites_of_module | grep '^rust_nvme')
	for suite in $nvme; do
		run_suite "$suite"
	done
	rmmod rust_nvme
fi
load run_checks=N || ktap_exit_fail_msg "$KO cannot be loaded"
! logged "kunit: disabled" || skip_all "KUnit is switched off: start the kernel with kunit.enable=1"
ours=$(suites_of_module)

ktap_set_plan $(($(echo "$ours $nvme" | wc -w) + 4))

check "the module has suites" [ -n "$ours" ]
for suite in $ours; do
	run_suite "$suite"
	show_suite "$suite"
done
for suite in $nvme; do
	show_suite "$suite"
done
check "the kernel reports nothing" not logged "WARNING:\|BUG:\|Oops\|DMA-API"
check "unload" unload
check "the suites are gone" [ -z "$(suites_of_module)" ]

ktap_finished
