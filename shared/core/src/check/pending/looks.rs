//! Looks up log files in S3.
//!
//! The tests are in `tests/tests/kms/trails.rs` and `tests/tests/kms/unsettled.rs`.

use super::fate::Look;
use crate::names::location::ObjectLocation;
use crate::world::ReadEncryption;
use futures::stream::{self, StreamExt as _};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The maximum number of log files that are looked up for one digest.
pub(super) const MAX_LOOKS: usize = 2_000;

/// The number of log files that are looked up in parallel.
const REQUESTS_AT_ONCE: usize = 32;

/// Returns the state of log files.
pub(super) async fn look_at<S: ReadEncryption>(
    store: &S,
    objects: BTreeSet<ObjectLocation>,
) -> HashMap<ObjectLocation, Look> {
    stream::iter(objects)
        .map(|object| async move {
            let look = match store.encryption(&object).await {
                Ok(_) => Look::Exists,
                Err(error) => error.absence().map_or(Look::Failed, Look::Gone),
            };
            (object, look)
        })
        .buffer_unordered(REQUESTS_AT_ONCE)
        .collect()
        .await
}

/// The log files that a digest lists, by whether a KMS event shows them: rule 7 in the other
/// direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventCoverage {
    /// The number with an event.
    pub(super) with_event: usize,
    /// The number under a KMS key without an event.
    pub(super) without_event: usize,
    /// The number without an event that were not looked up.
    pub(super) not_looked_at: usize,
}

impl EventCoverage {
    /// Returns the counts by their names in a receipt.
    pub(super) fn by_name(self) -> impl Iterator<Item = (&'static str, u64)> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let left_out = (self.not_looked_at > 0).then_some(self.not_looked_at);
        [
            ("witnessed", Some(self.with_event)),
            ("unwitnessed", Some(self.without_event)),
            ("notLookedAt", left_out),
        ]
        .into_iter()
        .filter_map(move |(name, n)| Some((name, count(n?))))
    }
}

/// Counts the log files that a digest `lists` by whether an event shows them. All their events
/// should have arrived by now. Returns `None` if no events arrive at all.
pub(super) async fn count_with_event<S: ReadEncryption>(
    store: &S,
    lists: &HashSet<ObjectLocation>,
    seen: &HashSet<ObjectLocation>,
) -> Option<EventCoverage> {
    let unseen: Vec<_> = lists.difference(seen).cloned().collect();
    let with_event = lists.len() - unseen.len();
    if with_event == 0 {
        return None;
    }
    let not_looked_at = unseen.len().saturating_sub(MAX_LOOKS);
    let without_event = stream::iter(unseen.into_iter().take(MAX_LOOKS))
        .map(|object| async move {
            let headers = store.encryption(&object).await;
            headers.is_ok_and(|headers| headers.kms_key().is_some())
        })
        .buffer_unordered(REQUESTS_AT_ONCE)
        .filter(|under_kms| std::future::ready(*under_kms))
        .count()
        .await;
    Some(EventCoverage {
        with_event,
        without_event,
        not_looked_at,
    })
}
