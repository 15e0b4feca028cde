//! The KMS events of one log file. They are judged as they are read, and again after the objects
//! and keys that they name have been looked up.
//!
//! The memory does not grow with the events but with the objects, keys and principals that they
//! name, and is limited. The tests are in `tests/tests/kms/`: they judge whole log files.

mod calls;
mod deliveries;
mod explanation;
mod facts;
mod groups;
mod keys;
mod named_trail;
mod open;
mod readings;
mod refusals;
mod results;
mod trails;
mod weakenings;

pub use deliveries::{MAX_DELIVERIES, RecordedDelivery};
pub use explanation::Explanation;
pub use facts::{Facts, KeyState, ObjectState, UnknownTrail};
pub use weakenings::judged_records;

use super::context::ContextObject;
use super::event::KmsEvent;
use super::expected::Expected;
use super::rules::{self, Rule, Ruling, Standing};
use super::text::kept;
use crate::finding::kms::{EventReference, Evidence as _, too_many_foreign_calls};
use crate::finding::{KmsCounts, Report, Verdict};
use crate::format::records::RecordVisitor;
use crate::names::ids::{Region, TrailArn};
use crate::names::location::ObjectLocation;
use crate::names::object_key::LogFileKey;
use crate::world::Encryption;
use deliveries::SeenDeliveries;
use keys::KeyUses;
use named_trail::NamedTrails;
use open::{OpenCalls, SettledCall};
use readings::Readings;
use refusals::Refusals;
use results::ReviewResults;
use std::sync::Arc;
use trails::UnknownTrails;
use weakenings::Weakenings;

/// The KMS events of one log file.
///
/// Order: [`KmsReview::review_encryption`], [`KmsReview::review`] for each record, and, after the
/// things that the events name have been looked up, [`KmsReview::conclude`].
pub struct KmsReview<'x> {
    results: ReviewResults<'x>,
    events: u64,
    named_trails: NamedTrails,
    trails: UnknownTrails,
    keys: KeyUses,
    deliveries: SeenDeliveries,
    refusals: Refusals,
    readings: Readings,
    open: OpenCalls,
    weakenings: Weakenings,
}

/// The conclusions about the events of a log file.
#[derive(Debug)]
pub struct Conclusion {
    /// The findings and the counts.
    pub report: Report,
    /// The deliveries whose digest has not arrived yet.
    pub waiting: Vec<RecordedDelivery>,
    /// The result of each rule, if explanations were requested.
    pub explanations: Vec<Explanation>,
    /// The name of the items that exceeded a limit.
    pub overflow: Option<&'static str>,
}

impl<'x> KmsReview<'x> {
    /// Returns the review of the log file at `log_file`, whose key is `key`.
    #[must_use]
    pub fn new(expected: &'x Expected, log_file: &'x ObjectLocation, key: &LogFileKey) -> Self {
        Self {
            results: ReviewResults::new(expected, log_file, key),
            events: 0,
            named_trails: NamedTrails::default(),
            trails: UnknownTrails::default(),
            keys: KeyUses::default(),
            deliveries: SeenDeliveries::default(),
            refusals: Refusals::default(),
            readings: Readings::default(),
            open: OpenCalls::default(),
            weakenings: Weakenings::new(key),
        }
    }

    /// Explains every verdict.
    #[must_use]
    pub fn explaining(mut self) -> Self {
        self.results.explanations = Some(Vec::new());
        self
    }

    /// Judges the current log file itself, by rule 8.
    ///
    /// The key that its header names is the trail's, if none is configured.
    pub fn review_encryption(&mut self, encryption: &Encryption) {
        if let Some(key) = encryption.kms_key() {
            self.keys.known.insert(kept(key));
        }
        let results = &mut self.results;
        let places = &results.expected.places;
        if places.is_copy() || places.is_replica(&results.log_file.bucket) {
            return;
        }
        let ruling = rules::encryption(encryption, false, results.expected);
        if let Some(problem) = results.note_of(Rule::Encryption, None, ruling) {
            results.raise_encryption(&problem, results.log_file);
        }
    }

