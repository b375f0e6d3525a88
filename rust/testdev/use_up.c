// SPDX-License-Identifier: GPL-2.0
/*
 * Uses up the DMA addresses of a PCI device behind an IOMMU, until it is unloaded:
 *
 *   insmod use_up.ko device=0000:00:03.0 left=65536
 *
 * Leaves one range of that size, a power of two, or none. Logs how many bytes of addresses there
 * were. Nothing is mapped, so that also a device with 64 bits has few ranges.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "PCI address of the device");

static unsigned long left;
module_param(left, ulong, 0444);
MODULE_PARM_DESC(left, "Size of the range that is left, in bytes (default: 0)");

static struct device *dev;
static struct dma_iova_state ranges[1024];
static unsigned int count;

static void free_all(void)
{
	for (unsigned int i = 0; i < count; i++)
		if (dma_use_iova(&ranges[i]))
			dma_iova_free(dev, &ranges[i]);
	put_device(dev);
}

/* Leaves one of the ranges that were allocated. */
static int leave(void)
{
	for (unsigned int i = 0; i < count; i++) {
		if (dma_iova_size(&ranges[i]) != left)
			continue;
		dma_iova_free(dev, &ranges[i]);
		ranges[i] = (struct dma_iova_state){};
		return 0;
	}
	return -ENOENT;
}

static int __init use_up_init(void)
{
	u64 bytes = 0;
	int ret = 0;

	dev = device ? bus_find_device_by_name(&pci_bus_type, NULL, device) : NULL;
	if (!dev)
		return -ENODEV;

	/* The largest ranges first, and then what is between those in use. */
	for (u64 size = 1ULL << 51; size >= PAGE_SIZE; size /= 2) {
		while (count < ARRAY_SIZE(ranges) &&
		       dma_iova_try_alloc(dev, &ranges[count], 0, size)) {
			count++;
			bytes += size;
		}
	}
	if (!count || count == ARRAY_SIZE(ranges))
		ret = -ENOSPC;
	else if (left)
		ret = leave();
	if (ret)
		free_all();
	else
		pr_info("%llu bytes of addresses in %u ranges\n", bytes, count);
	return ret;
}
module_init(use_up_init);

static void __exit use_up_exit(void)
{
	free_all();
}
module_exit(use_up_exit);

MODULE_AUTHOR("The safe-dma developers");
MODULE_DESCRIPTION("Uses up the DMA addresses of a device");
MODULE_LICENSE("GPL");
