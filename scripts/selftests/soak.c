// SPDX-License-Identifier: GPL-2.0
/*
 * Operations at random on many mappings, by many processes, each of which knows what must happen.
 *
 *   soak SEED OPERATIONS WORKERS DEVICE...
 *
 * OPERATIONS in all, by WORKERS processes for each device file. Of four of them two share an open
 * file and its names, one has a file of its own, and one writes words to the device's file `run`.
 * What an operation says, whose turn it is then, and where which bytes are, is foretold from
 * rust/testdev/uapi/safe_dma.h. The same seed is the same run, if there is one processor and time
 * is counted in instructions; the digest tells.
 *
 * Exits with 0 if all was as it must be. At the first thing that was not, all stop, and one line
 * says which operation of whom it was.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine_turn.h"
#include "mapping_model.h"
#include "operation_words.h"
#include "random.h"
#include "request.h"

#define CONTROL		"/sys/kernel/debug/safe_dma"

#define MAX_DEVICES	8
#define MAX_WORKERS	16
#define MAX_NAMES	256
#define SHARED_NAMES	48
#define RUN_NAMES	24
#define OWN_NAMES	24
#define ALL_NAMES	(SHARED_NAMES + RUN_NAMES + MAX_WORKERS / 4 * OWN_NAMES)
#define MAX_SIZE	(64 << 10)
/* Of the same registers: the DMA debugger takes them for memory, which must not overlap. */
#define MAX_RESOURCES	1
/* How many bytes are filled or compared at once, mostly. */
#define FEW_BYTES	2048

/* Those of rust/testdev/uapi/safe_dma.h, and what else is done. */
enum done {
	READ_PAGE = SAFE_DMA_OP_ABORT + 1,
	WRITE_PAGE,
	LEAVE,
	ALL_DONE,
};

static const struct {
	int error;
	const char *name;
} results[] = {
	{ 0, "done" }, { EINVAL, "EINVAL" }, { ENOENT, "ENOENT" }, { EEXIST, "EEXIST" },
	{ ENOSPC, "ENOSPC" }, { EBUSY, "EBUSY" }, { EACCES, "EACCES" },
	{ EOPNOTSUPP, "EOPNOTSUPP" }, { EILSEQ, "EILSEQ" }, { ETIMEDOUT, "ETIMEDOUT" },
	{ ENOMEM, "ENOMEM" },
};

/* A name, and what it stands for. Who has locked it may use it. */
struct slot {
	int locked;
	/* Who has locked it waits for the end of a transfer, so that another finds it busy. */
	int waiting;
	int nudging;
	int nudges;
	/* Where the device has its first piece: the address, and the length less one. */
	unsigned long long place;
	struct mapping mapping;
};

struct device {
	const char *file;
	char run[128];
	unsigned char *memory;
	/* For the coherent pages, whose names are used by those who share them. */
	int fd;
	/* The kinds that can be mapped, a bit for each. */
	unsigned int kinds;
	/* Buffers may be bounced, and what they are bounced to may be used up. */
	int bounces;
	int maps;
	int syncs;
	int resources;
	struct engine engine;
	struct slot slots[ALL_NAMES];
};

/* In memory that all processes share. */
static struct shared {
	int counts[ALL_DONE][COUNT(results)];
	unsigned long long digests[MAX_DEVICES * MAX_WORKERS];
	struct device devices[MAX_DEVICES];
} *all;

static unsigned long long seed;

/* This process. */
static struct {
	unsigned int number;
	unsigned int operation;
	unsigned long long digest;
	struct random random;
	struct device *device;
	int fd;
	/* It writes words. */
	int words;
	/* Nobody else has these names. */
	int alone;
	struct slot *slots;
	unsigned int count;
	/* What it has started, and must see to the end of. */
	struct slot *flight;
	unsigned int flight_number;
} me;

static void say_and_exit(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "soak: seed %llu worker %u operation %u: %s\n", seed, me.number,
		me.operation, text);
	exit(1);
}

static unsigned int below(unsigned int limit)
{
	return random_below(&me.random, limit);
}

static int once_in(unsigned int times)
{
	return random_once_in(&me.random, times);
}

/* Counts it, and makes it a part of the digest. */
static void note(unsigned int done, int error, unsigned long long more)
{
	struct random mixed = { me.digest ^ more ^ ((unsigned long long)error << 32 | done) };
	unsigned int i = 0;

	me.digest = random_u64(&mixed);
	me.operation++;
	while (i < COUNT(results) && results[i].error != error)
		i++;
	if (i == COUNT(results))
		say_and_exit("nothing is expected to fail with errno %d", error);
	atomic_add(&all->counts[done][i], 1);
}

/* One operation, by a program or in words; 0, or errno. */
static int ask(struct safe_dma_request *request)
{
	char words[WORDS_LEN];
	int len;

	if (!me.words)
		return run(me.fd, request);
	len = request_words(words, request);
	return write(me.fd, words, len) == len ? 0 : errno;
}

static const char *state_word(enum state state)
{
	static const char *const words[] = { "gone", "device", "cpu", "in_flight" };

	return words[state];
}

/* The number in its name. */
static unsigned int name_of(const struct slot *slot)
{
	return slot - me.device->slots;
}

