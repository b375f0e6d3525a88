// SPDX-License-Identifier: GPL-2.0
/*
 * Writes random texts to the file `run` of a device, and maps the device file with random
 * arguments.
 *
 *   fuzz DIRECTORY DEVICE SEED INPUTS
 *
 * DIRECTORY is the device's directory in debugfs, and DEVICE its device file. The same seed gives
 * the same inputs. Each result is checked against the model. The kernel's log must have one line
 * for a refusal, and none otherwise.
 *
 * Exits with 0 if all results were right, and nothing is left mapped. Otherwise prints the input
 * and the mistake, which the same seed and number of inputs reproduce.
 */

#define PROGRAM "fuzz"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common.h"
#include "fuzz_log.h"
#include "fuzz_text.h"
#include "fuzz_words.h"
#include "model.h"
#include "random.h"

/* The maximum size of a file in debugfs. */
#define MAX_FILE	0x40000
#define MODULE		"safe_dma "
/* Larger than a bounce buffer, and smaller than the largest piece of the page allocator. */
#define LARGE		1000000

static __u64 seed;
static unsigned long number;
static unsigned long came_of[COUNT(errors)];
static struct world world;
/* The mappings of the model, and their size in whole pages. */
static struct mapping mappings[MAX_NAMES];
static unsigned int count;
static __u64 mapped_bytes;
static struct log kernel_log;
static struct text text;
static const char *directory;
static const char *device;
static char content[MAX_FILE];
static int run_fd, device_fd;
/* The arguments for write(). */
static const char *pointer;
static size_t length;
/* The end of a readable page. */
static char *edge;
/* Prints the input. */
static void (*show)(void);

static void complain(const char *what)
{
	printf("# input %lu of seed %llu: ", number, (unsigned long long)seed);
	show();
	printf("\n# %s\n", what);
	exit(1);
}

/* Checks that a result is among the expected ones, and counts it. */
static void judge(int error, unsigned int expected)
{
	char what[400];
	int len = snprintf(what, sizeof(what), "errno %d; expected:", error);

	if (outcome(error) & expected) {
		came_of[error_index(error)]++;
		return;
	}
	outcome_names(what + len, sizeof(what) - len, expected);
	complain(what);
}

/* Returns the random numbers of an input, which do not depend on earlier results. */
static struct random random_of_input(void)
{
	struct random random = { seed ^ (number + 1) * 0xd1342543de82ef95ull };

	random.state = random_u64(&random);
	return random;
}

