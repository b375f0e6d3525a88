// SPDX-License-Identifier: GPL-2.0
/*
 * A user of /dev/safe_dma0, and so on, through rust/testdev/uapi/safe_dma.h.
 *
 *   ioctl DEVICE lives          a life of a mapping of each kind, for each direction
 *   ioctl DEVICE bytes          the bytes of a pattern are those of the header
 *   ioctl DEVICE fields         structures that no operation can be
 *   ioctl DEVICE refused        what is refused of good structures, and why
 *   ioctl DEVICE limits         as many names and bytes as can be
 *   ioctl DEVICE pointers       memory that cannot be read or written
 *   ioctl DEVICE openers        each has its own names; so has not who got the file from another
 *   ioctl DEVICE beside         who waits for a transfer keeps nobody else waiting
 *   ioctl DEVICE wanted         who wants pages that are in a transfer is refused at once
 *   ioctl DEVICE late           a transfer that takes too long, and interrupts that go wrong
 *   ioctl DEVICE leave          exits with mappings of all kinds, and a transfer in flight
 *   ioctl DEVICE hold FILE      has such mappings until FILE is there: the driver has gone then
 *   ioctl DEVICE... processes   several processes at once, on each device
 *   ioctl DEVICE other          what another user may do to whom root gives the open file
 *   ioctl FILE handed           the same of any file: it can be neither read nor written
 *   ioctl FILE alone            another user opens the file himself, to read it and to write it
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
#include <sys/wait.h>
#include <unistd.h>

#include "request.h"

#define PAGE	4096
#define NOBODY	65534

static const char *device;

static void fail(const char *what)
{
	fprintf(stderr, "ioctl: %s (errno %d)\n", what, errno);
	exit(1);
}

static int open_device(void)
{
	int fd = open(device, O_RDWR);

	if (fd < 0)
		fail("cannot open the device file");
	return fd;
}

/* It must be so, and nothing else. */
static void must(int fd, int expected, struct safe_dma_request request, const char *what)
{
	int error = run(fd, &request);

	if (error == expected)
		return;
	fprintf(stderr, "ioctl: %s, op %u kind %u dir %u: errno %d, expected %d\n", what,
		request.op, request.kind, request.dir, error, expected);
	exit(1);
}

/* An operation that takes nothing but a name. */
static void simple(int fd, int expected, unsigned int op, const char *name, const char *what)
{
	must(fd, expected, request(op, name), what);
}

static void map(int fd, int expected, const char *name, unsigned int kind, unsigned int dir,
		const char *what)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, name);

	map.kind = kind;
	map.dir = dir;
	must(fd, expected, given(map, 0), what);
}

/* Bytes of a pattern: SAFE_DMA_OP_FILL or SAFE_DMA_OP_CHECK. */
static void bytes(int fd, int expected, unsigned int op, const char *name, unsigned int pattern,
		  const char *what)
{
	struct safe_dma_request bytes = request(op, name);

	bytes.pattern = pattern;
	must(fd, expected, given(bytes, SAFE_DMA_HAS_PATTERN), what);
}

/* SAFE_DMA_OP_TRANSFER or SAFE_DMA_OP_START. */
static void move(int fd, int expected, unsigned int op, const char *name, unsigned int to,
		 const char *what)
{
	struct safe_dma_request move = request(op, name);

	move.to = to;
	must(fd, expected, given(move, SAFE_DMA_HAS_TO), what);
}

static const unsigned int dirs[] = {
	SAFE_DMA_BIDIRECTIONAL, SAFE_DMA_TO_DEVICE, SAFE_DMA_FROM_DEVICE
};

/* Without SAFE_DMA_KIND_RESOURCE, which is no memory. */
static const unsigned int kinds[] = {
	SAFE_DMA_KIND_SINGLE, SAFE_DMA_KIND_PAGE, SAFE_DMA_KIND_SG, SAFE_DMA_KIND_IOVA,
	SAFE_DMA_KIND_COHERENT, SAFE_DMA_KIND_NONCOHERENT, SAFE_DMA_KIND_NONCONTIGUOUS,
	SAFE_DMA_KIND_POOL
};

/* An IOVA range needs an IOMMU: without one, nothing is left to be seen. */
static int can_be(int fd, unsigned int kind)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, "probe");

	map.kind = kind;
	map = given(map, 0);
	if (run(fd, &map)) {
		if (kind == SAFE_DMA_KIND_IOVA && errno == EOPNOTSUPP)
			return 0;
		fail("a page of a kind cannot be mapped");
	}
	if (!map.dma_address)
		fail("no DMA address was set");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "probe", "unmap what was mapped to see whether it can be");
	return 1;
}

/* To the device what it may read, and else to memory. */
static unsigned int way_of(unsigned int dir)
{
	return dir == SAFE_DMA_FROM_DEVICE ? SAFE_DMA_TRANSFER_TO_MEMORY :
					     SAFE_DMA_TRANSFER_TO_DEVICE;
}

