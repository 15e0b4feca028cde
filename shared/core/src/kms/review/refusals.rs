//! The keys for which KMS refused CloudTrail: rule 6.
//!
//! The tests are in `tests/tests/kms/writing.rs`.

use super::facts::Facts;
use super::results::ReviewResults;
use crate::finding::kms::{self, EventReference, RefusedKey};
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::key_name::{is_key_arn, same_key};
use crate::kms::text::kept;
use crate::names::location::ObjectLocation;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The maximum number of keys that one log file may name.
const MAX_KEYS: usize = 1_000;

struct Refusal {
    first: EventReference,
    calls: u64,
    object: Option<ObjectLocation>,
    /// The answer of KMS to the first call.
    answer: String,
}

impl Refusal {
    /// Adds the refusals under another name of the same key.
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

/// The refusals, by the name of the key in the calls.
#[derive(Default)]
pub(super) struct Refusals {
    by_name: BTreeMap<String, Refusal>,
}

impl Refusals {
    /// Adds a CloudTrail call that KMS refused.
    pub(super) fn add(
        &mut self,
        event: &KmsEvent<'_>,
        named: Option<&ContextObject<'_>>,
        answer: &str,
        results: &mut ReviewResults<'_>,
    ) {
        let key = kept(event.key_named().unwrap_or("a key that is not named"));
        if !self.by_name.contains_key(&key) && self.by_name.len() >= MAX_KEYS {
            results.overflow = Some("refused keys");
            return;
        }
        let refused = self.by_name.entry(key).or_insert_with(|| Refusal {
            first: EventReference::of(event),
            calls: 0,
            object: named.and_then(ContextObject::our_log_file),
            answer: kept(answer),
        });
        refused.calls += 1;
    }

    /// Returns the names of refusing keys that are not ARNs, to find out which keys they are.
    pub(super) fn to_resolve(&self) -> impl Iterator<Item = &str> {
        self.by_name
            .keys()
            .map(String::as_str)
            .filter(|key| !is_key_arn(key))
    }

    /// Raises one finding for each key.
    pub(super) fn conclude(self, facts: &Facts, results: &mut ReviewResults<'_>) {
        // One key may have several names.
        let mut by_key: BTreeMap<String, Refusal> = BTreeMap::new();
        for (name, refused) in self.by_name {
            let key = key_of_name(&name, facts, &results.expected.key_arns).to_owned();
            match by_key.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(refused);
                }
                Entry::Occupied(mut place) => place.get_mut().add(refused),
            }
        }
        for (arn, refused) in by_key {
            let subject = results.subject(refused.object.as_ref());
            let occurrence = results.occurrence(&refused.first);
            let evidence = RefusedKey {
                key: arn.clone(),
                calls: refused.calls,
                first: refused.first,
                answer: refused.answer,
            };
            let finding = kms::refused_key(subject, &evidence).about(arn.clone(), occurrence);
            results.groups.add(finding, &arn, "");
        }
    }
}

/// Returns the ARN of the key with this name, or the name if the ARN is unknown.
fn key_of_name<'n>(name: &'n str, facts: &'n Facts, configured: &'n [String]) -> &'n str {
    if let Some(state) = facts.keys.get(name) {
        return &state.description.arn;
    }
    let mut configured = configured.iter();
    configured
        .find(|arn| same_key(name, arn))
        .map_or(name, String::as_str)
}
