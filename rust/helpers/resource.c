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

/* What dma_direct_map_phys() warns of: no IOMMU, and an address that @dev cannot drive. */
bool helper_dma_direct_overflow(struct device *dev, phys_addr_t phys, size_t size)
{
	unsigned long attrs = DMA_ATTR_MMIO;
	dma_addr_t addr;

	if (use_dma_iommu(dev))
		return false;

	if (cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT)) {
		attrs |= DMA_ATTR_CC_SHARED;
		addr = phys_to_dma_unencrypted(dev, phys);
	} else {
		addr = phys_to_dma_encrypted(dev, phys);
	}

	return !dma_capable(dev, addr, size, false, attrs);
}
