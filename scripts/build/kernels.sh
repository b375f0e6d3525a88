# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the modules for kernels of other configurations. Of these kernels only the parts that
# modules need are built: headers, Rust crates and tools, with the guest's tool chain. Debug
# information and signatures are off: they take time and need libraries of the host.

set -euo pipefail

OTHER_KERNELS='defconfig debian-arm64 debian-amd64 pages-16k pages-64k'

other_options() {
	printf '%s\n' CONFIG_RUST=y CONFIG_DEBUG_INFO_NONE=y CONFIG_MODULE_SIG=n
}

download_headers() {
	local arch=$1 name tmp=$CACHE/src/$2.tmp
	apt_extra_update
	name=$(apt_extra apt-cache pkgnames "linux-headers-$LINUX_VER+" |
		grep -xE "[^+]*\+deb[0-9]+-$arch" | newest) || true
	[ -n "$name" ] || fail "Debian has no linux-headers for Linux $LINUX_VER on $arch"
	rm -rf "$tmp"
	mkdir -p "$tmp"
	cd "$tmp"
	apt_extra apt-get download "$name:$arch"
	unpack_headers "$name"
	rm ./*.deb
	mv -T "$tmp" "$CACHE/src/$2"
}

# debian_headers ARCH: sets HEADERS to a directory with the .config and Module.symvers of Debian's
# kernel.
debian_headers() {
	local name=headers-$LINUX_VER-$1
	HEADERS=$CACHE/src/$name
	if [ ! -e "$HEADERS" ]; then
		lock_cache
		[ -e "$HEADERS" ] || phase "Debian's configuration for $1" "$name" : download_headers "$1" "$name"
		unlock_cache
	fi
}

configure_other() {
	case $1 in
	pages-*)
		configure_kernel
		return
		;;
	debian-*) cp "$HEADERS/.config" "$KDIR" ;;
	*) kernel_make "$1" ;;
	esac
	cp "$KDIR/.config" "$KDIR/config.wanted"
	other_options >>"$KDIR/.config"
	kernel_make olddefconfig
	# Logs what has changed: options that depend on the compilers, and on CONFIG_RUST.
	diff "$KDIR/config.wanted" "$KDIR/.config" || true
	grep -qx CONFIG_RUST=y "$KDIR/.config" || fail "Linux $LINUX_VER does not take CONFIG_RUST with $1"
}

# other_exports SYMVERS...: writes Module.symvers. C symbols come from SYMVERS. Rust symbols contain
# a hash of the compiler, so they come from this build.
other_exports() {
	awk -F '\t' -v OFS='\t' 'FILENAME ~ /symvers$/ { if ($2 !~ /^(_R|rust_)/) print; next }
		sub(/^EXPORT_SYMBOL_RUST_GPL\(/, "") { sub(/\).*/, ""); print "0x00000000", $0, "vmlinux", "EXPORT_SYMBOL_GPL", "" }' \
		"$@" "$KDIR"/rust/exports_*_generated.h >"$KDIR/Module.symvers"
}

build_other() {
	mkdir -p "$KDIR"
	configure_other "$1"
	kernel_make "-j$JOBS" modules_prepare
	other_exports "${@:2}"
	touch "$KDIR/complete"
}

# other_kernel NAME: prepares kernel NAME, and sets KDIR and TOOLS for it. Expects the KDIR of the
# guest's kernel.
other_kernel() {
	local key exports=() config=other_options
	case $1 in
	debian-*)
		debian_headers "${1#debian-}"
		exports=("$HEADERS/Module.symvers")
		[ "$1" != debian-amd64 ] || TOOLS+=(ARCH=x86_64)
		;;
	pages-*)
		PAGES=${1#pages-}
		PAGES=${PAGES^^}
		exports=("$KDIR/Module.symvers")
		config=fragments
		;;
	esac
	key=$({
		$config
		echo "$TOOLS_ID"
		[ -z "${LINUX:-}" ] || echo "$LINUX_SRC"
	} | sha256sum | cut -c 1-12)
	KDIR=$CACHE/kernel/$LINUX_VER-$1-$key
	if [ -n "${LINUX:-}" ] || [ ! -e "$KDIR/complete" ]; then
		lock_cache
		if [ -n "${LINUX:-}" ] || [ ! -e "$KDIR/complete" ]; then
			phase "Linux $LINUX_VER for modules, $1" "kernel-$1" kernel_status build_other "$1" "${exports[@]}"
		fi
		unlock_cache
	fi
}

# prepare_others: prepares all other kernels before the tests, with progress.
prepare_others() {
	local name
	for name in $OTHER_KERNELS; do
		prepare_other "$name"
	done
}

prepare_other() {
	local KDIR=$KDIR TOOLS=("${TOOLS[@]}") PAGES=$PAGES
	other_kernel "$1"
}

# modules_for NAME: builds the modules from scratch; a warning is a failure.
modules_for() {
	local KDIR=$KDIR TOOLS=("${TOOLS[@]}") PAGES=$PAGES VARIANT='' log=$LOGS/modules-$1.log unknown=()
	other_kernel "$1"
	# shellcheck disable=SC2034 # for module.sh
	VARIANT=kernels/$1
	# defconfig has no Module.symvers, so undefined symbols are only warnings.
	[ "$1" != defconfig ] || unknown=(KBUILD_MODPOST_WARN=1)
	say "modules for $1"
	rm -rf "$(module_dir)"
	mkdir -p "$LOGS"
	build_module "${unknown[@]}" 2>&1 | tee "$log"
	! grep -iE '\bwarning:' "$log" | grep -vE "modpost: .* symbol '[^']+' undefined!\$|unresolved symbol warnings" ||
		fail "warnings of the modules' build for $1, see above"
}
