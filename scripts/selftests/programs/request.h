/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations in the format of the file `run`: words with keys and values.
 */
#ifndef _SELFTESTS_REQUEST_H
#define _SELFTESTS_REQUEST_H

#include <linux/types.h>

#include "common.h"

/* Includes the NUL. */
#define NAME_LEN	16

enum key {
	KEY_OP, KEY_NAME, KEY_KIND, KEY_DIR, KEY_SIZE, KEY_OFFSET, KEY_PATTERN, KEY_REPEAT, KEY_TO,
	KEY_TIMEOUT, KEY_IRQ, KEY_PAGE, KEYS
};

static const char *const keys[KEYS] = {
	"op", "name", "kind", "dir", "size", "offset", "pattern", "repeat", "to", "timeout", "irq",
	"page"
};

/* The bit of a key in a set. */
#define BIT_OF(key)	(1u << KEY_##key)

enum op {
	OP_MAP, OP_UNMAP, OP_SYNC_FOR_CPU, OP_SYNC_FOR_DEVICE, OP_FILL, OP_CHECK, OP_TRANSFER,
	OP_START, OP_WAIT, OP_ABORT, OP_TRANSFER_PAGE, OPS
};

/* The number of operations on a named mapping, which come first. */
#define NAMED_OPS	OP_TRANSFER_PAGE

static const char *const ops[OPS] = {
	"map", "unmap", "sync_for_cpu", "sync_for_device", "fill", "check", "transfer", "start",
	"wait", "abort", "transfer_page"
};

enum kind {
	KIND_SINGLE, KIND_PAGE, KIND_SG, KIND_IOVA, KIND_COHERENT, KIND_NONCOHERENT,
	KIND_NONCONTIGUOUS, KIND_POOL, KIND_RESOURCE, KINDS
};

static const char *const kinds[KINDS] = {
	"single", "page", "sg", "iova", "coherent", "noncoherent", "noncontiguous", "pool",
	"resource"
};

enum dir { BIDIRECTIONAL, TO_DEVICE, FROM_DEVICE, DIRS };

static const char *const dirs[DIRS] = { "bidirectional", "to_device", "from_device" };

/* The destination of a transfer. */
enum to { DEVICE, MEMORY, TOS };

static const char *const tos[TOS] = { "device", "memory" };

enum irq { IRQ_NORMAL, IRQ_NONE, IRQ_TWICE, IRQS };

static const char *const irqs[IRQS] = { "normal", "none", "twice" };

struct request {
	enum op op;
	/* The set of keys, from KEY_KIND on, whose value is given. */
	unsigned int given;
	char name[NAME_LEN];
	unsigned int kind;
	unsigned int dir;
	__u64 size;
	__u64 offset;
	unsigned int pattern;
	unsigned int to;
	unsigned int timeout;
	unsigned int irq;
	unsigned int page;
};

/* Marks the keys `more` and all keys with a value other than 0 as given. */
static inline struct request given(struct request request, unsigned int more)
{
	request.given = more | (request.kind ? BIT_OF(KIND) : 0) |
			(request.dir ? BIT_OF(DIR) : 0) | (request.size ? BIT_OF(SIZE) : 0) |
			(request.offset ? BIT_OF(OFFSET) : 0) |
			(request.pattern ? BIT_OF(PATTERN) : 0) | (request.to ? BIT_OF(TO) : 0) |
			(request.timeout ? BIT_OF(TIMEOUT) : 0) | (request.irq ? BIT_OF(IRQ) : 0) |
			(request.page ? BIT_OF(PAGE) : 0);
	return request;
}

/* Writes a request as words. Returns their length. */
static inline int request_words(char words[MAX_TEXT], const struct request *request)
{
	const struct {
		enum key key;
		const char *word;
		__u64 number;
	} values[] = {
		{ KEY_KIND, kinds[request->kind % KINDS] },
		{ KEY_DIR, dirs[request->dir % DIRS] },
		{ KEY_SIZE, NULL, request->size },
		{ KEY_OFFSET, NULL, request->offset },
		{ KEY_PATTERN, NULL, request->pattern },
		{ KEY_TO, tos[request->to % TOS] },
		{ KEY_TIMEOUT, NULL, request->timeout },
		{ KEY_IRQ, irqs[request->irq % IRQS] },
		{ KEY_PAGE, NULL, request->page },
	};
	int len = snprintf(words, MAX_TEXT, "op=%s", ops[request->op]);

	if (request->name[0])
		len += snprintf(words + len, MAX_TEXT - len, " name=%.15s", request->name);
	for (int i = 0; i < COUNT(values); i++) {
		if (!(request->given & 1u << values[i].key))
			continue;
		len += snprintf(words + len, MAX_TEXT - len, " %s=", keys[values[i].key]);
		len += values[i].word ?
			       snprintf(words + len, MAX_TEXT - len, "%s", values[i].word) :
			       snprintf(words + len, MAX_TEXT - len, "%llu",
					(unsigned long long)values[i].number);
	}
	return len;
}

/* Runs a request. Returns 0 or an error. */
static inline int run(int fd, const struct request *request)
{
	char words[MAX_TEXT];

	request_words(words, request);
	return operate_text(fd, words);
}

/* Returns whether the CPU and the device own the memory at once, in both directions. */
static inline int is_shared(unsigned int kind)
{
	return kind == KIND_COHERENT || kind == KIND_POOL;
}

/* Returns whether the CPU can access the memory while it is mapped. */
static inline int has_access(unsigned int kind)
{
	return kind != KIND_IOVA && kind != KIND_RESOURCE;
}

/* Returns whether the memory is allocated as a mapping, without a buffer to fill before. */
static inline int is_born_mapped(unsigned int kind)
{
	return kind == KIND_NONCOHERENT || kind == KIND_NONCONTIGUOUS;
}

/* Returns whether syncs transfer the ownership between the CPU and the device. */
static inline int has_syncs(unsigned int kind)
{
	return has_access(kind) && !is_shared(kind);
}

#endif /* _SELFTESTS_REQUEST_H */
