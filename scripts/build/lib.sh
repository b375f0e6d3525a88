# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What all scripts share: where things are, one-line errors, phases with progress, the cache's lock.

set -euo pipefail

TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
BUILD=$TOP/.build
LOGS=$BUILD/log
# Only what needs the cache has to know where it is: use_cache() says if it cannot.
CACHE=${XDG_CACHE_HOME:-${HOME:-}/.cache}/safe-dma

# A second copy of this number, the kernel series that the module is written for, is nowhere.
# shellcheck disable=SC2034 # for the scripts that read this one
SERIES=7.3

say() {
	printf 'safe-dma: %s\n' "$*"
}

# One line that says what is wrong and what to do.
fail() {
	printf 'safe-dma: error: %s\n' "$*" >&2
	exit 1
}

# The cache, which must be somewhere.
use_cache() {
	[ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] ||
		fail 'neither XDG_CACHE_HOME nor HOME says where the cache can be: set one'
	{ mkdir -p "$CACHE" 2>/dev/null && [ -w "$CACHE" ]; } ||
		fail "the cache $CACHE cannot be written: set XDG_CACHE_HOME to a directory that can"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# version_ge HAVE WANT
version_ge() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# The first thing that looks like a version in the text on stdin.
first_version() {
	grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1
}

elapsed() {
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# The process group of the phase that is running, for the trap.
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
# Run COMMAND with its output in LOG, and say how long it takes: on a terminal in one line that
# counts, otherwise in a line every 30 seconds. STATUS is a command that prints what there is to say
# about the progress, or `:`.
phase() {
	local name=$1 log=$LOGS/$2.log status=$3
	shift 3
	local start=$SECONDS next=30 now rc=0 error
	mkdir -p "$LOGS"
	# A process group of its own, so that Ctrl-C and a failure end all of it.
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
		fail "$name: ${error:-failed after $(elapsed $((SECONDS - start)))}; log: $log"
	fi
	printf '%s  %s\n' "$name" "$(elapsed $((SECONDS - start)))"
}

# Hold the cache until this process and all it started have ended, or `unlock_cache`.
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

# The release of Debian that this is, or nothing.
debian_codename() {
	# shellcheck source=/dev/null
	(. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || true
}
