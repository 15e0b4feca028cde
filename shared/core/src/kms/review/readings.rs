//! The readers of log files that are not listed: rule 9.
//!
//! The tests are in `tests/tests/kms/reading.rs`.

use super::results::ReviewResults;
use crate::finding::kms::{self, EventReference, UnlistedReads};
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::rules::{Rule, reader};
use crate::kms::text::kept;
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The maximum number of readers that one log file may name.
const MAX_READERS: usize = 1_000;

/// The maximum number of log files that are distinguished among those that were read.
const MAX_READ: usize = 200_000;

/// The maximum number of addresses that are reported for a reader.
const MAX_SOURCES: usize = 3;

struct Reading {
    shown: String,
    sources: BTreeSet<String>,
    calls: u64,
    objects: HashSet<Sha256>,
    first: EventReference,
    /// The object that the first call read.
    object: Option<ObjectLocation>,
    last: Option<Timestamp>,
}

/// The reads, by principal.
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
        named: Option<&ContextObject<'_>>,
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
            first: EventReference::of(event),
            object: object.clone(),
            last: event.time,
        });
        reading.calls += 1;
        reading.last = reading.last.max(event.time);
        let is_earlier = event
            .time
            .is_some_and(|time| reading.first.time.is_none_or(|first| time < first));
        if is_earlier {
            reading.first = EventReference::of(event);
            reading.object.clone_from(&object);
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

    /// Raises one finding for each principal.
    pub(super) fn conclude(self, results: &mut ReviewResults<'_>) {
        for (principal, reading) in self.by_principal {
            let subject = results.subject(reading.object.as_ref());
            let occurrence = results.occurrence(&reading.first);
            let reads = UnlistedReads {
                reader: reading.shown,
                sources: reading.sources,
                calls: reading.calls,
                files: reading.objects.len(),
                first: reading.first,
                last: reading.last,
            };
            let finding =
                kms::unlisted_reader(subject, &reads).about(principal.clone(), occurrence);
            results.groups.add(finding, &principal, "");
        }
    }
}
