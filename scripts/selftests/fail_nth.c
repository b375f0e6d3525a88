// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of an operation fails, one after the other, by the kernel's fault injection
 * (/proc/self/fail-nth): the first, then the second, until there is none left that could fail.
 *
 *   fail_nth DEVICE CONTROL map         a mapping of each kind, direction and size is made
 *   fail_nth DEVICE CONTROL tight       a mapping of each kind is made, where no address is ready
 *   fail_nth DEVICE CONTROL turns       what is done with a mapping that is there
 *   fail_nth DEVICE CONTROL lifecycles  each lifecycle that the file CONTROL/run lists
 *   fail_nth DEVICE CONTROL words       mappings with a name, by CONTROL/run
 *   fail_nth DEVICE CONTROL files       the files of CONTROL are read
 *   fail_nth DEVICE CONTROL open        DEVICE and the files of CONTROL are opened, and mapped
 *   fail_nth DEVICE CONTROL bind PCI DRIVER   DRIVER, in sysfs, is bound to the device PCI
 *
 * An operation that fails says ENOMEM, and changes nothing: what is mapped, what the driver
 * counts, what the DMA debugger knows. It may also succeed all the same, where the kernel can do
 * without that memory, and has done then what it is for. Of each operation it says how often
 * either was seen.
 *
 * Which allocations may fail is in /sys/kernel/debug/fail*: see faults.sh.
 *
 * Exits with 0 if all was as it must be; says on stderr what was not.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "request.h"

#define PAGE		4096
#define NAME		"nth"
#define PATTERN		17
/* What an entry of the last level but one of an IOMMU's page table is for. */
#define BLOCK		(2 << 20)
#define DEBUGGER	"/sys/kernel/debug/dma-api/"
/* More allocations than any operation has. */
#define MOST		5000

static const char *device;
static const char *control;
static int fail_nth;
/* There are no files of the device. */
static int unbound;
static unsigned int operations, all_failures, all_absorbed;

static void fail(const char *what)
{
	fprintf(stderr, "fail_nth: %s (errno %d)\n", what, errno);
	exit(1);
}

static int open_file(const char *name, int mode)
{
	int fd = open(name, mode);

	if (fd < 0)
		fail(name);
	return fd;
}

/* A file of the control directory. */
static const char *file(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", control, name);
	return path;
}

/* All of it, with a NUL. */
static size_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, text + len, size - 1 - len);
		if (got < 0)
			fail("a file cannot be read");
		len += got;
	} while (got && len < size - 1);
	text[len] = '\0';
	return len;
}

static void read_file(const char *name, char *text, size_t size)
{
	int fd = open_file(name, O_RDONLY);

	read_all(fd, text, size);
	close(fd);
}

/* What the driver counts: how many are mapped, and what it has done. */
static const char *const keys[] = { "live ", "maps ", "syncs ", "transfers ", "bytes " };

struct counters {
	unsigned long of[COUNT(keys)];
};

static void take_counters(struct counters *counters)
{
	char text[1024], *found;

	memset(counters, 0, sizeof(*counters));
	if (unbound)
		return;
	read_file(file("stats"), text, sizeof(text));
	for (int i = 0; i < COUNT(keys); i++) {
		found = strstr(text, keys[i]);
		/* Not as the end of another. */
		while (found && found > text && found[-1] != '\n')
			found = strstr(found + 1, keys[i]);
		if (!found)
			fail(keys[i]);
		counters->of[i] = strtoul(found + strlen(keys[i]), NULL, 10);
	}
}

/* What was done since then. */
static struct counters done_since(const struct counters *before)
{
	struct counters done;

	take_counters(&done);
	for (int i = 0; i < COUNT(keys); i++)
		done.of[i] -= before->of[i];
	return done;
}

/* What must be the same after a failure. */
struct state {
	char mappings[16384];
	/* Of the DMA debugger: what it has not in use for mappings, and what it has found. */
	char free[32];
	char errors[32];
};

static void take_state(struct state *state)
{
	memset(state, 0, sizeof(*state));
	if (!unbound)
		read_file(file("mappings"), state->mappings, sizeof(state->mappings));
	read_file(DEBUGGER "num_free_entries", state->free, sizeof(state->free));
	read_file(DEBUGGER "error_count", state->errors, sizeof(state->errors));
}

