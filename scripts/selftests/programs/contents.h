/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The expected contents of memory, as runs of bytes: bytes of a pattern, which a transfer may have
 * copied from another offset, zeroes, and unknown bytes.
 */
#ifndef _SELFTESTS_CONTENTS_H
#define _SELFTESTS_CONTENTS_H

#include "common.h"

#define MAX_RUNS	64
/* Contents with fewer runs can be copied into each other without an overflow. */
#define MANY_RUNS	24

enum what {
	UNKNOWN,
	ZERO,
	PATTERN,
};

struct run {
	/* A run ends where the next one starts. */
	unsigned int start;
	enum what what;
	unsigned int pattern;
	/* The byte at p is the byte of the pattern at p + shift. */
	unsigned int shift;
};

struct contents {
	unsigned int size;
	unsigned int count;
	struct run runs[MAX_RUNS];
};

static inline unsigned int run_end(const struct contents *contents, unsigned int i)
{
	return i + 1 < contents->count ? contents->runs[i + 1].start : contents->size;
}

/* Returns the index of the run that includes the byte at p. */
static inline unsigned int run_at(const struct contents *contents, unsigned int p)
{
	unsigned int i = 0;

	while (run_end(contents, i) <= p)
		i++;
	return i;
}

static inline unsigned char run_byte(const struct run *run, unsigned int p)
{
	return run->what == PATTERN ? pattern_byte(run->pattern, p + run->shift) : 0;
}

static inline unsigned char byte_at(const struct contents *contents, unsigned int p)
{
	return run_byte(&contents->runs[run_at(contents, p)], p);
}

/* Returns whether there is room for another run. */
static inline int has_room(const struct contents *contents)
{
	return contents->count < MANY_RUNS;
}

static inline void contents_init(struct contents *contents, unsigned int size, enum what what,
				 unsigned int pattern)
{
	contents->size = size;
	contents->count = 1;
	contents->runs[0] = (struct run){ .what = what, .pattern = pattern };
}

/* Appends a run, unless its bytes continue the last run. */
static inline void run_add(struct contents *contents, struct run run)
{
	if (contents->count) {
		const struct run *last = &contents->runs[contents->count - 1];

		if (last->what == run.what &&
		    (run.what != PATTERN ||
		     (last->pattern == run.pattern && last->shift == run.shift)))
			return;
	}
	contents->runs[contents->count++] = run;
}

/* Copies the bytes [first, end) of `from` to the offset `at`. Both contents must have room. */
static inline void contents_copy(struct contents *to, unsigned int at, const struct contents *from,
				 unsigned int first, unsigned int end)
{
	unsigned int after = at + (end - first);
	struct contents old;

	old.size = to->size;
	old.count = to->count;
	for (unsigned int i = 0; i < to->count; i++)
		old.runs[i] = to->runs[i];
	to->count = 0;
	for (unsigned int i = 0; i < old.count && old.runs[i].start < at; i++)
		run_add(to, old.runs[i]);
	for (unsigned int i = run_at(from, first); i < from->count; i++) {
		struct run run = from->runs[i];

		if (run.start >= end)
			break;
		run.start = (run.start < first ? first : run.start) - first + at;
		run.shift += first - at;
		run_add(to, run);
	}
	if (after == old.size)
		return;
	for (unsigned int i = run_at(&old, after); i < old.count; i++) {
		struct run run = old.runs[i];

		if (run.start < after)
			run.start = after;
		run_add(to, run);
	}
}

/* Sets the bytes [first, end). */
static inline void contents_set(struct contents *contents, unsigned int first, unsigned int end,
				enum what what, unsigned int pattern)
{
	struct contents all;

	if (!has_room(contents))
		contents_init(contents, contents->size, UNKNOWN, 0);
	contents_init(&all, contents->size, what, pattern);
	contents_copy(contents, first, &all, first, end);
}

/* Returns a pattern that the bytes [p, *end) match. Sets *end. */
static inline unsigned int pattern_at(const struct contents *contents, unsigned int p,
				      unsigned int *end)
{
	unsigned int i = run_at(contents, p);
	const struct run *run = &contents->runs[i];
	unsigned int q = p + run->shift;

	*end = run_end(contents, i);
	if (run->what == ZERO) {
		/* A pattern whose byte at p is zero. */
		*end = p + 1;
		return p ^ (p >> 8);
	}
	if (run->shift) {
		/* Up to there p and q differ in the same bits. */
		unsigned int block = (p | ((run->shift & -run->shift) - 1)) + 1;

		if (block < *end)
			*end = block;
	}
	return run->pattern ^ q ^ (q >> 8) ^ p ^ (p >> 8);
}

#define SAME	(~0u)
#define OPEN	(~0u - 1)

/*
 * Returns the offset of the first byte that differs from the pattern, SAME if none differs, or OPEN
 * if a byte is unknown.
 */
static inline unsigned int differs_at(const struct contents *contents, unsigned int first,
				      unsigned int end, unsigned int pattern)
{
	for (unsigned int i = run_at(contents, first); first < end; i++) {
		const struct run *run = &contents->runs[i];

		if (run->what == UNKNOWN)
			return OPEN;
		if (run->what == PATTERN && !run->shift && run->pattern == pattern)
			first = run_end(contents, i);
		for (; first < end && first < run_end(contents, i); first++)
			if (run_byte(run, first) != pattern_byte(pattern, first))
				return first;
	}
	return SAME;
}

/* Returns the offset of the first known byte that differs from memory, or SAME. */
static inline unsigned int differs_from(const struct contents *contents,
					const unsigned char *memory)
{
	for (unsigned int i = 0; i < contents->count; i++) {
		const struct run *run = &contents->runs[i];

		if (run->what == UNKNOWN)
			continue;
		for (unsigned int p = run->start; p < run_end(contents, i); p++)
			if (memory[p] != run_byte(run, p))
				return p;
	}
	return SAME;
}

#endif /* _SELFTESTS_CONTENTS_H */
