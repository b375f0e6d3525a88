// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "helpers.h"

void helper_dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *sgt,
				     enum dma_data_direction dir)
{
	dma_sync_sgtable_for_cpu(dev, sgt, dir);
}

void helper_dma_sync_sgtable_for_device(struct device *dev, struct sg_table *sgt,
					enum dma_data_direction dir)
{
	dma_sync_sgtable_for_device(dev, sgt, dir);
}

struct page *helper_phys_to_page(phys_addr_t phys)
{
	return phys_to_page(phys);
}

phys_addr_t helper_sg_phys(struct scatterlist *sg)
{
	return sg_phys(sg);
}
