//! The bounds on what is read.

use trailseal::world::{Cause, StoreError};

/// The maximum number of pages of any list that is read.
pub(super) const MAX_PAGES: usize = 20;

/// Returns the error for a list with more pages than are read.
pub(super) fn too_many(action: &'static str, subject: &str) -> StoreError {
    StoreError {
        action,
        subject: subject.to_owned(),
        cause: Cause::TooLarge(format!("the list has more than {MAX_PAGES} pages")),
    }
}

/// Returns the error for an answer that lacks something.
pub(super) fn incomplete(action: &'static str, subject: &str) -> StoreError {
    StoreError {
        action,
        subject: subject.to_owned(),
        cause: Cause::Failed("the answer of AWS is incomplete".to_owned()),
    }
}
