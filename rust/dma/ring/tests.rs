// SPDX-License-Identifier: GPL-2.0

//! The tests write to the memory of the rings as a device does.
//!
//! They do not cover what shows only while a device accesses the memory: the barriers, the order of
//! the accesses to an entry, and the single read of the word with the flag.

use kernel::prelude::*;

#[kunit_tests(safe_dma_ring)]
mod ring {
    use super::super::{
        entries::Entries,
        *, //
    };
    use crate::dma::{
        compat,
        Untrusted, //
    };
    use core::mem::offset_of;
    use kernel::{
        bindings,
        device::{
            Bound,
            Device, //
        },
        faux,
        prelude::*,
        transmute::{
            AsBytes,
            FromBytes, //
        }, //
    };

    /// An entry, whose flag is number `F` of [`Entry::FLAGS`].
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Entry<const F: usize> {
        value: u32,
        flags: u32,
    }

    // SAFETY: No padding, and none of the fields has.
    unsafe impl<const F: usize> AsBytes for Entry<F> {}
    // SAFETY: All fields are valid whatever their bytes are.
    unsafe impl<const F: usize> FromBytes for Entry<F> {}

    impl<const F: usize> Entry<F> {
        /// Flags, and which bit each is in the little-endian word `flags`.
        const FLAGS: [(EntryFlag, u32); 4] = {
            let offset = offset_of!(Self, flags);
            [
                (EntryFlag::le32(offset, 31), 31),
                (EntryFlag::le32(offset, 9), 9),
                (EntryFlag::le16(offset + 2, 1), 17),
                (EntryFlag::u8(offset + 3, 7), 31),
            ]
        };

        /// Returns the entry with its flag set or cleared.
        fn with_flag(self, set: bool) -> Self {
            let (_, bit) = Self::FLAGS[F];
            let others = u32::from_le(self.flags) & !(1 << bit);

            Self {
                flags: (others | u32::from(set) << bit).to_le(),
                ..self
            }
        }

        /// Creates an entry, all of whose other bits are the opposite of the flag.
        fn new(value: u32, set: bool) -> Self {
            let (_, bit) = Self::FLAGS[F];
            let only: u32 = 1 << bit;

            Self {
                value,
                flags: (if set { only } else { !only }).to_le(),
            }
        }
    }

    impl<const F: usize> FlaggedEntry for Entry<F> {
        const FLAG: EntryFlag = Self::FLAGS[F].0;
    }

    /// Creates a device for which coherent memory can be allocated, and which does no DMA.
    fn device(name: &CStr) -> Result<faux::Registration> {
        let registration = faux::Registration::new(name, None)?;
        // SAFETY: The device is valid, and no memory is allocated for it meanwhile.
        compat::to_result(unsafe {
            bindings::dma_set_coherent_mask(compat::device(bound(&registration)), u64::MAX)
        })?;
        Ok(registration)
    }

    fn bound(registration: &faux::Registration) -> &Device<Bound> {
        let faux: &faux::Device<Bound> = registration.as_ref();

        faux.as_ref()
    }

    /// Returns what the device reads.
    fn read<E: AsBytes + FromBytes + Copy>(entries: &Entries<'_, E>, index: u16) -> E {
        assert!(u32::from(index) < entries.len());
        // SAFETY: Within the memory.
        unsafe { entries.at(index).read_volatile() }
    }

    /// Writes an entry as the device.
    fn write<E: AsBytes + FromBytes + Copy>(entries: &Entries<'_, E>, index: u16, entry: E) {
        assert!(u32::from(index) < entries.len());
        // SAFETY: Within the memory.
        unsafe { entries.write(index, entry) };
    }

    #[test]
    fn submissions_wrap() -> Result {
        let dev = device(c"safe_dma_ring_push")?;
        // No power of two; two of three can be used.
        let mut ring = SubmissionRing::<u32>::new(bound(&dev), 3, GFP_KERNEL)?;
        let mut head = 0;

        assert_eq!(ring.range().len(), 12);
        for value in (0..18).step_by(2) {
            assert_eq!((ring.vacant(), ring.tail()), (2, head));
            for value in value..value + 2 {
                assert!(ring.push(value).is_ok());
            }
            assert_eq!((ring.vacant(), ring.tail()), (0, (head + 2) % 3));

            // Full: no entry is overwritten.
            let before = [0, 1, 2].map(|index| read(&ring.entries, index));
            let refused = ring.push(99).err().map(|full| (full.error, full.value));
            assert_eq!(refused, Some((EBUSY, 99)));
            assert_eq!([0, 1, 2].map(|index| read(&ring.entries, index)), before);
            assert_eq!((ring.vacant(), ring.tail()), (0, (head + 2) % 3));

            for value in value..value + 2 {
                assert_eq!(read(&ring.entries, head), value);
                head = (head + 1) % 3;
                ring.set_head(Untrusted::new(head))?;
            }
        }
        Ok(())
    }

