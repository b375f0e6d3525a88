# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Runs apt with private lists and a private cache: /etc/apt and /var/lib/apt/lists do not change,
# and another apt may run at the same time. There are two configurations, both with the dpkg status
# of the machine:
#   own:   the machine's sources, for the packages of its release;
#   extra: other suites of the same mirror, for packages that its release lacks.

set -euo pipefail

# Each system has lists of its own.
APT=$CACHE/apt${SAFE_DMA_ROOT:+-$SAFE_DMA_ROOT}
EXTRA_SUITE_SOURCE=trixie-backports

apt_own() {
	local tool=$1
	shift
	"$tool" -c "$APT/own/apt.conf" "$@"
}

apt_extra() {
	local tool=$1
	shift
	"$tool" -c "$APT/extra/apt.conf" "$@"
}

# apt_write_conf DIR: writes the settings that both configurations share.
apt_write_conf() {
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
	cat >"$1/apt.conf" <<-EOT
		Dir::State::lists "$1/lists";
		Dir::Cache "$1/cache";
		// No files owned by root in the user's cache.
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		// Container images have hooks that delete downloads after each update.
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke;
	EOT
}

# apt_mirror TOOL: prints the URL of the Debian archive, not of its security updates, from the
# machine's sources. Prints nothing if the lists of the configuration were never fetched.
apt_mirror() {
	# shellcheck disable=SC2016 # apt expands these
	"$@" indextargets --format \
		'$(ORIGIN)|$(LABEL)|$(CODENAME)|$(COMPONENT)|$(CREATED_BY)|$(REPO_URI)' 2>/dev/null |
		awk -F'|' -v c="$(debian_codename)" \
			'$1 == "Debian" && $2 == "Debian" && $3 == c && $4 == "main" && $5 == "Packages" { print $6; exit }'
}

# Updates the lists of `own`. The caller holds the lock of the cache.
apt_own_update() {
	apt_write_conf "$APT/own"
	# Other sources of the machine may fail: only Debian's is checked.
	apt_own apt-get update || true
	[ -n "$(apt_mirror apt_own apt-get)" ] ||
		fail "no Debian archive for $(debian_codename) among this machine's apt sources, or it does not answer"
}

# machine_mirror: prints the URL of the machine's Debian archive. Fetches lists if there are none.
machine_mirror() {
	local mirror
	mirror=$(apt_mirror apt-get)
	[ -n "$mirror" ] || mirror=$(apt_mirror apt_own apt-get)
	if [ -z "$mirror" ]; then
		apt_own_update >&2
		mirror=$(apt_mirror apt_own apt-get)
	fi
	echo "$mirror"
}

# debian_keyring: prints the path of the keys of Debian's archive, if they are installed.
debian_keyring() {
	local keyring
	for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		if [ -e "$keyring" ]; then
			echo "$keyring"
			return
		fi
	done
}

# apt_extra_conf: writes the configuration of the extra suites.
apt_extra_conf() {
	local codename mirror keyring native suites
	codename=$(debian_codename)
	mirror=$(machine_mirror)
	keyring=$(debian_keyring)
	[ -n "$keyring" ] || fail 'the Debian archive keyring is missing: install debian-archive-keyring'
	native=$(dpkg --print-architecture)
	suites=$codename-backports
	[ "$codename" = trixie ] || suites="$suites $EXTRA_SUITE_SOURCE"

	apt_write_conf "$APT/extra"
	mkdir -p "$APT/extra/none"
	cat >>"$APT/extra/apt.conf" <<-EOT
		Dir::Etc::sourcelist "$APT/extra/extra.sources";
		Dir::Etc::sourceparts "$APT/extra/none";
	EOT
	# Includes the release itself: backports depend on it, and it has the guest's BusyBox.
	# `kernels.sh` needs Debian's kernel headers for both architectures.
	cat >"$APT/extra/extra.sources" <<-EOT
		Types: deb
		URIs: $mirror
		Suites: $codename
		Components: main
		Architectures: $native arm64
		Signed-By: $keyring

		Types: deb
		URIs: $mirror
		Suites: $suites
		Components: main
		Architectures: amd64 arm64
		Signed-By: $keyring
	EOT
}

apt_extra_update() {
	# One update serves all downloads of a run.
	if [ -n "$(find "$APT/extra/updated" -mmin -10 2>/dev/null)" ]; then
		return
	fi
	apt_extra_conf
	if ! apt_extra apt-get update --error-on=any; then
		fail "cannot fetch Debian's backports with a good signature (is the network up, is debian-archive-keyring up to date?)"
	fi
	touch "$APT/extra/updated"
}
