// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>

#include "helpers.h"

bool helper_cc_platform_has(enum cc_attr attr)
{
	return cc_platform_has(attr);
}

int helper_dma_mapping_error(struct device *dev, dma_addr_t dma_addr)
{
	return dma_mapping_error(dev, dma_addr);
}

u64 helper_dma_get_mask(struct device *dev)
{
	return dma_get_mask(dev);
}

bool helper_dev_is_dma_coherent(struct device *dev)
{
	return dev_is_dma_coherent(dev);
}

int helper_dma_get_cache_alignment(void)
{
	return dma_get_cache_alignment();
}

bool helper_dma_kmalloc_safe(struct device *dev, enum dma_data_direction dir)
{
	return dma_kmalloc_safe(dev, dir);
}

bool helper_dma_kmalloc_size_aligned(size_t size)
{
	return dma_kmalloc_size_aligned(size);
}

bool helper_dma_need_sync(struct device *dev, dma_addr_t dma_addr)
{
	return dma_need_sync(dev, dma_addr);
}
