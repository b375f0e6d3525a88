// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/scatterlist.h>

#include "helpers.h"

void *helper_dma_alloc_noncoherent(struct device *dev, size_t size, dma_addr_t *dma_handle,
				   enum dma_data_direction dir, gfp_t gfp)
{
	return dma_alloc_noncoherent(dev, size, dma_handle, dir, gfp);
}

void helper_dma_free_noncoherent(struct device *dev, size_t size, void *vaddr,
				 dma_addr_t dma_handle, enum dma_data_direction dir)
{
	dma_free_noncoherent(dev, size, vaddr, dma_handle, dir);
}

void helper_flush_kernel_vmap_range(void *vaddr, int size)
{
	flush_kernel_vmap_range(vaddr, size);
}

void helper_invalidate_kernel_vmap_range(void *vaddr, int size)
{
	invalidate_kernel_vmap_range(vaddr, size);
}
