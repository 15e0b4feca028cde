//! One look at the guard, compared with what is remembered of the last one.

use super::record::{GuardRecord, SeenBucket, UnreadSetting};
use crate::finding::guard::GuardCondition;
use crate::finding::{Finding, Report};
use crate::names::location::ObjectLocation;
use crate::names::text::clip_visibly;
use crate::world::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The schema of the remembered state.
const SCHEMA: &str = "trailseal.guard/1";

/// The key of the remembered state in the evidence bucket.
pub const STATE_KEY: &str = "watch/guard.json";

/// The maximum size in bytes of a state that is read: five buckets, each with a policy of at most 20
/// KB, a thousand lifecycle rules with long prefixes, and a thousand replication rules.
pub const MAX_STATE_BYTES: usize = 8 * 1024 * 1024;

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// What is remembered between two looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardState {
    schema: String,
    /// The strongest settings that were read, by bucket.
    buckets: BTreeMap<String, GuardRecord>,
    /// The conditions that were reported, and have not ended. Their number is bounded by that of
    /// the buckets, settings, trails, rules, topics and queues.
    open: BTreeSet<GuardCondition>,
    /// When the last complete look began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed: Option<Timestamp>,
}

impl Default for GuardState {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            buckets: BTreeMap::new(),
            open: BTreeSet::new(),
            completed: None,
        }
    }
}

/// The reason why a document is not a remembered state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a record of settings: {0}")]
pub struct GuardStateError(String);

impl GuardState {
    /// Reads a remembered state.
    ///
    /// # Errors
    /// [`GuardStateError`] if the bytes are not one.
    pub fn read(document: &[u8]) -> Result<Self, GuardStateError> {
        let wrong = |what: String| GuardStateError(clip_visibly(what, MAX_QUOTED_CHARS));
        let state: Self =
            serde_json::from_slice(document).map_err(|error| wrong(error.to_string()))?;
        if state.schema == SCHEMA {
            Ok(state)
        } else {
            Err(wrong(format!(
                "its schema is `{}`, not `{SCHEMA}`",
                state.schema
            )))
        }
    }

    /// Returns the state after a complete look, which began at a time.
    #[must_use]
    pub fn completed_at(self, time: Timestamp) -> Self {
        Self {
            completed: Some(time),
            ..self
        }
    }

    /// Returns when the last complete look began.
    #[must_use]
    pub fn completed(&self) -> Option<Timestamp> {
        self.completed
    }

    /// Returns the state as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text and numbers: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// An answer about one trail or one named part of the stack: the condition that it is in, if
/// anything is wrong.
#[derive(Debug)]
pub struct NamedAnswer {
    /// The subject of the condition: see [`GuardCondition::subject`].
    pub subject: String,
    /// What is wrong; `Ok(None)` if nothing is.
    pub condition: Result<Option<GuardCondition>, StoreError>,
}

/// Everything that one look saw.
#[derive(Debug, Default)]
pub struct GuardSeen {
    /// The settings of each log bucket.
    pub buckets: Vec<SeenBucket>,
    /// The trails, and the rules, topics and dead-letter queues of the stack.
    pub named: Vec<NamedAnswer>,
}

/// The result of one look.
#[derive(Debug)]
pub struct GuardStep {
    /// The findings, and the all-clears of conditions that ended.
    pub report: Report,
    /// What to remember before the report is sent.
    pub before: GuardState,
    /// What to remember after that: without the conditions that ended.
    pub after: GuardState,
    /// The requests that failed: about these settings, nothing can be said now.
    pub unread: Vec<StoreError>,
}

/// Compares what one look saw with the state. `record` is the location of the state, and
/// `retention_days` the age in days that log files must reach.
///
/// A condition about which nothing can be said stays open.
#[must_use]
pub fn step(
    state: &GuardState,
    seen: GuardSeen,
    record: &ObjectLocation,
    retention_days: Option<u64>,
) -> GuardStep {
    let mut next = GuardState {
        open: BTreeSet::new(),
        ..state.clone()
    };
    let mut unread = Vec::new();
    // The subjects about which nothing can be said.
    let mut unknown = BTreeSet::new();
    // The buckets and names that this look was about.
    let mut looked_at = BTreeSet::new();
    for seen in seen.buckets {
        let bucket = seen.bucket.clone();
        let before = state.buckets.get(&bucket).cloned().unwrap_or_default();
        let compared = before.compare(seen, retention_days);
        for UnreadSetting { subjects, error } in compared.unread {
            unknown.extend(subjects);
            unread.push(error);
        }
        unknown.extend(compared.may_last);
        next.open.extend(compared.conditions);
        looked_at.insert(bucket.clone());
        next.buckets.insert(bucket, compared.record);
    }
    for answer in seen.named {
        looked_at.insert(answer.subject.clone());
        match answer.condition {
            Ok(condition) => next.open.extend(condition),
            Err(error) => {
                unknown.insert(answer.subject);
                unread.push(error);
            }
        }
    }
    let mut report = Report::of(findings(&next.open, record));
    let gone: Vec<_> = state.open.difference(&next.open).cloned().collect();
    for condition in gone {
        let about = condition.bucket().map(str::to_owned);
        let about = about.unwrap_or_else(|| condition.subject());
        if unknown.contains(&condition.subject()) {
            next.open.insert(condition);
        } else if looked_at.contains(&about) {
            report.all_clears.push(condition.all_clear(record));
        } else {
            report
                .all_clears
                .push(condition.all_clear_unwatched(record));
        }
    }
    let mut before = next.clone();
    before.open.extend(state.open.iter().cloned());
    GuardStep {
        report,
        before,
        after: next,
        unread,
    }
}

fn findings(open: &BTreeSet<GuardCondition>, record: &ObjectLocation) -> Vec<Finding> {
    open.iter()
        .map(|condition| condition.finding(record))
        .collect()
}
