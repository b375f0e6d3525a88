// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-direct.h>
#include <linux/mmzone.h>

#include "helpers.h"

bool helper_pfn_valid(unsigned long pfn)
{
	return pfn_valid(pfn);
}

dma_addr_t helper_phys_to_dma_unencrypted(struct device *dev, phys_addr_t paddr)
{
	return phys_to_dma_unencrypted(dev, paddr);
}
