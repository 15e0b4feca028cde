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
use crate::kms::text::kept;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::LogFileKey;
use crate::world::Encryption;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
    log: LogFileKey,
    trail: Option<TrailArn>,
    /// The key that this event names.
    key: Option<String>,
    /// The keys that other events name.
    other_keys: Vec<(String, EventReference)>,
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

/// The deliveries that the events of a log file show.
#[derive(Default)]
pub(super) struct SeenDeliveries {
    by_object: BTreeMap<ObjectLocation, Box<SeenDelivery>>,
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

    /// Adds a call by which CloudTrail delivered `object`.
    pub(super) fn add(
        &mut self,
        event: &KmsEvent<'_>,
        named: &ContextObject<'_>,
        object: ObjectLocation,
        trail: Option<TrailArn>,
        results: &mut ReviewResults<'_>,
    ) {
        let ContextTarget::LogFile(log, _) = &named.target else {
            return;
        };
        if results.expected.places.is_replica(&object.bucket) {
            // S3 replicates in any order, and re-encrypts.
            return;
        }
        if self.by_object.len() >= MAX_DELIVERIES && !self.by_object.contains_key(&object) {
            results.overflow = Some("deliveries");
            return;
        }
        let key = event.key_named().map(kept);
        match self.by_object.entry(object) {
            Entry::Vacant(place) => {
                place.insert(Box::new(SeenDelivery {
                    event: EventReference::of(event),
                    log: log.clone(),
                    trail,
                    key,
                    other_keys: Vec::new(),
                }));
            }
            Entry::Occupied(mut delivery) => {
                let delivery = delivery.get_mut();
                if let Some(key) = key
                    && delivery.keys().all(|(known, _)| *known != key)
                    && delivery.keys().count() < MAX_KEYS_OF_A_DELIVERY
                {
                    let event = EventReference::of(event);
                    delivery.other_keys.push((key, event));
                }
            }
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
            if headers.is_some()
                && let Some(trail) = &delivery.trail
            {
                let (time, is_ahead) =
                    delivered_at(delivery.event.time, &delivery.log, results.time);
                self.dated_ahead += u64::from(is_ahead);
                waiting.push(RecordedDelivery {
                    time,
                    object: object.clone(),
                    key: delivery.log.clone(),
                    trail: trail.clone(),
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
    /// Returns the keys that events name for the delivery, each with the first event that names it.
    fn keys(&self) -> impl Iterator<Item = (&String, &EventReference)> {
        let key = self.key.iter().map(|key| (key, &self.event));
        key.chain(self.other_keys.iter().map(|(key, event)| (key, event)))
    }

    /// Applies rule 3.
    fn judge_keys(
        &self,
        object: &ObjectLocation,
        headers: Option<&Encryption>,
        facts: &Facts,
        results: &mut ReviewResults<'_>,
    ) {
        for (name, event) in self.keys().collect::<BTreeMap<_, _>>() {
            let state = facts.keys.get(name);
            let arn = state.map_or(name.as_str(), |state| state.description.arn.as_str());
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

/// Returns when a log file was delivered: the event's time, unless the file's own name contains a
/// different day. Also returns whether that is after the log file with the event was `recorded`,
/// which is impossible: "A log file delivered at a specific time can contain records written at any
/// point before that time"
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>).
/// It then counts as delivered at that time: the writer of the file cannot choose a later one.
fn delivered_at(
    event: Option<Timestamp>,
    log: &LogFileKey,
    recorded: Timestamp,
) -> (Timestamp, bool) {
    const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
    // A name has whole minutes, and clocks differ.
    const GRACE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
    let time = match event {
        Some(time) if time.duration_since(log.time).abs() < DAY => time,
        _ => log.time,
    };
    let is_ahead = time.duration_since(recorded) > GRACE;
    (if is_ahead { recorded } else { time }, is_ahead)
}
