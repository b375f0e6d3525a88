#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The NVMe driver under fio, which verifies what it reads. The jobs are in nvme.fio.

# shellcheck source=scripts/selftests/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=scripts/selftests/nvme_common.sh
. "$HERE/nvme_common.sh"

JOBS=$(sed -n 's/^\[\(.*\)\]$/\1/p' "$HERE/nvme.fio" | grep -v global)

require_nvme fio
# shellcheck disable=SC2086 # a list of words
set -- $JOBS
ktap_set_plan $(($# + 3 + NVME_FINISH))

# Returns whether fio notices a byte that was changed after it was written.
notices() {
	job sequential-512 && printf x | dd of=$DISK bs=1 seek=100000 conv=notrunc,fsync 2>/dev/null &&
		not job sequential-512 --verify_only=1
}

mark_log
check "load" load_nvme
for job in $JOBS; do
	check "fio $job" job "$job"
done
check "fio notices a changed byte" notices
echo "# fio in all: $VERIFIED KiB verified"
check "fio has verified" [ "$VERIFIED" -gt 10000 ]
finish_nvme no_error
