// SPDX-License-Identifier: GPL-2.0

//! Safe interface to the C code that the library is compared with.

use crate::dma::{
    Direction,
    Pages, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    bindings as kernel_bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    error::{
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_void, //
    },
    io::PhysAddr,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

#[allow(
    clippy::all,
    improper_ctypes,
    missing_docs,
    unreachable_pub,
    reason = "generated code"
)]
pub(super) mod bindings {
    use kernel::{
        bindings::*,
        ffi, //
    };

    include!("bench_generated.rs");
}

/// A buffer of one piece.
pub(super) type Memory<const N: usize> = KBox<[u8; N]>;

pub(super) fn memory<const N: usize>() -> Result<Memory<N>> {
    KBox::init(pin_init::init_zeroed(), GFP_KERNEL)
}

pub(super) fn raw(dev: &Device<Bound>) -> *mut kernel_bindings::device {
    // `Device` is `repr(transparent)` over `Opaque<kernel_bindings::device>`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

fn start<const N: usize>(memory: &mut Memory<N>) -> *mut c_void {
    (&raw mut **memory).cast()
}

/// Returns the counter, which counts instructions under `-icount shift=0`.
#[inline(always)]
pub(super) fn clock() -> u64 {
    // SAFETY: The function has no preconditions.
    unsafe { bindings::bench_clock() }
}

/// Lets programs read the number of instructions that were executed, as `PMEVCNTR0_EL0`.
pub(super) fn count_for_programs() {
    // SAFETY: The function has no preconditions.
    unsafe { bindings::bench_count_for_programs() };
}

/// Sorts samples.
pub(super) fn sort(samples: &mut [u64]) {
    // SAFETY: The pointer and the length are those of a slice that is borrowed exclusively.
    unsafe { bindings::bench_sort(samples.as_mut_ptr(), samples.len()) };
}

/// Maps and unmaps a buffer.
pub(super) fn single<D: Direction, const N: usize>(
    dev: &Device<Bound>,
    mut memory: Memory<N>,
) -> Result<Memory<N>> {
    // SAFETY: The device is bound, and the memory is from `kmalloc()` and borrowed exclusively.
    to_result(unsafe {
        bindings::by_hand_single(raw(dev), start(&mut memory), N, D::DIRECTION.into())
    })?;
    Ok(memory)
}

/// Maps and unmaps pages by their `struct page`.
pub(super) fn page(dev: &Device<Bound>, pages: Pages) -> Result<Pages> {
    // SAFETY: `Pages` is in the linear map.
    let page = unsafe { bindings::bench_page(pages.as_ptr().cast()) };

    // SAFETY: The device is bound, and the pages are owned.
    to_result(unsafe { bindings::by_hand_page(raw(dev), page, pages.size()) })?;
    Ok(pages)
}

/// An array of `struct page *`.
pub(super) struct PageList {
    pages: KVec<*mut kernel_bindings::page>,
    _memory: KVec<Pages>,
}

impl PageList {
    /// Takes the first page of each allocation.
    pub(super) fn new(memory: KVec<Pages>) -> Result<Self> {
        if memory.is_empty() {
            return Err(EINVAL);
        }
        let mut pages = KVec::with_capacity(memory.len(), GFP_KERNEL)?;

        for each in &memory {
            // SAFETY: `Pages` is in the linear map.
            let page = unsafe { bindings::bench_page(each.as_ptr().cast()) };

            pages.push(page, GFP_KERNEL)?;
        }
        Ok(Self {
            pages,
            _memory: memory,
        })
    }

    /// Returns the number of pages.
    fn count(&self) -> u32 {
        // CAST: A few hundred at most.
        self.pages.len() as u32
    }

    fn start(&self) -> *mut *mut kernel_bindings::page {
        self.pages.as_ptr().cast_mut()
    }
}

/// Builds a list with an entry for each page, and maps and unmaps it.
pub(super) fn sg(dev: &Device<Bound>, list: &PageList) -> Result {
    // SAFETY: The device is bound, and the list owns this number of pages.
    to_result(unsafe { bindings::by_hand_sg(raw(dev), list.start(), list.count()) })
}

/// Builds a list with an entry for each run of contiguous pages, and maps and unmaps it.
pub(super) fn sg_joined(dev: &Device<Bound>, list: &PageList) -> Result {
    // SAFETY: As above. The array is only read.
    to_result(unsafe { bindings::by_hand_sg_joined(raw(dev), list.start(), list.count()) })
}

/// Links the pages to one IOVA range, and unlinks them.
pub(super) fn iova(dev: &Device<Bound>, list: &PageList) -> Result {
    // SAFETY: As above.
    to_result(unsafe { bindings::by_hand_iova(raw(dev), list.start(), list.count()) })
}

/// Allocates and frees coherent memory.
pub(super) fn coherent(dev: &Device<Bound>, size: usize) -> Result<()> {
    // SAFETY: The device is bound and has a DMA mask.
    to_result(unsafe { bindings::by_hand_coherent(raw(dev), size) })
}

/// Maps and unmaps registers.
///
/// # Safety
///
/// `phys` is the address of `size` bytes of registers that may be mapped for the device.
pub(super) unsafe fn resource(dev: &Device<Bound>, phys: PhysAddr, size: usize) -> Result<()> {
    // SAFETY: The device is bound. The caller promises the rest.
    to_result(unsafe { bindings::by_hand_resource(raw(dev), phys, size) })
}

/// A DMA pool.
pub(super) struct Pool<'a> {
    pool: NonNull<bindings::dma_pool>,
    // INVARIANT: The device of the pool.
    _dev: &'a Device<Bound>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(dev: &'a Device<Bound>, size: usize) -> Result<Self> {
        // SAFETY: The device is bound, and outlives the pool.
        let pool = unsafe { bindings::by_hand_pool_create(raw(dev), size) };

        Ok(Self {
            pool: NonNull::new(pool).ok_or(ENOMEM)?,
            _dev: dev,
        })
    }

    /// Allocates and frees an object.
    pub(super) fn object(&self) -> Result {
        // SAFETY: The pool is valid.
        to_result(unsafe { bindings::by_hand_pool(self.pool.as_ptr()) })
    }
}

