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
 * Whether dma_direct_map_phys() would warn: no IOMMU, and an address that @dev cannot drive, or a
 * guest with encrypted memory, which shares none of its MMIO.
 */
bool helper_dma_direct_overflow(struct device *dev, phys_addr_t phys, size_t size)
{
	if (use_dma_iommu(dev))
		return false;

	/* There force_dma_unencrypted() is true. It is not exported everywhere. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) && !cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return true;

	/*
	 * A host that encrypts its memory treats MMIO as shared. Where nothing is encrypted, that
	 * changes neither the address nor the answer.
	 */
	return !dma_capable(dev, phys_to_dma_unencrypted(dev, phys), size, false,
			    DMA_ATTR_CC_SHARED);
}
