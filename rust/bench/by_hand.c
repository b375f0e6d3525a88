// SPDX-License-Identifier: GPL-2.0
/*
 * Complete operations in C, with the error checks that are needed.
 */

#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "bench.h"

int by_hand_single(struct device *dev, void *buf, size_t size, enum dma_data_direction dir)
{
	dma_addr_t addr = dma_map_single(dev, buf, size, dir);

	if (dma_mapping_error(dev, addr))
		return -ENOMEM;

	dma_unmap_single(dev, addr, size, dir);
	return 0;
}

int by_hand_page(struct device *dev, struct page *page, size_t size)
{
	dma_addr_t addr = dma_map_page(dev, page, 0, size, DMA_TO_DEVICE);

	if (dma_mapping_error(dev, addr))
		return -ENOMEM;

	dma_unmap_page(dev, addr, size, DMA_TO_DEVICE);
	return 0;
}

static int map_and_unmap(struct device *dev, struct sg_table *table)
{
	int err = dma_map_sgtable(dev, table, DMA_TO_DEVICE, 0);

	if (!err)
		dma_unmap_sgtable(dev, table, DMA_TO_DEVICE, 0);
	return err;
}

/* Maps and unmaps a list with one entry for each page. */
int by_hand_sg(struct device *dev, struct page **pages, unsigned int count)
{
	struct scatterlist *sg;
	struct sg_table table;
	unsigned int i;
	int err;

	err = sg_alloc_table(&table, count, GFP_KERNEL);
	if (err)
		return err;

	for_each_sgtable_sg(&table, sg, i)
		sg_set_page(sg, pages[i], PAGE_SIZE, 0);

	err = map_and_unmap(dev, &table);
	sg_free_table(&table);
	return err;
}

/* Maps a list with one entry for each run of contiguous pages, within the device's limits. */
int by_hand_sg_joined(struct device *dev, struct page **pages, unsigned int count)
{
	size_t size = (size_t)count << PAGE_SHIFT;
	struct sg_table table;
	int err;

	err = sg_alloc_table_from_pages_segment(&table, pages, count, 0, size,
						dma_get_max_seg_size(dev), GFP_KERNEL);
	if (err)
		return err;

	err = map_and_unmap(dev, &table);
	sg_free_table(&table);
	return err;
}

int by_hand_iova(struct device *dev, struct page **pages, unsigned int count)
{
	size_t size = (size_t)count << PAGE_SHIFT;
	struct dma_iova_state state = {};
	size_t linked = 0;
	unsigned int i;
	int err = 0;

	if (!dma_iova_try_alloc(dev, &state, page_to_phys(pages[0]), size))
		return -EOPNOTSUPP;

	for (i = 0; i < count; i++) {
		err = dma_iova_link(dev, &state, page_to_phys(pages[i]), linked, PAGE_SIZE,
				    DMA_TO_DEVICE, 0);
		if (err)
			break;
		linked += PAGE_SIZE;
	}
	if (!err)
		err = dma_iova_sync(dev, &state, 0, linked);

	dma_iova_destroy(dev, &state, linked, DMA_TO_DEVICE, 0);
	return err;
}

int by_hand_coherent(struct device *dev, size_t size)
{
	dma_addr_t addr;
	void *mem = dma_alloc_coherent(dev, size, &addr, GFP_KERNEL);

	if (!mem)
		return -ENOMEM;

	dma_free_coherent(dev, size, mem, addr);
	return 0;
}

int by_hand_pool(struct dma_pool *pool)
{
	dma_addr_t addr;
	void *mem = dma_pool_zalloc(pool, GFP_KERNEL, &addr);

	if (!mem)
		return -ENOMEM;

	dma_pool_free(pool, mem, addr);
	return 0;
}

int by_hand_resource(struct device *dev, phys_addr_t phys, size_t size)
{
	dma_addr_t addr = dma_map_resource(dev, phys, size, DMA_BIDIRECTIONAL, 0);

	if (dma_mapping_error(dev, addr))
		return -ENOMEM;

	dma_unmap_resource(dev, addr, size, DMA_BIDIRECTIONAL, 0);
	return 0;
}
