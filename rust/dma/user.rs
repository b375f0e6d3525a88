// SPDX-License-Identifier: GPL-2.0

//! Memory of a process: user pages that are pinned for a device.
//!
//! For a driver that moves data between a device and the memory of the program that called it,
//! without a copy, as `O_DIRECT` and RDMA do. Where the data is small, or where user space would
//! have to align it, copy it with [`kernel::uaccess`] and map the copy.
//!
//! The memory belongs to the program, which may read and write it at any time, also while the
//! device accesses it. So there is never a reference to its bytes: [`SgMapping`](super::SgMapping)
//! copies them, and two reads may return different bytes. The page tables of the process may change
//! too. `munmap()` leaves the pages to the device, and the process with other pages, or none. After
//! `fork()` the pages are the parent's.

use super::{
    alloc,
    direction::{
        DeviceWrites,
        Direction, //
    },
    limits,
    PhysVec,
    ScatterBuffer, //
};
use crate::bindings as helpers;
use core::marker::PhantomData;
use kernel::{
    alloc::{
        Flags,
        KVVec, //
    },
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::{
        c_int,
        c_uint,
        c_ulong, //
    },
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    task::might_sleep,
    transmute::{
        AsBytes,
        FromBytes, //
    },
    uaccess::UserPtr, //
};

/// The time for which pages are pinned.
#[derive(Clone, Copy, Debug)]
pub enum PinDuration {
    /// For the time of a command.
    ShortTerm,
    /// For as long as user space decides; `FOLL_LONGTERM`.
    ///
    /// Pages in memory that must remain movable, such as CMA, are migrated before they are pinned.
    /// Pages of a file with writeback cannot be pinned for writing. The driver charges the pages to
    /// a limit, as others do with `account_locked_vm()`.
    LongTerm,
}

/// A byte of pinned user memory.
///
/// A device may read it. It may write to it if the page was pinned for writing: [`UserPages`] that
/// the device only reads cannot be mapped for a direction in which it writes.
#[repr(transparent)]
pub struct UserByte<D: Direction>(u8, PhantomData<D>);

// SAFETY: It is a byte.
unsafe impl<D: Direction> AsBytes for UserByte<D> {}

// SAFETY: It is a byte, for which all values are valid.
unsafe impl<D: DeviceWrites> FromBytes for UserByte<D> {}

/// A range of user memory, pinned for a device that uses it in the direction `D`.
///
/// Map it with [`SgMapping`](super::SgMapping), or with [`IovaMapping`](super::IovaMapping) behind
/// an IOMMU. Dropping it unpins the pages, and marks them as dirty if a device may have written to
/// them. That may sleep, and must not happen in atomic context: a driver whose command completes in
/// its interrupt handler passes the mapping to a thread or a work item, which drops it.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     prelude::*,
///     uaccess::UserPtr, //
/// };
/// use safe_dma::dma::{
///     FromDevice,
///     PinDuration,
///     SgMapping,
///     UserPages, //
/// };
///
/// fn receive(
///     dev: &Device<Bound>,
///     to: UserPtr,
///     len: usize,
/// ) -> Result<SgMapping<'_, UserPages<FromDevice>, FromDevice>> {
///     let pages = UserPages::pin(to, len, FromDevice, PinDuration::ShortTerm)?;
///
///     Ok(SgMapping::map(dev, pages, FromDevice, GFP_KERNEL)?)
/// }
/// ```
pub struct UserPages<D: Direction> {
    raw: RawUserPages,
    _direction: PhantomData<D>,
}

impl<D: Direction> UserPages<D> {
    /// Pins the pages of the `len` bytes from `start` on, of the calling process.
    ///
    /// Sleeps.
    ///
    /// C: `pin_user_pages_fast()`, [`mm/gup.c`](srctree/mm/gup.c).
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `len` is 0;
    /// - [`EOVERFLOW`] if the range wraps around, or has more pages than C counts;
    /// - [`ENOMEM`] if it is more than the machine's memory, or there is no memory to pin it;
    /// - [`EFAULT`] if the process cannot read all of it or, if the device writes to it, write; or
    ///   if there is no process, as in a kernel thread. No page remains pinned.
    ///
    /// C returns further errors, such as [`EINTR`] or [`EAGAIN`].
    pub fn pin(start: UserPtr, len: usize, _direction: D, duration: PinDuration) -> Result<Self> {
        let start = start.as_const_ptr().addr();
        let count = page_count(start, len)?;

        if kernel::current!().mm().is_none() {
            return Err(EFAULT);
        }
        if len > alloc::ram_size() {
            return Err(ENOMEM);
        }

        // CAST: From a positive number to at least as many bits.
        let mut pages = KVVec::with_capacity(count as usize, array_flags(count))?;
        // SAFETY: There is a process, and room for `count` pages. CAST: `unsigned long` has as many
        // bits as `usize`.
        let pinned = unsafe {
            bindings::pin_user_pages_fast(
                start as c_ulong,
                count,
                gup_flags::<D>(duration),
                pages.as_mut_ptr(),
            )
        };
        // A negative number is an error.
        let pinned = usize::try_from(pinned).map_err(|_| Error::from_errno(pinned))?;
        // SAFETY: C has written that many, which are at most `count`.
        unsafe { pages.inc_len(pinned) };

        // INVARIANT: Just pinned. If these are all, the range is in them by `page_count()`.
        let raw = RawUserPages {
            pages,
            offset: start % PAGE_SIZE,
            len,
            may_be_dirty: false,
        };
        // CAST: As above.
        if pinned < count as usize {
            // `raw` unpins the others.
            return Err(EFAULT);
        }
        Ok(Self {
            raw,
            _direction: PhantomData,
        })
    }

