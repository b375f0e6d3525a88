# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The guest's user space: Debian's static BusyBox for arm64, unpacked and not installed.

set -euo pipefail

BUSYBOX=$CACHE/src/busybox-arm64

download_busybox() {
	local tmp=$CACHE/src/busybox.tmp
	apt_extra_update
	rm -rf "$tmp"
	mkdir -p "$tmp"
	cd "$tmp"
	apt_extra apt-get download busybox-static:arm64
	# Some releases have it in /bin, others in /usr/bin.
	dpkg-deb -x ./*.deb tree
	find tree -type f -name busybox -exec mv {} busybox \;
	[ -x busybox ] || fail 'no busybox in the package busybox-static'
	mv -T busybox "$BUSYBOX"
	rm -rf "$tmp"
}

setup_busybox() {
	if [ ! -e "$BUSYBOX" ]; then
		lock_cache
		[ -e "$BUSYBOX" ] || phase 'BusyBox for the guest' busybox : download_busybox
		unlock_cache
	fi
}
