// SPDX-License-Identifier: GPL-2.0

//! Patterns of bytes that differ by seed and offset.

use super::evidence::Failure;

/// Returns the byte at `offset` of the pattern `seed`.
///
/// The byte depends on all bits of both, so that data of another offset, chunk or round is
/// detected.
pub(super) fn byte(seed: u32, offset: usize) -> u8 {
    // CAST: Offsets here are far below 4 GiB.
    let mixed = (offset as u32).wrapping_add(seed.wrapping_mul(0x85eb_ca6b));

    // Return the top byte of the product with an odd constant.
    (mixed.wrapping_mul(0x9e37_79b1) >> 24) as u8
}

/// Fills `bytes` with the pattern from `offset` on.
pub(super) fn fill(bytes: &mut [u8], seed: u32, offset: usize) {
    for (i, b) in bytes.iter_mut().enumerate() {
        *b = byte(seed, offset + i);
    }
}

/// Compares `bytes` with the pattern from `offset` on.
pub(super) fn compare(bytes: &[u8], seed: u32, offset: usize) -> Result<(), Failure> {
    for (i, &found) in bytes.iter().enumerate() {
        let expected = byte(seed, offset + i);

        if found != expected {
            return Err(Failure::Byte {
                offset: offset + i,
                expected,
                found,
            });
        }
    }

    Ok(())
}

/// Checks that each of `bytes` is `expected`.
pub(super) fn all(bytes: &[u8], expected: u8) -> Result<(), Failure> {
    // Each byte is equal to the one before it: a `memcmp()`, as some buffers have megabytes.
    if bytes.first().is_none_or(|&first| first == expected)
        && bytes.get(1..) == bytes.split_last().map(|(_, others)| others)
    {
        return Ok(());
    }
    match bytes.iter().position(|&b| b != expected) {
        None => Ok(()),
        Some(offset) => Err(Failure::Byte {
            offset,
            expected,
            found: bytes[offset],
        }),
    }
}
