// SPDX-License-Identifier: GPL-2.0

//! What `unsafe` is left for the users of this library, and why no type can take its place.
//!
//! Everything else that is public can be called without `unsafe`. What each item asks for exactly is in
//! its *Safety* section. A driver has to do with [`Engine`](super::transfer::Engine) and, to write the
//! number to a register, with [`DeviceAddress::as_raw`](super::span::DeviceAddress::as_raw). The others
//! are for memory of a new kind, for memory and registers that others have too, and for debugging.
//!
//! | item | what only its user knows |
//! | --- | --- |
//! | [`Engine`](super::transfer::Engine), to implement | when the hardware is done with memory, and that it keeps to the address and the length that it was given: this is in the data sheet, and in the order of the accesses to registers |
//! | [`Engine::start_read`](super::transfer::Engine::start_read), to call | that the memory stays mapped, and the CPU keeps away from it, until the end: the engine is given a span, which may end before. [`Transfer`](super::transfer::Transfer) owns the memory, so that a driver does not call this |
//! | [`Engine::start_write`](super::transfer::Engine::start_write), to call | the same |
//! | [`Engine::wait`](super::transfer::Engine::wait), to call | that the token is of this engine, and not of another one of its type. [`Transfer`](super::transfer::Transfer) has both |
//! | [`Engine::abort`](super::transfer::Engine::abort), to call | the same |
//! | [`DeviceMemory`](super::transfer::DeviceMemory), to implement | that the memory stays mapped for as long as the value lives, and nobody else reaches it: the mapping is made by C, behind a number |
//! | [`Buffer`](super::buffer::Buffer), to implement | that the memory is in one piece and in the kernel's linear map, stays where it is, and is reached through this value alone: it is a pointer, and its history is not in its type |
//! | [`Buffer::phys`](super::buffer::Buffer::phys), to call | that what is left of the buffer is from [`Buffer::into_raw`](super::buffer::Buffer::into_raw), and what becomes of the number |
//! | [`Buffer::target`](super::buffer::Buffer::target), to call | that what is left of the buffer is from [`Buffer::into_raw`](super::buffer::Buffer::into_raw): for a box it is a pointer, which anybody can make |
//! | [`Buffer::from_raw`](super::buffer::Buffer::from_raw), to call | that the device is done with the memory, and it is taken back once: what is left of a buffer that was given up is a pointer, so that no reference to it exists. [`Mapping`](super::streaming::Mapping) calls it |
//! | [`Scattered`](super::sg::Scattered), to implement | as for `Buffer`, of each piece |
//! | [`Scattered::from_raw`](super::sg::Scattered::from_raw), to call | as for `Buffer`; [`SgMapping`](super::sg::SgMapping) calls it |
//! | [`Span::new`](super::span::Span::new), to call | that something is mapped there: the address is a number from C |
//! | [`DeviceAddress::as_raw`](super::span::DeviceAddress::as_raw), to call | what becomes of the number: hardware that is told a number does as it is told, whenever it was mapped |
//! | [`Domain::iova_to_phys`](super::domain::Domain::iova_to_phys), to call | what becomes of the number, and that nobody unmaps in this domain meanwhile, in other threads and for other devices of the group too: the page table is walked without a lock |
//! | [`CoherentMemory::as_ref`](super::coherent::CoherentMemory::as_ref), to call | that nothing writes there: a device that was told the address may do so at any time |
//! | [`MmioRegion::of_bar`](super::resource::MmioRegion::of_bar), to call | that no safety rests on these registers, of the driver that has the BAR or of the next one: a transfer to them that is forgotten goes on |
//! | [`MmioRegion::from_raw`](super::resource::MmioRegion::from_raw), to call | that there are registers at a physical address, that they stay, and that their driver lets others access them: only that driver knows what its safety rests on |
//! | [`MmioRegion::phys`](super::resource::MmioRegion::phys), to call | what becomes of the number: where no IOMMU translates it is the DMA address |
//! | [`Piece::phys_addr`](super::sg::Piece::phys_addr), to call | the same |
//! | [`MmapMemory::mmap`](super::coherent::MmapMemory::mmap), to call | what kind of area the program's mapping is, and that nobody changes it: its flags are numbers that all drivers may write. And whose the file is, which may be of another module: no type says which module it keeps |
