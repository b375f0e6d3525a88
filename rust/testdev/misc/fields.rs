// SPDX-License-Identifier: GPL-2.0

//! The structure of a program, as a request.
//!
//! What is not given has to be zero, so that it can get a meaning one day.

use crate::testdev::{
    request::{
        Dir,
        Irq,
        Kind,
        Name,
        Op,
        Refused,
        Request,
        To, //
    },
    uapi::*, //
};
use kernel::{
    bindings::dma_data_direction,
    prelude::*, //
};

/// Of `enum safe_dma_op`, by their numbers.
const OPS: [Op; 10] = by_number([
    (SAFE_DMA_OP_MAP, Op::Map),
    (SAFE_DMA_OP_UNMAP, Op::Unmap),
    (SAFE_DMA_OP_SYNC_FOR_CPU, Op::SyncForCpu),
    (SAFE_DMA_OP_SYNC_FOR_DEVICE, Op::SyncForDevice),
    (SAFE_DMA_OP_FILL, Op::Fill),
    (SAFE_DMA_OP_CHECK, Op::Check),
    (SAFE_DMA_OP_TRANSFER, Op::Transfer),
    (SAFE_DMA_OP_START, Op::Start),
    (SAFE_DMA_OP_WAIT, Op::Wait),
    (SAFE_DMA_OP_ABORT, Op::Abort),
]);

/// Of `enum safe_dma_kind`.
const KINDS: [Kind; 9] = by_number([
    (SAFE_DMA_KIND_SINGLE, Kind::Single),
    (SAFE_DMA_KIND_PAGE, Kind::Page),
    (SAFE_DMA_KIND_SG, Kind::Sg),
    (SAFE_DMA_KIND_IOVA, Kind::Iova),
    (SAFE_DMA_KIND_COHERENT, Kind::Coherent),
    (SAFE_DMA_KIND_NONCOHERENT, Kind::Noncoherent),
    (SAFE_DMA_KIND_NONCONTIGUOUS, Kind::Noncontiguous),
    (SAFE_DMA_KIND_POOL, Kind::Pool),
    (SAFE_DMA_KIND_RESOURCE, Kind::Resource),
]);

/// Of `enum safe_dma_dir`.
const DIRS: [Dir; 3] = by_number([
    (SAFE_DMA_BIDIRECTIONAL, Dir::Bidirectional),
    (SAFE_DMA_TO_DEVICE, Dir::ToDevice),
    (SAFE_DMA_FROM_DEVICE, Dir::FromDevice),
]);

// As the header says.
const _: () = assert!(
    SAFE_DMA_BIDIRECTIONAL as i64 == dma_data_direction::DMA_BIDIRECTIONAL.0 as i64
        && SAFE_DMA_TO_DEVICE as i64 == dma_data_direction::DMA_TO_DEVICE.0 as i64
        && SAFE_DMA_FROM_DEVICE as i64 == dma_data_direction::DMA_FROM_DEVICE.0 as i64
);

/// Of `enum safe_dma_to`.
const TOS: [To; 2] = by_number([
    (SAFE_DMA_TRANSFER_TO_DEVICE, To::Device),
    (SAFE_DMA_TRANSFER_TO_MEMORY, To::Memory),
]);

/// Of `enum safe_dma_irq`.
const IRQS: [Irq; 3] = by_number([
    (SAFE_DMA_IRQ_NORMAL, Irq::Normal),
    (SAFE_DMA_IRQ_NONE, Irq::None),
    (SAFE_DMA_IRQ_TWICE, Irq::Twice),
]);

/// The values of an enumeration, which are listed with their numbers, from zero on.
const fn by_number<T: Copy, const N: usize>(listed: [(u32, T); N]) -> [T; N] {
    let mut values = [listed[0].1; N];
    let mut i = 0;

    while i < N {
        // CAST: From 32 bits to at least as many.
        assert!(listed[i].0 as usize == i);
        values[i] = listed[i].1;
        i += 1;
    }
    values
}

