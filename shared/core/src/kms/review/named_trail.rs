//! The trail that an event's encryption context names.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use crate::kms::event::KmsEvent;
use crate::names::ids::TrailArn;
use std::sync::Arc;

/// Reads the trails that events name. Almost all events of a log file name the same one: it is read
/// once.
#[derive(Default)]
pub(super) struct NamedTrails {
    last: Option<(String, Arc<TrailArn>)>,
}

impl NamedTrails {
    /// Returns the trail that an event's context names, if it is one.
    pub(super) fn trail_in(&mut self, event: &KmsEvent<'_>) -> Option<Arc<TrailArn>> {
        let text = event.trail.as_deref()?;
        if let Some((last, trail)) = &self.last
            && last == text
        {
            return Some(Arc::clone(trail));
        }
        let trail = Arc::new(TrailArn::parse(text).ok()?);
        self.last = Some((text.to_owned(), Arc::clone(&trail)));
        Some(trail)
    }
}
