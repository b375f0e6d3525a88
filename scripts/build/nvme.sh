# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The programs of the guests with an NVMe disk: Debian's fio and e2fsprogs for arm64, unpacked, not
# installed, and their libraries. Debian's own kernel also needs the modules of ext4.

set -euo pipefail

NVME_PROGRAMS=(fio mke2fs e2fsck)
NVME_MODULES=(crc16 mbcache jbd2 ext4)
# Where the private Debian 13 and another release have different packages.
NVME_FILES=$CACHE/src/nvme-$(debian_codename)

# copy_program ROOT TREE NAME: copies a program and all libraries that it names.
copy_program() {
	local root=$1 tree=$2 file name queue=()
	file=$(find "$root" -path "*bin/$3" -type f)
	[ -n "$file" ] || fail "no program $3 in Debian's packages"
	cp "$file" "$tree/sbin"
	queue=("$file")
	while [ "${#queue[@]}" -gt 0 ]; do
		while read -r name; do
			[ ! -e "$tree/lib/aarch64-linux-gnu/$name" ] || continue
			file=$(find "$root" -name "$name" -not -path '*/gconv/*' | head -n 1)
			[ -n "$file" ] || continue
			cp -L "$file" "$tree/lib/aarch64-linux-gnu/$name"
			queue+=("$file")
		done < <(grep -aohE '(lib|ld-linux-)[A-Za-z0-9_.+-]+\.so[.0-9t]*' "${queue[0]}" | sort -u)
		queue=("${queue[@]:1}")
	done
}

# download_nvme DIR: unpacks the programs. apt resolves the dependencies as for an empty system.
download_nvme() {
	local tmp=$1.tmp name
	apt_extra_update
	rm -rf "$tmp"
	mkdir -p "$tmp"/{deb/partial,root,tree/lib/aarch64-linux-gnu,tree/sbin}
	touch "$tmp/status"
	apt_extra apt-get install --yes --download-only --no-install-recommends -o Dir::State::status="$tmp/status" \
		-o Dir::Cache::archives="$tmp/deb" -o APT::Architecture=arm64 -o APT::Architectures::=arm64 fio e2fsprogs
	for name in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$name" "$tmp/root"
	done
	for name in "${NVME_PROGRAMS[@]}"; do
		copy_program "$tmp/root" "$tmp/tree" "$name"
	done
	ln -s aarch64-linux-gnu/ld-linux-aarch64.so.1 "$tmp/tree/lib"
	mv -T "$tmp/tree" "$1"
	rm -rf "$tmp"
}

# download_ext4 DIR: unpacks the modules of Debian's kernel.
download_ext4() {
	local tmp=$1.tmp version name
	version=$(cat "$DEBIAN/version")
	apt_extra_update
	rm -rf "$tmp"
	mkdir -p "$tmp/tree/lib/ext4"
	cd "$tmp"
	apt_extra apt-get download "linux-modules-$DEBIAN_RELEASE:arm64=$version"
	dpkg-deb -x ./*.deb root
	for name in "${NVME_MODULES[@]}"; do
		find root -name "$name.ko.xz" -exec xz -dc {} \; >"tree/lib/ext4/$name.ko"
		[ -s "tree/lib/ext4/$name.ko" ] || fail "no module $name in linux-modules-$DEBIAN_RELEASE"
	done
	mv -T tree "$1"
	rm -rf "$tmp"
}

# Downloads the files of the guests, once.
setup_nvme() {
	local modules=${NVME_FILES}-${DEBIAN_RELEASE:-}
	nvme_trees=("$NVME_FILES")
	[ "$KERNEL" != debian ] || nvme_trees+=("$modules")
	if [ ! -e "$NVME_FILES" ] || [ ! -e "${nvme_trees[-1]}" ]; then
		lock_cache
		[ -e "$NVME_FILES" ] || phase 'fio and e2fsprogs for the guest' nvme-programs : download_nvme "$NVME_FILES"
		[ -e "${nvme_trees[-1]}" ] || phase 'ext4 for the guest' nvme-modules : download_ext4 "$modules"
		unlock_cache
	fi
}

# make_nvme: makes nvme.cpio for the kernel in use: the initramfs, and the files of the guests.
# Without Debian there are none, and the guests are left out.
make_nvme() {
	local build tree name nvme_trees=()
	build=$(variant_build)
	[ -n "$(debian_codename)" ] || return 0
	setup_nvme
	if [ ! -e "$build/nvme.tools" ] || [ "${nvme_trees[*]}" != "$(cat "$build/nvme.trees" 2>/dev/null)" ]; then
		tree=$build/nvme
		rm -rf "$tree"
		mkdir -p "$tree"
		for name in "${nvme_trees[@]}"; do
			cp -a "$name/." "$tree"
		done
		pack_cpio "$tree" >"$build/nvme.tools"
		rm -rf "$tree"
		echo "${nvme_trees[*]}" >"$build/nvme.trees"
	fi
	if [ "$build/initramfs.cpio" -nt "$build/nvme.cpio" ] || [ "$build/nvme.tools" -nt "$build/nvme.cpio" ]; then
		# The kernel unpacks one archive after the other.
		cat "$build/initramfs.cpio" "$build/nvme.tools" >"$build/nvme.cpio.tmp"
		mv "$build/nvme.cpio.tmp" "$build/nvme.cpio"
	fi
}
