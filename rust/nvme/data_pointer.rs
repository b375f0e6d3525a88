// SPDX-License-Identifier: GPL-2.0

//! Where the data of a command is.

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

/// The number of ranges for which a list has room, in an SGL.
pub(crate) const MAX_RANGES: u16 = ENTRIES as u16 / 2;

/// The pool of a controller's lists.
pub(crate) type ListPool<'bound> = Arc<Pool<'bound, [u64; ENTRIES]>>;

/// A list, which one command uses at a time.
pub(crate) type List<'bound> = PoolObject<'bound, [u64; ENTRIES]>;

/// Creates the pool of a controller.
pub(crate) fn list_pool(dev: &Device<Bound>) -> Result<ListPool<'_>> {
    Pool::new(dev, c"rust_nvme lists", Alignment::new::<4096>(), None)
}

/// The data pointer of a command, DPTR.
pub(crate) enum DataPointer {
    /// PRP 1 and PRP 2.
    Prps([u64; 2]),
    /// An SGL descriptor.
    Sgl([u64; 2]),
}

/// Writes a range of blocks to `list`, for a command that discards it. `addr` is that of the list.
pub(crate) fn of_blocks(
    first: u64,
    count: u32,
    (list, addr): (&List<'_>, u64),
) -> Result<DataPointer> {
    // Context attributes, which are 0, below the number of blocks; then the first block.
    io_write!(list, [try: 0], (u64::from(count) << 32).to_le());
    io_write!(list, [try: 1], first.to_le());
    Ok(DataPointer::Prps([addr, 0]))
}

/// Describes `ranges`: by PRPs without a list if there are at most two pages, and otherwise by an
/// SGL if `has_sgls`, or else by a list of PRPs. `list` returns a list with its address.
///
/// # Errors
///
/// [`EINVAL`] for ranges that do not have `size` bytes; [`ERANGE`] for more than a list has room
/// for; that of `list`.
///
/// C: `nvme_map_data()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
#[inline]
pub(crate) fn of_ranges<'a, 'bound: 'a>(
    mut ranges: impl Iterator<Item = (u64, usize)>,
    size: u32,
    has_sgls: bool,
    list: impl FnOnce() -> Result<(&'a List<'bound>, u64)>,
) -> Result<DataPointer> {
    let first = ranges.next().ok_or(EINVAL)?;
    let (addr, len) = first;
    let second = (addr | (PAGE - 1)).wrapping_add(1);
    // CAST: From at most 64 bits.
    let beyond = (len as u64).saturating_sub(second.wrapping_sub(addr));
    // CAST: From 32 bits to at least as many.
    let is_one = len == size as usize;

    if is_one && beyond <= PAGE {
        let second = if beyond == 0 { 0 } else { second };
        return Ok(DataPointer::Prps([addr, second]));
    }
    match has_sgls {
        true if is_one => Ok(DataPointer::Sgl([addr, size.into()])),
        true => sgl(first, ranges, size, list()?),
        false => prps(first, ranges, size, list()?),
    }
}

/// The type of the SGL descriptor of a list, above its length. That of a range is 0.
const LAST_SEGMENT: u64 = 0x30 << 56;

/// Describes ranges by an SGL: address, length and type of each are in the list.
///
/// C: `nvme_pci_setup_data_sgl()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
// Not inlined, for a short path to the other returns.
#[inline(never)]
fn sgl(
    first: (u64, usize),
    mut ranges: impl Iterator<Item = (u64, usize)>,
    size: u32,
    (list, list_addr): (&List<'_>, u64),
) -> Result<DataPointer> {
    // CAST: From 32 bits to at least as many.
    let (mut next, mut left, mut count) = (Some(first), size as usize, 0);

    while let Some((addr, len)) = next {
        left = left.checked_sub(len).ok_or(EINVAL)?;
        // `try` returns `ERANGE` from this function for an index beyond the list.
        io_write!(list, [try: count], addr.to_le());
        // CAST: At most `size`.
        io_write!(list, [try: count + 1], (len as u64).to_le());
        count += 2;
        next = ranges.next();
    }
    if left != 0 {
        return Err(EINVAL);
    }
    // CAST: At most the size of a list.
    let segment = LAST_SEGMENT | (8 * count as u64);
    Ok(DataPointer::Sgl([list_addr, segment]))
}

/// Describes ranges by the PRPs of their pages. Each range but the first begins at a page, and each
/// but the last ends at one: the disk's `virt_boundary_mask` ensures it.
///
/// C: `nvme_pci_setup_data_prp()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
#[inline(never)]
fn prps(
    first: (u64, usize),
    mut ranges: impl Iterator<Item = (u64, usize)>,
    size: u32,
    (list, list_addr): (&List<'_>, u64),
) -> Result<DataPointer> {
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
    if count > 2 {
        io_write!(list, [try: 0], entries[1].to_le());
        entries[1] = list_addr;
    }
    Ok(DataPointer::Prps(entries))
}
