# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers for the self-tests, which source this file. The kernel's ktap_helpers.sh prints the KTAP.

MODULE=safe_dma
DRIVER=/sys/bus/pci/drivers/$MODULE
DEBUGFS=/sys/kernel/debug
ERROR_COUNT=$DEBUGFS/dma-api/error_count
DUMP=$DEBUGFS/dma-api/dump

# A false warning of the DMA debugger when several processors map and sync, see
# scripts/safe_dma/guest/reports.py.
NO_REASON="device driver tries to sync DMA memory it has not allocated"

HERE=$(cd "$(dirname "$0")" && pwd)

# Prints the path of ktap_helpers.sh: beside the scripts, in the source of the running kernel, or
# in what the package safe-dma-dkms keeps of it.
find_helpers() {
	for dir in "$HERE" "/lib/modules/$(uname -r)/source/tools/testing/selftests/kselftest" \
		"/lib/modules/$(uname -r)/build/tools/testing/selftests/kselftest" \
		"/var/lib/safe-dma/$(uname -r)/source/tools/testing/selftests/kselftest"; do
		if [ -r "$dir/ktap_helpers.sh" ]; then
			echo "$dir/ktap_helpers.sh"
			return
		fi
	done
	return 1
}

# Without the helpers, skip.
helpers=${KTAP_HELPERS:-$(find_helpers)}
if [ ! -r "$helpers" ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP no ktap_helpers.sh: set KTAP_HELPERS to the one in" \
		"tools/testing/selftests/kselftest of a kernel source"
	exit 4
fi
# shellcheck source=/dev/null
. "$helpers"

# Prints the path of the module: SAFE_DMA_KO, or the module in this tree, in the guest or of DKMS.
find_module() {
	if [ -n "${SAFE_DMA_KO:-}" ]; then
		echo "$SAFE_DMA_KO"
		return
	fi
	for file in "$HERE/../../$MODULE.ko" "/lib/$MODULE.ko" \
		"/lib/modules/$(uname -r)/updates/dkms/$MODULE.ko"*; do
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

# Prints the KTAP header and sets DEVICE, or skips the whole script with a reason.
require() {
	require_module
	DEVICE=$(find_device) || skip_all "no edu device (PCI 1234:11e8): start QEMU with -device edu"
}

# As require(), for a script that needs no edu device.
require_module() {
	ktap_print_header
	[ "$(id -u)" = 0 ] || skip_all "must be root to load a module"
	KO=$(find_module) || skip_all "no $MODULE.ko: build it, or set SAFE_DMA_KO to where it is"
	[ -r "$KO" ] || ktap_exit_fail_msg "SAFE_DMA_KO=$KO cannot be read"
	[ ! -d "/sys/module/$MODULE" ] || skip_all "$MODULE is loaded and in use: unload it first"
	[ -w /dev/kmsg ] || skip_all "no /dev/kmsg, which is needed to mark places in the log"
	# Print all errors: the false warning is recognized by its text, and by default the debugger
	# prints only its first error.
	if are_several; then echo 1 >"${ERROR_COUNT%/*}/all_errors" 2>/dev/null; fi
	# Unload the module even if the script ends early.
	trap 'if is_loaded; then unload; fi' EXIT
}

require_debugfs() {
	[ -d "$DEBUGFS" ] || skip_all "no debugfs"
}

require_dma_debug() {
	[ -r "$DUMP" ] || skip_all "no $DUMP: the kernel needs CONFIG_DMA_API_DEBUG, and debugfs mounted"
	[ "$(cat "$DEBUGFS/dma-api/disabled")" = N ] || skip_all "the DMA debugger is switched off"
}

# require_program NAME: sets PROGRAM to the path of the program, or skips.
require_program() {
	PROGRAM=$HERE/$1
	[ -x "$PROGRAM" ] || skip_all "no $PROGRAM: scripts/selftests/Makefile builds it"
}

DEVICES=/sys/bus/pci/devices

# devices_of VENDOR DEVICE: prints the PCI addresses of all devices with these IDs.
devices_of() {
	for dir in "$DEVICES"/*; do
		if [ "$(cat "$dir/vendor" "$dir/device" 2>/dev/null | tr '\n' ' ')" = "$1 $2 " ]; then
			basename "$dir"
		fi
	done
}

# Prints the PCI address of the first edu device, or fails.
find_device() {
	devices_of 0x1234 0x11e8 | head -n 1 | grep .
}

# Loads the module with SAFE_DMA_PARAMS, the parameters for this machine.
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

# Marks the place in the kernel's log at which log() starts.
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

# Removes the false warning and its trace.
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

# Returns whether an IOMMU translates for the device, which must have been bound since the mark.
translates() {
	logged "$DEVICE: behind IOMMU .* which translates"
}

# Prints the DMA debugger's error count without false warnings, or nothing if the kernel has no DMA
# debugger.
dma_errors() {
	count=$(cat "$ERROR_COUNT" 2>/dev/null) || return
	if are_several; then count=$((count - $(dmesg | grep -c "DMA-API: .*: $NO_REASON"))); fi
	echo "$count"
}

# Returns whether the DMA debugger has counted no error since `before` was set.
no_new_dma_errors() {
	after=$(dma_errors)
	# shellcheck disable=SC2154 # the caller's
	echo "# error_count ${after:-unknown}, before that ${before:-unknown}"
	[ "$after" = "$before" ]
}

# Prints the number of mappings that the DMA debugger has of the driver's devices, or nothing.
mapped() {
	grep -cs "^$MODULE " "$DUMP"
}

# Returns whether the kernel's log has no warning since the mark.
no_report() {
	not logged "WARNING:\|BUG:\|Oops\|Call trace:\|nobody cared" &&
		not logged "refcount_t:\|DMA-API: \|are lost\|cannot be stopped"
}

# Scans for leaks twice: kmemleak skips memory that is young or has changed since the last scan.
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

# as_nobody COMMAND: runs a shell command as the user nobody.
as_nobody() {
	grep -q '^nobody:' /etc/passwd 2>/dev/null || {
		mkdir -p /etc && echo "nobody:x:65534:65534:nobody:/:/bin/sh" >>/etc/passwd
	}
	su -s /bin/sh nobody -c "$1"
}

# check DESCRIPTION COMMAND...: runs COMMAND and prints the result. On failure, also prints the
# kernel's log since the mark.
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

# check_debugger DESCRIPTION COMMAND...: as check(), for what only the DMA debugger can show.
check_debugger() {
	if [ -r "$DUMP" ]; then
		check "$@"
	else
		ktap_test_skip "$1: this kernel has no CONFIG_DMA_API_DEBUG"
	fi
}

# Prints the last results of a script, which are FINISH results of its plan.
# shellcheck disable=SC2034
FINISH=3
finish() {
	check "unload" unload
	check "the kernel reports nothing" no_report
	check_debugger "the debugger has found nothing" no_new_dma_errors
	ktap_finished
}

not() {
	! "$@"
}

# eventually COMMAND...: retries COMMAND for up to a minute.
eventually() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# override ADDRESS [DRIVER]: lets only DRIVER bind the device. Without DRIVER, restores the default.
override() {
	echo "${2:-}" >"$DEVICES/$1/driver_override"
}
