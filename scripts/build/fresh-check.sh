#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fresh-check.sh [RELEASE]: runs the two commands of README.md on a bare Debian system with only the
# packages that README.md asks for: a system in a temporary directory, a clone of the committed
# tree, an empty cache. Without RELEASE, checks all of RELEASES=, even if one fails.

set -euo pipefail

scripts=$(cd -- "$(dirname -- "$0")" && pwd -P)
for part in lib apt-private root; do
	# shellcheck source=/dev/null
	. "$scripts/$part.sh"
done

# The packages that README.md asks for.
PREREQUISITES=(ca-certificates git make)

root=

# Keeps the logs of a failure, and removes the system.
leave() {
	local status=$?
	if [ -n "$phase_pid" ]; then
		kill -- "-$phase_pid" 2>/dev/null || true
		wait "$phase_pid" 2>/dev/null || true
	fi
	if [ -n "$root" ]; then
		if [ "$status" -ne 0 ] && [ -d "$root/debian/srv/safe-dma/.build/log" ]; then
			rm -rf "$LOGS/fresh-$release-logs"
			cp -r "$root/debian/srv/safe-dma/.build/log" "$LOGS/fresh-$release-logs"
			say "logs of the bare system: $LOGS/fresh-$release-logs"
		fi
		remove_root "$root"
	fi
	return "$status"
}
trap leave EXIT

bare_debian() {
	make_root "$root/debian" "$release" "${PREREQUISITES[@]}"
	git clone --quiet --no-local "$TOP" "$root/debian/srv/safe-dma"
}

# inside COMMAND...: runs COMMAND in the clone, with the environment of a new login.
inside() {
	local proxy environment=()
	for proxy in http_proxy https_proxy no_proxy; do
		if [ -n "${!proxy:-}" ]; then
			environment+=("$proxy=${!proxy}")
		fi
	done
	in_root "$root/debian" -- env -i "${environment[@]}" HOME=/root LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		sh -c 'cd /srv/safe-dma && exec "$@"' sh "$@"
}

last_line() {
	tail -n 1 "$1" | tr -d '\r' | cut -c 1-100
}

obstacle=$(root_obstacle)
[ -z "$obstacle" ] || fail "no bare system can be made: $obstacle"

if [ $# -eq 0 ]; then
	[ -z "$(git -C "$TOP" status --porcelain)" ] || say 'uncommitted changes are not checked'
	failed=
	for release in ${RELEASES:-bookworm trixie}; do
		"$0" "$release" || failed+=" $release"
	done
	[ -z "$failed" ] || fail "not every command passed on:$failed, see above"
	exit
fi

release=$1
root=$(mktemp -d "${TMPDIR:-/var/tmp}/safe-dma-$release.XXXXXX")
chmod 755 "$root"
lock_cache
phase "$release: bare system" "fresh-$release-root" last_line bare_debian
unlock_cache
phase "$release: make run" "fresh-$release-run" last_line inside make run
phase "$release: make run again" "fresh-$release-again" last_line inside make run
phase "$release: make test" "fresh-$release-test" last_line inside make test
say "$release: $(tail -n 1 "$LOGS/fresh-$release-test.log")"
