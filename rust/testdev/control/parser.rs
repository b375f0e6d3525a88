// SPDX-License-Identifier: GPL-2.0

//! Parses the words `key=value` of an operation.

use super::{
    super::request::{
        in_range,
        Dir,
        Irq,
        Key,
        Kind,
        Name,
        Op,
        Request,
        To,
        Why,
        MAX_SIZE,
        PAGES,
        REPEATS,
        TIMEOUTS, //
    },
    lifecycles::{
        Lifecycle,
        Repeated,
        LIFECYCLES, //
    }, //
};
use kernel::{
    fmt,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The maximum length of the words, in bytes.
pub(super) const MAX_LEN: usize = 256;

/// A parsed operation.
pub(super) enum Asked {
    Named(Request),
    Lifecycle(Repeated),
    /// A transfer of one of the pages that programs map.
    Page {
        page: usize,
        to: To,
    },
}

/// The operation on the pages that programs map.
pub(super) const TRANSFER_PAGE: &str = "transfer_page";

const OF_PAGES: &[Key] = &[Key::Page, Key::To];

/// The reason why an operation is refused.
#[derive(Debug, PartialEq)]
pub(super) enum Refused<'a> {
    NotText,
    NoEqualsSign(&'a str),
    NoValue(&'a str),
    UnknownKey(&'a str),
    Twice(&'a str),
    UnknownOperation(&'a str),
    NoOperation,
    NoName(&'static str),
    NotAName(&'a str),
    NotANumber(Key, &'a str),
    TooLarge(Key, &'a str),
    /// The value is not one that the key takes.
    NotOneOf(Key, &'a str),
    Wrong(Why),
}

impl From<super::super::request::Refused> for Refused<'_> {
    fn from(refused: super::super::request::Refused) -> Self {
        Self::Wrong(refused.why)
    }
}

/// A word from user space, in quotes, escaped and truncated.
///
/// Escaping keeps line ends and control characters out of the log. An escaped character takes up to
/// ten, and a message of the kernel has at most a thousand, which must include the reason at its
/// end.
struct Quoted<'a>(&'a str);

impl Quoted<'_> {
    /// The maximum number of characters shown.
    const MAX: usize = 60;
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(Self::MAX) {
            // `end` is a character boundary.
            Some((end, _)) => write!(f, "{:?}...", self.0.get(..end).unwrap_or_default()),
            None => write!(f, "{:?}", self.0),
        }
    }
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("this is not text in UTF-8"),
            Self::NoEqualsSign(word) => {
                f.write_fmt(fmt!("{} is not of the form key=value", Quoted(word)))
            }
            Self::NoValue(key) => f.write_fmt(fmt!("{} has no value", Quoted(key))),
            Self::UnknownKey(key) => f.write_fmt(fmt!("{} is not a key", Quoted(key))),
            Self::Twice(key) => f.write_fmt(fmt!("{} is given twice", Quoted(key))),
            Self::UnknownOperation(name) => f.write_fmt(fmt!(
                "{} is not an operation: reading this file lists them",
                Quoted(name)
            )),
            Self::NoOperation => f.write_str("no operation: say op=NAME"),
            Self::NoName(op) => write!(f, "op={op} needs a name"),
            Self::NotAName(name) => f.write_fmt(fmt!(
                "{} is not a name: it has 1 to {} of the characters A-Z a-z 0-9 _ . -",
                Quoted(name),
                Name::MAX
            )),
            Self::NotANumber(key, value) => f.write_fmt(fmt!(
                "{}={}: this is not a number",
                key.name(),
                Quoted(value)
            )),
            Self::TooLarge(key, value) => f.write_fmt(fmt!(
                "{}={}: this is too large a number",
                key.name(),
                Quoted(value)
            )),
            Self::NotOneOf(key, value) => {
                f.write_fmt(fmt!("{}={} is none of", key.name(), Quoted(value)))?;
                for_each_value(*key, |name| write!(f, " {name}"))
            }
            Self::Wrong(why) => fmt::Display::fmt(why, f),
        }
    }
}

/// Calls `show` with each value of a key that takes names.
fn for_each_value(key: Key, mut show: impl FnMut(&'static str) -> fmt::Result) -> fmt::Result {
    match key {
        Key::Kind => Kind::ALL.iter().try_for_each(|kind| show(kind.name())),
        Key::Dir => Dir::ALL.iter().try_for_each(|dir| show(dir.name())),
        Key::To => To::ALL.iter().try_for_each(|to| show(to.name())),
        Key::Irq => Irq::ALL.iter().try_for_each(|irq| show(irq.name())),
        _ => Ok(()),
    }
}

/// The values of the words, by key.
struct Words<'a>([Option<&'a str>; Key::ALL.len()]);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Result<Self, Refused<'a>> {
        let mut words = Self([None; Key::ALL.len()]);

        for word in text.split_ascii_whitespace() {
            let (key, value) = word.split_once('=').ok_or(Refused::NoEqualsSign(word))?;
            let place = Key::ALL
                .iter()
                .zip(&mut words.0)
                .find(|(known, _)| known.name() == key)
                .map(|(_, place)| place)
                .ok_or(Refused::UnknownKey(key))?;

            if value.is_empty() {
                return Err(Refused::NoValue(key));
            }
            if place.replace(value).is_some() {
                return Err(Refused::Twice(key));
            }
        }
        Ok(words)
    }

    fn get(&self, key: Key) -> Option<&'a str> {
        Key::ALL
            .iter()
            .zip(self.0)
            .find(|(known, _)| **known == key)
            .and_then(|(_, value)| value)
    }

    /// Returns the number of a key: decimal, or hexadecimal with `0x`.
    fn number(&self, key: Key) -> Result<Option<u64>, Refused<'a>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let (digits, radix) = match value.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (value, 10),
        };

        // `from_str_radix()` would accept a sign.
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Err(Refused::NotANumber(key, value));
        }
        u64::from_str_radix(digits, radix)
            .map(Some)
            .map_err(|_| Refused::TooLarge(key, value))
    }

    /// Returns the number of a key, which must be in `range`, a range of 32-bit numbers.
    fn small(
        &self,
        key: Key,
        range: core::ops::RangeInclusive<u64>,
    ) -> Result<Option<u32>, Refused<'a>> {
        let number = self.number(key)?;

        in_range(key, number, range)?;
        // CAST: Within the range.
        Ok(number.map(|number| number as u32))
    }

    /// Returns the value of a key, which must be in `all`.
    fn one_of<T: Copy>(
        &self,
        key: Key,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Refused<'a>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };

        all.iter()
            .find(|known| name(**known) == value)
            .map(|known| Some(*known))
            .ok_or(Refused::NotOneOf(key, value))
    }

    /// Returns the request for an operation on a named mapping.
    fn request(&self, op: Op, name: Name) -> Result<Request, Refused<'a>> {
        Ok(Request {
            op,
            name,
            kind: self.one_of(Key::Kind, Kind::ALL, Kind::name)?,
            dir: self.one_of(Key::Dir, Dir::ALL, Dir::name)?,
            size: self.number(Key::Size)?,
            offset: self.number(Key::Offset)?,
            pattern: self.small(Key::Pattern, 0..=u64::from(u32::MAX))?,
            to: self.one_of(Key::To, To::ALL, To::name)?,
            timeout: self.small(Key::Timeout, TIMEOUTS)?,
            irq: self.one_of(Key::Irq, Irq::ALL, Irq::name)?,
        })
    }
}

