# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Finds the kernel source: the user's, or Debian's source package, unpacked in the cache.

set -euo pipefail

# source_version DIR: prints the version in its Makefile, for example 7.3.4.
source_version() {
	awk -F' *= *' '/^(VERSION|PATCHLEVEL|SUBLEVEL) =/ { v = v s $2; s = "." } NR == 6 { print v; exit }' "$1/Makefile"
}

# use_linux DIR: checks the user's source, and sets LINUX_SRC and LINUX_VER.
use_linux() {
	if [ ! -f "$1/Kconfig" ] || [ ! -f "$1/Makefile" ]; then
		fail "LINUX=$1 is not the source of a Linux kernel"
	fi
	LINUX_SRC=$(realpath "$1")
	LINUX_VER=$(source_version "$LINUX_SRC")
	version_ge "$LINUX_VER" "$SERIES" || fail "LINUX=$1 is Linux $LINUX_VER, but $SERIES or later is needed"
	if [ -f "$LINUX_SRC/.config" ] || [ -d "$LINUX_SRC/include/config" ]; then
		fail "LINUX=$1 was built in place, which rules out a build elsewhere: run make mrproper there, or use KDIR=$1"
	fi
}

# Prints the newest of the versions on stdin.
newest() {
	sort -V | tail -n 1
}

cached_versions() {
	local dir
	for dir in "$CACHE/src/linux-$SERIES"*; do
		case $dir in
		*.tmp) ;;
		*) [ ! -d "$dir" ] || echo "${dir##*/linux-}" ;;
		esac
	done
}

# Prints the package version to download, for example 7.3.4-1~bpo13+1. Debian removes old versions.
archive_version() {
	local all
	all=$(apt_extra apt-cache madison "linux-source-$SERIES" | awk '{ print $3 }' | sort -uV)
	[ -n "$all" ] || fail "Debian has no Linux $SERIES any more, it has $(archive_series): give its source with LINUX="
	grep "^${LINUX_VERSION:+${LINUX_VERSION//./\\.}-}" <<<"$all" | newest | grep . ||
		fail "Debian has no Linux $LINUX_VERSION, it has $(cut -d - -f 1 <<<"$all" | sort -uV | paste -sd ' '):" \
			"take one with LINUX_VERSION=, or give the source with LINUX="
}

# Prints the series for which Debian has a source package.
archive_series() {
	apt_extra apt-cache pkgnames linux-source- | sed -n 's/^linux-source-\([0-9]\)/\1/p' | sort -V | paste -sd ' '
}

# download_linux [VERSION]: downloads this version of the package, or the newest.
download_linux() {
	local version=${1:-} upstream tmp
	apt_extra_update
	[ -n "$version" ] || version=$(archive_version)
	upstream=${version%%-*}
	tmp=$CACHE/src/linux-$upstream.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp"
	cd "$tmp"
	apt_extra apt-get download "linux-source-$SERIES=$version"
	# Unpacks through a pipe: the archive in the package is as large as the package.
	dpkg-deb --fsys-tarfile ./*.deb |
		tar -xO "./usr/src/linux-source-$SERIES.tar.xz" | tar -xJ --strip-components=1
	rm ./*.deb
	[ "$(source_version .)" = "$upstream" ] || fail "linux-source-$SERIES $version holds Linux $(source_version .)"
	echo "$version" >debian-version
	# A directory without .tmp is complete.
	mv -T "$tmp" "$CACHE/src/linux-$upstream"
}

source_status() {
	du -sm "$CACHE"/src/*.tmp 2>/dev/null | awk '{ print $1 " MB" }'
}

# linux_source [VERSION]: sets LINUX_SRC and LINUX_VER, after a download, of this version of
# Debian's package, if needed.
linux_source() {
	if [ -n "${LINUX:-}" ]; then
		use_linux "$LINUX"
		return
	fi
	case ${LINUX_VERSION:-$SERIES} in
	"$SERIES" | "$SERIES".*) ;;
	*) fail "LINUX_VERSION=$LINUX_VERSION is not a version of Linux $SERIES" ;;
	esac
	LINUX_VER=${LINUX_VERSION:-$(cached_versions | newest)}
	if [ -z "$LINUX_VER" ] || [ ! -d "$CACHE/src/linux-$LINUX_VER" ]; then
		lock_cache
		LINUX_VER=${LINUX_VERSION:-$(cached_versions | newest)}
		if [ -z "$LINUX_VER" ] || [ ! -d "$CACHE/src/linux-$LINUX_VER" ]; then
			phase "Linux source ${LINUX_VER:-$SERIES}" linux-source source_status download_linux "${1:-}"
		fi
		unlock_cache
		LINUX_VER=${LINUX_VERSION:-$(cached_versions | newest)}
	fi
	LINUX_SRC=$CACHE/src/linux-$LINUX_VER
}
