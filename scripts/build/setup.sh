# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Installs missing packages. Does not call apt if all are installed.

set -euo pipefail

# missing_packages PACKAGE...: prints the packages that are not installed.
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

# Prints the prefix that runs a command as root: nothing for root, otherwise sudo. Fails if sudo
# does not work.
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

# install_command CONF PACKAGE...: prints the apt-get command that installs the packages.
install_command() {
	local conf=$1
	shift
	# Root owns the downloaded archives: they go to a directory that is removed afterwards.
	echo "apt-get -c $APT/$conf/apt.conf -o Dir::Cache::Archives=$APT/archives $INSTALL $*"
}

# Prints the commands to run as root, and fails. The commands leave no files owned by root in the
# user's cache: the package lists of the extra suites are fetched here, as the user.
show_commands() {
	if [ -n "$backports" ]; then
		lock_cache
		phase 'package lists' apt-lists : apt_extra_update
		unlock_cache
	fi
	say 'packages are missing, and there is neither root nor a working sudo; as root, run:' >&2
	if [ -n "$own" ]; then
		printf '  apt-get update\n  apt-get %s %s\n' "$INSTALL" "$(tr '\n' ' ' <<<"$own")" >&2
	fi
	if [ -n "$backports" ]; then
		printf '  apt-get -c %s -o Dir::Cache::Archives=/var/cache/apt/archives %s -t %s-backports %s\n' \
			"$APT/extra/apt.conf" "$INSTALL" "$codename" "$backports" >&2
	fi
	fail 'then run make again'
}

run_install() {
	local command=$1
	mkdir -p "$APT/archives/partial"
	# An interrupt ends all processes in a private root, also dpkg.
	[ -z "${SAFE_DMA_ROOT:-}" ] || dpkg --configure -a
	# shellcheck disable=SC2086 # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive $command
}

# install_packages COMMAND: runs the command and the function `meanwhile`, whose failure is ignored.
install_packages() {
	"${meanwhile:-:}" >"$LOGS/meanwhile.log" 2>&1 &
	run_install "$1" &
	# Ends this phase with all its processes.
	wait "$!" || kill 0
	wait
}

install_status() {
	local deb
	deb=$(find "$APT/archives" -name '*.deb' 2>/dev/null | wc -l)
	echo "$deb archives, $(grep -ac '^Setting up ' "$1") set up"
}

# setup_packages LIST...: installs the packages that these functions print. The function `meanwhile`
# runs at the same time, if something is installed.
setup_packages() {
	local codename own backports as_root list
	codename=$(debian_codename)
	case $codename in
	bookworm | trixie) ;;
	*) fail 'only Debian 12 and 13 are set up: elsewhere use ROOT=debian13, or KDIR= and BUSYBOX=, see README.md' ;;
	esac
	# shellcheck disable=SC2046 # lists of words
	own=$(missing_packages $(for list in "$@"; do "$list" "$codename"; done))
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
		phase packages apt-install install_status install_packages "$command"
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
