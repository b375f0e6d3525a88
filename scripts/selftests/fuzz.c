// SPDX-License-Identifier: GPL-2.0
/*
 * Inputs that nobody has thought of, for the two ways to ask a device for something.
 *
 *   fuzz run FILE SEED INPUTS        texts for /sys/kernel/debug/safe_dma/<PCI address>/run
 *   fuzz ioctl DEVICE SEED INPUTS    requests, and more, to /dev/safe_dma0
 *
 * The same seed makes the same inputs. Each is judged: what comes of it is what README.md and the
 * header say, also of what is mapped at that moment; of what is refused, the kernel says so in one
 * line or in none, as README.md has it; and it has nothing to complain of.
 *
 * Exits with 0 if all was as it must be, and nothing is mapped. Otherwise says which input it was,
 * and what was wrong: the same seed, and as many inputs as that, do it again.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz_log.h"
#include "fuzz_model.h"
#include "fuzz_request.h"
#include "fuzz_text.h"
#include "fuzz_words.h"
#include "random.h"
#include "request.h"

/* Files of debugfs, which are read at once. */
#define MAX_FILE	0x40000
/* Of 256 mappings. */
#define FILES		3
#define MODULE		"safe_dma "
/* Of coherent memory, which mmap() gives. */
#define PAGES		2

static __u64 seed;
static unsigned long number;
static unsigned long came_of[COUNT(errors)];
static struct world world;
static struct log kernel_log;
/* Where memory that can be read and written ends. */
static char *edge;
/* For a structure that can only be read. */
static char *read_only;
/* Says what the input is. */
static void (*show)(void);

static void die(const char *what)
{
	fprintf(stderr, "# fuzz: %s (errno %d)\n", what, errno);
	exit(1);
}

static void complain(const char *what)
{
	printf("# input %lu of seed %llu: ", number, (unsigned long long)seed);
	show();
	printf("\n# %s\n", what);
	exit(1);
}

static const char *name_of(int error)
{
	for (int i = 0; i < COUNT(errors); i++)
		if (errors[i].number == error)
			return errors[i].name;
	return "an error that is not documented";
}

/* What came of the input is one of those that may. */
static void judge(int error, unsigned int expected)
{
	char what[400];
	int len = snprintf(what, sizeof(what), "errno %d, %s; expected:", error, name_of(error));

	if (outcome(error) & expected) {
		for (int i = 0; i < COUNT(errors); i++)
			came_of[i] += errors[i].number == error;
		return;
	}
	for (int i = 0; i < COUNT(errors); i++)
		if (expected & 1u << i)
			len += snprintf(what + len, sizeof(what) - len, " %s", errors[i].name);
	complain(what);
}

/* The numbers of an input: each has its own, so that none depends on what came of those before. */
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
	pages = mmap(NULL, 4 * world.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (pages == MAP_FAILED || munmap(pages + world.page, world.page))
		die("cannot make memory that ends");
	edge = pages + world.page;
	read_only = pages + 2 * world.page;
	if (!open_log(&kernel_log))
		die("cannot read the kernel's log");
}

/*
 * What the kernel has said of the input: so many lines that begin with `begin` and have something
 * after that, and nothing else of the module, and no complaint.
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
				complain("the line of the log has no reason, or is cut");
			found++;
			continue;
		}
		if (kernel_log.level >= LEVEL_NOTICE && strncmp(message, MODULE, strlen(MODULE)))
			continue;
		/* What is large is bounced, or cannot be. */
		if (world.bounces && (strstr(message, "swiotlb buffer is full") ||
				      strstr(message, "swiotlb_tbl_map_single: ")))
			continue;
		snprintf(what, sizeof(what), "the kernel says: %s", message);
		complain(what);
	}
	if (state < 0)
		complain("messages of the kernel are lost");
	if (found != lines)
		complain(found > lines ? "there are too many lines in the log" :
					 "there is no line in the log");
}

/* What is not there on this machine is refused, each time with the same error. */
static void learn_kind(unsigned int kind, int error)
{
	if (error && kind != SAFE_DMA_KIND_IOVA && kind != SAFE_DMA_KIND_RESOURCE)
		die("a page of a kind cannot be mapped");
	world.refused[kind] = error;
}

