// SPDX-License-Identifier: GPL-2.0

//! Interrupt vectors, distributed over the CPUs, and their handlers.

use kernel::{
    bindings,
    device::Bound,
    error::to_result,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    irq,
    pci,
    prelude::*, //
};

/// The interrupt vectors of the queues of a device, and their handlers.
pub(super) struct Interrupts<'bound, H: irq::Handler> {
    // Dropped before the vectors.
    handlers: KVec<Interrupt<H>>,
    _vectors: Vectors<'bound>,
}

impl<'bound, H: irq::Handler> Interrupts<'bound, H> {
    /// Allocates a vector for each queue, at most `max`, and registers a handler for each. Sleeps.
    ///
    /// The vectors are distributed over the CPUs, except for the first `shared`, which have no
    /// handler.
    ///
    /// # Errors
    ///
    /// [`ENOSPC`] if the device has no vector for a queue; [`EINVAL`] for too many; [`ENOMEM`]
    /// without memory.
    ///
    /// # Safety
    ///
    /// The value is dropped, before anything that the handlers borrow.
    ///
    /// C: `pci_alloc_irq_vectors_affinity()`,
    /// [`drivers/pci/msi/api.c`](srctree/drivers/pci/msi/api.c); `request_threaded_irq()`,
    /// [`kernel/irq/manage.c`](srctree/kernel/irq/manage.c).
    pub(super) unsafe fn new(
        dev: &'bound pci::Device<Bound>,
        name: &'static CStr,
        shared: u16,
        max: u16,
        mut handler: impl FnMut(u16) -> H,
    ) -> Result<Self> {
        let min = shared.checked_add(1).ok_or(EINVAL)?;
        let max = shared.checked_add(max).ok_or(EINVAL)?;
        let vectors = Vectors::new(dev, shared, min, max)?;
        let queues = vectors.len - shared;
        let mut handlers = KVec::with_capacity(queues.into(), GFP_KERNEL)?;

        for queue in 0..queues {
            // SAFETY: By the safety requirements. The field is dropped before the vectors.
            let interrupt =
                unsafe { Interrupt::new(&vectors, shared + queue, name, handler(queue))? };
            handlers.push_within_capacity(interrupt)?;
        }
        Ok(Self {
            handlers,
            _vectors: vectors,
        })
    }

    /// Returns the number of queues that have a vector.
    pub(super) fn queues(&self) -> u16 {
        // CAST: As many as vectors.
        self.handlers.len() as u16
    }
}

/// Interrupt vectors of a device.
///
/// # Invariants
///
/// `len` vectors are allocated for `dev`.
struct Vectors<'bound> {
    dev: &'bound pci::Device<Bound>,
    len: u16,
}

impl<'bound> Vectors<'bound> {
    /// Allocates vectors, of which the first `shared` have no CPU of their own.
    fn new(dev: &'bound pci::Device<Bound>, shared: u16, min: u16, max: u16) -> Result<Self> {
        if shared >= min || min > max {
            return Err(EINVAL);
        }
        let mut affinity: bindings::irq_affinity = pin_init::zeroed();
        affinity.pre_vectors = shared.into();

        // SAFETY: The device is bound, and the numbers make sense.
        let count = unsafe {
            bindings::pci_alloc_irq_vectors_affinity(
                core::ptr::from_ref(dev).cast_mut().cast(),
                min.into(),
                max.into(),
                bindings::PCI_IRQ_MSI | bindings::PCI_IRQ_MSIX | bindings::PCI_IRQ_AFFINITY,
                &mut affinity,
            )
        };
        // INVARIANT: Just allocated.
        Ok(Self {
            dev,
            len: u16::try_from(count).map_err(|_| Error::from_errno(count))?,
        })
    }

    /// Returns the number that the kernel has for a vector.
    fn irq(&self, vector: u16) -> Result<c_uint> {
        let dev = core::ptr::from_ref(self.dev).cast_mut().cast();
        // SAFETY: The device is bound.
        let irq = unsafe { bindings::pci_irq_vector(dev, vector.into()) };

        c_uint::try_from(irq).map_err(|_| EINVAL)
    }
}

impl Drop for Vectors<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariants. No handler is registered any more.
        unsafe { bindings::pci_free_irq_vectors(core::ptr::from_ref(self.dev).cast_mut().cast()) };
    }
}

/// A handler that is registered.
///
/// # Invariants
///
/// `handler` is registered for `irq`.
struct Interrupt<H: irq::Handler> {
    irq: c_uint,
    handler: KBox<H>,
}

impl<H: irq::Handler> Interrupt<H> {
    /// Registers a handler.
    ///
    /// # Safety
    ///
    /// The value is dropped, before the vectors and before anything that `handler` borrows.
    unsafe fn new(
        vectors: &Vectors<'_>,
        vector: u16,
        name: &'static CStr,
        handler: H,
    ) -> Result<Self> {
        let irq = vectors.irq(vector)?;
        let handler = KBox::new(handler, GFP_KERNEL)?;

        // SAFETY: The handler stays until it is unregistered.
        to_result(unsafe {
            bindings::request_threaded_irq(
                irq,
                Some(handle::<H>),
                None,
                0,
                name.as_char_ptr(),
                cookie(&handler),
            )
        })?;
        // INVARIANT: Just registered.
        Ok(Self { irq, handler })
    }
}

impl<H: irq::Handler> Drop for Interrupt<H> {
    fn drop(&mut self) {
        // SAFETY: By the invariants. This waits until no handler runs.
        unsafe { bindings::free_irq(self.irq, cookie(&self.handler)) };
    }
}

/// Returns what C passes to [`handle`].
fn cookie<H>(handler: &KBox<H>) -> *mut c_void {
    core::ptr::from_ref::<H>(handler).cast_mut().cast()
}

/// # Safety
///
/// Only for C, as the handler with the cookie of an `H`.
unsafe extern "C" fn handle<H: irq::Handler>(
    _irq: c_int,
    cookie: *mut c_void,
) -> bindings::irqreturn_t {
    // SAFETY: By the safety requirements.
    let handler = unsafe { &*cookie.cast::<H>() };

    bindings::irqreturn_t(handler.handle() as c_uint)
}
