# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The linters of the languages in this tree, each with the kernel's own settings where it has some.

set -euo pipefail

lint_failed=0

# lint NAME TOOL COMMAND...: run it if the tool is there, and say how it went.
lint() {
	local name=$1 tool=$2
	shift 2
	if ! have "$tool"; then
		say "$name: not run, $tool is missing"
	elif "$@"; then
		say "$name: clean"
	else
		say "$name: see above"
		lint_failed=1
	fi
}

# tracked PATTERN...: files of this tree, the new ones too.
tracked() {
	git -C "$TOP" ls-files -z --cached --others --exclude-standard -- "$@"
}

lint_rustfmt() {
	tracked '*.rs' | xargs -0r "$rust_bin/rustfmt" --check --config-path "$LINUX_SRC/.rustfmt.toml"
}

# Clippy works on what is compiled, so that something has to be: the crates, and nothing else.
lint_clippy() {
	rm -f "$TOP"/rust/{safe_dma,sample_dma,bench_dma,misuse/mainline_bugs}.o
	make -C "$KDIR" "M=$TOP" --no-print-directory "${TOOLS[@]}" CLIPPY=1 \
		"CLIPPY_DRIVER=$rust_bin/clippy-driver" KRUSTFLAGS=-Dwarnings modules
}

lint_shell() {
	tracked '*.sh' .ci/run qemu/init | (cd "$TOP" && xargs -0r shellcheck -x)
}

lint_ruff() {
	ruff check "$TOP/scripts" && ruff format --check "$TOP/scripts"
}

lint_checkpatch() {
	tracked '*.c' '*.h' | (cd "$TOP" && xargs -0r perl "$LINUX_SRC/scripts/checkpatch.pl" \
		--no-tree --strict --quiet --file)
}

lint_all() {
	local rust_bin=/usr/bin tool
	for tool in "${TOOLS[@]}"; do
		case $tool in
		RUSTC=*) rust_bin=$(dirname "${tool#RUSTC=}") ;;
		esac
	done
	cd "$TOP"
	lint rustfmt "$rust_bin/rustfmt" lint_rustfmt
	lint clippy "$rust_bin/clippy-driver" lint_clippy
	lint shellcheck shellcheck lint_shell
	lint ruff ruff lint_ruff
	lint checkpatch perl lint_checkpatch
	[ "$lint_failed" -eq 0 ] || fail 'some linters have something to say, see above'
}
