//! The length to which texts in an event are stored.
//!
//! The tests are in `tests/tests/kms/robust.rs`.

use crate::names::text::clip_bytes;

/// The maximum size in bytes of a name, an ID or another text of an event that is stored.
const MAX_NAME_BYTES: usize = 300;

/// Returns the part of a text of an event that is stored.
pub(super) fn kept_part(text: &str) -> &str {
    clip_bytes(text, MAX_NAME_BYTES)
}

/// Returns a text of an event as it is stored.
pub(super) fn kept(text: &str) -> String {
    kept_part(text).to_owned()
}
