// SPDX-License-Identifier: GPL-2.0

//! Creates the mapping of a request.

use super::{
    super::{
        info::Info,
        regs::FACTORIAL_RANGE,
        request::{
            Dir,
            Key,
            Kind,
            Refused,
            Request,
            Why, //
        },
        target::Target, //
    },
    compare,
    fill,
    memory::{
        Memory,
        RuntimeDirection, //
    },
    pattern_into,
    AnyMapping,
    MappingState, //
};
use crate::dma::{
    Bidirectional,
    Buffer,
    CoherentMemory,
    DevicePages,
    ErrorWith,
    FromDevice,
    IovaMapping,
    Mapping,
    NoncontiguousPages,
    Pages,
    PagesPart,
    Permits,
    Pool,
    ResourceMapping,
    SgMapping,
    ToDevice,
    VmappedPages, //
};
use core::ops::DerefMut;
use kernel::{
    alloc::Flags,
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment, //
};

/// Returns flags for allocations that fail silently, since the caller gets the error.
fn flags() -> Flags {
    GFP_KERNEL | __GFP_NOWARN
}

/// The page orders of the pieces of a list, used in a cycle.
const ORDERS: [u32; 3] = [0, 2, 1];
/// The maximum size of an allocation of the page allocator.
const MAX_PIECE: usize = PAGE_SIZE << kernel::bindings::MAX_PAGE_ORDER;
/// The sizes of the objects of pools.
const SMALL_OBJECT: usize = 64;
const LARGE_OBJECT: usize = 4096;

/// A new mapping.
pub(in crate::testdev) struct Made<'bound> {
    pub(in crate::testdev) mapping: KBox<dyn AnyMapping<'bound> + 'bound>,
    pub(in crate::testdev) info: Info,
}

/// Returns the default size.
fn default_size(kind: Kind) -> usize {
    match kind {
        Kind::Pool => SMALL_OBJECT,
        Kind::Resource => FACTORIAL_RANGE.end - FACTORIAL_RANGE.start,
        _ => PAGE_SIZE,
    }
}

/// Returns the size of the mapping.
pub(in crate::testdev) fn size(request: &Request) -> Result<usize, Refused> {
    let kind = request.kind();
    let most = match kind {
        Kind::Single | Kind::Page | Kind::Noncoherent => MAX_PIECE,
        Kind::Pool => LARGE_OBJECT,
        _ => usize::MAX,
    };
    // CAST: `Request::check()` has limited both.
    let (size, offset) = (
        request.size.map(|size| size as usize),
        request.offset() as usize,
    );
    let size = size.unwrap_or_else(|| default_size(kind));

    if size > most || (kind == Kind::Single && size > most - offset) {
        return Err(Refused::new(
            EINVAL,
            Why::OutOfRange(Key::Size, size as u64, 1, (most - offset) as u64),
        ));
    }
    Ok(size)
}

/// Creates the mapping. May sleep.
pub(in crate::testdev) fn make<'bound>(
    target: &Target<'bound>,
    request: &Request,
) -> Result<Made<'bound>, Refused> {
    match request.dir() {
        Dir::ToDevice => Maker::new(target, request, ToDevice)?.make(),
        Dir::FromDevice => Maker::new(target, request, FromDevice)?.make(),
        Dir::Bidirectional => Maker::new(target, request, Bidirectional)?.make(),
    }
}

/// Creates mappings of one direction.
struct Maker<'a, 'bound, D> {
    target: &'a Target<'bound>,
    request: &'a Request,
    direction: D,
    size: usize,
    offset: usize,
}

