// SPDX-License-Identifier: GPL-2.0

// In C: unmaps a page that its page pool keeps mapped and unmaps later
// Here: cannot be expressed

use crate::dma::{
    DeviceBuffer,
    FromDevice,
    Pages, //
};

fn xdp_redirect(page: DeviceBuffer<'_, Pages, FromDevice>) -> Pages {
    page.unmap() //~ ERROR E0599
}
