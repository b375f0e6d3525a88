# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the programs of the self-tests with the kernel's nolibc: no C library for arm64 is needed.

set -euo pipefail

# Installs the kernel's headers for user space, once in this tree.
uapi_headers() {
	[ -e "$BUILD/uapi/.done" ] || {
		make -C "$LINUX_SRC" "O=$BUILD/uapi" "${TOOLS[@]}" ARCH=arm64 headers && touch "$BUILD/uapi/.done"
	}
}

# Prints the clang that builds the kernel, or that of setup if gcc builds it.
program_clang() {
	local llvm
	llvm=$(tool LLVM)
	clang_of "${llvm:--19}"
}

# Prints the strip of the same LLVM.
program_strip() {
	program_clang | sed 's/clang\([^/]*\)$/llvm-strip\1/'
}

# build_program NAME SOURCE FLAG...
build_program() {
	local name=$1 source=$2 clang nolibc=$LINUX_SRC/tools/include/nolibc
	shift 2
	clang=$(program_clang) && uapi_headers &&
		"$clang" --target=aarch64-linux-gnu -O2 -Wall -Werror -static -nostdlib -nostdinc \
			-fuse-ld=lld -fno-stack-protector -fno-asynchronous-unwind-tables \
			-isystem "$("$clang" -print-resource-dir)/include" -include "$nolibc/nolibc.h" \
			-I "$nolibc" -isystem "$BUILD/uapi/usr/include" "$@" \
			-o "$BUILD/$name" "$source"
}

# Builds the tool of the kernel's DMA benchmark. nolibc has no %f, which it prints with.
make_map_benchmark() {
	local source=$LINUX_SRC/tools/dma/dma_map_benchmark.c
	[ "$BUILD/dma_map_benchmark" -nt "$source" ] ||
		build_program dma_map_benchmark "$source" -fno-builtin -include "$TOP/scripts/build/printf_tenths.h" \
			>"$BUILD/dma_map_benchmark.log" 2>&1
}

# make_program NAME: builds .build/NAME from scripts/selftests/NAME.c, if that is newer.
make_program() {
	local input new=
	for input in "$TOP/scripts/selftests/$1.c" "$TOP"/scripts/selftests/*.h "$TOP"/rust/testdev/uapi/*.h; do
		[ "$BUILD/$1" -nt "$input" ] || new=$input
	done
	[ -n "$new" ] || return 0
	mkdir -p "$BUILD"
	build_program "$1" "$TOP/scripts/selftests/$1.c" >"$BUILD/$1.log" 2>&1
}
