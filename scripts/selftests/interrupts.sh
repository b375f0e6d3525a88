#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Raises all interrupts of the device at once, so that their status reads like that of a removed
# device. The driver must acknowledge them, even those from before it was bound: a pending interrupt
# would hide all later ones, and a transfer would take its whole timeout. A transfer must also end
# if its interrupt is missing or comes twice.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
require_program registers
require_debugfs
SYSFS=/sys/bus/pci/devices/$DEVICE
# shellcheck source=scripts/selftests/operate.sh
. "$HERE/operate.sh"
ktap_set_plan $((FINISH + 10))

# Registers of the device, see rust/testdev/regs.rs.
STATUS=0x24
RAISE=0x60
ALL=0xffffffff

register() {
	"$PROGRAM" "$SYSFS/resource0" "$@"
}

has_raised() {
	[ "$(register $STATUS)" = "$1" ]
}

all_acknowledged() {
	for _ in $(seq 100); do
		has_raised 0 && return
		sleep 0.1
	done
	return 1
}

raise_without_driver() {
	echo 1 >"$SYSFS/enable" && register $RAISE $ALL && has_raised $ALL
}

# Prints the uptime in seconds.
now() {
	cut -d . -f 1 /proc/uptime
}

# A transfer takes 100 ms. Without its interrupt it would take the timeout of a minute.
ends_with_its_interrupt() {
	operate "op=map name=quick" || return 1
	began=$(now)
	operate "op=transfer name=quick to=device timeout=60000" && took=$(($(now) - began)) &&
		operate "op=unmap name=quick" && echo "# $took s" && [ "$took" -lt 30 ]
}

# Runs transfers with a missing and with a repeated interrupt. Without an interrupt, the timeout
# ends the transfer.
any_interrupt() {
	operate "op=map name=a" || return 1
	for irq in normal none twice normal; do
		operate "op=transfer name=a to=device timeout=1000 irq=$irq" || return 1
	done
	operate "op=unmap name=a"
}

before=$(dma_errors)
mark_log
check "load" load run_checks=N
check "all interrupts are raised" register $RAISE $ALL
check "they are acknowledged" all_acknowledged
check "a transfer ends with its interrupt" ends_with_its_interrupt
check "a transfer ends with no interrupt, or two" any_interrupt
check "unload" unload
check "all interrupts are raised without a driver" raise_without_driver
check "load again" load run_checks=N
check "they are acknowledged by the probe" has_raised 0
check "a transfer ends with its interrupt, too" ends_with_its_interrupt
finish
