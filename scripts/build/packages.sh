# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The lists of Debian packages.

set -euo pipefail

# packages CODENAME: the packages of the release's own suites.
packages() {
	# For the kernel's build: LLVM, also for host programs, generators and scripts.
	echo make clang-19 lld-19 llvm-19 libclang1-19 flex bison bc python3 kmod xz-utils
	# For modules of Debian's kernels: objtool and sign-file.
	echo libelf-dev libssl-dev
	# The guest's initramfs, device tree and firmware, and the tests.
	echo cpio device-tree-compiler qemu-efi-aarch64 python3-pytest python3-pip
	# Rust with its library sources. On Debian 12 only rustc-web is new enough, and bindgen is
	# too old: cargo builds a newer one.
	case $1 in
	bookworm) echo rustc-web rust-web-src cargo-web ca-certificates ;;
	*) echo rustc rust-src bindgen qemu-system-arm ;;
	esac
}

# packages_lint CODENAME: the packages of the linters, for make lint.
packages_lint() {
	echo shellcheck perl
	case $1 in
	bookworm) echo rustfmt-web rust-web-clippy ;;
	*) echo rustfmt rust-clippy ;;
	esac
}

# packages_backports CODENAME: the packages to take from backports, because those of the release are
# too old.
packages_backports() {
	case $1 in
	# QEMU 7.2 aborts on a transfer of a full edu buffer.
	bookworm) echo qemu-system-arm ;;
	esac
}