/* It is as was expected, or as may also be. */
static void judge(const struct slot *slot, const struct safe_dma_request *request, int error,
		  int expected, int also)
{
	unsigned int name = slot ? name_of(slot) : ~0u;
	char words[WORDS_LEN];

	if (error != expected && error != also) {
		request_words(words, request);
		say_and_exit("%s: errno %d, expected %d; it was %s %s %s, %u bytes in %u runs, %s",
			     words, error, expected, slot ? state_word(slot->mapping.state) : "-",
			     slot ? kind_words[slot->mapping.kind] : "-",
			     slot ? dir_words[slot->mapping.dir] : "-",
			     slot ? slot->mapping.bytes.size : 0,
			     slot ? slot->mapping.bytes.count : 0,
			     me.words ? "in words" : me.alone ? "in a file of its own" : "shared");
	}
	note(request->op <= SAFE_DMA_OP_ABORT ? request->op : SAFE_DMA_OP_MAP, error,
	     (unsigned long long)name << 48 ^ request->size << 24 ^ request->offset);
}

static void must(struct slot *slot, struct safe_dma_request request, int expected)
{
	judge(slot, &request, ask(&request), expected, expected);
}

static struct safe_dma_request request_for(const struct slot *slot, unsigned int op)
{
	struct safe_dma_request asked = { .op = op };

	snprintf(asked.name, sizeof(asked.name), "m%u", name_of(slot));
	return asked;
}

static int try_lock(struct slot *slot)
{
	int unlocked = 0;

	return __atomic_compare_exchange_n(&slot->locked, &unlocked, 1, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static void unlock(struct slot *slot)
{
	atomic_set(&slot->locked, 0);
}

/*
 * An operation that waits for the end of a transfer. Who nudges it meanwhile finds it busy, but may
 * come before the operation has begun, which then finds it busy.
 */
static int ask_and_wait(struct slot *slot, struct safe_dma_request *request)
{
	int before, inside, error;

	atomic_set(&slot->waiting, 1);
	do {
		/* In this order: one who comes between them is seen by the second. */
		before = atomic_read(&slot->nudges);
		inside = atomic_read(&slot->nudging);
		error = ask(request);
	} while (error == EBUSY && (inside || atomic_read(&slot->nudges) != before));
	atomic_set(&slot->waiting, 0);
	while (atomic_read(&slot->nudging))
		usleep(1000);
	return error;
}

/* Another waits for its transfer; whenever this comes, it is refused. */
static void nudge(struct slot *slot)
{
	atomic_add(&slot->nudging, 1);
	if (atomic_read(&slot->waiting)) {
		atomic_add(&slot->nudges, 1);
		if (has_turns(slot->mapping.kind) && once_in(2))
			must(slot, request_for(slot, SAFE_DMA_OP_SYNC_FOR_DEVICE), EBUSY);
		else
			must(slot, request_for(slot, SAFE_DMA_OP_MAP), EEXIST);
	}
	atomic_add(&slot->nudging, -1);
}

static unsigned int draw_size(unsigned int kind)
{
	unsigned int size;

	/* Large ones take most of the time. */
	switch (below(64)) {
	case 0 ... 15:
		size = 1 + below(64);
		break;
	case 16 ... 43:
		size = 1 + below(PAGE);
		break;
	case 44 ... 55:
		size = PAGE;
		break;
	case 56 ... 62:
		size = 1 + below(5 * PAGE);
		break;
	default:
		size = 1 + below(MAX_SIZE);
		break;
	}
	return kind == SAFE_DMA_KIND_POOL || me.device->bounces ? 1 + (size - 1) % PAGE : size;
}

/* A range of those bytes, at a place that is even in some way, mostly. */
static void draw_range(unsigned int size, unsigned int most, unsigned int *first, unsigned int *len)
{
	static const unsigned int steps[] = { 1, 16, 64, 256, 1024, PAGE };
	unsigned int step = steps[below(COUNT(steps))];

	*first = below((size + step - 1) / step) * step;
	*len = size - *first < most ? size - *first : most;
	if (once_in(2))
		*len = 1 + below(*len);
}

/* No other mapping of the device begins in its first piece, and it begins in no other's. */
static void have_place(struct slot *slot)
{
	const struct mapping *mapping = &slot->mapping;
	unsigned long long len = PAGE - mapping->offset % PAGE;
	unsigned long long first = mapping->dma, other_first, other_len;

	/* Words have no answer, and registers can be mapped by many. */
	if (!first || mapping->kind == SAFE_DMA_KIND_RESOURCE)
		return;
	if (mapping->bytes.size < len)
		len = mapping->bytes.size;
	for (unsigned int i = 0; i < ALL_NAMES; i++) {
		struct slot *other = &me.device->slots[i];
		unsigned long long place = __atomic_load_n(&other->place, __ATOMIC_SEQ_CST);

		if (!place || other == slot)
			continue;
		other_first = place >> 16;
		other_len = (place & 0xffff) + 1;
		if (first < other_first + other_len && other_first < first + len)
			say_and_exit("m%u was mapped at %#llx, where m%u is, at %#llx",
				     name_of(slot), first, i, other_first);
	}
	__atomic_store_n(&slot->place, first << 16 | (len - 1), __ATOMIC_SEQ_CST);
}

/* Before it is unmapped: from then on another may be there. */
static void leave_place(struct slot *slot)
{
	__atomic_store_n(&slot->place, 0, __ATOMIC_SEQ_CST);
}

static void leave_all_places(void)
{
	for (unsigned int i = 0; i < me.count; i++)
		leave_place(&me.slots[i]);
}

static unsigned int draw_kind(void)
{
	for (;;) {
		unsigned int kind = below(SAFE_DMA_KIND_RESOURCE + 1);

		if (!(me.device->kinds & 1u << kind))
			continue;
		if (kind != SAFE_DMA_KIND_RESOURCE ||
		    atomic_add(&me.device->resources, 1) <= MAX_RESOURCES)
			return kind;
		atomic_add(&me.device->resources, -1);
	}
}

/* It is not mapped any more. */
static void gone(struct slot *slot)
{
	if (slot->mapping.state != GONE && slot->mapping.kind == SAFE_DMA_KIND_RESOURCE)
		atomic_add(&me.device->resources, -1);
	slot->mapping.state = GONE;
}

static void map(struct slot *slot)
{
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_MAP);
	int expected = 0, also = 0, error;

	asked.kind = draw_kind();
	asked.dir = below(SAFE_DMA_FROM_DEVICE + 1);
	if (asked.kind != SAFE_DMA_KIND_RESOURCE) {
		if (!once_in(8))
			asked.size = draw_size(asked.kind);
		if (!once_in(4)) {
			asked.pattern = random_u64(&me.random);
			asked.fields |= SAFE_DMA_HAS_PATTERN;
		}
	}
	if ((asked.kind == SAFE_DMA_KIND_SINGLE || asked.kind == SAFE_DMA_KIND_SG) && once_in(2))
		asked.offset = below(PAGE);
	/* Nobody could fill it before it is mapped, nor may the CPU after that. */
	if (asked.fields && asked.dir == SAFE_DMA_FROM_DEVICE && is_born_mapped(asked.kind))
		expected = EACCES;
	else if (me.device->bounces && is_buffer(asked.kind))
		also = ENOMEM;
	asked = given(asked, asked.fields);
	error = ask(&asked);
	judge(slot, &asked, error, expected, also ? also : expected);
	if (error)
		return;
	if (!me.words && !asked.dma_address)
		say_and_exit("a mapping has no DMA address");
	mapping_made(&slot->mapping, &asked);
	have_place(slot);
	atomic_add(&me.device->maps, 1);
}

static void unmap(struct slot *slot)
{
	leave_place(slot);
	must(slot, request_for(slot, SAFE_DMA_OP_UNMAP), 0);
	gone(slot);
}

static void sync_for(struct slot *slot, enum state whom)
{
	unsigned int op = whom == CPUS ? SAFE_DMA_OP_SYNC_FOR_CPU : SAFE_DMA_OP_SYNC_FOR_DEVICE;

	must(slot, request_for(slot, op), 0);
	slot->mapping.state = whom;
	atomic_add(&me.device->syncs, 1);
}

/* With the range as it is given, or, if that is the same, without. */
static struct safe_dma_request with_range(struct safe_dma_request asked, unsigned int first,
					  unsigned int len, unsigned int rest)
{
	asked.offset = first;
	asked.size = len == rest && once_in(2) ? 0 : len;
	return given(asked, asked.fields);
}

static void fill(struct slot *slot)
{
	struct contents *bytes = &slot->mapping.bytes;
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_FILL);
	unsigned int first = 0, len = bytes->size;

	if (has_room(bytes))
		draw_range(bytes->size, FEW_BYTES, &first, &len);
	asked.pattern = random_u64(&me.random);
	asked.fields = SAFE_DMA_HAS_PATTERN;
	must(slot, with_range(asked, first, len, bytes->size - first), 0);
	contents_set(bytes, first, first + len, PATTERN, asked.pattern);
}

