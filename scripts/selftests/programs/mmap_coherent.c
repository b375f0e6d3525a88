// SPDX-License-Identifier: GPL-2.0
/*
 * Maps the coherent pages of /dev/safe_dma0, and lets the device transfer them.
 *
 *   mmap_coherent DIRECTORY round-trip   the device copies one page to the other
 *   mmap_coherent DIRECTORY bytes        the device returns the documented bytes of patterns
 *   mmap_coherent DIRECTORY refused      invalid areas, transfers and system calls are refused
 *   mmap_coherent DIRECTORY wanted       the pages are busy during a transfer
 *   mmap_coherent DIRECTORY other        another user cannot use the open file
 *   mmap_coherent DIRECTORY hold FILE    maps the pages, splits and copies the area, waits until
 *                                        FILE exists, which means that the driver is unbound, and
 *                                        uses the pages
 *
 * DIRECTORY is the device's directory in debugfs. Exits with 0 on success.
 */

#define PROGRAM "mmap_coherent"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common.h"

#define FILE_NAME	"/dev/safe_dma0"
#define SIZE		(PAGES * PAGE)
#define NOBODY		65534

static const char *directory;
/* Each process opens its own file: writes to the same open file are serialized. */
static int run_fd;

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
	return open_file(FILE_NAME, O_RDWR);
}

/* Returns 0 or an error. */
static int transfer(int page, const char *to)
{
	return operate(run_fd, "op=transfer_page page=%d to=%s", page, to);
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
	if (transfer(0, "device"))
		fail("the device did not read");
	/* Only the bytes that the device has read match the pattern. */
	fill(memory, 3);
	if (transfer(1, "memory"))
		fail("the device did not write");
	compare(memory + PAGE, 1, "the device wrote other bytes than it read");
	compare(memory, 3, "the device wrote elsewhere");

	/* The second page alone is the same memory. */
	second = map(fd, PAGE, PAGE);
	if (second == MAP_FAILED)
		fail("cannot map the second page");
	compare(second, 1, "the second page differs if it is mapped alone");

	/* The child copies the area, and the parent splits it. */
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
	char byte = 0;

	if (map(fd, SIZE + PAGE, 0) != MAP_FAILED)
		fail("more was mapped than there is");
	if (map(fd, PAGE, SIZE) != MAP_FAILED)
		fail("memory beyond the end was mapped");
	if (map(fd, SIZE, PAGE) != MAP_FAILED)
		fail("memory was mapped from within to beyond the end");
	if (transfer(PAGES, "device") != EINVAL)
		fail("the device has read beyond the end");
	if (read(fd, &byte, 1) != -1 || errno != EINVAL)
		fail("the file can be read");
	if (write(fd, &byte, 1) != -1 || errno != EINVAL)
		fail("the file can be written");
	if (!ioctl(fd, _IO('e', 0), 0) || errno != ENOTTY)
		fail("the file has ioctls");
}

/* Checks patterns: transfers bytes from a mapping to the device, and from there to a page. */
static void patterns_match(void)
{
	static const unsigned int patterns[] = { 0, 1, 0x5a, 0x9e3779b1, 0xffffffff };
	const unsigned char *page = map_all(open_device()) + PAGE;
	unsigned int seen = 0;

	for (int i = 0; i < COUNT(patterns); i++) {
		if (operate(run_fd, "op=map name=bytes size=%u pattern=%u", 0x10000 + PAGE,
			    patterns[i]))
			fail("map with a pattern");
		/* The first page, and one with offsets of more than 16 bits. */
		for (unsigned int offset = 0; offset <= 0x10000; offset += 0x10000) {
			if (operate(run_fd, "op=transfer name=bytes to=device offset=%u size=%u",
				    offset, PAGE) ||
			    transfer(1, "memory"))
				fail("transfer");
			for (int j = 0; j < PAGE; j++) {
				if (page[j] != pattern_byte(patterns[i], offset + j))
					fail("a byte is not that of the pattern");
				seen += !!page[j];
			}
		}
		if (operate(run_fd, "op=unmap name=bytes"))
			fail("unmap");
	}
	if (!seen)
		fail("all bytes are zero");
}

