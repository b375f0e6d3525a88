// SPDX-License-Identifier: GPL-2.0

//! A range of an IOMMU's addresses.

use crate::dma::{
    compat,
    limits,
    Direction,
    PhysVec, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    ffi::c_int,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The functions of C; without an IOMMU they are inline, and do nothing.
mod c {
    #[cfg(not(CONFIG_IOMMU_DMA))]
    pub(super) use crate::bindings::{
        helper_dma_iova_destroy as dma_iova_destroy,
        helper_dma_iova_link as dma_iova_link,
        helper_dma_iova_sync as dma_iova_sync,
        helper_dma_iova_try_alloc as dma_iova_try_alloc,
        helper_dma_iova_unlink as dma_iova_unlink, //
    };
    #[cfg(CONFIG_IOMMU_DMA)]
    pub(super) use kernel::bindings::{
        dma_iova_destroy,
        dma_iova_link,
        dma_iova_sync,
        dma_iova_try_alloc,
        dma_iova_unlink, //
    };
}

/// A range of an IOMMU's addresses, of which the start leads to memory.
///
/// # Invariants
///
/// - `addr` and `size`, with the flag that C keeps in its highest bit, are the state of a range
///   that was reserved for `dev`, and not freed yet.
/// - The first `linked` bytes lead to memory that was linked with the direction `D`, and nothing
///   else does.
pub(super) struct IovaRange<'bound, D: Direction> {
    dev: &'bound Device<Bound>,
    addr: DmaAddress,
    size: u64,
    linked: usize,
    _direction: PhantomData<fn() -> D>,
}

impl<'bound, D: Direction> IovaRange<'bound, D> {
    /// Reserves addresses for `vecs`, links all of them and syncs the IOTLB; or leaves nothing.
    ///
    /// # Safety
    ///
    /// As of [`IovaRange::link`], for each of them. They are the same at each call.
    #[inline]
    pub(super) unsafe fn link_all(
        dev: &'bound Device<Bound>,
        vecs: impl Iterator<Item = PhysVec> + Clone,
    ) -> Result<Self> {
        const MAX_PAGES: usize = usize::MAX / 2 / PAGE_SIZE;

        let first = vecs.clone().next().ok_or(EINVAL)?;
        // If no other is longer than a page, either, their lengths need not be added up: as many
        // pages are reserved.
        let count = vecs.size_hint().1.unwrap_or(usize::MAX);
        if count > MAX_PAGES || !first.is_page() {
            // SAFETY: By the safety requirements this memory may be linked, and is the same at each
            // call.
            return unsafe { Self::link_summed(dev, vecs) };
        }

        // SAFETY: By the safety requirements this memory may be linked.
        let (range, linked) = unsafe { Self::link_within(dev, count * PAGE_SIZE, vecs.clone())? };
        let Err(error) = linked else {
            return Ok(range);
        };
        drop(range);
        if error != ENOSPC {
            return Err(error);
        }

        // Copied from memory: if it were returned as it is, so would be the other one, which
        // otherwise stays in registers. SAFETY: As for the first call; nothing is linked any more.
        let range = ManuallyDrop::new(unsafe { Self::link_summed(dev, vecs)? });
        Ok(Self {
            dev: range.dev,
            addr: range.addr,
            size: range.size,
            linked: range.linked,
            _direction: PhantomData,
        })
    }

    /// Links as [`IovaRange::link_all`], for ranges of any length.
    ///
    /// # Safety
    ///
    /// As of [`IovaRange::link_all`].
    #[cold]
    #[inline(never)]
    unsafe fn link_summed(
        dev: &'bound Device<Bound>,
        vecs: impl Iterator<Item = PhysVec> + Clone,
    ) -> Result<Self> {
        let size = vecs
            .clone()
            .try_fold(0usize, |size, vec| size.checked_add(vec.len))
            .ok_or(EINVAL)?;

        // SAFETY: By the safety requirements this memory may be linked.
        let (range, linked) = unsafe { Self::link_within(dev, size, vecs)? };
        linked.map(|()| range)
    }

