//! The trail that an event's encryption context names.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use crate::kms::event::KmsEvent;
use crate::names::ids::TrailArn;

/// Reads the trails that events name. Almost all events of a log file name the same one: it is read
/// once.
#[derive(Default)]
pub(super) struct NamedTrails {
    last: Option<(String, TrailArn)>,
}

impl NamedTrails {
    /// Returns the trail that an event's context names, if it is one.
    pub(super) fn trail_in(&mut self, event: &KmsEvent<'_>) -> Option<TrailArn> {
        let text = event.trail.as_deref()?;
        if let Some((last, trail)) = &self.last
            && last == text
        {
            return Some(trail.clone());
        }
        let trail = TrailArn::parse(text).ok()?;
        self.last = Some((text.to_owned(), trail.clone()));
        Some(trail)
    }
}
