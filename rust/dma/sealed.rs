// SPDX-License-Identifier: GPL-2.0

//! A token that restricts methods of sealed traits to the library.
//!
//! A supertrait in a private module cannot be named, nor implemented, by others. Its methods can be
//! called all the same: a bound on the public trait, or a trait object, brings them into scope. So
//! each of them takes a [`Sealed`], of which only the library can make a value.

/// Proof that the caller is the library.
pub struct Sealed(pub(super) ());
