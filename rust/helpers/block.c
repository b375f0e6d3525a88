// SPDX-License-Identifier: GPL-2.0

#include "helpers.h"

#ifdef CONFIG_BLOCK
#include <linux/blk-mq-dma.h>
#include <linux/dma-mapping.h>
#include <linux/sched/mm.h>

/*
 * Maps the data of a request that is one segment of RAM, without a range of addresses. Returns
 * false if it is anything else or cannot be mapped. Helpers for each inline function would be five
 * calls for a request.
 */
bool helper_blk_rq_dma_map_single(struct request *req, struct device *dma_dev, dma_addr_t *addr)
{
	struct bio_vec bv;

	if (blk_rq_nr_phys_segments(req) != 1)
		return false;
	bv = req_bvec(req);
	if (bv.bv_len != blk_rq_payload_bytes(req) || is_pci_p2pdma_page(bv.bv_page))
		return false;

	*addr = dma_map_phys(dma_dev, bvec_phys(&bv), bv.bv_len, rq_dma_dir(req), 0);
	return !dma_mapping_error(dma_dev, *addr);
}

unsigned int helper_memalloc_noio_save(void)
{
	return memalloc_noio_save();
}

void helper_memalloc_noio_restore(unsigned int flags)
{
	memalloc_noio_restore(flags);
}

bool helper_blk_rq_dma_unmap(struct request *req, struct device *dma_dev,
			     struct dma_iova_state *state, size_t mapped_len,
			     enum pci_p2pdma_map_type map)
{
	return blk_rq_dma_unmap(req, dma_dev, state, mapped_len, map);
}
#endif
