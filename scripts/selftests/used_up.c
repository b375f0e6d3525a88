// SPDX-License-Identifier: GPL-2.0
/*
 * All addresses of a device are used up by mappings with a name, of each kind, by the device file
 * and by words; what is one too many is refused, changes nothing, and can be had when another has
 * gone.
 *
 *   used_up DEVICE CONTROL
 *
 * Prints how many bytes of addresses there are, which must be as many each time. Exits with 0 if
 * all was as it must be; says on stderr what was not.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "request.h"

#define PAGE	4096
#define LARGEST	(32 * PAGE)
#define SEGMENT	(16 * PAGE)
#define PATTERN	17
#define QUARTER	(4 << 20)
/* The first one that was mapped. */
#define FIRST	"all-0"

static const char *control;

static const char *const kind_names[] = {
	"single", "page", "sg", "iova", "coherent", "noncoherent", "noncontiguous", "pool",
	"resource"
};

static void fail(const char *what)
{
	fprintf(stderr, "used_up: %s (errno %d)\n", what, errno);
	exit(1);
}

static int open_file(const char *name, int mode)
{
	int fd = open(name, mode);

	if (fd < 0)
		fail(name);
	return fd;
}

static int open_control(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", control, name);
	return open_file(path, O_RDWR);
}

/* What is mapped, as a text. */
static void read_mappings(char *text, size_t size)
{
	int fd = open_control("mappings");
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, text + len, size - 1 - len);
		if (got < 0)
			fail("what is mapped cannot be read");
		len += got;
	} while (got && len < size - 1);
	text[len] = '\0';
	close(fd);
}

/* Who maps: by the device file, or by words. */
struct mapper {
	int fd;
	int by_words;
	unsigned int kind;
};

static int by_words(int fd, const char *words)
{
	ssize_t len = strlen(words);

	return write(fd, words, len) == len ? 0 : errno;
}

/* 0, or errno. */
static int map_one(const struct mapper *mapper, const char *name, unsigned int size)
{
	struct safe_dma_request map = request(SAFE_DMA_OP_MAP, name);
	char words[96];
	int len;

	map.kind = mapper->kind;
	map.size = size;
	map.pattern = has_access(mapper->kind) && !strcmp(name, FIRST) ? PATTERN : 0;
	if (!mapper->by_words) {
		map = given(map, 0);
		return run(mapper->fd, &map);
	}
	len = snprintf(words, sizeof(words), "op=map name=%s kind=%s%s", name,
		       kind_names[mapper->kind], map.pattern ? " pattern=17" : "");
	if (size)
		snprintf(words + len, sizeof(words) - len, " size=%u", size);
	return by_words(mapper->fd, words);
}

static void unmap_one(const struct mapper *mapper, const char *name)
{
	struct safe_dma_request unmap = request(SAFE_DMA_OP_UNMAP, name);
	char words[96];
	int error;

	snprintf(words, sizeof(words), "op=unmap name=%s", name);
	error = mapper->by_words ? by_words(mapper->fd, words) : run(mapper->fd, &unmap);
	if (error)
		fail("what was mapped cannot be unmapped");
}

static const char *numbered(int number)
{
	static char name[SAFE_DMA_NAME_LEN];

	snprintf(name, sizeof(name), "all-%d", number);
	return name;
}

/* Nobody gets an address any more, of whatever kind and from whom. */
static void refuse_all(const struct mapper *full, const struct mapper *mappers, int count)
{
	static char before[65536], after[65536];

	read_mappings(before, sizeof(before));
	for (int i = 0; i < count; i++) {
		for (unsigned int kind = 0; kind < COUNT(kind_names); kind++) {
			struct mapper mapper = mappers[i];
			int error;

			mapper.kind = kind;
			error = map_one(&mapper, "more", kind == SAFE_DMA_KIND_RESOURCE ? 0 : 1);
			if (error == ENOMEM)
				continue;
			fprintf(stderr, "used_up: all are used by %s, and %s%s: errno %d\n",
				kind_names[full->kind], kind_names[kind],
				mapper.by_words ? " by words" : "", error);
			exit(1);
		}
	}
	read_mappings(after, sizeof(after));
	if (strcmp(before, after))
		fail("what was refused has changed what is mapped");
}

