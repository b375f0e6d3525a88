// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/pci.h>
#include <linux/swiotlb.h>

#include "helpers.h"

bool helper_device_trylock(struct device *dev)
{
	return device_trylock(dev);
}

void helper_device_unlock(struct device *dev)
{
	device_unlock(dev);
}

bool helper_is_swiotlb_force_bounce(struct device *dev)
{
	return is_swiotlb_force_bounce(dev);
}

bool helper_pci_dev_is_untrusted(struct pci_dev *pdev)
{
	return pdev->untrusted;
}

/* Returns the physical address to which @addr, mapped for @dev, leads. */
phys_addr_t helper_dma_addr_to_phys(struct device *dev, dma_addr_t addr)
{
	if (use_dma_iommu(dev))
		return iommu_iova_to_phys(iommu_get_domain_for_dev(dev), addr);

	return dma_to_phys(dev, addr);
}
