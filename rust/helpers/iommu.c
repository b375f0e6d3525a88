// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/iommu.h>

#include "helpers.h"

unsigned int helper_iommu_domain_type(struct iommu_domain *domain)
{
	return domain->type;
}

/* Returns the name of the IOMMU of @dev, or NULL without one. */
const char *helper_dev_iommu_name(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu ? dev->iommu->iommu_dev : NULL;

	return iommu && iommu->dev ? dev_name(iommu->dev) : NULL;
}

static int count_device(struct device *dev, void *count)
{
	++*(unsigned int *)count;
	return 0;
}

/* Returns the number of devices in the IOMMU group of @dev, or 0 without a group. */
unsigned int helper_iommu_group_devices(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int count = 0;

	if (group) {
		iommu_group_for_each_dev(group, &count, count_device);
		iommu_group_put(group);
	}
	return count;
}
