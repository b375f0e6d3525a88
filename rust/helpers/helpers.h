/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inline functions and macros of the kernel, as functions that Rust can call.
 *
 * Each helper has the name and the parameters of what it calls, after "helper_".
 * Those that call more than one thing say what they do.
 */

#ifndef SAFE_DMA_HELPERS_H
#define SAFE_DMA_HELPERS_H

#include <linux/dma-mapping.h>
#include <linux/types.h>

struct device;
struct iommu_domain;
struct page;
struct scatterlist;
struct sg_table;

/* coherent.c */
bool helper_dev_has_own_memory(struct device *dev);

/* dma.c */
dma_addr_t helper_dma_map_single_attrs(struct device *dev, void *ptr, size_t size,
				       enum dma_data_direction dir, unsigned long attrs);
void helper_dma_unmap_single_attrs(struct device *dev, dma_addr_t addr, size_t size,
				   enum dma_data_direction dir, unsigned long attrs);
int helper_dma_mapping_error(struct device *dev, dma_addr_t dma_addr);
void helper_dma_sync_single_range_for_cpu(struct device *dev, dma_addr_t addr,
					  unsigned long offset, size_t size,
					  enum dma_data_direction dir);
void helper_dma_sync_single_range_for_device(struct device *dev, dma_addr_t addr,
					     unsigned long offset, size_t size,
					     enum dma_data_direction dir);
u64 helper_dma_get_mask(struct device *dev);
u64 helper_dma_coherent_mask(struct device *dev);
unsigned int helper_dma_get_max_seg_size(struct device *dev);
bool helper_dev_is_dma_coherent(struct device *dev);
int helper_dma_get_cache_alignment(void);
bool helper_dma_kmalloc_safe(struct device *dev, enum dma_data_direction dir);
bool helper_dma_kmalloc_size_aligned(size_t size);
unsigned long helper_dma_get_seg_boundary(struct device *dev);

/* iommu.c */
unsigned int helper_iommu_domain_type(struct iommu_domain *domain);
const char *helper_dev_iommu_name(struct device *dev);

/* mm.c */
void *helper_page_address(struct page *page);
phys_addr_t helper_cpu_addr_to_phys(const void *addr);

/* sg.c */
void helper_dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *sgt,
				     enum dma_data_direction dir);
void helper_dma_sync_sgtable_for_device(struct device *dev, struct sg_table *sgt,
					enum dma_data_direction dir);
void helper_sg_set_phys(struct scatterlist *sg, phys_addr_t phys, unsigned int len);
phys_addr_t helper_sg_phys(struct scatterlist *sg);

#endif /* SAFE_DMA_HELPERS_H */
