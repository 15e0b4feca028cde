//! The KMS events of one log file: judged as they are read, and once more when the objects and
//! keys that they name have been looked at.
//!
//! What is kept does not grow with the events but with the objects, keys and principals that they
//! name, and is bounded.

use super::context::{Named, What};
use super::event::KmsEvent;
use super::groups::Groups;
use super::rules::{self, Expected, Problem, Rule, Ruling, Standing};
use super::{is_key_arn, kept, policy::PolicyVerdict};
use crate::finding::{Finding, FindingKind, Obstacle, Report, RuleCount, Scope, Verdict};
use crate::names::ids::{OrganizationId, Region, TrailArn};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, LogFileKey, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::names::sha256::Sha256;
use crate::world::{Absence, Cause, Encryption, KeyDescription, StoreError};
use jiff::Timestamp;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most log files of whose delivery one log file may tell. Each costs a request, and some 10 KB
/// while the longest keys are held: 60 MB for a log file, ten of which are checked at once in 1,024 MB.
///
/// "CloudTrail publishes log files multiple times an hour, about every 5 minutes"
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-user-guide.html>), and the
/// account of the key records one call for each. So many in one log file is an organization with more
/// than 70,000 log files an hour under one key.
pub const MAX_DELIVERIES: usize = 6_000;

/// The most verdicts that are explained.
const MAX_EXPLANATIONS: usize = 20_000;

/// The most keys, principals and trails that one log file may name.
const MAX_NAMES: usize = 1_000;

/// In how many folders the digests of one trail are looked for: one tells, and somebody may name
/// folders that are none of the trail's.
const MAX_FOLDERS_OF_A_TRAIL: usize = 4;

/// The most trails of which one log file may ask whether they deliver here.
const MAX_TRAILS: usize = 100;

/// The most calls that wait for what is found out about the objects that they name.
const MAX_OPEN: usize = 1_000;

/// The most bytes of their records.
const MAX_OPEN_BYTES: usize = 1024 * 1024;

/// The most keys that are known to be the trail's without being configured.
const MAX_KNOWN_KEYS: usize = 16;

/// The most bytes of an object's key in S3.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const MAX_OBJECT_KEY_BYTES: usize = 1024;

/// The most log files that are told apart among those that were read.
const MAX_READ: usize = 200_000;

/// The most bytes of what a rule says of an event.
const MAX_REASON_BYTES: usize = 4096;

/// The most bytes of each piece of a finding's evidence.
const MAX_EVIDENCE_BYTES: usize = 1000;

/// Who calls, where CloudTrail itself does.
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// The most addresses that are told of a reader.
const MAX_SOURCES: usize = 3;

/// An event, to find it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventReference {
    /// `GenerateDataKey`, `Decrypt`, ….
    pub name: String,
    /// The event's id.
    pub id: String,
    /// When the call was made.
    pub time: Option<Timestamp>,
}

impl EventReference {
    fn of(event: &KmsEvent<'_>) -> Self {
        Self {
            name: kept(&event.name),
            id: kept(event.id.as_deref().unwrap_or("without an id")),
            time: event.time,
        }
    }
}

impl std::fmt::Display for EventReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the KMS call {} (event {}", self.name, self.id)?;
        if let Some(time) = self.time {
            write!(f, " of {time}")?;
        }
        f.write_str(")")
    }
}

/// What a rule said of an event, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The event; none where it is about the log file at hand.
    pub event: Option<EventReference>,
    /// The rule.
    pub rule: Rule,
    /// Valid, finding or cannot tell.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// A delivered log file that a digest is still to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The log file.
    pub object: ObjectLocation,
    /// What its key tells.
    pub key: LogFileKey,
    /// The trail, as the context names it.
    pub trail: TrailArn,
    /// The id of the event that shows the delivery.
    pub event_id: String,
    /// When it was delivered.
    pub time: Timestamp,
}

/// What an object that a delivery names turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It is there, and encrypted so.
    There(Encryption),
    /// It is not there.
    Gone(Absence),
    /// It could not be looked at.
    Unknown,
}

/// What a key turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedKey {
    /// What KMS says of it.
    pub description: KeyDescription,
    /// What its policy says, where that may be read.
    pub policy: Option<PolicyVerdict>,
}

/// A trail that is expected if its digests lie beside the object: no trail is configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownTrail {
    /// The trail.
    pub trail: TrailArn,
    /// Where the log file that the context names lies.
    pub folder: RegionFolder,
}

/// What was found out about what the events name.
#[derive(Debug, Default)]
pub struct Facts {
    /// The delivered log files.
    pub objects: HashMap<ObjectLocation, Looked>,
    /// The keys, by the name that the events have for them.
    pub keys: HashMap<String, LookedKey>,
    /// The chains beside each unknown trail's log file.
    pub chains: BTreeMap<UnknownTrail, Vec<Chain>>,
}

struct Delivery {
    event: EventReference,
    log: Box<LogFileKey>,
    trail: Option<TrailArn>,
    keys: BTreeMap<String, EventReference>,
}

struct KeyUse {
    event: EventReference,
    /// Who called.
    principal: String,
    object: Option<ObjectLocation>,
    region: Region,
}

struct Refused {
    first: EventReference,
    calls: u64,
    object: Option<ObjectLocation>,
    error: String,
}