/* Compares with what is there, or with what is not. */
static void check(struct slot *slot)
{
	const struct contents *bytes = &slot->mapping.bytes;
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_CHECK);
	unsigned int first, len, end, differs = SAME;
	int error;

	draw_range(bytes->size, FEW_BYTES, &first, &len);
	/* All of the run, more often than not. */
	if (once_in(2))
		first = bytes->runs[run_at(bytes, first)].start;
	if (bytes->runs[run_at(bytes, first)].what == UNKNOWN)
		return;
	asked.pattern = pattern_at(bytes, first, &end);
	if (once_in(me.words ? 64 : 4)) {
		end = first + len < bytes->size ? first + len : bytes->size;
		if (once_in(2))
			asked.pattern = random_u64(&me.random);
		differs = differs_at(bytes, first, end, asked.pattern);
		if (differs == OPEN)
			return;
	}
	asked.fields = SAFE_DMA_HAS_PATTERN;
	asked = with_range(asked, first, end - first, bytes->size - first);
	error = ask(&asked);
	judge(slot, &asked, error, differs == SAME ? 0 : EILSEQ, -1);
	if (error && !me.words && asked.differs_at != differs)
		say_and_exit("m%u differs at %llu, expected %u", name_of(slot), asked.differs_at,
			     differs);
}

/* Of the operations that take a range, or a pattern, with what they need. */
static struct safe_dma_request complete(struct slot *slot, unsigned int op)
{
	struct safe_dma_request asked = request_for(slot, op);

	if (op == SAFE_DMA_OP_FILL || op == SAFE_DMA_OP_CHECK)
		asked.fields = SAFE_DMA_HAS_PATTERN;
	if (op == SAFE_DMA_OP_TRANSFER || op == SAFE_DMA_OP_START) {
		asked.fields = SAFE_DMA_HAS_TO;
		if (slot->mapping.state != GONE && !device_reads(&slot->mapping))
			asked.to = SAFE_DMA_TRANSFER_TO_MEMORY;
	}
	return asked;
}

/* One that is wrong whatever is mapped. */
static void no_operation(struct slot *slot)
{
	struct safe_dma_request asked = complete(slot, below(SAFE_DMA_OP_ABORT + 1));

	switch (below(me.words ? 4 : 10)) {
	case 0:
		asked.fields |= SAFE_DMA_HAS_SIZE;
		asked.size = asked.op == SAFE_DMA_OP_MAP && once_in(2) ? ~0ull : 0;
		break;
	case 1:
		asked.fields |= SAFE_DMA_HAS_TIMEOUT;
		asked.timeout = once_in(2) ? 0 : 60001 + below(1000);
		break;
	case 2:
		asked = request_for(slot, once_in(2) ? SAFE_DMA_OP_FILL : SAFE_DMA_OP_CHECK);
		break;
	case 3:
		asked = request_for(slot, once_in(2) ? SAFE_DMA_OP_TRANSFER : SAFE_DMA_OP_START);
		break;
	case 4:
		asked.op = SAFE_DMA_OP_ABORT + 1 + below(1000);
		break;
	case 5:
		asked.fields |= 0x100u << below(24);
		break;
	case 6:
		asked.fields |= SAFE_DMA_HAS_KIND;
		asked.kind = SAFE_DMA_KIND_RESOURCE + 1 + below(1000);
		break;
	case 7:
		asked.reserved[below(2)] = 1ull << below(64);
		break;
	case 8:
		memset(asked.name, 'x', sizeof(asked.name));
		break;
	default:
		asked.name[sizeof(asked.name) - 1] = 1;
		break;
	}
	must(slot, asked, EINVAL);
}

