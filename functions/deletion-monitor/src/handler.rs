//! The check of one object that was deleted or written.
//!
//! The tests are in `tests/tests/changed` and `tests/tests/pipeline/deletions.rs`.

use jiff::Timestamp;
use trailseal::check::arrival::Arrival;
use trailseal::check::changed::ChangeMonitor;
use trailseal::names::event_object::EventObject;
use trailseal::world::{ListObjects, ListPublicKeys, ListVersions, ReadObject};
use trailseal_lambda::{Check, Checked, Deadline, Record};

/// How many messages of a batch are worked on at the same time: a whole batch. An event takes a few
/// small requests, and a bucket that is emptied causes many events.
const EVENTS_AT_ONCE: usize = 10;

/// Looks at objects that were deleted or overwritten.
pub(crate) struct DeletionMonitor<S, K> {
    monitor: ChangeMonitor<S, K>,
}

impl<S, K> DeletionMonitor<S, K> {
    pub(crate) fn new(monitor: ChangeMonitor<S, K>) -> Self {
        Self { monitor }
    }
}

impl<S, K> Check for DeletionMonitor<S, K>
where
    S: ReadObject + ListObjects + ListVersions + 'static,
    K: ListPublicKeys + 'static,
{
    const FUNCTION: &'static str = "deletion-monitor";
    const RECORD: Record = Record::None;
    const REMOVED: bool = true;
    const AT_ONCE: usize = EVENTS_AT_ONCE;

    async fn arrival(&self, named: &EventObject) -> Arrival {
        self.monitor.arrival(named).await
    }

    async fn check(&self, named: &EventObject, _: Deadline) -> Checked {
        self.monitor.check(named, Timestamp::now()).await.into()
    }
}
