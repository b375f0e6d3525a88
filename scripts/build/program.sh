# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Programs of the self-tests, see scripts/selftests/Makefile.

set -euo pipefail

# Prints LLVM= of the tools that build the kernel, or of setup if gcc builds it. Its clang is a cross compiler.
program_llvm() {
	local llvm
	llvm=$(tool LLVM)
	echo "${llvm:--19}"
}

# Prints the strip of the same LLVM.
program_strip() {
	clang_of "$(program_llvm)" | sed 's/clang\([^/]*\)$/llvm-strip\1/'
}

# make_programs TARGET...: into .build/selftests; without TARGET, the programs of all tests.
make_programs() {
	local headers=$BUILD/uapi
	mkdir -p "$BUILD/selftests"
	# The kernel's headers as user space has them, made once in this tree.
	if [ ! -e "$headers/.done" ]; then
		make -C "$LINUX_SRC" "O=$headers" "${TOOLS[@]}" ARCH=arm64 headers || return
		touch "$headers/.done"
	fi
	make -C "$TOP/scripts/selftests" --keep-going "KSRC=$LINUX_SRC" "OUTPUT=$BUILD/selftests" \
		"LLVM=$(program_llvm)" ARCH=arm64 CROSS_COMPILE= "KHDR_INCLUDES=-isystem $headers/usr/include" "$@"
}
