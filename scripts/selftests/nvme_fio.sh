#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The NVMe driver under fio, which verifies what it reads. The jobs are in nvme.fio.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

export DISK
# The bytes of a job of large blocks, and the start of the random numbers.
export SIZE="${SAFE_DMA_FIO_SIZE:-8m}" SEED="${SAFE_DMA_SEED:-1}"
JOBS=$(sed -n 's/^\[\(.*\)\]$/\1/p' "$HERE/nvme.fio" | grep -v global)

require_nvme fio
# shellcheck disable=SC2086 # a list of words
set -- $JOBS
ktap_set_plan $(($# + 3 + NVME_FINISH))

# job NAME [OPTION...]: runs a job. The sixth field is what it read, in KiB: all of it was verified.
job() {
	job=$1
	shift
	/sbin/fio --minimal --section="$job" "$@" "$HERE/nvme.fio" >/tmp/fio 2>&1
	status=$?
	grep -v '^3;\|multiple writers' /tmp/fio | sed 's/^/# fio: /'
	kib=$(awk -F ';' '/^3;/ { kib += $6 } END { print kib + 0 }' /tmp/fio)
	[ $status = 0 ] || return
	VERIFIED=$((VERIFIED + kib))
	echo "# fio $job: $kib KiB verified"
	[ "$kib" -gt 0 ]
}

# Returns whether fio notices a byte that was changed after it was written.
notices() {
	job sequential-512 && printf x | dd of=$DISK bs=1 seek=100000 conv=notrunc,fsync 2>/dev/null &&
		not job sequential-512 --verify_only=1
}

VERIFIED=0
mark_log
check "load" load_nvme
for job in $JOBS; do
	check "fio $job" job "$job"
done
check "fio notices a changed byte" notices
echo "# fio in all: $VERIFIED KiB verified"
check "fio has verified" [ "$VERIFIED" -gt 10000 ]
finish_nvme no_error