struct step {
	/* Before each time, if there is something to be done. */
	void (*prepare)(const struct step *step);
	/* Does it, and returns errno, or 0. */
	int (*try)(const struct step *step);
	/* When it was done: looks whether it was, and undoes it. */
	void (*undo)(const struct step *step);
	/* Looks at what is said of that. */
	void (*said)(const struct step *step, int error);
	int fd;
	struct safe_dma_request request, back;
	const char *words, *words_back;
	/* What the kernel also says of memory that it does not have. */
	int others[3];
	/* How many allocations are made in a row by which it is enough that one fails. */
	unsigned int stride;
};

static void must_be_same(const struct state *before, const char *what, unsigned int nth, int error)
{
	static struct state after;
	const char *changed = NULL;

	take_state(&after);
	if (strcmp(before->errors, after.errors))
		changed = "the DMA debugger has found an error";
	else if (strcmp(before->mappings, after.mappings))
		changed = "what is mapped has changed";
	else if (strcmp(before->free, after.free))
		changed = "the DMA debugger knows of more mappings, or fewer";
	if (!changed)
		return;
	fprintf(stderr, "fail_nth: %s: allocation %u failed, errno %d: %s\n%s%s", what, nth, error,
		changed, before->mappings, after.mappings);
	exit(1);
}

/* How many allocations there are left until one fails: none, if it has failed. */
static unsigned int try_without(const struct step *step, unsigned int nth, int *error)
{
	char text[16] = "";
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (write(fail_nth, text, len) != len)
		fail("no allocation can be made to fail");
	*error = step->try(step);
	/* What is read does not depend on where the file has been read before. */
	memset(text, 0, sizeof(text));
	if (syscall(__NR_pread64, fail_nth, text, sizeof(text) - 1, 0) <= 0 ||
	    write(fail_nth, "0", 1) != 1)
		fail("it is not known whether an allocation has failed");
	return strtoul(text, NULL, 10);
}

static int is_allowed(const struct step *step, int error)
{
	for (int i = 0; i < COUNT(step->others); i++)
		if (error == step->others[i])
			return 1;
	return error == ENOMEM;
}

/* How many allocations it makes, when none fails. */
static unsigned int count_allocations(const struct step *step)
{
	unsigned int left;
	int error;

	left = try_without(step, MOST, &error);
	if (error || !left)
		fail("it fails without a failure, or there is no end of allocations");
	step->undo(step);
	return MOST - left;
}

/* Lets each allocation of a step fail, until it is done without any that has. */
static void sweep(const struct step *step, const char *what)
{
	static struct state before;
	struct counters start, done, first = { };
	unsigned int nth = 1, last = 0, failures = 0, absorbed = 0, succeeded = 0;
	int error, failed = 1;

	/* What comes after pieces of the same kind is looked at one by one. */
	if (step->stride)
		last = count_allocations(step) - step->stride;
	take_state(&before);
	while (failed) {
		if (step->prepare)
			step->prepare(step);
		take_counters(&start);
		failed = !try_without(step, nth, &error);
		if (error && (!failed || !is_allowed(step, error))) {
			fprintf(stderr, "fail_nth: %s: errno %d, when allocation %u %s\n", what,
				error, nth, failed ? "failed" : "was not made");
			exit(1);
		}
		if (step->said)
			step->said(step, error);
		if (!error && step->undo)
			step->undo(step);
		failures += failed;
		absorbed += failed && !error;
		must_be_same(&before, what, nth, error);
		done = done_since(&start);
		if (step->undo && done.of[0])
			fail("more is counted as mapped, or less");
		/* Whoever succeeds has done the same as all who do. */
		if (!error && !succeeded++)
			first = done;
		if (!error && memcmp(&first, &done, sizeof(done)))
			fail("not all was done");
		nth += nth < last ? step->stride : 1;
		if (nth > MOST)
			fail("there is no end of allocations");
	}
	printf("# %s: %u failures, %u of them without consequence\n", what, failures, absorbed);
	operations++;
	all_failures += failures;
	all_absorbed += absorbed;
}

static void must(int fd, struct safe_dma_request request, const char *what)
{
	if (run(fd, &request))
		fail(what);
}