static pid_t start_child(void (*child)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		fail("cannot fork");
	if (!pid) {
		run_fd = open_control(directory, "run", O_WRONLY);
		child();
		exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		fail("a child has failed");
}

/* Transfers a page five times. */
static void transfer_often(void)
{
	int done = 0;

	for (int i = 0; i < 10000 && done < 5; i++) {
		int error = transfer(0, "device");

		if (error && error != EBUSY)
			fail("the device did not read");
		done += !error;
		if (error)
			usleep(1000);
	}
	if (done < 5)
		fail("the pages stay busy");
}

static void wanted(void)
{
	int fd = open_device();
	int transfer_refused = 0, map_refused = 0;
	pid_t child = start_child(transfer_often);

	for (int i = 0; i < 1000 && !(transfer_refused && map_refused); i++) {
		void *memory = map(fd, PAGE, 0);

		if (memory == MAP_FAILED) {
			int error;

			if (errno != EBUSY)
				fail("the pages cannot be mapped, with an error other than EBUSY");
			map_refused++;
			/* This succeeds if the child's transfer has just ended. */
			error = transfer(1, "device");
			if (error && error != EBUSY)
				fail("the device did not read, with an error other than EBUSY");
			transfer_refused += error == EBUSY;
		} else {
			munmap(memory, PAGE);
		}
		usleep(1000);
	}
	if (!transfer_refused || !map_refused)
		fail("pages in a transfer were not refused");
	end_child(child);
	map_all(fd);
	if (transfer(1, "device"))
		fail("the device did not read after the child");
}

static void other(void)
{
	int fd = open_device();
	char byte = 0;

	if (syscall(__NR_setgroups, 0, NULL) || syscall(__NR_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(__NR_setresuid, NOBODY, NOBODY, NOBODY))
		fail("cannot become another user");
	if (map(fd, PAGE, 0) != MAP_FAILED || errno != EPERM)
		fail("another user can map the pages");
	if (read(fd, &byte, 1) != -1 || write(fd, &byte, 1) != -1 || !ioctl(fd, _IO('e', 0), 0))
		fail("another user can use the file");
	if (transfer(0, "device") != EPERM)
		fail("another user can start a transfer");
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
	fail("the driver was not unbound in time");
}

static void hold(const char *file)
{
	int fd = open_device();
	unsigned char *memory = map_all(fd);
	pid_t child;
	int error, status;

	fill(memory, 4);
	fill(memory + PAGE, 5);
	child = fork();
	if (child < 0)
		fail("cannot fork");
	/* The parent splits and unmaps its area; the child keeps its copy. */
	if (child && (munmap(memory, PAGE) || munmap(memory + PAGE, PAGE)))
		fail("cannot unmap");
	if (child) {
		if (waitpid(child, &status, 0) != child || status)
			exit(1);
		return;
	}

	wait_for(file);
	compare(memory, 4, "the first page has changed");
	compare(memory + PAGE, 5, "the second page has changed");
	fill(memory, 6);
	compare(memory, 6, "the memory cannot be written to");
	if (map(fd, SIZE, 0) != MAP_FAILED || errno != ENODEV)
		fail("the memory was mapped after the unbind");
	/* Debugfs returns EIO for a removed file. */
	error = transfer(0, "device");
	if (error != EIO && error != ENODEV)
		fail("the device was used after the unbind");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "round-trip", round_trip }, { "bytes", patterns_match }, { "refused", refused },
		{ "wanted", wanted }, { "other", other },
	};

	if (argc < 3)
		fail("usage: see the comment at the top");
	directory = argv[1];
	run_fd = open_control(directory, "run", O_WRONLY);
	if (argc == 4 && !strcmp(argv[2], "hold")) {
		hold(argv[3]);
		return 0;
	}
	for (int i = 0; argc == 3 && i < COUNT(parts); i++) {
		if (strcmp(argv[2], parts[i].name))
			continue;
		parts[i].run();
		return 0;
	}
	fail("usage: see the comment at the top");
	return 1;
}