static void devices_turn(int fd, unsigned int kind, unsigned int dir)
{
	int access = has_access(kind) ? EBUSY : EOPNOTSUPP;

	if (!is_shared(kind)) {
		bytes(fd, access, SAFE_DMA_OP_CHECK, "life", 17, "check in the device's turn");
		bytes(fd, access, SAFE_DMA_OP_FILL, "life", 17, "fill in the device's turn");
	}
	simple(fd, has_turns(kind) ? EBUSY : EOPNOTSUPP, SAFE_DMA_OP_SYNC_FOR_DEVICE, "life",
	       "sync for the device, which has it");
	simple(fd, EBUSY, SAFE_DMA_OP_WAIT, "life", "wait for nothing");
	simple(fd, EBUSY, SAFE_DMA_OP_ABORT, "life", "abort nothing");
	move(fd, dir == SAFE_DMA_FROM_DEVICE ? EACCES : 0, SAFE_DMA_OP_TRANSFER, "life",
	     SAFE_DMA_TRANSFER_TO_DEVICE, "transfer to the device");
}

static void cpus_turn(int fd, unsigned int kind, unsigned int dir)
{
	int no_access = has_access(kind) ? 0 : EOPNOTSUPP;

	simple(fd, has_turns(kind) ? 0 : EOPNOTSUPP, SAFE_DMA_OP_SYNC_FOR_CPU, "life",
	       "sync for the CPU");
	if (has_turns(kind)) {
		simple(fd, EBUSY, SAFE_DMA_OP_SYNC_FOR_CPU, "life",
		       "sync for the CPU, which has it");
		move(fd, EBUSY, SAFE_DMA_OP_TRANSFER, "life", way_of(dir),
		     "transfer in the CPU's turn");
		move(fd, EBUSY, SAFE_DMA_OP_START, "life", way_of(dir),
		     "start in the CPU's turn");
	}
	if (dir == SAFE_DMA_FROM_DEVICE) {
		bytes(fd, no_access ? no_access : EACCES, SAFE_DMA_OP_FILL, "life", 18,
		      "fill what only the device writes");
	} else {
		bytes(fd, no_access, SAFE_DMA_OP_CHECK, "life", 17, "check what was there before");
		bytes(fd, no_access, SAFE_DMA_OP_FILL, "life", 18, "fill");
		bytes(fd, no_access, SAFE_DMA_OP_CHECK, "life", 18, "check what was filled");
	}
	if (has_turns(kind))
		simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_DEVICE, "life", "sync for the device");
}

static void in_flight(int fd, unsigned int kind, unsigned int dir)
{
	int access = has_access(kind) ? EBUSY : EOPNOTSUPP;

	move(fd, 0, SAFE_DMA_OP_START, "life", way_of(dir), "start");
	simple(fd, EBUSY, SAFE_DMA_OP_UNMAP, "life", "unmap in flight");
	bytes(fd, access, SAFE_DMA_OP_FILL, "life", 19, "fill in flight");
	bytes(fd, access, SAFE_DMA_OP_CHECK, "life", 19, "check in flight");
	simple(fd, has_turns(kind) ? EBUSY : EOPNOTSUPP, SAFE_DMA_OP_SYNC_FOR_CPU, "life",
	       "sync for the CPU in flight");
	move(fd, EBUSY, SAFE_DMA_OP_START, "life", way_of(dir), "start in flight");
	simple(fd, 0, SAFE_DMA_OP_WAIT, "life", "wait");
}

/* What the device has got comes back, into memory that has other bytes. */
static void back(int fd, unsigned int kind, unsigned int dir)
{
	int no_access = has_access(kind) ? 0 : EOPNOTSUPP;

	if (dir == SAFE_DMA_BIDIRECTIONAL) {
		if (has_turns(kind))
			simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_CPU, "life", "sync for the CPU");
		bytes(fd, no_access, SAFE_DMA_OP_FILL, "life", 20, "fill with something else");
		if (has_turns(kind))
			simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_DEVICE, "life", "sync for the device");
	}
	move(fd, dir == SAFE_DMA_TO_DEVICE ? EACCES : 0, SAFE_DMA_OP_TRANSFER, "life",
	     SAFE_DMA_TRANSFER_TO_MEMORY, "transfer to memory");
	if (has_turns(kind))
		simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_CPU, "life", "sync for the CPU");
	/* A life that only goes to the device has left 18 there, for the next that only comes. */
	bytes(fd, no_access, SAFE_DMA_OP_CHECK, "life", 18, "check what came from the device");
}