static int try_request(const struct step *step)
{
	struct safe_dma_request request = step->request;
	int error = run(step->fd, &request);

	if (!error && request.op == SAFE_DMA_OP_MAP && !request.dma_address)
		fail("it is mapped, and has no DMA address");
	return error;
}

static void undo_request(const struct step *step)
{
	must(step->fd, step->back, "what was done cannot be undone");
}

/* It is there, with its bytes, and it is not when it was unmapped. */
static void undo_map(const struct step *step)
{
	const struct safe_dma_request *map = &step->request;
	struct safe_dma_request check = request(SAFE_DMA_OP_CHECK, map->name);
	static struct state state;

	take_state(&state);
	if (!strstr(state.mappings, "\n" NAME " "))
		fail("it is mapped, and has no name");
	if (map->pattern && has_access(map->kind)) {
		check.pattern = map->pattern;
		if (has_turns(map->kind))
			must(step->fd, request(SAFE_DMA_OP_SYNC_FOR_CPU, map->name),
			     "what was mapped cannot be synced");
		must(step->fd, given(check, 0), "what was mapped has other bytes");
	}
	must(step->fd, request(SAFE_DMA_OP_UNMAP, map->name), "what was mapped cannot be unmapped");
}

static const char *const kind_names[] = {
	"single", "page", "sg", "iova", "coherent", "noncoherent", "noncontiguous", "pool",
	"resource"
};

static const char *const dir_names[] = { "bidirectional", "to_device", "from_device" };

struct shape {
	unsigned int kind;
	unsigned int size;
	unsigned int offset;
	/* Of many pieces: one direction will do. */
	unsigned int stride;
};

/*
 * Lists of one piece and of several, and tables of one page and of more. What is as large as a
 * block of the IOMMU, 2 MiB, takes the last level of its page table with it when it is unmapped,
 * so that the next one has to allocate it again.
 */
static const struct shape shapes[] = {
	{ SAFE_DMA_KIND_SINGLE, 100 },
	{ SAFE_DMA_KIND_SINGLE, PAGE },
	{ SAFE_DMA_KIND_SINGLE, 70000 },
	{ SAFE_DMA_KIND_SINGLE, 5000, 100 },
	{ SAFE_DMA_KIND_PAGE, PAGE },
	{ SAFE_DMA_KIND_PAGE, 70000 },
	{ SAFE_DMA_KIND_SG, PAGE },
	{ SAFE_DMA_KIND_SG, BLOCK, 0, 32 },
	{ SAFE_DMA_KIND_SG, 100000, 100 },
	{ SAFE_DMA_KIND_IOVA, PAGE },
	{ SAFE_DMA_KIND_IOVA, BLOCK, 0, 32 },
	{ SAFE_DMA_KIND_IOVA, 100000 },
	{ SAFE_DMA_KIND_COHERENT, PAGE },
	{ SAFE_DMA_KIND_COHERENT, 100000 },
	{ SAFE_DMA_KIND_NONCOHERENT, PAGE },
	{ SAFE_DMA_KIND_NONCOHERENT, 70000 },
	{ SAFE_DMA_KIND_NONCONTIGUOUS, PAGE },
	{ SAFE_DMA_KIND_NONCONTIGUOUS, 60000 },
	{ SAFE_DMA_KIND_POOL, 64 },
	{ SAFE_DMA_KIND_POOL, PAGE },
	{ SAFE_DMA_KIND_RESOURCE },
};

/* An IOVA range needs an IOMMU, and registers what nobody bounces. */
static int can_be(int fd, unsigned int kind)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, NAME);
	int error;

	map.kind = kind;
	map = given(map, 0);
	error = run(fd, &map);
	if (!error)
		must(fd, request(SAFE_DMA_OP_UNMAP, NAME), "what can be mapped cannot be unmapped");
	else if (kind != SAFE_DMA_KIND_IOVA && kind != SAFE_DMA_KIND_RESOURCE)
		fail("a kind cannot be mapped");
	return !error;
}

