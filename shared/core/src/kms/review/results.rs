//! The results of the rules for one log file, as they are collected: counts, findings and
//! explanations.
//!
//! The tests are in `tests/tests/kms/`.

use super::explanation::Explanation;
use super::groups::FindingGroups;
use crate::finding::kms::{
    self, ChangedEncryption, EventReference, Evidence, FindingSubject, KeyMismatch,
};
use crate::finding::{Counts, Finding, Obstacle, Scope, Verdict};
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;
use crate::kms::rules::{Rule, Ruling};
use crate::kms::text::kept;
use crate::names::ids::Region;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{LogFileKey, ObjectKind, classify};
use crate::names::text::clip_bytes;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The maximum number of verdicts that are explained.
const MAX_EXPLANATIONS: usize = 20_000;

/// The maximum size in bytes of a rule's explanation for an event.
const MAX_REASON_BYTES: usize = 4096;

/// The results of the rules for a log file so far, and what the rules need to know about it.
pub(super) struct ReviewResults<'x> {
    pub(super) expected: &'x Expected,
    pub(super) log_file: &'x ObjectLocation,
    /// The time when the log file was delivered, which is the time of its findings.
    pub(super) time: Timestamp,
    /// The Region of the log file.
    pub(super) region: Region,
    pub(super) scope: Scope,
    pub(super) rules: BTreeMap<Rule, Counts>,
    pub(super) groups: FindingGroups,
    pub(super) obstacles: Vec<Obstacle>,
    pub(super) explanations: Option<Vec<Explanation>>,
    /// The name of the items that exceeded a limit.
    pub(super) overflow: Option<&'static str>,
}

impl<'x> ReviewResults<'x> {
    pub(super) fn new(
        expected: &'x Expected,
        log_file: &'x ObjectLocation,
        key: &LogFileKey,
    ) -> Self {
        Self {
            expected,
            log_file,
            time: key.time,
            region: key.region.clone(),
            scope: Scope::of_log_file(key, &expected.places.trails),
            rules: BTreeMap::new(),
            groups: FindingGroups::default(),
            obstacles: Vec::new(),
            explanations: None,
            overflow: None,
        }
    }

    /// Counts a rule's result for an event, and returns the problem.
    pub(super) fn note<E: Evidence>(
        &mut self,
        rule: Rule,
        event: &KmsEvent<'_>,
        ruling: Ruling<E>,
    ) -> Option<E> {
        let event = self
            .explanations
            .is_some()
            .then(|| EventReference::of(event));
        self.note_of(rule, event.as_ref(), ruling)
    }

    /// Counts a ruling, and returns the problem.
    pub(super) fn note_of<E: Evidence>(
        &mut self,
        rule: Rule,
        event: Option<&EventReference>,
        ruling: Ruling<E>,
    ) -> Option<E> {
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
                        problem.kind(),
                        problem.expected(),
                        problem.actual()
                    )
                });
                Some(problem)
            }
        }
    }

    pub(super) fn count(
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
                reason: clip_bytes(&reason(), MAX_REASON_BYTES).to_owned(),
            });
        }
    }

    /// Returns what distinguishes an event in this log file from the same event in others.
    pub(super) fn occurrence(&self, event: &EventReference) -> String {
        format!("{} {}", self.log_file, event.id)
    }

    /// Returns the subject of a finding about `object`. If there is no such object of ours, it is
    /// the current log file.
    pub(super) fn subject(&self, object: Option<&ObjectLocation>) -> FindingSubject {
        let scope = match object.map(|object| classify(&object.key)) {
            Some(ObjectKind::LogFile(key)) => {
                Scope::of_log_file(&key, &self.expected.places.trails)
            }
            _ => self.scope.clone(),
        };
        FindingSubject {
            scope,
            object: object.unwrap_or(self.log_file).clone(),
        }
    }

    /// Raises the problem of a call, together with all problems of the same kind in calls of the
    /// same principal under the same key about objects of the same folder.
    pub(super) fn raise(
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

    /// Raises the finding that a call used another key than the trail or the object.
    pub(super) fn raise_key(
        &mut self,
        mismatch: &KeyMismatch,
        event: &EventReference,
        object: Option<&ObjectLocation>,
        arn: &str,
        principal: &str,
    ) {
        let finding = kms::key_mismatch(self.subject(object), mismatch, event);
        self.raise(finding, principal, Some(arn), event);
    }

    /// Raises the finding that a log file is not encrypted the way the trail encrypts, together
    /// with the other log files of its account and Region that are encrypted like that.
    pub(super) fn raise_encryption(
        &mut self,
        changed: &ChangedEncryption,
        object: &ObjectLocation,
    ) {
        let found = &changed.found;
        let how = found.kms_key().or(found.algorithm.as_deref());
        let subject = format!(
            "{} {}",
            object.region_folder(),
            kept(how.unwrap_or("nothing"))
        );
        let finding = kms::changed_encryption(self.subject(Some(object)), changed)
            .about(subject.clone(), object.to_string());
        self.groups.add(finding, &subject, "");
    }
}