impl<'a, 'bound, D> Maker<'a, 'bound, D>
where
    D: RuntimeDirection + Permits<[u8]> + Copy + Send,
    Mapping<'bound, KVec<u8>, D>: Memory,
    Mapping<'bound, PagesPart, D>: Memory,
    SgMapping<'bound, KVec<PagesPart>, D>: Memory,
    DevicePages<'bound, u8, D>: Memory,
    VmappedPages<'bound, u8, D>: Memory,
{
    fn new(
        target: &'a Target<'bound>,
        request: &'a Request,
        direction: D,
    ) -> Result<Self, Refused> {
        Ok(Self {
            target,
            request,
            direction,
            size: size(request)?,
            // CAST: `Request::check()` has limited it to less than a page.
            offset: request.offset() as usize,
        })
    }

    fn make(&self) -> Result<Made<'bound>, Refused> {
        match self.request.kind() {
            Kind::Single if self.offset == 0 => {
                self.streaming(KVec::from_elem(0, self.size, flags()).map_err(|_| NO_MEMORY)?)
            }
            Kind::Single | Kind::Page => self.streaming(self.part(self.offset, self.size)?),
            Kind::Sg => self.sg(),
            Kind::Iova => self.iova(),
            Kind::Coherent => self.born(CoherentMemory::zeroed_slice(
                self.target.dev,
                self.size,
                flags(),
            )),
            Kind::Noncoherent => self.born(DevicePages::zeroed(
                self.target.dev,
                self.size,
                self.direction,
                flags(),
            )),
            Kind::Noncontiguous => self.born(self.noncontiguous()),
            Kind::Pool if self.size <= SMALL_OBJECT => self.pool::<SMALL_OBJECT>(),
            Kind::Pool => self.pool::<LARGE_OBJECT>(),
            Kind::Resource => self.resource(),
        }
    }

    /// Allocates pages for `len` bytes that start at offset `start` of the first page.
    fn part(&self, start: usize, len: usize) -> Result<PagesPart, Refused> {
        let order = (start + len)
            .div_ceil(PAGE_SIZE)
            .next_power_of_two()
            .trailing_zeros();
        let pages = Pages::zeroed(order, flags()).map_err(|_| NO_MEMORY)?;

        PagesPart::new(pages, start..start + len).map_err(|_| NO_MEMORY)
    }

    /// Allocates pieces for all bytes.
    fn phys_vecs(&self) -> Result<KVec<PagesPart>, Refused> {
        let mut pieces = KVec::new();
        let mut start = self.offset;
        let mut left = self.size;

        for order in ORDERS.iter().cycle() {
            let len = left.min((PAGE_SIZE << order) - start);

            pieces
                .push(self.part(start, len)?, flags())
                .map_err(|_| NO_MEMORY)?;
            start = 0;
            left -= len;
            if left == 0 {
                break;
            }
        }
        Ok(pieces)
    }

    /// Fills the pieces with the pattern, if there is one.
    fn fill<'b>(&self, pieces: impl Iterator<Item = &'b mut [u8]>) {
        if let Some(pattern) = self.request.pattern {
            let mut offset = 0;

            for piece in pieces {
                pattern_into(piece, offset, pattern);
                offset += piece.len();
            }
        }
    }

    /// Returns the refusal of memory that could not be mapped, after checking that its bytes are
    /// unchanged.
    fn failed<'b>(&self, error: Error, pieces: impl Iterator<Item = &'b [u8]>) -> Refused {
        let mut offset = 0;

        for piece in pieces {
            let lost = match self.request.pattern {
                Some(pattern) => compare(piece, offset, pattern).err(),
                None => piece.iter().any(|byte| *byte != 0).then_some(LOST),
            };
            if let Some(lost) = lost {
                dev_err!(self.target.dev, "map: the bytes were lost: {}\n", lost.why);
                return LOST;
            }
            offset += piece.len();
        }
        not_mapped(error)
    }

    fn streaming<B>(&self, mut buffer: B) -> Result<Made<'bound>, Refused>
    where
        B: Buffer<Target = [u8]> + DerefMut<Target = [u8]> + Send + 'bound,
        Mapping<'bound, B, D>: Memory,
    {
        self.fill([&mut *buffer].into_iter());

        match Mapping::map(self.target.dev, buffer, self.direction) {
            Ok(mapping) => self.made(mapping),
            Err(ErrorWith {
                error,
                value: buffer,
            }) => Err(self.failed(error, [&*buffer].into_iter())),
        }
    }

    fn sg(&self) -> Result<Made<'bound>, Refused> {
        let mut pieces = self.phys_vecs()?;
        self.fill(pieces.iter_mut().map(|piece| &mut **piece));

        match SgMapping::map(self.target.dev, pieces, self.direction, flags()) {
            Ok(mapping) => self.made(mapping),
            Err(ErrorWith {
                error,
                value: buffer,
            }) => Err(self.failed(error, buffer.iter().map(|piece| &**piece))),
        }
    }

    fn iova(&self) -> Result<Made<'bound>, Refused> {
        let mut pieces = self.phys_vecs()?;
        self.fill(pieces.iter_mut().map(|piece| &mut **piece));

        match IovaMapping::map(self.target.dev, pieces, self.direction, flags()) {
            Ok(mapping) => self.made(mapping),
            Err(ErrorWith {
                error,
                value: buffer,
            }) => Err(self.failed(error, buffer.iter().map(|piece| &**piece))),
        }
    }

    fn noncontiguous(&self) -> Result<VmappedPages<'bound, u8, D>> {
        Ok(
            NoncontiguousPages::zeroed(self.target.dev, self.size, self.direction, flags())?
                .vmap()?,
        )
    }

    fn pool<const SIZE: usize>(&self) -> Result<Made<'bound>, Refused> {
        let pool = Pool::<[u8; SIZE]>::new(self.target.dev, c"named", Alignment::new::<4>(), None);

        self.born(pool.and_then(|pool| Pool::zalloc(&pool, flags())))
    }

    fn resource(&self) -> Result<Made<'bound>, Refused> {
        let registers = self.target.registers().ok_or(NO_REGISTERS)?;
        let registers = registers.map_err(not_mapped)?;

        match ResourceMapping::map(self.target.dev, registers, self.direction) {
            Ok(mapping) => self.made(mapping),
            Err(error) => Err(not_mapped(error)),
        }
    }

    /// Fills memory that the DMA API has allocated and mapped in one step.
    fn born<M: Memory + 'bound>(&self, memory: Result<M>) -> Result<Made<'bound>, Refused> {
        let memory = memory.map_err(not_mapped)?;

        match self.request.pattern {
            None => self.made(memory),
            Some(pattern) => {
                let mut owned = memory.into_cpu().map_err(|_| M::NO_ACCESS)?;

                fill::<M>(&mut owned, 0..self.size, pattern)?;
                self.made(M::into_device(owned))
            }
        }
    }

    fn made<M: Memory + 'bound>(&self, memory: M) -> Result<Made<'bound>, Refused> {
        let info = Info::of(self.target.dev, self.request, self.size, &memory);

        Ok(Made {
            mapping: KBox::new(MappingState::Device(memory), flags()).map_err(|_| NO_MEMORY)?,
            info,
        })
    }
}

const NO_MEMORY: Refused = Refused::because(ENOMEM, "out of memory");
const NO_REGISTERS: Refused = Refused::because(EOPNOTSUPP, "the device has no register to map");
const LOST: Refused = Refused::because(EIO, "it could not be mapped, and its bytes were lost");

/// Returns the refusal for an error.
fn not_mapped(error: Error) -> Refused {
    // `dma_map_sgtable()` returns EIO when bounce buffers are used up; the other functions return
    // ENOMEM then.
    let error = if error == EIO { ENOMEM } else { error };

    Refused::because(
        error,
        if error == EINVAL {
            "such memory cannot be mapped for this device"
        } else if error == EOPNOTSUPP {
            "no IOMMU translates for the device"
        } else if error == ENOMEM {
            "out of memory, or out of addresses for the device"
        } else {
            "it could not be mapped"
        },
    )
}
