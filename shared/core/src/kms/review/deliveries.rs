//! The log files whose delivery events show: rule 7, the first look, and the results of rules 3 and
//! 8 for the delivered log files.
//!
//! The tests are in `tests/tests/kms/delivery.rs`.

use super::calls::CLOUDTRAIL;
use super::facts::{Facts, ObjectState};
use super::results::ReviewResults;
use crate::finding::Verdict;
use crate::finding::kms::{self, EventReference};
use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::KmsEvent;
use crate::kms::key_name::is_key_arn;
use crate::kms::rules::{self, Rule, Ruling};
use crate::kms::text::kept_part;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{LogFileKey, ObjectKind, classify};
use crate::world::Encryption;
use indexmap::{Equivalent, IndexMap};
use jiff::Timestamp;
use std::sync::Arc;

/// The maximum number of log files whose delivery one log file may show. Each costs a request, and
/// about 10 KB while the longest keys are held: 60 MB for a log file, ten of which are checked in
/// parallel in 1,024 MB.
///
/// "CloudTrail publishes log files multiple times an hour, about every 5 minutes"
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-user-guide.html>), and
/// the account of the key records one call for each. That many in one log file means an
/// organization with more than 70,000 log files an hour under one key.
pub const MAX_DELIVERIES: usize = 6_000;

/// The maximum number of keys that events name for one delivery.
const MAX_KEYS_OF_A_DELIVERY: usize = 4;

/// A log file whose delivery events show, before anybody looked at it.
struct SeenDelivery {
    event: EventReference,
    /// The time in the log file's name.
    named_time: Timestamp,
    trail: Option<Arc<TrailArn>>,
    /// The key that this event names.
    key: Option<Arc<str>>,
    /// The keys that other events name.
    other_keys: Vec<(Arc<str>, EventReference)>,
}

/// A log file that was delivered, according to a log file, and exists. A digest is still to list
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDelivery {
    /// The log file.
    pub object: ObjectLocation,
    /// The content of its key.
    pub key: LogFileKey,
    /// The trail, as the context names it.
    pub trail: TrailArn,
    /// The ID of the event that shows the delivery.
    pub event_id: String,
    /// The time of the delivery.
    pub time: Timestamp,
}

/// The current version of an object as an event names it. It has the hash of the
/// [`ObjectLocation`], whose fields these are.
#[derive(Hash)]
struct NamedObject<'a> {
    bucket: &'a str,
    key: &'a str,
    version_id: Option<&'a str>,
}

impl Equivalent<ObjectLocation> for NamedObject<'_> {
    fn equivalent(&self, object: &ObjectLocation) -> bool {
        let of_object = (object.key.as_str(), object.bucket.as_str());
        (self.key, self.bucket) == of_object && self.version_id == object.version_id.as_deref()
    }
}

/// The deliveries that the events of a log file show, in the order in which it shows them.
#[derive(Default)]
pub(super) struct SeenDeliveries {
    by_object: IndexMap<ObjectLocation, SeenDelivery>,
    /// The last key that an event named, which is almost always the key of the next one.
    last_key: Option<Arc<str>>,
    /// The number of deliveries that are dated after the log file that records them.
    pub(super) dated_ahead: u64,
}

impl SeenDeliveries {
    pub(super) fn objects(&self) -> impl Iterator<Item = &ObjectLocation> {
        self.by_object.keys()
    }

    pub(super) fn contains(&self, object: &ObjectLocation) -> bool {
        self.by_object.contains_key(object)
    }

    /// Adds a call by which CloudTrail delivered the log file that it names, if that is one of ours.
    pub(super) fn add(
        &mut self,
        event: &KmsEvent<'_>,
        named: &ContextObject<'_>,
        trail: Option<&Arc<TrailArn>>,
        results: &mut ReviewResults<'_>,
    ) {
        let ContextTarget::LogFile(log, key) = &named.target else {
            return;
        };
        // S3 replicates in any order, and re-encrypts.
        if !named.ours || results.expected.places.is_replica(named.bucket) {
            return;
        }
        let object = NamedObject {
            bucket: named.bucket,
            key,
            version_id: None,
        };
        if let Some(delivery) = self.by_object.get_mut(&object) {
            delivery.add_key(event);
            return;
        }
        if self.by_object.len() >= MAX_DELIVERIES {
            results.overflow = Some("deliveries");
            return;
        }
        let seen = SeenDelivery {
            event: EventReference::of(event),
            named_time: log.time,
            trail: trail.cloned(),
            key: event.key_named().map(|key| self.shared(key)),
            other_keys: Vec::new(),
        };
        let object = ObjectLocation::new(named.bucket, *key);
        self.by_object.insert(object, seen);
    }

    /// Returns the name of a key as it is stored.
    fn shared(&mut self, key: &str) -> Arc<str> {
        let key = kept_part(key);
        match &self.last_key {
            Some(last) if **last == *key => Arc::clone(last),
            _ => Arc::clone(self.last_key.insert(key.into())),
        }
    }

