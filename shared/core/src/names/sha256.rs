//! SHA-256 values: reading and writing hex, and hashing a stream.

use sha2::Digest as _;
use std::fmt;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Returns the hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Returns the hash of a list of texts, each with its length, so that no two lists read the
    /// same.
    #[must_use]
    pub fn of_parts(parts: &[&str]) -> Self {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| format!("{}:{part}", part.len()))
            .collect();
        Self::of(parts.concat().as_bytes())
    }

    /// Reads 64 hex digits of either case. Returns `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl Sha256 {
    /// Returns its first 16 hex digits, for names of documents.
    #[must_use]
    pub fn short(self) -> String {
        let mut text = self.to_string();
        text.truncate(16);
        text
    }

    /// Returns its 32 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes a stream piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Adds the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash of all added bytes.
    #[must_use]
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_nist_example_is_correct() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256::of(b"abc").to_string(), expected);
        assert_eq!(
            Sha256::from_hex(&expected.to_uppercase()),
            Some(Sha256::of(b"abc"))
        );
        let mut hasher = Hasher::default();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), Sha256::of(b"abc"));
    }

    #[test]
    fn other_text_is_not_a_hash() {
        for text in ["", "ba78", &"g".repeat(64), &"a".repeat(66)] {
            assert_eq!(Sha256::from_hex(text), None, "{text}");
        }
    }

    #[test]
    fn different_lists_of_texts_have_different_hashes() {
        let of = |parts: &[&str]| Sha256::of_parts(parts).to_string();
        assert_eq!(of(&["a", "bc"]), Sha256::of(b"1:a2:bc").to_string());
        assert_ne!(of(&["a", "bc"]), of(&["ab", "c"]));
        assert_ne!(of(&["1:a"]), of(&["", "a"]));
    }
}
