// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_cpu_owned)]
mod cpu_owned {
    use super::super::*;
    use crate::dma::ToDevice;
    use core::{
        cell::Cell,
        mem, //
    };

    /// The number of syncs and drops of memory.
    #[derive(Default)]
    struct Counts {
        for_cpu: Cell<u32>,
        for_device: Cell<u32>,
        dropped: Cell<u32>,
    }

    impl Counts {
        fn are(&self, for_cpu: u32, for_device: u32, dropped: u32) -> bool {
            (
                self.for_cpu.get(),
                self.for_device.get(),
                self.dropped.get(),
            ) == (for_cpu, for_device, dropped)
        }
    }

    fn add(count: &Cell<u32>) {
        count.set(count.get() + 1);
    }

    /// Memory that no device has.
    struct Memory<'a>(&'a Counts);

    impl private::SyncForCpu for Memory<'_> {
        type Direction = ToDevice;
        type Data = [u8];
        type Part = ();

        fn whole(&self, _: Sealed) {}

        unsafe fn sync_for_cpu(&mut self, (): (), _: Sealed) {
            add(&self.0.for_cpu);
        }

        unsafe fn sync_for_device(&mut self, (): (), _: Sealed) {
            add(&self.0.for_device);
        }
    }

    impl Drop for Memory<'_> {
        fn drop(&mut self) {
            add(&self.0.dropped);
        }
    }

    /// There is one sync for the CPU and one for the device, however the value is moved in between.
    #[test]
    fn one_sync_each() {
        let counts = Counts::default();

        let owned = CpuOwned::new(Memory(&counts));
        assert!(counts.are(1, 0, 0));
        let kept = [owned];
        assert!(core::ptr::eq(kept[0].mapping().0, &counts));
        let [owned] = kept;
        let memory = owned.into_device();
        assert!(counts.are(1, 1, 0));

        let memory = CpuOwned::new(memory).into_device();
        assert!(counts.are(2, 2, 0));
        drop(memory);
        assert!(counts.are(2, 2, 1));
    }

    /// The memory is dropped once, without a sync.
    #[test]
    fn dropped() {
        let counts = Counts::default();

        drop(CpuOwned::new(Memory(&counts)));
        assert!(counts.are(1, 0, 1));
    }

    #[test]
    fn forgotten() {
        let counts = Counts::default();

        mem::forget(CpuOwned::new(Memory(&counts)));
        assert!(counts.are(1, 0, 0));
    }

    /// The value is no larger than the memory.
    #[test]
    fn no_larger_than_the_memory() {
        assert_eq!(size_of::<CpuOwned<Memory<'_>>>(), size_of::<Memory<'_>>());
    }

    /// A guard syncs the memory when it is dropped, and only then.
    #[test]
    fn guard() {
        let counts = Counts::default();
        let mut memory = Memory(&counts);

        let guard = CpuAccess::whole(&mut memory);
        assert!(counts.are(1, 0, 0));
        drop(guard);
        assert!(counts.are(1, 1, 0));

        mem::forget(CpuAccess::whole(&mut memory));
        assert!(counts.are(2, 1, 0));
    }

    /// Returns whether the part that `range` is of some elements is where and as long as that of an
    /// array, and its offset, by which C syncs it, is where it begins.
    fn is_as_of_an_array<T, const LEN: usize>(array: &[T; LEN], range: ops::Range<usize>) -> bool {
        let all = Part::whole(NonNull::from(&array[..]));

        match (all.slice(range.clone()), array.get(range)) {
            (Some(Part { offset, data }), Some(expected)) if !expected.is_empty() => {
                core::ptr::addr_eq(data.as_ptr(), expected)
                    && data.len() == expected.len()
                    && data.addr().get() - array.as_ptr().addr() == offset
            }
            (None, None | Some(&[])) => true,
            _ => false,
        }
    }

    #[test]
    fn part_as_of_an_array() {
        let (bytes, words, odd) = ([0u8; 5], [0u64; 5], [[0u8; 3]; 5]);

        for start in 0..=6 {
            for end in 0..=6 {
                assert!(is_as_of_an_array(&bytes, start..end));
                assert!(is_as_of_an_array(&words, start..end));
                assert!(is_as_of_an_array(&odd, start..end));
            }
        }
    }

    /// Ranges count elements, and offsets bytes.
    #[test]
    fn part_in_bytes() {
        let words = [0u32; 100];

        let part = Part::whole(NonNull::from(&words[..])).slice(98..100);
        assert!(part.is_some_and(|part| part.offset == 392 && part.data.len() == 2));
        // Of a part.
        let part = part.and_then(|part| part.slice(1..2));
        assert!(part.is_some_and(|part| part.offset == 396 && part.data.len() == 1));
    }

    #[test]
    fn range_within() {
        assert!(has_elements(&(0..4096), 4096));
        assert!(has_elements(&(0..1), 4096));
        assert!(has_elements(&(4095..4096), 4096));
        assert!(has_elements(&(0..1), 1));
        assert!(has_elements(&(usize::MAX - 1..usize::MAX), usize::MAX));
    }

    #[test]
    fn range_empty() {
        assert!(!has_elements(&(0..0), 4096));
        assert!(!has_elements(&(17..17), 4096));
        assert!(!has_elements(&(4096..4096), 4096));
        assert!(!has_elements(&(0..0), 0));
        assert!(!has_elements(&ops::Range { start: 2, end: 1 }, 4096));
    }

    #[test]
    fn range_beyond() {
        assert!(!has_elements(&(0..4097), 4096));
        assert!(!has_elements(&(4095..4097), 4096));
        assert!(!has_elements(&(4096..4097), 4096));
        assert!(!has_elements(&(5000..6000), 4096));
        assert!(!has_elements(&(0..1), 0));
    }

    /// Numbers whose sum or difference is good modulo the size of the address space.
    #[test]
    fn range_that_overflows() {
        let reversed = ops::Range {
            start: usize::MAX,
            end: 1,
        };

        assert!(!has_elements(&(0..usize::MAX), 4096));
        assert!(!has_elements(&(1..usize::MAX), 4096));
        assert!(!has_elements(&(usize::MAX - 1..usize::MAX), 4096));
        assert!(!has_elements(&(usize::MAX..usize::MAX), 4096));
        assert!(!has_elements(&reversed, 4096));
        assert!(!has_elements(&reversed, usize::MAX));
    }
}