/// The value of that number.
fn value_of<T: Copy>(values: &[T], number: u32, refused: &'static str) -> Result<T, Refused> {
    // CAST: From 32 bits to at least as many.
    values
        .get(number as usize)
        .copied()
        .ok_or(Refused::because(EINVAL, refused))
}

/// The mapping's name, which a NUL ends; what follows is zero.
fn name_of(bytes: &[u8]) -> Result<Name, Refused> {
    let len = bytes.iter().position(|byte| *byte == 0);
    let (name, rest) = bytes.split_at(len.unwrap_or(bytes.len()));

    // One that no NUL ends is too long to be a name.
    Name::new(name)
        .filter(|_| rest.iter().all(|byte| *byte == 0))
        .ok_or(Refused::because(
            EINVAL,
            "name: it is not 1 to 15 of A-Z a-z 0-9 _ . - and zeroes",
        ))
}

/// What is given of the fields from `kind` on.
struct Given(u32);

impl Given {
    const ALL: u32 = SAFE_DMA_HAS_KIND
        | SAFE_DMA_HAS_DIR
        | SAFE_DMA_HAS_SIZE
        | SAFE_DMA_HAS_OFFSET
        | SAFE_DMA_HAS_PATTERN
        | SAFE_DMA_HAS_TO
        | SAFE_DMA_HAS_TIMEOUT
        | SAFE_DMA_HAS_IRQ;

    fn new(fields: u32) -> Result<Self, Refused> {
        if fields & !Self::ALL != 0 {
            return Err(Refused::because(EINVAL, "fields: unknown bits"));
        }
        Ok(Self(fields))
    }

    /// The field of that bit, if it is given.
    fn get<T: Copy + Default + PartialEq>(&self, bit: u32, field: T) -> Result<Option<T>, Refused> {
        if self.0 & bit != 0 {
            Ok(Some(field))
        } else if field == T::default() {
            Ok(None)
        } else {
            Err(Refused::because(
                EINVAL,
                "fields: one that is not given is not zero",
            ))
        }
    }

    /// The same, for one of `values`.
    fn one_of<T: Copy>(
        &self,
        bit: u32,
        number: u32,
        values: &[T],
        unknown: &'static str,
    ) -> Result<Option<T>, Refused> {
        self.get(bit, number)?
            .map(|number| value_of(values, number, unknown))
            .transpose()
    }
}

/// The request that a program makes.
pub(super) fn request(asked: &safe_dma_request) -> Result<Request, Refused> {
    let given = Given::new(asked.fields)?;

    if asked.reserved != [0; 2] {
        return Err(Refused::because(EINVAL, "reserved: it is not zero"));
    }

    Ok(Request {
        op: value_of(&OPS, asked.op, "op: unknown")?,
        name: name_of(&asked.name)?,
        kind: given.one_of(SAFE_DMA_HAS_KIND, asked.kind, &KINDS, "kind: unknown")?,
        dir: given.one_of(SAFE_DMA_HAS_DIR, asked.dir, &DIRS, "dir: unknown")?,
        size: given.get(SAFE_DMA_HAS_SIZE, asked.size)?,
        offset: given.get(SAFE_DMA_HAS_OFFSET, asked.offset)?,
        pattern: given.get(SAFE_DMA_HAS_PATTERN, asked.pattern)?,
        to: given.one_of(SAFE_DMA_HAS_TO, asked.to, &TOS, "to: unknown")?,
        timeout: given.get(SAFE_DMA_HAS_TIMEOUT, asked.timeout)?,
        irq: given.one_of(SAFE_DMA_HAS_IRQ, asked.irq, &IRQS, "irq: unknown")?,
    })
}

#[kunit_tests(safe_dma_fields)]
mod tests {
    use super::*;
    use zerocopy::FromZeros;

    fn asked(op: u32, name: &[u8]) -> safe_dma_request {
        let mut asked = safe_dma_request::new_zeroed();

        asked.op = op;
        for (to, from) in asked.name.iter_mut().zip(name) {
            *to = *from;
        }
        asked
    }

    fn refused(change: impl FnOnce(&mut safe_dma_request)) -> bool {
        let mut asked = asked(SAFE_DMA_OP_MAP, b"a");

        change(&mut asked);
        matches!(request(&asked), Err(refused) if refused.error == EINVAL)
    }

