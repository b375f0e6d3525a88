// SPDX-License-Identifier: GPL-2.0
/*
 * Runs random operations on many mappings, in many processes.
 *
 *   soak SEED OPERATIONS WORKERS DIRECTORY...
 *
 * DIRECTORY is a device's directory in debugfs. For each device, WORKERS processes share the names
 * of mappings and the device's engine. OPERATIONS is the total number of operations. The processes
 * issue valid and invalid operations, and check each result, and all bytes, against a model in
 * shared memory. With one processor, and a clock that counts instructions, the same seed gives the
 * same run, with the same digest.
 *
 * Exits with 0 if all results were right. At the first mistake all processes stop, and one line
 * reports the operation.
 */

#define PROGRAM "soak"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "model.h"
#include "random.h"

#define MAX_DEVICES	8
#define MAX_WORKERS	16
#define SLOTS		96
/* The DMA debugger treats registers as memory, whose mappings must not overlap. */
#define MAX_RESOURCES	1
/* The maximum number of bytes that are usually filled or compared at once. */
#define FEW_BYTES	2048
/* Refused operations are rare: each writes a line to the log. */
#define RARELY		16

/* In milliseconds: a transfer takes 100. */
#define SURELY_AT_WORK	90
#define LONG_ENOUGH	1000

/* A name and its mapping, used by the process that holds the lock. */
struct slot {
	int locked;
	/* The process waits for a transfer: the name is busy. */
	int waiting;
	int nudging;
	int nudges;
	/* The number of the last transfer that was started, and the time before its start. */
	unsigned int flight;
	unsigned long long started;
	struct mapping mapping;
};

/*
 * The engine of a device. Only the process that holds it knows the contents of the device's buffer.
 * Other processes may try to use it during a transfer.
 */
struct engine {
	/* A pipe, which contains a byte while the engine is free. */
	int token[2];
	int taken;
	/* A transfer was started, and no process waits for it yet. */
	int at_work;
	unsigned long long started;
	unsigned int flights;
	/* The number of processes that try to use it, and whether one has succeeded. */
	int trying;
	int spoiled;
};

struct device {
	const char *directory;
	unsigned char *memory;
	struct world world;
	int maps;
	int syncs;
	int resources;
	struct engine engine;
	struct slot slots[SLOTS];
};

/* Shared by all processes. */
static struct shared {
	int counts[OPS][COUNT(errors)];
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
	/* Each process opens its own file: writes to the same open file are serialized. */
	int run_fd;
	/* The transfer in flight that this process has started. */
	struct slot *flight;
	unsigned int flight_number;
} me;

