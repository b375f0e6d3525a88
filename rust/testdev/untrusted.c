// SPDX-License-Identifier: GPL-2.0
/*
 * Marks PCI devices as untrusted until it is unloaded:
 *
 *   insmod untrusted.ko devices=0000:00:01.0,0000:00:03.0
 *
 * For an untrusted device dma-iommu maps only whole pages that hold nothing but the buffer, and
 * bounces partial pages. The kernel marks devices only on x86, behind an external-facing port
 * (arch_pci_dev_is_removable()). On arm64 neither the device tree nor ACPI can request the mark. In
 * an identity domain, which an untrusted device would not have got, it has no effect.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/pci.h>

static char *devices[8];
static unsigned int count;
module_param_array(devices, charp, &count, 0444);
MODULE_PARM_DESC(devices, "PCI addresses of devices without a driver");

static struct pci_dev *marked[ARRAY_SIZE(devices)];

static struct pci_dev *find(const char *address)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
}

/* Marks a device, which must not have mapped anything yet. */
static int mark(struct pci_dev *pdev)
{
	int ret = -EBUSY;

	/* Other bits of the bit field change under this lock. */
	device_lock(&pdev->dev);
	if (!pdev->dev.driver) {
		pdev->untrusted = true;
		ret = 0;
	}
	device_unlock(&pdev->dev);
	return ret;
}

static void unmark_all(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(marked) && marked[i]; i++) {
		device_lock(&marked[i]->dev);
		marked[i]->untrusted = false;
		device_unlock(&marked[i]->dev);
		pci_dev_put(marked[i]);
	}
}

static int __init untrusted_init(void)
{
	for (unsigned int i = 0; i < count; i++) {
		struct pci_dev *pdev = find(devices[i]);
		int ret = pdev ? mark(pdev) : -ENODEV;

		if (ret) {
			pr_err("%s %s\n", devices[i], pdev ? "has a driver" : "is no PCI device");
			pci_dev_put(pdev);
			unmark_all();
			return ret;
		}
		marked[i] = pdev;
	}
	return 0;
}
module_init(untrusted_init);

static void __exit untrusted_exit(void)
{
	unmark_all();
}
module_exit(untrusted_exit);

MODULE_AUTHOR("The safe-dma developers");
MODULE_DESCRIPTION("Marks PCI devices as untrusted");
MODULE_LICENSE("GPL");
