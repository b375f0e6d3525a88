// SPDX-License-Identifier: GPL-2.0

//! Coherent memory that user space maps.
//!
//! The memory must not be freed before user space has unmapped it, which C does not check: a
//! mapping of plain page frames (`remap_pfn_range()`) counts no page. User space can keep it for
//! any time, and the driver may be unbound meanwhile. So this module counts the areas, and leaks
//! memory that is still mapped when it is dropped. Unmapping the areas instead
//! (`unmap_mapping_range()`) would miss one that `mmap()` has not yet added to its file.

use super::memory::CoherentMemory;
use crate::dma::{
    alloc,
    compat,
    AnySegments,
    Bidirectional,
    ErrorWith,
    Memory, //
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

/// A count: one for the memory, and one for each area of user space that counts no pages.
type Users = Arc<()>;

/// Coherent memory that user space may map.
///
/// User space may write to it at any time, as the device may. Otherwise it is like
/// [`CoherentMemory`].
///
/// Dropping it frees the memory, which may sleep: not in atomic context. Memory that is still
/// mapped is leaked, which is logged, and which the DMA debugger reports when the driver is
/// unbound. Memory that consists of single pages behind an IOMMU is freed in any case: user space
/// keeps the pages, which the device cannot access any more.
///
/// # Examples
///
/// ```
/// use kernel::{
///     mm::virt::VmaNew,
///     prelude::*, //
/// };
/// use safe_dma::dma::MmapMemory;
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
    /// Prepares `memory` for user space. Sleeps if `flags` allow it.
    ///
    /// # Errors
    ///
    /// The memory comes back with [`ENOMEM`] if the count cannot be allocated.
    pub fn new(
        memory: CoherentMemory<'bound, T>,
        flags: Flags,
    ) -> Result<Self, ErrorWith<CoherentMemory<'bound, T>>> {
        match Arc::new((), alloc::reclaim_flags(flags)) {
            Ok(users) => Ok(Self {
                memory: ManuallyDrop::new(memory),
                users: ManuallyDrop::new(users),
            }),
            Err(_) => Err(ErrorWith::new(ENOMEM, memory)),
        }
    }

    /// Maps the memory, or the part that the user requested, into an area of user space. Sleeps.
    ///
    /// The area is cached if the kernel's own mapping of the memory is.
    ///
    /// C: `dma_mmap_attrs()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Errors
    ///
    /// - [`ENXIO`] if the memory cannot be mapped, if it is a device's own memory and not a
    ///   multiple of the page size, or if the area extends beyond its end;
    /// - [`EINVAL`] if the area is not empty;
    /// - [`ENOMEM`] or, from `vm_insert_pages()`, [`EFAULT`] if there is no memory for page tables.
    ///
    /// The hook must return the error; the kernel then unmaps the area.
    ///
    /// # Safety
    ///
    /// When this has returned, the `mmap` hook does not change the area any more, and returns the
    /// error if there was one. In particular it does not call [`VmaNew::set_mixedmap`], which
    /// relies on the area having no plain page frames, as it may have here. Mainline lends the area
    /// to the hook, so that this function cannot consume it.
    ///
    /// The file that is mapped keeps the module with this library loaded, as a file of a
    /// [`MiscDevice`](kernel::miscdevice::MiscDevice) of that module does: the area has a pointer
    /// to its functions (`owner` in `struct file_operations`,
    /// [`include/linux/fs.h`](srctree/include/linux/fs.h)).
    pub unsafe fn mmap(&self, vma: &VmaNew) -> Result {
        let dev = compat::device(self.memory.dev);
        let area = vma.as_ptr();

        if vma.flags() & (flags::PFNMAP | flags::MIXEDMAP) != 0 {
            return Err(EINVAL);
        }

        // C clears only the requested size of a device's own memory, and maps all of the last page.
        if !self.memory.has_pages() && self.memory.size() % PAGE_SIZE != 0 {
            return Err(ENXIO);
        }
        // SAFETY: `dev` is bound.
        if !unsafe { bindings::dma_can_mmap(dev) } {
            return Err(ENXIO);
        }

        // SAFETY: By the invariants of `CoherentMemory`, this memory was allocated for this device
        // with these parameters. The area is new, and empty by the check above. The pages stay
        // allocated while they are mapped: either each is counted, or the area is, below, and then
        // the memory is not freed. If this fails, the caller's hook fails, by its promise.
        to_result(unsafe {
            bindings::dma_mmap_attrs(
                dev,
                area,
                self.memory.as_mut_ptr().cast(),
                self.memory.addr,
                self.memory.size(),
                compat::attrs(self.memory.attrs),
            )
        })?;

        // Pages that were inserted one by one are counted each.
        if vma.flags() & (flags::PFNMAP | flags::MIXEDMAP) == flags::MIXEDMAP {
            return Ok(());
        }

        // SAFETY: By the type invariants of `VmaNew` the area is not in use yet. By the caller's
        // promise its file keeps this module, and with it the operations, loaded. An area refers to
        // its file until after it is closed.
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
            // SAFETY: It is dropped once, here. No area without counted pages is left, and `self`,
            // which makes them, is not used again.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        } else {
            dev_warn!(
                self.memory.dev,
                "{} bytes of coherent memory are leaked: user space has mapped them\n",
                self.memory.size()
            );
        }
    }
}

impl<'a, T: KnownSize + ?Sized> IoBase<'a> for &'a MmapMemory<'_, T> {
    type Backend = SysMemBackend;
    type Target = T;

    #[inline]
    fn as_view(self) -> SysMem<'a, T> {
        (&*self.memory).as_view()
    }
}

// SAFETY: As for the `CoherentMemory`, which is allocated at least until `self` is dropped. User
// space accesses it as a device does: there are no references to it.
unsafe impl<T: KnownSize + AsBytes + FromBytes + ?Sized> Memory for MmapMemory<'_, T> {
    type Direction = Bidirectional;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.memory.device()
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.memory.range().into()
    }
}

/// The operations of an area that counts no pages.
///
/// No `static`: with `CONFIG_USERFAULTFD` the structure has a raw pointer, and is not `Sync`.
const AREA_OPS: &bindings::vm_operations_struct = &bindings::vm_operations_struct {
    open: Some(area_open),
    close: Some(area_close),
    ..pin_init::zeroed()
};

/// Adds a user: an area was copied, or split in two.
///
/// # Safety
///
/// `vma` is an area with [`AREA_OPS`].
unsafe extern "C" fn area_open(vma: *mut bindings::vm_area_struct) {
    // SAFETY: An area with these operations has a pointer from `Arc::into_raw()`, or a new copy of
    // that of another such area, which is not closed during this call.
    let user = unsafe { ArcBorrow::<()>::from_raw((*vma).vm_private_data.cast()) };

    // The pointer of the new area is this reference.
    let _ = Arc::into_raw(Users::from(user));
}

/// Removes a user: an area was closed, after its pages were unmapped.
///
/// # Safety
///
/// `vma` is an area with [`AREA_OPS`].
unsafe extern "C" fn area_close(vma: *mut bindings::vm_area_struct) {
    // SAFETY: The pointer of an area with these operations is a reference from `Arc::into_raw()`,
    // and is not used after this.
    drop(unsafe { Users::from_raw((*vma).vm_private_data.cast()) });
}