static void complain(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "# soak: seed %llu worker %u operation %u: %s\n", seed, me.number,
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

static int atomic_read(const int *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void atomic_set(int *value, int to)
{
	__atomic_store_n(value, to, __ATOMIC_SEQ_CST);
}

static int atomic_add(int *value, int more)
{
	return __atomic_add_fetch(value, more, __ATOMIC_SEQ_CST);
}

static unsigned long long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* Returns whether a transfer that was started at that time cannot have ended yet. */
static int is_early(unsigned long long started)
{
	return milliseconds() < started + SURELY_AT_WORK;
}

/* Waits until no other process tries to use the engine. */
static void engine_rest(void)
{
	struct engine *engine = &me.device->engine;

	atomic_set(&engine->at_work, 0);
	while (atomic_read(&engine->trying))
		usleep(1000);
	if (engine->spoiled) {
		contents_init(&me.device->world.buffer, BUFFER_SIZE, UNKNOWN, 0);
		engine->spoiled = 0;
	}
}

static void engine_give(void)
{
	engine_rest();
	atomic_set(&me.device->engine.taken, 0);
	write(me.device->engine.token[1], "", 1);
}

static void engine_take(void)
{
	char byte;

	read(me.device->engine.token[0], &byte, 1);
	atomic_set(&me.device->engine.taken, 1);
}

/* Checks a result, counts it, and adds it to the digest. */
static void judge(const struct slot *slot, const struct request *request, int error,
		  unsigned int expected)
{
	unsigned int name = slot ? slot - me.device->slots : SLOTS;
	struct random mixed = {
		me.digest ^ ((unsigned long long)name << 48) ^ request->size << 24 ^
			request->offset ^ ((unsigned long long)error << 32 | request->op)
	};
	char words[MAX_TEXT], names[128];

	if (!(outcome(error) & expected)) {
		request_words(words, request);
		outcome_names(names, sizeof(names), expected);
		complain("%s: errno %d, expected:%s; it was %s %s %s, %u bytes in %u runs", words,
			 error, names, slot ? states[slot->mapping.state] : "-",
			 slot ? kinds[slot->mapping.kind] : "-",
			 slot ? dirs[slot->mapping.dir] : "-",
			 slot ? slot->mapping.bytes.size : 0,
			 slot ? slot->mapping.bytes.count : 0);
	}
	me.digest = random_u64(&mixed);
	me.operation++;
	atomic_add(&all->counts[request->op][error_index(error)], 1);
}

/* Runs a request, checks its result, and applies it to the model. */
static int perform(struct slot *slot, struct request asked)
{
	struct device *device = me.device;
	struct mapping *mapping = slot ? &slot->mapping : NULL;
	unsigned int expected = outcomes(&device->world, mapping, &asked);
	int error = run(me.run_fd, &asked);

	judge(slot, &asked, error, expected);
	apply(&device->world, mapping, &asked, error);
	if (!error && asked.op == OP_MAP)
		atomic_add(&device->maps, 1);
	if (!error && (asked.op == OP_SYNC_FOR_CPU || asked.op == OP_SYNC_FOR_DEVICE))
		atomic_add(&device->syncs, 1);
	if (!error && asked.op == OP_UNMAP && mapping->kind == KIND_RESOURCE)
		atomic_add(&device->resources, -1);
	return error;
}

static struct request request_for(const struct slot *slot, enum op op)
{
	struct request asked = { .op = op };

	snprintf(asked.name, sizeof(asked.name), "m%u", (unsigned int)(slot - me.device->slots));
	return asked;
}

static int simple(struct slot *slot, enum op op)
{
	return perform(slot, request_for(slot, op));
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
 * Runs a request that waits for a transfer. A process that nudges the name meanwhile finds it busy.
 * If the nudge comes first, this request finds the name busy, and is repeated.
 */
static int run_and_wait(struct slot *slot, const struct request *request)
{
	int before, inside, error;

	atomic_set(&slot->waiting, 1);
	do {
		/* In this order, so that a nudge between the reads is seen. */
		before = atomic_read(&slot->nudges);
		inside = atomic_read(&slot->nudging);
		error = run(me.run_fd, request);
	} while (error == EBUSY && (inside || atomic_read(&slot->nudges) != before));
	atomic_set(&slot->waiting, 0);
	while (atomic_read(&slot->nudging))
		usleep(1000);
	return error;
}

/* Uses a name whose process waits for a transfer, which must be refused. */
static void nudge(struct slot *slot)
{
	atomic_add(&slot->nudging, 1);
	if (atomic_read(&slot->waiting)) {
		int syncs = has_syncs(slot->mapping.kind) && once_in(2);
		struct request asked =
			request_for(slot, syncs ? OP_SYNC_FOR_DEVICE : OP_MAP);

		atomic_add(&slot->nudges, 1);
		judge(slot, &asked, run(me.run_fd, &asked),
		      outcome(syncs ? EBUSY : EEXIST));
	}
	atomic_add(&slot->nudging, -1);
}

static unsigned int draw_size(unsigned int kind)
{
	unsigned int size;

	/* Large mappings take most of the time. */
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
		size = 1 + below(SMALL);
		break;
	}
	return kind == KIND_POOL || me.device->world.bounces ? 1 + (size - 1) % PAGE : size;
}

/* Draws a range of bytes, mostly at an aligned offset. */
static void draw_range(unsigned int size, unsigned int most, unsigned int *first, unsigned int *len)
{
	static const unsigned int steps[] = { 1, 16, 64, 256, 1024, PAGE };
	unsigned int step = steps[below(COUNT(steps))];

	*first = below((size + step - 1) / step) * step;
	*len = size - *first < most ? size - *first : most;
	if (once_in(2))
		*len = 1 + below(*len);
}

static unsigned int draw_kind(void)
{
	for (;;) {
		unsigned int kind = below(KINDS);

		if (me.device->world.refused[kind])
			continue;
		if (kind != KIND_RESOURCE || atomic_add(&me.device->resources, 1) <= MAX_RESOURCES)
			return kind;
		atomic_add(&me.device->resources, -1);
	}
}

static void map(struct slot *slot)
{
	struct request asked = request_for(slot, OP_MAP);

	asked.kind = draw_kind();
	asked.dir = below(DIRS);
	if (asked.kind != KIND_RESOURCE) {
		if (!once_in(8))
			asked.size = draw_size(asked.kind);
		if (!once_in(4)) {
			asked.pattern = random_u64(&me.random);
			asked.given = BIT_OF(PATTERN);
		}
	}
	if ((asked.kind == KIND_SINGLE || asked.kind == KIND_SG) && once_in(2))
		asked.offset = below(PAGE);
	perform(slot, given(asked, asked.given));
}

/* Sets the range. Sometimes omits the size, if it is the default. */
static struct request with_range(struct request asked, unsigned int first, unsigned int len,
				 unsigned int rest)
{
	asked.offset = first;
	asked.size = len == rest && once_in(2) ? 0 : len;
	return given(asked, asked.given);
}

static void fill(struct slot *slot)
{
	struct contents *bytes = &slot->mapping.bytes;
	struct request asked = request_for(slot, OP_FILL);
	unsigned int first = 0, len = bytes->size;

	if (has_room(bytes))
		draw_range(bytes->size, FEW_BYTES, &first, &len);
	asked.pattern = random_u64(&me.random);
	asked.given = BIT_OF(PATTERN);
	perform(slot, with_range(asked, first, len, bytes->size - first));
}

/* Checks the known bytes, or rarely other ones. */
static void check(struct slot *slot)
{
	const struct contents *bytes = &slot->mapping.bytes;
	struct request asked = request_for(slot, OP_CHECK);
	unsigned int first, len, end;

	draw_range(bytes->size, FEW_BYTES, &first, &len);
	/* Often start at the start of a run. */
	if (once_in(2))
		first = bytes->runs[run_at(bytes, first)].start;
	if (bytes->runs[run_at(bytes, first)].what == UNKNOWN)
		return;
	asked.pattern = pattern_at(bytes, first, &end);
	if (once_in(RARELY)) {
		end = first + len < bytes->size ? first + len : bytes->size;
		if (once_in(2))
			asked.pattern = random_u64(&me.random);
	}
	asked.given = BIT_OF(PATTERN);
	perform(slot, with_range(asked, first, end - first, bytes->size - first));
}

/* Runs an operation that is refused: wrong in any state, wrong in this state, or out of range. */
static void refused(struct slot *slot)
{
	struct request asked = request_for(slot, below(NAMED_OPS));

	asked.given = operations[asked.op].needs;
	asked.to = below(TOS) && is_move(asked.op);
	switch (below(8)) {
	case 0:
		asked.given |= BIT_OF(SIZE);
		asked.size = once_in(2) ? 0 : ~0ull;
		break;
	case 1:
		asked.given |= BIT_OF(TIMEOUT);
		asked.timeout = once_in(2) ? 0 : MAX_TIMEOUT + 1 + below(1000);
		break;
	case 2:
		asked.given = 0;
		break;
	case 3:
		asked.given |= BIT_OF(OFFSET);
		asked.offset = once_in(4) ? ~0ull : slot->mapping.bytes.size + below(3 * PAGE);
		break;
	case 4:
		asked.given |= BIT_OF(OFFSET) | BIT_OF(SIZE);
		asked.offset = slot->mapping.bytes.size / 2;
		asked.size = slot->mapping.bytes.size - asked.offset + 1;
		break;
	}
	if (!(outcomes(&me.device->world, &slot->mapping, &asked) & outcome(0)))
		perform(slot, asked);
}

/* Updates the model after a transfer has ended or was aborted, and gives up the engine. */
static void landed(struct slot *slot, const struct request *end)
{
	engine_rest();
	apply(&me.device->world, &slot->mapping, end, 0);
	engine_give();
}

static void finish(struct slot *slot)
{
	struct request asked = request_for(slot, once_in(8) ? OP_ABORT : OP_WAIT);

	/* The timeout ends a transfer without an interrupt. */
	if (asked.op == OP_WAIT && (slot->mapping.transfer.irq == IRQ_NONE || once_in(4)))
		asked.timeout = LONG_ENOUGH;
	asked = given(asked, 0);
	judge(slot, &asked, run_and_wait(slot, &asked), outcome(0));
	landed(slot, &asked);
}

/*
 * Waits with a short timeout, which expires before the transfer ends, unless it was started long
 * ago.
 */
static void wait_shortly(struct slot *slot)
{
	struct request asked = request_for(slot, OP_WAIT);
	int error;

	asked.timeout = 1 + below(4);
	asked = given(asked, 0);
	error = run_and_wait(slot, &asked);
	judge(slot, &asked, error,
	      outcome(ETIMEDOUT) | (is_early(slot->started) ? 0 : outcome(0)));
	if (!error)
		landed(slot, &asked);
}

static void on_device_owned(struct slot *slot)
{
	unsigned int kind = slot->mapping.kind;

	if (once_in(16) || !has_room(&slot->mapping.bytes))
		simple(slot, OP_UNMAP);
	else if (once_in(RARELY))
		refused(slot);
	else if (has_syncs(kind))
		simple(slot, OP_SYNC_FOR_CPU);
	else if (!has_access(kind))
		return;
	else if (once_in(2))
		fill(slot);
	else
		check(slot);
}

static void on_cpu_owned(struct slot *slot)
{
	int fills = device_reads(&slot->mapping);
	unsigned int what = below(100);

	if (!has_room(&slot->mapping.bytes) && !fills)
		simple(slot, OP_UNMAP);
	else if (!has_room(&slot->mapping.bytes))
		fill(slot);
	else if (what < 2)
		simple(slot, OP_UNMAP);
	else if (what < 20)
		simple(slot, OP_SYNC_FOR_DEVICE);
	else if (what < 50 && fills)
		fill(slot);
	else if (what < 95)
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
	else if (once_in(RARELY))
		refused(slot);
}

/* Locks a random name that no other process uses. Returns NULL if it finds none. */
static struct slot *pick(void)
{
	for (int i = 0; i < 8; i++) {
		struct slot *slot = &me.device->slots[below(SLOTS)];

		if (try_lock(slot))
			return slot;
		if (atomic_read(&slot->waiting) && once_in(RARELY))
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
	switch (slot->mapping.state) {
	case GONE:
		if (once_in(RARELY))
			refused(slot);
		else
			map(slot);
		break;
	case DEVICE_OWNED:
		on_device_owned(slot);
		break;
	case CPU_OWNED:
		on_cpu_owned(slot);
		break;
	case IN_FLIGHT:
		on_flight(slot);
		break;
	}
	unlock(slot);
}

static unsigned char *page_memory(unsigned int page)
{
	return me.device->memory + page * me.device->world.page;
}

static void transfer_page(unsigned int page, unsigned int to)
{
	struct request asked = { .op = OP_TRANSFER_PAGE, .page = page, .to = to };

	perform(NULL, given(asked, BIT_OF(PAGE) | BIT_OF(TO)));
}

/* Writes a pattern to a page with the CPU. */
static void write_to_page(unsigned int page, unsigned int first, unsigned int len)
{
	unsigned int pattern = random_u64(&me.random);

	for (unsigned int p = first; p < first + len; p++)
		page_memory(page)[p] = pattern_byte(pattern, p);
	contents_set(&me.device->world.pages[page], first, first + len, PATTERN, pattern);
}

/* Checks all bytes of the device's buffer, through a page. */
static void read_buffer(void)
{
	unsigned int page = below(PAGES), differs;
	const unsigned char *memory = page_memory(page);

	transfer_page(page, MEMORY);
	differs = differs_from(&me.device->world.pages[page], memory);
	if (differs != SAME)
		complain("the device has %#x at %u, expected %#x", memory[differs], differs,
			 byte_at(&me.device->world.pages[page], differs));
}

static void write_buffer(void)
{
	unsigned int page = below(PAGES), first = 0, len = PAGE;

	if (has_room(&me.device->world.pages[page]))
		draw_range(PAGE, PAGE, &first, &len);
	write_to_page(page, first, len);
	transfer_page(page, DEVICE);
}

/* Locks a mapping that the device owns, with room for more runs, or returns NULL. */
static struct slot *ready(void)
{
	struct slot *slot = pick();

	if (!slot)
		return NULL;
	if (slot->mapping.state != GONE && slot->mapping.state != IN_FLIGHT &&
	    !has_room(&slot->mapping.bytes))
		simple(slot, OP_UNMAP);
	if (slot->mapping.state == GONE)
		map(slot);
	if (slot->mapping.state == CPU_OWNED)
		simple(slot, OP_SYNC_FOR_DEVICE);
	if (slot->mapping.state == DEVICE_OWNED && slot->mapping.kind != KIND_RESOURCE)
		return slot;
	unlock(slot);
	return NULL;
}

static struct request draw_transfer(struct slot *slot, enum op op)
{
	struct request asked = request_for(slot, op);
	unsigned int first, len;

	asked.to = below(TOS);
	if (!may_go(&slot->mapping, asked.to))
		asked.to = !asked.to;
	draw_range(slot->mapping.bytes.size, BUFFER_SIZE, &first, &len);
	asked.offset = first;
	asked.size = len;
	return given(asked, BIT_OF(TO));
}

static void draw_irq(struct request *asked)
{
	if (once_in(32))
		asked->irq = IRQ_NONE;
	else if (once_in(8))
		asked->irq = IRQ_TWICE;
	*asked = given(*asked, asked->given);
}

static void transfer(struct slot *slot)
{
	struct request asked = draw_transfer(slot, OP_TRANSFER);
	unsigned int expected = outcome(0);
	int short_of_time = once_in(16), error;
	unsigned long long started;

	draw_irq(&asked);
	if (short_of_time)
		asked.timeout = 1 + below(SURELY_AT_WORK / 2);
	else if (asked.irq == IRQ_NONE)
		asked.timeout = LONG_ENOUGH;
	asked = given(asked, asked.given);
	started = milliseconds();
	error = run_and_wait(slot, &asked);
	if (short_of_time)
		expected = outcome(ETIMEDOUT) | (is_early(started) ? 0 : outcome(0));
	judge(slot, &asked, error, expected);
	apply(&me.device->world, &slot->mapping, &asked, error);
}

/* Returns whether a transfer is in flight now. */
static int start(struct slot *slot)
{
	struct engine *engine = &me.device->engine;
	struct request asked = draw_transfer(slot, OP_START);
	unsigned long long started = milliseconds();

	draw_irq(&asked);
	if (perform(slot, asked))
		return 0;
	slot->started = started;
	slot->flight = ++engine->flights;
	me.flight = slot;
	me.flight_number = slot->flight;
	engine->started = started;
	atomic_set(&engine->at_work, 1);
	return 1;
}

/* Checks a page of a mapping against the model, through the device. */
static void verify(struct slot *slot)
{
	struct request asked = request_for(slot, OP_TRANSFER);
	unsigned int size = slot->mapping.bytes.size;

	asked.offset = below((size + PAGE - 1) / PAGE) * PAGE;
	asked.size = size - asked.offset < PAGE ? size - asked.offset : PAGE;
	perform(slot, given(asked, BIT_OF(TO)));
	read_buffer();
}

/*
 * Tries to use the engine during a transfer of another process. Expects EBUSY, unless the transfer
 * has ended.
 */
static void try_engine(void)
{
	struct engine *engine = &me.device->engine;
	struct slot *slot;

	atomic_add(&engine->trying, 1);
	slot = atomic_read(&engine->at_work) && is_early(engine->started) ? ready() : NULL;
	if (slot) {
		struct mapping *mapping = &slot->mapping;
		struct request asked = draw_transfer(slot, once_in(2) ? OP_START : OP_TRANSFER);
		unsigned int expected = outcome(EBUSY);
		int error;

		if (!in_one_piece(mapping, asked.offset, asked.offset + asked.size))
			asked.op = OP_TRANSFER;
		error = run(me.run_fd, &asked);
		if (!is_early(engine->started))
			expected |= outcome(0);
		judge(slot, &asked, error, expected);
		if (!error) {
			engine->spoiled = 1;
			if (asked.op == OP_START) {
				mapping->state = IN_FLIGHT;
				simple(slot, OP_WAIT);
			}
			if (asked.to == MEMORY)
				contents_set(&mapping->bytes, asked.offset,
					     asked.offset + asked.size, UNKNOWN, 0);
		}
		unlock(slot);
	}
	atomic_add(&engine->trying, -1);
}

/* Returns whether a transfer is in flight now. */
static int use_engine_for(struct slot *slot)
{
	unsigned int what = below(8);

	if (what < 3)
		return start(slot);
	if (what < 6 || !device_reads(&slot->mapping))
		transfer(slot);
	else
		verify(slot);
	return 0;
}

static void use_engine(void)
{
	struct slot *slot;
	int in_flight = 0;

	if (atomic_read(&me.device->engine.taken) && !once_in(3)) {
		if (once_in(RARELY))
			try_engine();
		return;
	}
	engine_take();
	if (!has_room(&me.device->world.buffer) || once_in(8)) {
		write_buffer();
	} else if (once_in(8)) {
		read_buffer();
	} else {
		slot = ready();
		if (slot) {
			in_flight = use_engine_for(slot);
			unlock(slot);
		}
	}
	if (!in_flight)
		engine_give();
}

/* Ends the transfer that this process has started, unless another process has ended it. */
static void finish_own(void)
{
	struct slot *slot = me.flight;

	while (!try_lock(slot))
		usleep(1000);
	if (slot->mapping.state == IN_FLIGHT && slot->flight == me.flight_number)
		finish(slot);
	me.flight = NULL;
	unlock(slot);
}

static char *read_device(struct device *device, const char *name)
{
	static char text[256 << 10];

	return read_control(device->directory, name, text, sizeof(text));
}

/* Checks that the first pages of all mappings have different DMA addresses. */
static void check_addresses(void)
{
	static struct { unsigned long long first, end; } places[MAX_NAMES];
	unsigned int count = 0;

	for (char *line = read_device(me.device, "mappings"); (line = strchr(line, '\n')); ) {
		char *dma = strstr(++line, " dma 0x"), *size = dma ? strstr(dma, " size ") : NULL;
		unsigned long long first, len;

		/* A busy mapping may be unmapped already; registers may be mapped twice. */
		if (!size || !strncmp(dma - strlen(" busy"), " busy", strlen(" busy")) ||
		    (strstr(line, " resource ") && strstr(line, " resource ") < dma))
			continue;
		first = strtoull(dma + strlen(" dma "), NULL, 16);
		len = strtoul(size + strlen(" size "), NULL, 10);
		if (len > PAGE - first % PAGE)
			len = PAGE - first % PAGE;
		for (unsigned int i = 0; i < count; i++)
			if (first < places[i].end && places[i].first < first + len)
				complain("two mappings are at %#llx", first);
		places[count].first = first;
		places[count++].end = first + len;
	}
}

static void work(unsigned int operations)
{
	while (me.operation < operations) {
		if (me.flight && once_in(8))
			finish_own();
		else if (once_in(256))
			check_addresses();
		else if (!me.flight && once_in(8))
			use_engine();
		else
			use_name();
	}
	if (me.flight)
		finish_own();
}

static void begin(struct device *device, unsigned int number)
{
	me.device = device;
	me.run_fd = open_control(device->directory, "run", O_WRONLY);
	me.number = number;
	me.operation = 0;
	me.digest = 0;
	me.random.state = seed;
	/* Each process gets its own state. */
	for (unsigned int i = 0; i <= number; i++)
		me.random.state = random_u64(&me.random);
}

static int stat_of(struct device *device, const char *key)
{
	return counter(read_device(device, "stats"), key);
}

static void must_count(struct device *device, const char *key, int expected)
{
	if (stat_of(device, key) != expected)
		complain("%s: %s is %d in its stats, expected %d", device->directory, key,
			 stat_of(device, key), expected);
}

/* Finds out which kinds can be mapped, and whether buffers are bounced, even small ones. */
static void learn(struct device *device)
{
	int before;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		int error = operate(me.run_fd, "op=map name=probe kind=%s", kinds[kind]);

		if (error && kind != KIND_IOVA && kind != KIND_RESOURCE)
			complain("a page of kind %s cannot be mapped: errno %d", kinds[kind],
				 error);
		device->world.refused[kind] = error;
		if (!error && operate(me.run_fd, "op=unmap name=probe"))
			fail("unmap");
	}
	before = stat_of(device, "bounced");
	if (operate(me.run_fd, "op=map name=probe size=1") ||
	    operate(me.run_fd, "op=unmap name=probe"))
		fail("a small buffer cannot be mapped");
	device->world.bounces = stat_of(device, "bounced") != before;
}

/* Finds the device file of a device, by a transfer that changes its pages, and maps the pages. */
static void map_pages(struct device *device, unsigned int devices)
{
	unsigned long page = getpagesize();

	for (unsigned int i = 0; i < devices && !device->memory; i++) {
		char path[32];
		unsigned char *memory;
		int fd;

		snprintf(path, sizeof(path), "/dev/safe_dma%u", i);
		fd = open_file(path, O_RDWR);
		memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (memory == MAP_FAILED)
			fail(path);
		memory[0] = i + 1;
		memory[page] = 0;
		if (operate(me.run_fd, "op=transfer_page page=0 to=device") ||
		    operate(me.run_fd, "op=transfer_page page=1 to=memory"))
			fail("transfer_page");
		if (memory[page] == i + 1)
			device->memory = memory;
		else
			munmap(memory, PAGES * page);
	}
	if (!device->memory)
		fail("a device has no device file");
}

static void open_device(struct device *device, const char *directory, unsigned int devices)
{
	device->directory = directory;
	device->world.page = getpagesize();
	if (pipe(device->engine.token))
		fail("pipe");
	begin(device, 0);
	map_pages(device, devices);
}

static void set_up(struct device *device)
{
	struct world *world = &device->world;

	begin(device, 0);
	learn(device);

	/* Make the contents known. */
	contents_init(&world->buffer, BUFFER_SIZE, UNKNOWN, 0);
	for (unsigned int i = 0; i < PAGES; i++) {
		contents_init(&world->pages[i], PAGE, UNKNOWN, 0);
		write_to_page(i, 0, PAGE);
	}
	transfer_page(0, DEVICE);
	read_buffer();
	device->maps = stat_of(device, "maps");
	device->syncs = stat_of(device, "syncs");
	engine_give();
}

/* Checks `mappings` against the model. */
static void compare_mappings(struct device *device)
{
	char *text = read_device(device, "mappings");
	unsigned int lines = 0, live = 0;

	for (char *end = text; (end = strchr(end, '\n')); end++)
		lines++;
	for (unsigned int i = 0; i < SLOTS; i++) {
		const struct mapping *mapping = &device->slots[i].mapping;
		char line[128], size[32], *found, *end;

		if (mapping->state == GONE)
			continue;
		live++;
		snprintf(line, sizeof(line), "\nm%u %s %s %s dma 0x", i, kinds[mapping->kind],
			 dirs[mapping->dir], states[mapping->state]);
		snprintf(size, sizeof(size), " size %u ", mapping->bytes.size);
		found = strstr(text, line);
		if (!found)
			complain("mappings does not have:%s", line + 1);
		end = strstr(found, size);
		if (!end || end > strchr(found + 1, '\n'))
			complain("m%u has another size in mappings, expected%s", i, size);
	}
	/* The first line is a heading. */
	if (lines != live + 1)
		complain("mappings has %u mappings, expected %u", lines - 1, live);
}

/* Unmaps all, and checks the counters. */
static void tear_down(struct device *device)
{
	begin(device, 0);
	check_addresses();
	compare_mappings(device);
	for (unsigned int i = 0; i < SLOTS; i++)
		if (device->slots[i].mapping.state != GONE)
			simple(&device->slots[i], OP_UNMAP);
	must_count(device, "maps", device->maps);
	must_count(device, "unmaps", device->maps);
	must_count(device, "live", 0);
	must_count(device, "syncs", device->syncs);
}

static void report(unsigned int workers, unsigned int devices)
{
	struct random digest = { 0 };
	unsigned int operations = 0;

	for (unsigned int i = 0; i < OPS; i++) {
		char line[256] = "";
		int len = 0;

		for (unsigned int j = 0; j < COUNT(errors); j++) {
			operations += all->counts[i][j];
			if (all->counts[i][j])
				len += snprintf(line + len, sizeof(line) - len, " %d %s",
						all->counts[i][j], errors[j].name);
		}
		printf("# soak: %s:%s\n", ops[i], line);
	}
	for (unsigned int i = 0; i < workers * devices; i++) {
		digest.state ^= all->digests[i];
		digest.state = random_u64(&digest);
	}
	printf("# soak: seed %llu, %u workers on each of %u devices, ", seed, workers, devices);
	printf("%u operations, digest %016llx\n", operations, digest.state);
}

int main(int argc, char **argv)
{
	unsigned int devices = argc - 4, workers, operations, running;
	pid_t children[MAX_DEVICES * MAX_WORKERS] = { };
	int status, failed = 0;

	if (argc < 5 || devices > MAX_DEVICES || atoi(argv[3]) < 1 || atoi(argv[3]) > MAX_WORKERS)
		fail("usage: soak SEED OPERATIONS WORKERS DIRECTORY...");
	seed = strtoull(argv[1], NULL, 10);
	workers = atoi(argv[3]);
	operations = atoi(argv[2]) / (workers * devices);
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		fail("no memory");
	for (unsigned int i = 0; i < devices; i++)
		open_device(&all->devices[i], argv[4 + i], devices);
	for (unsigned int i = 0; i < devices; i++)
		set_up(&all->devices[i]);
	for (unsigned int i = 0; i < workers * devices && !failed; i++) {
		children[i] = fork();
		failed = children[i] < 0;
		if (!children[i]) {
			begin(&all->devices[i / workers], i);
			work(operations);
			all->digests[i] = me.digest;
			exit(0);
		}
	}
	for (running = workers * devices; running && !failed; running--)
		failed = waitpid(-1, &status, 0) < 0 || status;
	for (unsigned int i = 0; failed && i < workers * devices; i++) {
		if (children[i] > 0)
			kill(children[i], SIGKILL);
	}
	if (failed)
		return 1;
	for (unsigned int i = 0; i < devices; i++)
		tear_down(&all->devices[i]);
	report(workers, devices);
	return 0;
}