impl Refused {
    /// Takes in what was refused under another name of the same key.
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        let is_earlier = match (other.first.time, self.first.time) {
            (Some(other), Some(first)) => other < first,
            (other, first) => other.is_some() && first.is_none(),
        };
        if is_earlier {
            let calls = self.calls;
            *self = Self { calls, ..other };
        }
    }
}

struct Reading {
    shown: String,
    sources: BTreeSet<String>,
    calls: u64,
    objects: HashSet<Sha256>,
    first: (Option<Timestamp>, EventReference, Option<ObjectLocation>),
    last: Option<Timestamp>,
}

/// The KMS events of one log file.
pub struct Docket<'x> {
    expected: &'x Expected,
    log_file: &'x ObjectLocation,
    /// When the log file was delivered: the time of what is said about it.
    time: Timestamp,
    region: Region,
    scope: Scope,
    events: u64,
    rules: BTreeMap<Rule, RuleCount>,
    groups: Groups,
    obstacles: Vec<Obstacle>,
    deliveries: BTreeMap<ObjectLocation, Delivery>,
    uses: BTreeMap<String, KeyUse>,
    unknown_trails: BTreeMap<UnknownTrail, (EventReference, Option<ObjectLocation>)>,
    /// In how many folders of a place a trail is asked for: it delivers the log files of many
    /// accounts and Regions.
    asked_for: HashMap<(TrailArn, String, Option<String>, Option<OrganizationId>), usize>,
    refused: BTreeMap<String, Refused>,
    readings: BTreeMap<String, Reading>,
    read: usize,
    /// The keys that the log file's own header and CloudTrail's calls show to be the trail's, where
    /// none is configured.
    known_keys: BTreeSet<String>,
    open: Open,
    overflow: Option<&'static str>,
    /// How many deliveries are dated after the log file that records them.
    dated_ahead: u64,
    /// How many keys are other accounts', whose policies nobody can read from here.
    policies_elsewhere: u64,
    explanations: Option<Vec<Explanation>>,
}

/// Calls of which only the headers of the objects that they name will say whether they count.
#[derive(Default)]
struct Open {
    records: Vec<String>,
    bytes: usize,
    objects: BTreeSet<ObjectLocation>,
    /// Each caller, key and object once.
    seen: HashSet<Sha256>,
    left_out: u64,
}

impl Open {
    fn add(&mut self, record: &str, seen: Sha256, object: Option<ObjectLocation>) {
        if self.seen.contains(&seen) {
            return;
        }
        let bytes = self.bytes.saturating_add(record.len());
        if self.records.len() >= MAX_OPEN || bytes > MAX_OPEN_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes = bytes;
        self.seen.insert(seen);
        self.objects.extend(object);
        self.records.push(record.to_owned());
    }
}

/// What the events of a log file come to.
#[derive(Debug)]
pub struct Conclusion {
    /// Findings and counts.
    pub report: Report,
    /// Deliveries whose digest is still to come.
    pub waiting: Vec<Waiting>,
    /// What each rule said, where that was asked for.
    pub explanations: Vec<Explanation>,
    /// What there was too much of.
    pub overflow: Option<&'static str>,
}

impl<'x> Docket<'x> {
    /// The docket of the log file at `log_file`, whose key is `key`.
    #[must_use]
    pub fn new(expected: &'x Expected, log_file: &'x ObjectLocation, key: &LogFileKey) -> Self {
        Self {
            expected,
            log_file,
            time: key.time,
            region: key.region.clone(),
            scope: Scope::of_log_file(key, &expected.places.trails),
            events: 0,
            rules: BTreeMap::new(),
            groups: Groups::default(),
            obstacles: Vec::new(),
            deliveries: BTreeMap::new(),
            uses: BTreeMap::new(),
            unknown_trails: BTreeMap::new(),
            asked_for: HashMap::new(),
            refused: BTreeMap::new(),
            readings: BTreeMap::new(),
            read: 0,
            known_keys: BTreeSet::new(),
            open: Open::default(),
            overflow: None,
            dated_ahead: 0,
            policies_elsewhere: 0,
            explanations: None,
        }
    }

    /// Has every verdict explained.
    #[must_use]
    pub fn explaining(mut self) -> Self {
        self.explanations = Some(Vec::new());
        self
    }

    /// Judges a record of the log file; others than KMS events are passed over.
    pub fn take(&mut self, record: &str) {
        let Some(event) = KmsEvent::from_record(record) else {
            return;
        };
        self.events += 1;
        let expected = self.expected;
        let named = event
            .object
            .as_deref()
            .and_then(|arn| Named::parse(arn, &expected.places, &self.log_file.bucket));
        let trail = event.trail.as_deref();
        let trail = trail.and_then(|trail| TrailArn::parse(trail).ok());
        let concerns_us = rules::is_ours(&event, trail.as_ref(), named.as_ref(), expected)
            || rules::is_reading(&event, named.as_ref(), expected);
        match rules::standing(&event, named.as_ref(), expected, &self.known_keys) {
            Standing::Open if concerns_us => self.keep_open(record, &event, named.as_ref()),
            standing => self.judge(&event, trail, named.as_ref(), standing),
        }
    }

    /// Keeps a call until it is known whether the object that it names is under its key.
    fn keep_open(&mut self, record: &str, event: &KmsEvent<'_>, named: Option<&Named>) {
        let object = named.filter(|named| named.ours).and_then(|named| {
            let is_readable = matches!(named.what, What::LogFile(..));
            let object = named.log_file().filter(|_| is_readable)?;
            (object.key.len() <= MAX_OBJECT_KEY_BYTES).then_some(object)
        });
        let principal = event.caller.principal().key();
        let key = event.key_named().unwrap_or_default();
        let seen = format!("{} {principal} {key} {:?}", event.name, event.object);
        self.open.add(record, Sha256::of(seen.as_bytes()), object);
    }

