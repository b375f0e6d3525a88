# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Installs the packages that are missing; apt is not called if there are none.

set -euo pipefail

# missing_packages PACKAGE...: prints the names of those that are not installed.
missing_packages() {
	printf '%s\n' "$@" | grep -vxFf <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		sed -n 's/ installed$//p') || true
}

qemu_version() {
	"$QEMU" --version 2>/dev/null | grep '^QEMU emulator' | first_version || true
}

qemu_is_new() {
	local version
	version=$(qemu_version)
	[ -n "$version" ] && version_ge "$version" 8.0
}

# Prints the command prefix that makes root: nothing, or sudo. Fails if there is none.
root_prefix() {
	if [ "$(id -u)" -eq 0 ]; then
		return
	elif have sudo && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
		echo sudo
	else
		return 1
	fi
}

INSTALL='install --yes --no-install-recommends --no-remove'

# install_command CONF PACKAGE...: prints the command of apt.
install_command() {
	local conf=$1
	shift
	# The archives belong to root: they have a directory of their own, which is removed.
	echo "apt-get -c $APT/$conf/apt.conf -o Dir::Cache::Archives=$APT/archives $INSTALL $*"
}

# Prints the commands for root and fails. They leave no files of root in the user's cache; the lists
# of the extra suites are fetched here, by the user.
show_commands() {
	if [ -n "$backports" ]; then
		lock_cache
		phase 'package lists' apt-lists : apt_extra_update
		unlock_cache
	fi
	say 'packages are missing, and this is neither root nor a sudo that works; as root, run:' >&2
	if [ -n "$own" ]; then
		printf '  apt-get update\n  apt-get %s %s\n' "$INSTALL" "$(tr '\n' ' ' <<<"$own")" >&2
	fi
	if [ -n "$backports" ]; then
		printf '  apt-get -c %s -o Dir::Cache::Archives=/var/cache/apt/archives %s -t %s-backports %s\n' \
			"$APT/extra/apt.conf" "$INSTALL" "$codename" "$backports" >&2
	fi
	fail 'then call make again'
}

run_install() {
	local command=$1
	mkdir -p "$APT/archives/partial"
	# shellcheck disable=SC2086 # a list of words that we made ourselves
	$as_root env DEBIAN_FRONTEND=noninteractive $command
}

install_status() {
	local deb
	deb=$(find "$APT/archives" -name '*.deb' 2>/dev/null | wc -l)
	echo "$deb archives, $(grep -ac '^Setting up ' "$1") set up"
}

# setup_packages [LIST]: the packages that every target needs, and those of the function LIST.
setup_packages() {
	local codename own backports as_root
	codename=$(debian_codename)
	case $codename in
	bookworm | trixie) ;;
	*) fail 'only Debian 12 and 13 are set up: elsewhere use KDIR= and BUSYBOX=, see README.md' ;;
	esac
	# shellcheck disable=SC2046 # lists of words
	own=$(missing_packages $(packages "$codename") $("${1:-:}" "$codename"))
	backports=
	if [ -n "$(packages_backports "$codename")" ] && ! qemu_is_new &&
		! version_ge "$(dpkg-query -W -f '${source:Upstream-Version}' qemu-system-arm 2>/dev/null || true)" 8.0; then
		backports=$(packages_backports "$codename")
	fi
	[ -n "$own$backports" ] || return 0

	as_root=$(root_prefix) || show_commands

	local command commands=()
	if [ -n "$own" ]; then
		commands+=("$(install_command own "$(tr '\n' ' ' <<<"$own")")")
	fi
	if [ -n "$backports" ]; then
		commands+=("$(install_command extra "-t $codename-backports $backports")")
	fi

	lock_cache
	phase 'package lists' apt-lists : update_lists
	for command in "${commands[@]}"; do
		phase "packages" apt-install install_status run_install "$command"
	done
	$as_root rm -rf "$APT/archives"
	unlock_cache
}

update_lists() {
	apt_own_update
	if [ -n "$backports" ]; then
		apt_extra_update
	fi
}

check_qemu() {
	have "$QEMU" || fail "$QEMU is not there: install QEMU 8.0 or later, or name it with QEMU="
	[ -n "$(qemu_version)" ] || fail "$QEMU does not tell its version: is it QEMU? Name another with QEMU="
	qemu_is_new || fail "QEMU $(qemu_version) ($(command -v "$QEMU")) is too old: 8.0 or later is needed; name another with QEMU="
}
