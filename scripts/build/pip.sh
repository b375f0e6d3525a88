# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Installs packages of Python's package index into the cache, with this machine's pip configuration.

set -euo pipefail

# Name, version and hash of the package that the tests use to unplug the guest's device.
QMP=(qemu.qmp 0.0.6 5d7c5af0e9de427696e3bf72e333965c3a697929f77f6b7ddc30c989fc7b539b)
# Debian has no ruff. The hashes are of the wheels for x86-64 and arm64.
RUFF=(ruff 0.17.5 40ca8afaac309b41a5b2e09e4e7beb1f824826b93c25697c4d74f573324fba4e
	6f6a7b138edf9cc402ca736a59d9525e6d766e5395760b72e7e146e6251ac963)

# pip_cached NAME VERSION...: prints the package's directory.
pip_cached() {
	echo "$CACHE/tools/$1-$2"
}

# install_pip NAME VERSION SHA256...: installs a package into its directory.
install_pip() {
	local root
	root=$(pip_cached "$@")
	# A directory without .tmp is complete.
	rm -rf "$root.tmp"
	mkdir -p "$root.tmp"
	echo "$1==$2$(printf ' --hash=sha256:%s' "${@:3}")" >"$root.tmp/requirements"
	"$PYTHON" -m pip install --no-input --no-compile --no-deps --only-binary :all: --require-hashes \
		--target "$root.tmp" --requirement "$root.tmp/requirements" && mv -T "$root.tmp" "$root"
}

# setup_pip NAME VERSION SHA256...: installs a package unless it is cached. A failure is not fatal
# here: the code that needs the package skips or fails.
setup_pip() {
	lock_cache
	mkdir -p "$LOGS"
	if [ ! -e "$(pip_cached "$@")" ] && ! install_pip "$@" >"$LOGS/$1.log" 2>&1; then
		say "pip cannot install $1 $2; log: $LOGS/$1.log"
	fi
	unlock_cache
}

setup_qmp() {
	PYTHONPATH="$(pip_cached "${QMP[@]}")${PYTHONPATH:+:$PYTHONPATH}"
	"$PYTHON" -c 'import qemu.qmp' 2>/dev/null || setup_pip "${QMP[@]}"
}

setup_ruff() {
	PATH=$PATH:$(pip_cached "${RUFF[@]}")/bin
	have ruff || setup_pip "${RUFF[@]}"
}
