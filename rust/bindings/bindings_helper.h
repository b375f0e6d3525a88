/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel::bindings lacks: the input of this module's own bindgen run.
 */

#include <linux/cache.h>
#include <linux/dmapool.h>
#include <linux/gfp.h>
#include <linux/kmsg_dump.h>
#include <linux/slab.h>

#include "../helpers/helpers.h"

/* Macros, which bindgen cannot read wherever they are more than a number. */
const size_t HELPER_ARCH_DMA_MINALIGN = ARCH_DMA_MINALIGN;
const gfp_t HELPER_GFP_DMA32 = GFP_DMA32;
const gfp_t HELPER_GFP_RETRY_MAYFAIL = __GFP_RETRY_MAYFAIL;
