// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of operations in C, on memory that stays mapped.
 */

#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/io.h>
#include <linux/iopoll.h>

#include "bench.h"

/* The registers of edu, see docs/specs/edu.rst of QEMU. */
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_COMMAND	0x98
#define EDU_DMA_RUN	BIT(0)
#define EDU_BUFFER	0x40000
#define EDU_BUFFER_SIZE	4096

int by_hand_map(struct device *dev, void *buf, size_t size, enum dma_data_direction dir,
		dma_addr_t *addr)
{
	*addr = dma_map_single(dev, buf, size, dir);

	return dma_mapping_error(dev, *addr);
}

void by_hand_unmap(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	dma_unmap_single(dev, addr, size, dir);
}

int by_hand_sync(struct device *dev, dma_addr_t addr, size_t offset, size_t size,
		 enum dma_data_direction dir)
{
	dma_sync_single_range_for_cpu(dev, addr, offset, size, dir);
	dma_sync_single_range_for_device(dev, addr, offset, size, dir);
	return 0;
}

struct dma_pool *by_hand_pool_create(struct device *dev, size_t size)
{
	return dma_pool_create("by_hand", dev, size, size, 0);
}

void by_hand_pool_destroy(struct dma_pool *pool)
{
	dma_pool_destroy(pool);
}

/* Maps a buffer and starts a read by the device. */
int by_hand_send(struct device *dev, void __iomem *regs, void *buf, size_t size, dma_addr_t *addr)
{
	int err;

	if (size > EDU_BUFFER_SIZE)
		return -EINVAL;

	err = by_hand_map(dev, buf, size, DMA_TO_DEVICE, addr);
	if (err)
		return err;

	if (readl(regs + EDU_DMA_COMMAND) & EDU_DMA_RUN) {
		dma_unmap_single(dev, *addr, size, DMA_TO_DEVICE);
		return -EBUSY;
	}
	if (upper_32_bits(*addr)) {
		dma_unmap_single(dev, *addr, size, DMA_TO_DEVICE);
		return -ERANGE;
	}
	writel(lower_32_bits(*addr), regs + EDU_DMA_SRC);
	writel(EDU_BUFFER, regs + EDU_DMA_DST);
	writel(size, regs + EDU_DMA_COUNT);
	writel(EDU_DMA_RUN, regs + EDU_DMA_COMMAND);
	return 0;
}

/* Waits for the end of the transfer and unmaps the buffer. */
int by_hand_sent(struct device *dev, void __iomem *regs, size_t size, dma_addr_t addr)
{
	u32 command;
	int err;

	err = readl_poll_timeout(regs + EDU_DMA_COMMAND, command, !(command & EDU_DMA_RUN),
				 10 * USEC_PER_MSEC, USEC_PER_SEC);
	/* After a timeout, the device may still access the memory: the caller leaks it. */
	if (!err)
		dma_unmap_single(dev, addr, size, DMA_TO_DEVICE);
	return err;
}