/* One whole life; what it may not do is refused on the way, and changes nothing. */
static void live(int fd, unsigned int kind, unsigned int dir)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, "life");

	map.kind = kind;
	map.dir = dir;
	map.pattern = 17;
	if (dir == SAFE_DMA_FROM_DEVICE && is_born_mapped(kind)) {
		must(fd, EACCES, given(map, 0), "fill what only the device writes, from birth");
		map.pattern = 0;
	}
	must(fd, 0, given(map, 0), "map with a pattern");
	devices_turn(fd, kind, dir);
	cpus_turn(fd, kind, dir);
	in_flight(fd, kind, dir);
	back(fd, kind, dir);

	/* Aborted in flight, and unmapped in either's turn. */
	if (dir == SAFE_DMA_BIDIRECTIONAL) {
		if (has_turns(kind))
			simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_DEVICE, "life", "sync for the device");
		move(fd, 0, SAFE_DMA_OP_START, "life", SAFE_DMA_TRANSFER_TO_MEMORY, "start");
		simple(fd, 0, SAFE_DMA_OP_ABORT, "life", "abort");
	}
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "life", "unmap");
	simple(fd, ENOENT, SAFE_DMA_OP_UNMAP, "life", "unmap what is gone");
}

static void lives(void)
{
	int fd = open_device();
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, "life");

	for (int i = 0; i < COUNT(kinds); i++) {
		if (!can_be(fd, kinds[i]))
			continue;
		/* Coherent memory is for both directions, and no other. */
		for (int j = 0; j < (is_shared(kinds[i]) ? 1 : COUNT(dirs)); j++)
			live(fd, kinds[i], dirs[j]);
	}

	map.kind = SAFE_DMA_KIND_RESOURCE;
	map = given(map, 0);
	/* Where nobody translates and what is not memory would be bounced, it cannot be. */
	if (run(fd, &map))
		return;
	bytes(fd, EOPNOTSUPP, SAFE_DMA_OP_FILL, "life", 1, "fill registers");
	bytes(fd, EOPNOTSUPP, SAFE_DMA_OP_CHECK, "life", 1, "check registers");
	simple(fd, EOPNOTSUPP, SAFE_DMA_OP_SYNC_FOR_CPU, "life", "sync registers for the CPU");
	simple(fd, EOPNOTSUPP, SAFE_DMA_OP_SYNC_FOR_DEVICE, "life",
	       "sync registers for the device");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "life", "unmap registers");
}

static unsigned char *map_pages(int fd)
{
	unsigned char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (pages == MAP_FAILED)
		fail("cannot map the device's pages");
	return pages;
}

/* Bytes that are not zero, of a page that is that of the pattern at the offset. */
static unsigned int compare(const unsigned char *page, unsigned int pattern, unsigned int offset)
{
	unsigned int seen = 0;

	for (int i = 0; i < PAGE; i++) {
		if (page[i] != safe_dma_byte(pattern, offset + i))
			fail("a byte is not what the header says");
		seen += !!page[i];
	}
	return seen;
}

/* By the device's own buffer, between a named mapping and the pages that this program has. */
static void bytes_of_header(void)
{
	static const unsigned int patterns[] = { 0, 1, 0x5a, 0x9e3779b1, 0xffffffff };
	int fd = open_device();
	unsigned char *pages = map_pages(fd);
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, "a");
	struct safe_dma_request part = request(SAFE_DMA_OP_TRANSFER, "a");
	unsigned int seen = 0;

	map.size = 0x10000 + PAGE;
	part.size = PAGE;
	for (int i = 0; i < COUNT(patterns); i++) {
		map.pattern = patterns[i];
		must(fd, 0, given(map, SAFE_DMA_HAS_PATTERN), "map with a pattern");
		/* The first page, and one whose offsets have more than 16 bits. */
		for (part.offset = 0; part.offset <= 0x10000; part.offset += 0x10000) {
			must(fd, 0, given(part, SAFE_DMA_HAS_TO), "transfer a part");
			if (ioctl(fd, SAFE_DMA_IOC_WRITE_PAGE, 1))
				fail("the device did not write to the page");
			seen += compare(pages + PAGE, patterns[i], part.offset);
		}
		simple(fd, 0, SAFE_DMA_OP_UNMAP, "a", "unmap");
	}
	if (!seen)
		fail("all bytes are zero");
}

struct change {
	const char *what;
	struct safe_dma_request request;
};

