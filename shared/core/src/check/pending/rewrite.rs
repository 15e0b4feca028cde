//! The updates of the documents whose deliveries are settled.
//!
//! The tests are in `tests/tests/kms/story.rs` and `tests/tests/kms/unsettled.rs`.

use super::document::{PendingDocument, moved_name};
use super::update::PendingUpdate;

/// The maximum size in bytes of all documents that are rewritten with one digest. They are held
/// until its findings are sent.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

/// The updates of the documents, as they are collected.
pub(super) struct Rewrites {
    /// The folder of the deliveries that the current digest is to list.
    folder: String,
    /// The bytes of the documents that are to be rewritten.
    held: usize,
    pub(super) updates: Vec<PendingUpdate>,
    /// Documents that keep settled deliveries, because they are too large together.
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

    /// Removes a document of which nothing is pending any more.
    pub(super) fn discard(&mut self, name: String) {
        self.updates.push(PendingUpdate::Discard(name));
    }

    /// Keeps only `rest` of the document, which is less than before if it `has_changed`. A document
    /// from the trail's previous place moves to the current folder.
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
            // The next digest looks only in the new place.
            (true, false) => PendingUpdate::MoveWhole(name, new_name),
            // It remains as it is, and the next digest finds the same again: the same incidents.
            (false, false) => return,
        });
    }
}
