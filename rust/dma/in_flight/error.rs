// SPDX-License-Identifier: GPL-2.0

//! Completions that are refused.

/// A completion of no command in flight.
///
/// The device is broken, or hostile. Nothing has changed.
#[derive(Debug)]
pub struct UnknownCompletion<S> {
    /// The identifier that the device sent, for the log.
    pub id: u16,
    /// The status that the device sent.
    pub status: S,
    /// The reason for which the identifier is refused.
    pub reason: UnknownId,
}

/// The reason for which an identifier is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownId {
    /// The tag is beyond the table.
    OutOfRange,
    /// No command with that identifier is in flight.
    NotInFlight,
}