static void fields(void)
{
	static const struct change changes[] = {
		{ "an unknown operation", { .op = 10, .name = "a" } },
		{ "an operation of all ones", { .op = ~0u, .name = "a" } },
		{ "no name", { .op = SAFE_DMA_OP_MAP } },
		{ "a name without an end", { .op = SAFE_DMA_OP_MAP, .name = "sixteen-letters-" } },
		{ "a name, and more after it", { .op = SAFE_DMA_OP_MAP, .name = "a\0b" } },
		{ "a name with a blank", { .op = SAFE_DMA_OP_MAP, .name = "a b" } },
		{ "a name with a slash", { .op = SAFE_DMA_OP_MAP, .name = "a/b" } },
		{ "a name that is not ASCII", { .op = SAFE_DMA_OP_MAP, .name = "\xc3\xa4" } },
		{ "an unknown field", { .fields = 0x100, .name = "a" } },
		{ "all bits", { .fields = ~0u, .name = "a" } },
		{ "a kind that is not given", { .name = "a", .kind = SAFE_DMA_KIND_SG } },
		{ "a direction that is not given", { .name = "a", .dir = SAFE_DMA_TO_DEVICE } },
		{ "a size that is not given", { .name = "a", .size = 1 } },
		{ "an offset that is not given", { .name = "a", .offset = 1 } },
		{ "a pattern that is not given", { .name = "a", .pattern = 1 } },
		{ "a way that is not given", { .name = "a", .to = SAFE_DMA_TRANSFER_TO_MEMORY } },
		{ "a time that is not given", { .name = "a", .timeout = 1 } },
		{ "an interrupt that is not given", { .name = "a", .irq = SAFE_DMA_IRQ_TWICE } },
		{ "what is reserved, first", { .name = "a", .reserved = { 1 } } },
		{ "what is reserved, last", { .name = "a", .reserved = { 0, 1ull << 63 } } },
		{ "an unknown kind", { .fields = SAFE_DMA_HAS_KIND, .name = "a", .kind = 9 } },
		{ "an unknown direction", { .fields = SAFE_DMA_HAS_DIR, .name = "a", .dir = 3 } },
		{ "no size", { .fields = SAFE_DMA_HAS_SIZE, .name = "a" } },
		{ "a size that is too large", {
			.fields = SAFE_DMA_HAS_SIZE, .name = "a", .size = (16 << 20) + 1 } },
		{ "a size of all ones", {
			.fields = SAFE_DMA_HAS_SIZE, .name = "a", .size = ~0ull } },
		{ "an offset beyond the page", {
			.fields = SAFE_DMA_HAS_OFFSET, .name = "a", .offset = 1 << 16 } },
		{ "an offset of a page", {
			.fields = SAFE_DMA_HAS_KIND | SAFE_DMA_HAS_OFFSET, .name = "a",
			.kind = SAFE_DMA_KIND_PAGE, .offset = 1 } },
		{ "a size of registers", {
			.fields = SAFE_DMA_HAS_KIND | SAFE_DMA_HAS_SIZE, .name = "a",
			.kind = SAFE_DMA_KIND_RESOURCE, .size = 4 } },
		{ "a way to map", { .fields = SAFE_DMA_HAS_TO, .name = "a" } },
		{ "a time to map", { .fields = SAFE_DMA_HAS_TIMEOUT, .name = "a", .timeout = 1 } },
		{ "an interrupt to map", { .fields = SAFE_DMA_HAS_IRQ, .name = "a" } },
		{ "a size to unmap", {
			.op = SAFE_DMA_OP_UNMAP, .fields = SAFE_DMA_HAS_SIZE, .name = "a",
			.size = PAGE } },
		{ "an offset to sync", {
			.op = SAFE_DMA_OP_SYNC_FOR_CPU, .fields = SAFE_DMA_HAS_OFFSET,
			.name = "a" } },
		{ "to fill with nothing", { .op = SAFE_DMA_OP_FILL, .name = "a" } },
		{ "to compare with nothing", { .op = SAFE_DMA_OP_CHECK, .name = "a" } },
		{ "to transfer nowhere", { .op = SAFE_DMA_OP_TRANSFER, .name = "a" } },
		{ "to start to nowhere", { .op = SAFE_DMA_OP_START, .name = "a" } },
		{ "an unknown way", {
			.op = SAFE_DMA_OP_TRANSFER, .fields = SAFE_DMA_HAS_TO, .name = "a",
			.to = 2 } },
		{ "an unknown interrupt", {
			.op = SAFE_DMA_OP_TRANSFER, .fields = SAFE_DMA_HAS_TO | SAFE_DMA_HAS_IRQ,
			.name = "a", .irq = 3 } },
		{ "more than the device has", {
			.op = SAFE_DMA_OP_TRANSFER, .fields = SAFE_DMA_HAS_TO | SAFE_DMA_HAS_SIZE,
			.name = "a", .size = PAGE + 1 } },
		{ "no time", {
			.op = SAFE_DMA_OP_WAIT, .fields = SAFE_DMA_HAS_TIMEOUT, .name = "a" } },
		{ "too long a time", {
			.op = SAFE_DMA_OP_WAIT, .fields = SAFE_DMA_HAS_TIMEOUT, .name = "a",
			.timeout = 60001 } },
	};
	int fd = open_device();

	for (int i = 0; i < COUNT(changes); i++) {
		must(fd, EINVAL, changes[i].request, changes[i].what);
		simple(fd, ENOENT, SAFE_DMA_OP_UNMAP, "a", changes[i].what);
	}
}

