// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_buffer)]
mod buffer {
    use super::super::*;
    use core::cell::Cell;
    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    /// A value that counts how often values like it are dropped.
    struct Counted<'a> {
        drops: &'a Cell<u32>,
        number: u64,
    }

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.drops.set(self.drops.get() + 1);
        }
    }

    /// A value without a byte, which counts here instead.
    struct Empty;

    static EMPTY_DROPS: Atomic<u32> = Atomic::new(0);

    impl Drop for Empty {
        fn drop(&mut self) {
            EMPTY_DROPS.fetch_add(1, Relaxed);
        }
    }

    /// Returns the address and the size in bytes of the memory that would be mapped, and checks its
    /// physical address.
    fn mapped<B: Buffer>((data, rest): (NonNull<B::Target>, B::Rest)) -> (usize, usize) {
        let target = data.as_ptr();

        if B::Target::size(target) != 0 {
            // SAFETY: The address is in the linear map.
            let phys = unsafe { helpers::helper_virt_to_phys(target.cast_const().cast()) };
            // SAFETY: All tests pass it to `from_raw()` after this; no device is given the number.
            assert_eq!(unsafe { B::phys(data, rest) }, phys);
        }
        (target.cast::<u8>() as usize, B::Target::size(target))
    }

    /// Buddies are as large as they are aligned.
    #[test]
    fn pages_of_every_order() {
        for order in 0..=bindings::MAX_PAGE_ORDER {
            // There may be none that large, but small ones must be there.
            let Ok(pages) = Pages::zeroed(order, GFP_KERNEL | __GFP_NOWARN) else {
                assert!(order > bindings::PAGE_ALLOC_COSTLY_ORDER);
                continue;
            };
            // SAFETY: These pages are in the linear map.
            let phys = unsafe { helpers::helper_virt_to_phys(pages.as_ptr().cast()) };

            assert_eq!(pages.size(), PAGE_SIZE << order);
            assert_eq!(pages.len(), PAGE_SIZE << order);
            assert_eq!(phys as usize % (PAGE_SIZE << order), 0);
        }
    }

    #[test]
    fn pages_are_zeroed() -> Result {
        for order in 0..=bindings::PAGE_ALLOC_COSTLY_ORDER {
            // What is freed last is allocated first.
            let mut dirty = Pages::zeroed(order, GFP_KERNEL)?;
            dirty.fill(0xff);
            drop(dirty);

            let pages = Pages::zeroed(order, GFP_KERNEL)?;
            assert!(pages.iter().all(|&byte| byte == 0));
        }
        Ok(())
    }

    #[test]
    fn pages_too_large() {
        assert!(Pages::zeroed(bindings::MAX_PAGE_ORDER + 1, GFP_KERNEL).is_err());
        assert!(Pages::zeroed(u32::BITS, GFP_KERNEL).is_err());
        assert!(Pages::zeroed(usize::BITS, GFP_KERNEL).is_err());
        assert!(Pages::zeroed(u32::MAX, GFP_KERNEL).is_err());
    }

    #[test]
    fn part_of_pages() -> Result {
        for (range, good) in [
            (0..2 * PAGE_SIZE, true),
            (100..PAGE_SIZE + 1, true),
            (2 * PAGE_SIZE..2 * PAGE_SIZE, true),
            (0..2 * PAGE_SIZE + 1, false),
            (Range { start: 2, end: 1 }, false),
            (usize::MAX - 1..usize::MAX, false),
        ] {
            let pages = Pages::zeroed(1, GFP_KERNEL)?;
            let start = pages.as_ptr() as usize;

            match PagesPart::new(pages, range.clone()) {
                Ok(part) => {
                    assert!(good && part.len() == range.len());

                    let raw = part.into_raw();
                    assert_eq!(mapped::<PagesPart>(raw), (start + range.start, range.len()));

                    // SAFETY: From `into_raw()` just now, and no device has seen it.
                    let pages = unsafe { PagesPart::from_raw(raw.0, raw.1) }.into_pages();
                    assert!(pages.as_ptr() as usize == start && pages.len() == 2 * PAGE_SIZE);
                }
                Err(ErrorWith {
                    error,
                    value: buffer,
                }) => {
                    assert!(!good && error == EINVAL && buffer.as_ptr() as usize == start);
                }
            }
        }
        Ok(())
    }

    /// The bytes beside it are not in it.
    #[test]
    fn part_of_pages_is_written() -> Result {
        let mut part = PagesPart::new(Pages::zeroed(0, GFP_KERNEL)?, 10..20)?;

        part.fill(0x5a);
        let pages = part.into_pages();
        for (at, byte) in pages.iter().enumerate() {
            assert_eq!(*byte, if (10..20).contains(&at) { 0x5a } else { 0 });
        }
        Ok(())
    }

    #[test]
    fn pages_round_trip() -> Result {
        let mut pages = Pages::zeroed(1, GFP_KERNEL)?;
        let (addr, size) = (pages.as_ptr() as usize, pages.size());
        for (number, byte) in pages.iter_mut().enumerate() {
            *byte = number as u8;
        }

        let raw = pages.into_raw();
        assert_eq!(mapped::<Pages>(raw), (addr, size));

        // Were they free, it would be their turn.
        let others = Pages::zeroed(1, GFP_KERNEL)?;
        assert!(others.as_ptr() as usize != addr);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let pages = unsafe { Pages::from_raw(raw.0, raw.1) };
        assert_eq!(pages.as_ptr() as usize, addr);
        assert_eq!(pages.size(), size);
        assert!(pages
            .iter()
            .enumerate()
            .all(|(number, &byte)| byte == number as u8));
        Ok(())
    }

    #[test]
    fn kbox_round_trip() -> Result {
        let drops = Cell::new(0);
        let number = 0x0123_4567_89ab_cdef;
        let boxed = KBox::new(
            Counted {
                drops: &drops,
                number,
            },
            GFP_KERNEL,
        )?;
        let addr = core::ptr::from_ref(&*boxed) as usize;

        let raw = Buffer::into_raw(boxed);
        assert_eq!(
            mapped::<KBox<Counted<'_>>>(raw),
            (addr, size_of::<Counted<'_>>())
        );
        assert_eq!(drops.get(), 0);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let boxed = unsafe { <KBox<Counted<'_>> as Buffer>::from_raw(raw.0, ()) };
        assert_eq!(core::ptr::from_ref(&*boxed) as usize, addr);
        assert_eq!(boxed.number, number);
        assert_eq!(drops.get(), 0);

        drop(boxed);
        assert_eq!(drops.get(), 1);
        Ok(())
    }

    #[test]
    fn page_box_round_trip() -> Result {
        let number = 0x0123_4567_89ab_cdef_u64;
        let boxed = PageBox::new(number, GFP_KERNEL)?;
        let addr = core::ptr::from_ref(&*boxed) as usize;
        assert_eq!(addr % PAGE_SIZE, 0);

        let raw = boxed.into_raw();
        assert_eq!(mapped::<PageBox<u64>>(raw), (addr, 8));

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let mut boxed = unsafe { PageBox::<u64>::from_raw(raw.0, raw.1) };
        assert_eq!(*boxed, number);
        *boxed += 1;
        assert_eq!(*boxed, number + 1);
        assert_eq!(core::ptr::from_ref(&*boxed) as usize, addr);
        Ok(())
    }

    /// The rest of the pages is zeroes.
    #[test]
    fn page_box_is_zeroed() -> Result {
        fn check<const SIZE: usize>() -> Result {
            // What is freed last is allocated first.
            let mut dirty = Pages::zeroed(PageBox::<[u8; SIZE]>::ORDER, GFP_KERNEL)?;
            dirty.fill(0xff);
            drop(dirty);

            let (value, phys) = PageBox::new([0x5au8; SIZE], GFP_KERNEL)?.into_raw();
            let size = PAGE_SIZE << PageBox::<[u8; SIZE]>::ORDER;
            let data = NonNull::slice_from_raw_parts(value.cast::<u8>(), size);
            // SAFETY: They are the pages of the box, which has given them up.
            let pages = unsafe { Pages::from_raw(data, phys) };
            let (value, rest) = pages.split_at(SIZE);

            assert!(value.iter().all(|&byte| byte == 0x5a) && rest.iter().all(|&byte| byte == 0));
            Ok(())
        }

        check::<0>()?;
        check::<1>()?;
        check::<100>()
    }

    /// The order is of the smallest power of two pages; no allocator has that of a huge type.
    #[test]
    fn page_box_orders() {
        assert_eq!(PageBox::<()>::ORDER, 0);
        assert_eq!(PageBox::<[u8; PAGE_SIZE]>::ORDER, 0);
        assert_eq!(PageBox::<[u8; PAGE_SIZE + 1]>::ORDER, 1);
        assert_eq!(PageBox::<[u8; 5 * PAGE_SIZE]>::ORDER, 3);
        assert!(PageBox::<[u8; 1 << 40]>::ORDER > bindings::MAX_PAGE_ORDER);
    }

    #[test]
    fn kbox_without_a_byte() -> Result {
        let before = EMPTY_DROPS.load(Relaxed);

        let raw = Buffer::into_raw(KBox::new(Empty, GFP_KERNEL)?);
        assert_eq!(mapped::<KBox<Empty>>(raw).1, 0);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        drop(unsafe { <KBox<Empty> as Buffer>::from_raw(raw.0, ()) });
        assert_eq!(EMPTY_DROPS.load(Relaxed), before + 1);
        Ok(())
    }

    #[test]
    fn kvec_with_spare_capacity() -> Result {
        let drops = Cell::new(0);
        let mut vec = KVec::with_capacity(16, GFP_KERNEL)?;
        for number in 0..5 {
            let element = Counted {
                drops: &drops,
                number,
            };
            vec.push(element, GFP_KERNEL)?;
        }
        let (addr, capacity) = (vec.as_ptr() as usize, vec.capacity());

        let raw = Buffer::into_raw(vec);
        assert_eq!(
            mapped::<KVec<Counted<'_>>>(raw),
            (addr, 5 * size_of::<Counted<'_>>())
        );
        assert_eq!(drops.get(), 0);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let vec = unsafe { <KVec<Counted<'_>> as Buffer>::from_raw(raw.0, raw.1) };
        assert_eq!(vec.as_ptr() as usize, addr);
        assert_eq!(vec.len(), 5);
        assert_eq!(vec.capacity(), capacity);
        assert!(vec.iter().map(|element| element.number).eq(0..5));
        assert_eq!(drops.get(), 0);

        drop(vec);
        assert_eq!(drops.get(), 5);
        Ok(())
    }

    #[test]
    fn kvec_full() -> Result {
        let vec = KVec::from_elem(0x5aa5_u16, 100, GFP_KERNEL)?;
        let (addr, capacity) = (vec.as_ptr() as usize, vec.capacity());

        let raw = Buffer::into_raw(vec);
        assert_eq!(mapped::<KVec<u16>>(raw), (addr, 200));

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let vec = unsafe { <KVec<u16> as Buffer>::from_raw(raw.0, raw.1) };
        assert_eq!(vec.as_ptr() as usize, addr);
        assert_eq!(vec.capacity(), capacity);
        assert_eq!(&vec[..], &[0x5aa5; 100]);
        Ok(())
    }

    #[test]
    fn kvec_empty() -> Result {
        for capacity in [0, 16] {
            let vec = KVec::<u64>::with_capacity(capacity, GFP_KERNEL)?;
            let (addr, capacity) = (vec.as_ptr() as usize, vec.capacity());

            let raw = Buffer::into_raw(vec);
            assert_eq!(mapped::<KVec<u64>>(raw), (addr, 0));

            // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
            let mut vec = unsafe { <KVec<u64> as Buffer>::from_raw(raw.0, raw.1) };
            assert_eq!(vec.as_ptr() as usize, addr);
            assert_eq!(vec.capacity(), capacity);
            assert!(vec.is_empty());

            // It still knows whether it has memory of its own.
            vec.push(1, GFP_KERNEL)?;
            assert_eq!((vec.as_ptr() as usize == addr), (capacity > 0));
            assert_eq!(&vec[..], &[1]);
        }
        Ok(())
    }

    #[test]
    fn kvec_without_a_byte() -> Result {
        let before = EMPTY_DROPS.load(Relaxed);
        let mut vec = KVec::new();
        for _ in 0..3 {
            vec.push(Empty, GFP_KERNEL)?;
        }

        let raw = Buffer::into_raw(vec);
        assert_eq!(raw.0.len(), 3);
        assert_eq!(mapped::<KVec<Empty>>(raw).1, 0);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let vec = unsafe { <KVec<Empty> as Buffer>::from_raw(raw.0, raw.1) };
        assert_eq!(vec.len(), 3);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before);

        drop(vec);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before + 3);
        Ok(())
    }
}
