/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests as somebody might make them, and such with something wrong. What is made depends on the
 * numbers that are drawn, and on nothing else, so that the same seed makes the same.
 */
#ifndef _SELFTESTS_FUZZ_REQUEST_H
#define _SELFTESTS_FUZZ_REQUEST_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fuzz_model.h"
#include "random.h"
#include "request.h"

/* Of an array, the number of any of its elements. */
#define ANY(random, array) random_below(random, COUNT(array))

/* Numbers at which something ends. */
static const __u64 edges[] = {
	0, 1, 2, 63, 64, 65, 255, 256, 4095, 4096, 4097, 8192, 16383, 16384, 65535, 65536, 65537,
	1ull << 20, (4ull << 20) - 1, 4ull << 20, (4ull << 20) + 1, MAX_SIZE - 1, MAX_SIZE,
	MAX_SIZE + 1, MAX_BYTES, 1000000, 1000001, 59999, 60000, 60001, INT32_MAX, 1ull << 31,
	UINT32_MAX, 1ull << 32, (1ull << 32) + 1, INT64_MAX, 1ull << 63, UINT64_MAX - 4095,
	UINT64_MAX
};

/*
 * Few names, so that many requests meet; and now and then one of so many that there are more than
 * can be. These keep small mappings, so that the memory of a guest is enough for several tables.
 */
static inline void make_name(struct random *random, char name[SAFE_DMA_NAME_LEN])
{
	static const char characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	memset(name, 0, SAFE_DMA_NAME_LEN);
	switch (random_below(random, 20)) {
	case 0:
	case 1:
		snprintf(name, SAFE_DMA_NAME_LEN, "n%u", (unsigned int)random_below(random, 512));
		break;
	case 2:
		for (int i = random_below(random, SAFE_DMA_NAME_LEN - 1); i >= 0; i--)
			name[i] = characters[random_below(random, sizeof(characters) - 1)];
		break;
	default:
		name[0] = 'a' + random_below(random, 6);
	}
}

/* Most are small: large ones take long, and the limits are reached with a few of them. */
static inline __u64 make_size(struct random *random)
{
	switch (random_below(random, 40)) {
	case 0:
		return edges[ANY(random, edges)];
	case 1:
		return 1 + random_below(random, 1 << 20);
	case 2 ... 5:
		return 1 + random_below(random, SMALL);
	case 6 ... 12:
		return 4096 * (1 + random_below(random, 16));
	case 13 ... 19:
		return 1 + random_below(random, 64);
	default:
		return 1 + random_below(random, 8192);
	}
}

static inline __u64 make_offset(struct random *random)
{
	switch (random_below(random, 8)) {
	case 0:
		return edges[ANY(random, edges)];
	case 1:
		return 0;
	default:
		return random_below(random, 4096);
	}
}

/* Few, so that the same come again. */
static inline unsigned int make_pattern(struct random *random)
{
	static const unsigned int patterns[] = { 0, 1, 0x5a, 0x80000000, 0xffffffff };

	return random_once_in(random, 4) ? random_u64(random) : patterns[ANY(random, patterns)];
}

static inline void make_map(struct random *random, struct safe_dma_request *map)
{
	int is_small = map->name[1] != 0, takes_offset;

	if (!random_once_in(random, 4)) {
		map->fields |= SAFE_DMA_HAS_KIND;
		map->kind = random_below(random, KINDS);
	}
	if (random_once_in(random, 2)) {
		map->fields |= SAFE_DMA_HAS_DIR;
		map->dir = random_below(random, 3);
	}
	if (map->kind != SAFE_DMA_KIND_RESOURCE || random_once_in(random, 4)) {
		if (!random_once_in(random, 3)) {
			map->fields |= SAFE_DMA_HAS_SIZE;
			map->size = is_small ? 1 + random_below(random, 4096) : make_size(random);
			if (map->kind == SAFE_DMA_KIND_POOL && !random_once_in(random, 4))
				map->size &= 4095;
		}
		if (random_once_in(random, 2)) {
			map->fields |= SAFE_DMA_HAS_PATTERN;
			map->pattern = make_pattern(random);
		}
	}
	takes_offset = map->kind == SAFE_DMA_KIND_SINGLE || map->kind == SAFE_DMA_KIND_SG;
	if (random_once_in(random, takes_offset ? 3 : 20)) {
		map->fields |= SAFE_DMA_HAS_OFFSET;
		map->offset = make_offset(random);
	}
}

/* A part, most times within what is small. */
static inline void make_part(struct random *random, struct safe_dma_request *request)
{
	if (random_once_in(random, 12)) {
		/* The end is beyond what a number can be, and looks as if it were within. */
		request->fields |= SAFE_DMA_HAS_SIZE | SAFE_DMA_HAS_OFFSET;
		request->size = 1 + random_below(random, 128);
		request->offset = 0 - random_below(random, 64);
		return;
	}
	if (random_once_in(random, 3)) {
		request->fields |= SAFE_DMA_HAS_SIZE;
		request->size = random_once_in(random, 4) ? make_size(random) :
							    1 + random_below(random, 64);
	}
	if (random_once_in(random, 3)) {
		request->fields |= SAFE_DMA_HAS_OFFSET;
		request->offset = random_once_in(random, 4) ? make_offset(random) :
							      random_below(random, 64);
	}
}