    fn judge(
        &mut self,
        event: &KmsEvent<'_>,
        trail: Option<TrailArn>,
        named: Option<&Named>,
        standing: Standing,
    ) {
        let counts = standing == Standing::Ours;
        let is_ours = rules::is_ours(event, trail.as_ref(), named, self.expected);
        match (counts, is_ours) {
            (true, true) => self.take_ours(event, trail, named),
            (false, true) => self.take_foreign(event, named),
            (_, false) => {}
        }
        if counts {
            self.take_reading(event, named);
        }
        self.take_enclave(event, named, counts);
    }

    /// A call under somebody else's key that names our trail or a log file. It encrypts and decrypts
    /// nothing of ours, whatever context it states: it is told of the caller, and of no object.
    fn take_foreign(&mut self, event: &KmsEvent<'_>, named: Option<&Named>) {
        let ruling = rules::foreign(event, named, self.expected);
        if let Some(problem) = self.note(Rule::Caller, Some(event), ruling) {
            let principal = event.caller.principal();
            let call = EventReference::of(event);
            let finding = self
                .finding(
                    &problem,
                    None,
                    format!(
                        "{} named the trail or its log files in a KMS call under a key that is not the trail's: {call}.",
                        principal.shown()
                    ),
                )
                .about(principal.key(), self.occurrence(&call));
            self.groups.add(finding, &principal.key(), &call.id);
        }
    }

    /// Tells this log file's showing of an event from others.
    fn occurrence(&self, event: &EventReference) -> String {
        format!("{} {}", self.log_file, event.id)
    }

    /// Rules 1, 2, 5 and 6, and what 3, 4 and 7 need to know.
    fn take_ours(&mut self, event: &KmsEvent<'_>, trail: Option<TrailArn>, named: Option<&Named>) {
        let expected = self.expected;
        let object = named.filter(|named| named.ours).and_then(Named::log_file);
        let of_trail = rules::trail(event, trail.as_ref(), expected);
        let of_object = rules::object(event, trail.as_ref(), named, expected);
        let mut agrees = true;
        for (rule, ruling) in [(Rule::Trail, of_trail), (Rule::Object, of_object)] {
            if let Some(problem) = self.note(rule, Some(event), ruling) {
                agrees = false;
                let call = EventReference::of(event);
                let finding = self.mismatch(&problem, object.as_ref(), &call);
                self.raise(finding, &principal_of(event), event.key_named(), &call);
            }
        }
        // Whom nobody knows, and what trail he names, is no question that a digest could answer.
        if let (Some(trail), Some(named), true) = (
            &trail,
            named.filter(|_| expected.places.trails.is_empty()),
            agrees && !event.failed() && rules::is_cloudtrail(event),
        ) {
            self.ask_for_trail(trail, named, event, object.as_ref());
        }
        let caller = rules::caller(event, named);
        if let Some(problem) = self.note(Rule::Caller, Some(event), caller) {
            let finding = self.finding(
                &problem,
                object.as_ref(),
                format!(
                    "Somebody other than CloudTrail had a data key generated for {}: {} by {}.",
                    if object.is_some() {
                        "the log file, and so wrote it"
                    } else {
                        "the trail, to write under its name"
                    },
                    EventReference::of(event),
                    problem.actual,
                ),
            );
            let principal = event.caller.principal().key();
            self.raise(
                finding,
                &principal,
                event.key_named(),
                &EventReference::of(event),
            );
        }
        let ruling = rules::delivery(event);
        let delivers = ruling != Ruling::Silent;
        if let Some(problem) = self.note(Rule::Delivery, Some(event), ruling) {
            self.refuse(event, object.as_ref(), &problem.actual);
        }
        if agrees && !event.failed() {
            self.take_key(event, named, object.as_ref());
            if delivers && let (Some(named), Some(object)) = (named, object) {
                self.deliver(event, named, object, trail);
            }
        }
    }

    fn ask_for_trail(
        &mut self,
        trail: &TrailArn,
        named: &Named,
        event: &KmsEvent<'_>,
        object: Option<&ObjectLocation>,
    ) {
        let What::LogFile(log, _) = &named.what else {
            return;
        };
        let place = (
            trail.clone(),
            named.bucket.clone(),
            log.folder.prefix.clone(),
            log.folder.organization.clone(),
        );
        let folders = self.asked_for.get(&place).copied().unwrap_or_default();
        if folders >= MAX_FOLDERS_OF_A_TRAIL {
            return;
        }
        let asked = UnknownTrail {
            trail: trail.clone(),
            folder: RegionFolder {
                bucket: named.bucket.clone(),
                folder: log.folder.clone(),
                region: log.region.clone(),
            },
        };
        if self.unknown_trails.contains_key(&asked) {
            return;
        }
        if self.unknown_trails.len() >= MAX_TRAILS {
            self.overflow = Some("trails");
            return;
        }
        self.asked_for.insert(place, folders + 1);
        let about = (EventReference::of(event), object.cloned());
        self.unknown_trails.insert(asked, about);
    }

