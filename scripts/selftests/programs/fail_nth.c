// SPDX-License-Identifier: GPL-2.0
/*
 * Fails each allocation of an operation in turn, with the kernel's fault injection
 * (/proc/self/fail-nth), until the operation runs without a failure.
 *
 *   fail_nth DEVICE DIRECTORY map         maps each kind, direction and size
 *   fail_nth DEVICE DIRECTORY tight       maps each kind where no free address is cached
 *   fail_nth DEVICE DIRECTORY use         runs the operations on a mapping
 *   fail_nth DEVICE DIRECTORY lifecycles  runs each lifecycle that `run` lists
 *   fail_nth DEVICE DIRECTORY files       reads the files of DIRECTORY
 *   fail_nth DEVICE DIRECTORY open        opens and maps DEVICE, and opens the files of DIRECTORY
 *   fail_nth DEVICE DIRECTORY bind PCI DRIVER   binds DRIVER, in sysfs, to the device PCI
 *
 * DEVICE is a file that exists while the driver is bound, and DIRECTORY the directory of that
 * device in debugfs.
 *
 * An operation whose allocation fails must return ENOMEM, and change neither the mappings, nor the
 * counters of the driver, nor those of the DMA debugger. If the kernel tolerates the failure, the
 * operation must succeed in full. Prints the numbers of failures and of tolerated failures.
 *
 * /sys/kernel/debug/fail* select the allocations that may fail: see faults.sh.
 *
 * Exits with 0 on success.
 */

#define PROGRAM "fail_nth"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "request.h"

#define NAME		"nth"
/* The size of a block in the IOMMU's page table. */
#define BLOCK		(2 << 20)
#define DEBUGGER	"/sys/kernel/debug/dma-api/"
/* More allocations than any operation makes. */
#define MOST		5000

static const char *device;
static const char *directory;
static int fail_nth;
static int run_fd;
/* Whether the driver is unbound: the files of the device do not exist. */
static int unbound;
static unsigned int operations, all_failures, all_absorbed;

static void read_file(const char *name, char *text, size_t size)
{
	int fd = open_file(name, O_RDONLY);

	read_all(fd, text, size);
	close(fd);
}

/* The driver's counters: the number of mappings, and of operations. */
static const char *const counted[] = { "live", "maps", "syncs", "transfers", "bytes" };

struct counters {
	unsigned long of[COUNT(counted)];
};

static void take_counters(struct counters *counters)
{
	char text[1024];

	memset(counters, 0, sizeof(*counters));
	if (unbound)
		return;
	read_control(directory, "stats", text, sizeof(text));
	for (int i = 0; i < COUNT(counted); i++)
		counters->of[i] = counter(text, counted[i]);
}

/* Returns by how much the counters have grown. */
static struct counters done_since(const struct counters *before)
{
	struct counters done;

	take_counters(&done);
	for (int i = 0; i < COUNT(counted); i++)
		done.of[i] -= before->of[i];
	return done;
}

/* The state that must be the same after a failure. */
struct state {
	char mappings[16384];
	/* Of the DMA debugger: its unused entries, and its errors. */
	char free[32];
	char errors[32];
};

static void take_state(struct state *state)
{
	memset(state, 0, sizeof(*state));
	if (!unbound)
		read_control(directory, "mappings", state->mappings, sizeof(state->mappings));
	read_file(DEBUGGER "num_free_entries", state->free, sizeof(state->free));
	read_file(DEBUGGER "error_count", state->errors, sizeof(state->errors));
}

struct step {
	/* Called before each attempt. */
	void (*prepare)(const struct step *step);
	/* Runs the operation. Returns 0 or an error. */
	int (*try)(const struct step *step);
	/* Called after a success: checks the effect, and undoes it. */
	void (*undo)(const struct step *step);
	/* Called after each attempt. */
	void (*said)(const struct step *step, int error);
	int fd;
	/* The words of the operation, and the words that undo it; or a file. */
	const char *words, *back;
	/* Other permitted errors, beside ENOMEM. */
	int others[4];
	/* Only one of this number of equal allocations in a row fails. */
	unsigned int stride;
	/* The kind and pattern of a mapping. */
	unsigned int kind, pattern;
};

