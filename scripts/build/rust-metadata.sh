#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rust-metadata.sh RELEASE HEADERS [SOURCE DIR]
#
# Makes DIR, a directory for `make -C DIR M=...` in which Rust modules for Debian's kernel RELEASE
# can be built. Debian's packages of headers lack the metadata of the Rust crates. It is made here
# with the compilers that built the kernel: HEADERS has its .config and Module.symvers, SOURCE is
# the unpacked source of the same version. DIR exists only when it is complete. Without SOURCE and
# DIR, only checks the compilers. The status is 77 if the kernel needs others. RUSTC=, RUSTDOC=,
# BINDGEN=, RUST_LIB_SRC= and JOBS= are optional.

set -euo pipefail
export LC_ALL=C
# What a caller's environment may set of the kernel's build.
unset ARCH SUBARCH CROSS_COMPILE CROSS_COMPILE_COMPAT CC LD LLVM LLVM_IAS KBUILD_OUTPUT \
	KBUILD_EXTMOD KCONFIG_CONFIG KCONFIG_ALLCONFIG KCPPFLAGS KCFLAGS KAFLAGS KRUSTFLAGS \
	KERNELRELEASE MAKEFILES MAKEFLAGS GNUMAKEFLAGS MFLAGS MAKELEVEL

release=$1 headers=$2
rustc=${RUSTC:-/usr/bin/rustc}

fail() {
	printf 'safe-dma: error: %s\n' "$*" >&2
	exit 1
}

# refuse TEXT...: as fail(), for a kernel that these tools did not build. With this status DKMS
# skips the kernel, instead of leaving its packages half installed.
refuse() {
	(fail "$@") || exit 77
}

# value NAME: prints the value of CONFIG_NAME of the kernel.
value() {
	sed -n "s/^CONFIG_$1=//p" "$headers/.config" | tr -d '"'
}

# need TOOL PACKAGE: adds the package to `missing`, unless the tool is there.
need() {
	command -v "$1" >/dev/null || missing+=" $2"
}

# need_gcc COMPILER: the package of aarch64-linux-gnu-gcc-14 is gcc-14-aarch64-linux-gnu.
need_gcc() {
	local target=${1%-gcc-*}
	need "$1" "gcc-${1##*-}-${target//_/-}"
}

# Prints the make variables that name the kernel's architecture and compilers.
variables() {
	printf 'export %s := %s\n' ARCH "$arch" CROSS_COMPILE "${cc%gcc-*}" CC "$cc" RUSTC "$rustc" \
		RUSTDOC "${RUSTDOC:-${rustc%rustc}rustdoc}" BINDGEN "${BINDGEN:-/usr/bin/bindgen}"
	[ -z "$cc_compat" ] ||
		printf 'export %s := %s\n' CROSS_COMPILE_COMPAT "${cc_compat%gcc-*}" CC_COMPAT "$cc_compat"
}

check_tools() {
	local missing=''
	if [ ! -r "$headers/.config" ] || [ ! -r "$headers/Module.symvers" ]; then
		fail "$headers has no .config and Module.symvers: install linux-headers-$release"
	fi
	[ "$(value RUST)" = y ] || refuse "Linux $release was configured without CONFIG_RUST"
	cc=$(value CC_VERSION_TEXT)
	cc=${cc%% *} cc_compat=
	case $cc in
	x86_64-linux-gnu-gcc-*) arch=x86 ;;
	aarch64-linux-gnu-gcc-*) arch=arm64 ;;
	*) refuse "Linux $release was built with $cc, and not with Debian's gcc for amd64 or arm64" ;;
	esac
	[ "$arch $(value COMPAT_VDSO)" != 'arm64 y' ] ||
		cc_compat=arm-linux-gnueabihf-gcc-${cc##*-}
	need_gcc "$cc"
	[ -z "$cc_compat" ] || need_gcc "$cc_compat"
	for tool in make gcc flex bison bc python3 pahole; do
		need "$tool" "$tool"
	done
	need "$rustc" rustc
	need "${BINDGEN:-/usr/bin/bindgen}" bindgen
	[ -d "${RUST_LIB_SRC:-/usr/lib/rustlib/src/rust/library}/core" ] || missing+=' rust-src'
	[ -z "$missing" ] || fail "tools that built Linux $release are missing: install$missing"
	[ "$("$rustc" --version)" = "$(value RUSTC_VERSION_TEXT)" ] ||
		refuse "rustc differs: Linux $release was built with $(value RUSTC_VERSION_TEXT)," \
			"here is $("$rustc" --version): install rustc and rust-src of the kernel's version"
}

