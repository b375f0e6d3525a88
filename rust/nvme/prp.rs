// SPDX-License-Identifier: GPL-2.0

//! The addresses of a command's data.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::io_write,
    prelude::*,
    ptr::Alignment,
    sync::Arc, //
};
use safe_dma::dma::{
    Pool,
    PoolObject, //
};

/// The size of a page of the controller, in bytes.
pub(crate) const PAGE: u64 = 4096;

/// The number of entries of a list, which is a page.
const ENTRIES: usize = 512;

/// The data of a command has at most `1 << MAX_SHIFT` pages, and one more if it does not begin at a
/// page: all but the first are in one list.
pub(crate) const MAX_SHIFT: u32 = ENTRIES.ilog2();

/// The pool of a controller's lists.
pub(crate) type ListPool<'bound> = Arc<Pool<'bound, [u64; ENTRIES]>>;

/// A list, which one command uses at a time.
pub(crate) type List<'bound> = PoolObject<'bound, [u64; ENTRIES]>;

/// Creates the pool of a controller.
pub(crate) fn list_pool(dev: &Device<Bound>) -> Result<ListPool<'_>> {
    Pool::new(dev, c"rust_nvme lists", Alignment::new::<4096>(), None)
}

/// What a command has of its data.
#[derive(Default)]
pub(crate) struct Pages {
    /// The entries of the command.
    pub(crate) entries: [u64; 2],
    /// The entry that has the address of the list, if one has.
    pub(crate) list_entry: Option<usize>,
    /// Whether the entries are an SGL descriptor of a range.
    pub(crate) sgl: bool,
}

/// Returns the list in `slot`, which is allocated when a tag first needs it, and then kept.
fn list<'a, 'bound>(
    slot: &'a mut Option<List<'bound>>,
    pool: &ListPool<'bound>,
) -> Result<&'a List<'bound>> {
    if slot.is_none() {
        *slot = Some(Pool::zalloc(pool, GFP_ATOMIC)?);
    }
    slot.as_ref().ok_or(ENOMEM)
}

/// Writes a range of blocks to the list, for a command that discards it.
pub(crate) fn discard<'bound>(
    first: u64,
    count: u32,
    slot: &mut Option<List<'bound>>,
    pool: &ListPool<'bound>,
) -> Result<Pages> {
    let list = list(slot, pool)?;

    // Context attributes, which are 0, below the number of blocks; then the first block.
    io_write!(list, [try: 0], (u64::from(count) << 32).to_le());
    io_write!(list, [try: 1], first.to_le());
    Ok(Pages {
        list_entry: Some(0),
        ..Pages::default()
    })
}

/// Returns the pages of `ranges`, and writes them to the list if there are more than two. With
/// `sgl`, one range needs no list.
///
/// The ranges are as PRPs describe them: each but the first begins at a page, and each but the last
/// ends at one. The disk's `virt_boundary_mask` ensures it.
///
/// # Errors
///
/// [`EINVAL`] for other ranges, or if they do not have `size` bytes; [`ERANGE`] for more pages than
/// a list has entries; [`ENOMEM`] without memory for the list.
///
/// C: `nvme_pci_setup_data_prp()`,
/// [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
#[inline]
pub(crate) fn pages<'bound>(
    mut ranges: impl Iterator<Item = (u64, usize)>,
    size: u32,
    sgl: bool,
    slot: &mut Option<List<'bound>>,
    pool: &ListPool<'bound>,
) -> Result<Pages> {
    let first = ranges.next().ok_or(EINVAL)?;
    let (addr, len) = first;
    let second = (addr | (PAGE - 1)).wrapping_add(1);
    // CAST: From at most 64 bits.
    let beyond = (len as u64).saturating_sub(second.wrapping_sub(addr));

    if len == size as usize {
        if beyond <= PAGE {
            return Ok(Pages {
                entries: [addr, if beyond == 0 { 0 } else { second }],
                ..Pages::default()
            });
        }
        if sgl {
            // A data block descriptor: address, length, three reserved bytes, and 0 for the type.
            return Ok(Pages {
                entries: [addr, size.into()],
                sgl: true,
                ..Pages::default()
            });
        }
    }
    all_pages(first, ranges, size, list(slot, pool)?)
}

/// As [`pages`], for any number of pages.
// Not inlined, for a short path to the other return.
#[inline(never)]
fn all_pages(
    first: (u64, usize),
    mut ranges: impl Iterator<Item = (u64, usize)>,
    size: u32,
    list: &List<'_>,
) -> Result<Pages> {
    let (mut addr, mut len) = first;
    let mut entries = [0; 2];
    let mut count = 0usize;
    // CAST: From 32 bits to at least as many.
    let mut left = size as usize;

    loop {
        left = left.checked_sub(len).ok_or(EINVAL)?;
        // CAST: From at most 64 bits.
        let end = addr.checked_add(len as u64).ok_or(EINVAL)?;
        while addr < end {
            // Page 1 is PRP 1. Page 2 is PRP 2, or moves to entry 0 of the list if there are more.
            // `try` returns `ERANGE` from this function for an index beyond the list.
            match count {
                0 => entries[0] = addr,
                1 => entries[1] = addr,
                _ => io_write!(list, [try: count - 1], addr.to_le()),
            }
            count += 1;
            addr = (addr | (PAGE - 1)).checked_add(1).ok_or(EINVAL)?;
        }

        let Some(next) = ranges.next() else { break };
        if (next.0 | end) & (PAGE - 1) != 0 {
            return Err(EINVAL);
        }
        (addr, len) = next;
    }
    if left != 0 {
        return Err(EINVAL);
    }

    let mut pages = Pages {
        entries,
        ..Pages::default()
    };
    if count > 2 {
        // PRP 2 becomes the address of the list, which the caller fills in.
        io_write!(list, [try: 0], entries[1].to_le());
        pages.list_entry = Some(1);
    }
    Ok(pages)
}