static void must_be_same(const struct state *before, const char *what, unsigned int nth, int error)
{
	static struct state after;
	const char *changed = NULL;

	take_state(&after);
	if (strcmp(before->errors, after.errors))
		changed = "the DMA debugger has found an error";
	else if (strcmp(before->mappings, after.mappings))
		changed = "the mappings have changed";
	else if (strcmp(before->free, after.free))
		changed = "the DMA debugger has another number of mappings";
	if (!changed)
		return;
	fprintf(stderr, "fail_nth: %s: allocation %u failed, errno %d: %s\n%s%s", what, nth, error,
		changed, before->mappings, after.mappings);
	exit(1);
}

/*
 * Runs a step in which allocation `nth` fails. Returns 0 if it has failed, otherwise how many more
 * allocations were needed.
 */
static unsigned int try_without(const struct step *step, unsigned int nth, int *error)
{
	char text[16] = "";
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (write(fail_nth, text, len) != len)
		fail("fail-nth cannot be written");
	*error = step->try(step);
	memset(text, 0, sizeof(text));
	if (syscall(__NR_pread64, fail_nth, text, sizeof(text) - 1, 0) <= 0 ||
	    write(fail_nth, "0", 1) != 1)
		fail("fail-nth cannot be read and reset");
	return strtoul(text, NULL, 10);
}

static int is_allowed(const struct step *step, int error)
{
	for (int i = 0; i < COUNT(step->others); i++)
		if (error == step->others[i])
			return 1;
	return error == ENOMEM;
}

/* Returns the number of allocations of a step. */
static unsigned int count_allocations(const struct step *step)
{
	unsigned int left;
	int error;

	left = try_without(step, MOST, &error);
	if (error || !left)
		fail("an operation fails without fault injection, or makes too many allocations");
	step->undo(step);
	return MOST - left;
}

/* Fails each allocation of a step in turn, until the step runs without a failure. */
static void sweep(const struct step *step, const char *what)
{
	static struct state before;
	struct counters start, done, first = { };
	unsigned int nth = 1, last = 0, failures = 0, absorbed = 0, succeeded = 0;
	int error, failed = 1;

	/* The last allocations, after the equal ones, fail one by one. */
	if (step->stride) {
		last = count_allocations(step);
		if (last < step->stride)
			fail("an operation makes too few allocations");
		last -= step->stride;
	}
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
			fail("the counter of mappings is wrong");
		/* Each success must have the same effect. */
		if (!error && !succeeded++)
			first = done;
		if (!error && memcmp(&first, &done, sizeof(done)))
			fail("an operation was done in part");
		nth += nth < last ? step->stride : 1;
		if (nth > MOST)
			fail("an operation makes too many allocations");
	}
	printf("# %s: %u failures, %u of them without consequence\n", what, failures, absorbed);
	operations++;
	all_failures += failures;
	all_absorbed += absorbed;
}

static void must(const char *words)
{
	errno = operate_text(run_fd, words);
	if (errno)
		fail(words);
}

static int try_words(const struct step *step)
{
	return operate_text(run_fd, step->words);
}

static void undo_words(const struct step *step)
{
	must(step->back);
}

/* Checks that `result` has the result of the words, or is empty for lack of memory. */
static void said_of_words(const struct step *step, int error)
{
	const char *expected = error ? "TAP version 14\n1..1\nnot ok 1 op=" :
				       "TAP version 14\n1..1\nok 1 op=";
	char text[512];

	read_control(directory, "result", text, sizeof(text));
	if (text[0] && strncmp(text, expected, strlen(expected)))
		fail("the file `result` has a wrong result");
}

/* Fails each allocation of an operation. `back` is NULL for words that change nothing. */
static void sweep_words(const char *words, const char *back)
{
	struct step step = {
		.try = try_words,
		.undo = back ? undo_words : NULL,
		.said = said_of_words,
		.words = words,
		.back = back,
	};

	sweep(&step, words);
}

/* Checks the mapping and its bytes, and unmaps it. */
static void undo_map(const struct step *step)
{
	static struct state state;
	char words[64];

	take_state(&state);
	if (!strstr(state.mappings, "\n" NAME " ") || strstr(state.mappings, " dma 0x0 "))
		fail("a mapping is not listed");
	if (step->pattern && has_access(step->kind)) {
		if (has_syncs(step->kind))
			must("op=sync_for_cpu name=" NAME);
		snprintf(words, sizeof(words), "op=check name=" NAME " pattern=%u", step->pattern);
		must(words);
	}
	must("op=unmap name=" NAME);
}

