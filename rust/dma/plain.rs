// SPDX-License-Identifier: GPL-2.0

//! Structures of plain bytes, for the entries of a device's rings.

/// Declares a structure that consists of its fields, without padding.
///
/// It is `repr(C)`, [`Copy`], [`AsBytes`](kernel::transmute::AsBytes) and
/// [`FromBytes`](kernel::transmute::FromBytes), as each of its fields must be. That there is no
/// padding is checked at compile time. It takes no attributes besides documentation, since others
/// could remove a field.
///
/// # Examples
///
/// ```
/// safe_dma::plain_struct! {
///     /// A descriptor of a network device.
///     struct Descriptor {
///         addr: u64,
///         len: u32,
///         flags: u32,
///     }
/// }
///
/// assert_eq!(size_of::<Descriptor>(), 16);
/// ```
#[macro_export]
macro_rules! plain_struct {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $field_doc:literal])* $field_vis:vis $field:ident: $type:ty,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        $vis struct $name {
            $($(#[doc = $field_doc])* $field_vis $field: $type,)*
        }

        const _: () = ::core::assert!(
            ::core::mem::size_of::<$name>() == 0 $(+ ::core::mem::size_of::<$type>())*,
            "there is padding between the fields"
        );

        // SAFETY: Each field has only initialized bytes, and there are no others, as checked above.
        unsafe impl ::kernel::transmute::AsBytes for $name
        where
            $($type: ::kernel::transmute::AsBytes,)*
        {
        }

        // SAFETY: Each field is valid whatever its bytes are.
        unsafe impl ::kernel::transmute::FromBytes for $name
        where
            $($type: ::kernel::transmute::FromBytes,)*
        {
        }
    };
}