static void set_up(void)
{
	char *pages;

	world.page = getpagesize();
	pages = mmap(NULL, 2 * world.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (pages == MAP_FAILED || munmap(pages + world.page, world.page))
		fail("no memory");
	edge = pages + world.page;
	if (!open_log(&kernel_log))
		fail("/dev/kmsg cannot be read");
	run_fd = open_control(directory, "run", O_WRONLY);
	device_fd = open_file(device, O_RDWR);
	contents_init(&world.buffer, BUFFER_SIZE, UNKNOWN, 0);
	for (int i = 0; i < PAGES; i++)
		contents_init(&world.pages[i], PAGE, UNKNOWN, 0);
}

/*
 * Checks that the log has `lines` lines that start with `begin` and continue with a reason, no
 * other line of the module, and no warning.
 */
static void judge_log(const char *begin, int lines)
{
	unsigned int len = strlen(begin);
	int found = 0, state;

	while ((state = read_log(&kernel_log)) > 0) {
		const char *message = kernel_log.message;
		char what[MAX_RECORD + 100];

		if (!kernel_log.is_kernels)
			continue;
		if (len && !strncmp(message, begin, len)) {
			if (!message[len] || strlen(message) >= MAX_MESSAGE)
				complain("the line in the log has no reason, or is truncated");
			found++;
			continue;
		}
		if (kernel_log.level >= LEVEL_NOTICE && strncmp(message, MODULE, strlen(MODULE)))
			continue;
		/* Bounce buffers may run out. */
		if (world.bounces && (strstr(message, "swiotlb buffer is full") ||
				      strstr(message, "swiotlb_tbl_map_single: ")))
			continue;
		snprintf(what, sizeof(what), "the kernel says: %s", message);
		complain(what);
	}
	if (state < 0)
		complain("messages of the log are lost");
	if (found != lines)
		complain(found > lines ? "there are too many lines in the log" :
					 "there is no line in the log");
}

/* Escapes bytes as in C. */
static const char *escaped(const char *bytes, unsigned int len)
{
	static char shown[4 * ROOM + 1];
	char *to = shown;

	for (unsigned int i = 0; i < len; i++) {
		unsigned char c = bytes[i];

		if (c >= ' ' && c < 0x7f && c != '\\' && c != '"')
			*to++ = c;
		else
			to += snprintf(to, 5, "\\%03o", c);
	}
	*to = 0;
	return shown;
}

static void summarize(void)
{
	unsigned long refused = 0;
	char why[400] = "";
	int len = 0;

	for (int i = 1; i < COUNT(errors); i++) {
		refused += came_of[i];
		if (came_of[i])
			len += snprintf(why + len, sizeof(why) - len, " %s %lu", errors[i].name,
					came_of[i]);
	}
	printf("# seed %llu: %lu inputs, %lu accepted, %lu refused:%s\n", (unsigned long long)seed,
	       number, came_of[0], refused, why);
	/* Both accepted and refused inputs must be common, to test all of the code. */
	if (number >= 1000 && (came_of[0] < number / 10 || refused < number / 10))
		fail("nearly all inputs were accepted, or refused");
}

static void show_text(void)
{
	printf("\"%s\"", escaped(text.bytes, text.len));
	if (pointer != edge - text.len || length != text.len)
		printf(", as %llu bytes at %p, which end at %p", (unsigned long long)length,
		       pointer, edge);
}

static const char *read_file(const char *name)
{
	return read_control(directory, name, content, sizeof(content));
}

static unsigned long stat_of(const char *key)
{
	return counter(read_file("stats"), key);
}

/* Finds out which kinds can be mapped, and whether buffers are bounced. */
static void learn(void)
{
	int error;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		error = operate(run_fd, "op=map name=probe kind=%s", kinds[kind]);
		if (error && kind != KIND_IOVA && kind != KIND_RESOURCE)
			fail("a page of a kind cannot be mapped");
		world.refused[kind] = error;
		if (!error && operate(run_fd, "op=unmap name=probe"))
			fail("unmap");
	}
	/* A buffer that shares its first and last page, and is too large for a bounce buffer. */
	error = operate(run_fd, "op=map name=probe offset=1 size=%u", LARGE);
	operate(run_fd, "op=unmap name=probe");
	world.bounces = error || world.refused[KIND_IOVA];
	/* Skip the messages about this. */
	while (read_log(&kernel_log) > 0)
		;
}

static struct mapping *find_mapping(const char *name)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(mappings[i].name, name))
			return &mappings[i];
	return NULL;
}

static unsigned int outcomes_of_request(const struct request *request)
{
	unsigned int expected = outcomes(&world, find_mapping(request->name), request);
	__u64 bytes = mapped_bytes + in_pages(&world, size_to_map(&world, request));

	if (request->op != OP_MAP || is_wrong(&world, request) ||
	    (count < MAX_NAMES && bytes <= MAX_BYTES))
		return expected;
	return (expected & ~outcome(0)) | outcome(ENOSPC);
}

/* Updates the model with the result of a request. */
static void note(const struct request *request, int error)
{
	struct mapping *mapping = find_mapping(request->name);
	int flew;

	if (!error && request->op == OP_MAP) {
		mapping = &mappings[count++];
		mapping->state = GONE;
		mapped_bytes += in_pages(&world, size_to_map(&world, request));
	} else if (!mapping && request->op != OP_TRANSFER_PAGE) {
		return;
	}
	flew = mapping && mapping->state == IN_FLIGHT;
	apply(&world, mapping, request, error);
	if (!mapping)
		return;
	world.in_flight += (mapping->state == IN_FLIGHT) - flew;
	if (mapping->state == GONE) {
		mapped_bytes -= in_pages(&world, mapping->bytes.size);
		*mapping = mappings[--count];
	}
}

/*
 * Sets the arguments for write(), sometimes to wrong ones. Returns the expected number of lines in
 * the log.
 */