struct shape {
	unsigned int kind;
	unsigned int size;
	unsigned int offset;
	/* The stride of a step, for memory in many equal pieces. */
	unsigned int stride;
};

/*
 * Scatter-gather lists and page tables of different lengths. The unmap of a whole block of the
 * IOMMU, 2 MiB, frees the last level of the page table, which the next map allocates again.
 */
static const struct shape shapes[] = {
	{ KIND_SINGLE, 100 },
	{ KIND_SINGLE, PAGE },
	{ KIND_SINGLE, 70000 },
	{ KIND_SINGLE, 5000, 100 },
	{ KIND_PAGE, PAGE },
	{ KIND_PAGE, 70000 },
	{ KIND_SG, PAGE },
	{ KIND_SG, BLOCK, 0, 32 },
	{ KIND_SG, 100000, 100 },
	{ KIND_IOVA, PAGE },
	{ KIND_IOVA, BLOCK, 0, 32 },
	{ KIND_IOVA, 100000 },
	{ KIND_COHERENT, PAGE },
	{ KIND_COHERENT, 100000 },
	{ KIND_NONCOHERENT, PAGE },
	{ KIND_NONCOHERENT, 70000 },
	{ KIND_NONCONTIGUOUS, PAGE },
	{ KIND_NONCONTIGUOUS, 60000 },
	{ KIND_POOL, 64 },
	{ KIND_POOL, PAGE },
	{ KIND_RESOURCE },
};

/* Returns whether a kind can be mapped: IOVA ranges need an IOMMU, registers cannot be bounced. */
static int can_be(unsigned int kind)
{
	int error = operate(run_fd, "op=map name=" NAME " kind=%s", kinds[kind]);

	if (!error)
		must("op=unmap name=" NAME);
	else if (kind != KIND_IOVA && kind != KIND_RESOURCE)
		fail("a kind cannot be mapped");
	return !error;
}

static void map_as(const struct shape *shape, unsigned int dir, unsigned int pattern,
		   void (*prepare)(const struct step *step))
{
	struct request map = {
		.op = OP_MAP,
		.name = NAME,
		.kind = shape->kind,
		.dir = dir,
		.size = shape->size,
		.offset = shape->offset,
		.pattern = pattern,
	};
	char words[MAX_TEXT];
	struct step step = {
		.prepare = prepare,
		.try = try_words,
		.undo = undo_map,
		.said = said_of_words,
		.words = words,
		.stride = shape->stride,
		.kind = shape->kind,
		.pattern = pattern,
	};

	map = given(map, 0);
	request_words(words, &map);
	sweep(&step, words);
}

/* Returns whether this is the last shape of its kind. */
static int is_last(int number)
{
	return number + 1 == COUNT(shapes) || shapes[number + 1].kind != shapes[number].kind;
}

#define PATTERN	17

/* Maps each shape, and the last shape of each kind also with a pattern and each direction. */
static void map(void)
{
	for (int i = 0; i < COUNT(shapes); i++) {
		const struct shape *shape = shapes + i;

		if (!can_be(shape->kind))
			continue;
		map_as(shape, BIDIRECTIONAL, 0, NULL);
		if (!is_last(i))
			continue;
		if (shape->kind != KIND_RESOURCE)
			map_as(shape, BIDIRECTIONAL, PATTERN, NULL);
		if (is_shared(shape->kind))
			continue;
		map_as(shape, TO_DEVICE, 0, NULL);
		map_as(shape, FROM_DEVICE, 0, NULL);
	}
}

/*
 * Maps and unmaps the only free block. This flushes cached addresses in the block, and fails if one
 * was leaked. It also frees the last level of the page table, so that the next mapping allocates
 * it.
 */
static void prepare_block(const struct step *step)
{
	if (operate(run_fd, "op=map name=block kind=page size=%u", BLOCK))
		fail("an address was leaked");
	must("op=unmap name=block");
}