static void refused(void)
{
	int fd = open_device();
	struct safe_dma_request check = request(SAFE_DMA_OP_CHECK, "a");
	struct safe_dma_request fill = request(SAFE_DMA_OP_FILL, "a");
	struct safe_dma_request map_pattern = request(SAFE_DMA_OP_MAP, "a");

	for (unsigned int op = SAFE_DMA_OP_UNMAP; op <= SAFE_DMA_OP_ABORT; op++) {
		struct safe_dma_request unknown = request(op, "nobody");
		unsigned int fields = 0;

		if (op == SAFE_DMA_OP_FILL || op == SAFE_DMA_OP_CHECK)
			fields = SAFE_DMA_HAS_PATTERN;
		if (op == SAFE_DMA_OP_TRANSFER || op == SAFE_DMA_OP_START)
			fields = SAFE_DMA_HAS_TO;
		must(fd, ENOENT, given(unknown, fields), "a name that nobody has");
	}

	map_pattern.pattern = 5;
	must(fd, 0, given(map_pattern, 0), "map");
	map(fd, EEXIST, "a", SAFE_DMA_KIND_SG, SAFE_DMA_BIDIRECTIONAL, "map the same name");
	map(fd, 0, "b", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map another name");

	/* One engine. */
	move(fd, 0, SAFE_DMA_OP_START, "a", SAFE_DMA_TRANSFER_TO_DEVICE, "start");
	move(fd, EBUSY, SAFE_DMA_OP_START, "b", SAFE_DMA_TRANSFER_TO_DEVICE, "start another");
	move(fd, EBUSY, SAFE_DMA_OP_TRANSFER, "b", SAFE_DMA_TRANSFER_TO_DEVICE,
	     "transfer another");
	simple(fd, 0, SAFE_DMA_OP_WAIT, "a", "wait");
	simple(fd, EBUSY, SAFE_DMA_OP_WAIT, "a", "wait again");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "b", "unmap what could not be started");

	/* A byte that differs, and where. */
	simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_CPU, "a", "sync for the CPU");
	fill.offset = 1000;
	fill.size = 1;
	fill.pattern = 6;
	must(fd, 0, given(fill, 0), "fill a byte");
	check.pattern = 5;
	check = given(check, 0);
	if (run(fd, &check) != EILSEQ || check.differs_at != 1000)
		fail("the byte that differs is another one");
	check.size = 1000;
	must(fd, 0, given(check, 0), "check what is before the byte");
	check.offset = 1001;
	check.size = 0;
	must(fd, 0, given(check, SAFE_DMA_HAS_OFFSET), "check what is after the byte");

	/* Beyond the end. */
	check.offset = PAGE - 1;
	check.size = 2;
	must(fd, EINVAL, given(check, 0), "check beyond the end");
	check.offset = ~0ull;
	must(fd, EINVAL, given(check, 0), "check what overflows");
	fill.offset = PAGE;
	must(fd, EINVAL, given(fill, 0), "fill beyond the end");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "a", "unmap");

	if (!ioctl(fd, _IO('e', 3), 0) || errno != ENOTTY)
		fail("an unknown request is not ENOTTY");
	if (!ioctl(fd, _IOWR('e', 2, __u32), &check) || errno != ENOTTY)
		fail("the request with another size is not ENOTTY");
	if (!ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 2) || errno != EINVAL)
		fail("a page that is not there is not EINVAL");
	if (read(fd, &check, 1) != -1 || errno != EINVAL)
		fail("the file can be read");
	if (write(fd, &check, 1) != -1 || errno != EINVAL)
		fail("the file can be written");
}

static void limits(void)
{
	int fd = open_device(), other = open_device(), third;
	struct safe_dma_request large = request(SAFE_DMA_OP_MAP, "large");
	char name[SAFE_DMA_NAME_LEN];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		map(fd, 0, name, SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map 256 names");
	}
	map(fd, ENOSPC, "one-more", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL,
	    "map one name more");
	map(other, 0, "one-more", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL,
	    "map in another file");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "name-17", "unmap one");
	map(fd, 0, "one-more", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL,
	    "map when there is room");
	close(fd);

	/* 64 MiB, of which the other has a page. */
	large.kind = SAFE_DMA_KIND_SG;
	large.size = 16 << 20;
	large.name[0] = 'A';
	for (int i = 0; i < 3; i++, large.name[0]++)
		must(other, 0, given(large, 0), "map 48 MiB");
	must(other, ENOSPC, given(large, 0), "map more than 64 MiB in all");
	large.size -= PAGE;
	must(other, 0, given(large, 0), "map 64 MiB in all");
	large.size = 1;
	large.name[0]++;
	must(other, ENOSPC, given(large, 0), "map a byte more");

	/* They are the device's, whoever has mapped them. */
	third = open_device();
	must(third, ENOSPC, given(large, 0), "map a byte more in a file that has none");
	simple(other, 0, SAFE_DMA_OP_UNMAP, "one-more", "unmap a page");
	must(third, 0, given(large, 0), "map a byte, which takes a page");
	large.name[0]++;
	must(third, ENOSPC, given(large, 0), "map another byte");
	close(other);
	large.size = 16 << 20;
	must(third, 0, given(large, 0), "map when the others have gone");
}

