// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    EntryFlag,
    FlaggedEntry, //
};

safe_dma::plain_struct! {
    struct Descriptor {
        flags: u16,
        reserved: u16,
        len: u32,
        addr: u64,
    }
}

impl FlaggedEntry for Descriptor {
    const FLAG: EntryFlag = EntryFlag::le16(0, 15);
}
