# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The guest's kernel, built in the cache; or the user's own build, checked.

set -euo pipefail

# The page size of the kernel that is wanted.
PAGES=4K

# Which kernel: none is the usual one, and another is a directory of qemu/kernel/ with more fragments, and
# perhaps with parameters for the kernel's command line.
VARIANT=

# What the kernel is made of. What is said last of an option counts.
fragments() {
	cat "$TOP"/qemu/kernel/*.config
	[ "$PAGES" = 4K ] || cat "$TOP/qemu/kernel/pages/$PAGES.config"
	[ -z "$VARIANT" ] || cat "$TOP/qemu/kernel/$VARIANT"/*.config
}

# Of each option what was said last.
last_words() {
	awk -F = '/^CONFIG_/ { if (!($1 in said)) order[++n] = $1; said[$1] = $0 }
		END { for (i = 1; i <= n; i++) print said[order[i]] }'
}

kernel_make() {
	# Fixed, so that two builds of the same are the same.
	make -C "$LINUX_SRC" "O=$KDIR" "${TOOLS[@]}" \
		KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=safe-dma KBUILD_BUILD_HOST=safe-dma "$@"
}

configure_kernel() {
	local line
	kernel_make rustavailable
	fragments | last_words >"$KDIR/fragments.config"
	KCONFIG_ALLCONFIG=$KDIR/fragments.config kernel_make allnoconfig
	# An option that this kernel does not have, or whose dependencies are missing, is dropped
	# without a word.
	while read -r line; do
		case $line in
		CONFIG_*=n) ! grep -q "^${line%=n}=" "$KDIR/.config" ;;
		CONFIG_*) grep -qxF "$line" "$KDIR/.config" ;;
		esac || fail "Linux $LINUX_VER does not take the option $line of qemu/kernel/"
	done <"$KDIR/fragments.config"
}

build_kernel() {
	mkdir -p "$KDIR"
	configure_kernel
	kernel_make "-j$JOBS" Image modules
	# Written last: with it, the build is complete.
	touch "$KDIR/complete"
}

kernel_status() {
	echo "$(grep -acE '^  [A-Z]' "$1") steps"
}

# linux_build: KDIR becomes the build of LINUX_SRC. A build that was killed half-way goes on.
linux_build() {
	local key name="kernel $LINUX_VER${VARIANT:+ ($VARIANT)}" log=kernel${VARIANT:+-$VARIANT}
	key=$({
		fragments
		echo "$TOOLS_ID"
		[ -z "${LINUX:-}" ] || echo "$LINUX_SRC"
	} | sha256sum | cut -c 1-12)
	KDIR=$CACHE/kernel/$LINUX_VER-$key
	if [ -n "${LINUX:-}" ]; then
		# A source that the user works on: make finds out what has changed.
		lock_cache
		phase "$name from $LINUX" "$log" kernel_status build_kernel
		unlock_cache
	elif [ ! -e "$KDIR/complete" ]; then
		lock_cache
		if [ ! -e "$KDIR/complete" ]; then
			phase "$name" "$log" kernel_status build_kernel
		fi
		unlock_cache
	fi
}

# use_kdir: check the user's build. Each refusal is one line.
use_kdir() {
	local given=$KDIR release
	[ -e "$given" ] || fail "KDIR=$given does not exist"
	[ -d "$given" ] || fail "KDIR=$given is not a directory"
	KDIR=$(realpath "$given")
	[ -f "$KDIR/include/config/auto.conf" ] ||
		fail "KDIR=$given is not a built kernel (no include/config/auto.conf)"
	release=$(cat "$KDIR/include/config/kernel.release" 2>/dev/null || true)
	[ -n "$release" ] || fail "KDIR=$given is not a built kernel (no include/config/kernel.release)"
	version_ge "$release" "$SERIES" || fail "KDIR=$given is Linux $release, but $SERIES or later is needed"
	[ "$(config_value RUST)" = y ] || fail "KDIR=$given was configured without CONFIG_RUST"
	[ "$(config_value DEBUG_FS)" = y ] ||
		fail "KDIR=$given was configured without CONFIG_DEBUG_FS, in which the test device has its control files"
	[ -f "$KDIR/Module.symvers" ] || fail "KDIR=$given is not completely built (no Module.symvers: run make modules there)"
	LINUX_VER=$release
	# The tests use scripts of the kernel's source, which a package of headers does not have.
	LINUX_SRC=$(realpath "$KDIR/source" 2>/dev/null || echo "$KDIR")
}

# kernel_image: sets IMAGE, for what boots a guest.
kernel_image() {
	[ "$(config_value ARM64)" = y ] || fail "KDIR=$KDIR is not an arm64 kernel, and the guest is an arm64 machine"
	IMAGE=$KDIR/arch/arm64/boot/Image
	[ -f "$IMAGE" ] || fail "KDIR=$KDIR has no arch/arm64/boot/Image: run make Image there"
	[ -f "$LINUX_SRC/tools/testing/kunit/kunit_parser.py" ] ||
		fail "KDIR=$KDIR has no kernel source beside it, and the results are read with its tools/testing/kunit"
}

# The kernel has the page size that is wanted: one of the user's own has what it has.
check_pages() {
	[ "$(config_value "ARM64_${PAGES}_PAGES")" = y ] ||
		fail "KDIR=$KDIR has no pages of $PAGES, which SCENARIO=$SCENARIO asks for: configure it with CONFIG_ARM64_${PAGES}_PAGES"
}

# What the command line of that kernel must have, if anything.
kernel_parameters() {
	[ ! -e "$TOP/qemu/kernel/$VARIANT/parameters" ] || cat "$TOP/qemu/kernel/$VARIANT/parameters"
}
