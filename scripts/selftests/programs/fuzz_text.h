/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generates texts for the file `run`: valid operations, operations with an error, and texts with
 * changed bytes. The same random numbers give the same text.
 */
#ifndef _SELFTESTS_FUZZ_TEXT_H
#define _SELFTESTS_FUZZ_TEXT_H

#include "fuzz_words.h"
#include "random.h"

/* Returns a random index of an array. */
#define ANY(random, array) random_below(random, COUNT(array))

/* Numbers around limits. */
static const __u64 edges[] = {
	0, 1, 2, 63, 64, 65, 255, 256, 4095, 4096, 4097, 8192, 16383, 16384, 65535, 65536, 65537,
	1ull << 20, (4ull << 20) - 1, 4ull << 20, (4ull << 20) + 1, MAX_SIZE - 1, MAX_SIZE,
	MAX_SIZE + 1, MAX_BYTES, 1000000, 1000001, 59999, 60000, 60001, INT32_MAX, 1ull << 31,
	UINT32_MAX, 1ull << 32, (1ull << 32) + 1, INT64_MAX, 1ull << 63, UINT64_MAX - 4095,
	UINT64_MAX
};

/*
 * Draws a name: mostly one of a few, so that requests share mappings, and sometimes one of many, to
 * reach the limit of 256 names. The mappings of the latter are small, to save the guest's memory.
 */
static inline void make_name(struct random *random, char name[NAME_LEN])
{
	static const char characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	memset(name, 0, NAME_LEN);
	switch (random_below(random, 20)) {
	case 0:
	case 1:
		snprintf(name, NAME_LEN, "n%u", (unsigned int)random_below(random, 512));
		break;
	case 2:
		for (int i = random_below(random, NAME_LEN - 1); i >= 0; i--)
			name[i] = characters[random_below(random, sizeof(characters) - 1)];
		break;
	default:
		name[0] = 'a' + random_below(random, 6);
	}
}

/* Draws a size, mostly a small one: large mappings take long, and a few suffice to reach limits. */
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

/* Draws a pattern, mostly one of a few, so that patterns repeat. */
static inline unsigned int make_pattern(struct random *random)
{
	static const unsigned int patterns[] = { 0, 1, 0x5a, 0x80000000, 0xffffffff };

	return random_once_in(random, 4) ? random_u64(random) : patterns[ANY(random, patterns)];
}

static inline void make_map(struct random *random, struct request *map)
{
	int is_small = map->name[1] != 0, takes_offset;

	if (!random_once_in(random, 4)) {
		map->given |= BIT_OF(KIND);
		map->kind = random_below(random, KINDS);
	}
	if (random_once_in(random, 2)) {
		map->given |= BIT_OF(DIR);
		map->dir = random_below(random, 3);
	}
	if (map->kind != KIND_RESOURCE || random_once_in(random, 4)) {
		if (!random_once_in(random, 3)) {
			map->given |= BIT_OF(SIZE);
			map->size = is_small ? 1 + random_below(random, 4096) : make_size(random);
			if (map->kind == KIND_POOL && !random_once_in(random, 4))
				map->size &= 4095;
		}
		if (random_once_in(random, 2)) {
			map->given |= BIT_OF(PATTERN);
			map->pattern = make_pattern(random);
		}
	}
	takes_offset = map->kind == KIND_SINGLE || map->kind == KIND_SG;
	if (random_once_in(random, takes_offset ? 3 : 20)) {
		map->given |= BIT_OF(OFFSET);
		map->offset = make_offset(random);
	}
}

/* Draws a part of a mapping, mostly within a small mapping. */
static inline void make_part(struct random *random, struct request *request)
{
	if (random_once_in(random, 12)) {
		/* The end overflows, and seems to be within the mapping. */
		request->given |= BIT_OF(SIZE) | BIT_OF(OFFSET);
		request->size = 1 + random_below(random, 128);
		request->offset = 0 - random_below(random, 64);
		return;
	}
	if (random_once_in(random, 3)) {
		request->given |= BIT_OF(SIZE);
		request->size = random_once_in(random, 4) ? make_size(random) :
							    1 + random_below(random, 64);
	}
	if (random_once_in(random, 3)) {
		request->given |= BIT_OF(OFFSET);
		request->offset = random_once_in(random, 4) ? make_offset(random) :
							      random_below(random, 64);
	}
}

static inline void make_move(struct random *random, struct request *move)
{
	move->given |= BIT_OF(TO);
	move->to = random_below(random, 2);
	make_part(random, move);
	if (move->size > BUFFER_SIZE && !random_once_in(random, 4))
		move->size = 1 + move->size % BUFFER_SIZE;
	if (random_once_in(random, 4)) {
		move->given |= BIT_OF(IRQ);
		move->irq = random_below(random, 3);
	}
}

/* Draws a short timeout: a transfer takes 100 ms, but without an interrupt the whole timeout. */
static inline void make_timeout(struct random *random, struct request *request)
{
	if (random_once_in(random, 20))
		return;
	request->given |= BIT_OF(TIMEOUT);
	request->timeout = random_once_in(random, 40) ? edges[ANY(random, edges)] :
							1 + random_below(random, 200);
}

