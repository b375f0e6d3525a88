// SPDX-License-Identifier: GPL-2.0

//! Prints the identity of a device, its limits and its IOMMU.

use super::{
    domain::{
        Domain,
        DomainType, //
    },
    edu::Identity, //
};
use crate::dma::limits;
use kernel::{
    device::Core,
    fmt,
    pci,
    prelude::*, //
};

/// A maximum size; the DMA API uses `usize::MAX` for "no limit".
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            usize::MAX => f.write_str("no limit"),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// Prints the device's IDs, class and revision, its limits, and its IOMMU. `identity` is [`None`]
/// unless it is an `edu`.
pub fn print(pdev: &pci::Device<Core<'_>>, identity: Option<&Identity>) {
    let dev = pdev.as_ref();
    let (vendor, device) = (pdev.vendor_id().as_raw(), pdev.device_id());
    let class = pdev.pci_class().as_raw();

    match identity {
        Some(Identity { id, revision }) => dev_info!(
            pdev,
            "edu [{:04x}:{:04x}], class {:#08x}, revision {}.{}, id {:#010x}, alive\n",
            vendor,
            device,
            class,
            revision.0,
            revision.1,
            id,
        ),
        None => dev_info!(
            pdev,
            "device [{:04x}:{:04x}], class {:#08x}, revision {:#04x}, \
             without a DMA engine that this driver knows\n",
            vendor,
            device,
            class,
            pdev.revision_id(),
        ),
    }
    dev_info!(
        pdev,
        "DMA mask {:#x}, coherent {:#x}, max_seg_size {} bytes, max mapping size {}, {}\n",
        limits::mask(dev),
        limits::coherent_mask(dev),
        limits::max_seg_size(dev),
        Size(limits::max_mapping_size(dev)),
        if limits::is_coherent(dev) {
            "cache-coherent"
        } else {
            "not cache-coherent"
        },
    );

    match Domain::of(dev) {
        Some(domain) => dev_info!(
            pdev,
            "behind IOMMU {}, {}\n",
            domain.iommu_name().unwrap_or(c"without a name"),
            match domain.domain_type() {
                DomainType::DmaStrict => "which translates, strict",
                DomainType::DmaLazy => "which translates, lazy",
                DomainType::Identity => "which passes addresses through",
                DomainType::Other(_) => "in a domain that is not for the DMA API",
            },
        ),
        None => dev_info!(pdev, "no IOMMU: DMA addresses are bus addresses\n"),
    }
}
