// SPDX-License-Identifier: GPL-2.0

//! Pinned user pages: of the process that loaded the module or bound the device.

mod area;

pub(super) use self::area::{
    UserArea,
    PROT_READ,
    PROT_WRITE, //
};

use super::{
    direction_test,
    iova,
    place::{
        device_writes_lines,
        must_bounce, //
    },
    prelude::*,
    sg::{
        self,
        merged, //
    }, //
};
use crate::{
    bindings as helpers,
    dma::{
        PinDuration::{
            self,
            LongTerm,
            ShortTerm, //
        },
        UserByte,
        UserPages, //
    }, //
};
use kernel::uaccess::UserPtr;

/// The pattern of the memory around the range.
const AROUND: u32 = 4;

const AREA: usize = 5 * PAGE_SIZE;

pub(super) const PLAN: usize = 3 * 4 + 7;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);
    suite.result(fmt!("read and written by the CPU"), sync(ctx));
    suite.result(fmt!("munmap while mapped"), munmap(ctx));
    suite.result(fmt!("dirty"), dirty(ctx));
    suite.result(fmt!("untouched memory"), untouched(ctx));
    suite.result(fmt!("refused read-only"), read_only());
    suite.result(fmt!("refused not mapped"), not_mapped(ctx));
    suite.result(fmt!("refused arguments"), arguments(ctx));
}

/// Runs all cases in one direction.
fn direction<D: UserTest>(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let name = direction_name(D::DIRECTION);
    let pages = PAGE_SIZE..4 * PAGE_SIZE;
    let line = limits::cache_alignment().max(64);
    let lines = PAGE_SIZE - 5 * line..3 * PAGE_SIZE + 3 * line;
    let unaligned = 101..4 * PAGE_SIZE - 7;

    let result = check::<D>(ctx, pages, ShortTerm);
    suite.result(fmt!("{} pages", name), result);

    let result = check::<D>(ctx, lines.clone(), LongTerm);
    suite.result(fmt!("{} cache lines", name), result);

    let result = check::<D>(ctx, unaligned, ShortTerm);
    suite.result(fmt!("{} unaligned", name), result);

    suite.result(fmt!("{} one range", name), one_range::<D>(ctx, lines));
}

/// A direction for which user pages can be pinned and mapped.
trait UserTest: DirectionTest + Permits<UserByte<Self>> {}

impl<D: DirectionTest + Permits<UserByte<D>>> UserTest for D {}

/// Returns memory with the pattern of the direction in `range`, and that range, pinned.
fn pinned<D: UserTest>(
    range: &Range<usize>,
    duration: PinDuration,
) -> Result<(UserArea, UserPages<D>), Stop> {
    let area = UserArea::new(AREA, PROT_READ | PROT_WRITE)?;

    area.fill(0..AREA, AROUND)?;
    area.fill(range.clone(), D::BEFORE)?;
    let pages = UserPages::pin(area.at(range.start), range.len(), D::VALUE, duration)?;
    if pages.size() != range.len() {
        return fail("the range has another size");
    }
    Ok((area, pages))
}

/// Checks that `range` has the pattern `seed`, and that the memory around it is as it was.
fn compare(area: &UserArea, range: &Range<usize>, seed: u32) -> Result<(), Stop> {
    let bytes = area.read(0..AREA)?;

    pattern::compare(&bytes[..range.start], AROUND, 0)?;
    pattern::compare(&bytes[range.clone()], seed, 0)?;
    Ok(pattern::compare(&bytes[range.end..], AROUND, range.end)?)
}

/// Returns whether the device would write to cache lines that are partly outside of `range`.
fn shares_lines(ctx: &Context<'_>, direction: DataDirection, range: &Range<usize>) -> bool {
    device_writes_lines(ctx, direction)
        && (range.start | range.end) & (limits::cache_alignment() - 1) != 0
}

