// SPDX-License-Identifier: GPL-2.0

//! The ways to misuse the DMA API, and what becomes of each of them here.
//!
//! The kernel's DMA debugger (`CONFIG_DMA_API_DEBUG`, `kernel/dma/debug.c`) watches the calls of
//! the C API while the kernel runs, and complains of those that do not fit together, on the path
//! that is taken. Here the compiler complains, of every path. Below, *here* is one of these:
//!
//! - **does not compile**: the compiler refuses it, because memory belongs to somebody else at that
//!   time, or is not of the kind that is wanted;
//! - **cannot be expressed**: there is no function, or no argument, to say it with;
//! - **returns an error**: it depends on numbers that are known at run time only. Nothing is done
//!   then, and what was passed in comes back.
//!
//! Each `.rs` is a file in `rust/compile_fail/`: a plausible mistake, with the compiler's error in
//! brackets, and beside it, as `_ok.rs`, the right way. Each check is one that is made on the device.
//! `make misuse` builds all those files, makes those checks, commits in C what C can commit without
//! harm (`rust/misuse/misuse.c`), and shows what the compiler and the debugger said.
//!
//! What is outside of this:
//!
//! - [`core::mem::forget`] is safe. It leaks, and what the device owns it then owns for ever.
//! - The device. It is given addresses, and is started, by an [`Engine`](super::transfer::Engine),
//!   whose author promises in `unsafe` code that it does neither wrongly. The number of a
//!   [`DeviceAddress`](super::span::DeviceAddress) is had by `unsafe` alone. A number that the
//!   driver makes up, and writes to a register, is outside of this: mainline's accessors of
//!   registers are safe. So is the address of mainline's own [`Coherent`](kernel::dma::Coherent),
//!   which is a number.
//! - What drivers keep in their data is dropped when the driver core has already given up the DMA of
//!   the IOMMU group. If root gives the group another domain in that moment, a mapping is unmapped in
//!   the wrong one. Drop mappings in `unbind`.
//! - `auxiliary::Device::parent()` of mainline gives out a parent as bound whose driver may be gone, if
//!   the registration was forgotten.
//!
// Below: written by `make misuse-docs`, from the files that the table names.
//!
//! # Mapping
//!
//! | the DMA debugger | C code that | here | see |
//! | --- | --- | --- | --- |
//! | `device driver maps memory from stack` | maps a command that is a local variable | does not compile (E0277) | `map_stack.rs` |
//! | `device driver maps memory from kernel text or rodata` (not on arm64, where the kernel's image is not in the linear map) | maps a constant table | does not compile (E0277) | `map_rodata.rs` |
//! | `device driver maps memory from kernel text or rodata` (not on arm64, where the kernel's image is not in the linear map) | maps a function's code, to let the device check it | does not compile (E0277) | `map_text.rs` |
//! | `device driver maps memory from invalid area` | maps a pointer that is not to the kernel's linear map, such as one from ioremap() | does not compile (E0277) | `map_invalid_area.rs` |
//! | `device driver maps memory from invalid area` | asks for the physical address of a pointer that leads nowhere | does not compile (E0133) | `phys_of_nothing.rs` |
//! | `device driver maps memory from vmalloc area` (`dma_map_single()` refuses before that: `rejecting DMA map of vmalloc memory`) | maps what kvmalloc() returned, which is from vmalloc() when memory is short | does not compile (E0277) | `map_kvmalloc.rs` |
//! | `device driver maps memory from vmalloc area` (`dma_map_single()` refuses before that: `rejecting DMA map of vmalloc memory`) | maps a large table from vmalloc() | does not compile (E0277) | `map_vmalloc.rs` |
//! | `device driver maps memory from vmalloc area` (`dma_map_single()` refuses before that: `rejecting DMA map of vmalloc memory`) | maps a structure that was allocated by vmalloc() | does not compile (E0277) | `map_vmalloc_box.rs` |
//! | `mapping sg segment longer than device claims to support` | allocates non-contiguous memory that is more than the device takes as one segment | returns an error | check `pages/refused segment` |
//! | `mapping sg segment longer than device claims to support` | makes a table with segments as long as it likes | cannot be expressed: segments are as long as the device takes them (E0061) | `sg_too_long.rs` |
//! | `mapping sg segment across boundary` | makes a segment of two pieces that lie on both sides of a boundary | cannot be expressed: segments are made by the library, of memory that it owns (E0277) | `sg_boundary.rs` |
//! | `dma_map_resource called for RAM address` | maps memory with the attribute for registers | returns an error | check `streaming/refused DMA_ATTR_MMIO` |
//! | `dma_map_resource called for RAM address` | takes the address of memory for that of registers | returns an error | check `resource/refused RAM` |
//! | `dma_map_resource called for RAM address` | maps the physical address of memory as if it were of registers | cannot be expressed: registers are lent by the driver that has them (E0308) | `resource_of_ram.rs` |
//! | `dma_map_resource called for RAM address` | maps a physical address that it believes to be of registers | does not compile (E0133) | `resource_without_promise.rs` |
//! | `cacheline tracking EEXIST, overlapping mappings aren't supported` (not while the kernel has bounce buffers) | maps the same buffer twice | does not compile (E0382) | `overlapping_cache_lines.rs` |
//! | `unaligned: iova` (`iommu_map()` says so; the debugger sees nothing) | maps a size that is not of whole pages | returns an error | check `iova/refused in the middle` |
//!
//! # Unmapping
//!
//! | the DMA debugger | C code that | here | see |
//! | --- | --- | --- | --- |
//! | `device driver has pending DMA allocations while released from device` | frees memory from dma_alloc_noncoherent() with kfree(), and it stays mapped | cannot be expressed (E0277) | `pages_freed_otherwise.rs` |
//! | `device driver has pending DMA allocations while released from device` | leaves memory of the device to work that runs after the driver has gone | does not compile (E0521) | `pages_outlive_binding.rs` |
//! | `device driver has pending DMA allocations while released from device` | leaves a mapping to work that runs after the driver has gone | does not compile (E0521) | `pending_at_release.rs` |
//! | `device driver has pending DMA allocations while released from device` | keeps a buffer in its turn, with its mapping, when it has let go of the device | does not compile (E0521) | `turn_outlives_binding.rs` |
//! | `device driver tries to free an invalid DMA memory address` | unmaps what a failed mapping returned | does not compile (E0599) | `free_invalid_address.rs` |
//! | `device driver tries to free DMA memory it has not allocated` | unmaps the address of a fragment, which was not what was mapped | cannot be expressed (E0599) | `free_by_address.rs` |
//! | `device driver tries to free DMA memory it has not allocated` | unmaps on the error path what was unmapped before | does not compile (E0382) | `free_not_allocated.rs` |
//! | `device driver frees DMA memory with different size` | unmaps a buffer with another length than it was mapped with | cannot be expressed (E0061) | `free_size.rs` |
//! | `device driver frees DMA memory with wrong function` | unmaps coherent memory as if it were a streaming mapping | cannot be expressed (E0599) | `free_function.rs` |
//! | `device driver frees DMA memory with different CPU address` | replaces the memory of a ring, but not its DMA address | does not compile (E0616) | `free_cpu_address.rs` |
//! | `device driver frees DMA sg list with different entry count` | unmaps as many entries as dma_map_sg() returned, not as many as it was given | cannot be expressed (E0061) | `free_sg_count.rs` |
//! | `device driver frees DMA memory with different direction` | unmaps as if the device had written to what it has only read | does not compile (E0308) | `free_direction.rs` |
//! | `device driver frees DMA memory with different attributes` | forgets at the unmapping the attributes of the mapping | cannot be expressed (E0061) | `free_attributes.rs` |
//! | `device driver failed to check map error` | hands the address to the device without dma_mapping_error() | does not compile (E0599) | `map_error_unchecked.rs` |
//!
//! # Syncing
//!
//! | the DMA debugger | C code that | here | see |
//! | --- | --- | --- | --- |
//! | `device driver tries to sync DMA memory it has not allocated` | syncs a buffer that it has unmapped | does not compile (E0382) | `sync_not_allocated.rs` |
//! | `device driver tries to sync DMA memory it has not allocated` | syncs memory that dma_iova_link() has mapped, for which there is no sync | does not compile (E0277) | `turn_of_iova.rs` |
//! | `device driver syncs DMA memory outside allocated range` | syncs more than it mapped | returns an error | check `sync/refused range` |
//! | `device driver syncs DMA memory with different direction` | syncs a bidirectional mapping as if the device had only written | cannot be expressed (E0061) | `sync_direction.rs` |
//! | `device driver syncs device read-only DMA memory for cpu` | syncs what the device may only read as if it had written there | does not compile (E0308) | `sync_read_only_for_cpu.rs` |
//! | `device driver syncs device write-only DMA memory to device` | writes to a buffer that the device will not read, and syncs that | does not compile (E0594) | `sync_write_only_for_device.rs` |
//! | `device driver syncs DMA sg list with different entry count` | syncs as many entries as dma_map_sg() returned, not as many as it was given | cannot be expressed (E0061) | `sync_sg_count.rs` |
//!
//! # What the debugger says nothing of
//!
//! | the DMA debugger | C code that | here | see |
//! | --- | --- | --- | --- |
//! | nothing: dma_pool_destroy() itself says "busy" | destroys a pool while objects of it are in use | cannot be expressed (E0599) | `pool_destroyed_busy.rs` |
//! | nothing: it does not know how the CPU has the memory | maps coherent memory that the CPU has uncached for a second device, as if it were cached | returns an error | check `coherent/shared refused` |
//! | nothing: it does not know of addresses that pieces are linked to | frees a page that is still linked | does not compile (E0382) | `iova_freed_linked.rs` |
//! | nothing: it does not know of addresses that pieces are linked to | starts the device before dma_iova_sync() | cannot be expressed: what is not finished has no address (E0599) | `iova_not_synced.rs` |
//! | nothing: it does not know what size was meant | allocates a number of elements whose size overflows, and has less memory than it believes | returns an error | check `pages/refused size` |
//! | nothing: it does not know what the memory holds | takes what the device wrote for a bool, which may then be neither true nor false | does not compile (E0277) | `boolean.rs` |
//! | nothing: it does not know what the memory holds | lets the device read the padding of a structure, with what was in that memory before | does not compile (E0277) | `padding.rs` |
//! | nothing: it does not know what the memory holds | lets the device write to a structure that has pointers of the kernel in it | does not compile (E0277) | `reference_inside.rs` |
//! | nothing: it does not know what the memory holds | lets the device read memory that nobody has written to | does not compile (E0277) | `uninitialised.rs` |
//! | nothing: it does not know what the memory holds | reads what a bounce buffer, or the device, left of memory that nobody has written to | does not compile (E0277) | `uninitialised_receive.rs` |
//! | nothing: it does not know whose memory it is | keeps another device's memory mapped after that device has gone | does not compile (E0621) | `shared_outlives_owner.rs` |
//! | nothing: it does not know whose registers they are | keeps the mapping of another device's registers after that device has gone | does not compile (E0621) | `resource_outlives_device.rs` |
//! | nothing: it does not know whose registers they are | maps registers of another device, which start its DMA, without asking its driver | does not compile (E0133) | `resource_without_consent.rs` |
//! | nothing: it does not know whose turn it is | syncs for the device twice, and a bounce buffer loses what was received | cannot be expressed: only the library can call that (E0061) | `turn_ended_twice.rs` |
//! | nothing: it does not miss what is not called | skips the syncs of the mapping, and does not sync itself | returns an error | check `streaming/refused DMA_ATTR_SKIP_CPU_SYNC` |
//! | nothing: it does not miss what is not called | does not sync a buffer of a pool before the device reads it | does not compile (E0277) | `recycled_not_synced.rs` |
//! | nothing: it does not see what the CPU does | frees a buffer that is still mapped | does not compile (E0382) | `buffer_freed_mapped.rs` |
//! | nothing: it does not see what the CPU does | writes to coherent memory while the device is at work there | does not compile (E0382) | `coherent_in_flight.rs` |
//! | nothing: it does not see what the CPU does | keeps a plain pointer to coherent memory while the device writes there | does not compile (E0133) | `coherent_reference.rs` |
//! | nothing: it does not see what the CPU does | reads a buffer while the device owns it | does not compile (E0382) | `cpu_reads_mapped.rs` |
//! | nothing: it does not see what the CPU does | writes to a buffer while the device owns it | does not compile (E0382) | `cpu_writes_mapped.rs` |
//! | nothing: it does not see what the CPU does | uses a mapping through a file that is still open when the driver has gone | does not compile (E0521) | `mapping_outlives_binding.rs` |
//! | nothing: it does not see what the CPU does | reads a buffer, well synced, while the device is still writing to it | does not compile (E0382) | `mapping_used_in_flight.rs` |
//! | nothing: it does not see what the CPU does | lets user space map memory, and then changes what kind of area it is | does not compile (E0133) | `mmap_without_promise.rs` |
//! | nothing: it does not see what the CPU does | reads non-contiguous memory from the address of its first page on | cannot be expressed (E0599) | `noncontiguous_without_vmap.rs` |
//! | nothing: it does not see what the CPU does | takes what the device wrote for a bool | does not compile (E0277) | `pages_of_booleans.rs` |
//! | nothing: it does not see what the CPU does | reads memory from dma_alloc_noncoherent() without a sync | cannot be expressed (E0608) | `pages_read_unsynced.rs` |
//! | nothing: it does not see what the CPU does | writes to memory that only the device writes, and that is invalidated in the caches next time | does not compile (E0594) | `pages_write_from_device.rs` |
//! | nothing: it does not see what the CPU does | writes memory from dma_alloc_noncoherent(), and the device reads what was there before | does not compile (E0505) | `pages_written_unsynced.rs` |
//! | nothing: it does not see what the CPU does | reads a descriptor that it has given to a transfer, which has not ended | does not compile (E0382) | `pool_object_in_flight.rs` |
//! | nothing: it does not see what the CPU does | destroys a pool, and uses a buffer of it | does not compile (E0505) | `recycled_pool_gone.rs` |
//! | nothing: it does not see what the CPU does | reads a buffer of a pool before the device has written it | does not compile (E0382) | `recycled_read_in_flight.rs` |
//! | nothing: it does not see what the CPU does | uses a buffer that it has put back into the pool | does not compile (E0382) | `recycled_used.rs` |
//! | nothing: it does not see what the CPU does | takes buffers in a thread and puts them back in an interrupt's handler, without a lock | does not compile (E0277) | `recycled_without_lock.rs` |
//! | nothing: it does not see what the CPU does | writes what the device is to read into a buffer of a pool for receiving | does not compile (E0594) | `recycled_wrong_direction.rs` |
//! | nothing: it does not see what the CPU does | keeps a pointer into the buffer from before it was mapped | does not compile (E0505) | `reference_from_before_map.rs` |
//! | nothing: it does not see what the CPU does | keeps a pointer into the buffer when it has given it back to the device | does not compile (E0505) | `reference_from_guard.rs` |
//! | nothing: it does not see what the CPU does | writes to a buffer while it is mapped, in the function that was given both | does not compile (E0499) | `scoped_cpu_writes.rs` |
//! | nothing: it does not see what the CPU does | writes to a list that the device fills, and that the device will never read | does not compile (E0277) | `sg_write_from_device.rs` |
//! | nothing: it does not see what the CPU does | maps a field of a structure, which shares a cache line with what the CPU uses | does not compile (E0277) | `shared_cache_line.rs` |
//! | nothing: it does not see what the CPU does | writes to coherent memory that is mapped for a second device, which does not see it | does not compile (E0382) | `shared_written_mapped.rs` |
//! | nothing: it does not see what the CPU does | reads a buffer that another thread may just be giving to the device | does not compile (E0596) | `sync_through_shared.rs` |
//! | nothing: it does not see what the CPU does | passes on the pages of coherent memory that it has freed | does not compile (E0505) | `table_after_free.rs` |
//! | nothing: it does not see what the CPU does | reads the buffer after it has given it back to the device in an earlier call | does not compile (E0382) | `turn_over.rs` |
//! | nothing: it does not see what the CPU does | keeps a pointer into the buffer over the end of a turn that an earlier call began | does not compile (E0505) | `turn_reference_kept.rs` |
//! | nothing: it does not see what the CPU does | writes, in its turn, to a list that the device fills, and that the device will never read | does not compile (E0277) | `turn_sg_write_from_device.rs` |
//! | nothing: it does not see what the CPU does | writes, in its turn, to a buffer that the device fills, and that the device will never read | does not compile (E0596) | `turn_write_from_device.rs` |
//! | nothing: it does not see what the CPU does | two functions have the buffer synced for the CPU, and one gives it back | does not compile (E0499) | `two_guards.rs` |
//! | nothing: it does not see what the CPU does | reads through an address from dma_vmap_noncontiguous() after dma_vunmap_noncontiguous() | does not compile (E0505) | `vmap_gone.rs` |
//! | nothing: it does not see what the CPU does | lets several threads at memory of a device that is for one at a time | does not compile (E0277) | `vmap_shared.rs` |
//! | nothing: it does not see what the device does | keeps a DMA address, and writes it to a descriptor after the buffer was unmapped | does not compile (E0308) | `address_after_unmap.rs` |
//! | nothing: it does not see what the device does | compares a DMA address with a number of its own, to know it later | cannot be expressed: no address is made of a number (E0308) | `address_from_number.rs` |
//! | nothing: it does not see what the device does | keeps the DMA address of coherent memory, and uses it when that is freed | cannot be expressed: it is no number (E0599) | `address_of_coherent.rs` |
//! | nothing: it does not see what the device does | finds the number of a DMA address by comparisons, and uses it after the buffer was unmapped | cannot be expressed: addresses have no order (E0369) | `address_ordered.rs` |
//! | nothing: it does not see what the device does | prints a DMA address, and reads the number out of the text | cannot be expressed: an address is not printed (E0277) | `address_printed.rs` |
//! | nothing: it does not see what the device does | writes the address of a buffer to a register, and forgets when the device is done with it | does not compile (E0133) | `address_without_promise.rs` |
//! | nothing: it does not see what the device does | unmaps and frees a buffer while the device is still at work | does not compile (E0382) | `buffer_freed_in_flight.rs` |
//! | nothing: it does not see what the device does | lets the device read a buffer that is mapped for writing | does not compile (E0277) | `device_reads_from_device.rs` |
//! | nothing: it does not see what the device does | lets the device write to a buffer that is mapped for reading | does not compile (E0277) | `device_writes_to_device.rs` |
//! | nothing: it does not see what the device does | frees the engine while a transfer of it is in flight | does not compile (E0505) | `engine_gone_in_flight.rs` |
//! | nothing: it does not see what the device does | starts the device and keeps no account of what it is using | does not compile (E0133) | `engine_started_without_unsafe.rs` |
//! | nothing: it does not see what the device does | unmaps when the driver believes that the device is done | does not compile (E0200) | `engine_without_promise.rs` |
//! | nothing: it does not see what the device does | starts the device before it has synced the buffer back | does not compile (E0505) | `guard_across_transfer.rs` |
//! | nothing: it does not see what the device does | hands a transfer memory that it does not keep mapped | does not compile (E0200) | `memory_without_promise.rs` |
//! | nothing: it does not see what the device does | lets the device read memory that was allocated for it to write | does not compile (E0277) | `pages_direction.rs` |
//! | nothing: it does not see what the device does | uses the physical address of a buffer as its DMA address, after unmapping | cannot be expressed: a mapping does not tell the physical address (E0599) | `phys_is_the_address.rs` |
//! | nothing: it does not see what the device does | takes the physical address of a part of a list for its DMA address | does not compile (E0133) | `phys_of_piece.rs` |
//! | nothing: it does not see what the device does | frees an object to its pool while the device is still at work | does not compile (E0382) | `pool_object_freed_in_flight.rs` |
//! | nothing: it does not see what the device does | queues a buffer of a pool for two transfers | does not compile (E0382) | `recycled_twice.rs` |
//! | nothing: it does not see what the device does | keeps a mapping beyond the function that was to use it | does not compile (E0521) | `scoped_escapes.rs` |
//! | nothing: it does not see what the device does | starts a transfer of a buffer that the caller will use again, and does not wait for its end | does not compile (E0277) | `scoped_transfer_forgotten.rs` |
//! | nothing: it does not see what the device does | passes on a buffer that is mapped for reading as one that the device may write to | does not compile (E0117) | `sealed_device_writes.rs` |
//! | nothing: it does not see what the device does | unmaps a list when its first segment is done, while the device is at the second | does not compile (E0382) | `sg_two_segments.rs` |
//! | nothing: it does not see what the device does | lets a device write to its coherent memory while a second one has it | does not compile (E0382) | `shared_both_devices.rs` |
//! | nothing: it does not see what the device does | gives the device an address that it has unmapped | does not compile (E0505) | `span_after_unmap.rs` |
//! | nothing: it does not see what the device does | adds to a DMA address, and leaves the buffer | cannot be expressed (E0369) | `span_arithmetic.rs` |
//! | nothing: it does not see what the device does | gives the device a length that the buffer does not have | does not compile (E0308) | `span_beyond_mapping.rs` |
//! | nothing: it does not see what the device does | puts the address of what the device may only read into a receive descriptor | does not compile (E0277) | `span_for_writing.rs` |
//! | nothing: it does not see what the device does | makes up a DMA address | does not compile (E0133) | `span_without_promise.rs` |
//! | nothing: it does not see what the device does | lets a request point to a mapping that its owner may undo at any time | does not compile (E0277) | `transfer_of_borrowed.rs` |
//! | nothing: it does not see what the device does | gives the device more than it mapped | returns an error | check `transfer/refused range` |
//! | nothing: it does not see what the device does | starts the device in the CPU's turn, which an earlier call began | does not compile (E0277) | `turn_given_to_device.rs` |
//! | nothing: it does not see what the device does | starts a second transfer of the same buffer before the first is over | does not compile (E0382) | `two_transfers.rs` |
//! | nothing: it does not see what the device does | takes the buffer out of the request while the device is still at work | does not compile (E0616) | `unmapped_in_flight.rs` |
//! | nothing: it has no account of a mapping that was not made | does not look for an error, and gives the device DMA_MAPPING_ERROR for an address | returns an error | check `limits/addresses used up are refused` |
//! | nothing: it has no account of a mapping that was not made | maps more than dma_max_mapping_size(), and takes it for mapped | returns an error | check `limits/too large` |
//! | nothing: it knows what is mapped, and not what lies beside it | maps a part of an allocation that shares its cache line with the rest of the heap | returns an error | check `streaming/partial cache line` |
//! | nothing: it sees calls, and not what the driver relies on | maps memory of any kind, and trusts that it is the right one | does not compile (E0200) | `buffer_without_promise.rs` |
//! | nothing: it sees calls, and not what the driver relies on | takes a buffer out of a pool behind its back, and marks it as one that needs no sync | cannot be expressed: only the library can call that (E0061) | `recycled_slot_taken.rs` |
//! | nothing: it sees calls, and not what the driver relies on | takes a buffer out of a pool by a pointer to its functions | cannot be expressed: only the library can call that (E0061) | `recycled_slot_taken_dyn.rs` |
//! | nothing: it sees calls, and not what the driver relies on | puts a buffer back into the pool of another device | does not compile (E0277) | `recycled_to_another_pool.rs` |
//! | nothing: it sees calls, and not what the driver relies on | casts a number of its own to enum dma_data_direction | does not compile (E0277) | `sealed_direction.rs` |
//! | nothing: it sees calls, and not what the driver relies on | maps whatever there is | does not compile (E0277) | `sealed_permits.rs` |
