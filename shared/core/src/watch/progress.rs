//! The progress of a round over an account: what is found, what lasts, and what ended.

use super::account_memory::AccountMemory;
use super::condition::{ConditionKind, LastingCondition};
use super::lost::LostDigest;
use super::settings::WatchSettings;
use super::span::Span;
use super::totals::Totals;
use crate::finding::{Finding, Report, Scope, monitoring};
use crate::names::ids::AccountId;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::names::places::Places;
use crate::world::Cause;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

/// The time for which a folder or document that cannot be read is tried again before it is
/// reported, unless access is denied.
const TRIED_FOR: SignedDuration = SignedDuration::from_mins(90);

/// The maximum number of digests of a chain that a round reports as unverified: the newest ones. The
/// others were the newest ones in earlier rounds, unless very many are given up at the same time.
const MAX_UNVERIFIED: usize = 8;

/// The result of a round over one account.
#[derive(Debug, Default)]
pub struct AccountRound {
    /// The findings and all-clears.
    pub report: Report,
    /// The digests to send to the functions.
    pub lost: Vec<LostDigest>,
    /// What is remembered before the findings are sent: a finding whose sending is interrupted may
    /// be known to people, and needs an all-clear.
    pub before: AccountMemory,
    /// What is remembered after that.
    pub after: AccountMemory,
    /// The counts.
    pub totals: Totals,
}

/// The progress of a round over an account.
pub(super) struct RoundProgress<'a> {
    account: &'a AccountId,
    /// What the last round remembered.
    pub(super) memory: &'a AccountMemory,
    places: &'a Places,
    settings: &'a WatchSettings,
    span: Span,
    /// The chains of the account that do not have to continue.
    pub(super) ended: BTreeSet<String>,
    /// The result so far.
    pub(super) round: AccountRound,
    /// The conditions that last, by name, with the findings to send.
    open: BTreeMap<String, (LastingCondition, Finding)>,
    /// The reasons why conditions ended, by their subjects.
    over: BTreeMap<String, String>,
}

impl<'a> RoundProgress<'a> {
    /// Returns the start of a round over an account.
    pub(super) fn new(
        account: &'a AccountId,
        memory: &'a AccountMemory,
        places: &'a Places,
        settings: &'a WatchSettings,
        span: Span,
    ) -> Self {
        Self {
            account,
            memory,
            places,
            settings,
            span,
            ended: BTreeSet::new(),
            round: AccountRound {
                before: memory.clone(),
                after: memory.clone(),
                ..AccountRound::default()
            },
            open: BTreeMap::new(),
            over: BTreeMap::new(),
        }
    }

    /// Notes a condition that lasts.
    pub(super) fn open(&mut self, condition: LastingCondition, finding: Finding) {
        let name = name_of(condition.kind, &finding);
        self.open.insert(name, (condition, finding));
    }

    /// Notes why a condition about this subject ended, if there was one.
    pub(super) fn over(&mut self, subject: String, reason: String) {
        self.over.insert(subject, reason);
    }

    /// Notes that a folder or document can be read.
    pub(super) fn readable(&mut self, at: &ObjectLocation) {
        self.over(at.to_string(), "Trailseal can read it again.".to_owned());
    }

    /// Notes that a folder or document could not be read. It is reported if that lasts, or if access
    /// is denied.
    pub(super) fn not_watched(&mut self, at: &ObjectLocation, cause: &Cause) {
        self.round.totals.unread += 1;
        let now = self.span.now;
        let scope = Scope {
            account: Some(self.account.to_string()),
            ..Scope::default()
        };
        let finding = monitoring::not_watched(scope.clone(), at, now, cause);
        let known = self.memory.conditions.get(&finding.id().to_string());
        let since = known.map_or(now, |known| known.since);
        let condition = LastingCondition {
            kind: ConditionKind::NotWatched,
            object: at.clone(),
            since,
            reported: now.duration_since(since) > TRIED_FOR
                || cause.is_refusal()
                || cause.is_permanent()
                || known.is_some_and(|known| known.reported),
        };
        let finding = monitoring::not_watched(scope, at, since, cause);
        self.open(condition, finding);
    }

