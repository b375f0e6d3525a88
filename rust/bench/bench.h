/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C part of the benchmark: each operation of the library as a careful driver does it in C, and
 * helpers for the measuring loop.
 */

#ifndef SAFE_DMA_BENCH_H
#define SAFE_DMA_BENCH_H

#include <linux/dma-direction.h>
#include <linux/types.h>

/* The owner bit of a descriptor. */
#define BENCH_OWNED	0x80000000

/* A completion, as that of NVMe. Bit 0 of the status is the phase. */
struct bench_completion {
	u32 result;
	u32 reserved;
	u16 sq_head;
	u16 sq_id;
	u16 id;
	u16 status;
};

/* A descriptor of a ring: the length and the owner bit, and an address. */
struct bench_descriptor {
	u32 status;
	u32 options;
	u64 addr;
};

/* Memory of a command, with what it takes to unmap it. */
struct bench_memory {
	void *buf;
	dma_addr_t addr;
	size_t len;
};

struct by_hand_queue;
struct by_hand_ring;
struct device;
struct dma_pool;
struct page;
struct pci_dev;
struct request;
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

/* by_hand_queue.c: commands in flight, and descriptor rings */
struct by_hand_queue *by_hand_queue_create(struct device *dev, u16 depth);
void by_hand_queue_destroy(struct by_hand_queue *q);
struct bench_completion *by_hand_queue_completions(struct by_hand_queue *q);
int by_hand_submit(struct by_hand_queue *q, u16 tag, const struct bench_memory *memory, u64 value);
int by_hand_reap(struct by_hand_queue *q, struct bench_memory *memory, u64 *value);
struct by_hand_ring *by_hand_ring_create(struct device *dev, u16 len);
void by_hand_ring_destroy(struct by_hand_ring *ring);
struct bench_descriptor *by_hand_ring_descriptors(struct by_hand_ring *ring);
int by_hand_post(struct by_hand_ring *ring, dma_addr_t addr, u32 len);
int by_hand_unpost(struct by_hand_ring *ring, u32 *len);

/* by_hand_others.c: memory of others */
int by_hand_request(struct device *dev, struct request *rq);
int by_hand_user(struct device *dev, unsigned long start, unsigned int count);

/* loop.c */
u64 bench_clock(void);
void bench_count_for_programs(void);
void bench_sort(u64 *samples, size_t count);
struct page *bench_page(const void *addr);
unsigned long bench_user_memory(unsigned int count);
void bench_user_memory_gone(unsigned long start, unsigned int count);
void __iomem *bench_registers(struct pci_dev *pdev);
void bench_registers_gone(struct pci_dev *pdev, void __iomem *regs);
void bench_mark(void __iomem *regs, u32 number);
int bench_threads(unsigned int count, int (*work)(void *data), void *data, u64 *ns);

#endif /* SAFE_DMA_BENCH_H */
