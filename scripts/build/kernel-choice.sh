# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Checks the user's choice of a kernel, or chooses the one that is available soonest.

set -euo pipefail

# Returns whether SCENARIO= asks for a page size, which is never that of Debian's kernel.
scenario_has_pages() {
	local name
	for name in ${SCENARIO//+/ }; do
		! grep -q '^pages = ' "$TOP/qemu/scenarios/$name.toml" || return 0
	done
	return 1
}

# check_debian_options TARGET: refuses what cannot be had with Debian's own kernel.
check_debian_options() {
	case $1 in
	modules | run | nvme | test | selftest | misuse | museum | api | trace | doc | shell | kdir | rust-project.json | compile_commands.json) ;;
	*) fail "make $1 does not use Debian's kernel: leave KERNEL=debian out" ;;
	esac
	[ -z "${KDIR:-}$VARIANT${LINUX:-}" ] || fail 'KERNEL=debian cannot be combined with KDIR=, DEBUG= or LINUX='
	! scenario_has_pages || fail "Debian's kernel has pages of 4 KiB only: use KERNEL=own for SCENARIO=$SCENARIO"
}

# root_conflict: prints the user's variables for which no private root is used, or nothing.
root_conflict() {
	local name
	for name in KDIR user_busybox user_llvm user_rustc user_rustdoc user_bindgen; do
		[ -z "${!name:-}" ] || echo "${name#user_}=" | tr '[:lower:]' '[:upper:]'
	done
	[ "$QEMU" = qemu-system-aarch64 ] || echo QEMU=
	[ "$PYTHON" = /usr/bin/python3 ] || echo PYTHON=
}

# Refuses the user's programs and directories, which a private root lacks.
check_root_options() {
	local conflict
	conflict=$(root_conflict | paste -sd ' ')
	[ -z "$conflict" ] || fail "the private Debian 13 has its own tools: leave $conflict out, or use KERNEL=own without ROOT="
}

# Returns whether the cache has a kernel of ours that the installed compilers built.
own_kernel_cached() (
	toolchain_default >/dev/null 2>&1
	LINUX_VER=${LINUX_VERSION:-$(cached_versions | newest)}
	[ -n "$LINUX_VER" ] || exit 1
	own_kdir
	[ -e "$KDIR/complete" ]
)

# choose_kernel TARGET: sets KERNEL to `debian` or `own`, and says why. Sets
# SAFE_DMA_DEFAULT_KERNEL if the user did not ask for Debian's.
choose_kernel() {
	local obstacle
	[ -z "$KERNEL" ] && [ "$1" != kernels ] || return 0
	KERNEL=own
	[[ " run nvme shell " == *" $1 "* ]] || return 0
	[ -z "${KDIR:-}$VARIANT${LINUX:-}${LINUX_VERSION:-}" ] || return 0

	if scenario_has_pages; then
		say "kernel: ours, because Debian's has pages of 4 KiB only"
	elif own_kernel_cached; then
		say "kernel: ours, from the cache"
	elif [ -n "$user_llvm$user_rustc$user_rustdoc$user_bindgen" ] ||
		{ [ "$(debian_codename)" != trixie ] && [ -n "$(root_conflict)" ]; }; then
		say "kernel: ours, for your own tools; without them it is Debian's"
	elif [ "$(debian_codename)" != trixie ] && obstacle=$(root_obstacle) && [ -n "$obstacle" ]; then
		[ -n "$(debian_codename)" ] || fail "no private Debian 13 can be made: $obstacle"
		say "kernel: ours, because no private Debian 13 can be made: $obstacle"
	else
		# shellcheck disable=SC2034 # for setup_debian_kernel()
		KERNEL=debian SAFE_DMA_DEFAULT_KERNEL=1
		hint '; KERNEL=own builds a kernel of ours'
		say "kernel: Debian's, which needs no build; KERNEL=own builds one with a DMA debugger"
	fi
}