# Prints the free space in MB.
free_space() {
	df --output=avail -BM "$tmp" | tail -n 1 | tr -dc 0-9
}

kernel_make() {
	make -C "$source" "O=$tmp" "LOCALVERSION=$localversion" KBUILD_BUILD_TIMESTAMP=@0 \
		KBUILD_BUILD_USER=safe-dma KBUILD_BUILD_HOST=safe-dma "$@" </dev/null ||
		fail "make $* failed with $(free_space) MB of free space: mend what is reported above"
}

# Prints the options, without the compiler's text: the Debian revision in it may differ.
options() {
	grep '^CONFIG_' "$1/.config" | grep -v '^CONFIG_CC_VERSION_TEXT=' | sort
}

# A tool that is missing or of another version changes the configuration without a word.
check_options() {
	local found what=config remedy="give the source of the kernel's version"
	found=$(comm -3 <(options "$headers") <(options "$tmp"))
	[ -n "$found" ] || return 0
	case $found in
	*_PAHOLE_VERSION*) what=pahole ;;
	*_RUSTC_*) what=rustc ;;
	*_CAN_LINK*) what='libc6-dev' ;;
	*_GCC_VERSION* | *_LD_VERSION* | *_AS_VERSION*) what='gcc or binutils' ;;
	esac
	[ "$what" = config ] || remedy="install the $what of the kernel"
	found=${found//$'\t'/here } found=${found//$'\n'/, }
	refuse "$what differs: $remedy; options of Linux $release that differ: ${found:0:200}"
}

# The names contain hashes of the compiler's version and of the crates.
check_names() {
	local kernel here found
	kernel=$(awk -F '\t' '$2 ~ /^_R/ { print $2 }' "$headers/Module.symvers" | sort)
	here=$(sed -n 's/^EXPORT_SYMBOL_RUST_GPL(\(_R.*\));*$/\1/p' "$tmp"/rust/exports_*_generated.h | sort)
	[ -n "$kernel" ] ||
		fail "$headers/Module.symvers has no Rust symbol: reinstall linux-headers-$release"
	found=$(comm -3 <(echo "$kernel") <(echo "$here"))
	[ -z "$found" ] ||
		refuse "$(wc -l <<<"$found") names of Rust symbols differ from those of Linux $release, with the" \
			"same rustc and config: give the source of the kernel's version"
}

check_tools
[ $# -eq 4 ] || exit 0
source=$(realpath "$3") dir=$(realpath -m "$4")
tmp=$dir.tmp
version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$source/Makefile" | paste -sd .)
localversion=${release#"$version"}
case $localversion in
"$release" | [0-9]*) fail "the source is of Linux $version, and the kernel is $release" ;;
esac
trap 'rm -rf "$tmp"' EXIT
rm -rf "$tmp"
mkdir -p "$tmp"
cp "$headers/.config" "$tmp"
# Debian's kernel source reads this file.
variables >"$tmp/.kernelvariables"
kernel_make olddefconfig
check_options
# Without resolve_btfids: the BTF of a module needs vmlinux, which DIR does not have.
kernel_make "-j${JOBS:-$(nproc)}" CONFIG_DEBUG_INFO_BTF= modules_prepare
[ "$(cat "$tmp/include/config/kernel.release")" = "$release" ] ||
	fail "the source is of $(cat "$tmp/include/config/kernel.release"), and the kernel is $release"
check_names
cp "$headers/Module.symvers" "$tmp"
sed -i "s|^export KBUILD_OUTPUT = .*|export KBUILD_OUTPUT = $dir|" "$tmp/Makefile"
rm -rf "$dir"
mv -T "$tmp" "$dir"