    /// Every head that a device can report, of every ring of 5 entries.
    #[test]
    fn hostile_heads() -> Result {
        let dev = device(c"safe_dma_ring_heads")?;
        for start in 0..5u16 {
            for used in 0..5u16 {
                for head in [0, 1, 2, 3, 4, 5, 6, 0x7fff, 0x8000, u16::MAX] {
                    let mut ring = SubmissionRing::<u32>::new(bound(&dev), 5, GFP_KERNEL)?;
                    for _ in 0..start {
                        ring.push(0)?;
                    }
                    ring.set_head(Untrusted::new(start))?;
                    for _ in 0..used {
                        ring.push(0)?;
                    }

                    let consumed = (0..=used).find(|consumed| (start + consumed) % 5 == head);
                    let result = ring.set_head(Untrusted::new(head));
                    assert_eq!(result, consumed.map(|_| ()).ok_or(EINVAL));
                    let left = used - consumed.unwrap_or(0);
                    assert_eq!(ring.vacant(), usize::from(4 - left));
                    assert_eq!(ring.tail(), (start + used) % 5);
                }
            }
        }
        Ok(())
    }

    /// Runs a completion ring for 3 rounds.
    fn complete<const F: usize>(dev: &Device<Bound>) -> Result {
        let mut ring = CompletionRing::<Entry<F>>::new(dev, 3, GFP_KERNEL)?;

        assert_eq!(ring.range().len(), 24);
        for round in 0..3 {
            let phase = round % 2 == 0;
            for index in 0..3 {
                let value = round << 8 | u32::from(index);

                assert_eq!(ring.head(), index);
                assert!(ring.pop().is_none());
                // The rest is there before the flag.
                write(&ring.entries, index, Entry::new(value, !phase));
                assert!(ring.pop().is_none());
                assert_eq!(ring.head(), index);

                let entry = Entry::new(value, phase);
                write(&ring.entries, index, entry);
                let popped = ring.pop().map(Untrusted::into_inner);
                assert_eq!(popped, Some(entry));
            }
        }
        assert_eq!(ring.head(), 0);
        assert!(ring.pop().is_none());
        Ok(())
    }

    #[test]
    fn completions_wrap() -> Result {
        let dev = device(c"safe_dma_ring_pop")?;
        let dev = bound(&dev);

        complete::<0>(dev)?;
        complete::<1>(dev)?;
        complete::<2>(dev)?;
        complete::<3>(dev)
    }

    /// A completion other than the next one has no effect.
    #[test]
    fn hostile_completions() -> Result {
        let dev = device(c"safe_dma_ring_phase")?;
        let mut ring = CompletionRing::<Entry<0>>::new(bound(&dev), 3, GFP_KERNEL)?;

        for index in 1..3 {
            write(&ring.entries, index, Entry::new(1, true));
        }
        assert!(ring.pop().is_none());
        write(&ring.entries, 0, Entry::new(2, true));
        let mut pop = |expected: Option<u32>| {
            let popped = ring.pop().map(Untrusted::into_inner);
            assert_eq!(popped.map(|entry| entry.value), expected);
        };
        pop(Some(2));
        pop(Some(1));
        pop(Some(1));
        // All are still of the first round.
        pop(None);
        for index in 0..3 {
            write(&ring.entries, index, Entry::new(3, true));
        }
        assert!(ring.pop().is_none());
        // It never gets ahead of one round at a time.
        for index in 0..3 {
            write(&ring.entries, index, Entry::new(4, false));
        }
        for _ in 0..3 {
            assert!(ring.pop().is_some());
        }
        assert!(ring.pop().is_none());
        Ok(())
    }

