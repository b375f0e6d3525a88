/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a mapping is, and what must happen to it, by rust/testdev/uapi/safe_dma.h alone.
 */
#ifndef _SELFTESTS_MAPPING_MODEL_H
#define _SELFTESTS_MAPPING_MODEL_H

#include "contents.h"
#include "request.h"

#define PAGE	4096

enum state {
	GONE,
	DEVICES,
	CPUS,
	IN_FLIGHT,
};

struct mapping {
	enum state state;
	unsigned int kind;
	unsigned int dir;
	/* Where in a page it begins. */
	unsigned int offset;
	/* Zero if it is being unmapped. */
	unsigned long long dma;
	/* What is in flight, its number, and when it was not yet. */
	struct safe_dma_request transfer;
	unsigned int flight;
	unsigned long long started;
	struct contents bytes;
};

/* Whether the memory is there before it is mapped, and can be bounced. */
static inline int is_buffer(unsigned int kind)
{
	return kind <= SAFE_DMA_KIND_IOVA;
}

static inline int device_reads(const struct mapping *mapping)
{
	return is_shared(mapping->kind) || mapping->dir != SAFE_DMA_FROM_DEVICE;
}

static inline int device_writes(const struct mapping *mapping)
{
	return is_shared(mapping->kind) || mapping->dir != SAFE_DMA_TO_DEVICE;
}

static inline int may_go(const struct mapping *mapping, unsigned int to)
{
	return to == SAFE_DMA_TRANSFER_TO_DEVICE ? device_reads(mapping) : device_writes(mapping);
}

/* Whether the CPU can read it now. */
static inline int can_check(const struct mapping *mapping)
{
	return mapping->state == (is_shared(mapping->kind) ? DEVICES : CPUS);
}

static inline int can_fill(const struct mapping *mapping)
{
	return can_check(mapping) && device_reads(mapping);
}

/* It was made as `map` asked. */
static inline void mapping_made(struct mapping *mapping, const struct safe_dma_request *map)
{
	unsigned int size = map->fields & SAFE_DMA_HAS_SIZE	  ? map->size :
			    map->kind == SAFE_DMA_KIND_POOL	  ? 64 :
			    map->kind == SAFE_DMA_KIND_RESOURCE ? 4 :
								    PAGE;

	mapping->state = DEVICES;
	mapping->kind = map->kind;
	mapping->dir = map->dir;
	mapping->offset = map->offset;
	mapping->dma = map->dma_address;
	/* What was in a buffer that only the device writes is nobody's to rely on until it has. */
	if (map->kind == SAFE_DMA_KIND_RESOURCE ||
	    (!device_reads(mapping) && !is_born_mapped(map->kind)))
		contents_init(&mapping->bytes, size, UNKNOWN, 0);
	else if (map->fields & SAFE_DMA_HAS_PATTERN)
		contents_init(&mapping->bytes, size, PATTERN, map->pattern);
	else
		contents_init(&mapping->bytes, size, ZERO, 0);
}

/* The bytes of a transfer, of `size`, come to the device's own buffer, or from it. */
static inline void mapping_moves(struct mapping *mapping, const struct safe_dma_request *transfer,
				 struct contents *buffer)
{
	unsigned int size = transfer->size;
	unsigned int offset = transfer->offset;

	if (transfer->to == SAFE_DMA_TRANSFER_TO_DEVICE)
		contents_copy(buffer, 0, &mapping->bytes, offset, offset + size);
	else
		contents_copy(&mapping->bytes, offset, buffer, 0, size);
}

/* A transfer did not come to its end: who knows what has come where it went. */
static inline void mapping_may_have_moved(struct mapping *mapping,
					  const struct safe_dma_request *transfer,
					  struct contents *buffer)
{
	unsigned int size = transfer->size;
	unsigned int offset = transfer->offset;

	if (transfer->to == SAFE_DMA_TRANSFER_TO_DEVICE)
		contents_set(buffer, 0, size, UNKNOWN, 0);
	else
		contents_set(&mapping->bytes, offset, offset + size, UNKNOWN, 0);
}

/* Whether its bytes are in one piece for the device, whatever the mapping is made of. */
static inline int in_one_piece(const struct mapping *mapping, unsigned int first, unsigned int size)
{
	unsigned int start = mapping->offset + first;

	return mapping->kind != SAFE_DMA_KIND_SG || start / PAGE == (start + size - 1) / PAGE;
}

/* What SAFE_DMA_OP_SYNC_FOR_CPU, or _FOR_DEVICE, must say. */
static inline int sync_error(const struct mapping *mapping, enum state needs)
{
	return !has_turns(mapping->kind) ? EOPNOTSUPP : mapping->state != needs ? EBUSY : 0;
}

#endif /* _SELFTESTS_MAPPING_MODEL_H */