static void tight(void)
{
	int number = 0;

	/* Use up all addresses, and then free one block. */
	for (unsigned int size = BLOCK; size >= PAGE; size /= 2) {
		int error;

		while (!(error = operate(run_fd, "op=map name=ballast-%d kind=page size=%u", number,
					 size)))
			number++;
		if (error != ENOMEM)
			fail("addresses are refused for another reason");
	}
	must("op=unmap name=ballast-0");

	for (int i = 0; i < COUNT(shapes); i++) {
		unsigned int kind = shapes[i].kind;

		if (!is_last(i) || !can_be(kind))
			continue;
		map_as(shapes + i, BIDIRECTIONAL, 0, prepare_block);
		if (kind == KIND_RESOURCE)
			continue;
		map_as(shapes + i, BIDIRECTIONAL, PATTERN, prepare_block);
		if (!is_shared(kind))
			map_as(shapes + i, FROM_DEVICE, 0, prepare_block);
	}
	while (--number > 0)
		if (operate(run_fd, "op=unmap name=ballast-%d", number))
			fail("unmap");
}

static void prepare_back(const struct step *step)
{
	must(step->back);
}

/* Fails each allocation of an operation that `back` undoes, and finally runs the operation. */
static void sweep_and_do(const char *words, const char *back)
{
	sweep_words(words, back);
	must(words);
}

static void use_kind(unsigned int kind)
{
	char map[96];
	struct step unmap = {
		.prepare = prepare_back,
		.try = try_words,
		.said = said_of_words,
		.words = "op=unmap name=" NAME,
		.back = map,
	};

	snprintf(map, sizeof(map), "op=map name=" NAME " kind=%s%s%s", kinds[kind],
		 kind == KIND_RESOURCE ? "" : " pattern=17",
		 kind == KIND_SG ? " size=20000" : "");
	printf("# of %s:\n", kinds[kind]);
	if (kind != KIND_RESOURCE) {
		must(map);
		sweep_words("op=transfer name=" NAME " to=device", NULL);
		sweep_words("op=transfer name=" NAME " to=memory", NULL);
		sweep_and_do("op=start name=" NAME " to=device", "op=wait name=" NAME);
		sweep_and_do("op=wait name=" NAME, "op=start name=" NAME " to=device");
		sweep_and_do("op=start name=" NAME " to=memory", "op=abort name=" NAME);
		sweep_and_do("op=abort name=" NAME, "op=start name=" NAME " to=device");
		if (has_syncs(kind))
			sweep_and_do("op=sync_for_cpu name=" NAME, "op=sync_for_device name=" NAME);
		if (has_access(kind)) {
			sweep_words("op=fill name=" NAME " pattern=17", NULL);
			sweep_words("op=check name=" NAME " pattern=17", NULL);
		}
		if (has_syncs(kind))
			sweep_and_do("op=sync_for_device name=" NAME, "op=sync_for_cpu name=" NAME);
		must("op=unmap name=" NAME);
	}
	sweep(&unmap, unmap.words);
}

static void use(void)
{
	for (unsigned int kind = 0; kind < KINDS; kind++)
		if (can_be(kind))
			use_kind(kind);
	/* These operations must not need memory: an unmap, for example, must not fail. */
	if (all_failures != all_absorbed)
		fail("an operation on a mapping needs memory");
}

/* Runs each lifecycle without parameters, and with a transfer of bytes. */
static void lifecycles(void)
{
	char text[8192], words[64];

	read_control(directory, "run", text, sizeof(text));
	for (char *line = text, *end; line; line = end) {
		int len = 0, takes;

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (strstr(line, "on a named mapping"))
			break;
		if (strncmp(line, "op=", 3))
			continue;
		while (line[len] > ' ')
			len++;
		takes = strstr(line, "[pattern]") && strstr(line, "[size]");
		line[len] = '\0';
		sweep_words(line, NULL);
		if (takes) {
			/* In several pieces; an object of a pool is at most a page. */
			snprintf(words, sizeof(words), "%s size=%u pattern=17", line,
				 strcmp(line, "op=pool") ? 20000 : PAGE);
			sweep_words(words, NULL);
		}
	}
}

static char expected_text[32768];

