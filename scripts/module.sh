# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The module, built against KDIR. Its compilers' messages are for the user: no log, no phase.

set -euo pipefail

build_module() {
	make -C "$KDIR" "M=$TOP" --no-print-directory "-j$(nproc)" "${TOOLS[@]}" \
		"V=${V:-0}" "$@" modules || fail "the module's build failed, see above"
	[ -f "$TOP/safe_dma.ko" ] || fail 'the build made no safe_dma.ko'
}

# clean_module: the patterns of the kernel's own clean; it needs no kernel, so that a bare machine
# can clean.
clean_module() {
	find "$TOP" -path "$TOP/.git" -prune -o -type f \( \
		-name '*.o' -o -name '*.ko' -o -name '*.a' -o -name '*.mod' -o -name '*.mod.c' -o -name '*.rmeta' \
		-o -name '.*.cmd' -o -name '.*.d' -o -name '*.rsi' -o -name '*.symtypes' \
		-o -name 'modules.order' -o -name 'Module.symvers' -o -name '.Module.symvers' \
		-o -name '*_generated.rs' -o -name '.kernel-id*' \) -exec rm -f {} +
	find "$TOP/scripts" -name __pycache__ -exec rm -rf {} + 2>/dev/null || true
	rm -rf "$BUILD" "$TOP/.pytest_cache" "$TOP/.ruff_cache" "$TOP/.tmp_versions"
}
