# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Makes the Debian package safe-dma-dkms.

set -euo pipefail

# tree_git COMMAND...: runs git for this tree, not for one around it, whoever owns it.
tree_git() {
	git --no-optional-locks --git-dir="$TOP/.git" --work-tree="$TOP" "$@" 2>/dev/null
}

# deb_version SECONDS: prints the package's version, which grows with the time of the last commit.
deb_version() {
	local changed
	changed=$(tree_git status --porcelain) || true
	echo "0+$(date -u -d "@$1" +%Y%m%d.%H%M%S)${changed:++changed}"
}

build_deb() {
	local dir=$BUILD/deb/source seconds
	seconds=$(tree_git log -1 --format=%ct) || seconds=$(date -r "$TOP/Kbuild" +%s)
	rm -rf "$BUILD/deb" "$BUILD"/safe-dma-dkms_*.deb
	# In a process of its own, see phase().
	trap 'rm -rf "$BUILD/deb"' EXIT
	mkdir -p "$dir"
	copy_sources "$dir"
	cp -r "$TOP/scripts" "$TOP/README.md" "$dir"
	cp -r "$TOP/scripts/debian" "$dir"
	cat >"$dir/debian/changelog" <<-EOT
		safe-dma ($(deb_version "$seconds")) trixie; urgency=medium

		  * Built from the source tree.

		 -- The safe-dma developers <safe-dma@example.org>  $(date -uRd "@$seconds")
	EOT
	cd "$dir"
	dpkg-buildpackage --build=all --no-sign --no-check-builddeps
	lintian --allow-root --fail-on error,warning "$BUILD/deb"/*.deb ||
		fail 'lintian has found something'
	mv "$BUILD/deb"/*.deb "$BUILD"
}

# make_deb: makes the package in .build.
make_deb() {
	phase 'Debian package' deb : build_deb
	say "$(echo "$BUILD"/safe-dma-dkms_*.deb)"
}
