# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# qemu.qmp, with which the tests pull the guest's device out of its slot: of Python's package index, as pip is
# configured on this machine, in the cache.

set -euo pipefail

QMP_VERSION=0.0.6
QMP_SHA256=5d7c5af0e9de427696e3bf72e333965c3a697929f77f6b7ddc30c989fc7b539b

qmp_cached() {
	echo "$CACHE/tools/qemu.qmp-$QMP_VERSION"
}

# Whether Python finds it.
has_qmp() {
	"$PYTHON" -c 'import qemu.qmp' 2>/dev/null
}

install_qmp() {
	local root
	root=$(qmp_cached)
	# To a temporary name, then renamed: what has its name is complete.
	rm -rf "$root.tmp"
	mkdir -p "$root.tmp"
	echo "qemu.qmp==$QMP_VERSION --hash=sha256:$QMP_SHA256" >"$root.tmp/requirements"
	"$PYTHON" -m pip install --no-input --no-compile --no-deps --only-binary :all: --require-hashes \
		--target "$root.tmp" --requirement "$root.tmp/requirements" && mv -T "$root.tmp" "$root"
}

# setup_qmp: what cannot be had is missing in one test alone, which says so.
setup_qmp() {
	local root
	root=$(qmp_cached)
	export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
	if ! has_qmp; then
		lock_cache
		mkdir -p "$LOGS"
		if [ ! -e "$root" ] && ! install_qmp >"$LOGS/qmp.log" 2>&1; then
			say "pip cannot install qemu.qmp $QMP_VERSION, so that no device is pulled out; log: $LOGS/qmp.log"
		fi
		unlock_cache
	fi
}