    /// Reserves `size` bytes of addresses for `vecs`, links them and syncs the IOTLB. Returns the
    /// range with what is linked, and an error: [`ENOSPC`] if they are longer.
    ///
    /// # Safety
    ///
    /// As of [`IovaRange::link`], for each of them.
    #[inline(always)]
    unsafe fn link_within(
        dev: &'bound Device<Bound>,
        size: usize,
        vecs: impl Iterator<Item = PhysVec> + Clone,
    ) -> Result<(Self, Result)> {
        let first = vecs.clone().next().ok_or(EINVAL)?;
        let mut state = bindings::dma_iova_state::default();
        reserve(dev, &mut state, first.phys, size)?;

        // SAFETY: The range was reserved for this memory. The rest is as the caller promises.
        let (error, linked) = unsafe { link_and_sync::<D>(dev, &mut state, size, vecs) };

        // INVARIANT: So many were linked.
        let range = Self {
            dev,
            addr: state.addr,
            size: state.__size,
            linked,
            _direction: PhantomData,
        };
        Ok((range, compat::to_result(error)))
    }

    /// Reserves `size` bytes of addresses, of which the first is as far into its page as `phys`.
    pub(super) fn reserve(dev: &'bound Device<Bound>, phys: PhysAddr, size: usize) -> Result<Self> {
        let mut state = bindings::dma_iova_state::default();
        reserve(dev, &mut state, phys, size)?;

        // INVARIANT: Reserved just now, and nothing is linked.
        Ok(Self {
            dev,
            addr: state.addr,
            size: state.__size,
            linked: 0,
            _direction: PhantomData,
        })
    }

    /// Returns the state for C.
    #[inline]
    fn state(&self) -> bindings::dma_iova_state {
        bindings::dma_iova_state {
            addr: self.addr,
            __size: self.size,
        }
    }

    /// Links `vec` behind what is linked.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for memory that is empty, does not begin where a granule of the IOMMU does or
    /// shares a cache line; [`ENOSPC`] if there is no room; or that of C. It is not linked then.
    ///
    /// # Safety
    ///
    /// The memory stays where it is, and only the device, or others whose memory it is, access
    /// it until it is unlinked.
    pub(super) unsafe fn link(&mut self, vec: PhysVec) -> Result {
        let mut state = self.state();
        // SAFETY: By the invariants the range is reserved for `dev`, and nothing is linked behind
        // `linked`. By the safety requirements the memory may be linked.
        let error = unsafe { link_vec::<D>(self.dev, &mut state, vec, self.linked) };

        // C may have set the flag.
        self.size = state.__size;
        compat::to_result(error)?;
        // INVARIANT: Linked just now.
        self.linked += vec.len;
        Ok(())
    }

    /// Unlinks the last `len` bytes.
    ///
    /// # Safety
    ///
    /// They were linked last, by one call, and the device does not access them.
    pub(super) unsafe fn unlink(&mut self, len: usize) {
        self.linked -= len;

        // SAFETY: By the invariants, and the caller's promise, these bytes are linked, with these
        // parameters, by one call.
        unsafe {
            c::dma_iova_unlink(
                compat::device(self.dev),
                &mut self.state(),
                self.linked,
                len,
                D::DIRECTION.into(),
                compat::attrs(compat::no_attrs()),
            )
        };
    }

    /// Syncs the IOTLB for all that is linked.
    ///
    /// C: `dma_iova_sync()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    #[inline]
    pub(super) fn sync(&mut self) -> Result {
        // SAFETY: By the invariants these bytes are linked.
        compat::to_result(unsafe {
            c::dma_iova_sync(compat::device(self.dev), &mut self.state(), 0, self.linked)
        })
    }

