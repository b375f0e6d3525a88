// SPDX-License-Identifier: GPL-2.0

//! A request: one operation on one named mapping.
//!
//! This module refuses requests that are invalid in any state; [`super::operate`] refuses those
//! that are invalid in the current state.

use super::edu::BUFFER_SIZE;
use core::ops::RangeInclusive;
use kernel::{
    fmt,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The maximum size of a mapping, in bytes.
pub(crate) const MAX_SIZE: u64 = 16 << 20;
/// The range of timeouts, in milliseconds.
pub(crate) const TIMEOUTS: RangeInclusive<u64> = 1..=60_000;
pub(crate) const TIMEOUT: u32 = 10_000;
/// The range of repetitions of a lifecycle.
pub(crate) const REPEATS: RangeInclusive<u64> = 1..=1_000_000;
/// The number of pages that programs can map.
pub(crate) const PAGES: usize = 2;

/// The name of a mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    // INVARIANT: The first `len` bytes are ASCII.
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Name {
    pub(crate) const MAX: usize = 15;

    /// Creates a name, if the length and the characters of `text` are valid.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MAX];
        let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);

        if text.is_empty() || !text.iter().all(good) {
            return None;
        }
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self {
            bytes,
            // CAST: At most `MAX`.
            len: text.len() as u8,
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();

        f.write_str(core::str::from_utf8(bytes).unwrap_or_default())
    }
}

/// Defines an enumeration whose values have names for scripts.
macro_rules! named {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            /// All values.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$value,)*];

            /// Returns the name for scripts.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)*
                }
            }
        }
    };
}

named! {
    /// An operation.
    Op {
        Map = "map",
        SyncForCpu = "sync_for_cpu",
        SyncForDevice = "sync_for_device",
        Fill = "fill",
        Check = "check",
        Transfer = "transfer",
        Start = "start",
        Wait = "wait",
        Abort = "abort",
        Unmap = "unmap",
    }
}

named! {
    /// The kind of a mapping: its memory, and the functions that map it.
    Kind {
        Single = "single",
        Page = "page",
        Sg = "sg",
        Iova = "iova",
        Coherent = "coherent",
        Noncoherent = "noncoherent",
        Noncontiguous = "noncontiguous",
        Pool = "pool",
        Resource = "resource",
    }
}

named! {
    /// The direction of a mapping.
    Dir {
        ToDevice = "to_device",
        FromDevice = "from_device",
        Bidirectional = "bidirectional",
    }
}

named! {
    /// The destination of a transfer.
    To {
        /// The device's buffer.
        Device = "device",
        Memory = "memory",
    }
}

named! {
    /// The interrupt at the end of a transfer.
    Irq {
        Normal = "normal",
        None = "none",
        Twice = "twice",
    }
}

named! {
    /// The key of a word `key=value`.
    Key {
        Op = "op",
        Name = "name",
        Kind = "kind",
        Dir = "dir",
        Size = "size",
        Offset = "offset",
        Pattern = "pattern",
        Repeat = "repeat",
        To = "to",
        Timeout = "timeout",
        Irq = "irq",
        Page = "page",
    }
}

impl Op {
    /// Returns the keys that it takes besides a name.
    pub(crate) const fn takes(self) -> &'static [Key] {
        use Key::*;

        match self {
            Self::Map => &[Kind, Dir, Size, Offset, Pattern],
            Self::Fill | Self::Check => &[Offset, Size, Pattern],
            Self::Transfer => &[To, Offset, Size, Timeout, Irq],
            Self::Start => &[To, Offset, Size, Irq],
            Self::Wait => &[Timeout],
            Self::SyncForCpu | Self::SyncForDevice | Self::Abort | Self::Unmap => &[],
        }
    }

    /// Returns the keys that it needs.
    pub(crate) const fn needs(self) -> &'static [Key] {
        match self {
            Self::Fill | Self::Check => &[Key::Pattern],
            Self::Transfer | Self::Start => &[Key::To],
            _ => &[],
        }
    }
}

/// A request; a key that is not given has a default.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) op: Op,
    pub(crate) name: Name,
    pub(crate) kind: Option<Kind>,
    pub(crate) dir: Option<Dir>,
    pub(crate) size: Option<u64>,
    pub(crate) offset: Option<u64>,
    pub(crate) pattern: Option<u32>,
    pub(crate) to: Option<To>,
    pub(crate) timeout: Option<u32>,
    pub(crate) irq: Option<Irq>,
}

impl Request {
    /// Creates a request with defaults.
    pub(crate) fn new(op: Op, name: Name) -> Self {
        Self {
            op,
            name,
            kind: None,
            dir: None,
            size: None,
            offset: None,
            pattern: None,
            to: None,
            timeout: None,
            irq: None,
        }
    }