static void no_such_name(struct slot *slot)
{
	must(slot, complete(slot, 1 + below(SAFE_DMA_OP_ABORT)), ENOENT);
}

/* Beyond the end, of an operation whose turn it is. */
static void beyond(struct slot *slot, unsigned int op)
{
	struct safe_dma_request asked = complete(slot, op);
	unsigned int size = slot->mapping.bytes.size;

	switch (below(3)) {
	case 0:
		asked.offset = size + below(3 * PAGE);
		break;
	case 1:
		asked.offset = size - 1 - below(size);
		asked.size = size - asked.offset + 1;
		if (asked.size <= PAGE || op == SAFE_DMA_OP_FILL || op == SAFE_DMA_OP_CHECK)
			break;
		/* No transfer of anything has more than a page. */
		asked.offset = size - 1;
		asked.size = 2;
		break;
	default:
		asked.offset = ~0ull;
		asked.size = 1 + below(PAGE);
		break;
	}
	must(slot, given(asked, asked.fields), EINVAL);
}

/* What is refused, as it is another's turn, or nobody's ever. */
static void refused(struct slot *slot)
{
	const struct mapping *mapping = &slot->mapping;
	unsigned int op = below(SAFE_DMA_OP_ABORT + 1);
	struct safe_dma_request asked = complete(slot, op);
	int access = !has_access(mapping->kind) ? EOPNOTSUPP : EBUSY;

	switch (op) {
	case SAFE_DMA_OP_MAP:
		must(slot, asked, EEXIST);
		break;
	case SAFE_DMA_OP_UNMAP:
		if (mapping->state == IN_FLIGHT)
			must(slot, asked, EBUSY);
		break;
	case SAFE_DMA_OP_SYNC_FOR_CPU:
		if (sync_error(mapping, DEVICES))
			must(slot, asked, sync_error(mapping, DEVICES));
		break;
	case SAFE_DMA_OP_SYNC_FOR_DEVICE:
		if (sync_error(mapping, CPUS))
			must(slot, asked, sync_error(mapping, CPUS));
		break;
	case SAFE_DMA_OP_FILL:
		if (can_check(mapping) && !device_reads(mapping))
			must(slot, asked, EACCES);
		else if (can_check(mapping))
			beyond(slot, op);
		else
			must(slot, asked, access);
		break;
	case SAFE_DMA_OP_CHECK:
		if (can_check(mapping))
			beyond(slot, op);
		else
			must(slot, asked, access);
		break;
	case SAFE_DMA_OP_TRANSFER:
	case SAFE_DMA_OP_START:
		if (mapping->state != DEVICES) {
			must(slot, asked, EBUSY);
		} else if (may_go(mapping, !asked.to)) {
			beyond(slot, op);
		} else {
			asked.to = !asked.to;
			must(slot, asked, EACCES);
		}
		break;
	case SAFE_DMA_OP_WAIT:
	case SAFE_DMA_OP_ABORT:
		if (mapping->state != IN_FLIGHT)
			must(slot, asked, EBUSY);
		break;
	}
}

/* The transfer of it, whoever has started that, is over. */
static void landed(struct slot *slot, int aborted)
{
	struct mapping *mapping = &slot->mapping;
	struct engine *engine = &me.device->engine;

	mapping->state = DEVICES;
	engine_rest(engine);
	if (aborted)
		mapping_may_have_moved(mapping, &mapping->transfer, &engine->buffer);
	engine_give(engine);
}

/* It can take a time that no transfer takes, and ends it without its interrupt. */
#define LONG_ENOUGH	1000

static void finish(struct slot *slot)
{
	struct mapping *mapping = &slot->mapping;
	int aborts = once_in(8);
	struct safe_dma_request asked =
		request_for(slot, aborts ? SAFE_DMA_OP_ABORT : SAFE_DMA_OP_WAIT);
	int error;

	if (!aborts && (mapping->transfer.irq == SAFE_DMA_IRQ_NONE || once_in(4)))
		asked.timeout = LONG_ENOUGH;
	asked = given(asked, 0);
	error = ask_and_wait(slot, &asked);
	judge(slot, &asked, error, 0, 0);
	landed(slot, aborts);
}

/* Too short to see its end, unless that was before. */
static void wait_shortly(struct slot *slot)
{
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_WAIT);
	int error;

	asked.timeout = 1 + below(4);
	asked = given(asked, 0);
	error = ask_and_wait(slot, &asked);
	judge(slot, &asked, error, ETIMEDOUT,
	      is_early(slot->mapping.started) ? ETIMEDOUT : 0);
	if (!error)
		landed(slot, 0);
}

static void on_gone(struct slot *slot)
{
	if (once_in(me.words ? 128 : 16))
		no_such_name(slot);
	else
		map(slot);
}

