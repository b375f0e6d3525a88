/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What comes of a request, as rust/testdev/uapi/safe_dma.h and README.md have it: all that may come
 * of it, where it depends on time or on memory.
 */
#ifndef _SELFTESTS_FUZZ_MODEL_H
#define _SELFTESTS_FUZZ_MODEL_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "request.h"

#define MAX_NAMES	256
#define MAX_BYTES	(64ull << 20)
#define MAX_SIZE	(16ull << 20)
#define MAX_TIMEOUT	60000
/* Of the device's own buffer. */
#define BUFFER_SIZE	4096
#define KINDS		(SAFE_DMA_KIND_RESOURCE + 1)
/* In milliseconds: a transfer that takes 100 has ended, also on a host that is busy. */
#define LONG		5000
/* The most that the device takes as one segment, of any kernel's pages. */
#define MAX_SEGMENT	65536
/* Up to here memory is there, whatever else is mapped. */
#define SMALL		65536
/* More than can be bounced, and less than is in one piece. */
#define LARGE		1000000

/* All that may come of a request: the driver stays, so that there is no ENODEV. */
static const struct {
	int number;
	const char *name;
} errors[] = {
	{ 0, "accepted" },
	{ EINVAL, "EINVAL" },
	{ ENOENT, "ENOENT" },
	{ EEXIST, "EEXIST" },
	{ ENOSPC, "ENOSPC" },
	{ EBUSY, "EBUSY" },
	{ EACCES, "EACCES" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
	{ EILSEQ, "EILSEQ" },
	{ ETIMEDOUT, "ETIMEDOUT" },
	{ EFAULT, "EFAULT" },
	{ ENOMEM, "ENOMEM" },
	{ ENOTTY, "ENOTTY" },
	/* Of a lifecycle alone, when the kernel cannot bounce a list. */
	{ EIO, "EIO" },
	/* Of mmap() alone. */
	{ ENXIO, "ENXIO" },
	{ EOVERFLOW, "EOVERFLOW" },
	{ EPERM, "EPERM" },
};

/* A set of them: a bit for each. None for a number that is not among them. */
static inline unsigned int outcome(int error)
{
	for (int i = 0; i < COUNT(errors); i++)
		if (errors[i].number == error)
			return 1u << i;
	return 0;
}

enum turn { TURN_DEVICE, TURN_CPU, TURN_IN_FLIGHT };

struct mapping {
	char name[SAFE_DMA_NAME_LEN];
	unsigned int kind;
	unsigned int dir;
	__u64 size;
	enum turn turn;
	/* Whether all bytes are known to be of `pattern`. */
	int is_known;
	unsigned int pattern;
};

/* The names of who writes to `run`, or of an open file. */
struct table {
	struct mapping mappings[MAX_NAMES];
	unsigned int count;
};

struct world {
	__u64 page;
	/* Of kinds that cannot be mapped on this machine, or 0. */
	int refused[KINDS];
	/* Buffers are bounced, and what they are bounced to is used up soon. */
	int bounces;
	/* Mapped, of all tables, in whole pages. */
	__u64 bytes;
	/* Mappings in flight, of all tables: while there is none, the engine is idle. */
	unsigned int in_flight;
};

static inline struct mapping *find_mapping(struct table *table, const char *name)
{
	for (unsigned int i = 0; i < table->count; i++)
		if (!strcmp(table->mappings[i].name, name))
			return &table->mappings[i];
	return NULL;
}

/* What so many bytes take of those that can be mapped. */
static inline __u64 in_pages(const struct world *world, __u64 size)
{
	return (size + world->page - 1) / world->page * world->page;
}

static inline int is_name(const char name[SAFE_DMA_NAME_LEN])
{
	unsigned int len = 0;

	while (len < SAFE_DMA_NAME_LEN && name[len]) {
		char c = name[len++];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.' && c != '-')
			return 0;
	}
	if (!len || len == SAFE_DMA_NAME_LEN)
		return 0;
	for (; len < SAFE_DMA_NAME_LEN; len++)
		if (name[len])
			return 0;
	return 1;
}

/* The fields that an operation takes, and those that it needs. */
static const struct {
	unsigned int takes;
	unsigned int needs;
} operations[] = {
	[SAFE_DMA_OP_MAP] = { SAFE_DMA_HAS_KIND | SAFE_DMA_HAS_DIR | SAFE_DMA_HAS_SIZE |
			      SAFE_DMA_HAS_OFFSET | SAFE_DMA_HAS_PATTERN, 0 },
	[SAFE_DMA_OP_UNMAP] = { 0, 0 },
	[SAFE_DMA_OP_SYNC_FOR_CPU] = { 0, 0 },
	[SAFE_DMA_OP_SYNC_FOR_DEVICE] = { 0, 0 },
	[SAFE_DMA_OP_FILL] = { SAFE_DMA_HAS_SIZE | SAFE_DMA_HAS_OFFSET | SAFE_DMA_HAS_PATTERN,
			       SAFE_DMA_HAS_PATTERN },
	[SAFE_DMA_OP_CHECK] = { SAFE_DMA_HAS_SIZE | SAFE_DMA_HAS_OFFSET | SAFE_DMA_HAS_PATTERN,
				SAFE_DMA_HAS_PATTERN },
	[SAFE_DMA_OP_TRANSFER] = { SAFE_DMA_HAS_SIZE | SAFE_DMA_HAS_OFFSET | SAFE_DMA_HAS_TO |
				   SAFE_DMA_HAS_TIMEOUT | SAFE_DMA_HAS_IRQ, SAFE_DMA_HAS_TO },
	[SAFE_DMA_OP_START] = { SAFE_DMA_HAS_SIZE | SAFE_DMA_HAS_OFFSET | SAFE_DMA_HAS_TO |
				SAFE_DMA_HAS_IRQ, SAFE_DMA_HAS_TO },
	[SAFE_DMA_OP_WAIT] = { SAFE_DMA_HAS_TIMEOUT, 0 },
	[SAFE_DMA_OP_ABORT] = { 0, 0 },
};

static inline int is_move(unsigned int op)
{
	return op == SAFE_DMA_OP_TRANSFER || op == SAFE_DMA_OP_START;
}

static inline int is_zero_unless_given(const struct safe_dma_request *request)
{
	unsigned int fields = request->fields;

	return (fields & SAFE_DMA_HAS_KIND || !request->kind) &&
	       (fields & SAFE_DMA_HAS_DIR || !request->dir) &&
	       (fields & SAFE_DMA_HAS_SIZE || !request->size) &&
	       (fields & SAFE_DMA_HAS_OFFSET || !request->offset) &&
	       (fields & SAFE_DMA_HAS_PATTERN || !request->pattern) &&
	       (fields & SAFE_DMA_HAS_TO || !request->to) &&
	       (fields & SAFE_DMA_HAS_TIMEOUT || !request->timeout) &&
	       (fields & SAFE_DMA_HAS_IRQ || !request->irq);
}

static inline __u64 size_to_map(const struct world *world, const struct safe_dma_request *map)
{
	if (map->fields & SAFE_DMA_HAS_SIZE)
		return map->size;
	switch (map->kind) {
	case SAFE_DMA_KIND_POOL:
		return 64;
	case SAFE_DMA_KIND_RESOURCE:
		return 4;
	default:
		return world->page;
	}
}

/* Whether memory of that kind can have that size, at that offset. */
static inline int is_size_of_kind(const struct world *world, const struct safe_dma_request *map)
{
	__u64 size = size_to_map(world, map);
	/* The largest that the kernel has: of larger pages it is larger than any mapping. */
	__u64 piece = world->page == 4096 ? 4 << 20 : 2 * MAX_SIZE;

	switch (map->kind) {
	case SAFE_DMA_KIND_SINGLE:
		return map->offset + size <= piece;
	case SAFE_DMA_KIND_PAGE:
	case SAFE_DMA_KIND_NONCOHERENT:
		return size <= piece;
	case SAFE_DMA_KIND_POOL:
		return size <= 4096;
	default:
		return 1;
	}
}

/* Whether it is EINVAL, whatever is mapped. */
static inline int is_wrong(const struct world *world, const struct safe_dma_request *request)
{
	unsigned int fields = request->fields;

	if (request->op >= COUNT(operations) || !is_name(request->name) ||
	    request->reserved[0] || request->reserved[1] || !is_zero_unless_given(request))
		return 1;
	if (fields & ~operations[request->op].takes || ~fields & operations[request->op].needs)
		return 1;
	if (request->kind > SAFE_DMA_KIND_RESOURCE || request->dir > SAFE_DMA_FROM_DEVICE ||
	    request->to > SAFE_DMA_TRANSFER_TO_MEMORY || request->irq > SAFE_DMA_IRQ_TWICE)
		return 1;
	if (fields & SAFE_DMA_HAS_SIZE &&
	    (!request->size || request->size > (is_move(request->op) ? BUFFER_SIZE : MAX_SIZE)))
		return 1;
	if (fields & SAFE_DMA_HAS_TIMEOUT && (!request->timeout || request->timeout > MAX_TIMEOUT))
		return 1;
	if (request->op != SAFE_DMA_OP_MAP)
		return 0;
	if (request->offset && (request->offset >= world->page ||
				(request->kind != SAFE_DMA_KIND_SINGLE &&
				 request->kind != SAFE_DMA_KIND_SG)))
		return 1;
	if (request->kind == SAFE_DMA_KIND_RESOURCE &&
	    fields & (SAFE_DMA_HAS_SIZE | SAFE_DMA_HAS_PATTERN))
		return 1;
	return !is_size_of_kind(world, request);
}

static inline unsigned int outcomes_of_map(const struct world *world, struct table *table,
					   const struct safe_dma_request *map)
{
	__u64 size = size_to_map(world, map);
	unsigned int refused = 0, perhaps = 0;

	if (find_mapping(table, map->name))
		refused |= outcome(EEXIST);
	if (table->count == MAX_NAMES || world->bytes + in_pages(world, size) > MAX_BYTES)
		refused |= outcome(ENOSPC);
	if (is_born_mapped(map->kind) && map->dir == SAFE_DMA_FROM_DEVICE &&
	    map->fields & SAFE_DMA_HAS_PATTERN)
		refused |= outcome(EACCES);
	if (map->kind == SAFE_DMA_KIND_NONCONTIGUOUS && size > MAX_SEGMENT)
		refused |= outcome(EINVAL);
	if (world->refused[map->kind])
		refused |= outcome(world->refused[map->kind]);
	if (size > SMALL || world->bounces)
		perhaps = outcome(ENOMEM);
	return (refused ? refused : outcome(0)) | perhaps;
}

/* What a request is about, of a mapping: `end` is no less than `start`. */
struct part {
	__u64 start;
	__u64 end;
};

/* Whether there are such bytes; they are put into `part`. */
static inline int find_part(const struct mapping *mapping, const struct safe_dma_request *request,
			    struct part *part)
{
	__u64 left;

	if (request->offset >= mapping->size)
		return 0;
	left = mapping->size - request->offset;
	if (request->fields & SAFE_DMA_HAS_SIZE) {
		if (request->size > left)
			return 0;
		left = request->size;
	}
	part->start = request->offset;
	part->end = request->offset + left;
	return 1;
}

/* The first byte of a part that is not of the pattern, or where the part ends. */
static inline __u64 first_difference(const struct mapping *mapping, struct part part,
				     unsigned int pattern)
{
	if (pattern == mapping->pattern)
		return part.end;
	while (part.start < part.end && safe_dma_byte(pattern, part.start) ==
						safe_dma_byte(mapping->pattern, part.start))
		part.start++;
	return part.start;
}

/* Of SAFE_DMA_OP_FILL and SAFE_DMA_OP_CHECK. */
static inline unsigned int outcomes_of_bytes(const struct mapping *mapping,
					     const struct safe_dma_request *request)
{
	struct part part = { 0, 0 };
	unsigned int refused = 0;

	if (!has_access(mapping->kind))
		refused |= outcome(EOPNOTSUPP);
	if (mapping->turn == TURN_IN_FLIGHT ||
	    (has_turns(mapping->kind) && mapping->turn == TURN_DEVICE))
		refused |= outcome(EBUSY);
	if (request->op == SAFE_DMA_OP_FILL && mapping->dir == SAFE_DMA_FROM_DEVICE)
		refused |= outcome(EACCES);
	if (!find_part(mapping, request, &part))
		refused |= outcome(EINVAL);
	if (refused || request->op == SAFE_DMA_OP_FILL)
		return refused ? refused : outcome(0);

	if (!mapping->is_known)
		return outcome(0) | outcome(EILSEQ);
	return outcome(first_difference(mapping, part, request->pattern) < part.end ? EILSEQ : 0);
}

/* Of SAFE_DMA_OP_TRANSFER and SAFE_DMA_OP_START. */
static inline unsigned int outcomes_of_move(const struct world *world,
					    const struct mapping *mapping,
					    const struct safe_dma_request *request)
{
	struct part part;
	unsigned int refused = 0, perhaps = 0;

	if (mapping->turn != TURN_DEVICE)
		refused |= outcome(EBUSY);
	if (mapping->dir == (request->to == SAFE_DMA_TRANSFER_TO_DEVICE ? SAFE_DMA_FROM_DEVICE :
									  SAFE_DMA_TO_DEVICE))
		refused |= outcome(EACCES);
	if (!find_part(mapping, request, &part))
		refused |= outcome(EINVAL);
	/* The transfer that was in flight has ended, or not. */
	if (world->in_flight)
		perhaps |= outcome(EBUSY);
	if (request->fields & SAFE_DMA_HAS_TIMEOUT && request->timeout < LONG)
		perhaps |= outcome(ETIMEDOUT);
	/* Bytes in several pieces are for SAFE_DMA_OP_TRANSFER. */
	if (request->op == SAFE_DMA_OP_START && mapping->kind == SAFE_DMA_KIND_SG)
		perhaps |= outcome(EINVAL);
	return (refused ? refused : outcome(0)) | perhaps;
}

static inline unsigned int outcomes_of_sync(const struct mapping *mapping, enum turn needed)
{
	unsigned int refused = 0;

	if (!has_turns(mapping->kind))
		refused |= outcome(EOPNOTSUPP);
	if (mapping->turn == TURN_IN_FLIGHT ||
	    (has_turns(mapping->kind) && mapping->turn != needed))
		refused |= outcome(EBUSY);
	return refused ? refused : outcome(0);
}

/* All that may come of a request; where several things are wrong, any of them. */
static inline unsigned int outcomes(const struct world *world, struct table *table,
				    const struct safe_dma_request *request)
{
	struct mapping *mapping;
	int flies;

	if (is_wrong(world, request))
		return outcome(EINVAL);
	if (request->op == SAFE_DMA_OP_MAP)
		return outcomes_of_map(world, table, request);
	mapping = find_mapping(table, request->name);
	if (!mapping)
		return outcome(ENOENT);
	flies = mapping->turn == TURN_IN_FLIGHT;

	switch (request->op) {
	case SAFE_DMA_OP_SYNC_FOR_CPU:
		return outcomes_of_sync(mapping, TURN_DEVICE);
	case SAFE_DMA_OP_SYNC_FOR_DEVICE:
		return outcomes_of_sync(mapping, TURN_CPU);
	case SAFE_DMA_OP_FILL:
	case SAFE_DMA_OP_CHECK:
		return outcomes_of_bytes(mapping, request);
	case SAFE_DMA_OP_TRANSFER:
	case SAFE_DMA_OP_START:
		return outcomes_of_move(world, mapping, request);
	case SAFE_DMA_OP_WAIT:
		if (flies && request->fields & SAFE_DMA_HAS_TIMEOUT && request->timeout < LONG)
			return outcome(0) | outcome(ETIMEDOUT);
		return outcome(flies ? 0 : EBUSY);
	case SAFE_DMA_OP_ABORT:
		return outcome(flies ? 0 : EBUSY);
	default:
		return outcome(flies ? EBUSY : 0);
	}
}

static inline void note_map(struct world *world, struct table *table,
			    const struct safe_dma_request *map)
{
	struct mapping *mapping = &table->mappings[table->count++];

	memset(mapping, 0, sizeof(*mapping));
	memcpy(mapping->name, map->name, sizeof(mapping->name));
	mapping->kind = map->kind;
	mapping->dir = is_shared(map->kind) ? SAFE_DMA_BIDIRECTIONAL : map->dir;
	mapping->size = size_to_map(world, map);
	world->bytes += in_pages(world, mapping->size);
	mapping->is_known = !!(map->fields & SAFE_DMA_HAS_PATTERN);
	mapping->pattern = map->pattern;
}

static inline void note_fill(struct mapping *mapping, const struct safe_dma_request *fill)
{
	struct part part;

	if (!find_part(mapping, fill, &part))
		return;
	if (part.end - part.start == mapping->size)
		mapping->is_known = 1;
	else if (mapping->pattern != fill->pattern)
		mapping->is_known = 0;
	mapping->pattern = fill->pattern;
}

static inline void note_flight(struct world *world, struct mapping *mapping, enum turn turn)
{
	world->in_flight += (turn == TURN_IN_FLIGHT) - (mapping->turn == TURN_IN_FLIGHT);
	mapping->turn = turn;
}

/* What is so after a request: `error` is what came of it. */
static inline void note(struct world *world, struct table *table,
			const struct safe_dma_request *request, int error)
{
	struct mapping *mapping;

	if (!error && request->op == SAFE_DMA_OP_MAP) {
		note_map(world, table, request);
		return;
	}
	mapping = find_mapping(table, request->name);
	if (!mapping)
		return;
	/* Also one that was aborted may have brought its bytes. */
	if (is_move(request->op) && request->to == SAFE_DMA_TRANSFER_TO_MEMORY &&
	    (!error || error == ETIMEDOUT))
		mapping->is_known = 0;
	if (error)
		return;

	switch (request->op) {
	case SAFE_DMA_OP_UNMAP:
		world->bytes -= in_pages(world, mapping->size);
		*mapping = table->mappings[--table->count];
		break;
	case SAFE_DMA_OP_SYNC_FOR_CPU:
		mapping->turn = TURN_CPU;
		break;
	case SAFE_DMA_OP_SYNC_FOR_DEVICE:
		mapping->turn = TURN_DEVICE;
		break;
	case SAFE_DMA_OP_FILL:
		note_fill(mapping, request);
		break;
	case SAFE_DMA_OP_START:
		note_flight(world, mapping, TURN_IN_FLIGHT);
		break;
	case SAFE_DMA_OP_WAIT:
	case SAFE_DMA_OP_ABORT:
		note_flight(world, mapping, TURN_DEVICE);
		break;
	}
}

/* All that a table has is undone, as when its file is closed. */
static inline void note_close(struct world *world, struct table *table)
{
	for (unsigned int i = 0; i < table->count; i++) {
		note_flight(world, &table->mappings[i], TURN_DEVICE);
		world->bytes -= in_pages(world, table->mappings[i].size);
	}
	table->count = 0;
}

#endif /* _SELFTESTS_FUZZ_MODEL_H */