/* What became of a buffer that fills no page at its ends, and is too large to be bounced. */
static void learn_bounces(int error)
{
	world.bounces = error || world.refused[SAFE_DMA_KIND_IOVA];
	/* What was refused so far is no input. */
	while (read_log(&kernel_log) > 0)
		;
}

/* As they can be printed, and written in C. */
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
	/* Otherwise only one half of the ways was tried. */
	if (number >= 1000 && (came_of[0] < number / 10 || refused < number / 10))
		die("nearly all inputs were accepted, or refused");
}

/* ---- texts ---- */

static struct text text;
static struct table run_table;
static char directory[200];
static char content[MAX_FILE];
static int run_fd;
/* What was written, besides the text. */
static const char *pointer;
static size_t length;

static void show_text(void)
{
	printf("\"%s\"", escaped(text.bytes, text.len));
	if (pointer != edge - text.len || length != text.len)
		printf(", as %llu bytes at %p, which end at %p", (unsigned long long)length,
		       pointer, edge);
}

/* All of another file of the device. */
static const char *read_file(const char *name)
{
	char path[300];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die("cannot open a file of the device");
	len = read(fd, content, sizeof(content) - 1);
	if (len < 0)
		die("cannot read a file of the device");
	content[len] = 0;
	close(fd);
	return content;
}

static unsigned long stat_of(const char *key)
{
	unsigned int len = strlen(key);

	for (const char *at = read_file("stats"); at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, key, len) && at[len] == ' ')
			return strtoul(at + len, NULL, 10);
	}
	die("a counter is not there");
	return 0;
}

/* The device's own name, which is that of its directory. */
static void find_directory(const char *file, char *begin, unsigned int len)
{
	char *name;

	snprintf(directory, sizeof(directory), "%s", file);
	name = strrchr(directory, '/');
	if (!name)
		die("FILE must be a path");
	*name = 0;
	name = strrchr(directory, '/');
	snprintf(begin, len, MODULE "%s: run: ", name ? name + 1 : directory);
}

static int write_words_now(const char *words)
{
	return write(run_fd, words, strlen(words)) < 0 ? errno : 0;
}

static void learn_kinds_by_run(void)
{
	char words[64];
	int error;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		snprintf(words, sizeof(words), "op=map name=probe kind=%s", kinds[kind]);
		learn_kind(kind, write_words_now(words));
		if (!world.refused[kind] && write_words_now("op=unmap name=probe"))
			die("what was mapped cannot be unmapped");
	}
	snprintf(words, sizeof(words), "op=map name=probe offset=1 size=%u", LARGE);
	error = write_words_now(words);
	write_words_now("op=unmap name=probe");
	learn_bounces(error);
}

/* Where the text is, and how long: as it is, or not. Returns how many lines are said of it. */
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
		/* Not to be read, and found so by the module. */
		pointer = random_once_in(random, 2) ? NULL : edge;
		length = 1 + random_below(random, MAX_TEXT);
		return 1;
	case 1:
		/* Not of a program, and found so by the kernel: the module is not asked. */
		pointer = (char *)(random_once_in(random, 2) ? 0xffff800080000000 : -4096ul);
		length = 1 + random_below(random, MAX_TEXT);
		return 0;
	case 2:
		/* The text ends, and it is said that it goes on. */
		length += 1 + random_below(random, 64);
		if (length > MAX_TEXT)
			*expected = outcome(EINVAL);
		return 1;
	case 3:
		length = too_long[ANY(random, too_long)];
		*expected = outcome(EINVAL);
		return 1;
	default:
		/* No length at all: neither is the module asked of that. */
		length = -1 - random_below(random, 4096);
		*expected |= outcome(EINVAL);
		return 0;
	}
}

/* The result file says the same as the answer. */
static void judge_result(int error)
{
	static const char begin[] = "TAP version 14\n1..1\n";
	const char *line = read_file("result") + strlen(begin);
	const char *end = strchr(line, '\n');

	const char *result = error ? "not ok 1 op=" : "ok 1 op=";

	if (strncmp(content, begin, strlen(begin)) || !end || end[1] ||
	    strncmp(line, result, strlen(result)) || !strstr(line, " # "))
		complain("the file `result` does not say what came of it");
}

