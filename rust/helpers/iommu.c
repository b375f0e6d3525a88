// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/iommu.h>

#include "helpers.h"

unsigned int helper_iommu_domain_type(struct iommu_domain *domain)
{
	return domain->type;
}

/* The name of the IOMMU in front of @dev, or NULL if there is none. */
const char *helper_dev_iommu_name(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu ? dev->iommu->iommu_dev : NULL;

	return iommu && iommu->dev ? dev_name(iommu->dev) : NULL;
}
