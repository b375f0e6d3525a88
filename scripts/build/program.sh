# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the programs of the self-tests, see scripts/selftests/Makefile.

set -euo pipefail

# Prints the LLVM= that builds the kernel, or the default if gcc builds the kernel: only clang is a
# cross compiler.
program_llvm() {
	local llvm
	llvm=$(tool LLVM)
	echo "${llvm:--19}"
}

# Prints the llvm-strip of the same LLVM.
program_strip() {
	clang_of "$(program_llvm)" | sed 's/clang\([^/]*\)$/llvm-strip\1/'
}

# make_programs [TARGET...]: builds the targets, by default all programs, in .build/selftests.
make_programs() {
	local headers=$BUILD/uapi
	mkdir -p "$BUILD/selftests"
	# The kernel's UAPI headers are exported once for this tree.
	if [ ! -e "$headers/.done" ]; then
		make -C "$LINUX_SRC" "O=$headers" "${TOOLS[@]}" ARCH=arm64 headers || return
		touch "$headers/.done"
	fi
	local compiler=("LLVM=$(program_llvm)" CROSS_COMPILE=)
	[ -z "$(tool CC)" ] || compiler=("CC=$(tool CC)" "CROSS_COMPILE=$(tool CROSS_COMPILE)")
	make -C "$TOP/scripts/selftests" --keep-going "KSRC=$LINUX_SRC" "OUTPUT=$BUILD/selftests" \
		"${compiler[@]}" ARCH=arm64 "KHDR_INCLUDES=-isystem $headers/usr/include" "$@"
}
