// SPDX-License-Identifier: GPL-2.0
/*
 * Uses up all DMA addresses of a device with mappings of each kind. One more mapping, of any kind,
 * is refused and changes nothing; it succeeds after an unmap.
 *
 *   used_up DIRECTORY
 *
 * DIRECTORY is the device's directory in debugfs. Prints the size of all addresses, which must be
 * the same for each kind. Exits with 0 on success.
 */

#define PROGRAM "used_up"

#include "request.h"

#define LARGEST	(32 * PAGE)
#define SEGMENT	(16 * PAGE)
#define QUARTER	(4 << 20)

static const char *directory;
static int run_fd;

static int map_one(const char *name, unsigned int kind, unsigned int size)
{
	if (kind == KIND_RESOURCE)
		return operate(run_fd, "op=map name=%s kind=resource", name);
	return operate(run_fd, "op=map name=%s kind=%s size=%u", name, kinds[kind], size);
}

/* Maps memory with a numbered name. The first mapping has a pattern. */
static int map_number(int number, unsigned int kind, unsigned int size)
{
	return operate(run_fd, "op=map name=all-%d kind=%s size=%u%s", number, kinds[kind], size,
		       number || !has_access(kind) ? "" : " pattern=17");
}

static void must(int error, const char *what)
{
	errno = error;
	if (error)
		fail(what);
}

static void unmap_number(int number)
{
	must(operate(run_fd, "op=unmap name=all-%d", number), "unmap");
}

/* Checks that a mapping of any kind is refused. */
static void refuse_all(unsigned int full)
{
	static char before[65536], after[65536];

	read_control(directory, "mappings", before, sizeof(before));
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		int error = map_one("more", kind, 1);

		if (error == ENOMEM)
			continue;
		fprintf(stderr, "# used_up: all are used by %s, and %s: errno %d\n", kinds[full],
			kinds[kind], error);
		exit(1);
	}
	if (strcmp(before, read_control(directory, "mappings", after, sizeof(after))))
		fail("a refused mapping has changed the mappings");
}

/* Checks that the bytes of the first mapping go to the device and back. */
static void check_first(unsigned int kind)
{
	for (unsigned int to = 0; to < TOS; to++)
		must(operate(run_fd, "op=transfer name=all-0 to=%s", tos[to]), "transfer");
	if (has_syncs(kind))
		must(operate(run_fd, "op=sync_for_cpu name=all-0"), "sync_for_cpu");
	if (has_access(kind))
		must(operate(run_fd, "op=check name=all-0 pattern=17"), "check");
}

/* Maps the largest free ranges, and then smaller ones. Returns the total size. */
static unsigned int use_up(unsigned int kind)
{
	unsigned int bytes = 0, size = LARGEST;
	int number = 0, error = 0;

	/*
	 * The limit of 256 names leaves addresses unused with segments of 64 KiB: map half of the
	 * addresses otherwise.
	 */
	if (kind == KIND_NONCONTIGUOUS) {
		must(map_one("half-0", KIND_PAGE, QUARTER), "map a quarter");
		must(map_one("half-1", KIND_PAGE, QUARTER), "map another quarter");
		bytes = 2 * QUARTER;
		size = SEGMENT;
	}
	for (; size >= PAGE; size /= 2) {
		while (!(error = map_number(number, kind, size))) {
			number++;
			bytes += size;
		}
		if (error != ENOMEM)
			must(error, "addresses are refused for another reason");
	}
	if (!number)
		fail("there are no addresses");
	refuse_all(kind);
	check_first(kind);

	unmap_number(number - 1);
	must(map_one("more", kind, PAGE), "map after an unmap");
	if (!map_number(number - 1, kind, PAGE))
		unmap_number(number - 1);
	must(operate(run_fd, "op=unmap name=more"), "unmap");
	for (int i = 0; i < number - 1; i++)
		unmap_number(i);
	if (kind == KIND_NONCONTIGUOUS) {
		must(operate(run_fd, "op=unmap name=half-0"), "unmap a quarter");
		must(operate(run_fd, "op=unmap name=half-1"), "unmap another quarter");
	}
	/* With deferred invalidation, wait until the addresses are free. */
	usleep(200000);
	return bytes;
}

int main(int argc, char **argv)
{
	unsigned int expected = 0;

	if (argc != 2)
		fail("usage: used_up DIRECTORY");
	directory = argv[1];
	run_fd = open_control(directory, "run", O_WRONLY);

	/* Pools and registers have a fixed size. */
	for (unsigned int kind = 0; kind < KIND_POOL; kind++) {
		unsigned int bytes = use_up(kind);

		printf("# %s: %u bytes of addresses\n", kinds[kind], bytes);
		if (expected && bytes != expected)
			fail("the number of addresses has changed");
		expected = bytes;
	}
	printf("# in all: %u\n", expected);
	return 0;
}
