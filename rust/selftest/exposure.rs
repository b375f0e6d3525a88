// SPDX-License-Identifier: GPL-2.0

//! Bytes beside mapped memory that the device can read.
//!
//! An IOMMU maps pages. The device reads the rest of each page that has a part of the memory, or of
//! its bounce buffer, and the bytes that are not zero are counted. Without translation the device
//! can read all memory.

use super::{
    prelude::*,
    stray, //
};
use crate::dma::{
    Buffer,
    PageBox,
    PagesPart, //
};

pub(super) const PLAN: usize = 8;

/// The size of the memory: less than a page, with whole cache lines.
const SIZE: usize = 512;
/// A size for which memory is bounced if the device writes it and is not cache-coherent.
const SMALL: usize = 16;

/// The byte in the mapped memory, the byte in pages that are free, and the pattern in objects that
/// are not for the device.
const KEPT: u8 = 0xa5;
const STALE: u8 = 0x77;
const SECRET: u32 = 23;

/// The number of objects of which some are in one page, and of pages that are freed.
const OBJECTS: usize = 256;
const FREED: usize = 8;

type Object = [u8; SIZE];

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("kmalloc"), kmalloc(ctx));
    suite.result(fmt!("vmalloc"), vmalloc(ctx));
    suite.result(fmt!("object of a pool"), pool(ctx));
    suite.result(fmt!("page box"), page_box::<ToDevice, SIZE>(ctx));
    suite.result(
        fmt!("page box, small and written"),
        page_box::<FromDevice, SMALL>(ctx),
    );
    suite.result(fmt!("part of pages"), part_of_pages(ctx));
    suite.result(fmt!("pages for the device"), device_pages(ctx));
    suite.result(fmt!("coherent"), coherent(ctx));
}

/// The bytes beside mapped memory that the device has read.
struct Exposure {
    operation: &'static str,
    place: Place,
    beside: usize,
    nonzero: usize,
    /// The number of objects with the pattern.
    objects: usize,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} size {} phys {:#x} dma {:#x} witness: exposes {} of {} bytes beside it",
            self.operation,
            direction_name(self.place.direction),
            self.place.size,
            self.place.phys,
            self.place.dma,
            self.nonzero,
            self.beside,
        )
    }
}

impl Exposure {
    /// Makes the device read the rest of the pages of mapped memory.
    fn of(ctx: &Context<'_>, operation: &'static str, place: Place) -> Result<Self, Stop> {
        // CAST: The offset within a page.
        let before = place.dma as usize % PAGE_SIZE;
        let end = before + place.size;
        let mut found = Self {
            operation,
            place,
            beside: 0,
            nonzero: 0,
            objects: 0,
        };

        found.scan(ctx, 0..before)?;
        found.scan(ctx, end..end.next_multiple_of(PAGE_SIZE))?;
        Ok(found)
    }

    /// Makes the device read a range, counted from the start of the first page.
    fn scan(&mut self, ctx: &Context<'_>, range: Range<usize>) -> Result<(), Stop> {
        let mask = PAGE_SIZE as DmaAddress - 1;
        let bounced = self.place.is_bounced(ctx);

        for start in range.clone().step_by(BUFFER_SIZE) {
            let len = BUFFER_SIZE.min(range.end - start);
            let mut seen = KVec::from_elem(0, len, GFP_KERNEL)?;
            let dma = (self.place.dma & !mask) + start as DmaAddress;
            let phys = (self.place.phys & !mask) + start as PhysAddr;

            ctx.iommu.marks.open(dma, len, phys, bounced);
            stray::read(ctx, dma, &mut seen)?;
            self.beside += len;
            self.nonzero += seen.iter().filter(|&&byte| byte != 0).count();
            let is_secret = |object: &&[u8]| pattern::compare(object, SECRET, 0).is_ok();
            self.objects += seen.chunks_exact(SIZE).filter(is_secret).count();
        }
        Ok(())
    }

    /// Checks that the rest of a bounce buffer is cleared for an untrusted device.
    fn cleared(self, ctx: &Context<'_>) -> Result<Self, Stop> {
        if ctx.untrusted && self.place.is_bounced(ctx) && ctx.iommu.translates() {
            return self.nothing();
        }
        Ok(self)
    }

    /// Checks that a device whose addresses are translated reads nothing but zeroes beside memory
    /// in whole pages, if it is cache-coherent.
    fn of_whole_pages(self, ctx: &Context<'_>) -> Result<Self, Stop> {
        if self.beside + self.place.size != PAGE_SIZE {
            return fail("the memory is in more than one page");
        }
        if ctx.iommu.translates() && limits::is_coherent(ctx.dev) {
            return self.nothing();
        }
        self.cleared(ctx)
    }

    fn nothing(self) -> Result<Self, Stop> {
        match self.nonzero {
            0 => Ok(self),
            _ => fail("the device reads what is beside the memory"),
        }
    }
}

/// Scans the page of memory that is mapped as one piece.
fn scan<B: Buffer, D: DirectionTest + Permits<B::Target>>(
    ctx: &Context<'_>,
    operation: &'static str,
    buffer: B,
) -> Result<Exposure, Stop> {
    let mapping = Mapping::map(ctx.dev, buffer, D::VALUE)?;
    let place = Place::of(&mapping);
    place.mapped(ctx)?;
    let exposure = Exposure::of(ctx, operation, place)?;

    drop(mapping);
    place.unmapped(ctx)?;
    Ok(exposure)
}