/* Reads the file from its start. */
static int try_read(const struct step *step)
{
	static char text[sizeof(expected_text)];
	ssize_t len = syscall(__NR_pread64, step->fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		return errno;
	text[len] = '\0';
	if (strcmp(text, expected_text)) {
		errno = 0;
		fail("a file was read in part");
	}
	return 0;
}

static const char *const names[] = { "run", "result", "mappings", "stats" };

/* Reads the files, with so many mappings that the text grows several times. */
static void files(void)
{
	for (int i = 0; i < 100; i++)
		if (operate(run_fd, "op=map name=name-%d", i))
			fail("map");
	for (int i = 0; i < COUNT(names); i++) {
		struct step step = { .try = try_read };
		char what[64];

		step.fd = open_control(directory, names[i], O_RDONLY);
		read_all(step.fd, expected_text, sizeof(expected_text));
		snprintf(what, sizeof(what), "read %s", names[i]);
		sweep(&step, what);
		close(step.fd);
	}
	for (int i = 0; i < 100; i++)
		if (operate(run_fd, "op=unmap name=name-%d", i))
			fail("unmap");
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
		fail("a file cannot be closed");
}

static void *pages;

static int try_mmap(const struct step *step)
{
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, step->fd, 0);
	return pages == MAP_FAILED ? errno : 0;
}

/* Transfers one page to the device, and from there to the other page, to check the area. */
static void undo_mmap(const struct step *step)
{
	unsigned char *bytes = pages;

	bytes[0]++;
	must("op=transfer_page page=0 to=device");
	must("op=transfer_page page=1 to=memory");
	if (bytes[0] != bytes[PAGE])
		fail("the area is not the memory of the device");
	if (munmap(pages, 2 * PAGE))
		fail("the area cannot be unmapped");
}

static void open_and_map(void)
{
	struct step step = { .try = try_open, .undo = undo_open };
	char path[128], what[64];

	step.words = device;
	sweep(&step, "open the device file");
	step.words = path;
	for (int i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		snprintf(what, sizeof(what), "open %s", names[i]);
		sweep(&step, what);
	}

	step.fd = open_file(device, O_RDWR);
	step.try = try_mmap;
	step.undo = undo_mmap;
	/* For a page table of the process, see insert_pages() in mm/memory.c. */
	step.others[0] = EFAULT;
	sweep(&step, "mmap the device's pages");
	close(step.fd);
	sweep_words("op=transfer_page page=0 to=device", NULL);
}

/* Returns a set of the files of a bound driver that exist. */
static int is_bound(const struct step *step)
{
	char run[128];
	const char *const paths[] = { step->back, device, run };
	int found = 0;

	snprintf(run, sizeof(run), "%s/run", directory);
	for (int i = 0; i < COUNT(paths); i++) {
		int fd = open(paths[i], O_RDONLY);

		if (fd < 0)
			continue;
		close(fd);
		found |= 1 << i;
	}
	return found;
}

static int try_bind(const struct step *step)
{
	return operate_text(step->fd, step->words);
}

/* Checks that no file exists after an error. The driver ignores errors of files in debugfs. */
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

	snprintf(path, sizeof(path), "%s/driver/unbind", step->back);
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
		/* For registers and interrupts the kernel replaces ENOMEM. */
		.others = { EBUSY, EINVAL, ENODEV, ENOSPC },
		.words = pci,
	};

	unbound = 1;
	snprintf(path, sizeof(path), "%s/bind", driver);
	step.fd = open_file(path, O_WRONLY);
	snprintf(address, sizeof(address), "%s/%s", driver, pci);
	step.back = address;
	sweep(&step, "bind");
	close(step.fd);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "map", map }, { "tight", tight }, { "use", use }, { "lifecycles", lifecycles },
		{ "files", files }, { "open", open_and_map },
	};
	const char *what = argc > 3 ? argv[3] : "";
	int i = 0;

	if (argc != (strcmp(what, "bind") ? 4 : 6))
		fail("usage: see the comment at the top");
	device = argv[1];
	directory = argv[2];
	fail_nth = open_file("/proc/self/fail-nth", O_RDWR);
	if (!strcmp(what, "bind")) {
		bound(argv[4], argv[5]);
	} else {
		run_fd = open_control(directory, "run", O_WRONLY);
		while (i < COUNT(parts) && strcmp(what, parts[i].name))
			i++;
		if (i == COUNT(parts))
			fail("usage: see the comment at the top");
		parts[i].run();
	}
	printf("# %s: %u operations, %u failures, %u of them without consequence\n", what,
	       operations, all_failures, all_absorbed);
	return 0;
}
