//! Finds where a JSON value ends, if it is written as CloudTrail writes: without white space
//! between its parts, and nested to a limited depth.
//!
//! This is a short cut, and decides nothing alone. A length says that the bytes up to there are one
//! JSON value, if they are UTF-8. For everything else (another notation, a fault, an end that is
//! cut off) there is no length, and `serde_json` reads the value and says what is wrong with it.
//! The tests hold the two against each other.

/// The maximum depth of a value whose end is found: one bit of [`Nesting`] a level.
const MAX_DEPTH: u32 = 64;

/// Returns the length of the object, list or text at the start of the bytes.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    // A number or a literal may continue after the bytes.
    let (b'{' | b'[' | b'"') = bytes.first()? else {
        return None;
    };
    Some(bytes.len() - after_value(bytes)?.len())
}

/// The lists and objects around a position.
#[derive(Default)]
struct Nesting {
    /// The lowest bit is the innermost: set for an object.
    objects: u64,
    depth: u32,
}

impl Nesting {
    fn open(&mut self, is_object: bool) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.objects = (self.objects << 1) | u64::from(is_object);
        self.depth += 1;
        Some(())
    }

    fn close(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
    }

    fn is_in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

/// Returns the bytes after a value.
pub(super) fn after_value(bytes: &[u8]) -> Option<&[u8]> {
    let mut nesting = Nesting::default();
    let mut rest = bytes;
    loop {
        // At a value.
        rest = match rest {
            [b'"', text @ ..] => after_text(text)?,
            [b'{', b'}', after @ ..]
            | [b'[', b']', after @ ..]
            | [b't', b'r', b'u', b'e', after @ ..]
            | [b'n', b'u', b'l', b'l', after @ ..]
            | [b'f', b'a', b'l', b's', b'e', after @ ..] => after,
            [b'{', members @ ..] => {
                nesting.open(true)?;
                rest = after_name(members)?;
                continue;
            }
            [b'[', values @ ..] => {
                nesting.open(false)?;
                rest = values;
                continue;
            }
            number => after_number(number)?,
        };
        // After a value.
        loop {
            if nesting.depth == 0 {
                return Some(rest);
            }
            rest = match (rest, nesting.is_in_object()) {
                ([b',', members @ ..], true) => {
                    rest = after_name(members)?;
                    break;
                }
                ([b',', values @ ..], false) => {
                    rest = values;
                    break;
                }
                ([b'}', after @ ..], true) | ([b']', after @ ..], false) => after,
                _ => return None,
            };
            nesting.close();
        }
    }
}

/// Returns a member's name, if it has no escapes, and the bytes after its colon.
pub(super) fn plain_name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, after) = bytes
        .strip_prefix(b"\"")
        .and_then(|text| text.split_at_checked(plain_bytes(text)))?;
    Some((name, after.strip_prefix(b"\":")?))
}

/// Returns the bytes after a text without escapes and its closing quote.
#[inline]
pub(super) fn after_plain_text(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(plain_bytes(bytes)..)?.strip_prefix(b"\"")
}

/// Returns the bytes after a member's name and its colon.
fn after_name(bytes: &[u8]) -> Option<&[u8]> {
    after_text(bytes.strip_prefix(b"\"")?)?.strip_prefix(b":")
}

/// Returns the bytes after a number, as far as it goes.
fn after_number(bytes: &[u8]) -> Option<&[u8]> {
    fn after_digits(bytes: &[u8]) -> Option<&[u8]> {
        let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
        match digits.count() {
            0 => None,
            digits => bytes.get(digits..),
        }
    }
    let bytes = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let mut rest = match bytes {
        [b'0', after @ ..] => after,
        _ => after_digits(bytes)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = after_digits(fraction)?;
    }
    match rest {
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => {
            after_digits(digits)
        }
        _ => Some(rest),
    }
}

/// Returns the bytes after a text and its closing quote.
#[inline]
fn after_text(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.get(plain_bytes(bytes)..)? {
        [b'"', after @ ..] => Some(after),
        escaped => after_escaped_text(escaped),
    }
}

/// Does the same for the rest of a text, which starts with an escape.
#[cold]
fn after_escaped_text(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    loop {
        rest = rest.get(plain_bytes(rest)..)?;
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'u', a, b, c, d, after @ ..] => {
                let is_code = [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit());
                is_code.then_some(after)?
            }
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                after @ ..,
            ] => after,
            _ => return None,
        };
    }
}

/// Returns how many bytes at the start are part of a text as they are: neither a quote, nor a
/// backslash, nor a control character.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    /// Each byte of a word is 1.
    const ONES: u64 = u64::MAX / 0xff;
    const TWOS: u64 = ONES * 0x02;
    const AFTER_SPACES: u64 = ONES * 0x21;
    const BACKSLASHES: u64 = ONES * 0x5c;
    const HIGHEST_BITS: u64 = ONES * 0x80;

    // The highest bit of a byte is set if the byte is lower. A borrow may set that of a higher byte,
    // too, but the lowest byte counts.
    let lower = |word: u64, than: u64| word.wrapping_sub(than) & !word & HIGHEST_BITS;
    let (words, _) = bytes.as_chunks::<8>();
    let mut plain = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The second bit, flipped, takes the quote to the place of the space, after the control
        // characters.
        let special = lower(word ^ TWOS, AFTER_SPACES) | lower(word ^ BACKSLASHES, ONES);
        if special != 0 {
            return plain + usize::try_from(special.trailing_zeros() / 8).unwrap_or_default();
        }
        plain += 8;
    }
    let last = bytes.get(plain..).unwrap_or_default();
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    plain + last.iter().position(is_special).unwrap_or(last.len())
}

#[cfg(test)]
mod tests;
