/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request in words, as /sys/kernel/debug/safe_dma/<PCI address>/run takes it, and people read it.
 */
#ifndef _SELFTESTS_OPERATION_WORDS_H
#define _SELFTESTS_OPERATION_WORDS_H

#include <stdio.h>

#include "request.h"

#define WORDS_LEN	256

static const char *const op_words[] = {
	[SAFE_DMA_OP_MAP] = "map",
	[SAFE_DMA_OP_UNMAP] = "unmap",
	[SAFE_DMA_OP_SYNC_FOR_CPU] = "sync_for_cpu",
	[SAFE_DMA_OP_SYNC_FOR_DEVICE] = "sync_for_device",
	[SAFE_DMA_OP_FILL] = "fill",
	[SAFE_DMA_OP_CHECK] = "check",
	[SAFE_DMA_OP_TRANSFER] = "transfer",
	[SAFE_DMA_OP_START] = "start",
	[SAFE_DMA_OP_WAIT] = "wait",
	[SAFE_DMA_OP_ABORT] = "abort",
};

static const char *const kind_words[] = {
	[SAFE_DMA_KIND_SINGLE] = "single",
	[SAFE_DMA_KIND_PAGE] = "page",
	[SAFE_DMA_KIND_SG] = "sg",
	[SAFE_DMA_KIND_IOVA] = "iova",
	[SAFE_DMA_KIND_COHERENT] = "coherent",
	[SAFE_DMA_KIND_NONCOHERENT] = "noncoherent",
	[SAFE_DMA_KIND_NONCONTIGUOUS] = "noncontiguous",
	[SAFE_DMA_KIND_POOL] = "pool",
	[SAFE_DMA_KIND_RESOURCE] = "resource",
};

static const char *const dir_words[] = {
	[SAFE_DMA_BIDIRECTIONAL] = "bidirectional",
	[SAFE_DMA_TO_DEVICE] = "to_device",
	[SAFE_DMA_FROM_DEVICE] = "from_device",
};

static const char *const to_words[] = {
	[SAFE_DMA_TRANSFER_TO_DEVICE] = "device",
	[SAFE_DMA_TRANSFER_TO_MEMORY] = "memory",
};

static const char *const irq_words[] = {
	[SAFE_DMA_IRQ_NORMAL] = "normal",
	[SAFE_DMA_IRQ_NONE] = "none",
	[SAFE_DMA_IRQ_TWICE] = "twice",
};

/* The word of that number, of so many. */
static inline const char *word(const char *const *words, unsigned int count, unsigned int number)
{
	return number < count ? words[number] : "?";
}

/* Those fields that are given; returns how many characters they are. */
static inline int request_words(char *words, const struct safe_dma_request *request)
{
	const unsigned int fields = request->fields;
	int len = snprintf(words, WORDS_LEN, "op=%s name=%.15s",
			   word(op_words, COUNT(op_words), request->op), request->name);

	if (fields & SAFE_DMA_HAS_KIND)
		len += snprintf(words + len, WORDS_LEN - len, " kind=%s",
				word(kind_words, COUNT(kind_words), request->kind));
	if (fields & SAFE_DMA_HAS_DIR)
		len += snprintf(words + len, WORDS_LEN - len, " dir=%s",
				word(dir_words, COUNT(dir_words), request->dir));
	if (fields & SAFE_DMA_HAS_SIZE)
		len += snprintf(words + len, WORDS_LEN - len, " size=%llu", request->size);
	if (fields & SAFE_DMA_HAS_OFFSET)
		len += snprintf(words + len, WORDS_LEN - len, " offset=%llu", request->offset);
	if (fields & SAFE_DMA_HAS_PATTERN)
		len += snprintf(words + len, WORDS_LEN - len, " pattern=%u", request->pattern);
	if (fields & SAFE_DMA_HAS_TO)
		len += snprintf(words + len, WORDS_LEN - len, " to=%s",
				word(to_words, COUNT(to_words), request->to));
	if (fields & SAFE_DMA_HAS_TIMEOUT)
		len += snprintf(words + len, WORDS_LEN - len, " timeout=%u", request->timeout);
	if (fields & SAFE_DMA_HAS_IRQ)
		len += snprintf(words + len, WORDS_LEN - len, " irq=%s",
				word(irq_words, COUNT(irq_words), request->irq));
	return len;
}

#endif /* _SELFTESTS_OPERATION_WORDS_H */
