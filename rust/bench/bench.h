/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C part of the benchmark: each operation of the library as a careful driver does it in C, and
 * helpers for the measuring loop.
 */

#ifndef SAFE_DMA_BENCH_H
#define SAFE_DMA_BENCH_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct dma_pool;
struct page;
struct pci_dev;
struct sg_table;

/* by_hand.c: complete operations, which return 0 or an error */
int by_hand_single(struct device *dev, void *buf, size_t size, enum dma_data_direction dir);
int by_hand_page(struct device *dev, struct page *page, size_t size);
int by_hand_sg(struct device *dev, struct page **pages, unsigned int count);
int by_hand_sg_joined(struct device *dev, struct page **pages, unsigned int count);
int by_hand_iova(struct device *dev, struct page **pages, unsigned int count);
int by_hand_coherent(struct device *dev, size_t size);
int by_hand_pool(struct dma_pool *pool);
int by_hand_resource(struct device *dev, phys_addr_t phys, size_t size);

/* by_hand_mapped.c: parts of operations */
int by_hand_map(struct device *dev, void *buf, size_t size, enum dma_data_direction dir,
		dma_addr_t *addr);
void by_hand_unmap(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
int by_hand_sync(struct device *dev, dma_addr_t addr, size_t offset, size_t size,
		 enum dma_data_direction dir);
struct dma_pool *by_hand_pool_create(struct device *dev, size_t size);
void by_hand_pool_destroy(struct dma_pool *pool);
int by_hand_send(struct device *dev, void __iomem *regs, void *buf, size_t size, dma_addr_t *addr);
int by_hand_sent(struct device *dev, void __iomem *regs, size_t size, dma_addr_t addr);

/* loop.c */
u64 bench_clock(void);
void bench_sort(u64 *samples, size_t count);
struct page *bench_page(const void *addr);
void __iomem *bench_registers(struct pci_dev *pdev);
void bench_registers_gone(struct pci_dev *pdev, void __iomem *regs);
void bench_mark(void __iomem *regs, u32 number);
int bench_threads(unsigned int count, int (*work)(void *data), void *data, u64 *ns);

#endif /* SAFE_DMA_BENCH_H */
