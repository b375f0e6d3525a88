// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu-dma.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/pci.h>
#include <linux/pfn.h>

#include "helpers.h"

bool helper_pfn_valid(unsigned long pfn)
{
	return pfn_valid(pfn);
}

/* Whether @bar of @pdev is in memory space, and not in that of I/O ports. */
bool helper_pci_bar_is_mem(struct pci_dev *pdev, int bar)
{
	return pci_resource_flags(pdev, bar) & IORESOURCE_MEM;
}

/* What dma_direct_map_phys() warns of: no IOMMU, and an address that @dev cannot drive. */
bool helper_dma_direct_overflow(struct device *dev, phys_addr_t phys, size_t size)
{
	u64 last = phys_to_dma(dev, phys) + size - 1;

	return !use_dma_iommu(dev) && last > min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}
