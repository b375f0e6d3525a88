/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The header for programs, as the input of bindgen.
 */

#include "safe_dma.h"

/* Macros, which bindgen cannot read wherever they are more than a number. */
const __u32 HELPER_SAFE_DMA_IOC_READ_PAGE = SAFE_DMA_IOC_READ_PAGE;
const __u32 HELPER_SAFE_DMA_IOC_WRITE_PAGE = SAFE_DMA_IOC_WRITE_PAGE;
const __u32 HELPER_SAFE_DMA_IOC_RUN = SAFE_DMA_IOC_RUN;
