// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions of the kernel in a read of a disk, past the page cache:
 *
 *   count_reads BY DISK SIZE BUFFER [ROUNDS]
 *
 * reads SIZE bytes at a time, one read after the other: a page from random places, more in
 * sequence. BUFFER is a file whose pages are read to, for the same pages in each run. bench_dma.ko
 * has started the counter, which leaves out this program. The program waits for the end of a read
 * without a system call: what a processor does that is idle is not the same each time. Prints a
 * line as that module does.
 */

#define PROGRAM "count_reads"

#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common.h"
#include "random.h"

#define DISK_SIZE	(64 << 20)
#define WARM_UP		16
#define ROUNDS		128

/* What io_setup() maps, see fs/aio.c. */
struct ring {
	unsigned int id, nr, head, tail, magic, compat_features, incompat_features, header_length;
	struct io_event events[];
};

static unsigned int instructions(void)
{
	unsigned long count;

	asm volatile("isb; mrs %0, pmevcntr0_el0" : "=r" (count) : : "memory");
	return count;
}

/* Returns the result of the read. */
static long read_once(aio_context_t context, struct iocb *read)
{
	struct ring *ring = (struct ring *)context;
	unsigned int head = ring->head;
	long result;

	if (syscall(__NR_io_submit, context, 1, &read) != 1)
		fail("the read cannot be submitted");
	while (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == head)
		;
	result = ring->events[head].res;
	__atomic_store_n(&ring->head, (head + 1) % ring->nr, __ATOMIC_RELEASE);
	return result;
}

static void sort(unsigned int *samples, int count)
{
	for (int i = 1; i < count; i++)
		for (int j = i; j && samples[j] < samples[j - 1]; j--) {
			unsigned int other = samples[j];

			samples[j] = samples[j - 1];
			samples[j - 1] = other;
		}
}

int main(int argc, char **argv)
{
	struct iocb read = { .aio_lio_opcode = IOCB_CMD_PREAD };
	struct random random = { 1 };
	unsigned int samples[ROUNDS];
	int rounds = ROUNDS;
	aio_context_t context = 0;
	void *buffer;

	if (argc > 5)
		rounds = atoi(argv[5]);
	if (argc < 5 || rounds < 1 || rounds > ROUNDS)
		fail("usage: see the comment at the top");
	read.aio_fildes = open_file(argv[2], O_RDONLY | O_DIRECT);
	read.aio_nbytes = strtoul(argv[3], NULL, 0);
	buffer = mmap(NULL, read.aio_nbytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      open_file(argv[4], O_RDWR), 0);
	if (buffer == MAP_FAILED)
		fail("the buffer cannot be mapped");
	read.aio_buf = (unsigned long)buffer;
	if (syscall(__NR_io_setup, 1, &context))
		fail("reads cannot be set up");

	for (int i = -WARM_UP; i < rounds; i++) {
		unsigned int start;
		long got;

		if (read.aio_nbytes == PAGE)
			read.aio_offset = random_below(&random, DISK_SIZE / PAGE) * PAGE;
		else
			read.aio_offset = (i + WARM_UP) * read.aio_nbytes;
		start = instructions();
		got = read_once(context, &read);
		if (i >= 0)
			samples[i] = instructions() - start;
		if (got != read.aio_nbytes)
			fail("the disk cannot be read");
	}
	sort(samples, rounds);
	printf("bench: op=nvme size=%lu count=1 by=%s min=%u median=%u max=%u mark=0\n",
	       (unsigned long)read.aio_nbytes, argv[1], samples[0], samples[rounds / 2],
	       samples[rounds - 1]);
	return 0;
}
