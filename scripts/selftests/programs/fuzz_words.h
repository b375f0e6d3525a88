/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parses words key=value like the file `run`.
 */
#ifndef _SELFTESTS_FUZZ_WORDS_H
#define _SELFTESTS_FUZZ_WORDS_H

#include "model.h"

#define MAX_REPEAT	1000000

/* The values of keys that take neither a number nor a name. */
static const struct {
	const char *const *names;
	unsigned int count;
} values[KEYS] = {
	[KEY_KIND] = { kinds, KINDS },
	[KEY_DIR] = { dirs, DIRS },
	[KEY_TO] = { tos, TOS },
	[KEY_IRQ] = { irqs, IRQS },
};

#define PLAIN		(BIT_OF(OP) | BIT_OF(REPEAT))
#define MEMORY_KEYS	(PLAIN | BIT_OF(SIZE) | BIT_OF(PATTERN))

static const struct {
	const char *name;
	unsigned int kind;
	/* The maximum number of pages without `size`. */
	unsigned int pages;
	unsigned int takes;
} lifecycles[] = {
	{ "map_single", KIND_SINGLE, 1, MEMORY_KEYS | BIT_OF(DIR) | BIT_OF(OFFSET) },
	{ "map_page", KIND_PAGE, 1, MEMORY_KEYS | BIT_OF(DIR) },
	{ "map_small", KIND_SINGLE, 1, MEMORY_KEYS | BIT_OF(DIR) | BIT_OF(OFFSET) },
	{ "map_sg", KIND_SG, 7, MEMORY_KEYS | BIT_OF(DIR) | BIT_OF(OFFSET) },
	{ "coherent", KIND_COHERENT, 16, MEMORY_KEYS },
	{ "coherent_contiguous", KIND_COHERENT, 16, PLAIN },
	{ "coherent_atomic", KIND_COHERENT, 16, PLAIN },
	{ "alloc_noncoherent", KIND_NONCOHERENT, 16, MEMORY_KEYS | BIT_OF(DIR) },
	{ "alloc_noncontiguous", KIND_NONCONTIGUOUS, 16, MEMORY_KEYS | BIT_OF(DIR) },
	{ "pool", KIND_POOL, 1, MEMORY_KEYS },
	{ "iova", KIND_IOVA, 3, MEMORY_KEYS | BIT_OF(DIR) },
	{ "map_resource", KIND_RESOURCE, 1, PLAIN | BIT_OF(DIR) },
};

/* A parsed operation, or a lifecycle with the request for its mapping. */
struct asked {
	/* The index in `lifecycles`, or -1. */
	int lifecycle;
	__u64 repeat;
	struct request request;
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

/* Returns the index of a word in an array, or -1. */
static inline int number_of(struct word word, const char *const *names, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (is_word(word, names[i]))
			return i;
	return -1;
}

/* Parses a decimal number, or a hexadecimal one after 0x. Returns 0 for a wrong number. */
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

/*
 * Finds the value of each key. Its `text` is NULL if the key is missing. Returns 0 for a wrong
 * text.
 */
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

/* Sets a field of a request. Returns 0 for a wrong value. */
static inline int read_field(struct request *request, enum key key, struct word word)
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

	request->given |= 1u << key;
	switch (key) {
	case KEY_KIND:
		request->kind = number;
		return 1;
	case KEY_DIR:
		request->dir = number;
		return 1;
	case KEY_SIZE:
		request->size = number;
		return 1;
	case KEY_OFFSET:
		request->offset = number;
		return 1;
	case KEY_PATTERN:
		request->pattern = number;
		return number <= UINT32_MAX;
	case KEY_TO:
		request->to = number;
		return 1;
	case KEY_TIMEOUT:
		request->timeout = number;
		return number <= UINT32_MAX;
	case KEY_IRQ:
		request->irq = number;
		return 1;
	case KEY_PAGE:
		request->page = number;
		return number <= UINT32_MAX;
	default:
		return 0;
	}
}

/* Parses a text. Returns 0 if the result is EINVAL in any state. */
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
	op = number_of(found[KEY_OP], ops, OPS);
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
		int is_named = op < NAMED_OPS;

		asked->request.op = op;
		if (found[KEY_REPEAT].text || is_named == !name.text || name.len >= NAME_LEN)
			return 0;
		memcpy(asked->request.name, name.text, name.len);
		/* A NUL would end the name. */
		return strlen(asked->request.name) == name.len && !is_wrong(world, &asked->request);
	}

	for (enum key key = 0; key < KEYS; key++)
		if (found[key].text && !(lifecycles[asked->lifecycle].takes & 1u << key))
			return 0;
	if (found[KEY_REPEAT].text &&
	    (!read_number(found[KEY_REPEAT], &asked->repeat) || !asked->repeat ||
	     asked->repeat > MAX_REPEAT))
		return 0;
	asked->request.op = OP_MAP;
	asked->request.kind = lifecycles[asked->lifecycle].kind;
	asked->request.given |= BIT_OF(KIND);
	/* Any valid name. */
	asked->request.name[0] = 'a';
	return !is_wrong(world, &asked->request);
}

/* Returns the possible results of a lifecycle while `bytes` are mapped. */
static inline unsigned int outcomes_of_lifecycle(const struct world *world,
						 const struct asked *asked, __u64 bytes)
{
	const struct request *map = &asked->request;
	unsigned int perhaps = 0;
	__u64 size = lifecycles[asked->lifecycle].pages * world->page;

	if (world->refused[map->kind])
		return outcome(world->refused[map->kind]);
	/* The bytes go through the device. */
	if (map->given & BIT_OF(PATTERN) && world->in_flight)
		perhaps |= outcome(EBUSY);
	if (map->size > SMALL || world->bounces)
		perhaps |= outcome(ENOMEM);
	if (world->bounces)
		perhaps |= outcome(EIO);
	if (map->given & BIT_OF(SIZE))
		size = in_pages(world, map->size);
	/* The bytes go through a second mapping of the same size. */
	if (bytes + 2 * size > MAX_BYTES)
		perhaps |= outcome(ENOSPC);
	if (map->kind == KIND_NONCONTIGUOUS && map->size > MAX_SEGMENT)
		return outcome(EINVAL) | perhaps;
	return outcome(0) | perhaps;
}

#endif /* _SELFTESTS_FUZZ_WORDS_H */