static void on_devices(struct slot *slot)
{
	unsigned int kind = slot->mapping.kind;

	if (once_in(16) || !has_room(&slot->mapping.bytes))
		unmap(slot);
	else if (once_in(me.words ? 64 : 4) || !has_access(kind))
		refused(slot);
	else if (has_turns(kind))
		sync_for(slot, CPUS);
	else if (once_in(2))
		fill(slot);
	else
		check(slot);
}

static void on_cpus(struct slot *slot)
{
	unsigned int what = below(100);

	if (!can_fill(&slot->mapping) && !has_room(&slot->mapping.bytes))
		unmap(slot);
	else if (!has_room(&slot->mapping.bytes))
		fill(slot);
	else if (what < 2)
		unmap(slot);
	else if (what < 20)
		sync_for(slot, DEVICES);
	else if (what < 50 && can_fill(&slot->mapping))
		fill(slot);
	else if (what < 90 || me.words)
		check(slot);
	else
		refused(slot);
}

static void on_flight(struct slot *slot)
{
	if (once_in(8))
		finish(slot);
	else if (once_in(8))
		wait_shortly(slot);
	else if (!me.words || once_in(64))
		refused(slot);
}

/* A name that nobody else uses now, or none. */
static struct slot *pick(void)
{
	for (int i = 0; i < 8; i++) {
		struct slot *slot = &me.slots[below(me.count)];

		if (try_lock(slot))
			return slot;
		if (atomic_read(&slot->waiting) && (!me.words || once_in(64)))
			nudge(slot);
	}
	return NULL;
}

static void use_name(void)
{
	struct slot *slot = pick();

	if (!slot) {
		usleep(1000);
		return;
	}
	if (once_in(me.words ? 1024 : 64)) {
		no_operation(slot);
	} else {
		switch (slot->mapping.state) {
		case GONE:
			on_gone(slot);
			break;
		case DEVICES:
			on_devices(slot);
			break;
		case CPUS:
			on_cpus(slot);
			break;
		case IN_FLIGHT:
			on_flight(slot);
			break;
		}
	}
	unlock(slot);
}

static void move_page(enum done way, unsigned int page)
{
	struct engine *engine = &me.device->engine;
	struct contents *buffer = &engine->buffer, *contents = &engine->pages[page];
	unsigned long cmd = way == READ_PAGE ? SAFE_DMA_IOC_READ_PAGE : SAFE_DMA_IOC_WRITE_PAGE;

	if (ioctl(me.device->fd, cmd, page))
		say_and_exit("%s page %u: errno %d", way == READ_PAGE ? "read" : "write", page,
			     errno);
	if (way == READ_PAGE)
		contents_copy(buffer, 0, contents, 0, PAGE);
	else
		contents_copy(contents, 0, buffer, 0, PAGE);
	note(way, 0, page);
}

static unsigned char *page_memory(unsigned int page)
{
	return me.device->memory + page * PAGE;
}

/* Bytes of a page, which this process writes to the memory itself. */
static void write_to_page(unsigned int page, unsigned int first, unsigned int len)
{
	unsigned int pattern = random_u64(&me.random);

	for (unsigned int p = first; p < first + len; p++)
		page_memory(page)[p] = safe_dma_byte(pattern, p);
	contents_set(&me.device->engine.pages[page], first, first + len, PATTERN, pattern);
}

/* All bytes that are in the device's own buffer, by a page that this process reads. */
static void look_into_device(void)
{
	unsigned int page = below(COHERENT_PAGES), differs;
	const struct contents *contents = &me.device->engine.pages[page];
	const unsigned char *memory = page_memory(page);

	move_page(WRITE_PAGE, page);
	differs = differs_from(contents, memory);
	if (differs != SAME)
		say_and_exit("the device has %#x at %u, expected %#x", memory[differs], differs,
			     byte_at(contents, differs));
}

static void refresh_device(void)
{
	unsigned int page = below(COHERENT_PAGES), first = 0, len = PAGE;

	if (has_room(&me.device->engine.pages[page]))
		draw_range(PAGE, PAGE, &first, &len);
	write_to_page(page, first, len);
	move_page(READ_PAGE, page);
}

/* One that the device can use now, with room for what comes; or none. */
static struct slot *ready(void)
{
	struct slot *slot = pick();

	if (!slot)
		return NULL;
	if (slot->mapping.state != GONE && slot->mapping.state != IN_FLIGHT &&
	    !has_room(&slot->mapping.bytes))
		unmap(slot);
	if (slot->mapping.state == GONE)
		map(slot);
	if (slot->mapping.state == CPUS)
		sync_for(slot, DEVICES);
	if (slot->mapping.state == DEVICES && slot->mapping.kind != SAFE_DMA_KIND_RESOURCE)
		return slot;
	unlock(slot);
	return NULL;
}

/* All of its fields are given, so that the model need not know what is meant without. */
static struct safe_dma_request draw_transfer(struct slot *slot, unsigned int op)
{
	const struct mapping *mapping = &slot->mapping;
	struct safe_dma_request asked = request_for(slot, op);
	unsigned int first, len;

	asked.to = below(2);
	if (!may_go(mapping, asked.to))
		asked.to = !asked.to;
	draw_range(mapping->bytes.size, PAGE, &first, &len);
	asked.offset = first;
	asked.size = len;
	if (once_in(32))
		asked.irq = SAFE_DMA_IRQ_NONE;
	else if (once_in(8))
		asked.irq = SAFE_DMA_IRQ_TWICE;
	return given(asked, SAFE_DMA_HAS_TO);
}