/* The bytes of the first go to the device and come back. */
static void still_there(const struct mapper *mapper)
{
	struct safe_dma_request move = request(SAFE_DMA_OP_TRANSFER, FIRST);
	struct safe_dma_request check = request(SAFE_DMA_OP_CHECK, FIRST);
	struct safe_dma_request turn = request(SAFE_DMA_OP_SYNC_FOR_CPU, FIRST);

	for (move.to = 0; move.to <= SAFE_DMA_TRANSFER_TO_MEMORY; move.to++) {
		move = given(move, SAFE_DMA_HAS_TO);
		if (run(mapper->fd, &move))
			fail("what was mapped first cannot be used");
	}
	check.pattern = PATTERN;
	check = given(check, 0);
	if (has_turns(mapper->kind) && run(mapper->fd, &turn))
		fail("what was mapped first cannot be synced");
	if (has_access(mapper->kind) && run(mapper->fd, &check))
		fail("what was mapped first has other bytes");
}

/*
 * Of what is one segment for the device, of 64 KiB, there cannot be as many as there are
 * addresses: a table has no more than 256 names. Others, of another open file, take a half.
 */
static unsigned int take_a_half(struct mapper *others, const char *device)
{
	others->fd = open_file(device, O_RDWR);
	for (int i = 0; i < 2; i++)
		if (map_one(others, numbered(i), QUARTER))
			fail("a half of the addresses cannot be taken");
	return 2 * QUARTER;
}

/* Takes the largest pieces that there are, and then the smaller ones; returns how many bytes. */
static unsigned int use_up(const struct mapper *mapper, const struct mapper *mappers, int count,
			   const char *device)
{
	struct mapper others = { .fd = -1, .kind = SAFE_DMA_KIND_PAGE };
	unsigned int bytes = 0, size = LARGEST;
	int number = 0, error = 0;

	if (mapper->kind == SAFE_DMA_KIND_NONCONTIGUOUS) {
		bytes = take_a_half(&others, device);
		size = SEGMENT;
	}
	for (; size >= PAGE; size /= 2) {
		while (!(error = map_one(mapper, numbered(number), size))) {
			number++;
			bytes += size;
		}
		if (error != ENOMEM)
			fail("addresses are refused for another reason");
	}
	if (!number)
		fail("there are no addresses at all");
	refuse_all(mapper, mappers, count);
	if (!mapper->by_words)
		still_there(mapper);

	/* One goes, and another one comes. */
	unmap_one(mapper, numbered(number - 1));
	if (map_one(mapper, "more", PAGE))
		fail("there is no address, and one was given back");
	if (map_one(mapper, numbered(number - 1), PAGE) == 0)
		unmap_one(mapper, numbered(number - 1));
	unmap_one(mapper, "more");
	for (int i = 0; i < number - 1; i++)
		unmap_one(mapper, numbered(i));
	if (others.fd >= 0)
		close(others.fd);
	/* Where the TLB is told later, so long. */
	usleep(200000);
	return bytes;
}

int main(int argc, char **argv)
{
	struct mapper mappers[2] = { { .by_words = 0 }, { .by_words = 1 } };
	unsigned int expected = 0;

	if (argc != 3)
		fail("usage: used_up DEVICE CONTROL");
	control = argv[2];
	mappers[0].fd = open_file(argv[1], O_RDWR);
	mappers[1].fd = open_control("run");

	for (int i = 0; i < COUNT(mappers); i++) {
		/* What is left has no size of its own. */
		for (unsigned int kind = 0; kind < SAFE_DMA_KIND_POOL; kind++) {
			struct mapper mapper = mappers[i];
			unsigned int bytes;

			mapper.kind = kind;
			bytes = use_up(&mapper, mappers, COUNT(mappers), argv[1]);
			printf("# %s%s: %u bytes of addresses\n", kind_names[kind],
			       mapper.by_words ? " by words" : "", bytes);
			if (expected && bytes != expected)
				fail("there are more addresses than there were, or fewer");
			expected = bytes;
		}
	}
	printf("# in all: %u\n", expected);
	return 0;
}
