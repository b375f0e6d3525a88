// SPDX-License-Identifier: GPL-2.0
/*
 * The user of /dev/safe_dma0, whose two pages are coherent memory of the device.
 *
 *   mmap_coherent round-trip   writes to one page, has the device copy it to the other, compares
 *   mmap_coherent refused      asks for what must be refused
 *   mmap_coherent hold FILE    maps the memory, splits and copies the mapping, waits until FILE is
 *                              there, which is when the driver has gone, and uses the memory again
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
#include <sys/wait.h>
#include <unistd.h>

#include "../../rust/testdev/uapi/safe_dma.h"

#define DEVICE	"/dev/safe_dma0"
#define PAGE	4096
#define SIZE	(2 * PAGE)

static void fail(const char *what)
{
	fprintf(stderr, "mmap_coherent: %s (errno %d)\n", what, errno);
	exit(1);
}

static unsigned char pattern(int i, int seed)
{
	return i * 7 + (i >> 8) + seed;
}

static void fill(unsigned char *page, int seed)
{
	for (int i = 0; i < PAGE; i++)
		page[i] = pattern(i, seed);
}

static void compare(unsigned char *page, int seed, const char *what)
{
	for (int i = 0; i < PAGE; i++)
		if (page[i] != pattern(i, seed))
			fail(what);
}

static int open_device(void)
{
	int fd = open(DEVICE, O_RDWR);

	if (fd < 0)
		fail("cannot open " DEVICE);
	return fd;
}

static void *map(int fd, size_t size, long offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static unsigned char *map_all(int fd)
{
	unsigned char *memory = map(fd, SIZE, 0);

	if (memory == MAP_FAILED)
		fail("cannot map the memory");
	return memory;
}

static void round_trip(void)
{
	int fd = open_device();
	unsigned char *memory = map_all(fd);
	unsigned char *second;
	pid_t child;

	fill(memory, 1);
	fill(memory + PAGE, 2);
	if (ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 0))
		fail("the device did not read");
	/* Only what the device has read can be the pattern. */
	fill(memory, 3);
	if (ioctl(fd, SAFE_DMA_IOC_WRITE_PAGE, 1))
		fail("the device did not write");
	compare(memory + PAGE, 1, "the device wrote something else than it read");
	compare(memory, 3, "the device wrote elsewhere");

	/* The second page alone is the same memory. */
	second = map(fd, PAGE, PAGE);
	if (second == MAP_FAILED)
		fail("cannot map the second page");
	compare(second, 1, "the second page is something else when it is mapped alone");

	/* The mapping is copied, and what is left of it split. */
	child = fork();
	if (child < 0)
		fail("cannot fork");
	if (!child)
		return;
	if (waitpid(child, NULL, 0) != child)
		fail("cannot wait for the child");
	if (munmap(second, PAGE) || munmap(memory, PAGE) || munmap(memory + PAGE, PAGE))
		fail("cannot unmap");
}

static void refused(void)
{
	int fd = open_device();

	if (map(fd, SIZE + PAGE, 0) != MAP_FAILED)
		fail("more was mapped than there is");
	if (map(fd, PAGE, SIZE) != MAP_FAILED)
		fail("memory beyond the end was mapped");
	if (map(fd, SIZE, PAGE) != MAP_FAILED)
		fail("memory was mapped from within to beyond the end");
	if (!ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 2))
		fail("the device has read beyond the end");
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
	int fd = open_device();
	unsigned char *memory = map_all(fd);
	pid_t child;
	int status;

	fill(memory, 4);
	fill(memory + PAGE, 5);
	child = fork();
	if (child < 0)
		fail("cannot fork");
	/* The parent's goes, and is split before; the child's stays. */
	if (child && (munmap(memory, PAGE) || munmap(memory + PAGE, PAGE)))
		fail("cannot unmap");
	if (child) {
		if (waitpid(child, &status, 0) != child || status)
			exit(1);
		return;
	}

	wait_for(file);
	compare(memory, 4, "the first page is not what it was");
	compare(memory + PAGE, 5, "the second page is not what it was");
	fill(memory, 6);
	compare(memory, 6, "the memory cannot be written to");
	if (map(fd, SIZE, 0) != MAP_FAILED || errno != ENODEV)
		fail("the memory was mapped when the driver had gone");
	if (!ioctl(fd, SAFE_DMA_IOC_READ_PAGE, 0) || errno != ENODEV)
		fail("the device was used when the driver had gone");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "round-trip"))
		round_trip();
	else if (argc == 2 && !strcmp(argv[1], "refused"))
		refused();
	else if (argc == 3 && !strcmp(argv[1], "hold"))
		hold(argv[2]);
	else
		fail("usage: mmap_coherent round-trip | refused | hold FILE");
	return 0;
}