/* What is mapped is what should be; what was refused has changed nothing. */
static void judge_mappings(void)
{
	static const char *const turns[] = { "device", "cpu", "in_flight" };
	unsigned int lines = 0;

	read_file("mappings");
	for (const char *at = content; (at = strchr(at, '\n')); at++)
		lines++;
	if (lines != run_table.count + 1)
		complain("after that there are more mappings, or fewer, than should be");
	for (unsigned int i = 0; i < run_table.count; i++) {
		const struct mapping *mapping = &run_table.mappings[i];
		char begin[100], size[40];
		const char *line, *found;

		snprintf(begin, sizeof(begin), "\n%s %s %s %s run dma 0x", mapping->name,
			 kinds[mapping->kind], dirs[mapping->dir], turns[mapping->turn]);
		snprintf(size, sizeof(size), " size %llu phys 0x",
			 (unsigned long long)mapping->size);
		line = strstr(content, begin);
		found = line ? strstr(line, size) : NULL;
		if (!found || found > strchr(line + 1, '\n'))
			complain("after that a mapping is not what it should be");
	}
}

/* All that is mapped can be unmapped. */
static void unmap_all(void)
{
	char words[64];

	while (run_table.count) {
		struct mapping *mapping = &run_table.mappings[0];

		if (mapping->turn == TURN_IN_FLIGHT) {
			snprintf(words, sizeof(words), "op=abort name=%s", mapping->name);
			if (write_words_now(words))
				die("what is in flight at the end cannot be aborted");
		}
		snprintf(words, sizeof(words), "op=unmap name=%s", mapping->name);
		if (write_words_now(words))
			die("what is mapped at the end cannot be unmapped");
		*mapping = run_table.mappings[--run_table.count];
	}
	world.in_flight = 0;
	world.bytes = 0;
	judge_mappings();
	if (stat_of("live") || stat_of("maps") != stat_of("unmaps"))
		die("not all that was mapped was unmapped");
}

/*
 * Many names come only once, and there are 256 in all: after so many inputs all are unmapped, so
 * that not everything is refused for that from then on.
 */
#define UNMAP_AFTER	8192

static void fuzz_run(const char *file, unsigned long inputs)
{
	unsigned long refused;
	char begin[100];

	show = show_text;
	find_directory(file, begin, sizeof(begin));
	run_fd = open(file, O_WRONLY);
	if (run_fd < 0)
		die("cannot open the file");
	learn_kinds_by_run();
	refused = stat_of("errors");

	for (number = 0; number < inputs; number++) {
		struct random random = random_of_input();
		struct asked asked;
		unsigned int expected;
		ssize_t written;
		int error, lines;

		make_text(&world, &random, &text);
		expected = outcomes_of_words(&world, &run_table, text.bytes, text.len, &asked);
		lines = choose_pointer(&random, &expected);
		memcpy(edge - text.len, text.bytes, text.len);

		written = write(run_fd, pointer, length);
		error = written < 0 ? errno : 0;
		if (written >= 0 && written != text.len)
			complain("it was taken, and not all of it");
		judge(error, expected);
		/* It was not known whether it would be refused. */
		if (error && expected & outcome(0))
			lines = 1;
		judge_log(begin, lines);
		refused += lines;
		if (!(expected & outcome(EFAULT)) && asked.lifecycle < 0 && length == text.len)
			note(&world, &run_table, &asked.request, error);
		if (lines == !!error && random_once_in(&random, 16))
			judge_result(error);
		if (random_once_in(&random, 128))
			judge_mappings();
		if (number % UNMAP_AFTER == UNMAP_AFTER - 1)
			unmap_all();
	}
	if (stat_of("errors") != refused)
		die("there are not as many errors counted as refusals");
	unmap_all();
	summarize();
}

/* ---- requests ---- */

static struct file {
	int fd;
	struct table table;
} files[FILES];

static const char *device;
static unsigned int command;
static __u64 argument;
static struct safe_dma_request asked_for;

