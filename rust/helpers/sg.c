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

/* Calls sg_set_page() for a physical address; returns the next entry. */
struct scatterlist *helper_sg_set_phys(struct scatterlist *sg, phys_addr_t phys, unsigned int len)
{
	sg_set_page(sg, phys_to_page(phys), len, offset_in_page(phys));
	return sg_next(sg);
}

void helper_sg_mark_end(struct scatterlist *sg)
{
	sg_mark_end(sg);
}

phys_addr_t helper_sg_phys(struct scatterlist *sg)
{
	return sg_phys(sg);
}
