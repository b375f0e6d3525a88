# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Helpers of all scripts: paths, one-line errors, phases with progress, the lock of the cache.

set -euo pipefail

TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
BUILD=$TOP/.build
LOGS=$BUILD/log
# Checked by use_cache(): a target without a cache does not need HOME.
CACHE=${XDG_CACHE_HOME:-${HOME:-}/.cache}/safe-dma

# The kernel series that the module is written for.
# shellcheck disable=SC2034 # for the scripts that source this one
SERIES=7.3

say() {
	printf 'safe-dma: %s\n' "$*"
}

# hint TEXT: sets another way out of errors, which fail() adds, while there is one.
HINT=
hint() {
	HINT=$1
}

# fail TEXT...: prints one line with the error and its remedy, and exits.
fail() {
	printf 'safe-dma: error: %s\n' "$*$HINT" >&2
	exit 1
}

# Creates the cache, or fails.
use_cache() {
	[ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] ||
		fail 'neither XDG_CACHE_HOME nor HOME is set: set one of them, for the cache'
	{ mkdir -p "$CACHE" 2>/dev/null && [ -w "$CACHE" ]; } ||
		fail "the cache $CACHE cannot be written: set XDG_CACHE_HOME to a writable directory"
	# make distclean does not remove the cache until this process and its children have ended.
	exec {cache_user}>"$CACHE/in-use"
	flock --shared "$cache_user"
}

# check_space DIR MB: fails if the directory has less free space.
check_space() {
	local free
	free=$(df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9)
	[ "$free" -ge "$2" ] || fail "$1 has $free MB of free space, and $2 MB are needed: set XDG_CACHE_HOME to another directory"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# cpu_quota DIR: prints the processor limits of the cgroup DIR and of its ancestors.
cpu_quota() {
	local dir=$1 quota period
	while [ -n "$dir" ]; do
		if read -r quota period 2>/dev/null <"$dir/cpu.max" && [ "$quota" != max ]; then
			echo $(((quota + period - 1) / period))
		fi
		dir=${dir%/*}
	done
}

# processors [CGROUP]: prints the number of usable processors, the minimum of affinity and quota.
processors() {
	{
		nproc
		cpu_quota "${1:-/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)}"
	} | sort -n | head -n 1
}

# version_ge HAVE WANT: returns whether version HAVE is at least WANT.
version_ge() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Prints the first version number in the text on stdin.
first_version() {
	grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1
}

elapsed() {
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# The process group of the running phase, for the trap.
phase_pid=

end_phase() {
	local status=$?
	if [ -n "$phase_pid" ]; then
		kill -- "-$phase_pid" 2>/dev/null || true
	fi
	exit "$status"
}
trap end_phase EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# phase NAME LOG STATUS COMMAND...
#
# Runs COMMAND with its output in LOG and shows the elapsed time: on a terminal in one line that is
# updated, otherwise in a new line every 30 seconds. STATUS is a command that prints the progress
# from LOG, or `:`.
phase() {
	local name=$1 log=$LOGS/$2.log status=$3
	shift 3
	local start=$SECONDS next=30 now rc=0 error
	mkdir -p "$LOGS"
	# A process group of its own, which end_phase() kills.
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	phase_pid=$!
	set +m
	while kill -0 "$phase_pid" 2>/dev/null; do
		now=$((SECONDS - start))
		if [ -t 1 ]; then
			printf '\r\033[K%s  %s  %s' "$name" "$(elapsed "$now")" "$("$status" "$log")"
		elif [ "$now" -ge "$next" ]; then
			printf '%s  %s  %s\n' "$name" "$(elapsed "$now")" "$("$status" "$log")"
			next=$((next + 30))
		fi
		sleep 0.2
	done
	wait "$phase_pid" || rc=$?
	phase_pid=
	if [ -t 1 ]; then
		printf '\r\033[K'
	fi
	if [ "$rc" -ne 0 ]; then
		error=$(grep -a '^safe-dma: error: ' "$log" | tail -n 1) || true
		error=${error#safe-dma: error: }
		error=${error%"$HINT"}
		fail "$name: ${error:-failed after $(elapsed $((SECONDS - start)))}; log: $log"
	fi
	printf '%s  %s\n' "$name" "$(elapsed $((SECONDS - start)))"
}

# Locks the cache until unlock_cache(), or until this process and its children have ended.
lock_cache() {
	mkdir -p "$CACHE"
	exec {cache_lock}>"$CACHE/lock"
	if ! flock -n "$cache_lock"; then
		say 'another run is filling the cache, waiting for it'
		flock "$cache_lock"
	fi
}

unlock_cache() {
	exec {cache_lock}>&-
}

# Prints the code name of this Debian release, or nothing on another system.
debian_codename() {
	# shellcheck source=/dev/null
	(. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || true
}