    /// Returns whether `key` is given.
    fn says(&self, key: Key) -> bool {
        match key {
            Key::Op | Key::Name => true,
            Key::Kind => self.kind.is_some(),
            Key::Dir => self.dir.is_some(),
            Key::Size => self.size.is_some(),
            Key::Offset => self.offset.is_some(),
            Key::Pattern => self.pattern.is_some(),
            Key::Repeat | Key::Page => false,
            Key::To => self.to.is_some(),
            Key::Timeout => self.timeout.is_some(),
            Key::Irq => self.irq.is_some(),
        }
    }

    /// Refuses a request that is invalid in any state.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        for key in Key::ALL {
            let taken = matches!(key, Key::Op | Key::Name) || self.op.takes().contains(key);

            if self.says(*key) && !taken {
                return Err(Refused::new(EINVAL, Why::NotTaken(self.op.name(), *key)));
            }
            if self.op.needs().contains(key) && !self.says(*key) {
                return Err(Refused::new(EINVAL, Why::Missing(self.op.name(), *key)));
            }
        }

        in_range(Key::Size, self.size, 1..=MAX_SIZE)?;
        in_range(Key::Timeout, self.timeout.map(u64::from), TIMEOUTS)?;
        match self.op {
            Op::Map => self.check_map(),
            Op::Transfer | Op::Start => in_range(Key::Size, self.size, 1..=BUFFER_SIZE as u64),
            _ => Ok(()),
        }
    }

    fn check_map(&self) -> Result<(), Refused> {
        let kind = self.kind();

        in_range(Key::Offset, self.offset, 0..=PAGE_SIZE as u64 - 1)?;
        if self.offset() != 0 && !matches!(kind, Kind::Single | Kind::Sg) {
            return Err(Refused::new(EINVAL, Why::NotOfKind(kind, Key::Offset)));
        }
        if kind == Kind::Resource {
            for key in [Key::Size, Key::Pattern] {
                if self.says(key) {
                    return Err(Refused::new(EINVAL, Why::NotOfKind(kind, key)));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Single)
    }

    pub(crate) fn dir(&self) -> Dir {
        self.dir.unwrap_or(Dir::Bidirectional)
    }

    pub(crate) fn timeout(&self) -> u32 {
        self.timeout.unwrap_or(TIMEOUT)
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset.unwrap_or(0)
    }
}

/// Refuses a number out of range.
pub(crate) fn in_range(
    key: Key,
    value: Option<u64>,
    range: RangeInclusive<u64>,
) -> Result<(), Refused> {
    match value {
        Some(value) if !range.contains(&value) => Err(Refused::new(
            EINVAL,
            Why::OutOfRange(key, value, *range.start(), *range.end()),
        )),
        _ => Ok(()),
    }
}

/// The result of a request.
pub(crate) struct Outcome {
    /// The DMA address of the first byte, for `map`.
    pub(crate) dma_address: Option<u64>,
    /// The number of bytes that were mapped, transferred, written or compared.
    pub(crate) bytes: usize,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dma) = self.dma_address {
            write!(f, "dma {dma:#x} ")?;
        }
        write!(f, "size {}", self.bytes)
    }
}

/// The error of a request that was refused or has failed.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) why: Why,
}

impl Refused {
    pub(crate) const fn new(error: Error, why: Why) -> Self {
        Self { error, why }
    }

    /// Creates a refusal with a constant reason.
    pub(crate) const fn because(error: Error, text: &'static str) -> Self {
        Self::new(error, Why::Text(text))
    }
}