static void map_in(int fd, const struct shape *shape, unsigned int dir, unsigned int pattern,
		   void (*prepare)(const struct step *step))
{
	struct step step = {
		.prepare = prepare,
		.try = try_request,
		.undo = undo_map,
		.fd = fd,
		.stride = shape->stride,
	};
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, NAME);
	char what[96];

	map.kind = shape->kind;
	map.dir = dir;
	map.size = shape->size;
	map.offset = shape->offset;
	map.pattern = pattern;
	step.request = given(map, 0);
	snprintf(what, sizeof(what), "map %s %s size %u%s%s%s", kind_names[shape->kind],
		 dir_names[dir], shape->size, shape->offset ? " in the page" : "",
		 pattern ? " pattern" : "", prepare ? " tight" : "");
	sweep(&step, what);
}

/* Whether it is the last one of its kind. */
static int is_last(int number)
{
	return number + 1 == COUNT(shapes) || shapes[number + 1].kind != shapes[number].kind;
}

/* Each shape; each direction of those that are the last of their kind, and with bytes. */
static void map(void)
{
	int fd = open_file(device, O_RDWR);

	for (int i = 0; i < COUNT(shapes); i++) {
		const struct shape *shape = shapes + i;

		if (!can_be(fd, shape->kind))
			continue;
		map_in(fd, shape, SAFE_DMA_BIDIRECTIONAL, 0, NULL);
		if (!is_last(i))
			continue;
		if (shape->kind != SAFE_DMA_KIND_RESOURCE)
			map_in(fd, shape, SAFE_DMA_BIDIRECTIONAL, PATTERN, NULL);
		if (is_shared(shape->kind))
			continue;
		map_in(fd, shape, SAFE_DMA_TO_DEVICE, 0, NULL);
		map_in(fd, shape, SAFE_DMA_FROM_DEVICE, 0, NULL);
	}
	close(fd);
}

/* Who has all addresses but a block. */
static int ballast;

static int map_ballast(const char *name, unsigned int size)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, name);

	map.kind = SAFE_DMA_KIND_PAGE;
	map.size = size;
	map = given(map, 0);
	return run(ballast, &map);
}

/*
 * The block is mapped as one. Addresses that were kept ready in it, for the next who needs a few,
 * are given back for that; if one was lost it fails. And the last level of the page table goes, so
 * that the next mapping needs a new one.
 */
static void prepare_block(const struct step *step)
{
	if (map_ballast("block", BLOCK))
		fail("an address is lost");
	must(ballast, request(SAFE_DMA_OP_UNMAP, "block"), "the block cannot be unmapped");
}

static void tight(void)
{
	int fd = open_file(device, O_RDWR), number = 0;
	char name[SAFE_DMA_NAME_LEN];

	ballast = open_file(device, O_RDWR);
	for (unsigned int size = BLOCK; size >= PAGE; size /= 2) {
		int error;

		do {
			snprintf(name, sizeof(name), "ballast-%d", number++);
			error = map_ballast(name, size);
		} while (!error);
		if (error != ENOMEM)
			fail("addresses are refused for another reason");
	}
	must(ballast, request(SAFE_DMA_OP_UNMAP, "ballast-0"), "there is no block of addresses");

	for (int i = 0; i < COUNT(shapes); i++) {
		unsigned int kind = shapes[i].kind;

		if (!is_last(i) || !can_be(fd, kind))
			continue;
		map_in(fd, shapes + i, SAFE_DMA_BIDIRECTIONAL, 0, prepare_block);
		if (kind == SAFE_DMA_KIND_RESOURCE)
			continue;
		map_in(fd, shapes + i, SAFE_DMA_BIDIRECTIONAL, PATTERN, prepare_block);
		if (!is_shared(kind))
			map_in(fd, shapes + i, SAFE_DMA_FROM_DEVICE, 0, prepare_block);
	}
	close(ballast);
	close(fd);
}

/* The mapping that the operations are tried on. */
static struct safe_dma_request mapped(unsigned int kind)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, NAME);

	map.kind = kind;
	map.pattern = kind == SAFE_DMA_KIND_RESOURCE ? 0 : PATTERN;
	map.size = kind == SAFE_DMA_KIND_SG ? 20000 : 0;
	return given(map, 0);
}

static struct safe_dma_request with_defaults(unsigned int op, unsigned int to)
{
	struct safe_dma_request one = request(op, NAME);