static void show_request(void)
{
	const struct safe_dma_request *r = &asked_for;

	printf("command %#x argument %#llx op %u fields %#x name \"%s\"", command,
	       (unsigned long long)argument, r->op, r->fields,
	       escaped(r->name, sizeof(r->name)));
	printf(" kind %u dir %u size %#llx offset %#llx pattern %#x to %u timeout %u irq %u",
	       r->kind, r->dir, (unsigned long long)r->size, (unsigned long long)r->offset,
	       r->pattern, r->to, r->timeout, r->irq);
	printf(" dma_address %#llx differs_at %#llx reserved %#llx %#llx",
	       (unsigned long long)r->dma_address, (unsigned long long)r->differs_at,
	       (unsigned long long)r->reserved[0], (unsigned long long)r->reserved[1]);
}

static int call(struct file *file)
{
	return syscall(__NR_ioctl, file->fd, command, argument) ? errno : 0;
}

static void open_file(struct file *file)
{
	file->fd = open(device, O_RDWR);
	if (file->fd < 0)
		die("cannot open the device file");
	file->table.count = 0;
}

static void learn_kinds_by_ioctl(struct file *file)
{
	struct safe_dma_request large = request(SAFE_DMA_OP_MAP, "probe");
	struct safe_dma_request unmap_large = request(SAFE_DMA_OP_UNMAP, "probe");
	int error;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		struct safe_dma_request map = request(SAFE_DMA_OP_MAP, "probe");
		struct safe_dma_request unmap = request(SAFE_DMA_OP_UNMAP, "probe");

		map.kind = kind;
		map = given(map, 0);
		learn_kind(kind, run(file->fd, &map));
		if (!world.refused[kind] && run(file->fd, &unmap))
			die("what was mapped cannot be unmapped");
	}
	large.offset = 1;
	large.size = LARGE;
	large = given(large, 0);
	error = run(file->fd, &large);
	run(file->fd, &unmap_large);
	learn_bounces(error);
}

/* Nothing is set but what the header says. */
static void judge_answer(const struct safe_dma_request *answer, int error)
{
	struct safe_dma_request same = *answer;

	if (!error && asked_for.op == SAFE_DMA_OP_MAP)
		same.dma_address = asked_for.dma_address;
	if (error == EILSEQ)
		same.differs_at = asked_for.differs_at;
	if (memcmp(&same, &asked_for, sizeof(same)))
		complain("the structure was changed");
}

/* The first byte that differs is the one that is said, where the bytes are known. */
static void judge_difference(struct file *file, const struct safe_dma_request *answer)
{
	struct mapping *mapping = find_mapping(&file->table, asked_for.name);
	struct part part;

	if (!mapping || !find_part(mapping, &asked_for, &part))
		complain("no byte can differ");
	if (answer->differs_at < part.start || answer->differs_at >= part.end ||
	    (mapping->is_known &&
	     answer->differs_at != first_difference(mapping, part, asked_for.pattern)))
		complain("the byte that differs is another one");
}

/* Good memory, which ends with the structure. */
static void try_request(struct file *file)
{
	unsigned int expected = outcomes(&world, &file->table, &asked_for);
	struct safe_dma_request answer;
	int error;

	command = SAFE_DMA_IOC_RUN;
	argument = (uintptr_t)edge - sizeof(asked_for);
	memcpy((void *)argument, &asked_for, sizeof(asked_for));
	error = call(file);
	judge(error, expected);
	memcpy(&answer, (void *)argument, sizeof(answer));
	judge_answer(&answer, error);
	if (error == EILSEQ)
		judge_difference(file, &answer);
	note(&world, &file->table, &asked_for, error);
}

/* Memory that is not good for the structure, or not for all of it. */
static void try_bad_pointer(struct random *random, struct file *file)
{
	static const __u64 bad[] = {
		0, 8, -1ull, -4096ull, 0xffff800080000000, 0x0000fffffffff000, 1ull << 63
	};

	command = SAFE_DMA_IOC_RUN;
	argument = bad[ANY(random, bad)];
	if (random_once_in(random, 2)) {
		unsigned int there = random_below(random, sizeof(asked_for));

		argument = (uintptr_t)edge - there;
		memcpy((void *)argument, &asked_for, there);
	}
	judge(call(file), outcome(EFAULT));
}

