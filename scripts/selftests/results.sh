#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module's own checks: reads their KTAP and the SMMU's events from the kernel's log.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"

require
ktap_set_plan $((FINISH + 6))

# count TEXT: prints the number of the module's results that begin with TEXT.
count() {
	log | grep -c -e "$DEVICE:  *$1 [0-9]"
}

# Prints the number of checks that the subjects have planned.
planned() {
	log | sed -n "s/.*$DEVICE:     1\.\.\([0-9]*\)\$/\1/p" |
		(
			sum=0
			while read -r plan; do
				sum=$((sum + plan))
			done
			echo "$sum"
		)
}

# Returns whether each planned check has a result.
complete() {
	subjects=$(log | sed -n "s/.*$DEVICE: 1\.\.\([0-9]*\)\$/\1/p")
	results=$(($(count ok) + $(count "not ok")))
	echo "# $results results of $(planned) checks in $subjects subjects"
	[ "$(planned)" -gt 0 ] && [ "$results" = $(($(planned) + subjects)) ]
}

# smmu_reported NAME EVENT: checks that the SMMU driver has logged EVENT for the device.
smmu_reported() {
	if ! logged "$DEVICE: behind IOMMU smmu3\..* which translates"; then
		ktap_test_skip "$1: no SMMUv3 translates for the device"
	else
		check "$1" logged "event: $2 client: $DEVICE "
	fi
}

before=$(dma_errors)
mark_log
check "load and run the checks" load
check "the KTAP is complete" complete
check "no check has failed" not logged "$DEVICE: .*not ok"
check "the totals say so" logged "# Totals: pass:[1-9][0-9]* fail:0 "
smmu_reported "the SMMU reported F_TRANSLATION" F_TRANSLATION
smmu_reported "the SMMU reported F_PERMISSION" F_PERMISSION
finish
