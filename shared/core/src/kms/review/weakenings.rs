//! Calls that weaken the logging of our trails, buckets and keys.
//!
//! A trail is ours if it is configured. If none is, it is ours if its digests are beside the log
//! file that records the call. A key is ours if it is configured. If none is, it is ours if the log
//! file is encrypted under it, or CloudTrail encrypts under it. The tests are in
//! `tests/tests/kms/weakening/`.

use super::facts::{Facts, UnknownTrail};
use super::results::ReviewResults;
use crate::finding::kms::{EventReference, FindingSubject};
use crate::finding::weakening::{Undo, WeakeningCall, add_deed, logging_weakened};
use crate::finding::{FindingKind, Verdict};
use crate::format::records::Needles;
use crate::kms::event::EVENT_SOURCE;
use crate::kms::rules::Rule;
use crate::kms::text::kept;
use crate::names::object_key::LogFileKey;
use crate::names::region_folder::RegionFolder;
use crate::weakening::{
    Effect, Guarded, NAMES, Target, WatchedAction, WatchedCall, effect_of, target_of,
};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The maximum number of calls of a log file that wait until it is known whose trail or key they
/// changed.
const MAX_WAITING: usize = 100;

/// Returns the texts of which every record that is judged contains one.
#[must_use]
pub fn judged_records() -> &'static Needles {
    static NEEDLES: LazyLock<Needles> = LazyLock::new(|| {
        let mut texts = vec![EVENT_SOURCE];
        texts.extend(NAMES);
        Needles::new(&texts)
    });
    &NEEDLES
}

/// A judged call about a trail, bucket or key.
struct Judged {
    target: Target,
    action: WatchedAction,
    event: EventReference,
    verdict: JudgedEffect,
}