static inline struct request make_request(struct random *random)
{
	/* In percent. */
	static const unsigned char often[] = {
		[OP_MAP] = 31, [OP_UNMAP] = 14, [OP_SYNC_FOR_CPU] = 11, [OP_SYNC_FOR_DEVICE] = 9,
		[OP_FILL] = 8, [OP_CHECK] = 8, [OP_TRANSFER] = 3, [OP_START] = 4, [OP_WAIT] = 6,
		[OP_ABORT] = 5, [OP_TRANSFER_PAGE] = 1
	};
	struct request request = { .op = OP_MAP };
	unsigned int left = random_below(random, 100);

	while (left >= often[request.op])
		left -= often[request.op++];
	if (request.op != OP_TRANSFER_PAGE)
		make_name(random, request.name);

	switch (request.op) {
	case OP_MAP:
		make_map(random, &request);
		break;
	case OP_FILL:
	case OP_CHECK:
		make_part(random, &request);
		request.given |= BIT_OF(PATTERN);
		request.pattern = make_pattern(random);
		break;
	case OP_TRANSFER:
		make_move(random, &request);
		make_timeout(random, &request);
		break;
	case OP_START:
		make_move(random, &request);
		break;
	case OP_WAIT:
		make_timeout(random, &request);
		break;
	case OP_TRANSFER_PAGE:
		request.given = BIT_OF(PAGE) | BIT_OF(TO);
		request.page = random_once_in(random, 4) ? edges[ANY(random, edges)] :
							   random_below(random, PAGES);
		request.to = random_below(random, TOS);
		break;
	default:
		break;
	}
	return request;
}

/*
 * Returns whether to skip a request. If the device writes to its own register, it starts to compute
 * a factorial, which takes seconds in a host thread.
 */
static inline int is_too_slow(const struct request *request)
{
	return request->op == OP_MAP && request->kind == KIND_RESOURCE &&
	       request->dir != TO_DEVICE;
}

#define MAX_WORDS	16
/* More than MAX_WORDS words and MAX_TEXT bytes need. */
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

/* Appends a number in a random notation. */
static inline void put_number(struct random *random, struct parts *parts, enum key key,
			      __u64 number)
{
	static const char *const formats[] = { "%llu", "%llu", "0x%llx", "0%llu", "0x00%llx" };
	char value[40];

	snprintf(value, sizeof(value), formats[ANY(random, formats)], (unsigned long long)number);
	put_word(parts, keys[key], value);
}

static inline void put_fields(struct random *random, struct parts *parts,
			      const struct request *request)
{
	unsigned int has = request->given;

	if (has & BIT_OF(KIND))
		put_word(parts, "kind", kinds[request->kind]);
	if (has & BIT_OF(DIR))
		put_word(parts, "dir", dirs[request->dir]);
	if (has & BIT_OF(SIZE))
		put_number(random, parts, KEY_SIZE, request->size);
	if (has & BIT_OF(OFFSET))
		put_number(random, parts, KEY_OFFSET, request->offset);
	if (has & BIT_OF(PATTERN))
		put_number(random, parts, KEY_PATTERN, request->pattern);
	if (has & BIT_OF(TO))
		put_word(parts, "to", tos[request->to]);
	if (has & BIT_OF(TIMEOUT))
		put_number(random, parts, KEY_TIMEOUT, request->timeout);
	if (has & BIT_OF(IRQ))
		put_word(parts, "irq", irqs[request->irq]);
	if (has & BIT_OF(PAGE))
		put_number(random, parts, KEY_PAGE, request->page);
}

/* Draws a lifecycle with some of its keys, and sometimes with other keys. */
static inline void make_lifecycle(struct random *random, struct parts *parts)
{
	unsigned int which = random_below(random, COUNT(lifecycles));
	unsigned int takes = random_once_in(random, 8) ? ~0u : lifecycles[which].takes;
	struct request request = { .op = OP_MAP };

	put_word(parts, "op", lifecycles[which].name);
	if (takes & BIT_OF(DIR) && random_once_in(random, 2)) {
		request.given |= BIT_OF(DIR);
		request.dir = random_below(random, 3);
	}
	if (takes & BIT_OF(SIZE) && random_once_in(random, 2)) {
		request.given |= BIT_OF(SIZE);
		request.size = make_size(random);
	}
	if (takes & BIT_OF(OFFSET) && random_once_in(random, 3)) {
		request.given |= BIT_OF(OFFSET);
		request.offset = make_offset(random);
	}
	/* With a pattern, each page takes a transfer. */
	if (takes & BIT_OF(PATTERN) && random_once_in(random, 12)) {
		request.given |= BIT_OF(PATTERN);
		request.pattern = make_pattern(random);
	}
	put_fields(random, parts, &request);
	if (random_once_in(random, 3))
		put_number(random, parts, KEY_REPEAT, random_once_in(random, 4) ?
				   edges[ANY(random, edges)] : 1 + random_below(random, 5));
}

/* Draws random keys and values. */
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
		struct request request = make_request(random);

		put_word(parts, "op", ops[request.op]);
		if (request.name[0])
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

/* Breaks, duplicates or removes a word. */
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

/* Writes the words, sometimes in random order, with random blanks. */
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

/* Changes, adds or removes bytes, or appends the end of `other`. */
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
		/* Pad to about the maximum length. */
		len = MAX_TEXT - 2 + random_below(random, 5);
		while (text->len < len)
			add_bytes(text, random_once_in(random, 50) ? "\n" : " ", 1);
		break;
	case 8:
		/* Append one byte many times, for a long word in the log. */
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

/* Limits of a lifecycle: its transfers, calls and bytes. */
#define MAX_TRANSFERS	16
#define MAX_CALLS	300
#define MAX_MOVED	(MAX_SIZE * 2)

/*
 * Returns whether to skip an operation. A lifecycle with a pattern takes 100 ms for each page, and
 * with repeat=1000000 hours.
 */
static inline int takes_too_long(const struct asked *asked)
{
	__u64 pages;

	if (asked->lifecycle < 0)
		return is_too_slow(&asked->request);
	pages = asked->request.given & BIT_OF(SIZE) ? asked->request.size / 4096 + 1 :
							    lifecycles[asked->lifecycle].pages;
	if (asked->request.given & BIT_OF(PATTERN))
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