    /// Returns the size of the range in bytes, which is not 0.
    #[inline]
    pub fn size(&self) -> usize {
        self.raw.len
    }
}

/// Returns the number of pages of the `len` bytes from `start` on.
fn page_count(start: usize, len: usize) -> Result<c_int> {
    if len == 0 {
        return Err(EINVAL);
    }
    let last = start.checked_add(len - 1).ok_or(EOVERFLOW)?;

    c_int::try_from(last / PAGE_SIZE - start / PAGE_SIZE + 1).map_err(|_| EOVERFLOW)
}

/// Returns the flags with which an array of `count` pages is allocated.
fn array_flags(count: c_int) -> Flags {
    // CAST: From a positive number to at least as many bits.
    let size = (count as usize).saturating_mul(size_of::<*mut bindings::page>());

    // User space chooses the size, for which it is charged.
    alloc::alloc_flags(GFP_KERNEL_ACCOUNT, size)
}

/// Returns the flags for `pin_user_pages_fast()`.
fn gup_flags<D: Direction>(duration: PinDuration) -> c_uint {
    let write = if D::DEVICE_WRITES {
        bindings::FOLL_WRITE
    } else {
        0
    };
    let long_term = match duration {
        PinDuration::ShortTerm => 0,
        PinDuration::LongTerm => bindings::FOLL_LONGTERM,
    };

    // CAST: Bits of a 32-bit number.
    (write | long_term) as c_uint
}

/// [`UserPages`] in their raw form.
///
/// # Invariants
///
/// - `pages` are pinned, once for each time that they occur.
/// - If this is in [`UserPages`], or comes from there, then the range is in `pages`: it begins
///   `offset` bytes after the start of the first and ends in the last, `len` bytes further on, and
///   is not empty.
pub struct RawUserPages {
    pages: KVVec<*mut bindings::page>,
    offset: usize,
    len: usize,
    may_be_dirty: bool,
}

// SAFETY: A page of any process can be unpinned in any thread.
unsafe impl Send for RawUserPages {}

// SAFETY: A shared reference returns the addresses of pages, and does not access them.
unsafe impl Sync for RawUserPages {}

impl Drop for RawUserPages {
    fn drop(&mut self) {
        // C sleeps only if a page is not dirty yet.
        might_sleep();

        // SAFETY: By the invariants these pages are pinned, and they are not used again. CAST:
        // `unsigned long` has as many bits as `usize`.
        unsafe {
            bindings::unpin_user_pages_dirty_lock(
                self.pages.as_mut_ptr(),
                self.pages.len() as c_ulong,
                self.may_be_dirty,
            )
        };
    }
}

// SAFETY: Pages that are pinned are RAM with a `struct page`. They stay allocated, and stay where
// they are, until `RawUserPages` is dropped. They are not of a stack of the kernel. They are of its
// image only if the process may not write to them, as to the zero page, and then `UserByte<D>` is
// not `FromBytes`: pages that are pinned for writing are writable in the process. No memory of the
// process is from `kmalloc()`.
//
// They are memory of others. Neither `UserPages` nor `RawUserPages` has or makes a reference to it.
unsafe impl<D: Direction> ScatterBuffer for UserPages<D> {
    type Element = UserByte<D>;
    type Raw = RawUserPages;

    /// Returns whether no cache line that the device writes has bytes that are not in the range.
    ///
    /// The program may write to the rest of the first and of the last line at any time. For a
    /// device that writes and is not cache-coherent, either that write would be lost or that of the
    /// device. So the range then has to begin and to end with a line, of
    /// [`limits::cache_alignment`] bytes.
    fn is_mappable_for(&self, dev: &Device<Bound>) -> bool {
        let RawUserPages { offset, len, .. } = self.raw;

        !D::DEVICE_WRITES
            || limits::is_coherent(dev)
            || has_whole_lines(offset, len, limits::cache_alignment())
    }

