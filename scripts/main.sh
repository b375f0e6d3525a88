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
for part in lib packages apt-private setup toolchain linux-source linux-build pip module kernels program initramfs lint; do
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
	if [ "$DEBUG" = 1 ]; then
		VARIANT=debug
		# KASAN slows down every memory access.
		TIMEOUT=${TIMEOUT:-900}
	fi
	[[ ${FRESH:=} =~ ^1?$ ]] || fail "FRESH=$FRESH is not 1"
	local name
	# Other targets ignore a NAME in the environment.
	[ "$1" = selftest ] || NAME=
	: "${NAME:=}"
	for name in $NAME; do
		[ -f "$TOP/scripts/selftests/${name%.sh}.sh" ] || fail "NAME=$NAME: there is no self-test $name in scripts/selftests"
	done
	[ -z "$VARIANT" ] || [ "$1" != bench ] || fail 'bench would count the debug checks of DEBUG=1, too: leave DEBUG= out'
	[[ -z ${KERNEL:=} || " $OTHER_KERNELS " == *" $KERNEL "* ]] || fail "KERNEL=$KERNEL is none of these: $OTHER_KERNELS"
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

# Builds the kernel, or checks the user's, and finds its tools.
prepare_kernel() {
	if [ -n "${KDIR:-}" ]; then
		use_kdir
		toolchain_kdir
	else
		setup_packages
		setup_bindgen
		toolchain_default
		linux_source
		linux_build
		OUR_KERNEL=1
	fi
}

# prepare_variant NAME: builds kernel variant NAME, its modules and its initramfs, and sets
# NAME_kdir.
prepare_variant() {
	local KDIR IMAGE VARIANT=$1
	linux_build
	kernel_image
	build_module
	make_initramfs
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
	if [ -n "$(debian_codename)" ]; then
		setup_packages
		setup_bindgen
	fi
	check_qemu
	# shellcheck disable=SC2034 # for linux-build.sh
	PAGES=$(plain_python guest.scenarios get "$SCENARIO" pages)
	prepare_kernel
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

distclean() {
	clean_module
	if [ -d "$CACHE" ]; then
		exec {cache_lock}>"$CACHE/lock"
		flock -n "$cache_lock" || fail "another run is using $CACHE: wait for it"
		rm -rf "$CACHE"
	fi
}

case ${1:-} in
clean) clean_module ;;
distclean) distclean ;;
misuse-docs) plain_python compile.misuse --docs ;;
scenarios) plain_python guest.scenarios list ;;
report) plain_python report ;;
*)
	check_options "$1"
	check_tree
	# The system's Python may be installed later.
	[ "$PYTHON" = /usr/bin/python3 ] || have "$PYTHON" || fail "$PYTHON is not there: name another with PYTHON="
	[ -n "${KDIR:-}" ] || use_cache
	lock_tree
	case ${1:-} in
	# One command a line: inside an && list `set -e` has no effect.
	modules)
		prepare_kernel
		build_module
		;;
	setup)
		setup_packages packages_lint
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
	gdb)
		export GDB=${GDB:-gdb-multiarch}
		have "$GDB" || fail "$GDB is missing: install the package gdb-multiarch, or name a gdb for arm64 with GDB="
		prepare_guest gdb
		python gdb guest.gdb
		;;
	test | test-all)
		prepare_guest
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
	misuse | api)
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
		keep_versions
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
	doc)
		prepare_kernel
		build_doc
		;;
	rust-project.json | compile_commands.json)
		prepare_kernel
		build_editor_file "$1"
		;;
	lint)
		[ -n "${KDIR:-}" ] || setup_packages packages_lint
		prepare_kernel
		setup_ruff
		lint_all
		;;
	*) fail "no target ${1:-}: see make help" ;;
	esac
	;;
esac