    /// Returns the device.
    #[inline]
    pub(super) fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Returns the DMA address of the first byte.
    #[inline]
    pub(super) fn addr(&self) -> DmaAddress {
        self.addr
    }

    /// Returns the number of bytes that are linked.
    #[inline]
    pub(super) fn linked(&self) -> usize {
        self.linked
    }
}

impl<D: Direction> Drop for IovaRange<'_, D> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants the range is reserved, what is linked is the start of it, and
        // was linked with these parameters. It is not used again.
        unsafe {
            c::dma_iova_destroy(
                compat::device(self.dev),
                &mut self.state(),
                self.linked,
                D::DIRECTION.into(),
                compat::attrs(compat::no_attrs()),
            )
        };
    }
}

/// Returns the number of bytes that are reserved.
///
/// C: `dma_iova_size()`, [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
#[inline]
fn iova_size(state: &bindings::dma_iova_state) -> usize {
    // C keeps a flag in the highest bit. CAST: From at most 64 bits.
    state.__size as usize & (usize::MAX >> 1)
}

/// Reserves `size` bytes of addresses, of which the first is as far into its page as `phys`.
///
/// C: `dma_iova_try_alloc()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
#[inline]
fn reserve(
    dev: &Device<Bound>,
    state: &mut bindings::dma_iova_state,
    phys: PhysAddr,
    size: usize,
) -> Result {
    // More cannot be linked, and C warns of sizes that have the highest bit, or none.
    if size == 0 || isize::try_from(size).is_err() {
        return Err(EINVAL);
    }
    // SAFETY: `dev` is bound, `state` is written, and the size is one that C takes.
    if unsafe { c::dma_iova_try_alloc(compat::device(dev), state, phys, size) } {
        return Ok(());
    }

    // C does not say why.
    Err(if compat::use_dma_iommu(dev) {
        ENOMEM
    } else if compat::is_dma_capable(dev) {
        EOPNOTSUPP
    } else {
        EIO
    })
}

/// Links `vecs` to a range of `size` bytes, and syncs the IOTLB. Returns 0 or an error, and how
/// many bytes are linked.
///
/// # Safety
///
/// As of [`IovaRange::link`], for each of them. `state` is reserved for `dev` and the first of
/// them, and nothing is linked.
#[inline(always)]
unsafe fn link_and_sync<D: Direction>(
    dev: &Device<Bound>,
    state: &mut bindings::dma_iova_state,
    size: usize,
    mut vecs: impl Iterator<Item = PhysVec>,
) -> (c_int, usize) {
    let last = size.checked_sub(PAGE_SIZE);
    let mut linked = 0;

    let mut error = loop {
        let Some(vec) = vecs.next() else {
            break 0;
        };
        // Whole pages are frequent: they are not looked at more than needed. No IOMMU has granules
        // that are larger than a page, as `init_iova_domain()` has it, so that pages follow pages.
        if vec.is_page() && last.is_some_and(|last| linked <= last) {
            // SAFETY: There is room, and the first one's place in its granule, and so that of all,
            // is that of the address. The rest is as the caller promises.
            let error = unsafe { link_at::<D>(dev, state, vec.phys, linked, PAGE_SIZE) };
            if error != 0 {
                break error;
            }
            linked += PAGE_SIZE;
        } else {
            let PhysVec {
                phys,
                len,
                may_share_cacheline,
            } = vec;
            // One by one, and in the order of C, so that they are in the registers for both.
            // SAFETY: By the safety requirements this memory may be linked, and behind `linked`
            // nothing is.
            let (error, end) =
                unsafe { link_rest::<D>(dev, state, phys, linked, len, may_share_cacheline, vecs) };
            linked = end;
            break error;
        }
    };

    if error == 0 {
        // SAFETY: These bytes are linked.
        error = unsafe { c::dma_iova_sync(compat::device(dev), state, 0, linked) };
    }
    (error, linked)
}

