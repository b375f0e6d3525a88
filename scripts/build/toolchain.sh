# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Finds and checks the compilers. Sets TOOLS to the arguments for the kernel's make, with full
# paths: rustup's rustc, which may come first in PATH, has no library sources.

set -euo pipefail

RUSTC_MIN=1.85.0
BINDGEN_MIN=0.71.1

# The kernel's make gets these from TOOLS only, not from the environment.
user_llvm=${LLVM:-} user_rustc=${RUSTC:-} user_rustdoc=${RUSTDOC:-} user_bindgen=${BINDGEN:-}
unset LLVM RUSTC RUSTDOC BINDGEN ARCH MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

TOOLS=()

# tool NAME: prints the value of NAME in TOOLS.
tool() {
	printf '%s\n' "${TOOLS[@]}" | sed -n "s/^$1=//p"
}

# tool_version PROGRAM: prints its version, if it has any.
tool_version() {
	"$1" --version 2>/dev/null | first_version || true
}

# bindgen_cached: prints the path of our build of bindgen, which Debian 12 needs.
bindgen_cached() {
	echo "$CACHE/tools/bindgen-$BINDGEN_MIN/bin/bindgen"
}

# find_bindgen: prints the first bindgen that is new enough.
find_bindgen() {
	local candidate
	for candidate in ${user_bindgen:-/usr/bin/bindgen "$(bindgen_cached)" bindgen}; do
		if have "$candidate" && "$candidate" --version 2>/dev/null | grep -q '^bindgen ' &&
			version_ge "$(tool_version "$candidate")" $BINDGEN_MIN; then
			echo "$candidate"
			return
		fi
	done
}

build_bindgen() {
	local root
	root=$(dirname "$(dirname "$(bindgen_cached)")")
	# A directory without .tmp is complete.
	rm -rf "$root.tmp"
	CARGO_HOME=$CACHE/tools/cargo RUSTC=/usr/bin/rustc /usr/bin/cargo install --locked \
		--version $BINDGEN_MIN --root "$root.tmp" --target-dir "$CACHE/tools/target" bindgen-cli
	mv -T "$root.tmp" "$root"
	rm -rf "$CACHE/tools/cargo" "$CACHE/tools/target"
}

# setup_bindgen: builds a bindgen, if the release has none that is new enough.
setup_bindgen() {
	if [ -z "$(find_bindgen)" ] && [ -x /usr/bin/cargo ]; then
		lock_cache
		if [ -z "$(find_bindgen)" ]; then
			phase "bindgen $BINDGEN_MIN" bindgen : build_bindgen
		fi
		unlock_cache
	fi
}

rust_lib_src() {
	local dir
	for dir in "/usr/src/rustc-$(tool_version "$1")/library" \
		"$("$1" --print sysroot)/lib/rustlib/src/rust/library"; do
		if [ -d "$dir/core" ]; then
			echo "$dir"
			return
		fi
	done
}

# use_rust RUSTC: adds this compiler, its rustdoc and a bindgen to TOOLS, and exports the path of
# its library sources.
use_rust() {
	local rustc=$1 rustdoc=${user_rustdoc:-${1%rustc}rustdoc} bindgen
	bindgen=$(find_bindgen)
	[ -n "$bindgen" ] ||
		fail "no bindgen of version $BINDGEN_MIN or later: install one (make setup), or name it with BINDGEN="
	RUST_LIB_SRC=${RUST_LIB_SRC:-$(rust_lib_src "$rustc")}
	[ -n "$RUST_LIB_SRC" ] || fail "the library sources of $rustc are missing: install rust-src, or set RUST_LIB_SRC"
	export RUST_LIB_SRC
	TOOLS+=("RUSTC=$rustc" "RUSTDOC=$rustdoc" "BINDGEN=$bindgen")
}

# use_llvm LLVM: adds this LLVM to TOOLS, and selects its libclang for bindgen.
use_llvm() {
	TOOLS+=("LLVM=$1")
	if [ -d "/usr/lib/llvm$1/lib" ]; then
		export LIBCLANG_PATH=${LIBCLANG_PATH:-/usr/lib/llvm$1/lib}
	fi
}

# clang_of LLVM: prints the compiler that the kernel's make uses for this value.
clang_of() {
	case $1 in
	-*) echo "clang$1" ;;
	*/) echo "$1clang" ;;
	*) echo clang ;;
	esac
}

# toolchain_default: sets TOOLS for our kernels.
toolchain_default() {
	local llvm=${user_llvm:--19} rustc=${user_rustc:-/usr/bin/rustc} clang version
	clang=$(clang_of "$llvm")
	have "$clang" || fail "$clang is missing: run make setup, or name another with LLVM="
	have "$rustc" || fail "$rustc is missing: run make setup, or name another with RUSTC="
	"$rustc" --version 2>/dev/null | grep -q '^rustc ' || fail "$rustc is not a rustc: name another with RUSTC="
	version=$(tool_version "$rustc")
	version_ge "$version" $RUSTC_MIN || fail "$rustc is version $version, but Linux $SERIES needs $RUSTC_MIN or later"
	TOOLS=(ARCH=arm64)
	use_llvm "$llvm"
	use_rust "$rustc"
	# shellcheck disable=SC2034 # part of the key of a cached kernel
	TOOLS_ID=$("$clang" --version | head -n 1)$'\n'$("$rustc" --version)$'\n'$("$(find_bindgen)" --version)
}

# config_value NAME: prints the value of CONFIG_NAME of the kernel in KDIR.
config_value() {
	sed -n "s/^CONFIG_$1=//p" "$KDIR/include/config/auto.conf" | tr -d '"'
}

# toolchain_kdir: sets TOOLS to the tools that built the kernel in KDIR. Its configuration has the
# compiler versions, and only the same rustc can read the kernel crate.
toolchain_kdir() {
	local text candidate found="" arch
	TOOLS=()
	for arch in ARM64:arm64 X86:x86 RISCV:riscv LOONGARCH:loongarch ARM:arm UML:um; do
		if [ "$(config_value "${arch%:*}")" = y ]; then
			TOOLS+=("ARCH=${arch#*:}")
			break
		fi
	done

	text=$(config_value CC_VERSION_TEXT)
	if [ -n "$user_llvm" ]; then
		use_llvm "$user_llvm"
	elif [ "$(config_value CC_IS_CLANG)" = y ]; then
		local major
		major=$(first_version <<<"$text")
		for candidate in "-${major%%.*}" 1; do
			if [ "$("$(clang_of "$candidate")" --version 2>/dev/null | head -n 1)" = "$text" ]; then
				found=$candidate
				break
			fi
		done
		[ -n "$found" ] || fail "the kernel in $KDIR was built with \"$text\": install that, or name another with LLVM="
		use_llvm "$found"
	elif ! have "${CROSS_COMPILE:-}gcc"; then
		fail "the kernel in $KDIR was built with \"$text\": install that, and set CROSS_COMPILE if it needs it"
	fi

	text=$(config_value RUSTC_VERSION_TEXT)
	for candidate in ${user_rustc:-/usr/bin/rustc rustc}; do
		if [ "$("$candidate" --version 2>/dev/null)" = "$text" ]; then
			use_rust "$(command -v "$candidate")"
			return
		fi
	done
	fail "the kernel in $KDIR was built with \"$text\": install that, or name it with RUSTC="
}
