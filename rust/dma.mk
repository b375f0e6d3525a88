# SPDX-License-Identifier: GPL-2.0
#
# The library, for a Kbuild file: a crate of its own, and the C helpers that it calls. Include this, add
# $(safe-dma-objects) to the module's objects, and let the object of each crate that uses the library depend
# on $(obj)/rust/safe_dma.o.

safe-dma-objects := rust/safe_dma.o $(patsubst $(src)/%.c, %.o, $(sort $(wildcard $(src)/rust/helpers/*.c)))

# Each crate writes its metadata beside its object, and finds that of the others there.
rustflags-y += --emit=metadata -L$(obj)/rust --extern safe_dma

# The library may be in several modules, and the kernel's rules compile for the name of one. The name is always the
# same, so that what is built does not depend on which modules are built.
$(addprefix $(obj)/, $(safe-dma-objects)): private __modname := safe_dma

safe-dma-bindings := rust/bindings/bindings_generated.rs
clean-files += $(safe-dma-bindings) rust/*.rmeta

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
	$(BINDGEN) $< --formatter none --rust-target 1.85 --use-core --ctypes-prefix ffi --no-layout-tests \
		--no-doc-comments --no-recursive-allowlist --allowlist-type 'cc_attr|kmsg_dump_iter|dma_pool' \
		--allowlist-function 'helper_.*|kmsg_dump_get_line' --allowlist-var 'HELPER_.*' \
		--allowlist-var 'MAP_(ANONYMOUS|PRIVATE)|PROT_(READ|WRITE)' \
		--allowlist-function 'dma_pool_(create_node|destroy|alloc|free)' \
		--allowlist-function 'blk_rq_dma_map_iter_(start|next)' \
		--allowlist-type 'blk_(dma|map)_iter|(pci_)?p2pdma_(map_state|map_type|provider)' \
		-o $@ -- $(filter-out $(CC_FLAGS_LTO), $(bindgen-c-flags)) \
		-fno-builtin -D__BINDGEN__ -DMODULE

targets += $(safe-dma-bindings)
$(obj)/$(safe-dma-bindings): $(src)/rust/bindings/bindings_helper.h FORCE
	$(call if_changed_dep,bindgen)

$(obj)/rust/safe_dma.o: $(obj)/$(safe-dma-bindings)
