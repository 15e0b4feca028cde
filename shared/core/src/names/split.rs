//! Splits names at an ASCII byte, which is faster than at a character that may have several bytes.

use memchr::{memchr, memrchr};

/// Returns the parts before and after the first such byte.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Returns what follows this number of parts.
pub(crate) fn after_parts(text: &str, byte: u8, parts: usize) -> Option<&str> {
    let mut rest = text;
    for _ in 0..parts {
        (_, rest) = split_once(rest, byte)?;
    }
    Some(rest)
}

/// Returns the part with this number. The first one has the number 0.
pub(crate) fn part(text: &str, byte: u8, number: usize) -> Option<&str> {
    let rest = after_parts(text, byte, number)?;
    Some(split_once(rest, byte).map_or(rest, |(part, _)| part))
}

/// Returns the parts before and after the last such byte.
pub(crate) fn rsplit_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memrchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Returns the parts before and after the last such byte, which is probably close to the end: a few
/// bytes are looked at faster one by one.
pub(crate) fn rsplit_once_near(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().rposition(|found| found == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_are_those_of_the_standard_library(text in "[a:é]{0,12}", number in 0_usize..6) {
            prop_assert_eq!(split_once(&text, b':'), text.split_once(':'));
            prop_assert_eq!(rsplit_once(&text, b':'), text.rsplit_once(':'));
            prop_assert_eq!(rsplit_once_near(&text, b':'), text.rsplit_once(':'));
            prop_assert_eq!(part(&text, b':', number), text.split(':').nth(number));
            prop_assert_eq!(after_parts(&text, b':', number), text.splitn(number + 1, ':').nth(number));
        }
    }
}