static void bad_pointers(void)
{
	int fd = open_device();
	struct safe_dma_request *bad[] = {
		NULL, (void *)-1, (void *)-PAGE, (void *)0xffff800080000000,
		(void *)0x0000fffffffff000, (void *)8
	};
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	struct safe_dma_request *edge = (void *)(pages + PAGE - sizeof(*edge) / 2);
	struct safe_dma_request *fixed = (void *)pages;

	if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE))
		fail("cannot make memory that ends");
	for (int i = 0; i < COUNT(bad); i++)
		if (run(fd, bad[i]) != EFAULT)
			fail("a bad pointer is not EFAULT");
	if (run(fd, edge) != EFAULT)
		fail("a structure that is cut in two is not EFAULT");

	/* Not aligned, which is no error. */
	fixed = (void *)(pages + 1);
	*fixed = request(SAFE_DMA_OP_MAP, "a");
	if (run(fd, fixed))
		fail("a structure that is not aligned is refused");

	/* It can be read, and the answer cannot be written. */
	fixed = (void *)pages;
	*fixed = request(SAFE_DMA_OP_MAP, "b");
	if (syscall(__NR_mprotect, pages, PAGE, PROT_READ))
		fail("cannot make memory read-only");
	if (run(fd, fixed) != EFAULT)
		fail("memory that cannot be written is not EFAULT");
	simple(fd, ENOENT, SAFE_DMA_OP_UNMAP, "b", "unmap what nobody knows the address of");
	if (syscall(__NR_mprotect, pages, PAGE, PROT_READ | PROT_WRITE))
		fail("cannot make memory writable");

	/* Where there is no answer, nothing is written. */
	*fixed = request(SAFE_DMA_OP_UNMAP, "a");
	if (syscall(__NR_mprotect, pages, PAGE, PROT_READ))
		fail("cannot make memory read-only");
	if (run(fd, fixed))
		fail("a structure that is only read is refused");
}

/* Runs `child` in a process of its own, which shall end well. */
static pid_t start_child(void (*child)(int fd), int fd)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("cannot fork");
	if (!pid) {
		child(fd);
		exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		fail("a child did not end well");
}

static void use_shared(int fd)
{
	map(fd, EEXIST, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL,
	    "map the parent's name");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "a", "unmap the parent's");
	map(fd, 0, "child", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map in the child");
}

