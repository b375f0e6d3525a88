#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# main.sh TARGET: prepares and runs a target of the Makefile.

set -euo pipefail

scripts=$(cd -- "$(dirname -- "$0")" && pwd -P)
export PYTHONPATH=$scripts${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1
PYTHON=${PYTHON:-/usr/bin/python3}
SCENARIO=${SCENARIO:-strict}
QEMU=${QEMU:-qemu-system-aarch64}
DEBUG=${DEBUG:-}
# The builds of the kernel variants debug and bench, if a target needs them.
debug_kdir=''
bench_kdir=''
for part in lib packages apt-private setup root toolchain linux-source linux-build debian-kernel kernel-choice pip module kernels \
	program initramfs nvme lint deb; do
	# shellcheck source=/dev/null
	. "$scripts/build/$part.sh"
done

# Checks the path of this tree: the module is built in it.
check_tree() {
	[[ $TOP != *[[:space:]:]* ]] || fail "kbuild takes no space and no colon in a path: $TOP"
	[ -w "$TOP" ] || fail "this tree is not writable, but modules are built in it: $TOP"
}

check_options() {
	[[ ${SMP:=} =~ ^[1-8]?$ ]] || fail "SMP=$SMP is not a number of processors from 1 to 8"
	[[ ${TIMEOUT:=} =~ ^([1-9][0-9]*)?$ ]] || fail "TIMEOUT=$TIMEOUT is not a number of seconds"
	[[ ${MINUTES:=} =~ ^([1-9][0-9]*)?$ ]] || fail "MINUTES=$MINUTES is not a number of minutes"
	[[ ${SEED:=} =~ ^[0-9]{0,18}$ ]] || fail "SEED=$SEED is not a number of at most 18 digits"
	[[ ${JOBS:=$(processors)} =~ ^[1-9][0-9]*$ ]] || fail "JOBS=$JOBS is not a number of jobs"
	export JOBS
	[ -n "$MINUTES" ] || [ "$1" != soak ] || fail 'make soak needs a time: give MINUTES=, for example make soak MINUTES=20'
	: "${BASELINE:=}"
	[[ $DEBUG =~ ^[01]?$ ]] || fail "DEBUG=$DEBUG is neither 1 nor 0"
	# Soak uses the kernel of DEBUG=1, unless the user chooses another one.
	[ "$1" != soak ] || [ -n "$DEBUG${KDIR:-}" ] || DEBUG=1
	# Soak guests run longer.
	[ "$1" != soak ] || TIMEOUT=${TIMEOUT:-1800}
	[ "$DEBUG" != 1 ] || VARIANT=debug
	[[ ${FRESH:=} =~ ^1?$ ]] || fail "FRESH=$FRESH is not 1"
	local name
	# Other targets ignore a NAME in the environment.
	[ "$1" = selftest ] || NAME=
	: "${NAME:=}"
	for name in $NAME; do
		[ -f "$TOP/scripts/selftests/${name%.sh}.sh" ] || fail "NAME=$NAME: there is no self-test $name in scripts/selftests"
	done
	[ -z "$VARIANT" ] || [ "$1" != bench ] || fail 'bench would count the debug checks of DEBUG=1, too: leave DEBUG= out'
	local kernels="debian own"
	[ "$1" != kernels ] || kernels=$OTHER_KERNELS
	[[ -z ${KERNEL:=} || $KERNEL != *" "* && " $kernels " == *" $KERNEL "* ]] || fail "KERNEL=$KERNEL is none of these: $kernels"
	[[ -z ${ROOT:=} || $ROOT = debian13 ]] || fail "ROOT=$ROOT is not debian13"
	: "${SAFE_DMA_DEFAULT_KERNEL:=}"
	[ "$1" != kernels ] || [ -z "${KDIR:-}$VARIANT" ] || fail 'make kernels builds its own kernels: it cannot be combined with KDIR= or DEBUG='
	[ -z "$BASELINE" ] || [ -r "$BASELINE" ] || fail "BASELINE=$BASELINE cannot be read: give the bench.csv of another make bench"
	if [ "$1" = bench ] && [ -z "${KDIR:-}" ]; then
		VARIANT=bench
	fi
	[ -z "$VARIANT" ] || [ "$1" != trace ] || fail 'the kernel of DEBUG=1 has no function tracer'
	# scenarios.py checks whether the scenarios can be combined.
	for name in ${SCENARIO//+/ }; do
		[ -f "$TOP/qemu/scenarios/$name.toml" ] || fail "SCENARIO=$SCENARIO: there is no scenario $name, see make scenarios"
	done
	[ -z "${KDIR:-}" ] || [ -z "${LINUX:-}${LINUX_VERSION:-}" ] ||
		fail 'KDIR= is already built: it cannot be combined with LINUX= or LINUX_VERSION='
	[ -z "${KDIR:-}" ] || [ -z "$VARIANT" ] || fail 'KDIR= is already built: it cannot be combined with DEBUG='
	[ -z "${LINUX:-}" ] || [ -z "${LINUX_VERSION:-}" ] || fail 'give LINUX= or LINUX_VERSION=, not both'
	[ "$KERNEL" != debian ] || check_debian_options "$1"
	[ -z "$ROOT" ] || check_root_options
	[ -z "$ROOT" ] || [ "$1" != gdb ] || fail 'make gdb has no ROOT=: the private root has no gdb for arm64'
	# Other targets ignore an M in the environment.
	[ "$1" = kdir ] || M=
	[ -z "${M:=}" ] || [ -d "$M" ] || fail "M=$M is not a directory"
	# The private root has another working directory.
	M=${M:+$(realpath "$M")} LINUX=${LINUX:+$(realpath -m "$LINUX")} BASELINE=${BASELINE:+$(realpath "$BASELINE")}
	[ -z "$SAFE_DMA_DEFAULT_KERNEL" ] || hint '; KERNEL=own builds a kernel of ours'
}

# Allows only one run at a time in this tree: runs share its modules, logs and results.
lock_tree() {
	# A test may run make for its own tree.
	[ "${SAFE_DMA_LOCKED:-}" != "$TOP" ] || return 0
	mkdir -p "$BUILD"
	exec {tree_lock}>"$BUILD/lock"
	if ! flock -n "$tree_lock"; then
		say 'another run is at work in this tree, waiting for it'
		flock "$tree_lock"
	fi
	export SAFE_DMA_LOCKED=$TOP
}

# plain_python MODULE ARGUMENT...: runs a module that needs no guest and no kernel.
plain_python() {
	have "$PYTHON" || fail "$PYTHON is not there: install it, or name another with PYTHON="
	"$PYTHON" -m "safe_dma.$1" "${@:2}"
}

# Installs the packages for a kernel of ours or of the user, and for guests with it.
prepare_own_packages() {
	if [ -n "$(debian_codename)" ]; then
		setup_packages packages
		setup_bindgen
	elif [ -z "${KDIR:-}${LINUX:-}" ] && ! own_kernel_cached; then
		fail 'kernels of ours are built in Debian only: use ROOT=debian13, or give your own with KDIR= or LINUX='
	fi
}

# Installs the packages for the kernel and for guests with it.
prepare_packages() {
	if [ "$KERNEL" = debian ]; then
		meanwhile=fetch_debian_kernel setup_packages packages_debian_kernel
		setup_debian_kernel
	else
		prepare_own_packages
	fi
}

# Builds the kernel, or checks the user's, and finds its tools. Needs the packages.
build_or_check_kernel() {
	if [ -n "${KDIR:-}" ]; then
		use_kdir
		toolchain_kdir
	elif [ "$KERNEL" = debian ]; then
		debian_kernel
	else
		toolchain_default
		linux_source
		linux_build
		OUR_KERNEL=1
	fi
}

# Prepares the kernel, for targets without a guest.
prepare_kernel() {
	[ -n "${KDIR:-}" ] || prepare_packages
	build_or_check_kernel
}

# prepare_variant NAME: builds kernel variant NAME, its modules and its initramfs, and sets
# NAME_kdir.
prepare_variant() {
	local KDIR IMAGE VARIANT=$1
	linux_build
	kernel_image
	build_module
	make_initramfs
	make_nvme
	printf -v "${1}_kdir" %s "$KDIR"
}

# prepare_guest [gdb] WORD...: prepares everything that a guest needs, with WORDs as arguments of
# the modules' build. With gdb, the module has debug information.
prepare_guest() {
	check_busybox
	if [ -n "${KDIR:-}" ]; then
		use_kdir
		kernel_image
	fi
	prepare_packages
	check_qemu
	# shellcheck disable=SC2034 # for linux-build.sh
	PAGES=$(plain_python guest.scenarios get "$SCENARIO" pages)
	build_or_check_kernel
	kernel_image
	check_pages
	setup_busybox
	say "Linux $LINUX_VER, $(rustc_in_use), QEMU $(qemu_version)"
	[ "${1:-}" != gdb ] || { local VARIANT=gdb && shift; }
	build_module "$@"
	make_initramfs
}

rustc_in_use() {
	"$(tool RUSTC)" --version | cut -d ' ' -f 1,2
}

# Stores the tool versions that the report shows.
keep_versions() {
	mkdir -p "$LOGS"
	printf '%s\n' "$(rustc_in_use)" "QEMU $(qemu_version)" >"$LOGS/versions"
}

# python TARGET MODULE WORD...: runs a Python module that builds code or boots guests.
python() {
	local target=$1 module=$2
	shift 2
	mkdir -p "$LOGS"
	trap - EXIT
	[ -z "$VARIANT" ] || printf -v "${VARIANT}_kdir" %s "$KDIR"
	"$PYTHON" -m safe_dma.environment kdir="$KDIR" kdir_debug="$debug_kdir" kdir_bench="$bench_kdir" \
		image="$IMAGE" linux="$LINUX_SRC" cache="$CACHE" tools="$(printf '%s\n' "${TOOLS[@]}")" \
		variant="$VARIANT" qmp="$(pip_cached "${QMP[@]}")" \
		qemu="$QEMU" scenario="$SCENARIO" smp="$SMP" append="${APPEND:-}" timeout="$TIMEOUT" minutes="$MINUTES" \
		seed="$SEED" baseline="$BASELINE" checks="${CHECKS:-}" name="$NAME" tests="${TESTS:-}" \
		target="$target" jobs="$JOBS" fresh="$FRESH"
	exec "$PYTHON" -m "safe_dma.$module" "$@"
}

# Builds the modules in M= for the kernel, or tells how to.
show_kdir() {
	# shellcheck disable=SC2016 # for the user's shell
	local dir=${M:-'"$PWD"'} command
	# The build directory of Debian's kernel names its tools itself.
	[ "$KERNEL" != debian ] || TOOLS=()
	command=(make -C "$KDIR" "M=$dir" "${TOOLS[@]}" modules)
	if [ -n "${M:-}" ]; then
		"${command[@]}" || fail "the build in $M failed, see above"
		return
	fi
	say "build directory for modules of Linux $LINUX_VER: $KDIR"
	if [ -n "${SAFE_DMA_ROOT:-}" ]; then
		say "its tools are in the private Debian 13: give the directory of your module, make kdir KERNEL=debian M=DIR"
	else
		say "in the directory of your module: ${command[*]}"
	fi
}

distclean() {
	clean_module
	if [ -d "$CACHE" ]; then
		exec {cache_lock}>"$CACHE/lock"
		flock -n "$cache_lock" || fail "another run is using $CACHE: wait for it"
		exec {cache_user}>"$CACHE/in-use"
		flock -n "$cache_user" || fail "another run is using $CACHE: wait for it"
		# What is removed in part must not look complete.
		mkdir -p "$CACHE/removed"
		for part in root src kernel tools; do
			[ ! -e "$CACHE/$part" ] || mv "$CACHE/$part" "$CACHE/removed/$part.$$"
		done
		remove_root "$CACHE/removed"
		rm -rf "$CACHE"
	fi
}

case ${1:-} in
clean) clean_module ;;
distclean) distclean ;;
misuse-docs) plain_python compile.misuse --docs ;;
museum-docs) plain_python compile.museum --docs ;;
scenarios) plain_python guest.scenarios list ;;
report) plain_python report ;;
*)
	check_options "$1"
	check_tree
	# The system's Python may be installed later.
	[ "$PYTHON" = /usr/bin/python3 ] || have "$PYTHON" || fail "$PYTHON is not there: name another with PYTHON="
	[ -n "${KDIR:-}" ] || use_cache
	lock_tree
	# In the private root, if there is one.
	[ -n "$ROOT" ] || choose_kernel "$1"
	# Only Debian 13 has the compilers of Debian's kernel.
	if [ "$KERNEL" = debian ] && [ "$(debian_codename)" != trixie ]; then
		ROOT=debian13
		check_root_options
	fi
	[ -z "$ROOT" ] || enter_root "$1"
	case ${1:-} in
	# One command a line: inside an && list `set -e` has no effect.
	modules)
		prepare_kernel
		build_module
		;;
	setup)
		[ "$(debian_codename)" != trixie ] || setup_packages packages_debian_kernel
		setup_packages packages packages_lint packages_deb
		setup_bindgen
		setup_ruff
		;;
	run)
		prepare_guest SAFE_DMA_MODULES=safe_dma
		python run guest run ${V:+--verbose}
		;;
	selftest | shell)
		prepare_guest
		python "$1" guest "$1" ${V:+--verbose}
		;;
	nvme)
		prepare_guest SAFE_DMA_MODULES=rust_nvme
		make_nvme
		[ -e "$(variant_build)/nvme.cpio" ] || fail 'the programs of the guest are unpacked from packages in Debian only'
		python nvme guest.nvme
		;;
	gdb)
		export GDB=${GDB:-gdb-multiarch}
		have "$GDB" || fail "$GDB is missing: install the package gdb-multiarch, or name a gdb for arm64 with GDB="
		prepare_guest gdb
		python gdb guest.gdb
		;;
	test | test-all)
		[ "$KERNEL" != debian ] || setup_packages packages_debian_kernel packages_test
		prepare_guest
		make_nvme
		keep_versions
		if [ "$1" = test-all ] && [ -z "$VARIANT" ] && [ -n "${OUR_KERNEL:-}" ] && [ "$PAGES" = 4K ]; then
			prepare_variant debug
			prepare_variant bench
			# A test reports a failure of this.
			KDIR='' "$scripts/main.sh" prepare-kernels || true
		fi
		setup_qmp
		python "$1" test
		;;
	misuse | museum | api)
		prepare_guest
		keep_versions
		python "$1" "compile.$1"
		;;
	soak)
		prepare_guest SAFE_DMA_MODULES=safe_dma
		keep_versions
		python soak guest.soak
		;;
	bench)
		prepare_guest
		make_nvme
		keep_versions
		setup_qmp
		python bench bench
		;;
	trace)
		if [ -n "${OP:-}" ]; then
			prepare_guest SAFE_DMA_MODULES=safe_dma
			python trace witness.trace "$OP"
		else
			# Lists the operations.
			plain_python witness.trace
		fi
		;;
	kernels)
		prepare_kernel
		for name in ${KERNEL:-$OTHER_KERNELS}; do
			modules_for "$name"
		done
		;;
	prepare-kernels)
		prepare_kernel
		prepare_others
		;;
	deb)
		setup_packages packages_deb
		make_deb
		;;
	kdir)
		prepare_kernel
		show_kdir
		;;
	doc)
		prepare_kernel
		build_doc
		;;
	rust-project.json | compile_commands.json)
		prepare_kernel
		build_editor_file "$1"
		;;
	lint)
		[ -n "${KDIR:-}" ] || setup_packages packages packages_lint
		prepare_kernel
		setup_ruff
		lint_all
		;;
	*) fail "no target ${1:-}: see make help" ;;
	esac
	;;
esac
