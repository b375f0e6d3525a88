/* SPDX-License-Identifier: GPL-2.0 */
/* Functions for the Rust code of the test device and its checks. */

#ifndef SAFE_DMA_TESTDEV_HELPERS_H
#define SAFE_DMA_TESTDEV_HELPERS_H

#include <linux/types.h>

struct device;
struct folio;
struct iommu_domain;
struct pci_dev;
struct task_struct;

bool helper_device_trylock(struct device *dev);
void helper_device_unlock(struct device *dev);
bool helper_is_swiotlb_force_bounce(struct device *dev);
bool helper_pci_dev_is_untrusted(struct pci_dev *pdev);
phys_addr_t helper_dma_addr_to_phys(struct device *dev, dma_addr_t addr);
unsigned int helper_iommu_domain_type(struct iommu_domain *domain);
const char *helper_dev_iommu_name(struct device *dev);
unsigned int helper_iommu_group_devices(struct device *dev);
struct folio *helper_pfn_folio(unsigned long pfn);
bool helper_folio_maybe_dma_pinned(struct folio *folio);
bool helper_folio_test_dirty(struct folio *folio);
phys_addr_t helper_cpu_addr_to_phys(const void *addr);
int helper_fatal_signal_pending(struct task_struct *p);

#endif /* SAFE_DMA_TESTDEV_HELPERS_H */
