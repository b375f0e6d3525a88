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
	# The guest's initramfs and device tree, and the tests.
	echo cpio device-tree-compiler
	packages_test
	# Rust with its library sources. On Debian 12 only rustc-web is new enough, and bindgen is
	# too old: cargo builds a newer one.
	case $1 in
	bookworm) echo rustc-web rust-web-src cargo-web ca-certificates ;;
	*) echo rustc rust-src bindgen qemu-system-arm ;;
	esac
}

# packages_debian_kernel: the packages for modules of Debian's own kernel, in Debian 13. Without the
# gcc that built it, its variant for 32 bits, or pahole, Kconfig would change options.
packages_debian_kernel() {
	echo make gcc gcc-14-aarch64-linux-gnu gcc-14-arm-linux-gnueabihf libc6-dev-arm64-cross pahole
	echo flex bison bc python3 kmod xz-utils libelf-dev libssl-dev
	echo rustc rust-src bindgen cpio device-tree-compiler qemu-system-arm
}

# packages_test: what the tests need besides, in every release.
packages_test() {
	echo git python3-pytest python3-pip qemu-efi-aarch64
}

# packages_lint CODENAME: the packages of the linters, for make lint.
packages_lint() {
	echo shellcheck perl
	case $1 in
	bookworm) echo rustfmt-web rust-web-clippy ;;
	*) echo rustfmt rust-clippy ;;
	esac
}

# packages_deb: the packages that make deb needs.
packages_deb() {
	echo debhelper dh-dkms lintian cpio
}

# packages_backports CODENAME: the packages to take from backports, because those of the release are
# too old.
packages_backports() {
	case $1 in
	# QEMU 7.2 aborts on a transfer of a full edu buffer.
	bookworm) echo qemu-system-arm ;;
	esac
}
