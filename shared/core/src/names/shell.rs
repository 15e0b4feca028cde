//! Words of a shell's command line.

use super::printable::printable;

/// Returns a text as one word of a shell's command line, or `None` if it cannot be written safely.
#[must_use]
pub fn shell_word(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Some(text.to_owned());
    }
    // Within single quotes, a shell takes every other character literally.
    let is_quotable = !text.contains(['\'', '`', '\\']) && printable(text) == text;
    is_quotable.then(|| format!("'{text}'"))
}
