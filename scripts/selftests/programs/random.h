/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that are the same for the same seed, whoever asks: SplitMix64 (Steele, Lea and Flood,
 * "Fast splittable pseudorandom number generators", 2014). For programs built with nolibc.
 */
#ifndef _SELFTESTS_RANDOM_H
#define _SELFTESTS_RANDOM_H

#include <linux/types.h>

struct random {
	__u64 state;
};

static inline __u64 random_u64(struct random *random)
{
	__u64 z = random->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Less than limit, which is not 0. */
static inline __u64 random_below(struct random *random, __u64 limit)
{
	return random_u64(random) % limit;
}

/* Once in so many times. */
static inline int random_once_in(struct random *random, __u64 times)
{
	return random_below(random, times) == 0;
}

#endif /* _SELFTESTS_RANDOM_H */