    fn take_key(
        &mut self,
        event: &KmsEvent<'_>,
        named: Option<&Named>,
        object: Option<&ObjectLocation>,
    ) {
        let Some(key) = event.key_named() else { return };
        // S3 encrypts anew what it replicates. And a stranger's call counts because its key is ours:
        // by whatever name, there is nothing to find out.
        let is_ours =
            is_key_arn(key) && !matches!(rules::key(key, self.expected), Ruling::Wrong(_));
        if named.is_some_and(|named| named.replica) || !(rules::is_cloudtrail(event) || is_ours) {
            return;
        }
        if object.is_some() && rules::is_cloudtrail(event) && self.known_keys.len() < MAX_KNOWN_KEYS
        {
            self.known_keys.insert(kept(key));
        }
        if self.uses.contains_key(key) {
            return;
        }
        if self.uses.len() >= MAX_NAMES {
            self.overflow = Some("keys");
            return;
        }
        let used = KeyUse {
            event: EventReference::of(event),
            principal: principal_of(event),
            object: object.cloned(),
            region: self.region_of(event),
        };
        self.uses.insert(kept(key), used);
    }

    fn region_of(&self, event: &KmsEvent<'_>) -> Region {
        let named = event.region.as_deref().map(Region::new);
        named
            .and_then(Result::ok)
            .unwrap_or_else(|| self.region.clone())
    }

    fn deliver(
        &mut self,
        event: &KmsEvent<'_>,
        named: &Named,
        object: ObjectLocation,
        trail: Option<TrailArn>,
    ) {
        let What::LogFile(log, _) = &named.what else {
            return;
        };
        if self.expected.places.is_replica(&object.bucket) {
            // S3 replicates in any order, and encrypts anew.
            return;
        }
        if !self.deliveries.contains_key(&object) && self.deliveries.len() >= MAX_DELIVERIES {
            self.overflow = Some("deliveries");
            return;
        }
        let delivery = self.deliveries.entry(object).or_insert_with(|| Delivery {
            event: EventReference::of(event),
            log: log.clone(),
            trail,
            keys: BTreeMap::new(),
        });
        if let Some(key) = event.key_named()
            && delivery.keys.len() < 4
            && !delivery.keys.contains_key(key)
        {
            delivery.keys.insert(kept(key), EventReference::of(event));
        }
    }

    fn refuse(&mut self, event: &KmsEvent<'_>, object: Option<&ObjectLocation>, error: &str) {
        let key = kept(event.key_named().unwrap_or("a key that is not named"));
        if !self.refused.contains_key(&key) && self.refused.len() >= MAX_NAMES {
            self.overflow = Some("refused keys");
            return;
        }
        let refused = self.refused.entry(key).or_insert_with(|| Refused {
            first: EventReference::of(event),
            calls: 0,
            object: object.cloned(),
            error: kept(error),
        });
        refused.calls += 1;
    }

    /// Rule 9.
    fn take_reading(&mut self, event: &KmsEvent<'_>, named: Option<&Named>) {
        let ruling = rules::reader(event, named, self.expected);
        if self.note(Rule::Readers, Some(event), ruling).is_none() {
            return;
        }
        let principal = event.caller.principal();
        let key = principal.key();
        if !self.readings.contains_key(&key) && self.readings.len() >= MAX_NAMES {
            self.overflow = Some("readers");
            return;
        }
        let object = named.and_then(Named::log_file);
        let reading = self.readings.entry(key).or_insert_with(|| Reading {
            shown: principal.shown(),
            sources: BTreeSet::new(),
            calls: 0,
            objects: HashSet::new(),
            first: (event.time, EventReference::of(event), object.clone()),
            last: event.time,
        });
        reading.calls += 1;
        reading.last = reading.last.max(event.time);
        let is_earlier = event
            .time
            .is_some_and(|time| reading.first.0.is_none_or(|first| time < first));
        if is_earlier {
            reading.first = (event.time, EventReference::of(event), object.clone());
        }
        if let Some(source) = event.source.as_deref()
            && reading.sources.len() < MAX_SOURCES
        {
            reading.sources.insert(kept(source));
        }
        if let Some(object) = object
            && self.read < MAX_READ
            && reading
                .objects
                .insert(Sha256::of(object.to_string().as_bytes()))
        {
            self.read += 1;
        }
    }

    /// Rule 10.
    fn take_enclave(&mut self, event: &KmsEvent<'_>, named: Option<&Named>, counts: bool) {
        let expected = self.expected;
        let mut rulings = Vec::new();
        if let Some(recipient) = &event.recipient {
            let form = rules::attestation(recipient);
            if !matches!(form, Ruling::Wrong(_)) {
                rulings.push(rules::image(recipient, expected));
            }
            rulings.push(form);
        }
        if counts {
            rulings.push(rules::attested(event, named, expected));
        }
        for ruling in rulings {
            if let Some(problem) = self.note(Rule::Enclaves, Some(event), ruling) {
                let principal = event.caller.principal();
                let about = match problem.kind {
                    FindingKind::EnclaveImageUnlisted => problem.actual.clone(),
                    _ => principal.key(),
                };
                let call = EventReference::of(event);
                let message = match problem.kind {
                    FindingKind::EnclaveImageUnlisted => format!(
                        "An enclave whose image is not listed used KMS: {call} by {}.",
                        principal.shown()
                    ),
                    FindingKind::EnclaveAttestationMissing => format!(
                        "A reader that reads from an enclave only read without its attestation: {call} by {}.",
                        rules::caller_shown(event)
                    ),
                    _ => format!(
                        "A KMS event carries an attestation that no Nitro Enclave makes: {call} by {}.",
                        principal.shown()
                    ),
                };
                let finding = self
                    .finding(&problem, None, message)
                    .about(about.clone(), self.occurrence(&call));
                self.groups.add(finding, &about, &call.id);
            }
        }
    }