/* Memory that cannot be written: where there is an answer, nothing has come of it. */
static void try_read_only(struct file *file)
{
	unsigned int expected = outcomes(&world, &file->table, &asked_for);
	int error;

	if (asked_for.op == SAFE_DMA_OP_MAP && expected & outcome(0))
		expected = (expected & ~outcome(0)) | outcome(EFAULT);
	if (expected & outcome(EILSEQ))
		expected = (expected & ~outcome(EILSEQ)) | outcome(EFAULT);
	command = SAFE_DMA_IOC_RUN;
	argument = (uintptr_t)read_only;
	memcpy(read_only, &asked_for, sizeof(asked_for));
	if (syscall(__NR_mprotect, read_only, world.page, PROT_READ))
		die("cannot make memory read-only");
	error = call(file);
	if (syscall(__NR_mprotect, read_only, world.page, PROT_READ | PROT_WRITE))
		die("cannot make memory writable");
	judge(error, expected);
	note(&world, &file->table, &asked_for, error);
}

/*
 * Some other command. The types are left out by which the kernel's file layer has commands for all
 * files, so that this device is not asked.
 */
static void try_command(struct random *random, struct file *file)
{
	static const unsigned int good[] = {
		SAFE_DMA_IOC_RUN, SAFE_DMA_IOC_READ_PAGE, SAFE_DMA_IOC_WRITE_PAGE
	};
	static const unsigned char of_all_files[] = { 0, 0x12, 0x15, 'T', 'X', 'f', 0x94 };

	command = good[ANY(random, good)] ^ 1u << random_below(random, 32);
	if (random_once_in(random, 2))
		command = random_u64(random);
	for (int i = 0; i < COUNT(good); i++)
		if (command == good[i])
			return;
	for (int i = 0; i < COUNT(of_all_files); i++)
		if (_IOC_TYPE(command) == of_all_files[i])
			return;
	argument = random_once_in(random, 2) ? random_below(random, 2) :
					       (uintptr_t)edge - sizeof(asked_for);
	judge(call(file), outcome(ENOTTY));
}

static void try_page(struct random *random, struct file *file)
{
	command = random_once_in(random, 2) ? SAFE_DMA_IOC_READ_PAGE : SAFE_DMA_IOC_WRITE_PAGE;
	argument = edges[ANY(random, edges)];
	if (random_once_in(random, 4))
		argument = random_u64(random);
	judge(call(file), argument >= PAGES ? outcome(EINVAL) :
					      outcome(0) | (world.in_flight ? outcome(EBUSY) : 0));
}

/* The device's pages: any part of the address space, and of the memory. */
static void try_mmap(struct random *random, struct file *file)
{
	static const __u64 offsets[] = {
		0, 0, 0, 4096, 8192, 1, 65536, 1ull << 40, UINT64_MAX - 4095, 1ull << 63
	};
	static const int flags[] = { MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE, 0 };
	__u64 offset = offsets[ANY(random, offsets)];
	__u64 size = edges[ANY(random, edges)];
	int protection = random_below(random, 8), flag = flags[ANY(random, flags)];
	unsigned int expected = outcome(EINVAL) | outcome(ENXIO) | outcome(ENOMEM) |
				outcome(EOVERFLOW) | outcome(EPERM);
	__u64 end = offset + (size + world.page - 1) / world.page * world.page;
	long result;

	/* Of one's own, so much would be refused before anybody is asked, and logged. */
	if (random_once_in(random, 2) || flag == MAP_PRIVATE)
		size = world.page * (1 + random_below(random, PAGES + 1));
	end = offset + (size + world.page - 1) / world.page * world.page;
	command = 0;
	argument = offset;
	memset(&asked_for, 0, sizeof(asked_for));
	asked_for.size = size;
	asked_for.fields = protection;
	if (size && offset % world.page == 0 && end <= PAGES * world.page && end > offset) {
		if (flag == MAP_SHARED)
			expected = outcome(0) | (protection & PROT_EXEC ? outcome(EPERM) : 0);
		if (flag == MAP_PRIVATE)
			expected |= outcome(0);
	}

	result = syscall(__NR_mmap, 0, size, protection, flag, file->fd, offset);
	judge(result == -1 ? errno : 0, expected);
	if (result == -1)
		return;
	if (protection & PROT_READ)
		memcpy(edge - 1, (char *)result + size - 1, 1);
	if (protection & PROT_WRITE)
		memcpy((char *)result + size - 1, edge - 1, 1);
	if (munmap((void *)result, size))
		complain("what was mapped cannot be unmapped");
}

