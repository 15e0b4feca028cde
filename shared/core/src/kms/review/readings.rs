//! Who read log files and is no listed reader: rule 9.

use super::explanation::EventReference;
use super::results::ReviewResults;
use crate::finding::FindingKind;
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::rules::{Problem, Rule, reader};
use crate::kms::text::kept;
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The most readers that one log file may name.
const MAX_READERS: usize = 1_000;

/// The most log files that are told apart among those that were read.
const MAX_READ: usize = 200_000;

/// The most addresses that are told of a reader.
const MAX_SOURCES: usize = 3;

struct Reading {
    shown: String,
    sources: BTreeSet<String>,
    calls: u64,
    objects: HashSet<Sha256>,
    first: (Option<Timestamp>, EventReference, Option<ObjectLocation>),
    last: Option<Timestamp>,
}

/// What was read, by principal.
#[derive(Default)]
pub(super) struct Readings {
    by_principal: BTreeMap<String, Reading>,
    read: usize,
}

impl Readings {
    /// Applies rule 9 to a call that counts.
    pub(super) fn review(
        &mut self,
        event: &KmsEvent<'_>,
        named: Option<&ContextObject>,
        results: &mut ReviewResults<'_>,
    ) {
        let ruling = reader(event, named, results.expected);
        if results.note(Rule::Readers, event, ruling).is_none() {
            return;
        }
        let principal = event.caller.principal();
        let key = principal.key();
        if !self.by_principal.contains_key(&key) && self.by_principal.len() >= MAX_READERS {
            results.overflow = Some("readers");
            return;
        }
        let object = named.and_then(ContextObject::log_file);
        let reading = self.by_principal.entry(key).or_insert_with(|| Reading {
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

    /// Raises one finding a principal.
    pub(super) fn conclude(self, results: &mut ReviewResults<'_>) {
        for (principal, reading) in self.by_principal {
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
            let finding = results
                .finding(
                    &problem,
                    object.as_ref(),
                    format!(
                        "{} read {files} from {from}, and is no listed reader.",
                        reading.shown
                    ),
                )
                .about(principal.clone(), results.occurrence(event));
            results.groups.add(finding, &principal, "");
        }
    }
}
