# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A device that is pulled out of its slot, with a word before or without, and put in again. Sourced
# after common.sh and in_use.sh.

CONSOLE=/dev/console

# After require(): a device that the host or we can pull out, or skip the whole script.
require_slot() {
	[ "${SAFE_DMA_HOST:-}" = hotplug ] || skip_all "no host that plugs devices in: see scripts/safe_dma/guest/hotplug.py"
	PORT=$(basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$DEVICE")")")
	PORT_CONFIG=/sys/bus/pci/devices/$PORT/config
	[ -r "$PORT_CONFIG" ] || skip_all "$DEVICE is in no slot"
	SLOT_CONTROL=$(slot_control) || skip_all "$PORT has no slot"
	# What the host says is for us, and not for the log.
	stty -echo <"$CONSOLE"
}

# number OFFSET SIZE: of the port's configuration space.
number() {
	od -A n -t "u$2" -j "$1" -N "$2" "$PORT_CONFIG" | tr -d ' '
}

# Where the slot's control register is: in the capability of PCI Express, found by its number.
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

# The request, which the host takes from the console.
ask() {
	echo "host: $*" >"$CONSOLE"
}

# The host has done what it was asked for.
answered() {
	read -r answer <"$CONSOLE"
	echo "# host: $answer"
	[ "$answer" = "done: $*" ]
}

# The host has not, and says so.
refused() {
	ask "$*"
	read -r answer <"$CONSOLE"
	echo "# host: $answer"
	[ "${answer%%:*}" = "not done" ]
}

# The driver is asked to let go first: the button at the slot.
pull_out() {
	ask device_del edu0
	answered device_del edu0 && eventually gone
}

put_in() {
	ask device_add edu0
	answered device_add edu0 && eventually is_ready
}

# Nobody is asked: the slot's power and its indicator are switched off, which QEMU takes for the
# moment at which the device is pulled out. The port's driver learns it from the device's absence,
# like everybody: it must not see the power go, after which it would take the slot for one that it
# has switched off itself. So its interrupt is off meanwhile, too. It switches the slot off a second
# after that, and whatever is there then would be pulled out with it.
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

# control VALUE: of the slot.
control() {
	# shellcheck disable=SC2059 # two bytes
	printf "$(printf '\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8)))" |
		dd of="$PORT_CONFIG" bs=2 seek=$((SLOT_CONTROL / 2)) conv=notrunc 2>/dev/null
}

# Bound, with the files by which it can be used.
is_ready() {
	is_bound && [ -e "$RUN" ]
}

gone() {
	[ ! -e "/sys/bus/pci/devices/$DEVICE" ]
}