static int choose_pointer(struct random *random, unsigned int *expected)
{
	static const size_t too_long[] = { 257, 4096, 65536, 1 << 20, INT32_MAX };

	pointer = edge - text.len;
	length = text.len;
	if (!random_once_in(random, 40))
		return !(*expected & outcome(0));

	*expected = outcome(EFAULT);
	switch (random_below(random, 5)) {
	case 0:
		/* Not mapped: the module gets a fault. */
		pointer = random_once_in(random, 2) ? NULL : edge;
		length = 1 + random_below(random, MAX_TEXT);
		return 1;
	case 1:
		/* Outside of user space: the kernel refuses it before it calls the module. */
		pointer = (char *)(random_once_in(random, 2) ? 0xffff800080000000 : -4096ul);
		length = 1 + random_below(random, MAX_TEXT);
		return 0;
	case 2:
		/* Longer than the memory. */
		length += 1 + random_below(random, 64);
		if (length > MAX_TEXT)
			*expected = outcome(EINVAL);
		return 1;
	case 3:
		length = too_long[ANY(random, too_long)];
		*expected = outcome(EINVAL);
		return 1;
	default:
		/* A negative length: the module is not called either. */
		length = -1 - random_below(random, 4096);
		*expected |= outcome(EINVAL);
		return 0;
	}
}

/* Checks `result`, and the first byte that differs, against the model. */
static void judge_result(const struct request *request, int error)
{
	static const char begin[] = "TAP version 14\n1..1\n";
	const char *line = read_file("result") + strlen(begin);
	const char *end = strchr(line, '\n');
	const char *result = error ? "not ok 1 op=" : "ok 1 op=";

	if (strncmp(content, begin, strlen(begin)) || !end || end[1] ||
	    strncmp(line, result, strlen(result)) || !strstr(line, " # "))
		complain("the file `result` does not have this result");
	if (request && error == EILSEQ) {
		const struct mapping *mapping = find_mapping(request->name);
		const char *said = strstr(line, " byte ");
		unsigned int byte = said ? strtoul(said + strlen(" byte "), NULL, 10) : 0;
		struct part part;
		unsigned int differs;

		if (!said || !find_part(mapping, request, &part))
			complain("there is no byte that can differ");
		differs = differs_at(&mapping->bytes, part.start, part.end, request->pattern);
		if (byte < part.start || byte >= part.end || (differs != OPEN && byte != differs))
			complain("the reported byte is not the first one that differs");
	}
}

/* Checks `mappings` against the model. */
static void judge_mappings(void)
{
	unsigned int lines = 0;

	read_file("mappings");
	for (const char *at = content; (at = strchr(at, '\n')); at++)
		lines++;
	if (lines != count + 1)
		complain("the number of mappings is wrong afterwards");
	for (unsigned int i = 0; i < count; i++) {
		const struct mapping *mapping = &mappings[i];
		char begin[100], size[40];
		const char *line, *found;

		snprintf(begin, sizeof(begin), "\n%s %s %s %s dma 0x", mapping->name,
			 kinds[mapping->kind], dirs[mapping->dir], states[mapping->state]);
		snprintf(size, sizeof(size), " size %u phys 0x", mapping->bytes.size);
		line = strstr(content, begin);
		found = line ? strstr(line, size) : NULL;
		if (!found || found > strchr(line + 1, '\n'))
			complain("a mapping is wrong afterwards");
	}
}

static void unmap_all(void)
{
	while (count) {
		struct request end = { .op = OP_UNMAP };

		memcpy(end.name, mappings[0].name, sizeof(end.name));
		if (mappings[0].state == IN_FLIGHT)
			end.op = OP_ABORT;
		if (run(run_fd, &end))
			fail("a mapping cannot be aborted or unmapped at the end");
		note(&end, 0);
	}
	judge_mappings();
	if (stat_of("live") || stat_of("maps") != stat_of("unmaps"))
		fail("some mappings were not unmapped");
}

static void try_text(struct random *random, const char *begin, unsigned long *refused)
{
	struct request *request = NULL;
	struct asked asked;
	unsigned int expected;
	ssize_t written;
	int error, lines;

	show = show_text;
	make_text(&world, random, &text);
	if (!read_words(&world, text.bytes, text.len, &asked))
		expected = outcome(EINVAL);
	else if (asked.lifecycle >= 0)
		expected = outcomes_of_lifecycle(&world, &asked, mapped_bytes);
	else
		expected = outcomes_of_request(request = &asked.request);
	lines = choose_pointer(random, &expected);
	memcpy(edge - text.len, text.bytes, text.len);

	written = write(run_fd, pointer, length);
	error = written < 0 ? errno : 0;
	if (written >= 0 && written != text.len)
		complain("the text was accepted in part");
	judge(error, expected);
	/* The operation could have succeeded: now the log must have a line. */
	if (error && expected & outcome(0))
		lines = 1;
	judge_log(begin, lines);
	*refused += lines;
	if (expected & outcome(EFAULT) || length != text.len)
		request = NULL;
	if (lines == !!error && (error == EILSEQ || random_once_in(random, 16)))
		judge_result(request, error);
	if (request)
		note(request, error);
	else if (asked.lifecycle >= 0)
		contents_init(&world.buffer, BUFFER_SIZE, UNKNOWN, 0);
}