	if (op == SAFE_DMA_OP_FILL || op == SAFE_DMA_OP_CHECK) {
		one.pattern = PATTERN;
		one = given(one, 0);
	} else if (op == SAFE_DMA_OP_TRANSFER || op == SAFE_DMA_OP_START) {
		one.to = to;
		one = given(one, SAFE_DMA_HAS_TO);
	}
	return one;
}

static const char *const op_names[] = {
	"map", "unmap", "sync_for_cpu", "sync_for_device", "fill", "check", "transfer", "start",
	"wait", "abort"
};

/* What leaves the mapping as it was, or else has a way back; it is done when this is over. */
static void turn(int fd, unsigned int kind, unsigned int op, unsigned int back, unsigned int to)
{
	struct step step = {
		.try = try_request,
		.undo = op == back ? NULL : undo_request,
		.fd = fd,
		.request = with_defaults(op, to),
		.back = with_defaults(back, to),
	};
	char what[96];

	snprintf(what, sizeof(what), "%s %s%s", op_names[op], kind_names[kind],
		 to ? " to memory" : "");
	sweep(&step, what);
	if (step.undo)
		must(fd, step.request, "what was done once cannot be done again");
}

static void prepare_back(const struct step *step)
{
	must(step->fd, step->back, "what is to be undone cannot be done");
}

static void unmapped(int fd, unsigned int kind)
{
	struct step step = {
		.prepare = prepare_back,
		.try = try_request,
		.fd = fd,
		.request = request(SAFE_DMA_OP_UNMAP, NAME),
		.back = mapped(kind),
	};
	char what[96];

	snprintf(what, sizeof(what), "unmap %s", kind_names[kind]);
	sweep(&step, what);
}

static void turns_of(int fd, unsigned int kind)
{
	const unsigned int to_device = SAFE_DMA_TRANSFER_TO_DEVICE;
	const unsigned int to_memory = SAFE_DMA_TRANSFER_TO_MEMORY;

	must(fd, mapped(kind), "it cannot be mapped");
	turn(fd, kind, SAFE_DMA_OP_TRANSFER, SAFE_DMA_OP_TRANSFER, to_device);
	turn(fd, kind, SAFE_DMA_OP_TRANSFER, SAFE_DMA_OP_TRANSFER, to_memory);
	turn(fd, kind, SAFE_DMA_OP_START, SAFE_DMA_OP_WAIT, to_device);
	turn(fd, kind, SAFE_DMA_OP_WAIT, SAFE_DMA_OP_START, to_device);
	turn(fd, kind, SAFE_DMA_OP_START, SAFE_DMA_OP_ABORT, to_memory);
	turn(fd, kind, SAFE_DMA_OP_ABORT, SAFE_DMA_OP_START, to_device);
	if (has_turns(kind))
		turn(fd, kind, SAFE_DMA_OP_SYNC_FOR_CPU, SAFE_DMA_OP_SYNC_FOR_DEVICE, 0);
	if (has_access(kind)) {
		turn(fd, kind, SAFE_DMA_OP_FILL, SAFE_DMA_OP_FILL, 0);
		turn(fd, kind, SAFE_DMA_OP_CHECK, SAFE_DMA_OP_CHECK, 0);
	}
	if (has_turns(kind))
		turn(fd, kind, SAFE_DMA_OP_SYNC_FOR_DEVICE, SAFE_DMA_OP_SYNC_FOR_CPU, 0);
	must(fd, request(SAFE_DMA_OP_UNMAP, NAME), "it cannot be unmapped");
}

static void turns(void)
{
	int fd = open_file(device, O_RDWR);

	for (unsigned int kind = 0; kind < COUNT(kind_names); kind++) {
		if (!can_be(fd, kind))
			continue;
		if (kind != SAFE_DMA_KIND_RESOURCE)
			turns_of(fd, kind);
		unmapped(fd, kind);
	}
	/* A transfer that cannot start, or memory that cannot be taken back, would be of no use. */
	if (all_failures != all_absorbed)
		fail("an operation on a mapping that is there needs memory");
	close(fd);
}

static int try_words(const struct step *step)
{
	ssize_t len = strlen(step->words);

	return write(step->fd, step->words, len) == len ? 0 : errno;
}

