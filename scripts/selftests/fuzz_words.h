/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What words key=value ask for, as README.md has it, and who reads the file `run`.
 */
#ifndef _SELFTESTS_FUZZ_WORDS_H
#define _SELFTESTS_FUZZ_WORDS_H

#include <stdint.h>
#include <string.h>

#include "fuzz_model.h"
#include "request.h"

#define MAX_TEXT	256
#define MAX_REPEAT	1000000

enum key {
	KEY_OP, KEY_NAME, KEY_KIND, KEY_DIR, KEY_SIZE, KEY_OFFSET, KEY_PATTERN, KEY_REPEAT, KEY_TO,
	KEY_TIMEOUT, KEY_IRQ, KEYS
};

static const char *const keys[KEYS] = {
	"op", "name", "kind", "dir", "size", "offset", "pattern", "repeat", "to", "timeout", "irq"
};

/* In the order of their numbers. */
static const char *const ops[] = {
	"map", "unmap", "sync_for_cpu", "sync_for_device", "fill", "check", "transfer", "start",
	"wait", "abort"
};

static const char *const kinds[] = {
	"single", "page", "sg", "iova", "coherent", "noncoherent", "noncontiguous", "pool",
	"resource"
};

static const char *const dirs[] = { "bidirectional", "to_device", "from_device" };

static const char *const tos[] = { "device", "memory" };

static const char *const irqs[] = { "normal", "none", "twice" };

/* Of the values of keys, beside numbers and names. */
static const struct {
	const char *const *names;
	unsigned int count;
} values[KEYS] = {
	[KEY_KIND] = { kinds, COUNT(kinds) },
	[KEY_DIR] = { dirs, COUNT(dirs) },
	[KEY_TO] = { tos, COUNT(tos) },
	[KEY_IRQ] = { irqs, COUNT(irqs) },
};

#define TAKES(key)	(1u << KEY_##key)
#define PLAIN		(TAKES(OP) | TAKES(REPEAT))
#define MEMORY		(PLAIN | TAKES(SIZE) | TAKES(PATTERN))

static const struct {
	const char *name;
	/* Of SAFE_DMA_KIND_*, where it takes more than `repeat`. */
	unsigned int kind;
	/* How many pages there are at most, if there is no size. */
	unsigned int pages;
	unsigned int takes;
} lifecycles[] = {
	{ "map_single", SAFE_DMA_KIND_SINGLE, 1, MEMORY | TAKES(DIR) | TAKES(OFFSET) },
	{ "map_page", SAFE_DMA_KIND_PAGE, 1, MEMORY | TAKES(DIR) },
	{ "map_small", SAFE_DMA_KIND_SINGLE, 1, MEMORY | TAKES(DIR) | TAKES(OFFSET) },
	{ "map_sg", SAFE_DMA_KIND_SG, 7, MEMORY | TAKES(DIR) | TAKES(OFFSET) },
	{ "coherent", SAFE_DMA_KIND_COHERENT, 16, MEMORY },
	{ "coherent_contiguous", SAFE_DMA_KIND_COHERENT, 16, PLAIN },
	{ "coherent_atomic", SAFE_DMA_KIND_COHERENT, 16, PLAIN },
	{ "get_sgtable", SAFE_DMA_KIND_COHERENT, 16, PLAIN },
	{ "alloc_noncoherent", SAFE_DMA_KIND_NONCOHERENT, 16, MEMORY | TAKES(DIR) },
	{ "alloc_noncontiguous", SAFE_DMA_KIND_NONCONTIGUOUS, 16, MEMORY | TAKES(DIR) },
	{ "pool", SAFE_DMA_KIND_POOL, 1, MEMORY },
	{ "iova", SAFE_DMA_KIND_IOVA, 3, MEMORY | TAKES(DIR) },
	{ "map_resource", SAFE_DMA_KIND_RESOURCE, 1, PLAIN | TAKES(DIR) },
};

/* What is asked for: one operation, or, if there is a lifecycle, that, and what it is to map. */
struct asked {
	/* Its number, or -1. */
	int lifecycle;
	__u64 repeat;
	struct safe_dma_request request;
};

struct word {
	const char *text;
	unsigned int len;
};

static inline int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static inline int is_word(struct word word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.text, text, word.len);
}

/* The number of the name that a word is, or -1. */
static inline int number_of(struct word word, const char *const *names, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (is_word(word, names[i]))
			return i;
	return -1;
}

/* Decimal, or hexadecimal behind 0x. */
static inline int read_number(struct word word, __u64 *number)
{
	unsigned int base = 10;

	if (word.len > 2 && word.text[0] == '0' && word.text[1] == 'x') {
		base = 16;
		word.text += 2;
		word.len -= 2;
	}
	*number = 0;
	for (unsigned int i = 0; i < word.len; i++) {
		char c = word.text[i];
		unsigned int digit = c >= '0' && c <= '9' ? c - '0' :
				     c >= 'a' && c <= 'f' ? c - 'a' + 10 :
				     c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;

		if (digit >= base || *number > (UINT64_MAX - digit) / base)
			return 0;
		*number = *number * base + digit;
	}
	return word.len > 0;
}

