//! The findings of one log file, grouped before they are stored.
//!
//! A log file has thousands of records, and anybody who may call KMS decides what they contain.
//! Therefore the memory grows with the subjects of the findings, not with the records, and is
//! limited for each kind: many findings of one kind take no room from another kind.
//!
//! The tests are in `tests/tests/kms/grouped.rs`.

use crate::finding::kms::{FindingSubject, findings_left_out, with_similar};
use crate::finding::{Finding, FindingKind};
use crate::kms::text::kept;
use crate::names::sha256::Sha256;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The maximum number of groups of one kind.
const MAX_OF_A_KIND: usize = 50;

/// The maximum number of groups of a log file.
const MAX_GROUPS: usize = 300;

/// The maximum number of sightings that are distinguished.
const MAX_SIGHTINGS: usize = 10_000;

/// The maximum number of objects that a group names besides that of its example.
const MAX_OBJECTS: usize = 5;

/// The findings of a log file.
#[derive(Default)]
pub(super) struct FindingGroups {
    all: Vec<Group>,
    /// The position of a subject's group in the list.
    by_subject: HashMap<Sha256, usize>,
    of_a_kind: BTreeMap<FindingKind, usize>,
    sightings: HashSet<Sha256>,
    left_out: BTreeMap<FindingKind, u64>,
}

/// An example, and the findings like it.
struct Group {
    example: Finding,
    more: u64,
    objects: Vec<String>,
}

impl FindingGroups {
    /// Adds a finding that the KMS event `event` shows to the group of its kind and `subject`. The
    /// same finding of the same event counts once.
    pub(super) fn add(&mut self, finding: Finding, subject: &str, event: &str) {
        let kind = finding.kind;
        let object = finding.object.to_string();
        let sighting = Sha256::of_parts(&[kind.as_str(), subject, &object, event]);
        if self.sightings.contains(&sighting) {
            return;
        }
        if self.sightings.len() < MAX_SIGHTINGS {
            self.sightings.insert(sighting);
        }
        let subject = Sha256::of_parts(&[kind.as_str(), subject]);
        let place = self.by_subject.get(&subject);
        if let Some(group) = place.and_then(|place| self.all.get_mut(*place)) {
            group.add(&object);
            return;
        }
        let of_this_kind = self.of_a_kind.entry(kind).or_default();
        if *of_this_kind >= MAX_OF_A_KIND || self.all.len() >= MAX_GROUPS {
            self.leave_out(kind);
            return;
        }
        *of_this_kind += 1;
        self.by_subject.insert(subject, self.all.len());
        self.all.push(Group {
            example: finding,
            more: 0,
            objects: Vec::new(),
        });
    }

    /// Applies `add` to the finding of a kind about a subject. Returns whether there is one.
    pub(super) fn extend(
        &mut self,
        kind: FindingKind,
        subject: &str,
        add: impl FnOnce(&mut Finding),
    ) -> bool {
        let subject = Sha256::of_parts(&[kind.as_str(), subject]);
        let place = self.by_subject.get(&subject);
        let group = place.and_then(|place| self.all.get_mut(*place));
        let is_found = group.is_some();
        if let Some(group) = group {
            add(&mut group.example);
        }
        is_found
    }

    /// Counts a finding that is not listed.
    pub(super) fn leave_out(&mut self, kind: FindingKind) {
        let left_out = self.left_out.entry(kind).or_default();
        *left_out = left_out.saturating_add(1);
    }

    /// Returns one finding for each group, and one for each kind that has findings left out.
    pub(super) fn into_findings(self, log_file: &FindingSubject) -> Vec<Finding> {
        let left_out = self
            .left_out
            .into_iter()
            .map(|(kind, findings)| findings_left_out(kind, log_file.clone(), findings));
        let groups = self
            .all
            .into_iter()
            .map(|group| with_similar(group.example, group.more, &group.objects));
        groups.chain(left_out).collect()
    }
}

impl Group {
    fn add(&mut self, object: &str) {
        self.more = self.more.saturating_add(1);
        if self.objects.len() < MAX_OBJECTS
            && self.example.object.to_string() != object
            && !self.objects.iter().any(|known| *known == kept(object))
        {
            self.objects.push(kept(object));
        }
    }
}