    /// Runs a descriptor ring for 3 rounds, full each time.
    fn describe<const F: usize>(dev: &Device<Bound>) -> Result {
        let mut ring = DescriptorRing::<Entry<F>>::new(dev, 3, GFP_KERNEL)?;
        let mut index = 0;

        assert_eq!(ring.range().len(), 24);
        // The CPU owns all.
        for index in 0..3 {
            assert_eq!(read(&ring.entries, index), Entry { value: 0, flags: 0 });
        }
        for value in (0..12u32).step_by(3) {
            assert_eq!(ring.vacant(), 3);
            for value in value..value + 3 {
                assert_eq!(ring.tail(), index);
                // The flag of the driver's value is ignored.
                let descriptor = Entry::new(value, value % 2 == 0);
                assert_eq!(ring.post(descriptor).ok(), Some(index));
                let posted = read(&ring.entries, index);
                assert_eq!(posted, descriptor.with_flag(true));
                index = (index + 1) % 3;
            }

            // Full: no entry is overwritten.
            let before = [0, 1, 2].map(|index| read(&ring.entries, index));
            let refused = ring.post(Entry::new(99, false)).err();
            assert_eq!(refused.map(|full| full.value), Some(Entry::new(99, false)));
            assert_eq!([0, 1, 2].map(|index| read(&ring.entries, index)), before);
            assert_eq!((ring.vacant(), ring.tail()), (0, index));

            // The device returns none, and then the last ones first.
            assert!(ring.reap().is_none());
            let returned = Entry::new(50, false);
            write(&ring.entries, (index + 2) % 3, returned);
            write(&ring.entries, (index + 1) % 3, returned);
            assert!(ring.reap().is_none());
            write(&ring.entries, index, Entry::new(50, true));
            assert!(ring.reap().is_none());
            assert!(ring.post(returned).is_err());
            write(&ring.entries, index, returned);
            for vacant in 1..4 {
                let reaped = ring.reap();
                let reaped = reaped.map(|(index, value)| (index, value.into_inner()));
                assert_eq!(reaped, Some((index, returned)));
                assert_eq!(ring.vacant(), vacant);
                index = (index + 1) % 3;
            }
            assert!(ring.reap().is_none());
            // Not one more for each round.
            ring.post(returned)?;
            write(&ring.entries, index, returned);
            assert!(ring.reap().is_some());
            index = (index + 1) % 3;
        }
        Ok(())
    }

    #[test]
    fn descriptors_wrap() -> Result {
        let dev = device(c"safe_dma_ring_post")?;
        let dev = bound(&dev);

        describe::<0>(dev)?;
        describe::<1>(dev)?;
        describe::<2>(dev)?;
        describe::<3>(dev)
    }

    /// A device that sets and clears flags of descriptors that it does not own.
    #[test]
    fn hostile_owners() -> Result {
        let dev = device(c"safe_dma_ring_owner")?;
        let mut ring = DescriptorRing::<Entry<1>>::new(bound(&dev), 3, GFP_KERNEL)?;

        for set in [true, false] {
            for index in 0..3 {
                write(&ring.entries, index, Entry::new(1, set));
            }
            assert!(ring.reap().is_none());
            assert_eq!((ring.vacant(), ring.tail()), (3, 0));
        }
        for index in 0..3 {
            write(&ring.entries, index, Entry::new(1, true));
        }
        assert_eq!(ring.post(Entry::new(2, false)).ok(), Some(0));
        for index in 1..3 {
            write(&ring.entries, index, Entry::new(3, false));
        }
        assert!(ring.reap().is_none());
        write(&ring.entries, 0, Entry::new(4, false));
        assert_eq!(ring.reap().map(|(index, _)| index), Some(0));
        assert!(ring.reap().is_none());
        assert_eq!((ring.vacant(), ring.tail()), (3, 1));
        Ok(())
    }

    /// Rings have at most as many entries as an index counts.
    #[test]
    fn lengths() -> Result {
        let dev = device(c"safe_dma_ring_lengths")?;
        let dev = bound(&dev);

        for (len, good) in [
            (0, false),
            (1, true),
            (2, true),
            (65536, true),
            (65537, false),
            (65536 + 2, false),
            (1 << 32 | 2, false),
            (usize::MAX, false),
        ] {
            let expected = (!good).then_some(EINVAL);

            let ring = CompletionRing::<Entry<0>>::new(dev, len, GFP_KERNEL);
            assert_eq!(ring.err(), expected);
            let ring = DescriptorRing::<Entry<1>>::new(dev, len, GFP_KERNEL);
            assert_eq!(ring.err(), expected);
            let ring = SubmissionRing::<u8>::new(dev, len, GFP_KERNEL);
            let expected = if len == 1 { Some(EINVAL) } else { expected };
            assert_eq!(ring.err(), expected);
        }
        Ok(())
    }

