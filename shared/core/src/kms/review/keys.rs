//! The keys that the trail's calls name: rules 3 and 4.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use super::calls::principal_of;
use super::facts::{Facts, KeyState};
use super::results::ReviewResults;
use crate::finding::kms::{self, EventReference, Evidence, FindingSubject};
use crate::finding::{Finding, Verdict};
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;
use crate::kms::key_name::is_key_arn;
use crate::kms::policy::PolicyVerdict;
use crate::kms::rules::{self, Rule, Ruling};
use crate::kms::text::kept;
use crate::names::ids::Region;
use crate::names::location::ObjectLocation;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of keys that one log file may name.
const MAX_KEYS: usize = 1_000;

/// The maximum number of keys that are known to be the trail's without being configured.
const MAX_KNOWN_KEYS: usize = 16;

struct KeyUse {
    event: EventReference,
    /// The caller.
    principal: String,
    object: Option<ObjectLocation>,
    region: Region,
}

/// The keys of a log file's events, by their names in the events.
#[derive(Default)]
pub(super) struct KeyUses {
    by_name: BTreeMap<String, Box<KeyUse>>,
    /// The keys that are the trail's according to the log file's own header and CloudTrail's calls,
    /// if none is configured.
    pub(super) known: BTreeSet<String>,
    /// The number of keys of other accounts, whose policies cannot be read from here.
    pub(super) policies_elsewhere: u64,
}

impl KeyUses {
    /// Adds the key of a call that counts for the trail.
    pub(super) fn add(
        &mut self,
        event: &KmsEvent<'_>,
        named: Option<&ContextObject<'_>>,
        results: &mut ReviewResults<'_>,
    ) {
        let Some(key) = event.key_named() else { return };
        // S3 re-encrypts what it replicates. And a foreign call counts because its key is ours:
        // whatever its name, there is nothing to find out.
        let is_ours = || event.key_arn().is_some() && !rules::key(key, results.expected).is_wrong();
        if named.is_some_and(|named| named.replica) || !(event.is_cloudtrails || is_ours()) {
            return;
        }
        if named.is_some_and(|named| named.ours && named.names_log_file())
            && self.known.len() < MAX_KNOWN_KEYS
            && !self.known.contains(key)
            && event.is_cloudtrails
        {
            self.known.insert(kept(key));
        }
        if self.by_name.contains_key(key) {
            return;
        }
        if self.by_name.len() >= MAX_KEYS {
            results.overflow = Some("keys");
            return;
        }
        let region = event.region.as_deref().map(Region::new);
        let region = region.and_then(Result::ok);
        let used = Box::new(KeyUse {
            event: EventReference::of(event),
            principal: principal_of(event),
            object: named.and_then(ContextObject::our_log_file),
            region: region.unwrap_or_else(|| results.region.clone()),
        });
        self.by_name.insert(kept(key), used);
    }

    /// Returns the keys to describe, with the Region in which to look up a bare ID. A key that is
    /// not configured does not need to be described, and perhaps may not be. The same applies to a
    /// key of an account that is not one of ours.
    pub(super) fn to_describe(&self, expected: &Expected) -> impl Iterator<Item = (&str, &Region)> {
        self.by_name
            .iter()
            .filter(|(key, _)| {
                rules::is_of_our_accounts(key, expected)
                    && (!is_key_arn(key) || !rules::key(key, expected).is_wrong())
            })
            .map(|(key, used)| (key.as_str(), &used.region))
    }

    /// Judges the keys by what KMS says about them.
    pub(super) fn conclude(&mut self, facts: &Facts, results: &mut ReviewResults<'_>) {
        let mut judged = BTreeSet::new();
        for (name, used) in std::mem::take(&mut self.by_name) {
            let state = facts.keys.get(&name);
            let arn = match state {
                Some(state) => state.description.arn.as_str(),
                None if is_key_arn(&name) => name.as_str(),
                None => {
                    results.count(Rule::Key, Some(&used.event), Verdict::CannotTell, || {
                        format!("Trailseal could not find out which key {name} is")
                    });
                    continue;
                }
            };
            let ruling = rules::key(arn, results.expected);
            if let Some(problem) = results.note_of(Rule::Key, Some(&used.event), ruling) {
                results.raise_key(
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
            match state {
                Some(state) => self.judge(state, arn, &used.event, results),
                None => results.count(
                    Rule::KeyHealth,
                    Some(&used.event),
                    Verdict::CannotTell,
                    || "KMS did not describe the key".to_owned(),
                ),
            }
        }
    }

    /// Applies rule 4.
    fn judge(
        &mut self,
        state: &KeyState,
        arn: &str,
        event: &EventReference,
        results: &mut ReviewResults<'_>,
    ) {
        let description = &state.description;
        judge_key(
            event,
            arn,
            rules::key_health(description),
            kms::unusable_key,
            results,
        );
        judge_key(
            event,
            arn,
            rules::key_material(description, results.time),
            kms::expiring_key,
            results,
        );
        match &state.policy {
            Some(PolicyVerdict::Unreadable(_)) if is_elsewhere(arn, results.expected) => {
                self.policies_elsewhere += 1;
                results.count(Rule::KeyHealth, Some(event), Verdict::Ignored, || {
                    "the policy of another account's key cannot be read from this account"
                        .to_owned()
                });
            }
            None | Some(PolicyVerdict::Unreadable(_)) => {
                results.count(Rule::KeyHealth, Some(event), Verdict::CannotTell, || {
                    "the key's policy could not be read".to_owned()
                });
            }
            Some(policy) => judge_key(
                event,
                arn,
                rules::key_policy(policy),
                kms::open_policy,
                results,
            ),
        }
    }
}

/// Records the result of rule 4 for a key. A problem with a key is one finding, regardless of who
/// uses the key.
fn judge_key<E: Evidence>(
    event: &EventReference,
    arn: &str,
    ruling: Ruling<E>,
    found: fn(FindingSubject, &E, &str) -> Finding,
    results: &mut ReviewResults<'_>,
) {
    if let Some(problem) = results.note_of(Rule::KeyHealth, Some(event), ruling) {
        let finding = found(results.subject(None), &problem, arn);
        results.groups.add(finding, arn, "");
    }
}

/// Returns whether the key with this ARN is known to belong to another account than the log
/// buckets' owner.
///
/// `GetKeyPolicy`: "Cross-account use: No. You cannot perform this operation on a KMS key in a
/// different AWS account" (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>).
/// Rule 4 is then only about the key, and not about its policy.
fn is_elsewhere(arn: &str, expected: &Expected) -> bool {
    let owner = expected.places.bucket_owner.as_ref();
    owner.is_some_and(|owner| arn.split(':').nth(4) != Some(owner.as_str()))
}
