// SPDX-License-Identifier: GPL-2.0

//! The way of an operation through the kernel, from the C function behind it to the hardware.
//!
//! As Linux 7.3 has it, for a device behind an Arm SMMUv3, and for one that nobody translates for: there
//! is no IOMMU, or `iommu.passthrough=1` gave it an identity domain. `>` is a call. `make trace`
//! shows the same as it is in the guest.
//!
//! # The layers
//!
//! | layer | source | what it does |
//! | --- | --- | --- |
//! | DMA API | `kernel/dma/mapping.c` | picks one of the ways below, and tells the DMA debugger (`kernel/dma/debug.c`) |
//! | direct | `kernel/dma/direct.c` | without translation: the address on the bus is made from the physical one |
//! | bounce | `kernel/dma/swiotlb.c` | copies through memory that the device can reach |
//! | contiguous memory | `kernel/dma/contiguous.c`, `kernel/dma/pool.c` | CMA, and a pool for those who may not sleep |
//! | DMA behind an IOMMU | `drivers/iommu/dma-iommu.c` | picks a range of IO virtual addresses (IOVA), and has it mapped |
//! | IOMMU | `drivers/iommu/iommu.c` | splits a range into the sizes of pages that the IOMMU has |
//! | SMMUv3 | `drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c` | the commands and the events of the hardware |
//! | its page table | `drivers/iommu/io-pgtable-arm.c` | the entries that the hardware reads |
//!
//! Who picks is decided when a driver is probed: `of_dma_configure()` or `acpi_dma_configure()` finds the
//! device's IOMMU, and `iommu_setup_dma_ops()` notes in the device whether its DMA is translated, which
//! `use_dma_iommu()` asks for. If it is not, `dma_map_direct()` says so.
//!
//! # One buffer: [`Mapping`](super::streaming::Mapping)
//!
//! | | behind the SMMU | without translation |
//! | --- | --- | --- |
//! | map | `dma_map_phys()` > `iommu_dma_map_phys()` > `__iommu_dma_map()` > `iommu_dma_alloc_iova()`, then `iommu_map()` > `iommu_map_nosync()` > `__iommu_map_domain_pgtbl()` > `arm_smmu_map_pages()` > `arm_lpae_map_pages()` > `__arm_lpae_map()` | `dma_map_phys()` > `dma_direct_map_phys()`, which calculates |
//! | map what must be bounced | the same, and before that `iommu_dma_map_swiotlb()` > `swiotlb_tbl_map_single()` | `dma_direct_map_phys()` > `swiotlb_map()` > `swiotlb_tbl_map_single()` |
//! | sync | `__dma_sync_single_for_cpu()` > `iommu_dma_sync_single_for_cpu()` > `iommu_iova_to_phys()`, `arch_sync_dma_for_cpu()`, `swiotlb_sync_single_for_cpu()`; to the device likewise | `__dma_sync_single_for_cpu()` > `dma_direct_sync_single_for_cpu()`, and from there the same two |
//! | unmap | `dma_unmap_phys()` > `iommu_dma_unmap_phys()` > `__iommu_dma_unmap()` > `iommu_unmap_fast()` > `arm_smmu_unmap_pages()` > `arm_lpae_unmap_pages()`, then `iommu_iotlb_sync()` > `arm_smmu_iotlb_sync()`, and `iommu_dma_free_iova()` | `dma_unmap_phys()` > `dma_direct_unmap_phys()` |
//!
//! - `dma_map_single_attrs()` and `dma_map_page_attrs()` are ways to say `dma_map_phys()`.
//! - `arch_sync_dma_for_device()` and `arch_sync_dma_for_cpu()` write back and invalidate the CPU's caches,
//!   and are called for a device that is not cache-coherent. For one that is, and whose buffer is not
//!   bounced, sync has nothing to do.
//! - What must be bounced: everything with `swiotlb=force` where nothing is translated, what is beyond the
//!   device's mask there, and small buffers from `kmalloc()` that share a cache line with other memory, for
//!   a device that is not coherent (`dma_kmalloc_needs_bounce()`).
//! - With `iommu.strict=0` the IOMMU's cache is invalidated later: in the place of `iommu_iotlb_sync()`,
//!   `iommu_dma_free_iova()` puts the range into a queue (`queue_iova()`), and nobody gets it before that.
//!
//! # Memory in pieces: [`SgMapping`](super::sg::SgMapping)
//!
//! | | behind the SMMU | without translation |
//! | --- | --- | --- |
//! | map | `dma_map_sgtable()` > `__dma_map_sg_attrs()` > `iommu_dma_map_sg()` > `iommu_dma_alloc_iova()`, one range for all; `iommu_map_sg()` > `iommu_map_nosync()` for each piece, as above; `__finalise_sg()` merges the entries | `__dma_map_sg_attrs()` > `dma_direct_map_sg()` > `dma_direct_map_phys()` for each entry |
//! | sync | `__dma_sync_sg_for_cpu()` > `iommu_dma_sync_sg_for_cpu()` | `__dma_sync_sg_for_cpu()` > `dma_direct_sync_sg_for_cpu()` |
//! | unmap | `dma_unmap_sg_attrs()` > `iommu_dma_unmap_sg()` > `__iommu_dma_unmap()`, as above | `dma_unmap_sg_attrs()` > `dma_direct_unmap_sg()` |
//!
//! If an entry must be bounced behind an IOMMU, each is mapped alone: `iommu_dma_map_sg_swiotlb()`.
//!
//! # Coherent memory: [`CoherentMemory`](super::coherent::CoherentMemory)
//!
//! | | behind the SMMU | without translation |
//! | --- | --- | --- |
//! | may sleep | `dma_alloc_attrs()` > `iommu_dma_alloc()` > `iommu_dma_alloc_remap()`: pages from anywhere (`__iommu_dma_alloc_noncontiguous()`), one range for the device, and one for the CPU (`dma_common_pages_remap()`) | `dma_alloc_attrs()` > `dma_direct_alloc()` > `__dma_direct_alloc_pages()` > `dma_alloc_contiguous()`: CMA first |
//! | `DMA_ATTR_FORCE_CONTIGUOUS`, or may not sleep | `iommu_dma_alloc()` > `iommu_dma_alloc_pages()` > `dma_alloc_contiguous()`, else the page allocator; then `__iommu_dma_map()` | as above |
//! | may not sleep, and the device is not coherent | `iommu_dma_alloc()` > `dma_alloc_from_pool()`, then `__iommu_dma_map()` | `dma_direct_alloc()` > `dma_direct_alloc_from_pool()` > `dma_alloc_from_pool()` |
//! | to user space | `dma_mmap_attrs()` > `iommu_dma_mmap()` | `dma_mmap_attrs()` > `dma_direct_mmap()` |
//! | for a second device | `dma_get_sgtable_attrs()` > `iommu_dma_get_sgtable()`, then as memory in pieces, for the second device | `dma_get_sgtable_attrs()` > `dma_direct_get_sgtable()`, then the same |
//!
//! # Memory that is allocated for a device
//!
//! | | behind the SMMU | without translation |
//! | --- | --- | --- |
//! | pages | `dma_alloc_pages()` > `__dma_alloc_pages()` > `dma_common_alloc_pages()` > `dma_alloc_contiguous()`, then `iommu_dma_map_phys()` | `__dma_alloc_pages()` > `dma_direct_alloc_pages()` |
//! | pages from anywhere | `dma_alloc_noncontiguous()` > `iommu_dma_alloc_noncontiguous()` > `__iommu_dma_alloc_noncontiguous()` | `dma_alloc_noncontiguous()` > `alloc_single_sgt()`, which is pages in one piece |
//!
//! # Addresses alone
//!
//! | | behind the SMMU | without translation |
//! | --- | --- | --- |
//! | registers of another device | `dma_map_resource()` > `dma_map_phys()` with `DMA_ATTR_MMIO`: mapped as one buffer is, without sync and bounce | the physical address |
//! | a range in pieces | `dma_iova_try_alloc()` > `iommu_dma_alloc_iova()`; `dma_iova_link()` > `__dma_iova_link()` > `iommu_map_nosync()`; `dma_iova_sync()` > `iommu_sync_map()` | `dma_iova_try_alloc()` says no |
//! | the doorbell of an MSI | `iommu_dma_prepare_msi()` > `iommu_dma_get_msi_page()` | the physical address |