/// Pins and maps a range, transfers it, and checks the mapping and the data in the process.
fn check<D: UserTest>(
    ctx: &Context<'_>,
    range: Range<usize>,
    duration: PinDuration,
) -> Result<merged::ListEvidence, Stop> {
    let (area, pages) = pinned::<D>(&range, duration)?;

    let mapping = match SgMapping::map(ctx.dev, pages, D::VALUE, GFP_KERNEL) {
        Ok(_) if shares_lines(ctx, D::DIRECTION, &range) => {
            return fail("the device was given a part of a cache line");
        }
        Ok(mapping) => mapping,
        Err(err) if err.error == EINVAL && shares_lines(ctx, D::DIRECTION, &range) => {
            drop(err);
            compare(&area, &range, D::BEFORE)?;
            return Err(Stop::Refused(
                "pin_user_pages_fast, dma_map_sgtable refused with EINVAL, for a part of a cache \
                 line witness: memory of the process as before",
            ));
        }
        Err(err) => return Err(err.error.into()),
    };
    let merged = merged::check(ctx, &mapping)?;
    let pages = sg::through(ctx, mapping)?.unmap();
    merged.unmapped(ctx)?;
    drop(pages);
    compare(&area, &range, D::after(ctx))?;

    let operation = "pin_user_pages_fast, dma_map_sgtable, dma_unmap_sgtable, \
                     unpin_user_pages_dirty_lock";
    Ok(merged.evidence(ctx, operation))
}

/// Pins a range, maps it to one IOVA range, and transfers chunks that cross pages.
fn one_range<D: UserTest>(ctx: &Context<'_>, range: Range<usize>) -> Result<Evidence, Stop> {
    let (area, pages) = pinned::<D>(&range, ShortTerm)?;

    let mapping = match IovaMapping::map(ctx.dev, pages, D::VALUE, GFP_KERNEL) {
        Ok(_) if !ctx.iommu.translates() => return fail("mapped without translation"),
        Ok(mapping) => mapping,
        Err(err) if err.error == EOPNOTSUPP && !ctx.iommu.translates() => {
            drop(err);
            compare(&area, &range, D::BEFORE)?;
            return Err(Stop::Refused(
                "pin_user_pages_fast, dma_iova_try_alloc refused with EOPNOTSUPP, without \
                 translation witness: memory of the process as before",
            ));
        }
        Err(ErrorWith {
            error,
            value: buffer,
        }) if error == EINVAL => {
            let mapping = SgMapping::map(ctx.dev, buffer, D::VALUE, GFP_KERNEL)?;
            let is_bounced = mapping
                .phys_vecs()
                .next()
                .is_some_and(|piece| must_bounce(ctx, D::DIRECTION, piece.phys(), piece.len()));

            drop(mapping);
            compare(&area, &range, D::BEFORE)?;
            return Err(if is_bounced {
                Stop::Refused(
                    "pin_user_pages_fast, dma_iova_link refused with EINVAL, for a bounce buffer \
                     that begins with a page witness: memory of the process as before",
                )
            } else {
                error.into()
            });
        }
        Err(err) => return Err(err.error.into()),
    };
    let phys = sg::phys_at(mapping.phys_vecs(), 0).ok_or(EFAULT)?;
    let place = Place::unbounced(&mapping, phys);
    if place.size != range.len() {
        return fail("the range has another size than the memory");
    }
    let witness = iova::check_pieces(ctx, &mapping)?;
    drop(direction_test::part(ctx, mapping, 0..range.len(), 0)?);
    place.unmapped(ctx)?;
    compare(&area, &range, D::after(ctx))?;

    let operation = "pin_user_pages_fast, dma_iova_try_alloc, dma_iova_link, dma_iova_destroy, \
                     unpin_user_pages_dirty_lock";
    Ok(place.evidence(operation, [ctx.moved("round trip"), witness]))
}

