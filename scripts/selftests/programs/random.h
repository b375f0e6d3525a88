/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reproducible random numbers: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
 * number generators", 2014).
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

/* Returns a number below `limit`, which must not be 0. */
static inline __u64 random_below(struct random *random, __u64 limit)
{
	return random_u64(random) % limit;
}

/* Returns 1 with a probability of 1 in `times`, otherwise 0. */
static inline int random_once_in(struct random *random, __u64 times)
{
	return random_below(random, times) == 0;
}

#endif /* _SELFTESTS_RANDOM_H */