/// Links the `len` bytes at `phys`, `linked` bytes from the start of a range. Returns 0 or an error
/// of C.
///
/// C: `dma_iova_link()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
///
/// # Safety
///
/// As of [`IovaRange::link`]. `state` is reserved for `dev`, and nothing is linked from `linked`
/// on. The bytes are within the range, and their place in their granule is that of the address.
#[inline(always)]
unsafe fn link_at<D: Direction>(
    dev: &Device<Bound>,
    state: &mut bindings::dma_iova_state,
    phys: PhysAddr,
    linked: usize,
    len: usize,
) -> c_int {
    // SAFETY: By the safety requirements `state` is reserved for `dev`, and these bytes are free,
    // and at the same place in a granule as the memory, which stays where it is.
    unsafe {
        c::dma_iova_link(
            compat::device(dev),
            state,
            phys,
            linked,
            len,
            D::DIRECTION.into(),
            compat::attrs(compat::no_attrs()),
        )
    }
}

/// Links `len` bytes and `vecs`, of any length, `linked` bytes from the start of a range. Returns 0
/// or an error, and how many bytes are linked then.
///
/// # Safety
///
/// As of [`IovaRange::link`], for each of them. `state` is reserved for `dev`, and nothing is
/// linked from `linked` on.
#[cold]
#[inline(never)]
unsafe fn link_rest<D: Direction>(
    dev: &Device<Bound>,
    state: &mut bindings::dma_iova_state,
    phys: PhysAddr,
    linked: usize,
    len: usize,
    may_share_cacheline: bool,
    vecs: impl Iterator<Item = PhysVec>,
) -> (c_int, usize) {
    let mut vec = PhysVec::new(phys, len, may_share_cacheline);
    let (mut linked, mut vecs) = (linked, vecs);

    loop {
        // SAFETY: By the safety requirements this memory may be linked, and behind `linked` nothing
        // is.
        let error = unsafe { link_vec::<D>(dev, state, vec, linked) };
        if error != 0 {
            return (error, linked);
        }
        linked += vec.len;
        match vecs.next() {
            Some(next) => vec = next,
            None => return (0, linked),
        }
    }
}

/// Links `vec`, of any length, if it can be; see [`IovaRange::link`].
///
/// # Safety
///
/// As of [`IovaRange::link`]. `state` is reserved for `dev`, and nothing is linked from `linked`
/// on.
unsafe fn link_vec<D: Direction>(
    dev: &Device<Bound>,
    state: &mut bindings::dma_iova_state,
    vec: PhysVec,
    linked: usize,
) -> c_int {
    let PhysVec { phys, len, .. } = vec;
    // No IOMMU has granules that are larger than a page.
    let page = PAGE_SIZE as u64 - 1;
    let is_aligned = |boundary| is_granule_aligned(phys, state.addr, linked, boundary);

    if len == 0
        || !is_aligned(page) && !is_aligned(limits::merge_boundary(dev) as u64)
        || vec.shares_line::<D>(dev)
    {
        return EINVAL.to_errno();
    }
    if len > iova_size(state) - linked {
        return ENOSPC.to_errno();
    }
    // SAFETY: It is within the range, and its place in its granule is that of the address, by the
    // checks above. The rest is as the caller promises.
    unsafe { link_at::<D>(dev, state, phys, linked, len) }
}

/// Returns whether memory at `phys` can be linked behind the first `linked` bytes of a range from
/// `addr` on: the IOMMU translates whole granules, of `boundary + 1` bytes.
fn is_granule_aligned(phys: PhysAddr, addr: DmaAddress, linked: usize, boundary: u64) -> bool {
    // CAST: From at most 64 bits.
    let end = addr + linked as u64;

    if linked == 0 {
        (phys ^ end) & boundary == 0
    } else {
        (phys | end) & boundary == 0
    }
}

mod tests;
