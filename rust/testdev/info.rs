// SPDX-License-Identifier: GPL-2.0

//! The description of a mapping, available also while the mapping is busy.

use super::{
    mapping::Memory,
    request::{
        Dir,
        Kind,
        Request, //
    }, //
};
use crate::bindings as helpers;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    fmt,
    io::PhysAddr, //
};

/// The maximum number of pages listed.
pub(super) const PAGES: usize = 16;

/// The kind, direction and addresses of a mapping.
#[derive(Clone, Copy)]
pub(super) struct Info {
    pub(super) kind: Kind,
    pub(super) dir: Dir,
    pub(super) dma: DmaAddress,
    pub(super) size: usize,
    /// Whether the first byte is in a bounce buffer.
    pub(super) bounced: bool,
    pub(super) pages: [PhysAddr; PAGES],
    /// The number of pages of the mapping, which may be more than are listed.
    pub(super) count: usize,
}

impl Info {
    /// Describes memory that was just mapped for `dev`.
    pub(super) fn of<M: Memory>(
        dev: &Device<Bound>,
        request: &Request,
        size: usize,
        memory: &M,
    ) -> Self {
        let mut pages = [0; PAGES];
        let mut count = 0;

        memory.pages(&mut |phys| {
            if let Some(place) = pages.get_mut(count) {
                *place = phys;
            }
            count += 1;
        });

        let kind = request.kind();
        let dma = memory.dma();
        let may_be_copied = matches!(kind, Kind::Single | Kind::Page | Kind::Sg | Kind::Iova);

        Self {
            kind,
            // Shared memory is always bidirectional.
            dir: match kind {
                Kind::Coherent | Kind::Pool => Dir::Bidirectional,
                _ => request.dir(),
            },
            dma,
            size,
            bounced: may_be_copied && leads_to(dev, dma) != pages[0],
            pages,
            count,
        }
    }
}

/// Translates a DMA address that is mapped for `dev` to a physical address.
fn leads_to(dev: &Device<Bound>, dma: DmaAddress) -> PhysAddr {
    // SAFETY: `dev` is bound and `unbind` has not returned, so its driver still owns the DMA of its
    // IOMMU group. The address is mapped, so no page table that the lookup walks is freed. The
    // address is not given to a device.
    unsafe { helpers::helper_dma_addr_to_phys(core::ptr::from_ref(dev).cast_mut().cast(), dma) }
}

impl fmt::Display for Info {
    /// Formats the columns of `mappings` from the DMA address on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dma {:#x} size {} phys ", self.dma, self.size)?;

        for (number, page) in self.pages.iter().take(self.count).enumerate() {
            write!(f, "{}{:#x}", if number == 0 { "" } else { "," }, page)?;
        }
        if self.count > PAGES {
            f.write_str(",...")?;
        }
        Ok(())
    }
}
