// SPDX-License-Identifier: GPL-2.0
/*
 * Commands in flight and descriptor rings in C, as in drivers/nvme/host/pci.c and network drivers.
 * The caller is the device: it writes completions to the memory of the ring.
 */

#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "bench.h"

#define TAG_BITS	12
#define OPCODE		0x2

/* A command, as large as that of NVMe. */
struct by_hand_entry {
	u16 opcode;
	u16 id;
	u32 namespace;
	u64 reserved[2];
	u64 addr;
	u64 more;
	u64 len;
	u64 parameters[2];
};

/*
 * A command in flight. Submission and completion may run on two processors, each under a lock of
 * its own, and a device that lies reports a command during its submission: the flag orders what
 * the two write.
 */
struct by_hand_command {
	bool in_flight;
	/* Increased with each use, above the tag. */
	u16 id;
	struct bench_memory memory;
	u64 value;
};

struct by_hand_queue {
	struct device *dev;
	u16 depth;
	u16 sq_tail;
	u16 cq_head;
	u8 cq_phase;
	struct by_hand_entry *sq;
	struct bench_completion *cq;
	dma_addr_t sq_addr;
	dma_addr_t cq_addr;
	u32 sq_doorbell;
	u32 cq_doorbell;
	struct by_hand_command commands[];
};

struct by_hand_queue *by_hand_queue_create(struct device *dev, u16 depth)
{
	struct by_hand_queue *q = kzalloc(struct_size(q, commands, depth), GFP_KERNEL);
	u16 tag;

	if (!q)
		return NULL;

	q->dev = dev;
	q->depth = depth;
	q->cq_phase = 1;
	for (tag = 0; tag < depth; tag++)
		q->commands[tag].id = tag;
	q->sq = dma_alloc_coherent(dev, depth * sizeof(*q->sq), &q->sq_addr, GFP_KERNEL);
	q->cq = dma_alloc_coherent(dev, depth * sizeof(*q->cq), &q->cq_addr, GFP_KERNEL);
	if (q->sq && q->cq)
		return q;

	by_hand_queue_destroy(q);
	return NULL;
}

void by_hand_queue_destroy(struct by_hand_queue *q)
{
	if (q->sq)
		dma_free_coherent(q->dev, q->depth * sizeof(*q->sq), q->sq, q->sq_addr);
	if (q->cq)
		dma_free_coherent(q->dev, q->depth * sizeof(*q->cq), q->cq, q->cq_addr);
	kfree(q);
}

/* Returns the memory of the completions, which the device writes. */
struct bench_completion *by_hand_queue_completions(struct by_hand_queue *q)
{
	return q->cq;
}

/* Submits a command; returns its identifier, or an error. */
int by_hand_submit(struct by_hand_queue *q, u16 tag, const struct bench_memory *memory, u64 value)
{
	struct by_hand_entry sqe = { .opcode = OPCODE, .namespace = 1 };
	struct by_hand_command *command;

	if (tag >= q->depth)
		return -EINVAL;
	command = &q->commands[tag];
	/* Pairs with the release in by_hand_reap(), which has read the command. */
	if (smp_load_acquire(&command->in_flight))
		return -EBUSY;

	command->id += 1 << TAG_BITS;
	command->memory = *memory;
	command->value = value;
	/* Pairs with the acquire in by_hand_reap(), which reads the command. */
	smp_store_release(&command->in_flight, true);

	sqe.id = command->id;
	sqe.addr = memory->addr;
	sqe.len = memory->len;
	memcpy(&q->sq[q->sq_tail], &sqe, sizeof(sqe));
	if (++q->sq_tail == q->depth)
		q->sq_tail = 0;

	dma_wmb();
	WRITE_ONCE(q->sq_doorbell, q->sq_tail);
	return command->id;
}

/* Handles a completion; returns its status, and the memory and the value of its command. */
int by_hand_reap(struct by_hand_queue *q, struct bench_memory *memory, u64 *value)
{
	struct bench_completion *cqe = &q->cq[q->cq_head];
	struct by_hand_command *command;
	u16 id, tag;

	if ((READ_ONCE(cqe->status) & 1) != q->cq_phase)
		return -EAGAIN;
	dma_rmb();

	id = READ_ONCE(cqe->id);
	if (++q->cq_head == q->depth) {
		q->cq_head = 0;
		q->cq_phase ^= 1;
	}
	WRITE_ONCE(q->cq_doorbell, q->cq_head);

	tag = id & (BIT(TAG_BITS) - 1);
	if (tag >= q->depth)
		return -EINVAL;
	command = &q->commands[tag];
	/* Pairs with the release in by_hand_submit(), which has written the command. */
	if (!smp_load_acquire(&command->in_flight) || command->id != id)
		return -EINVAL;

	*memory = command->memory;
	*value = command->value;
	/* Pairs with the acquire in by_hand_submit(), which writes the next command. */
	smp_store_release(&command->in_flight, false);
	return cqe->status >> 1;
}

struct by_hand_ring {
	struct device *dev;
	u16 len;
	u16 head;
	u16 posted;
	struct bench_descriptor *descriptors;
	dma_addr_t addr;
};

struct by_hand_ring *by_hand_ring_create(struct device *dev, u16 len)
{
	struct by_hand_ring *ring = kzalloc_obj(*ring);

	if (!ring)
		return NULL;

	ring->dev = dev;
	ring->len = len;
	ring->descriptors = dma_alloc_coherent(dev, len * sizeof(*ring->descriptors), &ring->addr,
					       GFP_KERNEL);
	if (ring->descriptors)
		return ring;

	kfree(ring);
	return NULL;
}

void by_hand_ring_destroy(struct by_hand_ring *ring)
{
	dma_free_coherent(ring->dev, ring->len * sizeof(*ring->descriptors), ring->descriptors,
			  ring->addr);
	kfree(ring);
}

/* Returns the memory of the ring, which the device writes. */
struct bench_descriptor *by_hand_ring_descriptors(struct by_hand_ring *ring)
{
	return ring->descriptors;
}

/* Gives a descriptor to the device; returns its index, or an error. */
int by_hand_post(struct by_hand_ring *ring, dma_addr_t addr, u32 len)
{
	struct bench_descriptor *descriptor;
	u32 index = ring->head + ring->posted;

	if (ring->posted == ring->len)
		return -EBUSY;
	if (index >= ring->len)
		index -= ring->len;

	descriptor = &ring->descriptors[index];
	descriptor->addr = addr;
	dma_wmb();
	WRITE_ONCE(descriptor->status, len | BENCH_OWNED);
	ring->posted++;
	return index;
}

/* Takes a descriptor back from the device; returns its index, or an error. */
int by_hand_unpost(struct by_hand_ring *ring, u32 *len)
{
	struct bench_descriptor *descriptor = &ring->descriptors[ring->head];
	u32 index = ring->head;
	u32 status;

	if (!ring->posted)
		return -EAGAIN;
	status = READ_ONCE(descriptor->status);
	if (status & BENCH_OWNED)
		return -EAGAIN;
	dma_rmb();

	if (++ring->head == ring->len)
		ring->head = 0;
	ring->posted--;
	*len = status;
	return index;
}
