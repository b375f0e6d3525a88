# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the modules against KDIR. The output goes to the user, not to a log.

set -euo pipefail

# Prints the directory of the guest's files for VARIANT.
variant_build() {
	echo "$BUILD${VARIANT:+/$VARIANT}"
}

# Prints the directory in which the modules for VARIANT are built. Two kernels cannot share a tree,
# and kbuild's MO= needs a source tree without objects: the modules for the usual kernel are built
# in this tree, those for other kernels in a copy.
module_dir() {
	if [ -n "$VARIANT" ]; then
		echo "$BUILD/$VARIANT/module"
	else
		echo "$TOP"
	fi
}

# module_sources DIR: prints the names of the source files.
module_sources() {
	(
		cd "$1"
		find Kbuild rust -type f \( -name Kbuild -o -name '*.mk' -o -name '*.[ch]' -o -name '*.rs' -o -name '*.md' \) \
			! -name '*.mod.c' ! -name '*_generated.rs' -print0
	)
}

# copy_sources DIR: updates the copy in DIR, with the modification times that make compares.
copy_sources() {
	local name
	mkdir -p "$1/rust"
	[ -e "$1/Kbuild" ] || cp -p "$TOP/Kbuild" "$1"
	module_sources "$1" | while IFS= read -r -d '' name; do
		[ -e "$TOP/$name" ] || rm "$1/$name"
	done
	module_sources "$TOP" | (
		cd "$TOP"
		cpio --quiet --null --pass-through --make-directories --preserve-modification-time --unconditional "$1"
	)
}

# module_make DIR WORD...: runs kbuild for the modules in DIR.
module_make() {
	make -C "$KDIR" "M=$1" --no-print-directory "-j$JOBS" "${TOOLS[@]}" "V=${V:-0}" "${@:2}"
}

# build_module WORD...: builds the modules, with WORDs as arguments of make. SAFE_DMA_MODULES=
# selects modules.
build_module() {
	local dir wanted=safe_dma
	dir=$(module_dir)
	case $VARIANT in
	bench)
		wanted=bench_dma
		set -- "$@" "SAFE_DMA_MODULES=bench_dma rust_nvme"
		;;
	gdb) set -- "$@" SAFE_DMA_MODULES=safe_dma KCFLAGS=-g KRUSTFLAGS=-Cdebuginfo=2 ;;
	# Line numbers for reports.
	debug) set -- "$@" KCFLAGS=-gline-tables-only KRUSTFLAGS=-Cdebuginfo=line-tables-only ;;
	esac
	[ "$dir" = "$TOP" ] || copy_sources "$dir"
	module_make "$dir" "$@" modules || fail "the module's build failed, see above"
	[[ $* != *SAFE_DMA_MODULES=rust_nvme* ]] || wanted=rust_nvme
	[ -f "$dir/$wanted.ko" ] || fail "the build made no $wanted.ko"
}

# build_editor_file rust-project.json|compile_commands.json: writes the file for rust-analyzer or
# clangd.
build_editor_file() {
	build_module
	case $1 in
	rust-project.json) module_make "$TOP" rust-analyzer && "$PYTHON" -m safe_dma.compile.rust_project ;;
	*) module_make "$TOP" "$1" ;;
	esac || fail "$1 cannot be made, see above"
	say "$TOP/$1"
}

# clean_module: removes what kbuild's clean target would remove, without a kernel, and .build.
clean_module() {
	find "$TOP" -path "$TOP/.git" -prune -o -type f \( \
		-name '*.o' -o -name '*.ko' -o -name '*.a' -o -name '*.mod' -o -name '*.mod.c' -o -name '*.rmeta' \
		-o -name '.*.cmd' -o -name '.*.d' -o -name '*.rsi' -o -name '*.symtypes' \
		-o -name 'modules.order' -o -name 'Module.symvers' -o -name '.Module.symvers' \
		-o -name '*_generated.rs' -o -name '.kernel-id*' -o -name rust-project.json \
		-o -name compile_commands.json \) -exec rm -f {} +
	find "$TOP/scripts" -name __pycache__ -exec rm -rf {} + 2>/dev/null || true
	rm -rf "$BUILD" "$TOP/.pytest_cache" "$TOP/.ruff_cache" "$TOP/.tmp_versions"
}

# Builds the library's documentation as HTML.
build_doc() {
	module_make "$TOP" .build/doc.o || fail "rustdoc failed, see above"
	say "the documentation: $BUILD/doc/safe_dma/index.html"
}
