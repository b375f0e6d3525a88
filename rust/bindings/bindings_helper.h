/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel::bindings lacks: the input of this module's own bindgen run.
 */

#include <linux/cache.h>
#include <linux/dmapool.h>
#include <linux/gfp.h>
#include <linux/kmsg_dump.h>
#include <linux/mman.h>
#include <linux/slab.h>

#include "../helpers/helpers.h"
#if __has_include("../testdev/helpers.h")
#include "../testdev/helpers.h"
#endif

/* Macros, which bindgen cannot read wherever they are more than a number. */
const size_t HELPER_ARCH_DMA_MINALIGN = ARCH_DMA_MINALIGN;
const gfp_t HELPER_GFP_RETRY_MAYFAIL = __GFP_RETRY_MAYFAIL;

#ifdef CONFIG_BLOCK
const blk_status_t HELPER_BLK_STS_NOTSUPP = BLK_STS_NOTSUPP;
const blk_status_t HELPER_BLK_STS_TIMEOUT = BLK_STS_TIMEOUT;
const blk_status_t HELPER_BLK_STS_RESV_CONFLICT = BLK_STS_RESV_CONFLICT;
const blk_status_t HELPER_BLK_STS_TRANSPORT = BLK_STS_TRANSPORT;
const blk_status_t HELPER_BLK_STS_NOSPC = BLK_STS_NOSPC;
const blk_status_t HELPER_BLK_STS_TARGET = BLK_STS_TARGET;
const blk_status_t HELPER_BLK_STS_MEDIUM = BLK_STS_MEDIUM;
const blk_status_t HELPER_BLK_STS_PROTECTION = BLK_STS_PROTECTION;
const blk_status_t HELPER_BLK_STS_RESOURCE = BLK_STS_RESOURCE;
const blk_status_t HELPER_BLK_STS_IOERR = BLK_STS_IOERR;
const blk_status_t HELPER_BLK_STS_OFFLINE = BLK_STS_OFFLINE;
const blk_status_t HELPER_BLK_STS_INVAL = BLK_STS_INVAL;
const blk_features_t HELPER_BLK_FEAT_WRITE_CACHE = BLK_FEAT_WRITE_CACHE;
const blk_features_t HELPER_BLK_FEAT_FUA = BLK_FEAT_FUA;
#endif