/* Each word's value, by its key. Those that are not there have no text. */
static inline int read_values(const char *text, unsigned int len, struct word found[KEYS])
{
	unsigned int at = 0;

	memset(found, 0, KEYS * sizeof(*found));
	while (at < len) {
		struct word key, value;
		int number;

		if (is_blank(text[at])) {
			at++;
			continue;
		}
		key.text = text + at;
		while (at < len && !is_blank(text[at]) && text[at] != '=')
			at++;
		if (at == len || text[at] != '=')
			return 0;
		key.len = text + at - key.text;
		value.text = text + ++at;
		while (at < len && !is_blank(text[at]))
			at++;
		value.len = text + at - value.text;

		number = number_of(key, keys, KEYS);
		if (number < 0 || !value.len || found[number].text)
			return 0;
		found[number] = value;
	}
	return 1;
}

/* A field of a request, of a word that is there; 0 if it cannot be. */
static inline int read_field(struct safe_dma_request *request, enum key key, struct word word)
{
	__u64 number;

	if (values[key].names) {
		int which = number_of(word, values[key].names, values[key].count);

		if (which < 0)
			return 0;
		number = which;
	} else if (!read_number(word, &number)) {
		return 0;
	}

	switch (key) {
	case KEY_KIND:
		request->kind = number;
		request->fields |= SAFE_DMA_HAS_KIND;
		return 1;
	case KEY_DIR:
		request->dir = number;
		request->fields |= SAFE_DMA_HAS_DIR;
		return 1;
	case KEY_SIZE:
		request->size = number;
		request->fields |= SAFE_DMA_HAS_SIZE;
		return 1;
	case KEY_OFFSET:
		request->offset = number;
		request->fields |= SAFE_DMA_HAS_OFFSET;
		return 1;
	case KEY_PATTERN:
		request->pattern = number;
		request->fields |= SAFE_DMA_HAS_PATTERN;
		return number <= UINT32_MAX;
	case KEY_TO:
		request->to = number;
		request->fields |= SAFE_DMA_HAS_TO;
		return 1;
	case KEY_TIMEOUT:
		request->timeout = number;
		request->fields |= SAFE_DMA_HAS_TIMEOUT;
		return number <= UINT32_MAX;
	case KEY_IRQ:
		request->irq = number;
		request->fields |= SAFE_DMA_HAS_IRQ;
		return 1;
	default:
		return 0;
	}
}

/* 0 if the words ask for nothing that can be, whatever is mapped: `asked` is of no use then. */
static inline int read_words(const struct world *world, const char *text, unsigned int len,
			     struct asked *asked)
{
	struct word found[KEYS];
	int op;

	memset(asked, 0, sizeof(*asked));
	asked->lifecycle = -1;
	asked->repeat = 1;
	if (len > MAX_TEXT || !read_values(text, len, found) || !found[KEY_OP].text)
		return 0;
	op = number_of(found[KEY_OP], ops, COUNT(ops));
	for (int i = 0; op < 0 && i < COUNT(lifecycles); i++)
		if (is_word(found[KEY_OP], lifecycles[i].name))
			asked->lifecycle = i;
	if (op < 0 && asked->lifecycle < 0)
		return 0;

	for (enum key key = KEY_KIND; key < KEYS; key++)
		if (found[key].text && key != KEY_REPEAT &&
		    !read_field(&asked->request, key, found[key]))
			return 0;

	if (op >= 0) {
		struct word name = found[KEY_NAME];

		if (!name.text || name.len >= SAFE_DMA_NAME_LEN || found[KEY_REPEAT].text)
			return 0;
		asked->request.op = op;
		memcpy(asked->request.name, name.text, name.len);
		/* A NUL in it would end it. */
		return strlen(asked->request.name) == name.len && !is_wrong(world, &asked->request);
	}

	for (enum key key = 0; key < KEYS; key++)
		if (found[key].text && !(lifecycles[asked->lifecycle].takes & 1u << key))
			return 0;
	if (found[KEY_REPEAT].text &&
	    (!read_number(found[KEY_REPEAT], &asked->repeat) || !asked->repeat ||
	     asked->repeat > MAX_REPEAT))
		return 0;
	asked->request.op = SAFE_DMA_OP_MAP;
	asked->request.kind = lifecycles[asked->lifecycle].kind;
	asked->request.fields |= SAFE_DMA_HAS_KIND;
	/* Some name, which can be one. */
	asked->request.name[0] = 'a';
	return !is_wrong(world, &asked->request);
}

/* All that may come of words. */
static inline unsigned int outcomes_of_words(const struct world *world, struct table *table,
					     const char *text, unsigned int len,
					     struct asked *asked)
{
	unsigned int perhaps = 0;
	__u64 size;

	if (!read_words(world, text, len, asked))
		return outcome(EINVAL);
	if (asked->lifecycle < 0)
		return outcomes(world, table, &asked->request);
	if (world->refused[asked->request.kind])
		return outcome(world->refused[asked->request.kind]);
	/* Its bytes go through the device. */
	if (asked->request.fields & SAFE_DMA_HAS_PATTERN && world->in_flight)
		perhaps |= outcome(EBUSY);
	if (asked->request.size > SMALL || world->bounces)
		perhaps |= outcome(ENOMEM);
	if (world->bounces)
		perhaps |= outcome(EIO);
	size = asked->request.fields & SAFE_DMA_HAS_SIZE ?
		       in_pages(world, asked->request.size) :
		       lifecycles[asked->lifecycle].pages * world->page;
	/* Other memory, through which they go, is as large. */
	if (world->bytes + 2 * size > MAX_BYTES)
		perhaps |= outcome(ENOSPC);
	if (asked->request.kind == SAFE_DMA_KIND_NONCONTIGUOUS && asked->request.size > MAX_SEGMENT)
		return outcome(EINVAL) | perhaps;
	return outcome(0) | perhaps;
}

#endif /* _SELFTESTS_FUZZ_WORDS_H */
