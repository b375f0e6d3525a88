# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the guest's initramfs, reproducibly: BusyBox, init, the modules and the self-tests.

set -euo pipefail

# A static BusyBox for arm64: the user's, or Debian's, unpacked but not installed.
user_busybox=${BUSYBOX:-}
BUSYBOX=${BUSYBOX:-$CACHE/src/busybox-arm64}

# check_busybox: checks the user's BusyBox. Byte 18 of an arm64 ELF file is EM_AARCH64 (0xb7), and a
# dynamic program has the path of its interpreter near its start.
check_busybox() {
	[ -n "$user_busybox" ] || return 0
	if [ "$(od -An -tx1 -j18 -N1 "$BUSYBOX" 2>/dev/null)" != ' b7' ] || head -c 4096 "$BUSYBOX" | grep -aq /ld-; then
		fail "BUSYBOX=$BUSYBOX is not a static arm64 program"
	fi
}

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
		[ -n "$(debian_codename)" ] || fail 'the guest needs a static BusyBox for arm64: give it with BUSYBOX='
		lock_cache
		[ -e "$BUSYBOX" ] || phase 'BusyBox for the guest' busybox : download_busybox
		unlock_cache
	fi
}

# pack_cpio DIR: prints the contents of DIR as a cpio archive.
pack_cpio() {
	(
		cd "$1"
		find . -exec touch --no-dereference --date=@0 {} +
		find . -print0 | LC_ALL=C sort -z |
			cpio --quiet --null --create --format=newc --reproducible --owner=0:0
	)
}

# Builds the programs of the self-tests. A program that cannot be built is left out.
selftest_programs() {
	# shellcheck disable=SC2153 # from lib.sh
	make_programs >"$BUILD/programs.log" 2>&1 ||
		say "programs of scripts/selftests cannot be built, their tests are skipped; log: $BUILD/programs.log"
	local program
	programs=()
	for program in "$TOP"/scripts/selftests/programs/*.c; do
		program=selftests/$(basename "$program" .c)
		[ ! -x "$BUILD/$program" ] || programs+=("$program")
	done
	if [ "$VARIANT" = bench ]; then
		make_programs "$BUILD/selftests/dma_map_benchmark" >"$BUILD/programs.log" 2>&1 ||
			fail "the tool of the kernel's benchmark cannot be built; log: $BUILD/programs.log"
		programs+=(selftests/dma_map_benchmark)
	fi
}

# make_path_rows FILE: converts qemu/paths.toml for the guest, if FILE is outdated.
make_path_rows() {
	if [ ! "$1" -nt "$TOP/qemu/paths.toml" ] || [ ! "$1" -nt "$TOP/scripts/safe_dma/witness/paths.py" ]; then
		"$PYTHON" -m safe_dma.witness.paths rows >"$1"
	fi
}

# Prints a line for each file of the archive: mode, destination, source. The modules are those of
# the last build.
initramfs_files() {
	local modules driver
	modules=$(module_dir)
	echo "755 bin/busybox $BUSYBOX"
	echo "755 init $TOP/qemu/init"
	sed "s|\(.*\)\.o$|644 lib/\1.ko $modules/\1.ko|" "$modules/modules.order"
	# For both_nvme() of the guest's init, and nvme_errors.sh.
	for driver in nvme-core nvme; do
		[ ! -e "$KDIR/drivers/nvme/host/$driver.ko" ] || echo "644 lib/$driver.ko $KDIR/drivers/nvme/host/$driver.ko"
	done
	printf "755 selftests/ %s\n" "$TOP"/scripts/selftests/*.{sh,fio} "${programs[@]/#/$BUILD/}"
	echo "644 selftests/misuse.rows $TOP/rust/misuse/rows"
	echo "644 selftests/paths.rows $1/paths.rows"
	echo "644 selftests/ $LINUX_SRC/tools/testing/selftests/kselftest/ktap_helpers.sh"
}

# Builds the archive, unless its files are unchanged.
make_initramfs() {
	local build tree programs files sums mode destination source
	build=$(variant_build)
	tree=$build/initramfs
	mkdir -p "$build"
	selftest_programs
	make_path_rows "$build/paths.rows"
	files=$(initramfs_files "$build")
	sums=$(echo "$files" && cut -d ' ' -f 3- <<<"$files" | xargs -d '\n' sha256sum)
	if [ -e "$build/initramfs.cpio" ] && [ "$sums" = "$(cat "$build/initramfs.sums" 2>/dev/null)" ]; then
		return
	fi
	rm -rf "$tree" "$build/initramfs.sums"
	mkdir -p "$tree"/{bin,dev,lib,proc,run,selftests,sys,tmp}
	while read -r mode destination source; do
		install -m "$mode" "$source" "$tree/$destination"
	done <<<"$files"
	# Only the host reads line tables.
	[ "$VARIANT" != debug ] || "$(program_strip)" --strip-debug "$tree"/lib/*.ko
	pack_cpio "$tree" >"$build/initramfs.cpio.tmp"
	mv "$build/initramfs.cpio.tmp" "$build/initramfs.cpio"
	echo "$sums" >"$build/initramfs.sums"
}
