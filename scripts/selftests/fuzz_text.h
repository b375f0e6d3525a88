/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Texts for the file `run`: words as somebody might write them, words with something wrong, and
 * bytes of such texts changed. What is made depends on the numbers that are drawn, and on nothing
 * else.
 */
#ifndef _SELFTESTS_FUZZ_TEXT_H
#define _SELFTESTS_FUZZ_TEXT_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fuzz_request.h"
#include "fuzz_words.h"
#include "random.h"

#define MAX_WORDS	16
/* More than all words, and than a text may have. */
#define ROOM		2048

struct text {
	unsigned int len;
	char bytes[ROOM];
};

struct parts {
	unsigned int count;
	struct {
		char key[24];
		char equals[2];
		char value[72];
	} words[MAX_WORDS];
};

static const char *const bad_values[] = {
	"", "-1", "+1", "0", "0x", "0X10", "0x+1", "0x-1", "1k", "ff", "1=2", "1,2", "1.0", "1_0",
	"0b1", "18446744073709551615", "18446744073709551616", "0xffffffffffffffff",
	"0x10000000000000000", "99999999999999999999999999", "-9223372036854775808", "4294967295",
	"4294967296", "0x100000000", "16777216", "16777217", "00000000000000000000000017",
	"nothing", "a/b", "..", "\xc3\xa4", "\xff", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	"\xe2\x80\xa8", "1 2", " ", "\n", "a\tb", "\x1b[31m", "%s%n%p", "\"", "\\", "'", "\x01",
	"\x7f", "SINGLE", "single", "bidirectional", "memory", "none", "map", "123456789012345",
	"1234567890123456"
};

static inline void put_key(struct parts *parts, unsigned int which, const char *key)
{
	snprintf(parts->words[which].key, sizeof(parts->words[which].key), "%s", key);
}

static inline void put_value(struct parts *parts, unsigned int which, const char *value)
{
	snprintf(parts->words[which].value, sizeof(parts->words[which].value), "%s", value);
}

static inline void put_word(struct parts *parts, const char *key, const char *value)
{
	if (parts->count == MAX_WORDS)
		return;
	memcpy(parts->words[parts->count].equals, "=", 2);
	put_key(parts, parts->count, key);
	put_value(parts, parts->count++, value);
}

/* In one of the ways to write it. */
static inline void put_number(struct random *random, struct parts *parts, enum key key,
			      __u64 number)
{
	static const char *const formats[] = { "%llu", "%llu", "0x%llx", "0%llu", "0x00%llx" };
	char value[40];

	snprintf(value, sizeof(value), formats[ANY(random, formats)], (unsigned long long)number);
	put_word(parts, keys[key], value);
}

static inline void put_fields(struct random *random, struct parts *parts,
			      const struct safe_dma_request *request)
{
	unsigned int fields = request->fields;

	if (fields & SAFE_DMA_HAS_KIND)
		put_word(parts, "kind", kinds[request->kind]);
	if (fields & SAFE_DMA_HAS_DIR)
		put_word(parts, "dir", dirs[request->dir]);
	if (fields & SAFE_DMA_HAS_SIZE)
		put_number(random, parts, KEY_SIZE, request->size);
	if (fields & SAFE_DMA_HAS_OFFSET)
		put_number(random, parts, KEY_OFFSET, request->offset);
	if (fields & SAFE_DMA_HAS_PATTERN)
		put_number(random, parts, KEY_PATTERN, request->pattern);
	if (fields & SAFE_DMA_HAS_TO)
		put_word(parts, "to", tos[request->to]);
	if (fields & SAFE_DMA_HAS_TIMEOUT)
		put_number(random, parts, KEY_TIMEOUT, request->timeout);
	if (fields & SAFE_DMA_HAS_IRQ)
		put_word(parts, "irq", irqs[request->irq]);
}

