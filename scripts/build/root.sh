# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Makes private Debian systems, and runs commands in them. Needs root, or user namespaces with the
# tools of the package uidmap.

set -euo pipefail

# How mounts of a namespace propagate, once own_namespace() has found it.
propagation=

# own_namespace COMMAND...: runs a command with its own mounts and processes, which end with it.
own_namespace() {
	local user=()
	[ "$(id -u)" -eq 0 ] || user=(--map-root-user --map-auto)
	if [ -z "$propagation" ]; then
		propagation=private
		# In a chroot whose / is no mount point, root cannot make mounts private.
		[ -n "${user[*]}" ] || unshare --mount --propagation private true 2>/dev/null ||
			propagation=unchanged
	fi
	unshare "${user[@]}" --mount --pid --fork --kill-child --propagation "$propagation" "$@"
}

# find_bootstrap: prints the command that makes a system, if there is one: mmdebstrap, which
# make_root() can fetch from Debian's archive, or debootstrap, which root alone can use.
find_bootstrap() {
	local fetched=$CACHE/tools/mmdebstrap/usr/bin/mmdebstrap tool
	for tool in mmdebstrap "$fetched" $([ "$(id -u)" -ne 0 ] || echo debootstrap); do
		if have "$tool" && "$tool" --version >/dev/null 2>&1; then
			echo "$tool"
			return
		fi
	done
}

# Unpacks mmdebstrap, a single script, in the cache. The caller holds the lock of the cache.
fetch_mmdebstrap() {
	local dir=$CACHE/tools/mmdebstrap
	rm -rf "$dir" "$dir.tmp"
	mkdir -p "$dir.tmp"
	cd "$dir.tmp"
	[ -n "$(apt_mirror apt_own apt-get)" ] || apt_own_update
	apt_own apt-get download mmdebstrap
	dpkg-deb -x ./*.deb .
	rm ./*.deb
	mv -T "$dir.tmp" "$dir"
}

# root_obstacle: prints the reason why no system can be made here, with the remedy, or nothing.
root_obstacle() {
	local restricted=kernel.apparmor_restrict_unprivileged_userns try=(true)
	# AppArmor may permit the namespace of a user, but no mount in it.
	[ "$(id -u)" -eq 0 ] || try=(mount -t proc proc /proc)
	if ! have unshare; then
		echo 'unshare is missing: install util-linux'
	elif ! own_namespace "${try[@]}" 2>/dev/null; then
		if [ "$(id -u)" -eq 0 ]; then
			echo 'root cannot mount here: a container needs --privileged'
		elif have newuidmap && [ "$(sysctl -n $restricted 2>/dev/null)" = 1 ]; then
			echo "AppArmor restricts user namespaces: become root, or run sysctl $restricted=0 as root"
		else
			echo 'that needs root, or user namespaces with newuidmap and util-linux 2.38: install uidmap, or become root'
		fi
	elif [ -n "$(debian_codename)" ]; then
		:
	elif [ -z "$(find_bootstrap)" ]; then
		echo 'mmdebstrap is missing: install mmdebstrap and debian-archive-keyring'
	elif [ -z "$(debian_keyring)" ]; then
		echo "the keys of Debian's archive are missing: install debian-archive-keyring"
	fi
}

# make_root DIR RELEASE PACKAGE...: makes a bare Debian with these packages. DIR exists only when it
# is complete.
make_root() {
	local dir=$1 release=$2 tool mirror='' keyring='' packages
	packages=$(printf ',%s' "${@:3}")
	if [ -n "$(debian_codename)" ]; then
		[[ $(find_bootstrap) = *mmdebstrap ]] || fetch_mmdebstrap
		mirror=$(machine_mirror)
	else
		# Without gpg, mmdebstrap does not find it.
		keyring=$(debian_keyring)
	fi
	tool=$(find_bootstrap)
	case $tool in
	'') fail 'mmdebstrap is missing, or does not run: install it' ;;
	*mmdebstrap) tool="$tool --mode=root" ;;
	esac
	remove_root "$dir.tmp"
	# shellcheck disable=SC2086 # a command and its option
	own_namespace $tool ${keyring:+"--keyring=$keyring"} --variant=minbase --include="${packages#,}" \
		"$release" "$dir.tmp" ${mirror:+"$mirror"} || {
		remove_root "$dir.tmp"
		fail "no Debian $release can be made: is the network up?"
	}
	mv -T "$dir.tmp" "$dir"
}

# remove_root DIR: removes a system, whose files may have other owners.
remove_root() {
	[ -e "$1" ] || return 0
	! grep -qF " $1" /proc/self/mounts || fail "$1 has mounts, of a run that was killed: unmount them"
	own_namespace rm -rf --one-file-system "$1"
}

# in_root DIR PATH... -- COMMAND...: runs a command in the system, with these PATHs of the host.
in_root() {
	local dir=$1 paths=() status=0
	shift
	while [ "$1" != -- ]; do
		paths+=("$1")
		shift
	done
	shift
	# shellcheck disable=SC2016 # for the inner shell
	own_namespace sh -euc '
		root=$1 count=$2
		shift 2
		mount --bind "$root" "$root"
		mount --make-rprivate "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --rbind /sys "$root/sys"
		# The network may have changed, and a proxy may have its own certificate.
		for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
			[ ! -e "$file" ] || cp --dereference "$file" "$root$file"
		done
		while [ "$count" -gt 0 ]; do
			mkdir -p "$root$1"
			mount --bind "$1" "$root$1"
			shift
			count=$((count - 1))
		done
		exec chroot "$root" "$@"
	' sh "$dir" "${#paths[@]}" "${paths[@]}" "$@" || status=$?
	# The first mount may have propagated.
	[ "$propagation" = private ] || umount --quiet "$dir" || true
	return $status
}

# In MB: the system, and what is downloaded and built for Debian's kernel.
ROOT_SPACE=5000

# enter_root TARGET: continues this run of make in a private Debian 13 in the cache.
enter_root() {
	local root=$CACHE/root/trixie obstacle git
	obstacle=$(root_obstacle)
	[ -z "$obstacle" ] || fail "no private Debian 13 can be made: $obstacle"
	if [ ! -e "$root" ]; then
		check_space "$CACHE" $ROOT_SPACE
		lock_cache
		mkdir -p "${root%/*}"
		# shellcheck disable=SC2046 # a list of words
		[ -e "$root" ] ||
			phase 'a private Debian 13' root : make_root "$root" trixie ca-certificates $(packages_debian_kernel)
		unlock_cache
	fi
	# This tree may be a worktree of a repository elsewhere.
	git=$(git -C "$TOP" rev-parse --path-format=absolute --git-common-dir 2>/dev/null) || git=$TOP
	# BUSYBOX= is our own here: the user's is refused.
	in_root "$root" "$TOP" "$git" "$CACHE" ${LINUX:+"$LINUX"} ${M:+"$M"} ${BASELINE:+"${BASELINE%/*}"} -- \
		/usr/bin/env -u RUST_LIB_SRC -u LIBCLANG_PATH -u LD_PRELOAD -u LD_LIBRARY_PATH \
		LC_ALL=C.UTF-8 TMPDIR=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		"SAFE_DMA_ROOT=${ROOT:?}" ROOT= BUSYBOX= "XDG_CACHE_HOME=${CACHE%/*}" \
		"KERNEL=$KERNEL" "SAFE_DMA_DEFAULT_KERNEL=$SAFE_DMA_DEFAULT_KERNEL" \
		"$TOP/scripts/main.sh" "$1" ||
		exit
	exit 0
}
