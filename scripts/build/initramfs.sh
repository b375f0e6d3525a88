# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The guest's initramfs: BusyBox, init, the modules, the self-tests. It is reproducible.

set -euo pipefail

# Debian's static BusyBox for arm64, unpacked and not installed.
BUSYBOX=$CACHE/src/busybox-arm64

download_busybox() {
	local tmp=$CACHE/src/busybox.tmp
	apt_extra_update
	rm -rf "$tmp"
	mkdir -p "$tmp"
	cd "$tmp"
	apt_extra apt-get download busybox-static:arm64
	# In /bin or in /usr/bin, depending on the release.
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

# pack_cpio DIR: prints the archive.
pack_cpio() {
	(
		cd "$1"
		find . -exec touch --no-dereference --date=@0 {} +
		find . -print0 | LC_ALL=C sort -z |
			cpio --quiet --null --create --format=newc --reproducible --owner=0:0
	)
}

make_initramfs() {
	local build modules tree
	build=$(variant_build)
	modules=$(module_dir)
	tree=$build/initramfs
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,dev,lib,proc,run,selftests,sys,tmp}
	install -m 755 "$BUSYBOX" "$tree/bin/busybox"
	install -m 755 "$TOP/qemu/init" "$tree/init"
	install -m 644 "$modules"/*.ko "$tree/lib/"
	# Line tables are read on the host only.
	[ "$VARIANT" != debug ] || "$(program_strip)" --strip-debug "$tree"/lib/*.ko
	install -m 755 "$TOP"/scripts/selftests/*.sh "$tree/selftests/"
	local program
	for program in "$TOP"/scripts/selftests/*.c; do
		program=$(basename "$program" .c)
		if make_program "$program"; then
			# shellcheck disable=SC2153 # from lib.sh
			install -m 755 "$BUILD/$program" "$tree/selftests/"
		else
			say "scripts/selftests/$program.c cannot be built, its tests are skipped; log: .build/$program.log"
		fi
	done
	if [ "$VARIANT" = bench ]; then
		make_map_benchmark || fail "the tool of the kernel's benchmark cannot be built; log: $BUILD/dma_map_benchmark.log"
		install -m 755 "$BUILD/dma_map_benchmark" "$tree/selftests/"
	fi
	install -m 644 "$TOP/rust/misuse/rows" "$tree/selftests/misuse.rows"
	"$PYTHON" -m safe_dma.witness.paths rows >"$tree/selftests/paths.rows"
	install -m 644 "$LINUX_SRC/tools/testing/selftests/kselftest/ktap_helpers.sh" "$tree/selftests/"
	pack_cpio "$tree" >"$build/initramfs.cpio.tmp"
	mv "$build/initramfs.cpio.tmp" "$build/initramfs.cpio"
}