static void transfer(struct slot *slot)
{
	struct safe_dma_request asked = draw_transfer(slot, SAFE_DMA_OP_TRANSFER);
	struct contents *buffer = &me.device->engine.buffer;
	int short_of_time = once_in(16), error;
	unsigned long long started;

	if (short_of_time)
		asked.timeout = 1 + below(STILL_AT_WORK / 2);
	else if (asked.irq == SAFE_DMA_IRQ_NONE)
		asked.timeout = LONG_ENOUGH;
	asked = given(asked, asked.fields);
	started = milliseconds();
	error = ask_and_wait(slot, &asked);
	judge(slot, &asked, error, short_of_time ? ETIMEDOUT : 0,
	      short_of_time && !is_early(started) ? 0 : -1);
	if (error)
		mapping_may_have_moved(&slot->mapping, &asked, buffer);
	else
		mapping_moves(&slot->mapping, &asked, buffer);
}

/* Returns whether it is in flight now. */
static int start(struct slot *slot)
{
	struct mapping *mapping = &slot->mapping;
	struct engine *engine = &me.device->engine;
	struct safe_dma_request asked = draw_transfer(slot, SAFE_DMA_OP_START);
	unsigned long long started = milliseconds();
	int error = ask(&asked);

	judge(slot, &asked, error, 0,
	      in_one_piece(mapping, asked.offset, asked.size) ? 0 : EINVAL);
	if (error)
		return 0;
	mapping_moves(mapping, &asked, &engine->buffer);
	mapping->state = IN_FLIGHT;
	mapping->transfer = asked;
	mapping->started = started;
	mapping->flight = ++engine->flights;
	me.flight = slot;
	me.flight_number = mapping->flight;
	engine->started = started;
	atomic_set(&engine->at_work, 1);
	return 1;
}

/* What it has moved is where it should be, all else where it was. */
static void verify(struct slot *slot)
{
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_TRANSFER);
	const struct contents *bytes = &slot->mapping.bytes;
	unsigned int pages = (bytes->size + PAGE - 1) / PAGE;

	asked.offset = below(pages) * PAGE;
	asked.size = bytes->size - asked.offset < PAGE ? bytes->size - asked.offset : PAGE;
	must(slot, given(asked, SAFE_DMA_HAS_TO), 0);
	mapping_moves(&slot->mapping, &asked, &me.device->engine.buffer);
	look_into_device();
}

/* While it is at work for another: refused, unless this comes when it is no more. */
static void try_engine(void)
{
	struct engine *engine = &me.device->engine;
	struct slot *slot;

	atomic_add(&engine->trying, 1);
	slot = atomic_read(&engine->at_work) && is_early(engine->started) ? ready() : NULL;
	if (slot) {
		unsigned int op = once_in(2) ? SAFE_DMA_OP_START : SAFE_DMA_OP_TRANSFER;
		struct safe_dma_request asked = draw_transfer(slot, op);
		int error;

		asked.irq = SAFE_DMA_IRQ_NORMAL;
		asked.fields &= ~SAFE_DMA_HAS_IRQ;
		if (!in_one_piece(&slot->mapping, asked.offset, asked.size))
			asked.op = SAFE_DMA_OP_TRANSFER;
		error = ask(&asked);
		judge(slot, &asked, error, EBUSY, is_early(engine->started) ? EBUSY : 0);
		if (!error) {
			if (asked.op == SAFE_DMA_OP_START)
				must(slot, request_for(slot, SAFE_DMA_OP_WAIT), 0);
			engine->spoiled = 1;
			if (asked.to == SAFE_DMA_TRANSFER_TO_MEMORY)
				contents_set(&slot->mapping.bytes, asked.offset,
					     asked.offset + asked.size, UNKNOWN, 0);
		}
		unlock(slot);
	}
	atomic_add(&engine->trying, -1);
}

/* Returns whether something is in flight now. */
static int use_engine_for(struct slot *slot)
{
	unsigned int what = below(8);

	if (what < 3)
		return start(slot);
	if (what < 6 || !may_go(&slot->mapping, SAFE_DMA_TRANSFER_TO_DEVICE))
		transfer(slot);
	else
		verify(slot);
	return 0;
}

static void use_engine(void)
{
	struct engine *engine = &me.device->engine;
	struct slot *slot;
	int in_flight = 0;

	if (atomic_read(&engine->taken) && !once_in(3)) {
		if (!me.words || once_in(64))
			try_engine();
		return;
	}
	engine_take(engine);
	if (!has_room(&engine->buffer) || once_in(8)) {
		refresh_device();
	} else if (once_in(8)) {
		look_into_device();
	} else {
		slot = ready();
		if (slot) {
			in_flight = use_engine_for(slot);
			unlock(slot);
		}
	}
	if (!in_flight)
		engine_give(engine);
}

/* What this process has started comes to its end, if nobody else has waited for that. */
static void finish_own(void)
{
	struct slot *slot = me.flight;

	while (!try_lock(slot))
		usleep(1000);
	if (slot->mapping.state == IN_FLIGHT && slot->mapping.flight == me.flight_number)
		finish(slot);
	me.flight = NULL;
	unlock(slot);
}

/* As many names as there can be, and one more. */
static void crowd(void)
{
	unsigned int more = MAX_NAMES;
	struct safe_dma_request asked = { .op = SAFE_DMA_OP_MAP };

	for (unsigned int i = 0; i < me.count; i++)
		more -= me.slots[i].mapping.state != GONE;
	asked.size = 1;
	/* Of memory that is never bounced. */
	asked.kind = SAFE_DMA_KIND_COHERENT;
	asked = given(asked, 0);
	for (unsigned int i = 0; i <= more; i++) {
		snprintf(asked.name, sizeof(asked.name), "c%u", i);
		must(NULL, asked, i < more ? 0 : ENOSPC);
	}
	atomic_add(&me.device->maps, more);
}