impl Drop for Pool<'_> {
    fn drop(&mut self) {
        // SAFETY: The pool has no objects and is not used again.
        unsafe { bindings::by_hand_pool_destroy(self.pool.as_ptr()) };
    }
}

/// A buffer that stays mapped.
pub(super) struct Mapped<'a, const N: usize> {
    dev: &'a Device<Bound>,
    addr: DmaAddress,
    direction: kernel_bindings::dma_data_direction,
    _memory: Memory<N>,
}

impl<'a, const N: usize> Mapped<'a, N> {
    pub(super) fn new<D: Direction>(dev: &'a Device<Bound>) -> Result<Self> {
        let mut memory = memory::<N>()?;
        let direction = D::DIRECTION.into();
        let mut addr = 0;

        // SAFETY: The device is bound. The memory is from `kmalloc()` and lives as long as `Self`.
        to_result(unsafe {
            bindings::by_hand_map(raw(dev), start(&mut memory), N, direction, &mut addr)
        })?;
        Ok(Self {
            dev,
            addr,
            direction,
            _memory: memory,
        })
    }

    /// Syncs a part for the CPU, and then for the device.
    pub(super) fn sync(&self, offset: usize, size: usize) -> Result {
        // SAFETY: The buffer is mapped at `addr` in this direction, and the callers pass a part of
        // it.
        to_result(unsafe {
            bindings::by_hand_sync(raw(self.dev), self.addr, offset, size, self.direction)
        })
    }
}

impl<const N: usize> Drop for Mapped<'_, N> {
    fn drop(&mut self) {
        // SAFETY: The buffer was mapped with these parameters, and the address is not used again.
        unsafe { bindings::by_hand_unmap(raw(self.dev), self.addr, N, self.direction) };
    }
}

/// The mapped registers of an `edu`.
pub(super) struct Registers<'a> {
    pdev: &'a pci::Device<Bound>,
    // INVARIANT: The registers of `pdev`, an `edu`, mapped until `Self` is dropped.
    regs: NonNull<c_void>,
}

impl<'a> Registers<'a> {
    pub(super) fn new(pdev: &'a pci::Device<Bound>) -> Result<Self> {
        // SAFETY: The device is bound and enabled. `pci::Device` is `repr(transparent)` over
        // `struct pci_dev`.
        let regs =
            unsafe { bindings::bench_registers(core::ptr::from_ref(pdev).cast_mut().cast()) };

        // INVARIANT: The registers were mapped above.
        Ok(Self {
            pdev,
            regs: NonNull::new(regs).ok_or(ENOMEM)?,
        })
    }

    /// Writes a number to a register that the device ignores, as a mark in QEMU's trace.
    pub(super) fn mark(&self, number: u32) {
        // SAFETY: By the invariants.
        unsafe { bindings::bench_mark(self.regs.as_ptr(), number) };
    }

