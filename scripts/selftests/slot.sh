# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Helpers that remove a device from its slot, with or without notice to the driver, and insert it
# again. Sourced after common.sh and in_use.sh.

# shellcheck source=scripts/selftests/host.sh
. "$HERE/host.sh"

# QEMU's ID of the device.
SLOT_DEVICE=${SLOT_DEVICE:-edu0}

# Sets PORT and SLOT_CONTROL, or skips the whole script if the device cannot be removed. Called
# after require().
require_slot() {
	require_host
	PORT=$(basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$DEVICE")")")
	PORT_CONFIG=/sys/bus/pci/devices/$PORT/config
	[ -r "$PORT_CONFIG" ] || skip_all "$DEVICE is in no slot"
	SLOT_CONTROL=$(slot_control) || skip_all "$PORT has no slot"
}

# number OFFSET SIZE: prints a number in the port's configuration space.
number() {
	od -A n -t "u$2" -j "$1" -N "$2" "$PORT_CONFIG" | tr -d ' '
}

# Prints the offset of the Slot Control register. It is in the PCI Express capability, ID 16.
slot_control() {
	at=$(number 52 1)
	while [ "$at" != 0 ]; do
		if [ "$(number "$at" 1)" = 16 ]; then
			echo $((at + 24))
			return
		fi
		at=$(number $((at + 1)) 1)
	done
	return 1
}

# Removes the device with notice: QEMU presses the attention button, and the driver is unbound
# first.
pull_out() {
	host device_del "$SLOT_DEVICE" && eventually gone && eventually is_off
}

put_in() {
	host device_add "$SLOT_DEVICE" && eventually is_ready
}

# Removes the device without notice: switches off the slot's power and power indicator, upon which
# QEMU removes the device. The hot-plug interrupt is off meanwhile: the port's driver must not see
# the loss of power, or it would assume that it has switched off the slot itself. It only sees that
# the device is absent, and switches off the slot one second later. A device that is inserted before
# that would be removed, too, so wait for it.
tear_out() {
	cut_power && eventually gone && eventually is_off
}

is_off() {
	[ $(($(number "$SLOT_CONTROL" 2) & 0x700)) = $((0x700)) ]
}

cut_power() {
	was=$(number "$SLOT_CONTROL" 2)
	control $(((was | 0x700) & ~0x20)) && control "$was"
}

# control VALUE: writes the Slot Control register.
control() {
	# shellcheck disable=SC2059 # two bytes
	printf "$(printf '\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8)))" |
		dd of="$PORT_CONFIG" bs=2 seek=$((SLOT_CONTROL / 2)) conv=notrunc 2>/dev/null
}

# Returns whether the driver is bound and its files exist.
is_ready() {
	is_bound && [ -e "$RUN" ]
}

gone() {
	[ ! -e "/sys/bus/pci/devices/$DEVICE" ]
}
