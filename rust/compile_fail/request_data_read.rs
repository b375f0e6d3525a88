// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads the data of a block request twice, which a process may change in between
// Here: does not compile
// Needs: CONFIG_BLOCK
// Message: no method named `sync_for_cpu`

use crate::block::RequestMapping;

fn checksum(mapping: &mut RequestMapping<'_>) -> u32 {
    let data = mapping.sync_for_cpu(); //~ ERROR E0599

    data.iter().copied().map(u32::from).sum()
}
