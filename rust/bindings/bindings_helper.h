/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel::bindings lacks: the input of this module's own bindgen run.
 */

#include <linux/cache.h>
#include <linux/dmapool.h>
#include <linux/kmsg_dump.h>
#include <linux/slab.h>

#include "../helpers/helpers.h"

/* A macro, which bindgen cannot read wherever it is more than a number. */
const size_t HELPER_ARCH_DMA_MINALIGN = ARCH_DMA_MINALIGN;
