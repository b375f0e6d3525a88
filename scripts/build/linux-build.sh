# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the guest's kernel in the cache, or checks the user's build.

set -euo pipefail

# The page size of the kernel.
PAGES=4K

# The kernel variant: empty for the usual kernel, or a directory of qemu/kernel/ with more
# configuration fragments, and optionally parameters for the kernel command line.
VARIANT=

# Prints the configuration fragments. The last value of an option wins.
fragments() {
	{
		cat "$TOP"/qemu/kernel/*.config
		[ "$PAGES" = 4K ] || cat "$TOP/qemu/kernel/pages/$PAGES.config"
		[ -z "$VARIANT" ] || cat "$TOP/qemu/kernel/$VARIANT"/*.config
	} | awk -F = '/^CONFIG_/ { if (!($1 in line)) order[++n] = $1; line[$1] = $0 }
		END { for (i = 1; i <= n; i++) print line[order[i]] }'
}

kernel_make() {
	# For reproducible builds.
	make -C "$LINUX_SRC" "O=$KDIR" "${TOOLS[@]}" \
		KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=safe-dma KBUILD_BUILD_HOST=safe-dma "$@"
}

configure_kernel() {
	local line
	kernel_make rustavailable
	fragments >"$KDIR/fragments.config"
	KCONFIG_ALLCONFIG=$KDIR/fragments.config kernel_make allnoconfig
	# Kconfig silently drops options that do not exist or whose dependencies are missing.
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
	# Marks a complete build.
	touch "$KDIR/complete"
}

kernel_status() {
	echo "$(grep -acE '^  [A-Z]' "$1") steps"
}

# own_kdir: sets KDIR to the cached build of LINUX_VER, which may be missing.
own_kdir() {
	local key
	key=$({
		fragments
		echo "$TOOLS_ID"
		[ -z "${LINUX:-}" ] || echo "$LINUX_SRC"
	} | sha256sum | cut -c 1-12)
	KDIR=$CACHE/kernel/$LINUX_VER-$key
}

# linux_build: builds LINUX_SRC unless the cache has the build, and sets KDIR. Continues a build
# that was interrupted.
linux_build() {
	local name="kernel $LINUX_VER${VARIANT:+ ($VARIANT)}" log=kernel${VARIANT:+-$VARIANT}
	own_kdir
	if [ -n "${LINUX:-}" ]; then
		# The user may have changed the source: let make check.
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

# use_kdir: checks the user's build, and sets LINUX_VER and LINUX_SRC.
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
		fail "KDIR=$given was configured without CONFIG_DEBUG_FS, which the test device needs for its control files"
	[ -f "$KDIR/Module.symvers" ] || fail "KDIR=$given is not completely built (no Module.symvers: run make modules there)"
	LINUX_VER=$release
	# A package of headers lacks the scripts that the tests use; kernel_image() checks.
	LINUX_SRC=$(realpath "$KDIR/source" 2>/dev/null || echo "$KDIR")
}

# kernel_image: sets IMAGE, the kernel to boot.
kernel_image() {
	[ "$(config_value ARM64)" = y ] || fail "KDIR=$KDIR is not an arm64 kernel, and the guest is an arm64 machine"
	IMAGE=$KDIR/arch/arm64/boot/Image
	[ -f "$IMAGE" ] || fail "KDIR=$KDIR has no arch/arm64/boot/Image: run make Image there"
	[ -f "$LINUX_SRC/tools/testing/kunit/kunit_parser.py" ] ||
		fail "KDIR=$KDIR has no kernel source: tools/testing/kunit of the source parses the results"
}

# Checks the page size of the user's kernel.
check_pages() {
	[ "$(config_value "ARM64_${PAGES}_PAGES")" = y ] ||
		fail "KDIR=$KDIR has no pages of $PAGES, which SCENARIO=$SCENARIO asks for: configure it with CONFIG_ARM64_${PAGES}_PAGES"
}