    /// Maps memory, and starts a read by the device.
    pub(super) fn send<const N: usize>(&self, mut memory: Memory<N>) -> Result<Sent<N>> {
        let mut addr = 0;
        let dev = raw(self.pdev.as_ref());
        let regs = self.regs.as_ptr();

        // SAFETY: By the invariants. `Sent` keeps the memory until the device is done.
        to_result(unsafe { bindings::by_hand_send(dev, regs, start(&mut memory), N, &mut addr) })?;
        // INVARIANT: The memory was mapped above, at `addr`.
        Ok(Sent {
            memory: ManuallyDrop::new(memory),
            addr,
        })
    }

    /// Waits for the end of the transfer, and unmaps the memory.
    pub(super) fn sent<const N: usize>(&self, sent: Sent<N>) -> Result<Memory<N>> {
        let dev = raw(self.pdev.as_ref());

        // SAFETY: By the invariants of both.
        to_result(unsafe { bindings::by_hand_sent(dev, self.regs.as_ptr(), N, sent.addr) })?;
        Ok(ManuallyDrop::into_inner(sent.memory))
    }
}

/// Memory in flight to the device. Dropping it leaks the memory.
pub(super) struct Sent<const N: usize> {
    memory: ManuallyDrop<Memory<N>>,
    // INVARIANT: The DMA address of the memory.
    addr: DmaAddress,
}

impl Drop for Registers<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariants. The registers are not used again.
        unsafe {
            bindings::bench_registers_gone(
                core::ptr::from_ref(self.pdev).cast_mut().cast(),
                self.regs.as_ptr(),
            )
        };
    }
}

/// Calls `work` in threads, and returns the time until all are done in nanoseconds.
pub(super) fn threads<F: Fn() -> Result + Sync>(count: u32, work: &F) -> Result<u64> {
    /// # Safety
    ///
    /// `data` is an `F`, borrowed until this returns.
    unsafe extern "C" fn call<F: Fn() -> Result + Sync>(data: *mut c_void) -> c_int {
        // SAFETY: By the caller's promise.
        let work = unsafe { &*data.cast::<F>() };

        from_result(|| work().map(|()| 0))
    }

    let mut taken = 0;
    let data = core::ptr::from_ref(work).cast_mut().cast();

    // SAFETY: All threads have ended when this returns, so `work` outlives them. It is `Sync`.
    to_result(unsafe { bindings::bench_threads(count, Some(call::<F>), data, &mut taken) })?;
    Ok(taken)
}

/// Allocates `count` single pages.
pub(super) fn pages(count: usize) -> Result<KVec<Pages>> {
    let mut pages = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        pages.push(Pages::zeroed(0, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(pages)
}

/// Sorts pages by address.
///
/// Uses a counting sort: the sort of `core` needs more stack than the kernel has.
fn in_order(pages: KVec<Pages>) -> Result<KVec<Pages>> {
    let number = |page: &Pages| page.as_ptr().addr() / PAGE_SIZE;
    let first = pages.iter().map(number).min().ok_or(EINVAL)?;
    let last = pages.iter().map(number).max().ok_or(EINVAL)?;
    let mut places = KVVec::<Option<Pages>>::with_capacity(last - first + 1, GFP_KERNEL)?;
    let mut ordered = KVec::with_capacity(pages.len(), GFP_KERNEL)?;

    for _ in first..=last {
        places.push(None, GFP_KERNEL)?;
    }
    for page in pages {
        let place = number(&page) - first;
        places[place] = Some(page);
    }
    for page in places.into_iter().flatten() {
        ordered.push(page, GFP_KERNEL)?;
    }
    Ok(ordered)
}

/// Allocates `count` contiguous pages, one by one; [`EOPNOTSUPP`] if that fails.
pub(super) fn row(count: usize) -> Result<KVec<Pages>> {
    let all = in_order(pages(8 * count)?)?;
    let mut kept = KVec::with_capacity(count, GFP_KERNEL)?;
    let is_row = |row: &[Pages]| {
        let ends = row.last().map(|page| page.as_ptr_range().end);
        ends == Some(row[0].as_ptr().wrapping_add(count * PAGE_SIZE))
    };

    let begins = all.windows(count).position(is_row).ok_or(EOPNOTSUPP)?;
    for page in all.into_iter().skip(begins).take(count) {
        kept.push(page, GFP_KERNEL)?;
    }
    Ok(kept)
}

/// Allocates `count` pages of which no two are adjacent.
pub(super) fn scattered(count: usize) -> Result<KVec<Pages>> {
    let mut kept = KVec::with_capacity(count, GFP_KERNEL)?;

    // Every other page of a sorted list has no neighbour.
    for page in in_order(pages(2 * count)?)?.into_iter().step_by(2) {
        kept.push(page, GFP_KERNEL)?;
    }
    Ok(kept)
}
