// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of others in C: the data of block requests, and user pages.
 */

#include <linux/blk-mq-dma.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "bench.h"

#ifdef CONFIG_BLOCK
#define MAX_RANGES	33

/* What a driver keeps of a request. The requests are mapped one at a time. */
static struct {
	struct dma_iova_state state;
	size_t len;
	enum pci_p2pdma_map_type map;
	unsigned int count;
	bool is_single;
	struct {
		dma_addr_t addr;
		u32 len;
	} ranges[MAX_RANGES];
} mapped;

/* Maps a single segment without the iterator. */
static int map_single(struct device *dev, struct request *rq)
{
	struct bio_vec bv = req_bvec(rq);

	mapped.ranges[0].addr = dma_map_bvec(dev, &bv, rq_dma_dir(rq), 0);
	if (dma_mapping_error(dev, mapped.ranges[0].addr))
		return -ENOMEM;

	mapped.ranges[0].len = bv.bv_len;
	mapped.is_single = true;
	return 0;
}

static void unmap(struct device *dev, struct request *rq)
{
	unsigned long attrs = 0;

	if (mapped.is_single) {
		dma_unmap_page(dev, mapped.ranges[0].addr, mapped.ranges[0].len, rq_dma_dir(rq));
		return;
	}
	if (blk_rq_dma_unmap(rq, dev, &mapped.state, mapped.len, mapped.map))
		return;

	if (mapped.map == PCI_P2PDMA_MAP_THRU_HOST_BRIDGE)
		attrs |= DMA_ATTR_MMIO;
	for (unsigned int i = 0; i < mapped.count; i++)
		dma_unmap_phys(dev, mapped.ranges[i].addr, mapped.ranges[i].len, rq_dma_dir(rq),
			       attrs);
}

static int map(struct device *dev, struct request *rq)
{
	struct blk_dma_iter iter;

	mapped.is_single = false;
	mapped.count = 0;
	mapped.len = 0;
	if (blk_rq_nr_phys_segments(rq) == 1 && !is_pci_p2pdma_page(req_bvec(rq).bv_page))
		return map_single(dev, rq);

	if (!blk_rq_dma_map_iter_start(rq, dev, &mapped.state, &iter))
		return blk_status_to_errno(iter.status);
	mapped.map = iter.p2pdma.map;

	if (blk_rq_dma_map_coalesce(&mapped.state)) {
		mapped.len = iter.len;
		return 0;
	}
	do {
		if (mapped.count == MAX_RANGES) {
			iter.status = BLK_STS_IOERR;
			break;
		}
		mapped.ranges[mapped.count].addr = iter.addr;
		mapped.ranges[mapped.count++].len = iter.len;
		mapped.len += iter.len;
	} while (blk_rq_dma_map_iter_next(rq, dev, &iter));

	if (iter.status)
		unmap(dev, rq);
	return blk_status_to_errno(iter.status);
}

int by_hand_request(struct device *dev, struct request *rq)
{
	int err = map(dev, rq);

	if (!err)
		unmap(dev, rq);
	return err;
}
#endif

/* Pins pages of the process and maps them, for a device that writes them; and the reverse. */
int by_hand_user(struct device *dev, unsigned long start, unsigned int count)
{
	size_t size = (size_t)count << PAGE_SHIFT;
	struct sg_table table;
	struct page **pages;
	int pinned, err;

	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	pinned = pin_user_pages_fast(start, count, FOLL_WRITE, pages);
	err = pinned;
	if (pinned < 0)
		goto free;
	err = -EFAULT;
	if (pinned != count)
		goto unpin;

	err = sg_alloc_table_from_pages_segment(&table, pages, count, 0, size,
						dma_get_max_seg_size(dev), GFP_KERNEL);
	if (err)
		goto unpin;

	err = dma_map_sgtable(dev, &table, DMA_FROM_DEVICE, 0);
	if (!err)
		dma_unmap_sgtable(dev, &table, DMA_FROM_DEVICE, 0);
	sg_free_table(&table);
unpin:
	unpin_user_pages_dirty_lock(pages, pinned, !err);
free:
	kvfree(pages);
	return err;
}
