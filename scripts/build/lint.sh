# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Runs the linters, with the kernel's settings where the kernel has them.

set -euo pipefail

lint_passed=0
lint_failed=0
lint_skipped=0

# lint NAME TOOL PACKAGE COMMAND...: runs COMMAND, and prints and counts the result.
lint() {
	local name=$1 tool=$2 package=$3
	shift 3
	if ! have "$tool"; then
		say "$name: failed: $tool is missing: install $package"
	elif "$@"; then
		say "$name: passed"
		lint_passed=$((lint_passed + 1))
		return
	else
		say "$name: failed, see above"
	fi
	lint_failed=$((lint_failed + 1))
}

# tracked PATTERN...: prints the names of matching files in this tree, including untracked ones.
tracked() {
	git -C "$TOP" ls-files -z --cached --others --exclude-standard -- "$@"
}

lint_rustfmt() {
	tracked '*.rs' | xargs -0r "$rust_bin/rustfmt" --check --config-path "$LINUX_SRC/.rustfmt.toml"
}

# Clippy checks a crate while it compiles: remove the objects, to compile all crates again.
lint_clippy() {
	rm -f "$TOP"/rust/*.o "$TOP/rust/misuse/mainline_bugs.o"
	module_make "$TOP" CLIPPY=1 "CLIPPY_DRIVER=$rust_bin/clippy-driver" KRUSTFLAGS=-Dwarnings modules
}

# Prints the rustc version of clippy. It must be that of rustc, or clippy cannot read the kernel
# crate.
clippy_version() {
	"$rust_bin/clippy-driver" --rustc --version
}

lint_shell() {
	tracked '*.sh' .ci/run qemu/init | (cd "$TOP" && xargs -0r shellcheck -x)
}

lint_ruff() {
	ruff check "$TOP/scripts" && ruff format --check "$TOP/scripts"
}

# Comments are not wrapped by rustfmt. A row of a table cannot be.
lint_columns() {
	! tracked '*.rs' | (cd "$TOP" && xargs -0r grep -nE '^.{101}') | grep -vE '^[^:]+:[0-9]+: *//[/!] \|'
}

lint_checkpatch() {
	tracked '*.c' '*.h' | (cd "$TOP" && xargs -0r perl "$LINUX_SRC/scripts/checkpatch.pl" \
		--no-tree --strict --quiet --file)
}

# lint_all: runs all linters. The last line has the counts, as in make test.
lint_all() {
	local rustc rust_bin
	rustc=$(tool RUSTC)
	rust_bin=$(dirname "$rustc")
	cd "$TOP"
	lint rustfmt "$rust_bin/rustfmt" "the package rustfmt, on Debian 12 rustfmt-web" lint_rustfmt
	lint columns grep 'the package grep' lint_columns
	if have "$rust_bin/clippy-driver" && [ "$(clippy_version)" != "$("$rustc" --version)" ]; then
		say "clippy: skipped: that of $(clippy_version) cannot read crates of $("$rustc" --version)"
		lint_skipped=1
	else
		lint clippy "$rust_bin/clippy-driver" "the package rust-clippy, on Debian 12 rust-web-clippy" lint_clippy
	fi
	lint shellcheck shellcheck 'the package shellcheck' lint_shell
	lint ruff ruff "ruff with pip" lint_ruff
	lint checkpatch perl 'the package perl' lint_checkpatch
	echo "$lint_passed passed, $lint_failed failed, $lint_skipped skipped"
	[ "$lint_failed" -eq 0 ]
}
