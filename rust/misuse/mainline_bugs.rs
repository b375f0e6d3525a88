// SPDX-License-Identifier: GPL-2.0

//! Reproduces the bugs of mainline that `rust/misuse/mainline_bugs.md` lists, one at a time:
//!
//! ```text
//! insmod mainline_bugs.ko bug=NUMBER
//! ```
//!
//! Some end in an oops. `harmless=Y` uses a value that mainline handles correctly, and has the
//! result of a kernel without the bug. See scripts/tests/module/test_mainline_bugs.py.

use core::ptr::from_ref;
use kernel::{
    bindings,
    debugfs,
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_FORCE_CONTIGUOUS,
        Coherent,
        DataDirection::{
            Bidirectional,
            ToDevice, //
        },
        Device as _,
        DmaMask, //
    },
    faux,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    pci,
    prelude::*,
    scatterlist::SGTable,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// The bugs that are reproduced at unbind.
const FILE: u8 = 7;
const CLEANUP: u8 = 12;

/// Returns the `struct device` of `dev`.
fn raw(dev: &Device<Bound>) -> *mut bindings::device {
    // `Device` is `repr(transparent)` over `Opaque<bindings::device>`.
    from_ref(dev).cast_mut().cast()
}

/// Returns the physical address to which the IOMMU translates `iova`, or 0.
fn iommu_iova_to_phys(dev: &Device<Bound>, iova: u64) -> u64 {
    // SAFETY: The device is bound, so its domain stays attached. Nothing else maps for the device.
    unsafe { bindings::iommu_iova_to_phys(bindings::iommu_get_domain_for_dev(raw(dev)), iova) }
}

/// Returns whether DMA of the device's IOMMU group has no owner.
fn has_no_owner(dev: &Device<Bound>) -> bool {
    // SAFETY: The device is valid, and any pointer but NULL may stand for the owner.
    let claimed = unsafe { bindings::iommu_device_claim_dma_owner(raw(dev), raw(dev).cast()) } == 0;

    if claimed {
        // SAFETY: The ownership was claimed above.
        unsafe { bindings::iommu_device_release_dma_owner(raw(dev)) };
    }
    claimed
}

/// Maps `phys` `times` times, and syncs the last mapping if `sync` is true.
fn map(dev: &Device<Bound>, phys: u64, len: usize, times: usize, attrs: usize, sync: bool) {
    let dir = if sync { ToDevice } else { Bidirectional }.into();
    let mut mapped = [u64::MAX; 16];

    // SAFETY: The device has a DMA mask and is not started. The memory or registers of the caller
    // outlive this function. Each address is unmapped once, with the values it was mapped with.
    unsafe {
        for addr in &mut mapped[..times] {
            *addr = bindings::dma_map_phys(raw(dev), phys, len, dir, attrs);
            #[cfg(CONFIG_DMA_API_DEBUG)]
            bindings::debug_dma_mapping_error(raw(dev), *addr);
        }
        if sync {
            bindings::__dma_sync_single_for_device(raw(dev), mapped[times - 1], len, dir);
        }
        for addr in mapped.into_iter().filter(|addr| *addr != u64::MAX) {
            bindings::dma_unmap_phys(raw(dev), addr, len, dir, attrs);
        }
    }
}

/// Links `len` bytes at `phys` into an IOVA range of an untrusted device; returns the error.
fn link(pdev: &pci::Device<Core<'_>>, phys: u64, len: usize) -> i32 {
    let dev = raw(pdev.as_ref());
    // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    let pci: *mut bindings::pci_dev = from_ref(pdev).cast_mut().cast();
    let mut state = bindings::dma_iova_state::default();
    let mut error = 0;

    // SAFETY: The device is being probed and locked, so that the flag may be changed. The memory
    // outlives this function. Linked memory is unlinked, and the range freed, once.
    unsafe {
        bindings::pci_dev::set_untrusted_raw(pci, 1);
        if bindings::dma_iova_try_alloc(dev, &mut state, phys, len) {
            error = bindings::dma_iova_link(dev, &mut state, phys, 0, len, ToDevice.into(), 0);
            let linked = if error == 0 { len } else { 0 };
            bindings::dma_iova_destroy(dev, &mut state, linked, ToDevice.into(), 0);
        }
        bindings::pci_dev::set_untrusted_raw(pci, 0);
    }
    error
}

/// An element that is aligned to more than a page.
#[repr(C, align(8192))]
struct Wide([u8; 8192]);

// SAFETY: `Wide` has no padding, and all bit patterns are valid.
unsafe impl AsBytes for Wide {}
// SAFETY: As above.
unsafe impl FromBytes for Wide {}

