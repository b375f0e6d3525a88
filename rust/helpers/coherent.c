// SPDX-License-Identifier: GPL-2.0

#include <linux/cc_platform.h>
#include <linux/device.h>

#include "helpers.h"

/* Whether @dev has memory of its own, declared by its platform, for coherent allocations. */
bool helper_dev_has_own_memory(struct device *dev)
{
#ifdef CONFIG_DMA_DECLARE_COHERENT
	return dev->dma_mem;
#else
	return false;
#endif
}

/* Whether the machine encrypts memory, from some of its devices or from the host. */
bool helper_memory_is_encrypted(void)
{
	return cc_platform_has(CC_ATTR_MEM_ENCRYPT);
}
