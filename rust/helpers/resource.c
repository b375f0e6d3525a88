// SPDX-License-Identifier: GPL-2.0

#include <linux/cc_platform.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>
#include <linux/mmzone.h>

#include "helpers.h"

bool helper_pfn_valid(unsigned long pfn)
{
	return pfn_valid(pfn);
}

/*
 * Returns whether dma_direct_map_phys() would warn: no IOMMU, and an address beyond the mask of
 * @dev, or a guest with encrypted memory, which does not share MMIO.
 */
bool helper_dma_direct_overflow(struct device *dev, phys_addr_t phys, size_t size)
{
	if (use_dma_iommu(dev))
		return false;

	/* The condition of force_dma_unencrypted(), which is not exported everywhere. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) && !cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return true;

	/*
	 * A host with encrypted memory treats MMIO as shared. Without encryption, the attribute has
	 * no effect.
	 */
	return !dma_capable(dev, phys_to_dma_unencrypted(dev, phys), size, false,
			    DMA_ATTR_CC_SHARED);
}
