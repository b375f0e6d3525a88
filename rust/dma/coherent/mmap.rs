// SPDX-License-Identifier: GPL-2.0

//! Coherent memory that user space maps.
//!
//! C says that the memory must not be freed before the user's mapping is gone, and does not see to it:
//! where that is of plain page frames (`remap_pfn_range()`), no page is counted. User space has it for
//! as long as it likes, and the driver may be unbound meanwhile. So the areas are counted here, and
//! memory that is still mapped when it is dropped is leaked. To take the areas away instead
//! (`unmap_mapping_range()`) would miss one that is just being made, which its file does not know of yet.

use super::CoherentMemory;
use crate::dma::{
    direction::Bidirectional,
    raw,
    span::Span,
    transfer::DeviceMemory, //
};
use core::mem::ManuallyDrop;
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    io::{
        IoBase,
        SysMem,
        SysMemBackend, //
    },
    mm::virt::{
        flags,
        VmaNew, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize,
    sync::{
        Arc,
        ArcBorrow, //
    },
    transmute::{
        AsBytes,
        FromBytes, //
    },
};

/// One for the memory, and one for each area of user space whose pages are of the memory and not counted.
type Users = Arc<()>;

/// Coherent memory that user space may map.
///
/// User space writes there when it likes, as the device does. All else is as with
/// [`CoherentMemory`].
///
/// Dropping it frees the memory, which may sleep: not in atomic context. If it is mapped then, it
/// is not freed. That is logged, and the DMA debugger will report when the driver is unbound:
/// unbind no driver whose memory is in use. What an IOMMU put together of single pages is freed all
/// the same: user space keeps the pages, which the device does not reach any more.
///
/// # Examples
///
/// ```
/// use kernel::{
///     mm::virt::VmaNew,
///     prelude::*, //
/// };
/// use safe_dma::dma::coherent::MmapMemory;
///
/// /// The end of an `mmap` hook.
/// fn map_frame(frame: &MmapMemory<'_, [u8]>, vma: &VmaNew) -> Result {
///     vma.try_clear_mayexec()?;
///
///     // SAFETY: The area is not changed after this, and the file is of a device of this module.
///     unsafe { frame.mmap(vma) }
/// }
/// ```
pub struct MmapMemory<'bound, T: KnownSize + ?Sized> {
    memory: ManuallyDrop<CoherentMemory<'bound, T>>,
    users: ManuallyDrop<Users>,
}

impl<'bound, T: KnownSize + ?Sized> MmapMemory<'bound, T> {
    /// Lets user space map `memory`. May sleep, unless `flags` says otherwise.
    ///
    /// # Errors
    ///
    /// Returns the memory if there is none to count its users.
    pub fn new(
        memory: CoherentMemory<'bound, T>,
        flags: Flags,
    ) -> Result<Self, CoherentMemory<'bound, T>> {
        match Arc::new((), raw::reclaim_flags(flags)) {
            Ok(users) => Ok(Self {
                memory: ManuallyDrop::new(memory),
                users: ManuallyDrop::new(users),
            }),
            Err(_) => Err(memory),
        }
    }

    /// Maps the memory, or what of it the user asked for, into an area of user space. Sleeps.
    ///
    /// The area is as cached, or not, as the kernel's own mapping of the memory.
    ///
    /// C: `dma_mmap_attrs()`, `kernel/dma/mapping.c`.
    ///
    /// # Errors
    ///
    /// [`ENXIO`] if the memory cannot be mapped, is of a device's own memory and no whole pages, or
    /// the area goes beyond its end, [`EINVAL`] if something is in the area already, [`ENOMEM`] or,
    /// as `vm_insert_pages()` has it, [`EFAULT`] if there is no memory for page tables. The hook
    /// must return the error, whereupon what was mapped is taken out of the area.
    ///
    /// # Safety
    ///
    /// When this has returned, the `mmap` hook does not change the area any more, and returns the error
    /// if there was one. In particular it does not call [`VmaNew::set_mixedmap`], which relies on no
    /// area being of plain page frames, as this may be. Mainline lends the area to the hook, so that
    /// it cannot be taken away from it here.
    ///
    /// The file that is mapped keeps the module that has this library in memory, as one of a
    /// [`MiscDevice`](kernel::miscdevice::MiscDevice) of that module does: the area has a pointer to
    /// functions of it (`owner` in `struct file_operations`, `include/linux/fs.h`).
    pub unsafe fn mmap(&self, vma: &VmaNew) -> Result {
        let dev = raw::device(self.memory.dev);
        let area = vma.as_ptr();

        if vma.flags() & (flags::PFNMAP | flags::MIXEDMAP) != 0 {
            return Err(EINVAL);
        }

        // Of a device's own memory C clears what was asked for, and maps all of the last page.
        if !self.memory.has_pages() && self.memory.size() % PAGE_SIZE != 0 {
            return Err(ENXIO);
        }
        // SAFETY: `dev` is bound.
        if !unsafe { bindings::dma_can_mmap(dev) } {
            return Err(ENXIO);
        }

        // SAFETY: By the invariants of `CoherentMemory` and `Coherent`, this memory was allocated for
        // this device with these parameters. The area is new, and empty by the check above. The pages
        // stay allocated while the area has them: either each is counted, or the area is, below, and
        // then the memory is not freed. If this fails, the caller gives the area up.
        to_result(unsafe {
            bindings::dma_mmap_attrs(
                dev,
                area,
                self.memory.as_mut_ptr().cast(),
                self.memory.memory.dma_address(),
                self.memory.size(),
                raw::attrs(self.memory.attrs),
            )
        })?;

        // Pages that were put in one by one are counted each.
        if vma.flags() & (flags::PFNMAP | flags::MIXEDMAP) == flags::MIXEDMAP {
            return Ok(());
        }

        // SAFETY: By the type invariants of `VmaNew` nobody else uses the area yet. By the caller's promise
        // its file keeps this module, and with it the operations, in memory; an area has its file until after
        // it is closed.
        unsafe {
            (*area).vm_private_data = Arc::into_raw(Users::clone(&self.users)).cast_mut().cast();
            (*area).vm_ops = AREA_OPS;
        }
        Ok(())
    }
}