static void openers(void)
{
	int first = open_device(), second = open_device(), copy;

	map(first, 0, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map");
	simple(second, ENOENT, SAFE_DMA_OP_UNMAP, "a", "unmap another's");
	map(second, 0, "a", SAFE_DMA_KIND_SG, SAFE_DMA_BIDIRECTIONAL, "map the same name");

	/* The same file: what is left when the child has ended is the parent's. */
	end_child(start_child(use_shared, first));
	simple(first, ENOENT, SAFE_DMA_OP_UNMAP, "a", "unmap what the child has unmapped");
	simple(first, 0, SAFE_DMA_OP_UNMAP, "child", "unmap the child's");

	/* A copy keeps it open. */
	map(first, 0, "b", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map");
	copy = dup(first);
	if (copy < 0 || close(first))
		fail("cannot copy the descriptor");
	simple(copy, 0, SAFE_DMA_OP_UNMAP, "b", "unmap what the copy keeps");
	simple(second, 0, SAFE_DMA_OP_UNMAP, "a", "unmap the second's");
}

static void wait_long(int fd)
{
	/* It is in flight: this waits, and takes the name with it. */
	simple(fd, 0, SAFE_DMA_OP_WAIT, "a", "wait in the child");
}

static void beside(void)
{
	int fd = open_device(), other = open_device();
	unsigned char *pages;
	pid_t child;

	map(fd, 0, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map");
	move(fd, 0, SAFE_DMA_OP_START, "a", SAFE_DMA_TRANSFER_TO_DEVICE, "start");
	child = start_child(wait_long, fd);
	/* Let it come to wait; the transfer takes 100 ms. */
	usleep(20000);
	simple(fd, EBUSY, SAFE_DMA_OP_WAIT, "a", "wait, as another process does");
	map(fd, EEXIST, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map a busy name");
	map(fd, 0, "b", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map another name");
	map(other, 0, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL,
	    "map in another file");
	simple(other, 0, SAFE_DMA_OP_SYNC_FOR_CPU, "a", "sync for the CPU in another file");
	bytes(other, 0, SAFE_DMA_OP_FILL, "a", 1, "fill in another file");
	pages = map_pages(other);
	pages[0] = 1;
	/* Still: none of that has waited for the transfer. */
	simple(fd, EBUSY, SAFE_DMA_OP_WAIT, "a", "wait, as another process still does");
	end_child(child);
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "a", "unmap when the child has waited");
}

static void read_pages(int fd)
{
	int read = 0;

	for (int i = 0; i < 10000 && read < 5; i++) {
		if (!ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 0))
			read++;
		else if (errno != EBUSY)
			fail("the device did not read");
		else
			usleep(1000);
	}
	if (read < 5)
		fail("another has the pages for ever");
}

static void wanted(void)
{
	int fd = open_device(), other = open_device();
	int read_refused = 0, map_refused = 0;
	pid_t child = start_child(read_pages, other);

	for (int i = 0; i < 100 && !(read_refused && map_refused); i++) {
		void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

		if (memory != MAP_FAILED)
			munmap(memory, PAGE);
		else if (errno == EBUSY)
			map_refused++;
		else
			fail("the pages cannot be mapped for another reason");
		if (ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 1)) {
			if (errno != EBUSY)
				fail("the device did not read for another reason");
			read_refused++;
		}
		usleep(1000);
	}
	if (!read_refused || !map_refused)
		fail("nobody was refused pages that are in a transfer");
	end_child(child);
	map_pages(fd);
	if (ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 1))
		fail("the device did not read when the child had ended");
}

static void late(void)
{
	int fd = open_device();
	struct safe_dma_request transfer = request(SAFE_DMA_OP_TRANSFER, "a");
	struct safe_dma_request wait = request(SAFE_DMA_OP_WAIT, "a");

	map(fd, 0, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map");
	transfer.timeout = 1;
	must(fd, ETIMEDOUT, given(transfer, SAFE_DMA_HAS_TO), "transfer in a millisecond");
	simple(fd, EBUSY, SAFE_DMA_OP_WAIT, "a", "wait for what was aborted");

	move(fd, 0, SAFE_DMA_OP_START, "a", SAFE_DMA_TRANSFER_TO_DEVICE, "start");
	wait.timeout = 1;
	must(fd, ETIMEDOUT, given(wait, 0), "wait a millisecond");
	simple(fd, EBUSY, SAFE_DMA_OP_UNMAP, "a", "unmap what is in flight still");
	simple(fd, 0, SAFE_DMA_OP_WAIT, "a", "wait again");

	transfer.timeout = 1000;
	for (transfer.irq = SAFE_DMA_IRQ_NORMAL; transfer.irq <= SAFE_DMA_IRQ_TWICE; transfer.irq++)
		must(fd, 0, given(transfer, SAFE_DMA_HAS_TO | SAFE_DMA_HAS_IRQ),
		     "transfer with an interrupt, none, or two");
	transfer.irq = SAFE_DMA_IRQ_NORMAL;
	must(fd, 0, given(transfer, SAFE_DMA_HAS_TO), "transfer after that");
	simple(fd, 0, SAFE_DMA_OP_UNMAP, "a", "unmap");
}

static void map_all_kinds(int fd)
{
	for (int i = 0; i < COUNT(kinds); i++) {
		char name[SAFE_DMA_NAME_LEN];

		if (!can_be(fd, kinds[i]))
			continue;
		snprintf(name, sizeof(name), "kind-%d", i);
		map(fd, 0, name, kinds[i], SAFE_DMA_BIDIRECTIONAL, "map one of each kind");
		/* Some in the one's turn, some in the other's. */
		if (has_turns(kinds[i]) && i % 2)
			simple(fd, 0, SAFE_DMA_OP_SYNC_FOR_CPU, name, "sync for the CPU");
	}
	map(fd, 0, "flies", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map one more");
	move(fd, 0, SAFE_DMA_OP_START, "flies", SAFE_DMA_TRANSFER_TO_MEMORY, "start");
}

static void wait_for(const char *file)
{
	for (int i = 0; i < 100; i++) {
		int fd = open(file, O_RDONLY);

		if (fd >= 0) {
			close(fd);
			return;
		}
		usleep(100000);
	}
	fail("nobody said that the driver has gone");
}

static void hold(const char *file)
{
	struct safe_dma_request wait = request(SAFE_DMA_OP_WAIT, "flies");
	int fd = open_device();

	map_all_kinds(fd);
	wait_for(file);
	must(fd, ENODEV, wait, "wait when the driver has gone");
	map(fd, ENODEV, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL,
	    "map when the driver has gone");
	simple(fd, ENODEV, SAFE_DMA_OP_UNMAP, "kind-0", "unmap when the driver has gone");
	if (!ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 0) || errno != ENODEV)
		fail("the device was used when the driver had gone");
}

/* Lives of its own; another process may have the engine at any time. */
static void one_of_many(int shared)
{
	struct safe_dma_request transfer = request(SAFE_DMA_OP_TRANSFER, "own");
	int fds[] = { open_device(), shared };
	char name[SAFE_DMA_NAME_LEN];
	int moved = 0;

	/* In the shared file names are everybody's. */
	snprintf(name, sizeof(name), "pid-%d", getpid());
	for (int i = 0; i < 20; i++) {
		for (int j = 0; j < COUNT(fds); j++) {
			struct safe_dma_request map = request(SAFE_DMA_OP_MAP, name);
			unsigned int kind = kinds[(i + j) % COUNT(kinds)];

			if (kind == SAFE_DMA_KIND_IOVA)
				continue;
			map.kind = kind;
			map.size = 1 + i * 100;
			map.pattern = getpid() + i;
			must(fds[j], 0, given(map, 0), "map beside others");
			if (has_turns(kind))
				simple(fds[j], 0, SAFE_DMA_OP_SYNC_FOR_CPU, name,
				       "sync for the CPU beside others");
			bytes(fds[j], 0, SAFE_DMA_OP_CHECK, name, getpid() + i,
			      "check beside others");
			simple(fds[j], 0, SAFE_DMA_OP_UNMAP, name, "unmap beside others");
		}
	}

	map(fds[0], 0, "own", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map beside others");
	transfer = given(transfer, SAFE_DMA_HAS_TO);
	for (int i = 0; i < 1000 && moved < 2; i++) {
		int error = run(fds[0], &transfer);

		if (error && error != EBUSY)
			fail("a transfer beside others failed");
		moved += !error;
		if (error)
			usleep(10000);
	}
	if (moved < 2)
		fail("others have the engine for ever");
}

static void processes(int devices, char **names)
{
	pid_t children[8][4];

	for (int i = 0; i < devices; i++) {
		int shared;

		device = names[i];
		shared = open_device();
		for (int j = 0; j < COUNT(children[i]); j++)
			children[i][j] = start_child(one_of_many, shared);
	}
	for (int i = 0; i < devices; i++)
		for (int j = 0; j < COUNT(children[i]); j++)
			end_child(children[i][j]);
}

static void must_not(int result, const char *what)
{
	if (result != -1 || errno != EPERM)
		fail(what);
}

static void become_nobody(void)
{
	if (syscall(__NR_setgroups, 0, NULL) || syscall(__NR_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(__NR_setresuid, NOBODY, NOBODY, NOBODY))
		fail("cannot become another user");
}

static void as_nobody(int fd)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, "b");

	must_not(ioctl(fd, SAFE_DMA_IOC_RUN, &map), "another user can run an operation");
	must_not(ioctl(fd, SAFE_DMA_IOC_RUN, NULL), "another user has a pointer looked at");
	must_not(ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 0), "another user can start a transfer");
	must_not(ioctl(fd, SAFE_DMA_IOC_WRITE_PAGE, 0), "another user can start a transfer");
	must_not(ioctl(fd, _IO('e', 3), 0), "another user is told which requests there are");
	if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED || errno != EPERM)
		fail("another user can map the memory");
	if (read(fd, &map, 1) != -1 || write(fd, &map, 1) != -1)
		fail("another user can read or write the file");
}

