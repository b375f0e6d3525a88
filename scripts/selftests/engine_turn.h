/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which process has the engine of a device: one at a time, so that each knows what must happen, and
 * all know what is in the device's own buffer. Others may try it while it is at work for that one.
 */
#ifndef _SELFTESTS_ENGINE_TURN_H
#define _SELFTESTS_ENGINE_TURN_H

#include <time.h>
#include <unistd.h>

#include "contents.h"

#define COHERENT_PAGES	2

/* In milliseconds: a transfer takes 100, in steps of one. */
#define STILL_AT_WORK	90

/* In memory that all share. */
struct engine {
	/* Has a byte when nobody has the engine. */
	int token[2];
	int taken;
	/* Started, and nobody has begun to wait for the end. */
	int at_work;
	unsigned long long started;
	unsigned int flights;
	/* Who tries it nevertheless, and whether one of them came so late that it was started. */
	int trying;
	int spoiled;
	struct contents buffer;
	struct contents pages[COHERENT_PAGES];
};

static inline int atomic_read(const int *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static inline void atomic_set(int *value, int to)
{
	__atomic_store_n(value, to, __ATOMIC_SEQ_CST);
}

static inline int atomic_add(int *value, int more)
{
	return __atomic_add_fetch(value, more, __ATOMIC_SEQ_CST);
}

static inline unsigned long long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* Whether what was started at that time cannot have ended yet. */
static inline int is_early(unsigned long long started)
{
	return milliseconds() < started + STILL_AT_WORK;
}

/* It is not at work, and all who have tried it are done. */
static inline void engine_rest(struct engine *engine)
{
	atomic_set(&engine->at_work, 0);
	while (atomic_read(&engine->trying))
		usleep(1000);
	if (engine->spoiled) {
		contents_set(&engine->buffer, 0, engine->buffer.size, UNKNOWN, 0);
		engine->spoiled = 0;
	}
}

static inline void engine_give(struct engine *engine)
{
	engine_rest(engine);
	atomic_set(&engine->taken, 0);
	/* Into a pipe that is empty. */
	write(engine->token[1], "", 1);
}

/* Waits until nobody has it. */
static inline void engine_take(struct engine *engine)
{
	char byte;

	read(engine->token[0], &byte, 1);
	atomic_set(&engine->taken, 1);
}

#endif /* _SELFTESTS_ENGINE_TURN_H */