/* It is opened anew, or goes on as a copy of its descriptor, which has the same names. */
static void try_file(struct random *random, struct file *file)
{
	int copy = -1;

	command = 0;
	memset(&asked_for, 0, sizeof(asked_for));
	if (random_once_in(random, 2)) {
		copy = dup(file->fd);
		if (copy < 0)
			die("cannot copy the descriptor");
	}
	if (close(file->fd))
		complain("it cannot be closed");
	if (copy >= 0) {
		file->fd = copy;
	} else {
		note_close(&world, &file->table);
		open_file(file);
	}
	judge(0, outcome(0));
}

/* There is nothing to read from it, nor to write to it. */
static void try_read_write(struct random *random, struct file *file)
{
	char byte = 0;
	ssize_t result = random_once_in(random, 2) ? read(file->fd, &byte, 1) :
						     write(file->fd, &byte, 1);

	command = 0;
	judge(result < 0 ? errno : 0, outcome(EINVAL));
}

static void make_noise(struct random *random)
{
	__u64 noise[sizeof(asked_for) / sizeof(__u64)];

	for (int i = 0; i < COUNT(noise); i++)
		noise[i] = random_u64(random);
	memcpy(&asked_for, noise, sizeof(asked_for));
	/* Not all of it is wrong at once. */
	if (random_once_in(random, 2)) {
		asked_for.op %= COUNT(operations);
		make_name(random, asked_for.name);
		asked_for.reserved[0] = 0;
		asked_for.reserved[1] = 0;
	}
}

static void make_input(struct random *random, unsigned int which)
{
	do {
		if (which == 0) {
			make_noise(random);
			return;
		}
		asked_for = make_request(random);
		if (which == 1)
			memset(&asked_for, 0, sizeof(asked_for));
		if (which <= 6)
			do
				break_request(random, &asked_for);
			while (random_once_in(random, 3));
	} while (is_too_slow(&asked_for));
}

static void fuzz_ioctl(unsigned long inputs)
{
	show = show_request;
	for (int i = 0; i < FILES; i++)
		open_file(&files[i]);
	learn_kinds_by_ioctl(&files[0]);

	for (number = 0; number < inputs; number++) {
		struct random random = random_of_input();
		struct file *file = &files[random_below(&random, FILES)];

		make_input(&random, random_below(&random, 24));
		argument = 0;
		switch (random_below(&random, 40)) {
		case 0:
			try_command(&random, file);
			break;
		case 1:
			try_bad_pointer(&random, file);
			break;
		case 2:
			try_read_only(file);
			break;
		case 3:
			try_page(&random, file);
			break;
		case 4:
			try_mmap(&random, file);
			break;
		case 5:
			/* Not often, so that there are many mappings at times. */
			if (random_once_in(&random, 8))
				try_file(&random, file);
			else
				try_read_write(&random, file);
			break;
		default:
			try_request(file);
		}
		/* What is refused to a program is not for the log. */
		judge_log("", 0);
	}

	for (int i = 0; i < FILES; i++)
		while (files[i].table.count) {
			const struct mapping *mapping = &files[i].table.mappings[0];
			int flies = mapping->turn == TURN_IN_FLIGHT;

			asked_for = request(flies ? SAFE_DMA_OP_ABORT : SAFE_DMA_OP_UNMAP,
					    mapping->name);
			if (run(files[i].fd, &asked_for))
				complain("what is mapped at the end cannot be unmapped");
			note(&world, &files[i].table, &asked_for, 0);
		}
	judge_log("", 0);
	summarize();
}

int main(int argc, char **argv)
{
	if (argc != 5)
		die("usage: fuzz run FILE SEED INPUTS, or fuzz ioctl DEVICE SEED INPUTS");
	seed = strtoull(argv[3], NULL, 0);
	set_up();
	if (!strcmp(argv[1], "run")) {
		fuzz_run(argv[2], strtoul(argv[4], NULL, 0));
	} else if (!strcmp(argv[1], "ioctl")) {
		device = argv[2];
		fuzz_ioctl(strtoul(argv[4], NULL, 0));
	} else {
		die("neither run nor ioctl");
	}
	return 0;
}