    /// Judges a record of the log file. Skips records that are neither KMS events nor watched
    /// calls.
    pub fn review(&mut self, record: &str) {
        self.review_read(record, KmsEvent::from_record(record));
    }

    /// Judges a record. `event`: the KMS event that it is.
    fn review_read(&mut self, record: &str, event: Option<KmsEvent<'_>>) {
        if event.as_ref().is_none_or(|event| !event.is_cryptographic()) {
            let is_encrypted = !self.keys.known.is_empty();
            self.weakenings
                .review(record, is_encrypted, &mut self.results);
        }
        let Some(event) = event else {
            return;
        };
        self.events += 1;
        let expected = self.results.expected;
        let named = self.object_in(&event);
        let named = named.as_ref();
        let trail = self.named_trails.trail_in(&event);
        let concerns_us = || {
            rules::is_ours(&event, trail.as_deref(), named, expected)
                || rules::is_reading(&event, named, expected)
        };
        match rules::standing(&event, named, expected, &self.keys.known) {
            Standing::Open if concerns_us() => self.open.add(record, &event, named),
            standing => self.judge(&event, trail.as_ref(), named, standing),
        }
    }

    fn object_in<'a>(&self, event: &'a KmsEvent<'_>) -> Option<ContextObject<'a>>
    where
        'x: 'a,
    {
        let ReviewResults {
            expected, log_file, ..
        } = self.results;
        let arn = event.object.as_deref()?;
        ContextObject::parse(arn, &expected.places, &log_file.bucket)
    }

    fn judge(
        &mut self,
        event: &KmsEvent<'_>,
        trail: Option<&Arc<TrailArn>>,
        named: Option<&ContextObject<'_>>,
        standing: Standing,
    ) {
        let counts = standing == Standing::Ours;
        let arn = trail.map(Arc::as_ref);
        let is_ours = rules::is_ours(event, arn, named, self.results.expected);
        match (counts, is_ours) {
            (true, true) => self.review_trail_event(event, trail, named),
            (false, true) => calls::review_foreign_call(event, named, &mut self.results),
            (_, false) => {}
        }
        if counts {
            self.readings.review(event, named, &mut self.results);
        }
        calls::review_enclave(event, named, counts, &mut self.results);
    }

    /// Applies rules 1, 2, 5 and 6, and collects what rules 3, 4 and 7 need to know.
    fn review_trail_event(
        &mut self,
        event: &KmsEvent<'_>,
        trail: Option<&Arc<TrailArn>>,
        named: Option<&ContextObject<'_>>,
    ) {
        let results = &mut self.results;
        let arn = trail.map(Arc::as_ref);
        let agrees = calls::review_context(event, arn, named, results);
        // No digest could say anything about an unknown caller and the trail that it names.
        if let (Some(trail), Some(named), true) = (
            arn,
            named.filter(|_| results.expected.places.trails.is_empty()),
            agrees && !event.failed() && event.is_cloudtrails,
        ) {
            self.trails.add(trail, named, event, results);
        }
        calls::review_caller(event, named, results);
        let ruling = rules::delivery(event);
        let delivers = ruling != Ruling::Silent;
        if let Some(problem) = results.note(Rule::Delivery, event, ruling) {
            self.refusals.add(event, named, &problem.actual(), results);
        }
        if agrees && !event.failed() {
            self.keys.add(event, named, results);
            if delivers && let Some(named) = named {
                self.deliveries.add(event, named, trail, results);
            }
        }
    }

