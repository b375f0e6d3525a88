// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
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

unsigned int helper_iommu_domain_type(struct iommu_domain *domain)
{
	return domain->type;
}

/* Returns the name of the IOMMU of @dev, or NULL without one. */
const char *helper_dev_iommu_name(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu ? dev->iommu->iommu_dev : NULL;

	return iommu && iommu->dev ? dev_name(iommu->dev) : NULL;
}

static int count_device(struct device *dev, void *count)
{
	++*(unsigned int *)count;
	return 0;
}

/* Returns the number of devices in the IOMMU group of @dev, or 0 without a group. */
unsigned int helper_iommu_group_devices(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int count = 0;

	if (group) {
		iommu_group_for_each_dev(group, &count, count_device);
		iommu_group_put(group);
	}
	return count;
}

struct folio *helper_pfn_folio(unsigned long pfn)
{
	return pfn_folio(pfn);
}

bool helper_folio_maybe_dma_pinned(struct folio *folio)
{
	return folio_maybe_dma_pinned(folio);
}

bool helper_folio_test_dirty(struct folio *folio)
{
	return folio_test_dirty(folio);
}

/* Returns the physical address of @addr, in the linear map or in vmalloc space. */
phys_addr_t helper_cpu_addr_to_phys(const void *addr)
{
	if (is_vmalloc_addr(addr))
		return PFN_PHYS(vmalloc_to_pfn(addr)) + offset_in_page(addr);

	return virt_to_phys((void *)addr);
}

int helper_fatal_signal_pending(struct task_struct *p)
{
	return fatal_signal_pending(p);
}
