# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The library's documentation, as HTML. What rustdoc has to say is for the user, as in module.sh.

set -euo pipefail

build_doc() {
	make -C "$KDIR" "M=$TOP" --no-print-directory "${TOOLS[@]}" "V=${V:-0}" .build/doc.o ||
		fail "the documentation is not as it should be, see above"
	say "the documentation: $BUILD/doc/safe_dma/index.html"
}