    /// Returns the delivered log files to look up.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectLocation> {
        let open = self.open.objects.iter();
        let delivered = self.deliveries.objects();
        delivered.chain(open.filter(|object| !self.deliveries.contains(object)))
    }

    /// Returns the keys to describe, with the Region in which to look up a bare ID.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Region)> {
        self.keys.to_describe(self.results.expected)
    }

    /// Returns the names of refusing keys that are not ARNs, to find out which keys they are.
    pub fn refused_keys(&self) -> impl Iterator<Item = &str> {
        self.refusals.to_resolve()
    }

    /// Returns the trails that are expected if their digests exist.
    pub fn unknown_trails(&self) -> impl Iterator<Item = &UnknownTrail> {
        self.trails.iter().chain(self.weakenings.unknown_trails())
    }

    /// Adds the conclusions from the facts, and ends the review.
    #[must_use]
    pub fn conclude(mut self, facts: &Facts) -> Conclusion {
        self.conclude_open(facts);
        let mut results = self.results;
        self.trails.conclude(facts, &mut results);
        self.keys.conclude(facts, &mut results);
        let waiting = self.deliveries.conclude(facts, &mut results);
        self.refusals.conclude(facts, &mut results);
        self.readings.conclude(&mut results);
        self.weakenings
            .conclude(facts, &self.keys.known, &mut results);
        let log_file = results.subject(None);
        let mut report = Report {
            findings: results.groups.into_findings(&log_file),
            obstacles: results.obstacles,
            ..Report::new()
        };
        let rules = results.rules.into_iter();
        report.rules = rules.map(|(rule, count)| (rule.as_str(), count)).collect();
        report.counts = KmsCounts {
            kms_events: Some(self.events),
            deliveries_dated_ahead: self.deliveries.dated_ahead,
            key_policies_of_other_accounts: self.keys.policies_elsewhere,
            ..KmsCounts::default()
        };
        Conclusion {
            report,
            waiting,
            explanations: results.explanations.unwrap_or_default(),
            overflow: results.overflow,
        }
    }

    /// Judges the calls that waited for the headers of the objects that they name.
    fn conclude_open(&mut self, facts: &Facts) {
        let expected = self.results.expected;
        let open = std::mem::take(&mut self.open);
        for record in open.records {
            let Some(event) = KmsEvent::from_record(&record) else {
                continue;
            };
            let named = self.object_in(&event);
            let named = named.as_ref();
            let mut standing = rules::standing(&event, named, expected, &self.keys.known);
            if standing == Standing::Open {
                let object = named.and_then(ContextObject::log_file);
                let state = object.and_then(|object| facts.objects.get(&object));
                let nothing_known = expected.places.is_copy() && self.keys.known.is_empty();
                match SettledCall::of(&event, state, nothing_known) {
                    SettledCall::Skipped => continue,
                    SettledCall::Decided(settled) => standing = settled,
                    SettledCall::CannotTell => {
                        let call = EventReference::of(&event);
                        let verdict = Verdict::CannotTell;
                        self.results.count(Rule::Caller, Some(&call), verdict, || {
                            "the object that the call names could not be checked".to_owned()
                        });
                        continue;
                    }
                }
            }
            let trail = self.named_trails.trail_in(&event);
            self.judge(&event, trail.as_ref(), named, standing);
        }
        if open.left_out > 0 {
            self.conclude_left_out(open.left_out);
        }
    }

    /// Reports that there are more calls than can wait. This is a finding, and not an obstacle:
    /// otherwise a caller who makes that many calls would have the log file parked.
    fn conclude_left_out(&mut self, calls: u64) {
        let results = &mut self.results;
        let finding = too_many_foreign_calls(results.subject(None), calls);
        let subject = format!("calls of {}", results.log_file);
        results.groups.add(finding, &subject, "");
        results.count(Rule::Caller, None, Verdict::CannotTell, || {
            format!(
                "{calls} calls name a key that Trailseal does not know, which are too many to check"
            )
        });
        // The first of them is already counted.
        let caller = results.rules.entry(Rule::Caller).or_default();
        caller.cannot_tell = caller.cannot_tell.saturating_add(calls - 1);
    }
}

impl RecordVisitor for &mut KmsReview<'_> {
    type Read<'a> = Option<KmsEvent<'a>>;

    fn read_first(text: &str) -> Option<(usize, Self::Read<'_>)> {
        KmsEvent::first_in(text)
    }

    fn visit_read(&mut self, record: &str, event: Option<KmsEvent<'_>>) {
        self.review_read(record, event);
    }

    fn visit(&mut self, record: &str) {
        self.review(record);
    }
}