    #[test]
    fn nothing_is_given() {
        let request = request(&asked(SAFE_DMA_OP_UNMAP, b"fifteen-letters"));

        assert!(matches!(
            request,
            Ok(Request {
                op: Op::Unmap,
                kind: None,
                dir: None,
                size: None,
                offset: None,
                pattern: None,
                to: None,
                timeout: None,
                irq: None,
                ..
            })
        ));
    }

    #[test]
    fn everything_is_given() {
        let mut asked = asked(SAFE_DMA_OP_START, b"a");
        asked.fields = Given::ALL;
        asked.kind = SAFE_DMA_KIND_POOL;
        asked.dir = SAFE_DMA_FROM_DEVICE;
        asked.size = 1 << 40;
        asked.offset = 2 << 40;
        asked.pattern = u32::MAX;
        asked.to = SAFE_DMA_TRANSFER_TO_MEMORY;
        asked.timeout = 3;
        asked.irq = SAFE_DMA_IRQ_TWICE;
        // Those that are set are not read.
        asked.dma_address = 4;
        asked.differs_at = 5;

        assert!(matches!(
            request(&asked),
            Ok(Request {
                op: Op::Start,
                kind: Some(Kind::Pool),
                dir: Some(Dir::FromDevice),
                size: Some(0x100_0000_0000),
                offset: Some(0x200_0000_0000),
                pattern: Some(u32::MAX),
                to: Some(To::Memory),
                timeout: Some(3),
                irq: Some(Irq::Twice),
                ..
            })
        ));
    }

    #[test]
    fn what_is_not_given_is_zero() {
        assert!(!refused(|_| ()));
        assert!(refused(|asked| asked.kind = 1));
        assert!(refused(|asked| asked.dir = 1));
        assert!(refused(|asked| asked.size = 1 << 32));
        assert!(refused(|asked| asked.offset = 1 << 32));
        assert!(refused(|asked| asked.pattern = 1));
        assert!(refused(|asked| asked.to = 1));
        assert!(refused(|asked| asked.timeout = 1));
        assert!(refused(|asked| asked.irq = 1));
        assert!(refused(|asked| asked.reserved[0] = 1));
        assert!(refused(|asked| asked.reserved[1] = 1 << 63));
    }

    #[test]
    fn numbers_that_are_none() {
        // CAST: Few.
        let beyond = |values: usize| [values as u32, u32::MAX];

        for number in beyond(OPS.len()) {
            assert!(refused(|asked| asked.op = number));
        }
        for (bit, number) in [
            (SAFE_DMA_HAS_KIND, beyond(KINDS.len())),
            (SAFE_DMA_HAS_DIR, beyond(DIRS.len())),
            (SAFE_DMA_HAS_TO, beyond(TOS.len())),
            (SAFE_DMA_HAS_IRQ, beyond(IRQS.len())),
        ]
        .into_iter()
        .flat_map(|(bit, numbers)| numbers.map(|number| (bit, number)))
        {
            assert!(refused(|asked| {
                asked.fields = bit;
                match bit {
                    SAFE_DMA_HAS_KIND => asked.kind = number,
                    SAFE_DMA_HAS_DIR => asked.dir = number,
                    SAFE_DMA_HAS_TO => asked.to = number,
                    _ => asked.irq = number,
                }
            }));
        }
        for bit in Given::ALL.count_ones()..u32::BITS {
            assert!(refused(|asked| asked.fields = 1 << bit));
        }
    }

    #[test]
    fn names_that_are_none() {
        let named = |name: &[u8]| request(&asked(SAFE_DMA_OP_MAP, name)).is_ok();

        assert!(named(b"A-z_0.9"));
        for name in [
            &b""[..],
            b"\0a",
            b"a\0b",
            b"a b",
            b"a/b",
            b"a\n",
            b"\xc3\xa4",
            b"a\x7f",
            b"a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
            b"sixteen-letters-",
        ] {
            assert!(!named(name));
        }
    }
}