    /// Returns the result of the round: the conditions that last are reported, and those that ended
    /// are cleared.
    pub(super) fn conclude(mut self) -> AccountRound {
        let before = self.memory.conditions.iter();
        for (name, condition) in before.filter(|(name, _)| !self.open.contains_key(*name)) {
            let reason = match self.over.get(&condition.subject()) {
                Some(reason) => reason.clone(),
                None if !self.is_of_the_stack(condition) => {
                    "Its bucket is no longer one of the log buckets of the stack.".to_owned()
                }
                None if self.is_past(condition) => {
                    self.round.after.conditions.remove(name);
                    continue;
                }
                // It could not be found out.
                None => continue,
            };
            self.round.after.conditions.remove(name);
            let finding = condition.finding(self.account, &self.places.trails, self.span.now);
            if let Some(finding) = finding.filter(|_| condition.reported) {
                let all_clear = match condition.kind {
                    // Other digests of the chain may still be unverified.
                    ConditionKind::Unverified => finding.into_all_clear(reason),
                    // Each day of a silence is an occurrence, and all of them are over.
                    ConditionKind::Overdue | ConditionKind::NotWatched => {
                        finding.into_end_of_incident(reason)
                    }
                };
                self.round.report.all_clears.push(all_clear);
            }
        }
        let crowded_out = crowded_out(&self.open);
        let mut round = self.round;
        for (name, (mut condition, finding)) in self.open {
            if crowded_out.contains(&name) {
                let known = self.memory.conditions.get(&name);
                condition.reported = known.is_some_and(|known| known.reported);
            } else if condition.reported {
                round.report.findings.push(finding);
                let before = &mut round.before.conditions;
                before.insert(name.clone(), condition.clone());
            }
            round.after.conditions.insert(name, condition);
        }
        round
    }

    /// Returns whether the object of a condition is in a log bucket or in the evidence bucket.
    fn is_of_the_stack(&self, condition: &LastingCondition) -> bool {
        let bucket = &condition.object.bucket;
        self.places.watches(bucket) || *bucket == self.settings.evidence_bucket
    }

    /// Returns whether a condition is about a digest that is too old to be looked at.
    fn is_past(&self, condition: &LastingCondition) -> bool {
        condition.kind == ConditionKind::Unverified
            && matches!(classify(&condition.object.key), ObjectKind::Digest(key) if !self.span.holds(key.end_time))
    }
}

/// Returns the name under which a condition is remembered: the ID of its incident, and the
/// occurrence if an incident can have several at the same time.
fn name_of(kind: ConditionKind, finding: &Finding) -> String {
    let id = finding.id();
    match kind {
        ConditionKind::Unverified => format!("{id} {}", finding.short_occurrence()),
        ConditionKind::Overdue | ConditionKind::NotWatched => id.to_string(),
    }
}

/// Returns the names of the conditions about unverified digests that a round does not report,
/// because [`MAX_UNVERIFIED`] newer digests of the chain are unverified, too.
fn crowded_out(open: &BTreeMap<String, (LastingCondition, Finding)>) -> BTreeSet<String> {
    let mut by_chain: BTreeMap<String, Vec<(&str, &String)>> = BTreeMap::new();
    for (name, (condition, finding)) in open {
        if condition.kind == ConditionKind::Unverified {
            let digests = by_chain.entry(finding.id().to_string()).or_default();
            digests.push((condition.object.key.as_str(), name));
        }
    }
    let older = by_chain.into_values().flat_map(|mut digests| {
        // The times are in the keys.
        digests.sort_unstable();
        let count = digests.len().saturating_sub(MAX_UNVERIFIED);
        digests.into_iter().take(count)
    });
    older.map(|(_, name)| name.clone()).collect()
}