/// Returns whether one of a few allocations is not aligned as `T`.
fn misaligned<T: AsBytes + FromBytes>(dev: &Device<Bound>) -> Result<bool> {
    let mut all = KVec::new();

    for _ in 0..4 {
        all.push(Coherent::<T>::zeroed_slice(dev, 1, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(all.iter().any(|it| !it.as_ptr().cast::<T>().is_aligned()))
}

/// Reproduces a bug; returns whether it was observed, if that is possible here.
fn reproduce(pdev: &pci::Device<Core<'_>>, bug: u8, harmless: bool) -> Result<bool> {
    let dev: &Device<Bound> = pdev.as_ref();
    let pages = VVec::from_elem(0u8, 16 * PAGE_SIZE, GFP_KERNEL)?;
    // SAFETY: The address is that of a `VVec` that has memory.
    let pfn = unsafe { bindings::vmalloc_to_pfn(pages.as_ptr().cast()) };
    let phys = (pfn as u64) << PAGE_SHIFT;
    // The value that triggers the bug, or the harmless one.
    let number = |value| if harmless { PAGE_SIZE } else { value };
    let times = |value| if harmless { 1 } else { value };

    match bug {
        1 => {
            let len = number(usize::MAX);
            Coherent::<u8>::zeroed_slice(dev, len, GFP_KERNEL)?;
        }
        2 => {
            let len = number((1 << 44) + PAGE_SIZE);
            let _ = Coherent::<u8>::zeroed_slice(dev, len, GFP_KERNEL);
            return Ok((1..8).any(|high| iommu_iova_to_phys(dev, high << 45) != 0));
        }
        3 => {
            let (len, attrs) = (number(1 << 30), DMA_ATTR_FORCE_CONTIGUOUS);
            Coherent::<u8>::zeroed_slice_with_attrs(dev, len, GFP_KERNEL, attrs)?;
        }
        4 => {
            let len = number(1 << 41);
            Coherent::<u8>::zeroed_slice(dev, len, GFP_KERNEL)?;
        }
        5 => {
            let len = number(1 << 30);
            KVec::<u8>::with_capacity(len, GFP_KERNEL)?;
        }
        6 => {
            return if harmless {
                misaligned::<[u8; 8192]>(dev)
            } else {
                misaligned::<Wide>(dev)
            }
        }
        8 => {
            let faux = faux::Registration::new(c"mainline_bugs", None)?;
            let dev = if harmless {
                dev
            } else {
                faux.as_ref().as_ref()
            };
            Coherent::<u8>::zeroed(dev, GFP_KERNEL)?;
        }
        9 => {
            let max = if harmless { 16 * PAGE_SIZE } else { PAGE_SIZE } as u32;
            // SAFETY: Nothing is mapped for the device at the same time.
            unsafe { pdev.dma_set_max_seg_size(max) };
            let table = SGTable::new(dev, pages, ToDevice, GFP_KERNEL);
            KBox::pin_init(table, GFP_KERNEL)?;
        }
        10 => {
            let iova = if harmless { 0 } else { u64::MAX };
            return Ok(iommu_iova_to_phys(dev, iova) != 0);
        }
        11 => {
            let offset = if harmless { 0 } else { 512 };
            return Ok(link(pdev, phys + offset, PAGE_SIZE - offset as usize) != 0);
        }
        13 => map(dev, phys, PAGE_SIZE, times(2), 0, true),
        14 => {
            let attrs = bindings::DMA_ATTR_MMIO as usize;
            map(dev, pdev.resource_start(0)?, 4, times(9), attrs, false);
        }
        FILE | CLEANUP => {}
        _ => return Err(EINVAL),
    }
    Ok(false)
}

/// The state of the reproducers at unbind.
struct Data<'bound> {
    dev: &'bound Device<Bound>,
    // Fields are dropped in this order.
    _file: Option<Pin<KBox<debugfs::File<u32>>>>,
    _dir: Option<debugfs::Dir>,
}

impl Drop for Data<'_> {
    fn drop(&mut self) {
        if bug() == CLEANUP && !harmless() {
            report(Ok(has_no_owner(self.dev)));
        }
    }
}

/// Returns the module's parameter.
fn bug() -> u8 {
    module_parameters::bug.value()
}

/// Returns the module's parameter.
fn harmless() -> bool {
    module_parameters::harmless.value()
}

/// Prints the result of a reproducer.
fn report(seen: Result<bool>) {
    match seen {
        Ok(true) => pr_info!("bug {} is there\n", bug()),
        Ok(false) => pr_info!("bug {} is over\n", bug()),
        Err(error) => pr_info!("bug {} is over, {:?}\n", bug(), error),
    }
}

struct BugDriver;

// SAFETY: `pci::Vendor` is `repr(transparent)` over `u16`, and any number may be a vendor ID.
const VENDOR_QEMU: pci::Vendor = unsafe { core::mem::transmute::<u16, pci::Vendor>(0x1234) };

kernel::pci_device_table!(
    PCI_TABLE,
    (),
    [(pci::DeviceId::from_id(VENDOR_QEMU, 0x11e8), ())]
);

impl pci::Driver for BugDriver {
    type IdInfo = ();
    type Data<'bound> = Data<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Data<'bound>, Error> + 'bound {
        // SAFETY: The device is being probed; nothing maps or allocates for it yet, or starts it.
        unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<64>())? };
        pr_info!("bug {} begins\n", bug());
        report(reproduce(pdev, bug(), harmless()));

        let (mut dir, mut file) = (None, None);
        if bug() == FILE {
            let files = debugfs::Dir::new(c"mainline_bugs");
            let init = files.read_only_file(c"file", 1u32);
            file = Some(KBox::pin_init(init, GFP_KERNEL)?);
            dir = Some(files);
        }
        Ok(Data {
            dev: pdev.as_ref(),
            _file: file,
            _dir: dir,
        })
    }

    fn unbind<'bound>(pdev: &'bound pci::Device<Core<'_>>, _this: Pin<&Data<'bound>>) {
        if bug() == CLEANUP && harmless() {
            report(Ok(has_no_owner(pdev.as_ref())));
        }
    }
}

kernel::module_pci_driver! {
    type: BugDriver,
    name: "mainline_bugs",
    authors: ["The safe-dma developers"],
    description: "Reproduces bugs of mainline from which the library protects its users",
    license: "GPL v2",
    params: {
        bug: u8 {
            default: 0,
            description: "Number of the bug in rust/misuse/mainline_bugs.md",
        },
        harmless: bool {
            default: false,
            description: "Do the same with a value that mainline handles (default: N)",
        },
    },
}
