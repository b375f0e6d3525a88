# SPDX-License-Identifier: GPL-2.0
#
# The library, for a Kbuild file: a crate of its own, and the C helpers that it calls. Name the crates
# that use it in safe-dma-users, include this file, and add $(safe-dma-objects) to the objects of each
# module that has such a crate.

safe-dma-objects := rust/safe_dma.o $(patsubst $(src)/%.c, %.o, $(sort $(wildcard $(src)/rust/helpers/*.c)))

# The kernel's rule for a crate writes the object alone. The metadata is what other crates are compiled
# against.
safe-dma-extern := -L$(obj)/rust --extern safe_dma

RUSTFLAGS_rust/safe_dma.o := --emit=metadata=$(obj)/rust/libsafe_dma.rmeta
# The kernel's rule takes the name of one module here, and the library may be in several.
$(obj)/rust/safe_dma.o: private modfile := $(obj)/rust/safe_dma
$(foreach user, $(safe-dma-users), $(eval RUSTFLAGS_$(user) += $(safe-dma-extern)))
$(addprefix $(obj)/, $(safe-dma-users)): $(obj)/rust/safe_dma.o

safe-dma-bindings := rust/bindings/bindings_generated.rs
clean-files += $(safe-dma-bindings) rust/libsafe_dma.rmeta

# The kernel's own rule for this is not reachable from an external module; its list of the flags
# that libclang does not know, and its targets, are read from where they stand.
ifdef CONFIG_CC_IS_CLANG
bindgen-c-flags = $(c_flags)
else
bindgen-skip-c-flags := $(shell sed -n '/^bindgen_skip_c_flags :=/,/[^\\]$$/{s/^.*:=//;s/\\$$//;p}' \
	$(srctree)/rust/Makefile)
bindgen-target := $(shell sed -n 's/^BINDGEN_TARGET_$(SRCARCH)[[:space:]]*:= //p' \
	$(srctree)/rust/Makefile)
bindgen-c-flags = $(filter-out $(bindgen-skip-c-flags), $(c_flags)) -w --target=$(bindgen-target)
endif

# Functions and the types that `kernel::bindings` lacks; everything else comes from there.
quiet_cmd_bindgen = BINDGEN $@
      cmd_bindgen = \
	$(BINDGEN) $< --rust-target 1.85 --use-core --ctypes-prefix ffi --no-layout-tests \
		--no-doc-comments --no-recursive-allowlist --allowlist-type 'kmsg_dump_iter|dma_pool' \
		--allowlist-function 'helper_.*|kmsg_dump_get_line' --allowlist-var 'HELPER_.*' \
		--allowlist-function 'dma_pool_(create_node|destroy|alloc|free)' \
		-o $@ -- $(filter-out $(CC_FLAGS_LTO), $(bindgen-c-flags)) \
		-fno-builtin -D__BINDGEN__ -DMODULE

targets += $(safe-dma-bindings)
$(obj)/$(safe-dma-bindings): $(src)/rust/bindings/bindings_helper.h FORCE
	$(call if_changed_dep,bindgen)

$(obj)/rust/safe_dma.o: $(obj)/$(safe-dma-bindings)
