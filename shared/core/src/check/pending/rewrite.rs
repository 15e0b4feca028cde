//! What is to be done with each document once its deliveries are settled.
//!
//! The tests are in `tests/tests/kms/story.rs` and `tests/tests/kms/unsettled.rs`.

use super::document::{PendingDocument, moved_name};
use super::update::PendingUpdate;

/// The most bytes of documents that are to be rewritten with one digest: they are held until its findings
/// were sent.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

/// What is to be done with the documents, as it is collected.
pub(super) struct Rewrites {
    /// Where what the digest at hand is to list waits.
    folder: String,
    /// The bytes of the documents that are to be rewritten.
    held: usize,
    pub(super) updates: Vec<PendingUpdate>,
    /// Documents that keep what is settled, because they are too large together.
    pub(super) unwritten: usize,
}

impl Rewrites {
    pub(super) fn new(folder: String) -> Self {
        Self {
            folder,
            held: 0,
            updates: Vec::new(),
            unwritten: 0,
        }
    }

    /// Nothing of the document waits any more.
    pub(super) fn discard(&mut self, name: String) {
        self.updates.push(PendingUpdate::Discard(name));
    }

    /// Only `rest` of the document waits, which is less than before if it `has_changed`. A document of the
    /// place where the trail was before moves to the folder at hand.
    pub(super) fn keep(&mut self, name: String, rest: &PendingDocument, has_changed: bool) {
        let moves = !name.starts_with(&self.folder);
        if !has_changed && !moves {
            return;
        }
        let mut rest = rest.to_json();
        rest.shrink_to_fit();
        let held = self.held.saturating_add(rest.len());
        let fits = held <= MAX_HELD_BYTES;
        if fits {
            self.held = held;
        } else {
            self.unwritten += 1;
        }
        let new_name = moved_name(&name, &self.folder);
        self.updates.push(match (moves, fits) {
            (true, true) => PendingUpdate::Move(name, new_name, rest),
            (false, true) => PendingUpdate::Keep(name, rest),
            // The next digest looks in the new place only.
            (true, false) => PendingUpdate::MoveWhole(name, new_name),
            // It stays as it is, and the next digest finds the same again: the same incidents.
            (false, false) => return,
        });
    }
}
