#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# metadata.sh RELEASE: makes /var/lib/safe-dma/RELEASE with the directory `build`, in which DKMS
# builds the modules, unless it is there for this version of the kernel and for this rustc. If that
# fails, nothing is left of it.

set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd -P)
release=$1 dir=/var/lib/safe-dma/$1
headers=/usr/src/linux-headers-$release
source=linux-source-$(cut -d . -f 1,2 <<<"$release")
# In MB: the unpacked source and the metadata.
needed=2300

fail() {
	printf 'safe-dma: error: %s\n' "$*" >&2
	exit 1
}

# version PACKAGE: prints the version of an installed package.
version() {
	dpkg-query -W -f '${Version}\n' "$1" 2>/dev/null || true
}

# Removes what only the kernel's own build needs, and keeps what the self-tests read.
shrink_source() {
	local arch
	arch=$(sed -n 's/^export ARCH := //p' "$dir/build/.kernelvariables")
	find "$dir/source" -mindepth 1 -maxdepth 1 ! -name Makefile ! -name arch ! -name include \
		! -name rust ! -name scripts ! -name tools -exec rm -rf {} +
	find "$dir/source/arch" -mindepth 1 -maxdepth 1 ! -name "$arch" -exec rm -rf {} +
	rm -rf "$dir/source/arch/$arch/boot/dts"
	find "$dir/source/tools" ! -type d ! -name ktap_helpers.sh -delete
	find "$dir/source/tools" -type d -empty -delete
}

case $release in
'' | */* | .*) fail "'$release' is not the release of a kernel" ;;
esac
"$here/rust-metadata.sh" "$release" "$headers"
wanted=$(version "linux-headers-$release")
[ -n "$wanted" ] || fail "$headers is not of Debian's package linux-headers-$release"
key="$wanted, $(/usr/bin/rustc --version)"
# Two runs of DKMS may be for the same kernel.
mkdir -p "${dir%/*}"
exec {lock}<"${dir%/*}"
flock "$lock"
[ "$key" != "$(cat "$dir/version" 2>/dev/null)" ] || exit 0

found=$(version "$source")
if [ "$found" != "$wanted" ] || [ ! -r "/usr/src/$source.tar.xz" ]; then
	fail "Linux $release is of version $wanted, and $source is ${found:-not installed}:" \
		"install $source=$wanted, then run: dkms autoinstall"
fi
free=$(df --output=avail -BM "${dir%/*}" | tail -n 1 | tr -dc 0-9)
[ "$free" -ge $needed ] ||
	fail "${dir%/*} has $free MB of free space: make it $needed MB, then run: dkms autoinstall"

trap 'rm -rf "$dir"' EXIT
rm -rf "$dir"
mkdir -p "$dir/source"
# A full disk makes tar report each file.
report=$(tar -xJf "/usr/src/$source.tar.xz" --strip-components=1 -C "$dir/source" \
	--no-same-owner 2>&1) ||
	fail "/usr/src/$source.tar.xz cannot be unpacked (${report%%$'\n'*}):" \
		"reinstall $source, or make space in ${dir%/*}"
"$here/rust-metadata.sh" "$release" "$headers" "$dir/source" "$dir/build"
shrink_source
echo "$key" >"$dir/version"
trap - EXIT