/// Parses an operation.
pub(super) fn parse(bytes: &[u8]) -> Result<Asked, Refused<'_>> {
    let text = core::str::from_utf8(bytes).map_err(|_| Refused::NotText)?;
    let words = Words::of(text)?;
    let op = words.get(Key::Op).ok_or(Refused::NoOperation)?;

    if let Some(op) = Op::ALL.iter().find(|known| known.name() == op) {
        let name = words
            .get(Key::Name)
            .ok_or(Refused::NoName(op.name()))
            .and_then(|name| Name::new(name.as_bytes()).ok_or(Refused::NotAName(name)))?;
        for key in [Key::Repeat, Key::Page] {
            if words.get(key).is_some() {
                return Err(Refused::Wrong(Why::NotTaken(op.name(), key)));
            }
        }
        return words.request(*op, name).map(Asked::Named);
    }
    if op == TRANSFER_PAGE {
        return page_of(&words);
    }

    let lifecycle = LIFECYCLES
        .iter()
        .find(|lifecycle| lifecycle.name == op)
        .ok_or(Refused::UnknownOperation(op))?;
    lifecycle_of(&words, lifecycle).map(Asked::Lifecycle)
}

fn page_of<'a>(words: &Words<'a>) -> Result<Asked, Refused<'a>> {
    for key in Key::ALL {
        let taken = *key == Key::Op || OF_PAGES.contains(key);

        if !taken && words.get(*key).is_some() {
            return Err(Refused::Wrong(Why::NotTaken(TRANSFER_PAGE, *key)));
        }
    }
    let missing = |key| Refused::Wrong(Why::Missing(TRANSFER_PAGE, key));

    Ok(Asked::Page {
        page: words
            // CAST: Less than `PAGES`.
            .small(Key::Page, 0..=PAGES as u64 - 1)?
            .ok_or(missing(Key::Page))? as usize,
        to: words
            .one_of(Key::To, To::ALL, To::name)?
            .ok_or(missing(Key::To))?,
    })
}

