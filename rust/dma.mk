# SPDX-License-Identifier: GPL-2.0
#
# What the library needs of a Kbuild file besides the crate that has it: the C helpers that it calls,
# and the bindings of those helpers. Include it, add $(safe-dma-helpers) to the module's objects, and
# let the crate's object depend on $(obj)/$(safe-dma-bindings).

safe-dma-helpers := $(patsubst $(src)/%.c, %.o, $(sort $(wildcard $(src)/rust/helpers/*.c)))

safe-dma-bindings := rust/bindings/bindings_generated.rs
clean-files += $(safe-dma-bindings)

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
