// SPDX-License-Identifier: GPL-2.0

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "helpers.h"

void *helper_kmalloc(size_t size, gfp_t flags)
{
	return kmalloc(size, flags);
}

void *helper_page_address(struct page *page)
{
	return page_address(page);
}

phys_addr_t helper_page_to_phys(struct page *page)
{
	return page_to_phys(page);
}

unsigned long helper_totalram_pages(void)
{
	return totalram_pages();
}

phys_addr_t helper_virt_to_phys(const void *addr)
{
	return virt_to_phys((void *)addr);
}