/* What came of the words; without memory for it there is no text. */
static void said_of_words(const struct step *step, int error)
{
	const char *expected = error ? "TAP version 14\n1..1\nnot ok 1 op=" :
				       "TAP version 14\n1..1\nok 1 op=";
	char text[512];

	read_file(file("result"), text, sizeof(text));
	if (text[0] && strncmp(text, expected, strlen(expected)))
		fail("what is said of the words is not what came of them");
}

static void write_words(int fd, const char *words)
{
	ssize_t len = strlen(words);

	if (write(fd, words, len) != len)
		fail(words);
}

static void undo_words(const struct step *step)
{
	write_words(step->fd, step->words_back);
}

static void by_words(int fd, const char *words, const char *back)
{
	struct step step = {
		.try = try_words,
		.undo = back ? undo_words : NULL,
		.said = said_of_words,
		.fd = fd,
		.words = words,
		.words_back = back,
	};

	sweep(&step, words);
}

/* As they are, and with bytes that go through the device where there are some. */
static void lifecycles(void)
{
	int fd = open_file(file("run"), O_RDWR);
	char text[8192], words[64];

	read_file(file("run"), text, sizeof(text));
	for (char *line = text, *end; line; line = end) {
		int len = 0, takes;

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (strstr(line, "that has a name"))
			break;
		if (strncmp(line, "op=", 3))
			continue;
		while (line[len] > ' ')
			len++;
		takes = strstr(line, "[pattern]") && strstr(line, "[size]");
		line[len] = '\0';
		by_words(fd, line, NULL);
		if (takes) {
			/* Several pieces, but the objects of a pool are no larger than a page. */
			snprintf(words, sizeof(words), "%s size=%u pattern=%u", line,
				 strcmp(line, "op=pool") ? 20000 : PAGE, PATTERN);
			by_words(fd, words, NULL);
		}
	}
	close(fd);
}

/* Of each kind; the operations themselves are those of the device file. */
static void named(void)
{
	int fd = open_file(file("run"), O_RDWR);
	int probe = open_file(device, O_RDWR);
	char words[96];

	for (unsigned int kind = 0; kind < COUNT(kind_names); kind++) {
		if (!can_be(probe, kind))
			continue;
		snprintf(words, sizeof(words), "op=map name=" NAME " kind=%s%s", kind_names[kind],
			 kind == SAFE_DMA_KIND_RESOURCE ? "" : " pattern=17");
		by_words(fd, words, "op=unmap name=" NAME);
	}
	write_words(fd, "op=map name=" NAME);
	by_words(fd, "op=transfer name=" NAME " to=device", NULL);
	by_words(fd, "op=sync_for_cpu name=" NAME, "op=sync_for_device name=" NAME);
	by_words(fd, "op=start name=" NAME " to=memory", "op=abort name=" NAME);
	write_words(fd, "op=unmap name=" NAME);
	close(probe);
	close(fd);
}

static char expected_text[32768];

/* From its start, whatever was read before. */
static int try_read(const struct step *step)
{
	static char text[sizeof(expected_text)];
	ssize_t len = syscall(__NR_pread64, step->fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		return errno;
	text[len] = '\0';
	if (strcmp(text, expected_text)) {
		errno = 0;
		fail("a file was read, and not all that is in it");
	}
	return 0;
}

/* With so many mappings that the text must grow several times. */
static void files(void)
{
	static const char *const names[] = { "run", "result", "mappings", "stats" };
	int mappings = open_file(device, O_RDWR);
	char name[SAFE_DMA_NAME_LEN];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		must(mappings, request(SAFE_DMA_OP_MAP, name), "it cannot be mapped");
	}
	for (int i = 0; i < COUNT(names); i++) {
		struct step step = { .try = try_read, .fd = open_file(file(names[i]), O_RDONLY) };
		char what[64];

		read_all(step.fd, expected_text, sizeof(expected_text));
		snprintf(what, sizeof(what), "read %s", names[i]);
		sweep(&step, what);
		close(step.fd);
	}
	close(mappings);
}

static int opened;

static int try_open(const struct step *step)
{
	opened = open(step->words, O_RDWR);
	return opened < 0 ? errno : 0;
}

static void undo_open(const struct step *step)
{
	if (close(opened))
		fail("it cannot be closed");
}

static void *pages;

static int try_mmap(const struct step *step)
{
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, step->fd, 0);
	return pages == MAP_FAILED ? errno : 0;
}

