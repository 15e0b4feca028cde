//! Entries as bytes: each with its length before it, as in an entry bundle
//! (<https://c2sp.org/tlog-tiles>).

use super::entry::MAX_ENTRY_BYTES;
use super::tree::TILE_HASHES;

/// The maximum size in bytes of an entry bundle.
pub const MAX_BUNDLE_BYTES: usize = TILE_HASHES * (2 + MAX_ENTRY_BYTES);

/// The reason why bytes are not entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The bytes end within an entry.
    #[error("the bytes end within entry {0}, counted from 0")]
    Truncated(usize),
    /// There are more entries than expected, or fewer.
    #[error("it has {found} entries instead of {expected}")]
    Count {
        /// The expected number.
        expected: usize,
        /// The number that was found, or one more than expected.
        found: usize,
    },
    /// An entry is too long.
    #[error("entry {0}, counted from 0, has more than {MAX_ENTRY_BYTES} bytes")]
    TooLong(usize),
}

/// Returns entries as bytes.
///
/// # Errors
/// [`BundleError::TooLong`].
pub fn encode_entries(entries: &[Vec<u8>]) -> Result<Vec<u8>, BundleError> {
    let size = entries.iter().map(|entry| entry.len() + 2).sum();
    let mut bytes = Vec::with_capacity(size);
    for (number, entry) in entries.iter().enumerate() {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong(number))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// Splits bytes into `expected` entries.
///
/// # Errors
/// [`BundleError`].
pub fn decode_entries(mut bytes: &[u8], expected: usize) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let truncated = BundleError::Truncated(entries.len());
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(truncated)?;
        entries.push(entry);
        if entries.len() > expected {
            break;
        }
        bytes = rest;
    }
    if entries.len() != expected {
        let found = entries.len();
        return Err(BundleError::Count { expected, found });
    }
    Ok(entries)
}
