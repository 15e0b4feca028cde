//! How much of the texts in an event is kept.
//!
//! The tests are in `tests/tests/kms/robust.rs`.

use crate::names::text::clip_bytes;

/// The most bytes of a name, an id or another text of an event that is kept.
const MAX_NAME_BYTES: usize = 300;

/// A text of an event as it is kept.
pub(super) fn kept(text: &str) -> String {
    clip_bytes(text, MAX_NAME_BYTES).to_owned()
}
