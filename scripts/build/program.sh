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
	make -C "$TOP/scripts/selftests" --keep-going "KSRC=$LINUX_SRC" "OUTPUT=$BUILD/selftests" \
		"LLVM=$(program_llvm)" ARCH=arm64 CROSS_COMPILE= "KHDR_INCLUDES=-isystem $headers/usr/include" "$@"
}