/// Returns objects with the pattern, which a device that is not cache-coherent reads from memory.
fn secrets(ctx: &Context<'_>) -> Result<KVec<KBox<Object>>, Stop> {
    let mut objects = KVec::with_capacity(OBJECTS, GFP_KERNEL)?;

    for _ in 0..OBJECTS {
        let mut object = KBox::new([0; SIZE], GFP_KERNEL)?;

        pattern::fill(&mut *object, SECRET, 0);
        if !limits::is_coherent(ctx.dev) {
            object = Mapping::map(ctx.dev, object, ToDevice)?.unmap();
        }
        objects.push(object, GFP_KERNEL)?;
    }
    Ok(objects)
}

/// Maps one of many objects, and checks that the device reads the others in its page, but none of
/// them if the object is bounced.
fn kmalloc(ctx: &Context<'_>) -> Result<Exposure, Stop> {
    let mut objects = secrets(ctx)?;
    let page = |object: &KBox<Object>| object.as_ptr() as usize / PAGE_SIZE;
    let in_page = |at: usize| {
        let others = objects.iter().filter(|it| page(it) == page(&objects[at]));
        others.count() - 1
    };
    let at = (0..OBJECTS).max_by_key(|&at| in_page(at)).ok_or(EFAULT)?;
    let others = in_page(at);
    if others == 0 {
        return fail("no two objects are in one page");
    }

    let mut object = objects.remove(at).map_err(|_| EFAULT)?;
    object.fill(KEPT);
    let exposure = scan::<_, ToDevice>(ctx, "dma_map_single", object)?.cleared(ctx)?;
    drop(objects);

    if exposure.place.is_bounced(ctx) {
        if exposure.objects != 0 {
            return fail("the device reads other objects");
        }
    } else if exposure.objects < others {
        return fail("the device does not see the page");
    }
    Ok(exposure)
}

/// Fills pages and frees them, to be allocated next.
fn spoil() -> Result<(), Stop> {
    let mut freed = KVec::with_capacity(FREED, GFP_KERNEL)?;

    for _ in 0..FREED {
        let mut pages = Pages::zeroed(0, GFP_KERNEL)?;

        pages.fill(STALE);
        freed.push(pages, GFP_KERNEL)?;
    }
    Ok(())
}

/// Scans the page of memory from `vmalloc()`, the rest of which is not cleared. The number depends
/// on its last owner, and is checked only for an untrusted device.
fn vmalloc(ctx: &Context<'_>) -> Result<Exposure, Stop> {
    spoil()?;
    let memory = VVec::from_elem(KEPT, SIZE, GFP_KERNEL)?;
    let mapping = SgMapping::map(ctx.dev, memory, ToDevice, GFP_KERNEL)?;
    let phys = mapping.phys_vecs().next().ok_or(EFAULT)?.phys();
    let segment = mapping.segments().next().ok_or(EFAULT)?;
    let place = Place::streaming::<ToDevice>(segment.number(), segment.len(), phys);
    place.mapped(ctx)?;
    let exposure = Exposure::of(ctx, "dma_map_sgtable", place)?.cleared(ctx)?;

    drop(mapping);
    place.unmapped(ctx)?;
    Ok(exposure)
}

/// Checks that the device reads the free objects of a pool, which have pointers to each other.
fn pool(ctx: &Context<'_>) -> Result<Exposure, Stop> {
    let pool = Pool::<Object>::new(ctx.dev, c"exposure", Alignment::new::<SIZE>(), None)?;
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;
    let place = Place::unbounced(&object, object.phys());
    place.mapped(ctx)?;
    let exposure = Exposure::of(ctx, "dma_pool_zalloc", place)?;

    drop((object, pool));
    place.unmapped(ctx)?;
    if exposure.nonzero == 0 {
        return fail("the device does not see the free objects");
    }
    Ok(exposure)
}

fn page_box<D, const LEN: usize>(ctx: &Context<'_>) -> Result<Exposure, Stop>
where
    D: DirectionTest + Permits<[u8; LEN]>,
{
    spoil()?;
    let boxed = PageBox::new([KEPT; LEN], GFP_KERNEL)?;

    scan::<_, D>(ctx, "dma_map_page", boxed)?.of_whole_pages(ctx)
}

fn part_of_pages(ctx: &Context<'_>) -> Result<Exposure, Stop> {
    spoil()?;
    let pages = Pages::zeroed(0, GFP_KERNEL)?;
    let part = PagesPart::new(pages, SIZE..2 * SIZE).map_err(|_| EFAULT)?;

    scan::<_, ToDevice>(ctx, "dma_map_page", part)?.of_whole_pages(ctx)
}

fn device_pages(ctx: &Context<'_>) -> Result<Exposure, Stop> {
    spoil()?;
    let pages = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?;
    let place = Place::unbounced(&pages, pages.phys());
    place.mapped(ctx)?;
    let exposure = Exposure::of(ctx, "dma_alloc_pages", place)?.of_whole_pages(ctx)?;

    drop(pages);
    place.unmapped(ctx)?;
    Ok(exposure)
}

fn coherent(ctx: &Context<'_>) -> Result<Exposure, Stop> {
    spoil()?;
    let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_KERNEL)?;
    let place = Place::unbounced(&memory, phys_at(&memory, 0).ok_or(EFAULT)?);
    place.mapped(ctx)?;
    let exposure = Exposure::of(ctx, "dma_alloc_coherent", place)?.of_whole_pages(ctx)?;

    drop(memory);
    place.unmapped(ctx)?;
    Ok(exposure)
}
