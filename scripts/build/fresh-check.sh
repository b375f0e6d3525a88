#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fresh-check.sh [RELEASE]: runs the two commands of README.md on a bare Debian system with only the
# packages that README.md asks for: debootstrap in a temporary directory, a clone of the committed
# tree, an empty cache. Without RELEASE, checks all of RELEASES=, even if one fails. Needs root.

set -euo pipefail

scripts=$(cd -- "$(dirname -- "$0")" && pwd -P)
for part in lib apt-private; do
	# shellcheck source=/dev/null
	. "$scripts/$part.sh"
done

# The packages that README.md asks for.
PREREQUISITES=ca-certificates,git,make

root=

# Unmounts and removes the system. Removes nothing below a remaining mount.
leave() {
	local status=$? mount
	if [ -n "$phase_pid" ]; then
		kill -- "-$phase_pid" 2>/dev/null || true
		wait "$phase_pid" 2>/dev/null || true
	fi
	if [ -n "$root" ]; then
		for mount in dev/pts dev proc; do
			if mountpoint -q "$root/$mount"; then
				umount "$root/$mount" || umount --lazy "$root/$mount"
			fi
		done
		if [ "$status" -ne 0 ] && [ -d "$root/srv/safe-dma/.build/log" ]; then
			rm -rf "$LOGS/fresh-$release-logs"
			cp -r "$root/srv/safe-dma/.build/log" "$LOGS/fresh-$release-logs"
			say "logs of the bare system: $LOGS/fresh-$release-logs"
		fi
		if grep -qF " $root/" /proc/self/mounts; then
			say "$root still has mounts: unmount and remove it by hand"
		else
			rm -rf --one-file-system "$root"
		fi
	fi
	return "$status"
}
trap leave EXIT

# Creates the bare system, with this machine's network settings.
bare_debian() {
	local release=$1 mirror=$2 file
	debootstrap --variant=minbase --include="$PREREQUISITES" "$release" "$root" "$mirror"
	for file in /etc/resolv.conf /etc/hosts; do
		cp --dereference "$file" "$root$file"
	done
	# A proxy may have its own certificate.
	cp --dereference /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
	git clone --quiet --no-local "$TOP" "$root/srv/safe-dma"
}

mount_system() {
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	mount --bind /dev/pts "$root/dev/pts"
}

# inside COMMAND...: runs COMMAND in the clone, with the environment of a new login.
inside() {
	local proxy environment=()
	for proxy in http_proxy https_proxy no_proxy; do
		if [ -n "${!proxy:-}" ]; then
			environment+=("$proxy=${!proxy}")
		fi
	done
	env -i "${environment[@]}" HOME=/root LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		chroot "$root" sh -c 'cd /srv/safe-dma && exec "$@"' sh "$@"
}

last_line() {
	tail -n 1 "$1" | tr -d '\r' | cut -c 1-100
}

[ "$(id -u)" -eq 0 ] || fail 'fresh-check creates and mounts systems: run it as root'
have debootstrap || fail 'debootstrap is missing: install it with apt-get install debootstrap'
[ -n "$(debian_codename)" ] || fail 'fresh-check takes its mirror from the apt sources of a Debian machine'

if [ $# -eq 0 ]; then
	[ -z "$(git -C "$TOP" status --porcelain)" ] || say 'uncommitted changes are not checked'
	failed=
	for release in ${RELEASES:-bookworm trixie}; do
		"$0" "$release" || failed+=" $release"
	done
	[ -z "$failed" ] || fail "not every command passed on:$failed, see above"
	exit
fi

mirror=$(apt_mirror apt-get)
if [ -z "$mirror" ]; then
	lock_cache
	phase 'package lists' apt-lists : apt_own_update
	unlock_cache
	mirror=$(apt_mirror apt_own apt-get)
fi

release=$1
root=$(mktemp -d "${TMPDIR:-/var/tmp}/safe-dma-$release.XXXXXX")
chmod 755 "$root"
phase "$release: bare system" "fresh-$release-debootstrap" last_line bare_debian "$release" "$mirror"
mount_system
phase "$release: make run" "fresh-$release-run" last_line inside make run
phase "$release: make run again" "fresh-$release-again" last_line inside make run
phase "$release: make test" "fresh-$release-test" last_line inside make test
say "$release: $(tail -n 1 "$LOGS/fresh-$release-test.log")"
