/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions for Rust that call inline functions and macros of the kernel.
 *
 * A helper has the name of the function that it calls, after "helper_", and the same parameters.
 * Helpers without such a function are documented.
 */

#ifndef SAFE_DMA_HELPERS_H
#define SAFE_DMA_HELPERS_H

#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/types.h>

struct device;
struct dma_iova_state;
struct page;
struct scatterlist;
struct sg_table;

/* block.c */
#ifdef CONFIG_BLOCK
#include <linux/blk-mq-dma.h>

bool helper_blk_rq_dma_map_single(struct request *req, struct device *dma_dev, dma_addr_t *addr);
bool helper_blk_rq_dma_unmap(struct request *req, struct device *dma_dev,
			     struct dma_iova_state *state, size_t mapped_len,
			     enum pci_p2pdma_map_type map);
unsigned int helper_memalloc_noio_save(void);
void helper_memalloc_noio_restore(unsigned int flags);
#endif

/* dma.c */
bool helper_cc_platform_has(enum cc_attr attr);
int helper_dma_mapping_error(struct device *dev, dma_addr_t dma_addr);
u64 helper_dma_get_mask(struct device *dev);
bool helper_dev_is_dma_coherent(struct device *dev);
int helper_dma_get_cache_alignment(void);
bool helper_dma_kmalloc_safe(struct device *dev, enum dma_data_direction dir);
bool helper_dma_kmalloc_size_aligned(size_t size);
bool helper_dma_need_sync(struct device *dev, dma_addr_t dma_addr);

/* iova.c */
#ifndef CONFIG_IOMMU_DMA
bool helper_dma_iova_try_alloc(struct device *dev, struct dma_iova_state *state,
			       phys_addr_t phys, size_t size);
int helper_dma_iova_link(struct device *dev, struct dma_iova_state *state, phys_addr_t phys,
			 size_t offset, size_t size, enum dma_data_direction dir,
			 unsigned long attrs);
int helper_dma_iova_sync(struct device *dev, struct dma_iova_state *state, size_t offset,
			 size_t size);
void helper_dma_iova_unlink(struct device *dev, struct dma_iova_state *state, size_t offset,
			    size_t size, enum dma_data_direction dir, unsigned long attrs);
void helper_dma_iova_destroy(struct device *dev, struct dma_iova_state *state,
			     size_t mapped_len, enum dma_data_direction dir, unsigned long attrs);
#endif

/* mm.c */
void *helper_kmalloc(size_t size, gfp_t flags);
void *helper_page_address(struct page *page);
phys_addr_t helper_page_to_phys(struct page *page);
unsigned long helper_totalram_pages(void);
phys_addr_t helper_virt_to_phys(const void *addr);

/* pages.c */
void *helper_dma_alloc_noncoherent(struct device *dev, size_t size, dma_addr_t *dma_handle,
				   enum dma_data_direction dir, gfp_t gfp);
void helper_dma_free_noncoherent(struct device *dev, size_t size, void *vaddr,
				 dma_addr_t dma_handle, enum dma_data_direction dir);
void helper_flush_kernel_vmap_range(void *vaddr, int size);
void helper_invalidate_kernel_vmap_range(void *vaddr, int size);
phys_addr_t helper_sg_phys(struct scatterlist *sg);

/* resource.c */
bool helper_pfn_valid(unsigned long pfn);
dma_addr_t helper_phys_to_dma_unencrypted(struct device *dev, phys_addr_t paddr);

/* sg.c */
void helper_dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *sgt,
				     enum dma_data_direction dir);
void helper_dma_sync_sgtable_for_device(struct device *dev, struct sg_table *sgt,
					enum dma_data_direction dir);
struct page *helper_phys_to_page(phys_addr_t phys);

#endif /* SAFE_DMA_HELPERS_H */