impl<T: KnownSize + ?Sized> Drop for MmapMemory<'_, T> {
    fn drop(&mut self) {
        // SAFETY: It is taken out once, here.
        let users = unsafe { ManuallyDrop::take(&mut self.users) };

        if Users::into_unique_or_drop(users).is_some() {
            // SAFETY: It is dropped once, here. No area is left whose pages are not counted, and none can
            // be made any more.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        } else {
            dev_warn!(
                self.memory.dev,
                "{} bytes of coherent memory are lost: user space has them mapped\n",
                self.memory.size()
            );
        }
    }
}

impl<'a, T: KnownSize + ?Sized> IoBase<'a> for &'a MmapMemory<'_, T> {
    type Backend = SysMemBackend;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> SysMem<'a, T> {
        (&*self.memory).as_view()
    }
}

// SAFETY: As for the `CoherentMemory`, which it owns. It is allocated until `self` is dropped, or longer.
// User space accesses it as a device does: the kernel has no reference to it that would be wrong then.
unsafe impl<T: KnownSize + AsBytes + FromBytes + ?Sized> DeviceMemory for MmapMemory<'_, T> {
    type Direction = Bidirectional;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.memory.device()
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, Bidirectional> {
        self.memory.span()
    }
}

/// The operations of an area whose pages are not counted.
///
/// No `static`: with `CONFIG_USERFAULTFD` the structure has a raw pointer, and is not `Sync`.
const AREA_OPS: &bindings::vm_operations_struct = &bindings::vm_operations_struct {
    open: Some(area_open),
    close: Some(area_close),
    ..pin_init::zeroed()
};

/// An area was copied, or split in two: there is one user more.
///
/// # Safety
///
/// `vma` is an area with [`AREA_OPS`].
unsafe extern "C" fn area_open(vma: *mut bindings::vm_area_struct) {
    // SAFETY: An area with these operations has a pointer from `Arc::into_raw()`, or has just got a copy
    // of the one that another such area has, which is there during this call.
    let user = unsafe { ArcBorrow::<()>::from_raw((*vma).vm_private_data.cast()) };

    // The area has the pointer already.
    let _ = Arc::into_raw(Users::from(user));
}

/// An area is gone, and its pages have been taken out of the page tables before.
///
/// # Safety
///
/// `vma` is an area with [`AREA_OPS`].
unsafe extern "C" fn area_close(vma: *mut bindings::vm_area_struct) {
    // SAFETY: An area with these operations has a pointer from `Arc::into_raw()`, for which it counts, and
    // does not use it after this.
    drop(unsafe { Users::from_raw((*vma).vm_private_data.cast()) });
}
