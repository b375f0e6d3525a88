# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers of the self-tests, which source this. The KTAP output is that of the kernel's
# ktap_helpers.sh.

MODULE=safe_dma
DRIVER=/sys/bus/pci/drivers/$MODULE
DEBUGFS=/sys/kernel/debug
ERROR_COUNT=$DEBUGFS/dma-api/error_count
DUMP=$DEBUGFS/dma-api/dump

# A false warning of the DMA debugger when several processors map and sync, see
# scripts/safe_dma/guest/reports.py.
NO_REASON="device driver tries to sync DMA memory it has not allocated"

HERE=$(cd "$(dirname "$0")" && pwd)

# The kernel's helpers: beside the scripts, or in the source of the kernel that is running.
find_helpers() {
	for dir in "$HERE" "/lib/modules/$(uname -r)/source/tools/testing/selftests/kselftest" \
		"/lib/modules/$(uname -r)/build/tools/testing/selftests/kselftest"; do
		if [ -r "$dir/ktap_helpers.sh" ]; then
			echo "$dir/ktap_helpers.sh"
			return
		fi
	done
	return 1
}

# Without them no KTAP is possible but this.
helpers=${KTAP_HELPERS:-$(find_helpers)}
if [ ! -r "$helpers" ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP no ktap_helpers.sh: set KTAP_HELPERS to the one in" \
		"tools/testing/selftests/kselftest of a kernel source"
	exit 4
fi
# shellcheck source=/dev/null
. "$helpers"

# The module's file: SAFE_DMA_KO, or that of this tree or of the guest.
find_module() {
	if [ -n "${SAFE_DMA_KO:-}" ]; then
		echo "$SAFE_DMA_KO"
		return
	fi
	for file in "$HERE/../../$MODULE.ko" "/lib/$MODULE.ko"; do
		if [ -r "$file" ]; then
			echo "$file"
			return
		fi
	done
	return 1
}

skip_all() {
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# Print the header, or skip the whole script with the reason.
require() {
	require_module
	DEVICE=$(find_device) || skip_all "no edu device (PCI 1234:11e8): start QEMU with -device edu"
}

# The same for a script that does not need an edu.
require_module() {
	ktap_print_header
	[ "$(id -u)" = 0 ] || skip_all "must be root to load a module"
	KO=$(find_module) || skip_all "no $MODULE.ko: build it, or set SAFE_DMA_KO to where it is"
	[ -r "$KO" ] || ktap_exit_fail_msg "SAFE_DMA_KO=$KO cannot be read"
	[ ! -d "/sys/module/$MODULE" ] || skip_all "$MODULE is loaded and in use: unload it first"
	[ -w /dev/kmsg ] || skip_all "no /dev/kmsg, which marks places in the log"
	# The false warning is found by its text, which is printed only once by default.
	if are_several; then echo 1 >"${ERROR_COUNT%/*}/all_errors" 2>/dev/null; fi
	# A test that ends early must not leave the module to the next one.
	trap 'if is_loaded; then unload; fi' EXIT
}

require_debugfs() {
	[ -d "$DEBUGFS" ] || skip_all "no debugfs"
}

require_dma_debug() {
	[ -r "$DUMP" ] || skip_all "no $DUMP: the kernel needs CONFIG_DMA_API_DEBUG, and debugfs mounted"
	[ "$(cat "$DEBUGFS/dma-api/disabled")" = N ] || skip_all "the DMA debugger is switched off"
}

# require_program NAME: set PROGRAM to its path.
require_program() {
	PROGRAM=$HERE/$1
	[ -x "$PROGRAM" ] || skip_all "no $PROGRAM: scripts/selftests/Makefile builds it"
}

# The PCI address of the first device that the driver is for.
find_device() {
	for dir in /sys/bus/pci/devices/*; do
		if [ "$(cat "$dir/vendor" "$dir/device" 2>/dev/null | tr '\n' ' ')" = "0x1234 0x11e8 " ]; then
			basename "$dir"
			return
		fi
	done
	return 1
}

# With the parameters of the device, SAFE_DMA_PARAMS.
load() {
	# shellcheck disable=SC2086 # a list of words
	insmod "$KO" ${SAFE_DMA_PARAMS:-} "$@"
}

unload() {
	rmmod "$MODULE"
}

is_loaded() {
	[ -d "/sys/module/$MODULE" ]
}

is_bound() {
	[ -e "$DRIVER/$DEVICE" ]
}

# log() prints the kernel's log from here on. The mark is found by its number.
mark_log() {
	MARKS=$((${MARKS:-0} + 1))
	MARK="$MODULE selftest: $$.$MARKS"
	echo "$MARK" >/dev/kmsg
}

log() {
	dmesg | sed "1,/$MARK\$/d" | with_reason
}

are_several() {
	[ "$(grep -c "^processor" /proc/cpuinfo)" -gt 1 ]
}

# Leaves out the false warning, to the end of its trace.
with_reason() {
	if are_several; then
		awk -v text="$NO_REASON" '
			/------------\[ cut here \]/ { block = ""; inside = 1 }
			!inside { print; next }
			{ block = block $0 "\n" }
			/---\[ end trace / { if (!index(block, text)) printf "%s", block; inside = 0 }
			END { if (inside) printf "%s", block }'
	else
		cat
	fi
}

logged() {
	log | grep -q -e "$1"
}

# Whether an IOMMU translates for the device, if it was bound since the mark.
translates() {
	logged "$DEVICE: behind IOMMU .* which translates"
}

# The debugger's error count, without false warnings; nothing if the kernel has no debugger.
dma_errors() {
	count=$(cat "$ERROR_COUNT" 2>/dev/null) || return
	if are_several; then count=$((count - $(dmesg | grep -c "DMA-API: .*: $NO_REASON"))); fi
	echo "$count"
}

# The debugger has counted no error since `before` was set.
no_new_dma_errors() {
	after=$(dma_errors)
	# shellcheck disable=SC2154 # the caller's
	echo "# error_count ${after:-unknown}, before that ${before:-unknown}"
	[ "$after" = "$before" ]
}

# How many mappings of the driver's devices the DMA debugger has.
mapped() {
	grep -c "^$MODULE " "$DUMP"
}

# The kernel's log since the mark has no warning.
no_report() {
	not logged "WARNING:\|BUG:\|Oops\|Call trace:\|nobody cared" &&
		not logged "refcount_t:\|DMA-API: \|are lost\|cannot be stopped"
}

# Runs a scan of kmemleak. It does not report young memory, nor memory that has changed since the
# last scan.
scan_for_leaks() {
	for _ in 1 2; do
		sleep 6
		echo scan >"$DEBUGFS/kmemleak" || return 1
	done
}

no_leak() {
	scan_for_leaks || return 1
	sed 's/^/# /' "$DEBUGFS/kmemleak"
	! grep -q "^unreferenced object" "$DEBUGFS/kmemleak"
}

# Runs a command as another user.
as_nobody() {
	grep -q '^nobody:' /etc/passwd 2>/dev/null || {
		mkdir -p /etc && echo "nobody:x:65534:65534:nobody:/:/bin/sh" >>/etc/passwd
	}
	su -s /bin/sh nobody -c "$1"
}

# check DESCRIPTION COMMAND...: one result; on failure, print the kernel's log since the mark.
check() {
	description=$1
	shift
	if "$@"; then
		ktap_test_pass "$description"
	else
		log | tail -n 20 | sed 's/^/# /'
		ktap_test_fail "$description"
	fi
}

# The last results of a script, FINISH in number, for its plan.
# shellcheck disable=SC2034
FINISH=3
finish() {
	check "unload" unload
	check "the kernel reports nothing" no_report
	check "the debugger has found nothing" no_new_dma_errors
	ktap_finished
}

not() {
	! "$@"
}
