//! A second look at objects about which something was found: which incidents end, because a check
//! has just found their objects right.
//!
//! `watchdog` sends a digest to the functions with the IDs of open incidents. A message can be
//! forged, so an ID by itself proves nothing: a function ends only the incidents of the objects that
//! it has verified itself, whose IDs it computes.
//!
//! The tests are in `tests/tests/watch/second_look.rs`.

use super::digest::{DigestVerifier, ValidatedDigest};
use super::log_file::Progress;
use crate::finding::digest::DigestSubject;
use crate::finding::log_file::LogFileSubject;
use crate::finding::{DigestReference, Finding, FindingKind, Report, Scope, second_look};
use crate::names::event_object::{EventObject, occurrence_of};
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, ObjectKind, classify};
use crate::trust::chain;
use crate::world::{ListPublicKeys, ReadObject};
use std::collections::BTreeSet;

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Returns the all-clears of the log files that were verified, as `looked_at` asks for them.
    #[must_use]
    pub fn log_files_right_again(
        &self,
        looked_at: &EventObject,
        progress: &Progress,
    ) -> Vec<Finding> {
        let at = &looked_at.object;
        let (ObjectKind::Digest(key), Some(digest), Some(tally)) =
            (classify(&at.key), &progress.digest, &progress.log_files)
        else {
            return Vec::new();
        };
        let asked = Asked::of(looked_at, &progress.report);
        let scope = self.scope(&key);
        let listed_in = DigestReference::of(at, digest.digest());
        let files = digest.digest().log_files.iter();
        let verified = files.take(tally.until).skip(tally.from);
        let all_clears = verified.flat_map(|file| {
            let at = self.actual(&file.location, &at.bucket);
            second_look::of_log_file(LogFileSubject {
                scope: &scope,
                at: &at,
                hash: file.hash,
                listed_in: &listed_in,
            })
        });
        asked.ending(all_clears)
    }

    /// Returns the all-clears of a digest that was validated, and of its predecessor, as `looked_at`
    /// asks for them.
    #[must_use]
    pub fn digests_right_again(
        &self,
        looked_at: &EventObject,
        validated: &ValidatedDigest,
    ) -> Vec<Finding> {
        let at = &looked_at.object;
        let (ObjectKind::Digest(key), Some(digest)) = (classify(&at.key), &validated.authentic)
        else {
            return Vec::new();
        };
        let asked = Asked::of(looked_at, &validated.report);
        let subject = DigestSubject {
            scope: self.scope(&key),
            at,
            shown_by: DigestReference::of(at, digest.digest()),
        };
        let mut all_clears = second_look::of_digest(&subject);
        if let Some(named) = &digest.digest().predecessor
            && chain::predecessor_key(&key, named).is_some()
        {
            let bucket = self.places.actual_of(&named.location.bucket, &at.bucket);
            let before = ObjectLocation::new(bucket, named.location.key.clone());
            all_clears.extend(second_look::of_predecessor(&DigestSubject {
                at: &before,
                ..subject.clone()
            }));
        }
        all_clears.extend(self.expected_now(&key, subject));
        asked.ending(all_clears.into_iter())
    }

    /// Returns the all-clears of a second look at an object that is not there. Only a copy in the
    /// wrong place is right when it is gone.
    #[must_use]
    pub fn gone_at_second_look(&self, looked_at: &EventObject) -> Vec<Finding> {
        let at = &looked_at.object;
        let ObjectKind::Digest(key) = classify(&at.key) else {
            return Vec::new();
        };
        let report = Report::new();
        let asked = Asked::of(looked_at, &report);
        let removed = second_look::of_removed_copy(self.scope(&key), at);
        asked.ending(std::iter::once(removed))
    }

    /// Returns the all-clear of a chain that belongs to an expected trail.
    fn expected_now(&self, key: &DigestKey, subject: DigestSubject<'_>) -> Option<Finding> {
        let trails = &self.places.trails;
        let is_expected = trails.is_empty() || trails.iter().any(|trail| key.chain.is_of(trail));
        let bucket = self.places.original_of(&subject.at.bucket);
        is_expected.then(|| second_look::of_trail(subject, key.chain.place_in(bucket)))
    }
}

/// Returns the all-clears of an object that was unreadable, if the check has read it now, and of what
/// the check looked at besides: for each reason for which it may have been unreadable. Nothing is said
/// about an object about which the check found something.
#[must_use]
pub fn readable_again(at: &ObjectLocation, report: &Report, trails: &[TrailArn]) -> Vec<Finding> {
    let is_read = report.checked && report.obstacles.is_empty();
    if !is_read || report.findings.iter().any(|found| found.object == *at) {
        return Vec::new();
    }
    let scope = match classify(&at.key) {
        ObjectKind::Digest(key) => Scope::of_chain(&key.chain, trails),
        ObjectKind::LogFile(key) => Scope::of_log_file(&key, trails),
        _ => return Vec::new(),
    };
    let itself = at.to_string();
    let subjects = std::iter::once(&itself).chain(&report.looked_at);
    let all_clears = subjects.flat_map(|subject| second_look::of_readable(&scope, at, subject));
    all_clears.collect()
}

/// The kinds that name a digest which is what CloudTrail signed.
const ABOUT_THE_CHAIN: [FindingKind; 5] = [
    FindingKind::ChainGap,
    FindingKind::ChainRestarted,
    FindingKind::ChainStarted,
    FindingKind::DigestKeyOutOfPeriod,
    FindingKind::DigestTrailUnexpected,
];

/// The incidents that a second look is about, and what the check found now.
struct Asked<'a> {
    incidents: BTreeSet<&'a str>,
    /// What is wrong with these is found again.
    wrong: BTreeSet<&'a ObjectLocation>,
}

impl<'a> Asked<'a> {
    fn of(looked_at: &'a EventObject, report: &'a Report) -> Self {
        let incidents = looked_at.incidents.iter().map(String::as_str);
        // The check is tried again as a whole if one object could not be read.
        let is_complete = report.obstacles.is_empty();
        let wrong = report
            .findings
            .iter()
            .filter(|found| !ABOUT_THE_CHAIN.contains(&found.kind));
        Self {
            incidents: incidents.filter(|_| is_complete).collect(),
            wrong: wrong.map(|found| &found.object).collect(),
        }
    }

    /// Returns the all-clears that end one of the incidents, or an occurrence of one.
    fn ending(&self, all_clears: impl Iterator<Item = Finding>) -> Vec<Finding> {
        if self.incidents.is_empty() {
            return Vec::new();
        }
        let is_right = |all_clear: &Finding| !self.wrong.contains(&all_clear.object);
        all_clears
            .filter(is_right)
            .filter(|it| self.incidents.contains(asked_for(it).as_str()))
            .collect()
    }
}

/// Returns how a message asks for an all-clear: by the ID of the incident, and by the occurrence if
/// other objects have occurrences in it.
fn asked_for(all_clear: &Finding) -> String {
    let id = all_clear.id().to_string();
    if all_clear.ends_incident {
        id
    } else {
        occurrence_of(&id, &all_clear.short_occurrence())
    }
}