/// The reason of a refusal.
#[derive(Debug, PartialEq)]
pub(crate) enum Why {
    Text(&'static str),
    /// The length of the text, and the maximum.
    TooLong(usize, usize),
    /// The operation does not take the key.
    NotTaken(&'static str, Key),
    /// The operation needs the key.
    Missing(&'static str, Key),
    /// Memory of that kind does not take the key.
    NotOfKind(Kind, Key),
    /// The value, the minimum and the maximum.
    OutOfRange(Key, u64, u64, u64),
    /// The offset and the size, and the size of the mapping.
    Beyond(u64, u64, usize),
    /// The first byte that differs.
    Differs {
        offset: usize,
        expected: u8,
        found: u8,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::TooLong(len, most) => {
                write!(f, "{len} bytes are too many: the maximum is {most}")
            }
            Self::NotTaken(op, key) => write!(f, "op={} takes no {}", op, key.name()),
            Self::Missing(op, key) => write!(f, "op={} needs {}", op, key.name()),
            Self::NotOfKind(kind, key) => {
                write!(f, "kind={} takes no {}", kind.name(), key.name())
            }
            Self::OutOfRange(key, value, from, to) => {
                write!(f, "{}={}: it must be {} to {}", key.name(), value, from, to)
            }
            Self::Beyond(offset, size, mapped) => {
                write!(f, "{size} bytes from {offset} are not within {mapped}")
            }
            Self::Differs {
                offset,
                expected,
                found,
            } => write!(f, "byte {offset} is {found:#04x}, expected {expected:#04x}"),
        }
    }
}

/// Returns the byte at `offset` of memory that was filled with `pattern`.
pub(crate) fn byte(pattern: u32, offset: usize) -> u8 {
    // CAST: Mappings are smaller than 4 GiB, and the result is the top byte of 32 bits.
    let offset = offset as u32;

    ((pattern ^ offset ^ (offset >> 8)).wrapping_mul(0x9e37_79b1) >> 24) as u8
}

#[kunit_tests(safe_dma_request)]
mod tests {
    use super::*;

    fn request(op: Op) -> Result<Request> {
        Ok(Request::new(op, Name::new(b"a").ok_or(EINVAL)?))
    }

    /// Returns the reason of the refusal, which is [`EINVAL`].
    fn refused(request: Request) -> Option<Why> {
        request.check().err().map(|refused| {
            assert!(refused.error == EINVAL);
            refused.why
        })
    }

    #[test]
    fn names() {
        for good in [&b"a"[..], b"0", b"A_b-c.9", b"123456789012345", b".", b"-"] {
            assert!(Name::new(good).is_some());
        }
        for bad in [
            &b""[..],
            b"1234567890123456",
            b"a b",
            b"a\n",
            b"a\0",
            b"a/b",
            b"\xc3\xa4",
        ] {
            assert!(Name::new(bad).is_none());
        }
        assert!(Name::new(b"a") != Name::new(b"a."));
    }

    /// Bytes that were computed by hand from the definition.
    #[test]
    fn bytes() {
        assert_eq!(byte(0, 0), 0);
        assert_eq!(byte(1, 0), 0x9e);
        assert_eq!(byte(0, 1), 0x9e);
        assert_eq!(byte(1, 1), 0);
        assert_eq!(byte(2, 0), 0x3c);
        // 0x101 ^ 0x1 is 0x100.
        assert_eq!(byte(0, 0x101), byte(0x100, 0));
    }

    #[test]
    fn what_an_operation_needs() -> Result {
        for op in Op::ALL {
            let request = request(*op)?;

            match op.needs() {
                [] => assert_eq!(refused(request), None),
                [key] => assert_eq!(refused(request), Some(Why::Missing(op.name(), *key))),
                _ => return Err(EINVAL),
            }
        }
        Ok(())
    }

    /// Gives each key to each operation: it is accepted, or refused by name.
    #[test]
    fn what_an_operation_takes() -> Result {
        for op in Op::ALL {
            for key in Key::ALL {
                let mut request = request(*op)?;
                for needed in op.needs() {
                    say(&mut request, *needed);
                }
                if !say(&mut request, *key) {
                    continue;
                }

                let expected =
                    (!op.takes().contains(key)).then_some(Why::NotTaken(op.name(), *key));
                assert_eq!(refused(request), expected);
            }
        }
        Ok(())
    }

    /// Sets a key to a valid value; returns `false` if a request has no such key.
    fn say(request: &mut Request, key: Key) -> bool {
        match key {
            Key::Kind => request.kind = Some(Kind::Single),
            Key::Dir => request.dir = Some(Dir::ToDevice),
            Key::Size => request.size = Some(1),
            Key::Offset => request.offset = Some(0),
            Key::Pattern => request.pattern = Some(0),
            Key::To => request.to = Some(To::Memory),
            Key::Timeout => request.timeout = Some(1),
            Key::Irq => request.irq = Some(Irq::None),
            Key::Op | Key::Name | Key::Repeat | Key::Page => return false,
        }
        true
    }

    #[test]
    fn sizes() -> Result {
        let with = |size| -> Result<Request> {
            let mut request = request(Op::Map)?;
            request.size = Some(size);
            Ok(request)
        };

        for good in [1, MAX_SIZE] {
            assert_eq!(refused(with(good)?), None);
        }
        for bad in [0, MAX_SIZE + 1, u64::MAX] {
            assert_eq!(
                refused(with(bad)?),
                Some(Why::OutOfRange(Key::Size, bad, 1, MAX_SIZE))
            );
        }

        let mut transfer = request(Op::Transfer)?;
        transfer.to = Some(To::Device);
        transfer.size = Some(BUFFER_SIZE as u64);
        assert_eq!(refused(transfer), None);
        transfer.size = Some(BUFFER_SIZE as u64 + 1);
        assert!(refused(transfer).is_some());
        Ok(())
    }

    #[test]
    fn offsets_of_kinds() -> Result {
        for kind in Kind::ALL {
            let mut request = request(Op::Map)?;
            request.kind = Some(*kind);
            request.offset = Some(PAGE_SIZE as u64 - 1);

            let takes = matches!(kind, Kind::Single | Kind::Sg);
            let expected = (!takes).then_some(Why::NotOfKind(*kind, Key::Offset));
            assert_eq!(refused(request), expected);

            request.offset = Some(PAGE_SIZE as u64);
            assert!(refused(request).is_some());
        }
        Ok(())
    }

    #[test]
    fn times() -> Result {
        for (timeout, good) in [(0, false), (1, true), (60_000, true), (60_001, false)] {
            let mut request = request(Op::Wait)?;
            request.timeout = Some(timeout);
            assert_eq!(refused(request).is_none(), good);
        }
        Ok(())
    }
}
