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

struct folio *helper_pfn_folio(unsigned long pfn)
{
	return pfn_folio(pfn);
}

bool helper_folio_maybe_dma_pinned(struct folio *folio)
{
	return folio_maybe_dma_pinned(folio);
}

bool helper_folio_test_dirty(struct folio *folio)
{
	return folio_test_dirty(folio);
}

unsigned long helper_totalram_pages(void)
{
	return totalram_pages();
}

/* Returns the physical address of @addr, in the linear map or in vmalloc space. */
phys_addr_t helper_cpu_addr_to_phys(const void *addr)
{
	if (is_vmalloc_addr(addr))
		return PFN_PHYS(vmalloc_to_pfn(addr)) + offset_in_page(addr);

	return virt_to_phys((void *)addr);
}

phys_addr_t helper_virt_to_phys(const void *addr)
{
	return virt_to_phys((void *)addr);
}
