# SPDX-License-Identifier: GPL-2.0
#
# The targets for users. Each target only calls a script in scripts/, so `make help` and `make
# clean` need no kernel and no tool chain. Kbuild describes the build of the modules for the
# kernel's build system.

.DEFAULT_GOAL := modules
# The scripts share one tree and one cache. They run jobs in parallel themselves.
.NOTPARALLEL:

export KDIR LINUX LINUX_VERSION DEBUG SCENARIO OP KERNEL MINUTES SEED BASELINE SMP APPEND TIMEOUT V JOBS GDB
export TESTS CHECKS NAME FRESH ROOT M
export LLVM RUSTC RUSTDOC BINDGEN QEMU BUSYBOX PYTHON RELEASES

.PHONY: modules run nvme gdb test test-all selftest soak bench report misuse misuse-docs museum museum-docs api trace kernels kdir doc deb shell scenarios lint setup \
	clean distclean fresh-check help rust-analyzer compile_commands.json

modules run nvme gdb test test-all selftest soak bench report misuse misuse-docs museum museum-docs api trace kernels kdir doc deb shell scenarios lint setup clean distclean:
	@scripts/main.sh $@

rust-analyzer:
	@scripts/main.sh rust-project.json

compile_commands.json:
	@scripts/main.sh $@

fresh-check:
	@scripts/build/fresh-check.sh

help:
	@cat scripts/help.txt
