//! What is seen: the settings of the log buckets, the parts of the stack, and the trails.

use crate::monitor::{Ports, SettingsMonitor};
use crate::stack_parts::LookAtStack as _;
use futures::future::join_all;
use futures::join;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;
use trailseal::check::guard::{ExpectedTrails, GuardSeen, NamedAnswer, SeenBucket};
use trailseal::names::ids::TrailArn;
use trailseal::watch::read_heads;
use trailseal::world::{ReadBucketSettings as _, ReadTrailStatus as _, StoreError};
use trailseal_lambda::in_time;

/// The number of trails whose status is read at the same time.
const TRAILS_AT_ONCE: usize = 4;

/// The time within which the status of all trails is read. A Region that does not answer must not
/// keep the settings of the log buckets from being compared.
const TRAILS_WITHIN: Duration = Duration::from_mins(1);

impl<P: Ports> SettingsMonitor<P> {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`StoreError`] if the chain heads cannot be listed. They name the folders of the trails in
    /// each bucket. A setting that cannot be read is in the result.
    pub(crate) async fn see(&self, now: Timestamp) -> Result<GuardSeen, StoreError> {
        let buckets = &self.places.log_buckets;
        // At the same time: what does not answer delays nothing else.
        let (heads, settings, mut named, trails) = join!(
            read_heads(&self.evidence),
            join_all(buckets.iter().map(|bucket| self.buckets.settings(bucket))),
            self.parts.look(),
            self.look_at_trails(now),
        );
        let heads = heads?;
        let seen = buckets.iter().zip(settings);
        let seen = seen.map(|(bucket, settings)| SeenBucket {
            bucket: bucket.clone(),
            settings,
            roots: heads.roots_in(bucket),
            has_other_roots: !heads.unread.is_empty(),
        });
        named.extend(trails);
        Ok(GuardSeen {
            buckets: seen.collect(),
            named,
        })
    }

    /// Returns the answers about the configured trails, if there is a role that may read them.
    async fn look_at_trails(&self, now: Timestamp) -> Vec<NamedAnswer> {
        let Some(trails) = &self.trails else {
            return Vec::new();
        };
        let expected = ExpectedTrails {
            places: &self.places,
            now,
            overdue: self.settings.overdue.duration(),
            ended: &self.settings.ended,
        };
        let expected_trails: Vec<TrailArn> = expected.trails().cloned().collect();
        let end = Instant::now() + TRAILS_WITHIN;
        stream::iter(expected_trails)
            .map(|trail| async move {
                let status = in_time(end, "read the status of", &trail, trails.status(&trail));
                expected.answer(&trail, status.await)
            })
            .buffered(TRAILS_AT_ONCE)
            .collect()
            .await
    }
}
