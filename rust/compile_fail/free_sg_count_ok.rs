// SPDX-License-Identifier: GPL-2.0

use kernel::{
    prelude::*,
    scatterlist::{
        Owned,
        SGTable, //
    }, //
};

// The table knows how many entries it has.
fn finish(table: SGTable<Owned<VVec<u8>>>) {
    drop(table);
}