/// Lets the CPU read and write pinned pages while they are mapped, and the process too.
fn sync(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let range = PAGE_SIZE..3 * PAGE_SIZE;
    let (area, pages) = pinned::<Bidirectional>(&range, ShortTerm)?;
    let mut mapping = SgMapping::map(ctx.dev, pages, Bidirectional, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;
    let mut bytes = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;

    let mut access = mapping.sync_for_cpu();
    access.read(0, &mut bytes)?;
    pattern::compare(&bytes, Bidirectional::BEFORE, 0)?;
    // The process sees what the CPU writes. Bounced or not, the pages are those of the process.
    pattern::fill(&mut bytes, OTHER, 0);
    access.write(0, &bytes)?;
    compare(&area, &range, OTHER)?;
    // And the reverse.
    area.fill(range.clone(), DATA)?;
    access.read(0, &mut bytes)?;
    pattern::compare(&bytes, DATA, 0)?;
    drop(access);

    drop(sg::through(ctx, mapping)?);
    merged.unmapped(ctx)?;
    compare(&area, &range, Bidirectional::after(ctx))?;
    Ok(
        "pin_user_pages_fast, sg_pcopy_to_buffer, sg_pcopy_from_buffer, \
         unpin_user_pages_dirty_lock witness: bytes in the process",
    )
}

/// Unmaps the memory from the process before the device writes to it.
fn munmap(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let range = 0..3 * PAGE_SIZE;
    let (mut area, pages) = pinned::<FromDevice>(&range, LongTerm)?;
    let mapping = SgMapping::map(ctx.dev, pages, FromDevice, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;
    let phys = sg::phys_at(mapping.phys_vecs(), 0).ok_or(EFAULT)?;
    let mut bytes = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;

    area.truncate(0);
    // Other memory takes the place of the old one, but not its pages.
    let other = UserArea::new(AREA, PROT_READ | PROT_WRITE)?;
    other.fill(0..AREA, AROUND)?;
    if !folio_at(phys).is_pinned() {
        return fail("the pages are not pinned");
    }

    let mut mapping = sg::through(ctx, mapping)?;
    mapping.sync_for_cpu().read(0, &mut bytes)?;
    pattern::compare(&bytes, FromDevice::after(ctx), 0)?;
    pattern::compare(&other.read(0..AREA)?, AROUND, 0)?;
    drop(mapping);
    merged.unmapped(ctx)?;

    Ok(
        "pin_user_pages_fast, unpin_user_pages_dirty_lock, vm_munmap witness: bytes that the \
         device wrote later, folio_maybe_dma_pinned",
    )
}

/// The state of the pages behind memory.
#[derive(Clone, Copy)]
struct Folio(*mut kernel::bindings::folio);

/// Returns the folio of RAM.
fn folio_at(phys: PhysAddr) -> Folio {
    // CAST: The number of a page has as many bits as `unsigned long`.
    let pfn = (phys / PAGE_SIZE as PhysAddr) as usize;

    // SAFETY: The address is of memory that is or was pinned, and so has a `struct page`.
    Folio(unsafe { helpers::helper_pfn_folio(pfn) })
}

impl Folio {
    fn is_dirty(self) -> bool {
        // SAFETY: The page is in use by the process.
        unsafe { helpers::helper_folio_test_dirty(self.0) }
    }

    fn is_pinned(self) -> bool {
        // SAFETY: As above, or pinned.
        unsafe { helpers::helper_folio_maybe_dma_pinned(self.0) }
    }
}

/// Pins and maps a page for `D`, and returns its folio after it was unpinned.
fn map_once<D: UserTest>(ctx: &Context<'_>, area: &UserArea) -> Result<Folio, Stop> {
    let pages = UserPages::pin(area.at(0), PAGE_SIZE, D::VALUE, ShortTerm)?;
    let mapping = SgMapping::map(ctx.dev, pages, D::VALUE, GFP_KERNEL)?;

    Ok(folio_at(sg::phys_at(mapping.phys_vecs(), 0).ok_or(EFAULT)?))
}

/// Checks that exactly the pages that a device may have written are marked as dirty.
fn dirty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let area = UserArea::new(AREA, PROT_READ | PROT_WRITE)?;
    area.fill(0..AREA, AROUND)?;

    let folio = map_once::<ToDevice>(ctx, &area)?;
    if folio.is_pinned() {
        return fail("the page is still pinned");
    }
    if folio.is_dirty() {
        return Err(Stop::Skip("the kernel marks new pages as dirty"));
    }
    drop(UserPages::pin(
        area.at(0),
        PAGE_SIZE,
        FromDevice,
        ShortTerm,
    )?);
    if folio.is_dirty() {
        return fail("a page is dirty that no device had");
    }
    if map_once::<FromDevice>(ctx, &area)?.0 != folio.0 {
        return Err(Stop::Skip("the kernel has moved the page"));
    }
    if !folio.is_dirty() {
        return fail("a page is not dirty that a device may have written");
    }
    if folio.is_pinned() {
        return fail("the page is still pinned");
    }
    Ok(
        "pin_user_pages_fast, unpin_user_pages_dirty_lock witness: folio_test_dirty, \
         folio_maybe_dma_pinned",
    )
}

/// Lets the device read memory that the process has not touched: the zero page, again and again.
fn untouched(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let area = UserArea::new(AREA, PROT_READ)?;
    let pages = UserPages::pin(area.at(0), AREA, ToDevice, ShortTerm)?;
    let mapping = SgMapping::map(ctx.dev, pages, ToDevice, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;

    drop(direction_test::device_reads(ctx, mapping, 0..PAGE_SIZE)?);
    merged.unmapped(ctx)?;
    if ctx.edu.is_some() {
        let mut bytes = KVec::from_elem(1u8, PAGE_SIZE.min(BUFFER_SIZE), GFP_KERNEL)?;

        fetch(ctx, &mut bytes)?;
        pattern::all(&bytes, 0)?;
    }
    pattern::all(&area.read(0..AREA)?, 0)?;
    Ok("pin_user_pages_fast to_device witness: zeros in the device and in the process")
}

/// Checks that memory which the process must not write is not pinned for a device that writes.
fn read_only() -> Result<&'static str, Stop> {
    let area = UserArea::new(AREA, PROT_READ)?;

    for duration in [ShortTerm, LongTerm] {
        refused(area.at(0), AREA, FromDevice, duration, EFAULT)?;
        refused(area.at(0), AREA, Bidirectional, duration, EFAULT)?;
    }
    Ok("pin_user_pages_fast from_device refused with EFAULT witness: return value")
}

/// Checks that a range with a hole is refused, and that none of its pages remains pinned.
fn not_mapped(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut area = UserArea::new(AREA, PROT_READ | PROT_WRITE)?;
    area.fill(0..AREA, AROUND)?;
    let folio = map_once::<ToDevice>(ctx, &area)?;

    area.truncate(2 * PAGE_SIZE);
    refused(area.at(0), 2 * PAGE_SIZE + 1, ToDevice, ShortTerm, EFAULT)?;
    refused(area.at(0), AREA, FromDevice, ShortTerm, EFAULT)?;
    refused(area.at(0), AREA, FromDevice, LongTerm, EFAULT)?;
    refused(area.at(2 * PAGE_SIZE), 1, ToDevice, ShortTerm, EFAULT)?;
    if folio.is_pinned() {
        return fail("a page before the hole is still pinned");
    }
    // Up to the hole, all is well.
    drop(UserPages::pin(
        area.at(1),
        2 * PAGE_SIZE - 1,
        FromDevice,
        ShortTerm,
    )?);
    Ok("pin_user_pages_fast refused with EFAULT witness: folio_maybe_dma_pinned")
}

/// Checks addresses and lengths that are wrong in themselves.
fn arguments(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let area = UserArea::new(AREA, PROT_READ | PROT_WRITE)?;
    let kernel = UserPtr::from_addr(core::ptr::from_ref(ctx).addr());
    let top = UserPtr::from_addr(usize::MAX - PAGE_SIZE + 1);

    for (start, len, error) in [
        (area.at(0), 0, EINVAL),
        (area.at(0), usize::MAX, EOVERFLOW),
        (area.at(PAGE_SIZE), isize::MAX as usize, EOVERFLOW),
        (area.at(0), 1 << 40, ENOMEM),
        (kernel, 1, EFAULT),
        (kernel, PAGE_SIZE, EFAULT),
        // The first byte beyond is that of address 0, as C has it.
        (top, PAGE_SIZE, EOVERFLOW),
        (top, PAGE_SIZE + 1, EOVERFLOW),
        (UserPtr::from_addr(0), 1, EFAULT),
    ] {
        refused(start, len, FromDevice, ShortTerm, error)?;
        refused(start, len, ToDevice, LongTerm, error)?;
    }
    Ok("pin_user_pages_fast refused witness: return values")
}

/// Checks that a range cannot be pinned, and with which error.
fn refused<D: Direction>(
    start: UserPtr,
    len: usize,
    direction: D,
    duration: PinDuration,
    expected: Error,
) -> Result<(), Stop> {
    match UserPages::pin(start, len, direction, duration) {
        Ok(_) => fail("a range was pinned that must be refused"),
        Err(error) if error == expected => Ok(()),
        Err(error) => Err(error.into()),
    }
}