/* The arguments for mmap(). */
static __u64 map_size, map_offset;
static int map_protection, map_flags;

static void show_mmap(void)
{
	printf("mmap of %#llx bytes, protection %#x, flags %#x, offset %#llx",
	       (unsigned long long)map_size, map_protection, map_flags,
	       (unsigned long long)map_offset);
}

/* Maps any range of the device file, also beyond its pages. */
static void try_mmap(struct random *random)
{
	static const __u64 offsets[] = {
		0, 0, 0, 4096, 8192, 1, 65536, 1ull << 40, UINT64_MAX - 4095, 1ull << 63
	};
	static const int flags[] = { MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE, 0 };
	unsigned int expected = outcome(EINVAL) | outcome(ENXIO) | outcome(ENOMEM) |
				outcome(EOVERFLOW) | outcome(EPERM);
	__u64 end;
	long result;

	show = show_mmap;
	map_offset = offsets[ANY(random, offsets)];
	map_size = edges[ANY(random, edges)];
	map_protection = random_below(random, 8);
	map_flags = flags[ANY(random, flags)];
	/* The kernel refuses and logs a large private mapping before it calls the module. */
	if (random_once_in(random, 2) || map_flags == MAP_PRIVATE)
		map_size = world.page * (1 + random_below(random, PAGES + 1));
	end = map_offset + (map_size + world.page - 1) / world.page * world.page;
	if (map_size && map_offset % world.page == 0 && end <= PAGES * world.page &&
	    end > map_offset) {
		if (map_flags == MAP_SHARED)
			expected = outcome(0) | (map_protection & PROT_EXEC ? outcome(EPERM) : 0);
		if (map_flags == MAP_PRIVATE)
			expected |= outcome(0);
	}

	result = syscall(__NR_mmap, 0, map_size, map_protection, map_flags, device_fd, map_offset);
	judge(result == -1 ? errno : 0, expected);
	judge_log("", 0);
	if (result == -1)
		return;
	if (map_protection & PROT_READ)
		memcpy(edge - 1, (char *)result + map_size - 1, 1);
	if (map_protection & PROT_WRITE)
		memcpy((char *)result + map_size - 1, edge - 1, 1);
	if (munmap((void *)result, map_size))
		complain("the area cannot be unmapped");
	for (int i = 0; i < PAGES; i++)
		contents_init(&world.pages[i], PAGE, UNKNOWN, 0);
}

/*
 * Rare names fill the table of 256 names. After this number of inputs all are unmapped, or ENOSPC
 * would become the only result.
 */
#define UNMAP_AFTER	8192

int main(int argc, char **argv)
{
	unsigned long inputs, refused;
	char begin[100];
	const char *name;

	if (argc != 5)
		fail("usage: fuzz DIRECTORY DEVICE SEED INPUTS");
	directory = argv[1];
	device = argv[2];
	seed = strtoull(argv[3], NULL, 0);
	inputs = strtoul(argv[4], NULL, 0);
	name = strrchr(directory, '/');
	snprintf(begin, sizeof(begin), MODULE "%s: run: ", name ? name + 1 : directory);
	set_up();
	learn();
	refused = stat_of("errors");

	for (number = 0; number < inputs; number++) {
		struct random random = random_of_input();

		if (random_once_in(&random, 64))
			try_mmap(&random);
		else
			try_text(&random, begin, &refused);
		if (random_once_in(&random, 128))
			judge_mappings();
		if (number % UNMAP_AFTER == UNMAP_AFTER - 1)
			unmap_all();
	}
	if (stat_of("errors") != refused)
		fail("`stats` has another number of errors");
	unmap_all();
	summarize();
	return 0;
}