/* A lifecycle, with some of what it takes, and now and then with what it does not. */
static inline void make_lifecycle(struct random *random, struct parts *parts)
{
	unsigned int which = random_below(random, COUNT(lifecycles));
	unsigned int takes = random_once_in(random, 8) ? ~0u : lifecycles[which].takes;
	struct safe_dma_request request = { .fields = 0 };

	put_word(parts, "op", lifecycles[which].name);
	if (takes & TAKES(DIR) && random_once_in(random, 2)) {
		request.fields |= SAFE_DMA_HAS_DIR;
		request.dir = random_below(random, 3);
	}
	if (takes & TAKES(SIZE) && random_once_in(random, 2)) {
		request.fields |= SAFE_DMA_HAS_SIZE;
		request.size = make_size(random);
	}
	if (takes & TAKES(OFFSET) && random_once_in(random, 3)) {
		request.fields |= SAFE_DMA_HAS_OFFSET;
		request.offset = make_offset(random);
	}
	/* Which takes as many transfers as there are pages. */
	if (takes & TAKES(PATTERN) && random_once_in(random, 12)) {
		request.fields |= SAFE_DMA_HAS_PATTERN;
		request.pattern = make_pattern(random);
	}
	put_fields(random, parts, &request);
	if (random_once_in(random, 3))
		put_number(random, parts, KEY_REPEAT, random_once_in(random, 4) ?
				   edges[ANY(random, edges)] : 1 + random_below(random, 5));
}

/* Words of which nothing can be expected. */
static inline void make_any_words(struct random *random, struct parts *parts)
{
	for (int left = random_below(random, 6); left > 0; left--)
		put_word(parts, keys[ANY(random, keys)], bad_values[ANY(random, bad_values)]);
}

static inline void make_words(struct random *random, struct parts *parts)
{
	parts->count = 0;
	switch (random_below(random, 16)) {
	case 0:
		make_any_words(random, parts);
		break;
	case 1 ... 3:
		make_lifecycle(random, parts);
		break;
	default: {
		struct safe_dma_request request = make_request(random);

		put_word(parts, "op", ops[request.op]);
		put_word(parts, "name", request.name);
		put_fields(random, parts, &request);
	}
	}
}

static inline void swap_words(struct parts *parts, unsigned int a, unsigned int b)
{
	struct parts other = *parts;

	parts->words[a] = other.words[b];
	parts->words[b] = other.words[a];
}

/* One word becomes wrong, or one too many, or is gone. */
static inline void break_words(struct random *random, struct parts *parts)
{
	unsigned int which;

	if (!parts->count)
		return;
	which = random_below(random, parts->count);
	switch (random_below(random, 9)) {
	case 0:
		swap_words(parts, which, --parts->count);
		break;
	case 1:
		if (parts->count < MAX_WORDS)
			parts->words[parts->count++] = parts->words[which];
		break;
	case 2:
		parts->words[which].equals[0] = 0;
		break;
	case 3:
		put_word(parts, random_once_in(random, 3) ? "colour" : keys[ANY(random, keys)],
			 bad_values[ANY(random, bad_values)]);
		break;
	case 4:
		parts->words[which].value[0] = 0;
		break;
	case 5:
		put_key(parts, which, keys[ANY(random, keys)]);
		break;
	case 6:
		parts->words[which].key[0] = 0;
		break;
	default:
		put_value(parts, which, bad_values[ANY(random, bad_values)]);
	}
}

