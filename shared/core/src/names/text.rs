//! Cuts texts from others to a length that can be stored and shown.

/// Returns the first `chars` characters.
#[must_use]
pub fn clip(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// Returns as many characters as fit in `bytes` bytes.
#[must_use]
pub fn clip_bytes(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// Returns the first `chars` characters, followed by `…` if there are more.
#[must_use]
pub fn clip_visibly(text: String, chars: usize) -> String {
    let mut text = text;
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(clip("äöü", 2), "äö");
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip_bytes("äöü", 5), "äö");
        assert_eq!(clip_bytes("äöü", 6), "äöü");
        assert_eq!(clip_bytes("", 5), "");
        assert_eq!(clip_visibly("äöü".to_owned(), 2), "äö…");
        assert_eq!(clip_visibly("äöü".to_owned(), 3), "äöü");
    }
}
