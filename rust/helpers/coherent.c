// SPDX-License-Identifier: GPL-2.0

#include <linux/cc_platform.h>
#include <linux/device.h>

#include "helpers.h"

/* Returns whether coherent allocations for @dev come from memory that the platform declares. */
bool helper_dev_has_own_memory(struct device *dev)
{
#ifdef CONFIG_DMA_DECLARE_COHERENT
	return dev->dma_mem;
#else
	return false;
#endif
}

/* Returns whether memory is encrypted, against devices or the host. */
bool helper_memory_is_encrypted(void)
{
	return cc_platform_has(CC_ATTR_MEM_ENCRYPT);
}
