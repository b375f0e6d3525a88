#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The sample driver, which shares only the library with safe_dma.ko: loads it instead of that
# module, and checks that its buffer came back from the device.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
SAMPLE=$(dirname "$KO")/sample_dma.ko${KO##*.ko}
[ -r "$SAMPLE" ] || skip_all "no sample_dma.ko beside $KO"
[ ! -d /sys/module/sample_dma ] || skip_all "sample_dma is loaded and in use: unload it first"
[ ! -e "/sys/bus/pci/devices/$DEVICE/driver" ] || skip_all "$DEVICE has another driver: unbind it first"
trap 'if [ -d /sys/module/sample_dma ]; then rmmod sample_dma; fi' EXIT
ktap_set_plan 7

before=$(dma_errors)

# Probes a device that is not in the driver's table: QEMU's pci-testdev.
probe_unknown() {
	override "$unknown" sample_dma
	echo "$unknown" >/sys/bus/pci/drivers_probe
	override "$unknown"
	[ ! -e "$DEVICES/$unknown/driver" ] && not logged "sample_dma $unknown"
}

mark_log
# shellcheck disable=SC2086 # a list of words
check "load" insmod "$SAMPLE" ${SAFE_DMA_PARAMS:-}
check "the device is bound" [ -e "/sys/bus/pci/drivers/sample_dma/$DEVICE" ]
check "the buffer came back" logged "sample_dma $DEVICE: 1500 bytes went to the device and came back\$"
unknown=$(devices_of 0x1b36 0x0005 | head -n 1)
if [ -n "$unknown" ]; then
	check "an unknown device is refused, untouched" probe_unknown
else
	ktap_test_skip "an unknown device is refused, untouched: there is no pci-testdev"
fi
check "unload" rmmod sample_dma
check_debugger "the debugger has found nothing" no_new_dma_errors
check "the kernel reports nothing" not logged "WARNING:\|BUG:\|Oops\|DMA-API"

ktap_finished