static inline void make_move(struct random *random, struct safe_dma_request *move)
{
	move->fields |= SAFE_DMA_HAS_TO;
	move->to = random_below(random, 2);
	make_part(random, move);
	if (move->size > BUFFER_SIZE && !random_once_in(random, 4))
		move->size = 1 + move->size % BUFFER_SIZE;
	if (random_once_in(random, 4)) {
		move->fields |= SAFE_DMA_HAS_IRQ;
		move->irq = random_below(random, 3);
	}
}

/* Short: a transfer takes 100 ms, and one without its interrupt all the time that there is. */
static inline void make_timeout(struct random *random, struct safe_dma_request *request)
{
	if (random_once_in(random, 20))
		return;
	request->fields |= SAFE_DMA_HAS_TIMEOUT;
	request->timeout = random_once_in(random, 40) ? edges[ANY(random, edges)] :
							1 + random_below(random, 200);
}

static inline struct safe_dma_request make_request(struct random *random)
{
	/* How often each is made, of a hundred. */
	static const unsigned char often[] = {
		[SAFE_DMA_OP_MAP] = 32, [SAFE_DMA_OP_UNMAP] = 14, [SAFE_DMA_OP_SYNC_FOR_CPU] = 11,
		[SAFE_DMA_OP_SYNC_FOR_DEVICE] = 9, [SAFE_DMA_OP_FILL] = 8, [SAFE_DMA_OP_CHECK] = 8,
		[SAFE_DMA_OP_TRANSFER] = 3, [SAFE_DMA_OP_START] = 4, [SAFE_DMA_OP_WAIT] = 6,
		[SAFE_DMA_OP_ABORT] = 5
	};
	struct safe_dma_request request = { .op = SAFE_DMA_OP_MAP };
	unsigned int left = random_below(random, 100);

	while (left >= often[request.op])
		left -= often[request.op++];
	make_name(random, request.name);

	switch (request.op) {
	case SAFE_DMA_OP_MAP:
		make_map(random, &request);
		break;
	case SAFE_DMA_OP_FILL:
	case SAFE_DMA_OP_CHECK:
		make_part(random, &request);
		request.fields |= SAFE_DMA_HAS_PATTERN;
		request.pattern = make_pattern(random);
		break;
	case SAFE_DMA_OP_TRANSFER:
		make_move(random, &request);
		make_timeout(random, &request);
		break;
	case SAFE_DMA_OP_START:
		make_move(random, &request);
		break;
	case SAFE_DMA_OP_WAIT:
		make_timeout(random, &request);
		break;
	}
	return request;
}

/* One field of the structure becomes another. */
static inline void break_request(struct random *random, struct safe_dma_request *request)
{
	__u64 number = random_once_in(random, 4) ? random_u64(random) : edges[ANY(random, edges)];
	unsigned int place = random_below(random, sizeof(request->name));

	switch (random_below(random, 16)) {
	case 0:
		request->op = number;
		break;
	case 1:
		request->op = random_below(random, COUNT(operations) + 2);
		break;
	case 2:
		request->fields ^= 1u << random_below(random, 32);
		break;
	case 3:
		request->fields ^= 1u << random_below(random, 8);
		break;
	case 4:
		request->name[place] = random_u64(random);
		break;
	case 5:
		memset(request->name, 'x', place + 1);
		break;
	case 6:
		request->kind = random_once_in(random, 2) ? number :
							    random_below(random, KINDS + 2);
		break;
	case 7:
		request->dir = random_once_in(random, 2) ? number : random_below(random, 4);
		break;
	case 8:
		request->size = number;
		break;
	case 9:
		request->offset = number;
		break;
	case 10:
		request->pattern = number;
		break;
	case 11:
		request->to = random_once_in(random, 2) ? number : random_below(random, 3);
		break;
	case 12:
		request->timeout = number;
		break;
	case 13:
		request->irq = random_once_in(random, 2) ? number : random_below(random, 4);
		break;
	case 14:
		request->reserved[random_below(random, 2)] = number;
		break;
	case 15:
		/* Those that are set are not read. */
		request->dma_address = number;
		request->differs_at = random_u64(random);
		break;
	}
}

/*
 * Whether it is left out. What the device writes to its own register has it compute a factorial, in
 * a thread of the host, for seconds: it does not write there.
 */
static inline int is_too_slow(const struct safe_dma_request *request)
{
	return request->op == SAFE_DMA_OP_MAP && request->kind == SAFE_DMA_KIND_RESOURCE &&
	       request->dir != SAFE_DMA_TO_DEVICE;
}

#endif /* _SELFTESTS_FUZZ_REQUEST_H */
