// SPDX-License-Identifier: GPL-2.0

//! The error of an operation that consumes a value.

use core::fmt;
use kernel::prelude::*;

/// An error, and the value that the failed operation was given.
///
/// Converts into the bare [`Error`], dropping the value, so that `?` works. This is `StoreError` of
/// [`kernel::xarray`], for any operation.
pub struct ErrorWith<T> {
    /// The reason.
    pub error: Error,
    /// The value, unchanged.
    pub value: T,
}

impl<T> ErrorWith<T> {
    /// Returns `value` with the reason.
    #[inline]
    pub(crate) fn new(error: Error, value: T) -> Self {
        Self { error, value }
    }
}

impl<T> From<ErrorWith<T>> for Error {
    #[inline]
    fn from(err: ErrorWith<T>) -> Self {
        err.error
    }
}

impl<T> fmt::Debug for ErrorWith<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorWith")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