static void other_user(void)
{
	int fd = open_device();

	map(fd, 0, "a", SAFE_DMA_KIND_SINGLE, SAFE_DMA_BIDIRECTIONAL, "map as root");
	become_nobody();
	as_nobody(fd);
}

/* Neither read nor written by who may not, whether it could be opened for that or not. */
static void read_and_write(int reader, int writer)
{
	char byte = '\n';

	if (reader >= 0)
		must_not(read(reader, &byte, 1), "another user can read the file");
	/* Words that run, if they are written; EINVAL has a file that nobody can write. */
	if (writer >= 0 && (write(writer, "op=map_single", 13) != -1 ||
			    (errno != EPERM && errno != EINVAL)))
		fail("another user can write the file");
}

static void handed(void)
{
	int reader = open(device, O_RDONLY), writer = open(device, O_WRONLY);

	if (reader < 0 || writer < 0)
		fail("root cannot open the file");
	become_nobody();
	read_and_write(reader, writer);
}

static int open_alone(int mode)
{
	int fd = open(device, mode);

	if (fd < 0 && errno != EPERM && errno != EACCES)
		fail("another user cannot open the file for another reason");
	return fd;
}

static void alone(void)
{
	int reader, writer;

	become_nobody();
	reader = open_alone(O_RDONLY);
	writer = open_alone(O_WRONLY);
	read_and_write(reader, writer);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	if (argc < 3)
		fail("usage: see the beginning of ioctl.c");
	device = argv[1];
	if (!strcmp(argv[argc - 1], "processes"))
		processes(argc - 2, argv + 1);
	else if (!strcmp(what, "lives"))
		lives();
	else if (!strcmp(what, "bytes"))
		bytes_of_header();
	else if (!strcmp(what, "fields"))
		fields();
	else if (!strcmp(what, "refused"))
		refused();
	else if (!strcmp(what, "limits"))
		limits();
	else if (!strcmp(what, "pointers"))
		bad_pointers();
	else if (!strcmp(what, "openers"))
		openers();
	else if (!strcmp(what, "beside"))
		beside();
	else if (!strcmp(what, "wanted"))
		wanted();
	else if (!strcmp(what, "late"))
		late();
	else if (!strcmp(what, "leave"))
		map_all_kinds(open_device());
	else if (!strcmp(what, "hold") && argc == 4)
		hold(argv[3]);
	else if (!strcmp(what, "other"))
		other_user();
	else if (!strcmp(what, "handed"))
		handed();
	else if (!strcmp(what, "alone"))
		alone();
	else
		fail("usage: see the beginning of ioctl.c");
	return 0;
}
