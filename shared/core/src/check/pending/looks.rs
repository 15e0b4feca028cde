//! Looks up log files in S3.
//!
//! The tests are in `tests/tests/kms/trails.rs` and `tests/tests/kms/unsettled.rs`.

use super::fate::Look;
use crate::finding::KmsCounts;
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

/// Counts the log files that a digest `lists` by whether an event shows them: rule 7 in the other
/// direction. All their events should have arrived by now. Counts nothing if no events arrive at
/// all.
pub(super) async fn count_with_event<S: ReadEncryption>(
    store: &S,
    lists: &HashSet<ObjectLocation>,
    seen: &HashSet<ObjectLocation>,
) -> KmsCounts {
    let unseen: Vec<_> = lists.difference(seen).cloned().collect();
    let with_event = lists.len() - unseen.len();
    if with_event == 0 {
        return KmsCounts::default();
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
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    KmsCounts {
        witnessed: Some(count(with_event)),
        unwitnessed: Some(count(without_event)),
        not_looked_at: count(not_looked_at),
        ..KmsCounts::default()
    }
}
