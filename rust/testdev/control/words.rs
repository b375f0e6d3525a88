// SPDX-License-Identifier: GPL-2.0

//! The words `key=value` that say what to do.

use super::ops::{
    Operation,
    OPERATIONS, //
};
use kernel::{
    fmt,
    prelude::*, //
};

/// How many bytes the words may have, in all.
pub(super) const MAX_LEN: usize = 256;

/// Why words are refused.
#[derive(Debug, PartialEq)]
pub(super) enum Refused<'a> {
    NotText,
    NoEqualsSign(&'a str),
    NoValue(&'a str),
    UnknownKey(&'a str),
    Twice(&'a str),
    UnknownOperation(&'a str),
    NoOperation,
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Escaped: it is not for the log to end a line or to ring a bell where a user wants it to.
        match self {
            Self::NotText => f.write_str("this is not text in UTF-8"),
            Self::NoEqualsSign(word) => write!(f, "{word:?} is not of the form key=value"),
            Self::NoValue(key) => write!(f, "{key:?} has no value"),
            Self::UnknownKey(key) => write!(f, "{key:?} is not a key: there is op"),
            Self::Twice(key) => write!(f, "{key:?} is there twice"),
            Self::UnknownOperation(name) => {
                write!(
                    f,
                    "{name:?} is not an operation: reading this file lists them"
                )
            }
            Self::NoOperation => f.write_str("no operation: say op=NAME"),
        }
    }
}

/// The operation that `bytes` ask for.
pub(super) fn parse(bytes: &[u8]) -> Result<&'static Operation, Refused<'_>> {
    let text = core::str::from_utf8(bytes).map_err(|_| Refused::NotText)?;
    let mut asked = None;

    for word in text.split_ascii_whitespace() {
        let (key, value) = word.split_once('=').ok_or(Refused::NoEqualsSign(word))?;

        if key != "op" {
            return Err(Refused::UnknownKey(key));
        }
        if value.is_empty() {
            return Err(Refused::NoValue(key));
        }
        if asked.replace(value).is_some() {
            return Err(Refused::Twice(key));
        }
    }

    let name = asked.ok_or(Refused::NoOperation)?;
    OPERATIONS
        .iter()
        .find(|operation| operation.name == name)
        .ok_or(Refused::UnknownOperation(name))
}

#[kunit_tests(safe_dma_words)]
mod tests {
    use super::*;

    /// The name of the operation that is found.
    fn parsed(bytes: &[u8]) -> Result<&'static str, Refused<'_>> {
        parse(bytes).map(|operation| operation.name)
    }

    #[test]
    fn each_operation_is_found_by_its_name() -> Result {
        for operation in OPERATIONS {
            let mut text = KVec::new();
            text.extend_from_slice(b" op=", GFP_KERNEL)?;
            text.extend_from_slice(operation.name.as_bytes(), GFP_KERNEL)?;
            text.push(b'\n', GFP_KERNEL)?;

            assert_eq!(parsed(&text), Ok(operation.name));
        }
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_refused() {
        assert_eq!(parsed(b""), Err(Refused::NoOperation));
        assert_eq!(parsed(b" \n"), Err(Refused::NoOperation));
        assert_eq!(parsed(b"op"), Err(Refused::NoEqualsSign("op")));
        assert_eq!(parsed(b"op="), Err(Refused::NoValue("op")));
        assert_eq!(
            parsed(b"size=1 op=map_single"),
            Err(Refused::UnknownKey("size"))
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
        assert_eq!(parsed(b"op=map_\xff"), Err(Refused::NotText));
    }
}