fn lifecycle_of<'a>(
    words: &Words<'a>,
    lifecycle: &'static Lifecycle,
) -> Result<Repeated, Refused<'a>> {
    let mut changed = false;

    for key in Key::ALL {
        if matches!(key, Key::Op | Key::Repeat) || words.get(*key).is_none() {
            continue;
        }
        if !lifecycle.takes().contains(key) {
            return Err(Refused::Wrong(Why::NotTaken(lifecycle.name, *key)));
        }
        changed = true;
    }

    let repeat = words.small(Key::Repeat, REPEATS)?.unwrap_or(1);
    let request = match lifecycle.request() {
        Some(defaults) if changed => {
            let given = words.request(Op::Map, defaults.name)?;

            Some(Request {
                kind: defaults.kind,
                size: given.size.or(defaults.size),
                ..given
            })
        }
        _ => None,
    };

    Ok(Repeated {
        lifecycle,
        request,
        repeat,
    })
}

/// The syntax that `run` accepts.
pub(super) struct Syntax;

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Write words key=value, of {MAX_LEN} bytes at most, each key once.\n\n\
             Operations on memory of their own:"
        )?;
        for lifecycle in LIFECYCLES {
            write!(f, "op={:<20} {}", lifecycle.name, lifecycle.what)?;
            keys(f, lifecycle.takes(), &[])?;
        }

        writeln!(f, "\nOperations on a named mapping:")?;
        for op in Op::ALL {
            write!(f, "op={} name", op.name())?;
            keys(f, op.takes(), op.needs())?;
        }

        write!(
            f,
            "\nOperations on the pages that programs map:\nop={TRANSFER_PAGE}"
        )?;
        keys(f, OF_PAGES, OF_PAGES)?;

        writeln!(
            f,
            "\nname    1 to {} of A-Z a-z 0-9 _ . -\n\
             size    1 to {MAX_SIZE} bytes\n\
             offset  of new memory in its first page (below {PAGE_SIZE}); else in the mapping\n\
             pattern 0 to 0xffffffff: selects the bytes\n\
             repeat  {} to {}\n\
             page    0 to {}\n\
             timeout {} to {} milliseconds",
            Name::MAX,
            REPEATS.start(),
            REPEATS.end(),
            PAGES - 1,
            TIMEOUTS.start(),
            TIMEOUTS.end(),
        )?;
        for key in [Key::Kind, Key::Dir, Key::To, Key::Irq] {
            write!(f, "{:<7}", key.name())?;
            for_each_value(key, |name| write!(f, " {name}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Ends a line with keys; optional ones are in brackets.
fn keys(f: &mut fmt::Formatter<'_>, takes: &[Key], needs: &[Key]) -> fmt::Result {
    for key in takes {
        if needs.contains(key) {
            write!(f, " {}", key.name())?;
        } else {
            write!(f, " [{}]", key.name())?;
        }
    }
    writeln!(f)
}

#[kunit_tests(safe_dma_parser)]
mod tests {
    use super::*;

    /// Returns the name of the operation, or the reason of the refusal.
    fn parsed(bytes: &[u8]) -> Result<&'static str, Refused<'_>> {
        parse(bytes).map(|asked| match asked {
            Asked::Named(request) => request.op.name(),
            Asked::Lifecycle(repeated) => repeated.lifecycle.name,
            Asked::Page { .. } => TRANSFER_PAGE,
        })
    }

    fn named(bytes: &[u8]) -> Result<Request> {
        match parse(bytes) {
            Ok(Asked::Named(request)) => Ok(request),
            _ => Err(EINVAL),
        }
    }

    fn repeated(bytes: &[u8]) -> Result<Repeated> {
        match parse(bytes) {
            Ok(Asked::Lifecycle(repeated)) => Ok(repeated),
            _ => Err(EINVAL),
        }
    }

    #[test]
    fn each_operation_is_found_by_its_name() -> Result {
        let names = LIFECYCLES.iter().map(|lifecycle| lifecycle.name);

        for name in Iterator::chain(names, Op::ALL.iter().map(|op| op.name())) {
            let mut text = KVec::new();
            text.extend_from_slice(b" op=", GFP_KERNEL)?;
            text.extend_from_slice(name.as_bytes(), GFP_KERNEL)?;
            if Op::ALL.iter().any(|op| op.name() == name) {
                assert_eq!(parsed(&text), Err(Refused::NoName(name)));
                text.extend_from_slice(b"\tname=a", GFP_KERNEL)?;
            }
            text.push(b'\n', GFP_KERNEL)?;

            assert_eq!(parsed(&text), Ok(name));
        }
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_refused() {
        assert_eq!(parsed(b""), Err(Refused::NoOperation));
        assert_eq!(parsed(b" \n"), Err(Refused::NoOperation));
        assert_eq!(parsed(b"name=a"), Err(Refused::NoOperation));
        assert_eq!(parsed(b"op"), Err(Refused::NoEqualsSign("op")));
        assert_eq!(parsed(b"op="), Err(Refused::NoValue("op")));
        assert_eq!(
            parsed(b"colour=1 op=map_single"),
            Err(Refused::UnknownKey("colour"))
        );
        assert_eq!(parsed(b"=map_single"), Err(Refused::UnknownKey("")));
        assert_eq!(
            parsed(b"op=nothing"),
            Err(Refused::UnknownOperation("nothing"))
        );
        assert_eq!(
            parsed(b"op=map_single\0"),
            Err(Refused::UnknownOperation("map_single\0"))
        );
        assert_eq!(parsed(b"op=map_sg op=map_sg"), Err(Refused::Twice("op")));
        assert_eq!(
            parsed(b"op=wait name=a name=b"),
            Err(Refused::Twice("name"))
        );
        assert_eq!(parsed(b"op=map_\xff"), Err(Refused::NotText));
        assert_eq!(parsed(b"op=map name=a/b"), Err(Refused::NotAName("a/b")));
    }

    #[test]
    fn numbers() -> Result {
        for (text, number) in [
            (&b"op=map name=a size=0"[..], 0),
            (b"op=map name=a size=4096", 4096),
            (b"op=map name=a size=0x1000", 4096),
            (b"op=map name=a size=0xAbC", 0xabc),
            (b"op=map name=a size=00017", 17),
            (b"op=map name=a size=18446744073709551615", u64::MAX),
            (b"op=map name=a size=0xffffffffffffffff", u64::MAX),
        ] {
            assert_eq!(named(text)?.size, Some(number));
        }
        Ok(())
    }

    #[test]
    fn what_is_no_number() {
        use Key::Size;

        for (text, refused) in [
            (
                &b"op=map name=a size=-1"[..],
                Refused::NotANumber(Size, "-1"),
            ),
            (b"op=map name=a size=+1", Refused::NotANumber(Size, "+1")),
            (b"op=map name=a size=0x", Refused::NotANumber(Size, "0x")),
            (
                b"op=map name=a size=0x+1",
                Refused::NotANumber(Size, "0x+1"),
            ),
            (
                b"op=map name=a size=0X10",
                Refused::NotANumber(Size, "0X10"),
            ),
            (b"op=map name=a size=1k", Refused::NotANumber(Size, "1k")),
            (b"op=map name=a size=1=2", Refused::NotANumber(Size, "1=2")),
            (b"op=map name=a size=ff", Refused::NotANumber(Size, "ff")),
            (
                b"op=map name=a size=18446744073709551616",
                Refused::TooLarge(Size, "18446744073709551616"),
            ),
            (
                b"op=map name=a size=0x10000000000000000",
                Refused::TooLarge(Size, "0x10000000000000000"),
            ),
        ] {
            assert_eq!(parsed(text), Err(refused));
        }
    }

    #[test]
    fn values_of_32_bits() -> Result {
        assert_eq!(
            named(b"op=fill name=a pattern=0xffffffff")?.pattern,
            Some(u32::MAX)
        );
        assert_eq!(
            parsed(b"op=fill name=a pattern=0x100000000"),
            Err(Refused::Wrong(Why::OutOfRange(
                Key::Pattern,
                1 << 32,
                0,
                u64::from(u32::MAX)
            )))
        );
        Ok(())
    }

    #[test]
    fn values_with_names() -> Result {
        for kind in Kind::ALL {
            let mut text = KVec::new();
            text.extend_from_slice(b"op=map name=a kind=", GFP_KERNEL)?;
            text.extend_from_slice(kind.name().as_bytes(), GFP_KERNEL)?;

            assert_eq!(named(&text)?.kind, Some(*kind));
        }
        assert_eq!(
            named(b"op=start name=a to=memory irq=twice")?.irq,
            Some(Irq::Twice)
        );
        assert_eq!(
            parsed(b"op=map name=a dir=sideways"),
            Err(Refused::NotOneOf(Key::Dir, "sideways"))
        );
        Ok(())
    }

    #[test]
    fn parameters_of_lifecycles() -> Result {
        let plain = repeated(b"op=map_small")?;
        assert!(plain.request.is_none() && plain.repeat == 1);
        // The request has its defaults, as without `repeat=`.
        let often = repeated(b"op=map_small repeat=7")?;
        assert!(often.request.is_none() && often.repeat == 7);

        let request = repeated(b"op=map_small dir=to_device")?
            .request
            .ok_or(EINVAL)?;
        assert!(request.dir == Some(Dir::ToDevice) && request.size == Some(24));
        let request = repeated(b"op=map_sg size=5")?.request.ok_or(EINVAL)?;
        assert!(request.kind == Some(Kind::Sg) && request.size == Some(5));

        for (text, key) in [
            (&b"op=map_single name=a"[..], Key::Name),
            (b"op=map_single kind=sg", Key::Kind),
            (b"op=map_single to=memory", Key::To),
            (b"op=map_single timeout=1", Key::Timeout),
        ] {
            assert_eq!(
                parsed(text),
                Err(Refused::Wrong(Why::NotTaken("map_single", key)))
            );
        }
        for repeat in [&b"op=map_sg repeat=0"[..], b"op=map_sg repeat=1000001"] {
            assert!(matches!(
                parsed(repeat),
                Err(Refused::Wrong(Why::OutOfRange(Key::Repeat, ..)))
            ));
        }
        Ok(())
    }

    /// A word of the maximum length in which all characters are escaped.
    #[test]
    fn long_words_are_cut() -> Result {
        let mut text = KVec::new();
        for _ in 0..MAX_LEN / 4 {
            text.extend_from_slice("\u{10ffff}".as_bytes(), GFP_KERNEL)?;
        }
        let shown =
            kernel::str::CString::try_from_fmt(fmt!("{}", parse(&text).err().ok_or(EINVAL)?))?;

        assert!(shown
            .to_bytes()
            .ends_with(b"\\u{10ffff}\"... is not of the form key=value"));
        assert!(shown.to_bytes().len() < 700);
        Ok(())
    }

    #[test]
    fn operations_on_names_are_not_repeated() {
        assert_eq!(
            parsed(b"op=wait name=a repeat=2"),
            Err(Refused::Wrong(Why::NotTaken("wait", Key::Repeat)))
        );
        assert_eq!(
            parsed(b"op=wait name=a page=1"),
            Err(Refused::Wrong(Why::NotTaken("wait", Key::Page)))
        );
    }

    #[test]
    fn pages() {
        assert!(matches!(
            parse(b"op=transfer_page page=1 to=memory"),
            Ok(Asked::Page {
                page: 1,
                to: To::Memory
            })
        ));
        for (text, why) in [
            (
                &b"op=transfer_page page=2 to=device"[..],
                Why::OutOfRange(Key::Page, 2, 0, 1),
            ),
            (
                b"op=transfer_page to=device",
                Why::Missing(TRANSFER_PAGE, Key::Page),
            ),
            (
                b"op=transfer_page page=0",
                Why::Missing(TRANSFER_PAGE, Key::To),
            ),
            (
                b"op=transfer_page page=0 to=device name=a",
                Why::NotTaken(TRANSFER_PAGE, Key::Name),
            ),
        ] {
            assert_eq!(parsed(text), Err(Refused::Wrong(why)));
        }
        assert_eq!(
            parsed(b"op=transfer_page page=-1 to=device"),
            Err(Refused::NotANumber(Key::Page, "-1"))
        );
    }
}
