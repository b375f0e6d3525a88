/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to /dev/safe_dma0, and so on, as the programs here make them.
 */
#ifndef _SELFTESTS_REQUEST_H
#define _SELFTESTS_REQUEST_H

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../rust/testdev/uapi/safe_dma.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct safe_dma_request request(unsigned int op, const char *name)
{
	struct safe_dma_request request = { .op = op };

	strlcpy(request.name, name, sizeof(request.name));
	return request;
}

/* With the fields that are not zero, and those that are given as well. */
static inline struct safe_dma_request given(struct safe_dma_request request, unsigned int fields)
{
	request.fields = fields | (request.kind ? SAFE_DMA_HAS_KIND : 0) |
			 (request.dir ? SAFE_DMA_HAS_DIR : 0) |
			 (request.size ? SAFE_DMA_HAS_SIZE : 0) |
			 (request.offset ? SAFE_DMA_HAS_OFFSET : 0) |
			 (request.pattern ? SAFE_DMA_HAS_PATTERN : 0) |
			 (request.to ? SAFE_DMA_HAS_TO : 0) |
			 (request.timeout ? SAFE_DMA_HAS_TIMEOUT : 0) |
			 (request.irq ? SAFE_DMA_HAS_IRQ : 0);
	return request;
}

/* 0, or errno. */
static inline int run(int fd, struct safe_dma_request *request)
{
	return ioctl(fd, SAFE_DMA_IOC_RUN, request) ? errno : 0;
}

/* Whether it belongs to the CPU and the device at once, and for both directions. */
static inline int is_shared(unsigned int kind)
{
	return kind == SAFE_DMA_KIND_COHERENT || kind == SAFE_DMA_KIND_POOL;
}

/* Whether the CPU reaches it while it is mapped. */
static inline int has_access(unsigned int kind)
{
	return kind != SAFE_DMA_KIND_IOVA && kind != SAFE_DMA_KIND_RESOURCE;
}

/* Whether there is no buffer before, which could be filled. */
static inline int is_born_mapped(unsigned int kind)
{
	return kind == SAFE_DMA_KIND_NONCOHERENT || kind == SAFE_DMA_KIND_NONCONTIGUOUS;
}

/* Whether it belongs to the one, and then to the other. */
static inline int has_turns(unsigned int kind)
{
	return has_access(kind) && !is_shared(kind);
}

#endif /* _SELFTESTS_REQUEST_H */