    /// The longest rings wrap behind the largest index, with all of their entries in use.
    #[test]
    fn longest() -> Result {
        let dev = device(c"safe_dma_ring_longest")?;
        let dev = bound(&dev);

        let mut ring = SubmissionRing::<u8>::new(dev, 65536, GFP_KERNEL)?;
        for _ in 0..65535 {
            ring.push(1)?;
        }
        assert_eq!((ring.vacant(), ring.tail()), (0, 65535));
        assert!(ring.push(2).is_err());
        ring.set_head(Untrusted::new(65535))?;
        ring.push(3)?;
        assert_eq!((ring.vacant(), ring.tail()), (65534, 0));
        assert_eq!(ring.set_head(Untrusted::new(1)), Err(EINVAL));
        ring.set_head(Untrusted::new(0))?;
        assert_eq!(ring.vacant(), 65535);

        let mut ring = DescriptorRing::<Entry<0>>::new(dev, 65536, GFP_KERNEL)?;
        for index in 0..=u16::MAX {
            assert_eq!(ring.post(Entry::new(0, false)).ok(), Some(index));
        }
        assert_eq!((ring.vacant(), ring.tail()), (0, 0));
        assert!(ring.post(Entry::new(0, false)).is_err());
        for index in 0..=u16::MAX {
            write(&ring.entries, index, Entry::new(0, false));
            assert_eq!(ring.reap().map(|(index, _)| index), Some(index));
        }
        assert_eq!((ring.vacant(), ring.tail()), (65536, 0));

        let mut ring = CompletionRing::<Entry<0>>::new(dev, 65536, GFP_KERNEL)?;
        for phase in [true, false, true] {
            for index in 0..=u16::MAX {
                assert_eq!(ring.head(), index);
                write(&ring.entries, index, Entry::new(0, phase));
                assert!(ring.pop().is_some());
            }
            assert!(ring.pop().is_none());
        }
        Ok(())
    }

    /// Entries of each size are where they belong.
    fn copy<const N: usize>(dev: &Device<Bound>) -> Result {
        let mut ring = SubmissionRing::<[u8; N]>::new(dev, 3, GFP_KERNEL)?;
        // CAST: A small number.
        let entry: [u8; N] = core::array::from_fn(|i| i as u8 + 1);

        ring.push([0xff; N])?;
        ring.push(entry)?;
        assert_eq!(read(&ring.entries, 0), [0xff; N]);
        assert_eq!(read(&ring.entries, 1), entry);
        assert_eq!(read(&ring.entries, 2), [0; N]);
        Ok(())
    }

    #[test]
    fn entries_of_any_size() -> Result {
        let dev = device(c"safe_dma_ring_sizes")?;
        let dev = bound(&dev);

        copy::<1>(dev)?;
        copy::<6>(dev)?;
        copy::<7>(dev)?;
        copy::<12>(dev)?;
        copy::<16>(dev)?;
        copy::<64>(dev)
    }

    /// One entry is a ring, too.
    #[test]
    fn shortest() -> Result {
        let dev = device(c"safe_dma_ring_shortest")?;
        let dev = bound(&dev);
        let mut completions = CompletionRing::<Entry<0>>::new(dev, 1, GFP_KERNEL)?;
        let mut descriptors = DescriptorRing::<Entry<0>>::new(dev, 1, GFP_KERNEL)?;

        for phase in [true, false, true] {
            write(&completions.entries, 0, Entry::new(0, phase));
            assert!(completions.pop().is_some());
            assert!(completions.pop().is_none());

            assert_eq!(descriptors.post(Entry::new(0, false)).ok(), Some(0));
            assert!(descriptors.post(Entry::new(0, false)).is_err());
            assert!(descriptors.reap().is_none());
            write(&descriptors.entries, 0, Entry::new(0, false));
            assert!(descriptors.reap().is_some());
        }
        Ok(())
    }

    #[test]
    fn flags_within_entries() {
        type Bytes<const N: usize> = [u8; N];

        assert!(EntryFlag::u8(0, 7).fits::<Bytes<1>>());
        assert!(!EntryFlag::u8(0, 8).fits::<Bytes<1>>());
        assert!(!EntryFlag::u8(1, 0).fits::<Bytes<1>>());
        assert!(EntryFlag::le32(12, 31).fits::<Bytes<16>>());
        for flag in [
            // Beyond the word.
            EntryFlag::le32(12, 32),
            EntryFlag::le32(12, u32::MAX),
            // Beyond the entry.
            EntryFlag::le32(16, 0),
            EntryFlag::le32(14, 0),
            EntryFlag::le32(usize::MAX & !3, 0),
            // Not aligned.
            EntryFlag::le32(10, 0),
            EntryFlag::le16(1, 0),
        ] {
            assert!(!flag.fits::<Bytes<16>>());
        }
        // Not aligned in every second entry.
        assert!(!EntryFlag::le32(0, 0).fits::<Bytes<6>>());
        assert!(!EntryFlag::le32(4, 0).fits::<Bytes<10>>());
    }
}
