// SPDX-License-Identifier: GPL-2.0

//! Memory in the calling process.

use crate::{
    bindings as helpers,
    selftest::prelude::*, //
};
use kernel::{
    bindings,
    ffi::c_ulong,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

// CAST: Bits of a small number.
pub(in crate::selftest) const PROT_READ: c_ulong = helpers::PROT_READ as c_ulong;
pub(in crate::selftest) const PROT_WRITE: c_ulong = helpers::PROT_WRITE as c_ulong;

/// Anonymous private memory of the calling process, which is unmapped when it is dropped.
pub(in crate::selftest) struct UserArea {
    start: usize,
    size: usize,
}

impl UserArea {
    /// Maps `size` bytes, or skips the check if there is no process.
    pub(in crate::selftest) fn new(size: usize, prot: c_ulong) -> Result<Self, Stop> {
        // CAST: Bits of a small number.
        const FLAGS: c_ulong = (helpers::MAP_PRIVATE | helpers::MAP_ANONYMOUS) as c_ulong;

        if kernel::current!().mm().is_none() {
            return Err(Stop::Skip(
                "the device was bound by a kernel thread, which has no user memory",
            ));
        }
        // SAFETY: The process has memory, to which this adds some at an address that was free.
        let start =
            unsafe { bindings::vm_mmap(core::ptr::null_mut(), 0, size as c_ulong, prot, FLAGS, 0) };

        // CAST: An error is a negative number.
        if start as isize >= -(bindings::MAX_ERRNO as isize) && (start as isize) < 0 {
            return Err(Error::from_errno(start as i32).into());
        }
        Ok(Self {
            // CAST: As many bits.
            start: start as usize,
            size,
        })
    }

    /// Returns the address of the byte at `offset`.
    pub(in crate::selftest) fn at(&self, offset: usize) -> UserPtr {
        UserPtr::from_addr(self.start + offset)
    }

    /// Fills `range` with a pattern that begins there.
    pub(in crate::selftest) fn fill(&self, range: Range<usize>, seed: u32) -> Result {
        let mut bytes = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;

        pattern::fill(&mut bytes, seed, 0);
        UserSlice::new(self.at(range.start), range.len())
            .writer()
            .write_slice(&bytes)
    }

    /// Returns the bytes of `range`.
    pub(in crate::selftest) fn read(&self, range: Range<usize>) -> Result<KVec<u8>> {
        let mut bytes = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;

        UserSlice::new(self.at(range.start), range.len())
            .reader()
            .read_slice(&mut bytes)?;
        Ok(bytes)
    }

    /// Unmaps the memory from `size` bytes on; whole pages.
    pub(in crate::selftest) fn truncate(&mut self, size: usize) {
        // SAFETY: These bytes are mapped, and only used with functions that expect that they may
        // not be.
        unsafe { bindings::vm_munmap(self.start as c_ulong + size as c_ulong, self.size - size) };
        self.size = size;
    }
}

impl Drop for UserArea {
    fn drop(&mut self) {
        if self.size != 0 {
            self.truncate(0);
        }
    }
}
