# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Finds Debian's own arm64 kernel, and makes a directory in which modules for it can be built, see
# rust-metadata.sh.

set -euo pipefail

# Prints the releases of Linux for which Debian has an arm64 kernel, such as 7.3.4+deb13-arm64.
debian_releases() {
	apt_extra apt-cache pkgnames "linux-binary-$SERIES" |
		sed -n 's/^linux-binary-\([0-9.]*+deb[0-9]*-arm64\)$/\1/p' | sort -uV
}

# package_versions PACKAGE: prints the versions of a package that Debian has.
package_versions() {
	apt_extra apt-cache show "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -uV
}

# find_debian_kernel: prints release and version of the newest kernel with headers and source.
find_debian_kernel() {
	local release version
	for release in $(debian_releases | grep "^${LINUX_VERSION:-$SERIES}[.+]" | tac); do
		for version in $(package_versions "linux-binary-$release:arm64" | tac); do
			if package_versions "linux-headers-$release:arm64" | grep -qxF "$version" &&
				package_versions "linux-source-$SERIES" | grep -qxF "$version"; then
				echo "$release $version"
				return
			fi
		done
	done
	return 1
}

# Prints the newest of Debian's kernels in the cache.
cached_debian_kernel() {
	local dir
	for dir in "$CACHE/src/debian-${LINUX_VERSION:-$SERIES}"[.+]*-arm64; do
		[ ! -d "$dir" ] || echo "${dir##*/debian-}"
	done | newest
}

# unpack_headers PACKAGE: unpacks the .config and Module.symvers of the linux-headers PACKAGE, whose
# archive is in this directory.
unpack_headers() {
	local path=./usr/src/$1
	dpkg-deb --fsys-tarfile "$1"_*.deb |
		tar -x --strip-components=4 "$path/.config" "$path/Module.symvers"
}

# download_debian_kernel RELEASE VERSION DIR: downloads the kernel, its configuration and its
# exports.
download_debian_kernel() {
	local tmp=$3.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp"
	cd "$tmp"
	apt_extra apt-get download "linux-binary-$1:arm64=$2" "linux-headers-$1:arm64=$2"
	unpack_headers "linux-headers-$1"
	dpkg-deb --fsys-tarfile linux-binary-*.deb | tar -xO --wildcards "./*/vmlinuz*" >Image
	rm ./*.deb
	echo "$2" >version
	mv -T "$tmp" "$3"
}

# debian_source VERSION: sets LINUX_SRC to the source of this version of Debian's packages.
debian_source() {
	local LINUX_VERSION=${DEBIAN_RELEASE%%+*}
	linux_source "$1"
	[ "$(cat "$LINUX_SRC/debian-version" 2>/dev/null)" = "$1" ] ||
		fail "$LINUX_SRC is not the source of Debian's Linux $1: remove that directory"
}

# build_debian_metadata: makes KDIR, with the kernel to boot.
build_debian_metadata() {
	RUSTC=$(tool RUSTC) RUSTDOC=$(tool RUSTDOC) BINDGEN=$(tool BINDGEN) \
		"$TOP/scripts/build/rust-metadata.sh" "$DEBIAN_RELEASE" "$DEBIAN" "$LINUX_SRC" "$KDIR"
	mkdir -p "$KDIR/arch/arm64/boot"
	cp "$DEBIAN/Image" "$KDIR/arch/arm64/boot/Image.tmp"
	# The last file.
	mv "$KDIR/arch/arm64/boot/Image.tmp" "$KDIR/arch/arm64/boot/Image"
}

# fetch_debian_kernel: downloads the kernel and its source while packages are installed. Reports no
# error: setup_debian_kernel() tries again. The caller holds the lock of the cache.
fetch_debian_kernel() {
	local found release
	[ -z "$(cached_debian_kernel)" ] || return 0
	apt_extra_update
	found=$(find_debian_kernel)
	release=${found% *}
	[ ! -d "$CACHE/src/linux-${release%%+*}" ] || return 0
	# It unpacks the source, and is among the packages.
	until have xz; do
		sleep 1
	done
	# First, so that a kernel in the cache always has its source.
	(download_linux "${found#* }")
	download_debian_kernel "$release" "${found#* }" "$CACHE/src/debian-$release"
}

# setup_debian_kernel: sets DEBIAN_RELEASE to the release of the kernel, after a download if needed.
# If there is none, fails, or changes a choice of ours.
setup_debian_kernel() {
	local found
	DEBIAN_RELEASE=$(cached_debian_kernel)
	[ -z "$DEBIAN_RELEASE" ] || return 0
	lock_cache
	phase "Debian's package lists" apt-lists : apt_extra_update
	unlock_cache
	if found=$(find_debian_kernel); then
		DEBIAN_RELEASE=${found% *}
		# First, so that a kernel in the cache always has its source.
		debian_source "${found#* }"
		lock_cache
		[ -d "$CACHE/src/debian-$DEBIAN_RELEASE" ] ||
			phase "Debian's kernel $DEBIAN_RELEASE" debian-kernel : download_debian_kernel "$DEBIAN_RELEASE" \
				"${found#* }" "$CACHE/src/debian-$DEBIAN_RELEASE"
		unlock_cache
	else
		found="Debian has no arm64 kernel of Linux ${LINUX_VERSION:-$SERIES} with headers and source of the same version"
		[ -n "$SAFE_DMA_DEFAULT_KERNEL" ] ||
			fail "$found, its kernels are $(debian_releases | paste -sd ' '): use KERNEL=own"
		say "kernel: ours after all, because $found"
		# shellcheck disable=SC2034 # for main.sh
		KERNEL=own
		hint ''
		prepare_own_packages
	fi
}

# debian_kernel: sets KDIR, LINUX_SRC and LINUX_VER to those of Debian's kernel, and TOOLS to its
# compilers.
debian_kernel() {
	DEBIAN=$CACHE/src/debian-$DEBIAN_RELEASE
	debian_source "$(cat "$DEBIAN/version")"
	TOOLS=()
	use_rust "${user_rustc:-/usr/bin/rustc}"
	KDIR=$CACHE/kernel/debian-$DEBIAN_RELEASE-$("$(tool RUSTC)" --version | sha256sum | cut -c 1-12)
	if [ ! -e "$KDIR/arch/arm64/boot/Image" ]; then
		lock_cache
		[ -e "$KDIR/arch/arm64/boot/Image" ] ||
			phase "Rust metadata of Debian's kernel $DEBIAN_RELEASE" debian-metadata kernel_status build_debian_metadata
		unlock_cache
	fi
	mapfile -t TOOLS < <(sed -n 's/^export \(.*\) := /\1=/p' "$KDIR/.kernelvariables")
	# The guest needs no debug information, and there is no vmlinux for that of BTF.
	# shellcheck disable=SC2034 # for module.sh
	TOOLS+=(CONFIG_DEBUG_INFO= CONFIG_DEBUG_INFO_BTF_MODULES=)
	# shellcheck disable=SC2034 # for main.sh
	LINUX_VER=$DEBIAN_RELEASE
	hint ''
}
