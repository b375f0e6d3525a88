# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# apt with lists and a cache of our own: nothing in /etc/apt and nothing in /var/lib/apt/lists
# changes, and no other apt on the machine is in the way. There are two configurations:
#   own:   the machine's own sources, for the packages of its release;
#   extra: suites that the machine may not have, at the same mirror, for what its release lacks.
# What is installed (dpkg's status) is the machine's in both.

set -euo pipefail

APT=$CACHE/apt
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

# apt_write_conf DIR: the settings that both have.
apt_write_conf() {
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
	cat >"$1/apt.conf" <<-EOT
		Dir::State::lists "$1/lists";
		Dir::Cache "$1/cache";
		// No files of root's in the user's cache.
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		// Container images delete what was downloaded at every update.
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke;
	EOT
}

# apt_mirror TOOL: the address of the Debian archive itself (not of its security updates), as the
# machine's sources have it. Nothing if the lists of that configuration were never fetched.
apt_mirror() {
	# shellcheck disable=SC2016 # these are apt's names
	"$@" indextargets --format \
		'$(ORIGIN)|$(LABEL)|$(CODENAME)|$(COMPONENT)|$(CREATED_BY)|$(REPO_URI)' 2>/dev/null |
		awk -F'|' -v c="$(debian_codename)" \
			'$1 == "Debian" && $2 == "Debian" && $3 == c && $4 == "main" && $5 == "Packages" { print $6; exit }'
}

# Only one apt at a time has lists of ours: the caller holds the cache's lock.
apt_own_update() {
	apt_write_conf "$APT/own"
	# A third party's source that does not answer is no reason to stop: what we need is checked.
	apt_own apt-get update || true
	[ -n "$(apt_mirror apt_own apt-get)" ] ||
		fail "no Debian archive for $(debian_codename) among this machine's apt sources, or it does not answer"
}

# apt_extra_conf: write the configuration of the extra suites.
apt_extra_conf() {
	local codename mirror keyring=/usr/share/keyrings/debian-archive-keyring native suites
	codename=$(debian_codename)
	mirror=$(apt_mirror apt-get)
	if [ -z "$mirror" ]; then
		apt_own_update
		mirror=$(apt_mirror apt_own apt-get)
	fi
	if [ -e $keyring.gpg ]; then keyring=$keyring.gpg; else keyring=$keyring.pgp; fi
	[ -e "$keyring" ] || fail 'the Debian archive keyring is missing: install debian-archive-keyring'
	native=$(dpkg --print-architecture)
	suites=$codename-backports
	[ "$codename" = trixie ] || suites="$suites $EXTRA_SUITE_SOURCE"

	apt_write_conf "$APT/extra"
	mkdir -p "$APT/extra/none"
	cat >>"$APT/extra/apt.conf" <<-EOT
		Dir::Etc::sourcelist "$APT/extra/extra.sources";
		Dir::Etc::sourceparts "$APT/extra/none";
	EOT
	# The release itself too: backports lean on it, and the guest's BusyBox comes from it. Kernels are
	# looked at that are not of this machine's architecture.
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
	# Several downloads of one run, or of one that was started again, need it once.
	if [ -n "$(find "$APT/extra/updated" -mmin -10 2>/dev/null)" ]; then
		return
	fi
	apt_extra_conf
	if ! apt_extra apt-get update --error-on=any; then
		fail "cannot fetch Debian's backports with a good signature (is the network there, is debian-archive-keyring up to date?)"
	fi
	touch "$APT/extra/updated"
}
