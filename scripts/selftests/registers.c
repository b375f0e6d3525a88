// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of a device, by the file of its BAR in sysfs.
 *
 *   registers FILE OFFSET          prints what a register of 32 bits has
 *   registers FILE OFFSET VALUE    writes to it
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096

int main(int argc, char **argv)
{
	unsigned long offset = argc > 2 ? strtoul(argv[2], NULL, 0) : PAGE;
	unsigned int *registers;
	int fd;

	if (argc < 3 || argc > 4 || offset >= PAGE || offset % 4) {
		fprintf(stderr, "usage: %s FILE OFFSET [VALUE]\n", argv[0]);
		return 1;
	}
	fd = open(argv[1], O_RDWR);
	registers = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || registers == MAP_FAILED) {
		fprintf(stderr, "registers: %s cannot be mapped (errno %d)\n", argv[1], errno);
		return 1;
	}
	registers += offset / 4;
	if (argc == 4)
		__atomic_store_n(registers, strtoul(argv[3], NULL, 0), __ATOMIC_RELAXED);
	else
		printf("%#x\n", __atomic_load_n(registers, __ATOMIC_RELAXED));
	return 0;
}
