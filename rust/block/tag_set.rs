// SPDX-License-Identifier: GPL-2.0

//! Hardware queues, and their tags.

use super::{
    operations::{
        self,
        Operations,
        Vtable, //
    },
    request::{
        Pdu,
        Private, //
    },
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    device::Bound,
    error::to_result,
    ffi::{
        c_uint,
        c_ulong, //
    },
    page::PAGE_SIZE,
    pci,
    prelude::*,
    sync::Arc,
    time::Msecs,
    types::Opaque, //
};

/// The device whose interrupts are the queues'.
pub(super) struct Mapping {
    pub(super) dev: *mut bindings::pci_dev,
    /// The vector of the first queue.
    pub(super) offset: c_uint,
}

impl Mapping {
    /// Returns whether the device has a vector for each of `queues` queues.
    ///
    /// # Safety
    ///
    /// The device is valid.
    pub(super) unsafe fn has_vectors(&self, queues: c_uint) -> bool {
        (0..queues).all(|queue| {
            let vector = self.offset.checked_add(queue);
            // SAFETY: By the safety requirements.
            vector.is_some_and(|vector| unsafe { bindings::pci_irq_vector(self.dev, vector) } > 0)
        })
    }
}

/// At least the size of a cache line in bytes.
const CACHE_LINE: usize = 256;

/// The hardware queues of a device, with a set of tags for each.
///
/// Several disks of a device share them, as the namespaces of an NVMe controller do.
///
/// C: `struct blk_mq_tag_set`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
///
/// # Invariants
///
/// `set` was allocated, for the operations `T`, with room for a `Private` and its list in each
/// request.
#[pin_data(PinnedDrop)]
pub struct TagSet<T: Operations> {
    #[pin]
    set: Opaque<bindings::blk_mq_tag_set>,
    segments: u16,
    _operations: PhantomData<fn(&T)>,
}

// SAFETY: C locks what changes.
unsafe impl<T: Operations> Send for TagSet<T> {}

// SAFETY: As above.
unsafe impl<T: Operations> Sync for TagSet<T> {}

impl<T: Operations> TagSet<T> {
    /// The largest depth.
    pub const MAX_DEPTH: u16 = 10240;

    /// Allocates the tags of `queues` hardware queues, with `depth` tags each.
    ///
    /// A request has room for `segments` ranges of memory. It times out after `timeout`. With
    /// `vectors`, each queue belongs to the CPUs of an interrupt vector of that device, the first
    /// queue to the vector of that number; otherwise, and if there are fewer vectors, C distributes
    /// them.
    ///
    /// There are at most as many queues as CPUs: see [`TagSet::queues`]. Sleeps.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for no queue, a depth of less than 2 or more than [`TagSet::MAX_DEPTH`], no
    /// segment, more than fit in a request of 16 pages, or no time; [`ENOMEM`] without memory.
    ///
    /// C: `blk_mq_alloc_tag_set()`, [`block/blk-mq.c`](srctree/block/blk-mq.c).
    pub fn new(
        queues: u32,
        depth: u16,
        segments: u16,
        timeout: Msecs,
        vectors: Option<(&pci::Device<Bound>, u32)>,
    ) -> Result<Arc<Self>> {
        // C: `BLK_MQ_TAG_MIN`, and one that a scheduler leaves.
        if !(2..=Self::MAX_DEPTH).contains(&depth) || queues == 0 || segments == 0 || timeout == 0 {
            return Err(EINVAL);
        }
        let mapping = vectors.map(|(dev, offset)| Mapping {
            dev: core::ptr::from_ref(dev).cast_mut().cast(),
            offset,
        });
        let size = size_of::<Private>() + usize::from(segments) * Pdu::ENTRY;
        // C: `blk_mq_alloc_rqs()` allocates 16 pages at a time, for whole cache lines, and does not
        // return if a request is larger.
        if (size_of::<bindings::request>() + size).next_multiple_of(CACHE_LINE) > PAGE_SIZE << 4 {
            return Err(EINVAL);
        }

        let mut set: bindings::blk_mq_tag_set = pin_init::zeroed();
        set.ops = &Vtable::<T>::OPS;
        set.nr_hw_queues = queues;
        set.nr_maps = 1;
        set.queue_depth = depth.into();
        set.numa_node = bindings::NUMA_NO_NODE;
        // CAST: Less than 16 pages.
        set.cmd_size = size as c_uint;
        set.timeout = jiffies(timeout);
        set.driver_data = operations::as_data(mapping.as_ref());

        Arc::pin_init(
            try_pin_init!(Self {
                set <- Opaque::try_ffi_init(|place: *mut bindings::blk_mq_tag_set| {
                    // SAFETY: The place is for a set.
                    unsafe { place.write(set) };
                    // SAFETY: All that C needs is there. It is freed only if this succeeds.
                    let result = to_result(unsafe { bindings::blk_mq_alloc_tag_set(place) });
                    // SAFETY: As above. The mapping was for this call.
                    unsafe { (*place).driver_data = core::ptr::null_mut() };
                    result
                }),
                segments,
                // INVARIANT: Just allocated.
                _operations: PhantomData,
            }),
            GFP_KERNEL,
        )
    }

    /// Returns the number of hardware queues.
    pub fn queues(&self) -> usize {
        // SAFETY: By the invariants; it does not change. CAST: From 32 bits to at least as many.
        unsafe { (*self.as_raw()).nr_hw_queues as usize }
    }

    /// Returns the number of ranges of memory that a request has room for.
    pub fn segments(&self) -> u16 {
        self.segments
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::blk_mq_tag_set {
        self.set.get()
    }
}

#[pinned_drop]
impl<T: Operations> PinnedDrop for TagSet<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the invariants. No disk uses it any more, as each keeps it.
        unsafe { bindings::blk_mq_free_tag_set(self.as_raw()) };
    }
}

/// Returns `timeout` in jiffies.
fn jiffies(timeout: Msecs) -> c_uint {
    let jiffies: c_ulong = kernel::time::msecs_to_jiffies(timeout);

    c_uint::try_from(jiffies).unwrap_or(c_uint::MAX)
}
