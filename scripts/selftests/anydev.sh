#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device that the driver does not know, bound through driver_override: memory is mapped for the
# device, and checks that need a DMA engine are skipped.
#
# The device is QEMU's pci-testdev, or the one with the PCI address SAFE_DMA_ANY=, which must have
# no driver. Nothing is written to it.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

NO_ENGINE="the device has no DMA engine that this driver knows"

# The checks of edu devices take long, so no driver binds them meanwhile.
EDUS=$(devices_of 0x1234 0x11e8)

end() {
	if is_loaded; then unload; fi
	for device in $DEVICE $EDUS; do
		override "$device"
	done
}

require_module
DEVICE=${SAFE_DMA_ANY:-$(devices_of 0x1b36 0x0005 | head -n 1)}
[ -n "$DEVICE" ] || skip_all "no pci-testdev: name a PCI device without a driver with SAFE_DMA_ANY="
[ -d "$DEVICES/$DEVICE" ] || skip_all "SAFE_DMA_ANY=$DEVICE is not the address of a PCI device"
[ ! -e "$DEVICES/$DEVICE/driver" ] || skip_all "$DEVICE has a driver: unbind it first"
trap end EXIT
for device in $EDUS; do
	override "$device" nobody
done
ktap_set_plan $((FINISH + 18))

FILES=/sys/kernel/debug/$MODULE/$DEVICE
ID=$(sed 's/^0x//' "$DEVICES/$DEVICE/vendor"):$(sed 's/^0x//' "$DEVICES/$DEVICE/device")
CLASS=$(cat "$DEVICES/$DEVICE/class")

# subject NAME: prints the results of a subject.
subject() {
	log | sed -n "/$DEVICE:     # Subtest: $1\$/,/$DEVICE: [not ]*ok [0-9]* $1\$/p" | grep "$DEVICE:     \(not \)*ok "
}

# count SUBJECT TEXT: prints the number of its results that match TEXT.
count() {
	subject "$1" | grep -c -e "$2"
}

# all_skipped SUBJECT: returns whether there are results, and all are skipped for lack of an engine.
all_skipped() {
	[ "$(subject "$1" | wc -l)" -gt 0 ] && [ "$(count "$1" .)" = "$(count "$1" " # SKIP $NO_ENGINE\$")" ]
}

# none_skipped SUBJECT...: returns whether no check of each subject is skipped for lack of an
# engine, and at least one has passed.
none_skipped() {
	for name; do
		echo "# $name: $(count "$name" ' # SKIP') of $(count "$name" .) skipped"
		[ "$(count "$name" ' # [^S]')" -gt 0 ] && [ "$(count "$name" "$NO_ENGINE")" = 0 ] || return 1
	done
}

# Without an engine no check may claim a round trip.
no_round_trip() {
	not logged "$DEVICE: .*witness: .*round trip"
}

placed() {
	if translates; then
		logged "$DEVICE: .* dma_map_single.* witness: memory unchanged, as nothing was moved, iova_to_phys"
	else
		logged "$DEVICE: .* dma_map_single.* witness: memory unchanged, as nothing was moved, bus address\|bounce buffer"
	fi
}

# Runs each operation. The driver knows no registers of the device, and IOVA ranges need an IOMMU.
each() {
	for name in $(sed -n 's/^op=\([a-z_]*\) .*/\1/p' "$FILES/run" | head -n 12); do
		{ echo "op=$name" >"$FILES/run"; } 2>/dev/null && continue
		case $name in
		map_resource) logged "run: op=map_resource failed: \(Error(95)\|EOPNOTSUPP\): " && continue ;;
		iova) ! translates && continue ;;
		esac
		echo "# op=$name"
		return 1
	done
}

unbind() {
	echo "$DEVICE" >"$DRIVER/unbind"
}

# Probes the device, as when it is new.
probe() {
	echo "$DEVICE" >/sys/bus/pci/drivers_probe
}

before=$(dma_errors)

mark_log
check "load" load
check "without driver_override the device is not bound" not is_bound
check "unload" unload
override "$DEVICE" "$MODULE"

mark_log
check "load and run the checks" load
check "the device is bound" is_bound
check "it is identified" logged "$DEVICE: device \[$ID\], class $CLASS, .* without a DMA engine"
check "its limits are known" logged "$DEVICE: DMA mask 0x[0-9a-f]*, coherent 0x[0-9a-f]*, max_seg_size "
check "its IOMMU is known" logged "$DEVICE: behind IOMMU \|$DEVICE: no IOMMU: "
check "no check has failed" not logged "$DEVICE: .*not ok"
check "the totals say so" logged "$DEVICE: # Totals: pass:[1-9][0-9]* fail:0 skip:[1-9]"
check "transfers are skipped, and why" all_skipped transfer
check "memory is mapped for it" none_skipped streaming sg iova sync limits
check "addresses lead where they should" placed
check "no check claims a round trip" no_round_trip
check "its operations run" each
check "unbind" unbind
check "bind" probe
check "the device is bound again" is_bound
finish