static inline void add_bytes(struct text *text, const char *bytes, unsigned int len)
{
	if (len > ROOM - text->len)
		len = ROOM - text->len;
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

static inline void add_string(struct text *text, const char *string)
{
	add_bytes(text, string, strlen(string));
}

/* In any order, with any blanks between them. */
static inline void write_words(struct random *random, struct parts *parts, struct text *text)
{
	static const char *const blanks[] = {
		" ", " ", " ", " ", " ", "  ", "\t", "\n", "\r\n", "\f", " \t\r"
	};

	text->len = 0;
	if (random_once_in(random, 2))
		for (unsigned int i = parts->count; i > 1; i--)
			swap_words(parts, i - 1, random_below(random, i));
	for (unsigned int i = 0; i < parts->count; i++) {
		if (i || random_once_in(random, 20))
			add_string(text, blanks[ANY(random, blanks)]);
		add_string(text, parts->words[i].key);
		add_string(text, parts->words[i].equals);
		add_string(text, parts->words[i].value);
	}
	if (random_once_in(random, 2))
		add_string(text, "\n");
}

static inline void insert_bytes(struct text *text, unsigned int at, const char *bytes,
				unsigned int len)
{
	struct text old = *text;

	text->len = at;
	add_bytes(text, bytes, len);
	add_bytes(text, old.bytes + at, old.len - at);
}

/* Bytes are changed, added, taken away; `other` is another text, for its end. */
static inline void mutate(struct random *random, struct text *text, const struct text *other)
{
	static const char interesting[] = "\0\n\t\v =\x7f\x80\xff\xc3\xe2\xf0_0x9-+.,/\\\"'%";
	unsigned int at = random_below(random, text->len + 1);
	unsigned int len = 1 + random_below(random, 16);
	struct text old = *text;
	char c = random_once_in(random, 3) ? random_u64(random) :
					     interesting[random_below(random, sizeof(interesting))];

	if (at + len > text->len)
		len = text->len - at;
	switch (random_below(random, 10)) {
	case 0:
		if (len)
			text->bytes[at] ^= 1 << random_below(random, 8);
		break;
	case 1:
		if (len)
			text->bytes[at] = c;
		break;
	case 2:
		insert_bytes(text, at, &c, 1);
		break;
	case 3:
		text->len = at;
		add_bytes(text, old.bytes + at + len, old.len - at - len);
		break;
	case 4:
		insert_bytes(text, at, old.bytes + at, len);
		break;
	case 5:
		text->len = at;
		at = random_below(random, other->len + 1);
		add_bytes(text, other->bytes + at, other->len - at);
		break;
	case 6:
		text->len = at;
		break;
	case 7:
		/* Around as many as there may be. */
		len = MAX_TEXT - 2 + random_below(random, 5);
		while (text->len < len)
			add_bytes(text, random_once_in(random, 50) ? "\n" : " ", 1);
		break;
	case 8:
		/* One byte, which fills it, so that its name in the log is long. */
		for (len = random_below(random, MAX_TEXT + 20); len > text->len;)
			add_bytes(text, &c, 1);
		break;
	case 9:
		add_bytes(text, old.bytes, old.len);
		break;
	}
}

static inline void make_one(struct random *random, struct text *text)
{
	struct parts parts;

	make_words(random, &parts);
	while (random_once_in(random, 4))
		break_words(random, &parts);
	write_words(random, &parts, text);
}

/* The calls of the kernel, and the bytes, that words ask for: so many are enough. */
#define MAX_TRANSFERS	16
#define MAX_CALLS	300
#define MAX_MOVED	(MAX_SIZE * 2)

/*
 * Whether it is left out: a lifecycle can be repeated a million times, and with a pattern each page
 * of it goes through the device, in 100 ms each time. That may be asked for, and takes hours.
 */
static inline int takes_too_long(const struct asked *asked)
{
	__u64 pages;

	if (asked->lifecycle < 0)
		return is_too_slow(&asked->request);
	pages = asked->request.fields & SAFE_DMA_HAS_SIZE ? asked->request.size / 4096 + 1 :
							    lifecycles[asked->lifecycle].pages;
	if (asked->request.fields & SAFE_DMA_HAS_PATTERN)
		return asked->repeat * pages > MAX_TRANSFERS;
	return asked->repeat > MAX_CALLS || asked->repeat * pages * 4096 > MAX_MOVED;
}

static inline void make_text(const struct world *world, struct random *random, struct text *text)
{
	struct text other;
	struct asked asked;

	do {
		make_one(random, text);
		if (random_once_in(random, 4)) {
			make_one(random, &other);
			do
				mutate(random, text, &other);
			while (random_once_in(random, 2));
		}
	} while (read_words(world, text->bytes, text->len, &asked) && takes_too_long(&asked));
}

#endif /* _SELFTESTS_FUZZ_TEXT_H */
