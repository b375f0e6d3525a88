// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes registers of a device through the file of its BAR in sysfs.
 *
 *   registers FILE OFFSET          prints a 32-bit register
 *   registers FILE OFFSET VALUE    writes VALUE to the register
 */

#define PROGRAM "registers"

#include <sys/mman.h>

#include "common.h"

int main(int argc, char **argv)
{
	unsigned long offset = argc > 2 ? strtoul(argv[2], NULL, 0) : PAGE;
	unsigned int *registers;
	int fd;

	if (argc < 3 || argc > 4 || offset >= PAGE || offset % 4)
		fail("usage: registers FILE OFFSET [VALUE]");
	fd = open_file(argv[1], O_RDWR);
	registers = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (registers == MAP_FAILED)
		fail("the registers cannot be mapped");
	registers += offset / 4;
	if (argc == 4)
		__atomic_store_n(registers, strtoul(argv[3], NULL, 0), __ATOMIC_RELAXED);
	else
		printf("%#x\n", __atomic_load_n(registers, __ATOMIC_RELAXED));
	return 0;
}
