// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_segments)]
mod segments {
    use super::super::*;

    const START: DmaAddress = 0xffff_e000;

    /// Segments of these entries.
    fn list<D: Direction>(vecs: &[DmaVec]) -> Segments<'_, D> {
        let len = vecs.iter().map(|vec| vec.len as usize).sum();

        // SAFETY: No device is given the addresses.
        unsafe { Segments::from_list(vecs, len) }
    }

    fn range<D: Direction>(addr: DmaAddress, len: usize) -> Segments<'static, D> {
        // SAFETY: No device is given the address.
        Segments::from(unsafe { Range::new(addr, len) })
    }

    fn place<D: Direction>(range: Range<'_, D>) -> (DmaAddress, usize) {
        // SAFETY: No device is given the number.
        (unsafe { range.address().as_raw() }, range.len())
    }

    #[test]
    fn one_range() {
        let segments = range::<ToDevice>(START, 4096);

        assert_eq!(segments.len(), 4096);
        assert!(segments.clone().map(place).eq([(START, 4096)]));
        assert_eq!(segments.single().map(place), Some((START, 4096)));
    }

    #[test]
    fn nothing() {
        let mut segments = Segments::<'_, ToDevice>::empty();

        assert!(segments.is_empty() && segments.next().is_none());
        assert!(Segments::<'_, ToDevice>::empty().single().is_none());
        assert!(Segments::<'_, ToDevice>::empty().slice(0..0).is_some());
        assert!(Segments::<'_, ToDevice>::empty().slice(0..1).is_none());
    }

    #[test]
    fn single_is_exactly_one() {
        let one = [DmaVec::new(START, 8)];
        let two = [DmaVec::new(START, 8), DmaVec::new(START + 64, 8)];

        assert!(list::<FromDevice>(&one).single().is_some());
        assert!(list::<FromDevice>(&two).single().is_none());
        // The part is in one of them.
        let part = list::<FromDevice>(&two)
            .slice(8..16)
            .and_then(Segments::single);
        assert_eq!(part.map(place), Some((START + 64, 8)));
    }

    /// Each range of bytes is at the addresses that a list of single bytes has.
    #[test]
    fn slices_as_of_single_bytes() {
        let vecs = [
            DmaVec::new(100, 3),
            DmaVec::new(200, 0),
            DmaVec::new(300, 1),
            DmaVec::new(400, 4),
        ];
        let bytes = [100, 101, 102, 300, 400, 401, 402, 403];

        for start in 0..=9usize {
            for end in 0..=9usize {
                let Some(segments) = list::<Bidirectional>(&vecs).slice(ops::Range { start, end })
                else {
                    assert!(bytes.get(start..end).is_none());
                    continue;
                };
                assert_eq!(segments.len(), end - start);
                let found = segments
                    .map(place)
                    .flat_map(|(addr, len)| addr..addr + len as u64);
                assert!(found.eq(bytes[start..end].iter().copied()));
            }
        }
    }

    #[test]
    fn slice_of_slice() {
        let vecs = [DmaVec::new(100, 10), DmaVec::new(200, 10)];
        let part = list::<ToDevice>(&vecs)
            .slice(5..15)
            .and_then(|part| part.slice(2..7));

        assert!(part.is_some_and(|part| part.map(place).eq([(107, 3), (200, 2)])));
        let part = list::<ToDevice>(&vecs).slice(5..15);
        assert!(part.is_some_and(|part| part.slice(0..11).is_none()));
    }

    #[test]
    fn slice_refuses_numbers_that_overflow() {
        for (start, end) in [(0, 17), (2, 1), (usize::MAX, 1), (1, usize::MAX)] {
            assert!(range::<ToDevice>(START, 16)
                .slice(ops::Range { start, end })
                .is_none());
        }
    }

    /// The ranges for what the device has to do: nothing, read, write, or both.
    #[test]
    fn ranges_by_need() {
        let needs = [(false, false), (true, false), (false, true), (true, true)];
        let vecs = [DmaVec::new(START, 8), DmaVec::new(START + 64, 16)];
        let has = |segments: AnySegments<'_>, (reads, writes)| {
            segments.ranges(reads, writes).map(|ranges| {
                // SAFETY: No device is given the number.
                let ranges = ranges.map(|(address, len)| (unsafe { address.as_raw() }, len));
                ranges.eq([(START, 8), (START + 64, 16)])
            })
        };

        for (need, [to, from]) in needs.into_iter().zip([
            [Some(true), Some(true)],
            [Some(true), None],
            [None, Some(true)],
            [None, None],
        ]) {
            assert_eq!(has(AnySegments::ToDevice(list(&vecs)), need), to);
            assert_eq!(has(AnySegments::FromDevice(list(&vecs)), need), from);
            let both = AnySegments::Bidirectional(list(&vecs));
            assert_eq!(has(both, need), Some(true));
        }
    }

    #[test]
    fn by_direction() {
        let to = || AnySegments::ToDevice(range(START, 16));
        let from = || AnySegments::FromDevice(range(START, 16));
        let both = || AnySegments::Bidirectional(range(START, 16));

        assert!(to().to_device().is_some() && to().from_device().is_none());
        assert!(from().to_device().is_none() && from().from_device().is_some());
        assert!(both().to_device().is_some() && both().from_device().is_some());
        let parts = |segments: AnySegments<'_>| {
            let (direction, addr, len) = segments.single()?;
            // SAFETY: No device is given the number.
            Some((direction, unsafe { addr.as_raw() }, len))
        };
        assert_eq!(parts(to()), Some((DataDirection::ToDevice, START, 16)));
        assert_eq!(parts(from()), Some((DataDirection::FromDevice, START, 16)));
        assert_eq!(
            parts(both()),
            Some((DataDirection::Bidirectional, START, 16))
        );
        assert!(AnySegments::ToDevice(Segments::empty()).single().is_none());
        assert!(both()
            .to_device()
            .is_some_and(|all| all.map(place).eq([(START, 16)])));
    }
}