/* Closes the file with all that it has mapped, which is undone, and opens it again. */
static void leave(void)
{
	if (once_in(8))
		crowd();
	leave_all_places();
	if (close(me.fd))
		say_and_exit("close: errno %d", errno);
	if (me.flight) {
		landed(me.flight, 1);
		me.flight = NULL;
	}
	for (unsigned int i = 0; i < me.count; i++)
		gone(&me.slots[i]);
	me.fd = open(me.device->file, O_RDWR);
	if (me.fd < 0)
		say_and_exit("open: errno %d", errno);
	note(LEAVE, 0, 0);
}

static void work(unsigned int operations)
{
	while (me.operation < operations) {
		if (me.flight && once_in(8))
			finish_own();
		else if (me.alone && once_in(512))
			leave();
		else if (!me.flight && once_in(8))
			use_engine();
		else
			use_name();
	}
	if (me.flight)
		finish_own();
	/* The file is closed with this process. */
	if (me.alone)
		leave_all_places();
}

static void begin(struct device *device, unsigned int number)
{
	me.device = device;
	me.number = number;
	me.operation = 0;
	me.digest = 0;
	me.random.state = seed;
	/* Far from that of the next number. */
	for (unsigned int i = 0; i <= number; i++)
		me.random.state = random_u64(&me.random);
}

static void worker(struct device *device, unsigned int number, unsigned int place,
		   unsigned int operations)
{
	begin(device, number);
	switch (place % 4) {
	case 2:
		me.alone = 1;
		me.slots = device->slots + SHARED_NAMES + RUN_NAMES + place / 4 * OWN_NAMES;
		me.count = OWN_NAMES;
		me.fd = open(device->file, O_RDWR);
		break;
	case 3:
		me.words = 1;
		me.slots = device->slots + SHARED_NAMES;
		me.count = RUN_NAMES;
		me.fd = open(device->run, O_WRONLY);
		break;
	default:
		me.slots = device->slots;
		me.count = SHARED_NAMES;
		me.fd = device->fd;
		break;
	}
	if (me.fd < 0)
		say_and_exit("%s cannot be opened: errno %d", me.words ? device->run : device->file,
			     errno);
	work(operations);
	all->digests[number] = me.digest;
}

/* The text of a file in the directory of the device's control files. */
static char *control_text(const char *directory, const char *name)
{
	static char text[256 << 10];
	char path[128];
	int fd, len, more;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	for (len = 0; fd >= 0 && len < (int)sizeof(text) - 1; len += more) {
		more = read(fd, text + len, sizeof(text) - 1 - len);
		if (more <= 0)
			break;
	}
	text[len] = '\0';
	close(fd);
	return text;
}

static char *control_of(struct device *device, const char *name)
{
	char directory[128];

	snprintf(directory, sizeof(directory), "%s", device->run);
	*strrchr(directory, '/') = '\0';
	return control_text(directory, name);
}

/* The device's control files are those that know a name which is mapped by its device file. */
static void find_control(struct device *device, struct slot *slot)
{
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_MAP);
	DIR *directory = opendir(CONTROL);
	struct dirent entry, *found = NULL;
	char path[128], line[64];

	snprintf(line, sizeof(line), "\n%s ", asked.name);
	must(NULL, asked, 0);
	while (directory && !readdir_r(directory, &entry, &found) && found) {
		if (entry.d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CONTROL "/%.64s", entry.d_name);
		if (strstr(control_text(path, "mappings"), line))
			snprintf(device->run, sizeof(device->run), "%s/run", path);
	}
	closedir(directory);
	must(NULL, request_for(slot, SAFE_DMA_OP_UNMAP), 0);
	if (!device->run[0])
		say_and_exit("%s has no control files in " CONTROL, device->file);
}

static int stat_of(struct device *device, const char *key)
{
	char *found, text[32];

	/* The first line has no line before it. */
	snprintf(text, sizeof(text), "%s ", key);
	found = control_of(device, "stats");
	while (found && strncmp(found, text, strlen(text))) {
		found = strchr(found, '\n');
		found = found ? found + 1 : NULL;
	}
	if (!found)
		say_and_exit("%s has no %s in its stats", device->run, key);
	return atoi(found + strlen(text));
}

static void must_count(struct device *device, const char *key, int expected)
{
	if (stat_of(device, key) != expected)
		say_and_exit("%s: %s is %d in its stats, expected %d", device->file, key,
			     stat_of(device, key), expected);
}

/* What needs an IOMMU is left out where there is none. */
static void find_kinds(struct device *device, struct slot *slot)
{
	for (unsigned int kind = 0; kind <= SAFE_DMA_KIND_RESOURCE; kind++) {
		struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_MAP);
		int needs = kind == SAFE_DMA_KIND_IOVA || kind == SAFE_DMA_KIND_RESOURCE;
		int error;

		asked.kind = kind;
		asked = given(asked, 0);
		error = ask(&asked);
		if (error && !needs)
			say_and_exit("a page of kind %s cannot be mapped: errno %d",
				     kind_words[kind], error);
		if (error)
			continue;
		must(NULL, request_for(slot, SAFE_DMA_OP_UNMAP), 0);
		device->kinds |= 1u << kind;
	}
}

/* A small buffer is bounced wherever any is. */
static void find_bounces(struct device *device, struct slot *slot)
{
	struct safe_dma_request asked = request_for(slot, SAFE_DMA_OP_MAP);
	int before = stat_of(device, "bounced");

	asked.size = 1;
	must(NULL, given(asked, 0), 0);
	device->bounces = stat_of(device, "bounced") != before;
	must(NULL, request_for(slot, SAFE_DMA_OP_UNMAP), 0);
}