    /// The delivered log files to look at.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectLocation> {
        let open = self.open.objects.iter();
        let delivered = self.deliveries.keys();
        delivered.chain(open.filter(|object| !self.deliveries.contains_key(object)))
    }

    /// The keys to describe, with the Region to ask in for a bare id. A key that is not
    /// configured need not be described, and may not be; nor is a key of an account that is none of
    /// ours.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Region)> {
        self.uses
            .iter()
            .filter(|(key, _)| {
                rules::is_of_our_accounts(key, self.expected)
                    && (!is_key_arn(key)
                        || !matches!(rules::key(key, self.expected), Ruling::Wrong(_)))
            })
            .map(|(key, used)| (key.as_str(), &used.region))
    }

    /// The names of keys that refused and are no ARNs, to find out which key that is.
    pub fn refused_keys(&self) -> impl Iterator<Item = &str> {
        self.refused
            .keys()
            .map(String::as_str)
            .filter(|key| !is_key_arn(key))
    }

    /// The trails that are expected if their digests are there.
    pub fn unknown_trails(&self) -> impl Iterator<Item = &UnknownTrail> {
        self.unknown_trails.keys()
    }

    /// Judges the log file at hand itself, by rule 8.
    ///
    /// The key that its header names is the trail's, where none is configured.
    pub fn take_encryption(&mut self, encryption: &Encryption) {
        if let Some(key) = rules::kms_key(encryption) {
            self.known_keys.insert(kept(key));
        }
        if self.expected.places.bare_copy || self.expected.places.is_replica(&self.log_file.bucket)
        {
            return;
        }
        let ruling = rules::encryption(encryption, false, self.expected);
        if let Some(problem) = self.note(Rule::Encryption, None, ruling) {
            let log_file = self.log_file.clone();
            self.raise_encryption(&problem, &log_file, encryption);
        }
    }

    /// Adds what the facts say, and ends.
    #[must_use]
    pub fn conclude(mut self, facts: &Facts) -> Conclusion {
        self.conclude_open(facts);
        self.conclude_trails(facts);
        self.conclude_keys(facts);
        let waiting = self.conclude_deliveries(facts);
        self.conclude_refused(facts);
        self.conclude_readings();
        let mut report = Report {
            findings: self.groups.into_findings(self.log_file, &self.scope),
            obstacles: self.obstacles,
            ..Report::new()
        };
        let rules = self.rules.into_iter();
        report.rules = rules.map(|(rule, count)| (rule.as_str(), count)).collect();
        report.counts.insert("kmsEvents", self.events);
        for (name, count) in [
            ("deliveriesDatedAhead", self.dated_ahead),
            ("keyPoliciesOfOtherAccounts", self.policies_elsewhere),
        ] {
            if count > 0 {
                report.counts.insert(name, count);
            }
        }
        Conclusion {
            report,
            waiting,
            explanations: self.explanations.unwrap_or_default(),
            overflow: self.overflow,
        }
    }

    /// Judges the calls that waited for the headers of the objects that they name.
    fn conclude_open(&mut self, facts: &Facts) {
        let expected = self.expected;
        let Open {
            records, left_out, ..
        } = std::mem::take(&mut self.open);
        for record in records {
            let Some(event) = KmsEvent::from_record(&record) else {
                continue;
            };
            let named = event.object.as_deref();
            let named =
                named.and_then(|arn| Named::parse(arn, &expected.places, &self.log_file.bucket));
            let trail = event.trail.as_deref();
            let trail = trail.and_then(|trail| TrailArn::parse(trail).ok());
            let object = named.as_ref().and_then(Named::log_file);
            let looked = object.and_then(|object| facts.objects.get(&object));
            let standing = rules::standing(&event, named.as_ref(), expected, &self.known_keys);
            let standing = match (standing, looked) {
                (Standing::Open, Some(Looked::Unknown)) => {
                    let call = EventReference::of(&event);
                    self.count(Rule::Caller, Some(&call), Verdict::CannotTell, || {
                        "the object that the call names could not be looked at".to_owned()
                    });
                    continue;
                }
                (Standing::Open, Some(Looked::There(headers))) => {
                    rules::standing_by_object(&event, headers)
                }
                // A copy has no headers: where nothing is known of the key, the call counts.
                (Standing::Open, None)
                    if expected.places.bare_copy && self.known_keys.is_empty() =>
                {
                    Standing::Ours
                }
                // Of a reading without an object to look at, such as with an S3 Bucket Key, nothing is
                // known: another trail may deliver there under a key of its own.
                (Standing::Open, _) if event.name == "Decrypt" => continue,
                (Standing::Open, _) => Standing::Foreign,
                (standing, _) => standing,
            };
            self.judge(&event, trail, named.as_ref(), standing);
        }
        if left_out > 0 {
            self.raise_not_looked_at(left_out);
            self.count(Rule::Caller, None, Verdict::CannotTell, || {
                format!("{left_out} calls whose key is not known are too many to look at")
            });
            // The first of them is counted already.
            let caller = self.rules.entry(Rule::Caller).or_default();
            caller.cannot_tell = caller.cannot_tell.saturating_add(left_out - 1);
        }
    }

    fn conclude_trails(&mut self, facts: &Facts) {
        for (unknown, (event, object)) in std::mem::take(&mut self.unknown_trails) {
            let Some(chains) = facts.chains.get(&unknown) else {
                self.count(Rule::Trail, Some(&event), Verdict::CannotTell, || {
                    "whether the trail delivers here could not be looked up".to_owned()
                });
                continue;
            };
            let ruling = rules::trail_is_known(&unknown.trail, chains);
            let Ruling::Wrong(problem) = ruling else {
                self.note_of(Rule::Trail, Some(&event), ruling);
                continue;
            };
            // A new trail's first digest comes an hour after its first log file.
            self.count(Rule::Trail, Some(&event), Verdict::CannotTell, || {
                format!(
                    "no digest of {} is in the bucket, yet or at all; expected {}",
                    problem.actual, problem.expected
                )
            });
            let if_it_stays = self.mismatch(&problem, object.as_ref(), &event);
            let occurrence = if_it_stays.object.to_string();
            let if_it_stays = if_it_stays.about(unknown.trail.to_string(), occurrence);
            self.obstacles.push(Obstacle {
                error: StoreError {
                    action: "find",
                    subject: format!(
                        "a digest of {} beside the log files in s3://{}/{}, where digests of others are",
                        unknown.trail,
                        unknown.folder.bucket,
                        unknown.folder.log_files()
                    ),
                    cause: Cause::NotYet,
                },
                if_it_stays: Some(if_it_stays),
            });
        }
    }

    fn conclude_keys(&mut self, facts: &Facts) {
        let mut judged = BTreeSet::new();
        for (name, used) in std::mem::take(&mut self.uses) {
            let looked = facts.keys.get(&name);
            let arn = match looked {
                Some(looked) => looked.description.arn.as_str(),
                None if is_key_arn(&name) => name.as_str(),
                None => {
                    self.count(Rule::Key, Some(&used.event), Verdict::CannotTell, || {
                        format!("which key {name} is could not be found out")
                    });
                    continue;
                }
            };
            let ruling = rules::key(arn, self.expected);
            if let Some(problem) = self.note_of(Rule::Key, Some(&used.event), ruling) {
                self.raise_key(
                    &problem,
                    &used.event,
                    used.object.as_ref(),
                    arn,
                    &used.principal,
                );
                continue;
            }
            if !judged.insert(arn.to_owned()) {
                continue;
            }
            let Some(looked) = looked else {
                self.count(
                    Rule::KeyHealth,
                    Some(&used.event),
                    Verdict::CannotTell,
                    || "the key could not be described".to_owned(),
                );
                continue;
            };
            let description = &looked.description;
            self.judge_key(
                &used.event,
                arn,
                rules::key_health(description),
                "Log files cannot be encrypted under the trail's key any more",
            );
            self.judge_key(
                &used.event,
                arn,
                rules::key_material(description, self.time),
                "Log files cannot be encrypted under the trail's key for long",
            );
            match &looked.policy {
                Some(PolicyVerdict::Unreadable(_)) if self.is_elsewhere(arn) => {
                    self.policies_elsewhere += 1;
                    self.count(Rule::KeyHealth, Some(&used.event), Verdict::Ignored, || {
                        "the policy of another account's key cannot be read from here".to_owned()
                    });
                }
                None | Some(PolicyVerdict::Unreadable(_)) => {
                    self.count(
                        Rule::KeyHealth,
                        Some(&used.event),
                        Verdict::CannotTell,
                        || "the key's policy may not be read from here, or cannot be".to_owned(),
                    );
                }
                Some(policy) => self.judge_key(
                    &used.event,
                    arn,
                    rules::key_policy(policy),
                    "CloudTrail may write under the trail's key for any trail",
                ),
            }
        }
    }

    /// Whether the key with this ARN is known to be another account's than the log buckets' owner.
    ///
    /// `GetKeyPolicy`: "Cross-account use: No. You cannot perform this operation on a KMS key in a
    /// different AWS account" (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>).
    /// So there rule 4 is about the key alone, and not about its policy.
    fn is_elsewhere(&self, arn: &str) -> bool {
        let owner = self.expected.places.bucket_owner.as_ref();
        owner.is_some_and(|owner| arn.split(':').nth(4) != Some(owner.as_str()))
    }

    /// Notes what rule 4 says of a key. What is wrong with a key is so once, whoever uses it.
    fn judge_key(&mut self, event: &EventReference, arn: &str, ruling: Ruling, message: &str) {
        if let Some(problem) = self.note_of(Rule::KeyHealth, Some(event), ruling) {
            let finding = self
                .finding(&problem, None, format!("{message}: {arn}."))
                .about(arn, problem.actual.clone());
            self.groups.add(finding, arn, "");
        }
    }

    fn conclude_deliveries(&mut self, facts: &Facts) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for (object, delivery) in std::mem::take(&mut self.deliveries) {
            let event = &delivery.event;
            let headers = match facts.objects.get(&object) {
                None | Some(Looked::Unknown) => {
                    self.count(Rule::Witness, Some(event), Verdict::CannotTell, || {
                        "the log file could not be looked at".to_owned()
                    });
                    None
                }
                Some(Looked::Gone(absence)) => {
                    let ruling = rules::present(Err(*absence), &event.to_string());
                    if let Some(problem) = self.note_of(Rule::Witness, Some(event), ruling) {
                        let finding = self.finding(
                            &problem,
                            Some(&object),
                            format!(
                                "CloudTrail delivered the log file, as {event} in {} shows, and it is gone.",
                                self.log_file
                            ),
                        );
                        self.groups.add(finding, &object.to_string(), "");
                    }
                    None
                }
                Some(Looked::There(headers)) => {
                    let ruling = rules::present(Ok(()), "");
                    self.note_of(Rule::Witness, Some(event), ruling);
                    if let Some(trail) = delivery.trail.clone() {
                        let (time, is_ahead) = delivered_at(event.time, &delivery.log, self.time);
                        self.dated_ahead += u64::from(is_ahead);
                        waiting.push(Waiting {
                            time,
                            object: object.clone(),
                            key: (*delivery.log).clone(),
                            trail,
                            event_id: event.id.clone(),
                        });
                    }
                    Some(headers)
                }
            };
            for (name, event) in &delivery.keys {
                let looked = facts.keys.get(name);
                let arn = looked.map_or(name.as_str(), |looked| looked.description.arn.as_str());
                if !is_key_arn(arn) {
                    continue;
                }
                // What holds of the key alone is counted with the key.
                let ruling = match (rules::key(arn, self.expected), headers) {
                    (Ruling::Wrong(problem), _) => Ruling::Wrong(problem),
                    (_, Some(headers)) => rules::key_of_object(arn, headers),
                    (_, None) => Ruling::Silent,
                };
                if let Some(problem) = self.note_of(Rule::Key, Some(event), ruling) {
                    self.raise_key(&problem, event, Some(&object), arn, CLOUDTRAIL);
                }
            }
            if let Some(headers) = headers.filter(|headers| !rules::is_under_kms(headers)) {
                let ruling = rules::encryption(headers, true, self.expected);
                if let Some(problem) = self.note_of(Rule::Encryption, Some(event), ruling) {
                    self.raise_encryption(&problem, &object, headers);
                }
            }
        }
        waiting
    }

    fn conclude_refused(&mut self, facts: &Facts) {
        // One key may be named in several ways.
        let mut by_key: BTreeMap<String, Refused> = BTreeMap::new();
        for (name, refused) in std::mem::take(&mut self.refused) {
            let key = self.key_of_name(&name, facts).to_owned();
            match by_key.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(refused);
                }
                Entry::Occupied(mut place) => place.get_mut().add(refused),
            }
        }
        for (arn, refused) in by_key {
            let problem = Problem {
                kind: FindingKind::KmsDeliveryDenied,
                expected: format!("a data key under {arn} for CloudTrail"),
                actual: format!("{} in this log file, from {}", refused.error, refused.first),
            };
            let times = match refused.calls {
                1 => "once".to_owned(),
                calls => format!("{calls} times"),
            };
            let occurrence = self.occurrence(&refused.first);
            let finding = self
                .finding(
                    &problem,
                    refused.object.as_ref(),
                    format!(
                        "KMS refused CloudTrail a data key {times}, first in {}: log files are not being delivered.",
                        refused.first
                    ),
                )
                .about(arn.clone(), occurrence);
            self.groups.add(finding, &arn, "");
        }
    }

    /// The ARN of the key that is named so, or the name where that is not known.
    fn key_of_name<'n>(&'n self, name: &'n str, facts: &'n Facts) -> &'n str {
        if let Some(looked) = facts.keys.get(name) {
            return &looked.description.arn;
        }
        let mut configured = self.expected.key_arns.iter();
        configured
            .find(|arn| rules::same_key(name, arn))
            .map_or(name, String::as_str)
    }

    fn conclude_readings(&mut self) {
        for (principal, reading) in std::mem::take(&mut self.readings) {
            let files = match reading.objects.len() {
                0 => "an unknown number of log files (S3 Bucket Key)".to_owned(),
                1 => "1 log file".to_owned(),
                many => format!("{many} log files"),
            };
            let sources: Vec<&str> = reading.sources.iter().map(String::as_str).collect();
            let from = if sources.is_empty() {
                "an unknown address".to_owned()
            } else {
                sources.join(", ")
            };
            let time = |time: Option<Timestamp>| {
                time.map_or_else(|| "an unknown time".to_owned(), |time| time.to_string())
            };
            let (first, event, object) = &reading.first;
            let problem = Problem {
                kind: FindingKind::KmsUnlistedReader,
                expected: "one of the listed readers".to_owned(),
                actual: format!(
                    "{} from {from}: {files}, {}, first {} (event {}), last {}",
                    reading.shown,
                    match reading.calls {
                        1 => "1 call".to_owned(),
                        calls => format!("{calls} calls"),
                    },
                    time(*first),
                    event.id,
                    time(reading.last),
                ),
            };
            let finding = self
                .finding(
                    &problem,
                    object.as_ref(),
                    format!(
                        "{} read {files} from {from}, and is no listed reader.",
                        reading.shown
                    ),
                )
                .about(principal.clone(), self.occurrence(event));
            self.groups.add(finding, &principal, "");
        }
    }

    fn raise_key(
        &mut self,
        problem: &Problem,
        event: &EventReference,
        object: Option<&ObjectLocation>,
        arn: &str,
        principal: &str,
    ) {
        let finding = self.finding(
            problem,
            object,
            format!(
                "The KMS call {} (event {}) used another key than the trail or the object.",
                event.name, event.id
            ),
        );
        self.raise(finding, principal, Some(arn), event);
    }

    /// Raises that a log file is encrypted otherwise than the trail encrypts, together with the other log
    /// files of its account and Region that are encrypted in the same way.
    /// A finding, and not a question: whoever makes so many calls would else have the log file parked.
    fn raise_not_looked_at(&mut self, calls: u64) {
        let finding = Finding::new(
            FindingKind::KmsForeignContext,
            self.scope.clone(),
            self.log_file.clone(),
            format!(
                "{calls} further KMS calls name the trail or its log files under keys that are not known to be the trail's. They are too many to look at."
            ),
        )
        .with_remedy(
            "Name the trail's keys (stack parameter KmsKeyArns): each call is then judged by its key alone. To see all calls of this log file, run `trailseal kms` with its place.",
        );
        let finding = finding.about(format!("calls of {}", self.log_file), "");
        let subject = format!("calls of {}", self.log_file);
        self.groups.add(finding, &subject, "");
    }

    fn raise_encryption(
        &mut self,
        problem: &Problem,
        object: &ObjectLocation,
        headers: &Encryption,
    ) {
        let how = rules::kms_key(headers).or(headers.algorithm.as_deref());
        let subject = format!(
            "{} {}",
            object.region_folder(),
            kept(how.unwrap_or("nothing"))
        );
        let finding = self.finding(
            problem,
            Some(object),
            "The log file is not encrypted as the trail encrypts: it was written or copied by somebody else, or the trail's key was changed.".to_owned(),
        );
        let finding = finding.about(subject.clone(), object.to_string());
        self.groups.add(finding, &subject, "");
    }

    /// A finding about the encryption context of an event.
    fn mismatch(
        &self,
        problem: &Problem,
        object: Option<&ObjectLocation>,
        event: &EventReference,
    ) -> Finding {
        self.finding(
            problem,
            object,
            format!(
                "The KMS call {} (event {}) has an encryption context that does not agree with the trail.",
                event.name, event.id
            ),
        )
    }

    /// A finding about `object`; where it is about none of ours, about the log file at hand.
    fn finding(
        &self,
        problem: &Problem,
        object: Option<&ObjectLocation>,
        message: String,
    ) -> Finding {
        let scope = match object.map(|object| classify(&object.key)) {
            Some(ObjectKind::LogFile(key)) => {
                Scope::of_log_file(&key, &self.expected.places.trails)
            }
            _ => self.scope.clone(),
        };
        let object = object.unwrap_or(self.log_file).clone();
        Finding::new(problem.kind, scope, object, message)
            .with_evidence(evidence(&problem.expected), evidence(&problem.actual))
    }

    /// Raises what is wrong with a call, together with all that is wrong in the same way with the calls
    /// of the same principal under the same key about objects of the same folder.
    fn raise(
        &mut self,
        finding: Finding,
        principal: &str,
        key: Option<&str>,
        event: &EventReference,
    ) {
        let object = &finding.object;
        let folder = object.key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let key = kept(key.unwrap_or("no key"));
        let subject = format!("{principal} {key} s3://{}/{folder}/", object.bucket);
        let finding = finding.about(subject.clone(), self.occurrence(event));
        self.groups.add(finding, &subject, &event.id);
    }

    fn note(
        &mut self,
        rule: Rule,
        event: Option<&KmsEvent<'_>>,
        ruling: Ruling,
    ) -> Option<Box<Problem>> {
        let event = match (&self.explanations, event) {
            (Some(_), Some(event)) => Some(EventReference::of(event)),
            _ => None,
        };
        self.note_of(rule, event.as_ref(), ruling)
    }

    /// Counts a ruling, and gives back what is wrong.
    fn note_of(
        &mut self,
        rule: Rule,
        event: Option<&EventReference>,
        ruling: Ruling,
    ) -> Option<Box<Problem>> {
        match ruling {
            Ruling::Silent => None,
            Ruling::Valid(reason) => {
                self.count(rule, event, Verdict::Valid, || reason.to_owned());
                None
            }
            Ruling::Wrong(problem) => {
                self.count(rule, event, Verdict::Finding, || {
                    format!(
                        "{}: expected {}; found {}",
                        problem.kind, problem.expected, problem.actual
                    )
                });
                Some(problem)
            }
        }
    }

    fn count(
        &mut self,
        rule: Rule,
        event: Option<&EventReference>,
        verdict: Verdict,
        reason: impl FnOnce() -> String,
    ) {
        self.rules.entry(rule).or_default().add(verdict);
        if let Some(explanations) = &mut self.explanations
            && explanations.len() < MAX_EXPLANATIONS
        {
            explanations.push(Explanation {
                event: event.cloned(),
                rule,
                verdict,
                reason: shortened(reason()),
            });
        }
    }
}

/// Who called: CloudTrail by one name, whatever its records call it.
fn principal_of(event: &KmsEvent<'_>) -> String {
    if rules::is_cloudtrail(event) {
        CLOUDTRAIL.to_owned()
    } else {
        event.caller.principal().key()
    }
}

fn evidence(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_EVIDENCE_BYTES);
    text.get(..end).unwrap_or_default().to_owned()
}

fn shortened(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
    reason
}

/// When a log file was delivered: the event's time, unless the file's own name says a different
/// day. Whether that is after the log file with the event was `recorded`, which cannot be: "A log file
/// delivered at a specific time can contain records written at any point before that time"
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>).
/// It then counts as delivered at that time: whoever wrote the file does not choose a later one.
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
