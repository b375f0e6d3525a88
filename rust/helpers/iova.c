// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>

#include "helpers.h"

/* Inline stubs without CONFIG_IOMMU_DMA; Rust calls the functions otherwise. */
#ifndef CONFIG_IOMMU_DMA

bool helper_dma_iova_try_alloc(struct device *dev, struct dma_iova_state *state,
			       phys_addr_t phys, size_t size)
{
	return dma_iova_try_alloc(dev, state, phys, size);
}

int helper_dma_iova_link(struct device *dev, struct dma_iova_state *state, phys_addr_t phys,
			 size_t offset, size_t size, enum dma_data_direction dir,
			 unsigned long attrs)
{
	return dma_iova_link(dev, state, phys, offset, size, dir, attrs);
}

int helper_dma_iova_sync(struct device *dev, struct dma_iova_state *state, size_t offset,
			 size_t size)
{
	return dma_iova_sync(dev, state, offset, size);
}

void helper_dma_iova_unlink(struct device *dev, struct dma_iova_state *state, size_t offset,
			    size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	dma_iova_unlink(dev, state, offset, size, dir, attrs);
}

void helper_dma_iova_destroy(struct device *dev, struct dma_iova_state *state,
			     size_t mapped_len, enum dma_data_direction dir, unsigned long attrs)
{
	dma_iova_destroy(dev, state, mapped_len, dir, attrs);
}

#endif /* CONFIG_IOMMU_DMA */