static void set_up(struct device *device, const char *file)
{
	struct engine *engine = &device->engine;

	begin(device, 0);
	device->file = file;
	device->fd = open(file, O_RDWR);
	if (device->fd < 0)
		say_and_exit("%s cannot be opened: errno %d", file, errno);
	device->memory = mmap(NULL, COHERENT_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			      device->fd, 0);
	if (device->memory == MAP_FAILED || pipe(engine->token))
		say_and_exit("%s has no pages, or there is no pipe: errno %d", file, errno);
	me.fd = device->fd;
	find_control(device, device->slots);
	find_kinds(device, device->slots);
	find_bounces(device, device->slots);

	/* What is there is known from here on. */
	contents_init(&engine->buffer, PAGE, UNKNOWN, 0);
	for (unsigned int i = 0; i < COHERENT_PAGES; i++) {
		contents_init(&engine->pages[i], PAGE, UNKNOWN, 0);
		write_to_page(i, 0, PAGE);
	}
	move_page(READ_PAGE, 0);
	look_into_device();
	device->maps = stat_of(device, "maps");
	device->syncs = stat_of(device, "syncs");
	engine_give(engine);
}

/* `mappings` has what is left in the names that are shared, as foretold, and nothing else. */
static void compare_mappings(struct device *device)
{
	char *text = control_of(device, "mappings");
	unsigned int lines = 0, live = 0;

	for (char *end = text; (end = strchr(end, '\n')); end++)
		lines++;
	for (unsigned int i = 0; i < SHARED_NAMES + RUN_NAMES; i++) {
		struct slot *slot = &device->slots[i];
		struct mapping *mapping = &slot->mapping;
		unsigned int dir = is_shared(mapping->kind) ? SAFE_DMA_BIDIRECTIONAL : mapping->dir;
		char line[128], size[32], dma[32], *found, *end;

		if (mapping->state == GONE)
			continue;
		live++;
		snprintf(line, sizeof(line), "\nm%u %s %s %s ", i, kind_words[mapping->kind],
			 dir_words[dir], state_word(mapping->state));
		snprintf(size, sizeof(size), " size %u ", mapping->bytes.size);
		snprintf(dma, sizeof(dma), " dma %#llx ", mapping->dma);
		found = strstr(text, line);
		if (!found)
			say_and_exit("mappings has not:%s", line + 1);
		end = strchr(found + 1, '\n');
		*end = '\0';
		if (!strstr(found + 1, size) || (mapping->dma && !strstr(found + 1, dma)))
			say_and_exit("mappings has: %s; expected%s%s", found + 1, dma, size);
		*end = '\n';
	}
	/* The first line is of no mapping. */
	if (lines != live + 1)
		say_and_exit("mappings has %u lines of mappings, expected %u", lines - 1, live);
}

/* Nothing is left of it, and its counters are what they must be. */
static void tear_down(struct device *device)
{
	begin(device, 0);
	compare_mappings(device);
	me.words = 1;
	me.fd = open(device->run, O_WRONLY);
	for (unsigned int i = SHARED_NAMES; i < SHARED_NAMES + RUN_NAMES; i++)
		if (device->slots[i].mapping.state != GONE)
			unmap(&device->slots[i]);
	close(me.fd);
	munmap(device->memory, COHERENT_PAGES * PAGE);
	close(device->fd);
	must_count(device, "maps", device->maps);
	must_count(device, "unmaps", device->maps);
	must_count(device, "live", 0);
	must_count(device, "syncs", device->syncs);
}

static void report(unsigned int workers, unsigned int devices)
{
	static const char *const others[] = { "read_page", "write_page", "leave" };
	struct random digest = { 0 };
	unsigned int operations = 0;

	for (unsigned int i = 0; i < ALL_DONE; i++) {
		char line[256] = "";
		int len = 0;

		for (unsigned int j = 0; j < COUNT(results); j++) {
			operations += all->counts[i][j];
			if (all->counts[i][j])
				len += snprintf(line + len, sizeof(line) - len, " %d %s",
						all->counts[i][j], results[j].name);
		}
		printf("soak: %s:%s\n", i < COUNT(op_words) ? op_words[i] : others[i - READ_PAGE],
		       line);
	}
	for (unsigned int i = 0; i < workers * devices; i++) {
		digest.state ^= all->digests[i];
		digest.state = random_u64(&digest);
	}
	printf("soak: seed %llu, %u workers on each of %u devices, %u operations, digest %016llx\n",
	       seed, workers, devices, operations, digest.state);
}

int main(int argc, char **argv)
{
	unsigned int devices = argc - 4, workers, operations, running;
	pid_t children[MAX_DEVICES * MAX_WORKERS];
	int status, failed = 0;

	if (argc < 5 || devices > MAX_DEVICES || atoi(argv[3]) < 1 || atoi(argv[3]) > MAX_WORKERS) {
		fprintf(stderr, "usage: soak SEED OPERATIONS WORKERS DEVICE..., WORKERS up to %d\n",
			MAX_WORKERS);
		return 1;
	}
	seed = strtoull(argv[1], NULL, 10);
	workers = atoi(argv[3]);
	operations = atoi(argv[2]) / (workers * devices);
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		say_and_exit("there is no memory");
	for (unsigned int i = 0; i < devices; i++)
		set_up(&all->devices[i], argv[4 + i]);
	for (unsigned int i = 0; i < workers * devices; i++) {
		children[i] = fork();
		if (!children[i]) {
			worker(&all->devices[i / workers], i, i % workers, operations);
			exit(0);
		}
	}
	for (running = workers * devices; running && !failed; running--)
		failed = waitpid(-1, &status, 0) < 0 || status;
	for (unsigned int i = 0; failed && i < workers * devices; i++)
		kill(children[i], SIGKILL);
	if (failed)
		return 1;
	for (unsigned int i = 0; i < devices; i++)
		tear_down(&all->devices[i]);
	report(workers, devices);
	return 0;
}