enum JudgedEffect {
    Weakens(Box<WeakeningCall>),
    Harmless(&'static str),
    Unclear(&'static str),
    Refused(String),
}

/// The watched calls of a log file.
pub(super) struct Weakenings {
    key: LogFileKey,
    /// The calls about trails and keys of which it is not known yet whether they are ours.
    waiting: Vec<Judged>,
    trails: BTreeSet<UnknownTrail>,
    /// The calls about our keys, which may be the reason for another finding.
    of_keys: Vec<Judged>,
}

impl Weakenings {
    pub(super) fn new(key: &LogFileKey) -> Self {
        Self {
            key: key.clone(),
            waiting: Vec::new(),
            trails: BTreeSet::new(),
            of_keys: Vec::new(),
        }
    }

    /// Returns the trails that are ours if their digests exist.
    pub(super) fn unknown_trails(&self) -> impl Iterator<Item = &UnknownTrail> {
        self.trails.iter()
    }

    /// Judges a record. `is_encrypted`: the log file is known to be under a KMS key.
    pub(super) fn review(
        &mut self,
        record: &str,
        is_encrypted: bool,
        results: &mut ReviewResults<'_>,
    ) {
        let Some(call) = WatchedCall::from_record(record) else {
            return;
        };
        let Some(target) = target_of(&call) else {
            return;
        };
        let expected = results.expected;
        let places = &expected.places;
        let guarded = Guarded {
            places,
            key_arns: &expected.key_arns,
            is_encrypted,
            retention_days: expected.retention_days,
            log_file: results.log_file,
            key: &self.key,
        };
        let is_ours = match &target {
            Target::Bucket(name) => Some(guarded.has_bucket(name)),
            Target::Trail(_) if places.trails.is_empty() => None,
            Target::Trail(arn) => Some(places.trails.contains(arn)),
            Target::Key(_) if expected.key_arns.is_empty() => None,
            Target::Key(arn) => Some(expected.key_arns.contains(arn)),
        };
        if is_ours == Some(false) {
            return;
        }
        let judged = judge(&call, target, &guarded);
        match (is_ours, &judged.target) {
            (Some(_), Target::Key(_)) if self.of_keys.len() < MAX_WAITING => {
                self.of_keys.push(judged);
            }
            (Some(_), _) => settle(judged, results),
            (None, _) if self.waiting.len() >= MAX_WAITING => {
                results.groups.leave_out(FindingKind::LoggingWeakened);
                results.count(Rule::Logging, Some(&judged.event), Verdict::CannotTell, || {
                    "the log file records too many such calls to find out whose trails and keys they change".to_owned()
                });
            }
            (None, _) => self.wait(judged, results),
        }
    }

    fn wait(&mut self, judged: Judged, results: &ReviewResults<'_>) {
        if let Some(unknown) = self.unknown(&judged.target, results) {
            self.trails.insert(unknown);
        }
        self.waiting.push(judged);
    }

    /// Returns the trail to look for beside the log file.
    fn unknown(&self, target: &Target, results: &ReviewResults<'_>) -> Option<UnknownTrail> {
        let Target::Trail(trail) = target else {
            return None;
        };
        Some(UnknownTrail {
            trail: trail.clone(),
            folder: RegionFolder {
                bucket: results.log_file.bucket.clone(),
                folder: self.key.folder.clone(),
                region: self.key.region.clone(),
            },
        })
    }

    /// Judges the calls that waited for the facts. `known`: the keys of the trail, if none is
    /// configured.
    pub(super) fn conclude(
        mut self,
        facts: &Facts,
        known: &BTreeSet<String>,
        results: &mut ReviewResults<'_>,
    ) {
        for judged in std::mem::take(&mut self.waiting) {
            match &judged.target {
                Target::Key(arn) if known.contains(arn) => self.of_keys.push(judged),
                Target::Key(_) | Target::Bucket(_) => {}
                Target::Trail(_) => {
                    let unknown = self.unknown(&judged.target, results);
                    let chains = unknown.and_then(|unknown| {
                        let chains = facts.chains.get(&unknown)?;
                        Some(chains.iter().any(|chain| chain.is_of(&unknown.trail)))
                    });
                    match chains {
                        Some(false) => {}
                        Some(true) => settle(judged, results),
                        None => results.count(
                            Rule::Logging,
                            Some(&judged.event),
                            Verdict::CannotTell,
                            || "Trailseal could not find out whether the trail delivers to this bucket".to_owned(),
                        ),
                    }
                }
            }
        }
        for judged in self.of_keys {
            settle(judged, results);
        }
    }
}

/// Records the result of the rule for a call about our trail, bucket or key.
fn settle(judged: Judged, results: &mut ReviewResults<'_>) {
    let Judged {
        target,
        action,
        event,
        verdict,
    } = judged;
    let weakening = match verdict {
        JudgedEffect::Weakens(weakening) => weakening,
        JudgedEffect::Harmless(reason) => {
            return results.count(Rule::Logging, Some(&event), Verdict::Valid, || {
                reason.to_owned()
            });
        }
        JudgedEffect::Unclear(reason) => {
            return results.count(Rule::Logging, Some(&event), Verdict::CannotTell, || {
                reason.to_owned()
            });
        }
        JudgedEffect::Refused(error) => {
            return results.count(Rule::Logging, Some(&event), Verdict::Ignored, || {
                format!("AWS refused the call: {error}")
            });
        }
    };
    results.count(Rule::Logging, Some(&event), Verdict::Finding, || {
        weakening.changes.join("; ")
    });
    let is_explained = match &target {
        Target::Key(arn) => {
            let kind = FindingKind::KmsKeyUnusable;
            results
                .groups
                .extend(kind, arn, |finding| add_deed(finding, &weakening))
        }
        _ => false,
    };
    if is_explained {
        return;
    }
    let finding = logging_weakened(subject(&target, results), &weakening, action.as_str());
    let about = finding.about.clone().unwrap_or_default();
    results.groups.add(finding, &about, &weakening.id);
}

fn subject(target: &Target, results: &ReviewResults<'_>) -> FindingSubject {
    let mut subject = results.subject(None);
    if let Target::Trail(arn) = target {
        subject.scope.trail = Some(arn.to_string());
        subject.scope.home_region = Some(arn.home_region.to_string());
    }
    subject
}

/// Judges a call, and keeps only what its finding says.
fn judge(call: &WatchedCall<'_>, target: Target, guarded: &Guarded<'_>) -> Judged {
    let event = EventReference {
        name: kept(&call.name).into(),
        id: kept(call.event_id.as_deref().unwrap_or("without an ID")),
        time: call.time,
    };
    let verdict = if let Some(error) = &call.error {
        JudgedEffect::Refused(kept(error))
    } else {
        match effect_of(call, &target, guarded) {
            Effect::Harmless(reason) => JudgedEffect::Harmless(reason),
            Effect::Unclear(reason) => JudgedEffect::Unclear(reason),
            Effect::Weakens(changes) => {
                let weakening = weakening_of(call, &target, &event, changes);
                JudgedEffect::Weakens(Box::new(weakening))
            }
        }
    };
    Judged {
        target,
        action: call.action,
        event,
        verdict,
    }
}

fn weakening_of(
    call: &WatchedCall<'_>,
    target: &Target,
    event: &EventReference,
    changes: Vec<String>,
) -> WeakeningCall {
    let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(kept);
    let caller = text(&call.caller);
    let account = || text(&call.caller_account).map(|account| format!("account {account}"));
    let via = text(&call.invoked_by);
    let caller = caller.or_else(account);
    WeakeningCall {
        call: event.clone(),
        id: text(&call.id).unwrap_or_else(|| event.id.clone()),
        target: kept(&target.to_string()),
        changes,
        via: caller.is_some().then(|| via.clone()).flatten(),
        caller: caller
            .or(via)
            .unwrap_or_else(|| "an unknown caller".to_owned()),
        source: text(&call.source),
        user_agent: text(&call.user_agent),
        account: text(&call.recipient),
        region: text(&call.region),
        undo: undo(call.action),
    }
}

fn undo(action: WatchedAction) -> Undo {
    match action {
        WatchedAction::StopLogging => Undo::StartLogging,
        WatchedAction::DeleteTrail => Undo::CreateTrail,
        WatchedAction::UpdateTrail => Undo::UpdateTrail,
        WatchedAction::PutEventSelectors => Undo::SelectEvents,
        WatchedAction::DisableKey => Undo::EnableKey,
        WatchedAction::ScheduleKeyDeletion => Undo::CancelKeyDeletion,
        WatchedAction::DeleteImportedKeyMaterial => Undo::ImportKeyMaterial,
        WatchedAction::PutKeyPolicy => Undo::KeyPolicy,
        _ => Undo::Bucket,
    }
}