    #[inline]
    fn into_raw(self, _flags: Flags) -> Result<RawUserPages, Self> {
        let mut raw = self.raw;

        raw.may_be_dirty = D::DEVICE_WRITES;
        Ok(raw)
    }

    #[inline]
    unsafe fn from_raw(raw: RawUserPages) -> Self {
        Self {
            raw,
            _direction: PhantomData,
        }
    }

    fn phys_vecs(raw: &RawUserPages) -> impl Iterator<Item = PhysVec> + Clone {
        let (mut offset, mut left) = (raw.offset, raw.len);

        raw.pages.iter().map(move |page| {
            // SAFETY: By the invariants this is a page, which is pinned.
            let page = unsafe { helpers::helper_page_to_phys(*page) };
            let len = left.min(PAGE_SIZE - offset);
            // CAST: Less than the size of a page.
            let vec = PhysVec::new(page + offset as PhysAddr, len, false);

            (offset, left) = (0, left - len);
            vec
        })
    }
}

/// Returns whether `len` bytes begin and end with a cache line of `line` bytes, a power of two.
fn has_whole_lines(offset: usize, len: usize, line: usize) -> bool {
    (offset | len) & (line - 1) == 0
}

#[kunit_tests(safe_dma_user)]
mod tests {
    use super::*;
    use crate::dma::{
        Bidirectional,
        FromDevice,
        ToDevice, //
    };

    /// The tests run in a kernel thread, which has no memory of a process.
    #[test]
    fn kernel_thread() {
        let pin = |start, len| {
            UserPages::pin(
                UserPtr::from_addr(start),
                len,
                FromDevice,
                PinDuration::ShortTerm,
            )
            .err()
        };

        assert!(pin(PAGE_SIZE, 1) == Some(EFAULT));
        // A wrong number is found first.
        assert!(pin(PAGE_SIZE, 0) == Some(EINVAL));
        assert!(pin(PAGE_SIZE, usize::MAX) == Some(EOVERFLOW));
    }

    #[test]
    fn pages_of_a_range() {
        assert!(page_count(0, 1) == Ok(1));
        assert!(page_count(PAGE_SIZE - 1, 1) == Ok(1));
        assert!(page_count(PAGE_SIZE - 1, 2) == Ok(2));
        assert!(page_count(PAGE_SIZE, PAGE_SIZE) == Ok(1));
        assert!(page_count(PAGE_SIZE + 1, PAGE_SIZE) == Ok(2));
        assert!(page_count(usize::MAX, 1) == Ok(1));
        assert!(page_count(usize::MAX - PAGE_SIZE, PAGE_SIZE + 1) == Ok(2));
    }

    #[test]
    fn ranges_that_are_none() {
        // CAST: A positive number.
        let most = (c_int::MAX as usize).saturating_mul(PAGE_SIZE);

        assert!(page_count(0, 0) == Err(EINVAL));
        assert!(page_count(usize::MAX, 0) == Err(EINVAL));
        assert!(page_count(usize::MAX, 2) == Err(EOVERFLOW));
        assert!(page_count(2, usize::MAX) == Err(EOVERFLOW));
        // All of a 32-bit address space has fewer pages than C counts.
        assert!(page_count(0, most) == Ok(c_int::MAX) || usize::BITS == 32);
        assert!(page_count(0, most.saturating_add(1)) == Err(EOVERFLOW) || usize::BITS == 32);
        assert!(page_count(1, most) == Err(EOVERFLOW) || usize::BITS == 32);
    }

    #[test]
    fn written_by_those_that_write() {
        // CAST: Bits of a 32-bit number.
        let (write, long_term) = (
            bindings::FOLL_WRITE as c_uint,
            bindings::FOLL_LONGTERM as c_uint,
        );

        assert!(gup_flags::<ToDevice>(PinDuration::ShortTerm) == 0);
        assert!(gup_flags::<ToDevice>(PinDuration::LongTerm) == long_term);
        assert!(gup_flags::<FromDevice>(PinDuration::ShortTerm) == write);
        assert!(gup_flags::<FromDevice>(PinDuration::LongTerm) == write | long_term);
        assert!(gup_flags::<Bidirectional>(PinDuration::ShortTerm) == write);
    }

    #[test]
    fn whole_cache_lines() {
        assert!(has_whole_lines(0, 64, 64));
        assert!(has_whole_lines(128, PAGE_SIZE, 64));
        assert!(!has_whole_lines(32, 64, 64));
        assert!(!has_whole_lines(32, 32, 64));
        assert!(!has_whole_lines(64, 65, 64));
        // Where caches are coherent, no alignment is asked for.
        assert!(has_whole_lines(1, 1, 1));
    }
}
