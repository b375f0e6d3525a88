// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not check the content of the memory
// In C: posts descriptors with padding, by which the device reads uninitialized memory
// Here: does not compile

use crate::dma::{
    EntryFlag,
    FlaggedEntry, //
};

// The error is in the evaluation of a constant of the macro. Compared are its code, and the line
// that calls the macro.
safe_dma::plain_struct! { //~ ERROR E0080
    struct Descriptor {
        flags: u16,
        len: u32,
        addr: u64,
    }
}

impl FlaggedEntry for Descriptor {
    const FLAG: EntryFlag = EntryFlag::le16(0, 15);
}
