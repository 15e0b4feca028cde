//! The settings that protect the log buckets, and the parts of the stack without which events do not
//! arrive or alerts reach nobody.

use crate::handler::no_time;
use crate::watchdog::{Ports, Watchdog};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use trailseal::check::guard::{
    ExpectedTrails, GuardSeen, GuardState, MAX_STATE_BYTES, NamedAnswer, STATE_KEY, SeenBucket,
    step,
};
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::watch::Heads;
use trailseal::world::{
    Cause, ReadBucketSettings as _, ReadTrailStatus as _, ReplaceEvidence as _, StoreError,
};
use trailseal_lambda::queue::ports::LookAtStack as _;

/// The number of trails whose status is read at the same time.
const TRAILS_AT_ONCE: usize = 4;

/// The time within which the status of all trails is read. A Region that does not answer must not
/// keep the settings of the log buckets from being read.
const TRAILS_WITHIN: Duration = Duration::from_mins(1);

impl<P: Ports> Watchdog<P> {
    /// Compares the settings with what is recorded, and reports what is weaker or wrong. Returns the
    /// number of settings that could not be read.
    ///
    /// What is reported is recorded before, and what is cleared is removed from the record after
    /// that: a crash in between repeats a finding and never loses an all-clear.
    ///
    /// # Errors
    /// [`StoreError`]: the look is repeated.
    pub(crate) async fn look_at_guard(
        &self,
        heads: &Heads,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut seen = GuardSeen::default();
        for bucket in &self.digests.places().log_buckets {
            let settings = self.settings_of.settings(bucket).await;
            seen.buckets.push(SeenBucket {
                bucket: bucket.clone(),
                settings,
                roots: heads.roots_in(bucket),
            });
        }
        seen.named = self.stack.look().await;
        seen.named.extend(self.look_at_trails(now).await);
        let (state, version) = self.recorded().await?;
        let record = ObjectLocation::new(self.settings.evidence_bucket.clone(), STATE_KEY);
        let step = step(&state, seen, &record, self.retention_days);
        for error in &step.unread {
            tracing::warn!(error = ?error.to_string(), "a setting could not be read: nothing can be said about it");
        }
        if step.before != state {
            self.write_record(&step.before, version).await?;
        }
        self.publish(&step.report, now).await?;
        if step.after != step.before {
            let (state, version) = self.recorded().await?;
            if state != step.before {
                return Err(written_by_another_round());
            }
            self.write_record(&step.after, version).await?;
        }
        Ok(u64::try_from(step.unread.len()).unwrap_or(u64::MAX))
    }

    /// Returns the answers about the configured trails, if there is a role that may read them.
    async fn look_at_trails(&self, now: Timestamp) -> Vec<NamedAnswer> {
        let Some(trails) = &self.trails else {
            return Vec::new();
        };
        let places = self.digests.places();
        let expected = ExpectedTrails {
            places,
            now,
            overdue: self.settings.overdue.duration(),
            ended: &self.settings.ended,
        };
        let expected_trails: Vec<TrailArn> = expected.trails().cloned().collect();
        let end = Instant::now() + TRAILS_WITHIN;
        stream::iter(expected_trails)
            .map(|trail| async move {
                let status = timeout_at(end, trails.status(&trail)).await;
                let status = status
                    .unwrap_or_else(|_| Err(no_time("read the status of", &trail.to_string())));
                expected.answer(&trail, status)
            })
            .buffered(TRAILS_AT_ONCE)
            .collect()
            .await
    }

    /// Returns the record, and the version of its document.
    async fn recorded(&self) -> Result<(GuardState, Option<String>), StoreError> {
        let found = self.evidence.look_up(STATE_KEY, MAX_STATE_BYTES).await?;
        let Some(found) = found else {
            return Ok((GuardState::default(), None));
        };
        // Another record would take a weaker setting for granted.
        let state = GuardState::read(&found.document).map_err(|error| {
            failed(Cause::Failed(format!(
                "{error}. Keep a copy of the document and delete it: the settings are then recorded anew"
            )))
        })?;
        Ok((state, Some(found.version)))
    }

    async fn write_record(
        &self,
        state: &GuardState,
        version: Option<String>,
    ) -> Result<(), StoreError> {
        let document = state.to_json();
        let written = self
            .evidence
            .replace(STATE_KEY, document, version.as_deref());
        if written.await? {
            return Ok(());
        }
        Err(written_by_another_round())
    }
}

fn written_by_another_round() -> StoreError {
    let why = "another round wrote it in the meantime";
    failed(Cause::Unavailable(why.to_owned()))
}

fn failed(cause: Cause) -> StoreError {
    StoreError {
        action: "update",
        subject: STATE_KEY.to_owned(),
        cause,
    }
}