/* The device has it, too: one page goes to its buffer, and comes back into the other. */
static void undo_mmap(const struct step *step)
{
	unsigned char *bytes = pages;

	bytes[0]++;
	if (ioctl(step->fd, SAFE_DMA_IOC_READ_PAGE, 0) ||
	    ioctl(step->fd, SAFE_DMA_IOC_WRITE_PAGE, 1) || bytes[0] != bytes[PAGE])
		fail("what was mapped is not the memory of the device");
	if (munmap(pages, 2 * PAGE))
		fail("it cannot be unmapped");
}

static int try_move_page(const struct step *step)
{
	return ioctl(step->fd, SAFE_DMA_IOC_READ_PAGE, 0) ? errno : 0;
}

static void open_and_map(void)
{
	static const char *const names[] = { "run", "result", "mappings", "stats" };
	struct step step = { .try = try_open, .undo = undo_open };
	char what[64];

	step.words = device;
	sweep(&step, "open the device file");
	for (int i = 0; i < COUNT(names); i++) {
		step.words = file(names[i]);
		snprintf(what, sizeof(what), "open %s", names[i]);
		sweep(&step, what);
	}

	step.fd = open_file(device, O_RDWR);
	step.try = try_mmap;
	step.undo = undo_mmap;
	/* Of a table of the process's addresses: insert_pages() in mm/memory.c. */
	step.others[0] = EFAULT;
	sweep(&step, "mmap the device's pages");
	step.try = try_move_page;
	step.undo = NULL;
	step.others[0] = 0;
	sweep(&step, "move a page to the device");
	close(step.fd);
}

/* Each of what is there when the driver is bound. */
static int is_bound(const struct step *step)
{
	const char *const names[] = { step->words_back, device, file("run") };
	int found = 0;

	for (int i = 0; i < COUNT(names); i++) {
		int fd = open(names[i], O_RDONLY);

		if (fd < 0)
			continue;
		close(fd);
		found |= 1 << i;
	}
	return found;
}

static int try_bind(const struct step *step)
{
	ssize_t len = strlen(step->words);

	return write(step->fd, step->words, len) == len ? 0 : errno;
}

/* Debugfs does not say that a file of it could not be made, and the driver does without. */
static void said_of_bind(const struct step *step, int error)
{
	int bound = is_bound(step);

	if (error ? bound : (bound & 3) != 3)
		fail("the driver is bound in part");
}

static void undo_bind(const struct step *step)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/driver/unbind", step->words_back);
	fd = open_file(path, O_WRONLY);
	if (write(fd, step->words, strlen(step->words)) < 0)
		fail("the driver cannot be unbound");
	close(fd);
}

static void bound(const char *pci, const char *driver)
{
	char path[128], address[128];
	struct step step = {
		.try = try_bind,
		.undo = undo_bind,
		.said = said_of_bind,
		/* Of registers, and of interrupts, which cannot be had for whatever reason. */
		.others = { EBUSY, ENODEV, ENOSPC },
		.words = pci,
	};

	unbound = 1;
	snprintf(path, sizeof(path), "%s/bind", driver);
	step.fd = open_file(path, O_WRONLY);
	snprintf(address, sizeof(address), "%s/%s", driver, pci);
	step.words_back = address;
	sweep(&step, "bind");
	close(step.fd);
}

int main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[3] : "";

	if (argc < 4)
		fail("usage: see the beginning of fail_nth.c");
	device = argv[1];
	control = argv[2];
	fail_nth = open_file("/proc/self/fail-nth", O_RDWR);
	if (!strcmp(what, "map"))
		map();
	else if (!strcmp(what, "tight"))
		tight();
	else if (!strcmp(what, "turns"))
		turns();
	else if (!strcmp(what, "lifecycles"))
		lifecycles();
	else if (!strcmp(what, "words"))
		named();
	else if (!strcmp(what, "files"))
		files();
	else if (!strcmp(what, "open"))
		open_and_map();
	else if (!strcmp(what, "bind") && argc == 6)
		bound(argv[4], argv[5]);
	else
		fail("usage: see the beginning of fail_nth.c");
	printf("# %s: %u operations, %u failures, %u of them without consequence\n", what,
	       operations, all_failures, all_absorbed);
	return 0;
}