    /// Judges the deliveries by the state of the log files. Returns those that wait for a digest.
    pub(super) fn conclude(
        &mut self,
        facts: &Facts,
        results: &mut ReviewResults<'_>,
    ) -> Vec<RecordedDelivery> {
        let mut waiting = Vec::new();
        for (object, delivery) in std::mem::take(&mut self.by_object) {
            let state = facts.objects.get(&object);
            let headers = first_look(&object, &delivery.event, state, results);
            // Only log files' keys are added.
            if headers.is_some()
                && let Some(trail) = &delivery.trail
                && let ObjectKind::LogFile(key) = classify(&object.key)
            {
                let (time, is_ahead) =
                    delivered_at(delivery.event.time, delivery.named_time, results.time);
                self.dated_ahead += u64::from(is_ahead);
                waiting.push(RecordedDelivery {
                    time,
                    object: object.clone(),
                    key,
                    trail: TrailArn::clone(trail),
                    event_id: delivery.event.id.clone(),
                });
            }
            delivery.judge_keys(&object, headers, facts, results);
            if let Some(headers) = headers.filter(|headers| headers.kms_key().is_none()) {
                let ruling = rules::encryption(headers, true, results.expected);
                let event = Some(&delivery.event);
                if let Some(problem) = results.note_of(Rule::Encryption, event, ruling) {
                    results.raise_encryption(&problem, &object);
                }
            }
        }
        waiting
    }
}

impl SeenDelivery {
    /// Adds the key that another event names.
    fn add_key(&mut self, event: &KmsEvent<'_>) {
        let Some(key) = event.key_named().map(kept_part) else {
            return;
        };
        let mut known = 0;
        for (name, _) in self.keys() {
            if name == key {
                return;
            }
            known += 1;
        }
        if known < MAX_KEYS_OF_A_DELIVERY {
            self.other_keys
                .push((key.into(), EventReference::of(event)));
        }
    }

    /// Returns the keys that events name for the delivery, each with the first event that names it.
    fn keys(&self) -> impl Iterator<Item = (&str, &EventReference)> {
        let first = self.key.as_deref().map(|key| (key, &self.event));
        let others = self.other_keys.iter();
        first
            .into_iter()
            .chain(others.map(|(key, event)| (&**key, event)))
    }

    /// Applies rule 3.
    fn judge_keys(
        &self,
        object: &ObjectLocation,
        headers: Option<&Encryption>,
        facts: &Facts,
        results: &mut ReviewResults<'_>,
    ) {
        for (name, event) in self.keys() {
            let state = facts.keys.get(name);
            let arn = state.map_or(name, |state| state.description.arn.as_str());
            if !is_key_arn(arn) {
                continue;
            }
            // The result for the key alone is counted with the key.
            let ruling = match (rules::key(arn, results.expected), headers) {
                (Ruling::Wrong(problem), _) => Ruling::Wrong(problem),
                (_, Some(headers)) => rules::key_of_object(arn, headers),
                (_, None) => Ruling::Silent,
            };
            if let Some(problem) = results.note_of(Rule::Key, Some(event), ruling) {
                results.raise_key(&problem, event, Some(object), arn, CLOUDTRAIL);
            }
        }
    }
}

/// Applies rule 7, the first look. Returns the headers of an existing log file.
fn first_look<'f>(
    object: &ObjectLocation,
    event: &EventReference,
    state: Option<&'f ObjectState>,
    results: &mut ReviewResults<'_>,
) -> Option<&'f Encryption> {
    match state {
        None | Some(ObjectState::Unknown) => {
            results.count(Rule::Witness, Some(event), Verdict::CannotTell, || {
                "the log file could not be checked".to_owned()
            });
            None
        }
        Some(ObjectState::Gone(absence)) => {
            let ruling = rules::present(Err(*absence), event);
            if let Some(problem) = results.note_of(Rule::Witness, Some(event), ruling) {
                let subject = results.subject(Some(object));
                let finding = kms::missing_after_delivery(subject, &problem, results.log_file);
                results.groups.add(finding, &object.to_string(), "");
            }
            None
        }
        Some(ObjectState::Exists(headers)) => {
            results.note_of(Rule::Witness, Some(event), rules::present(Ok(()), event));
            Some(headers)
        }
    }
}

/// Returns when a log file was delivered: the event's time, unless the time that the file's own name
/// contains, `named`, is a day away. Also returns whether that is after the log file with the event was `recorded`,
/// which is impossible: "A log file delivered at a specific time can contain records written at any
/// point before that time"
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>).
/// It then counts as delivered at that time: the writer of the file cannot choose a later one.
fn delivered_at(
    event: Option<Timestamp>,
    named: Timestamp,
    recorded: Timestamp,
) -> (Timestamp, bool) {
    const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
    // A name has whole minutes, and clocks differ.
    const GRACE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
    let time = match event {
        Some(time) if time.duration_since(named).abs() < DAY => time,
        _ => named,
    };
    let is_ahead = time.duration_since(recorded) > GRACE;
    (if is_ahead { recorded } else { time }, is_ahead)
}
