/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel::bindings lacks: the input of this module's own bindgen run.
 */

#include <linux/kmsg_dump.h>

#include "../helpers/helpers.h"
