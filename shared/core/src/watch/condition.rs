//! Conditions that last: one opens with a finding, and ends with an all-clear.

use crate::finding::chain::{self, Silence};
use crate::finding::digest::DigestSubject;
use crate::finding::monitoring::{self, Unverified};
use crate::finding::{DigestReference, Finding, Scope};
use crate::names::ids::{AccountId, TrailArn};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, ObjectKind, classify};
use crate::world::Cause;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The kind of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionKind {
    /// A chain is overdue. The object is its newest digest.
    Overdue,
    /// A digest remains unverified. The object is the digest.
    Unverified,
    /// A folder of the log bucket, or a document of the evidence bucket, cannot be read. The object
    /// is the folder or the document.
    NotWatched,
}

/// A condition that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastingCondition {
    /// The kind.
    pub kind: ConditionKind,
    /// The object.
    pub object: ObjectLocation,
    /// The time since which it is known.
    pub since: Timestamp,
    /// Indicates whether a finding may have been sent. A folder that cannot be read once is tried
    /// again first.
    pub reported: bool,
}

impl LastingCondition {
    /// Returns the subject by which a round knows whether the condition lasts: the chain of an
    /// overdue digest, otherwise the object.
    #[must_use]
    pub fn subject(&self) -> String {
        match (self.kind, self.digest()) {
            (ConditionKind::Overdue, Some(key)) => key.chain.place_in(&self.object.bucket),
            _ => self.object.to_string(),
        }
    }

    fn digest(&self) -> Option<DigestKey> {
        match classify(&self.object.key) {
            ObjectKind::Digest(key) => Some(key),
            _ => None,
        }
    }

    /// Returns a finding with the ID of those that reported the condition, for its all-clear. `None`
    /// if the object is not what such a condition is about.
    #[must_use]
    pub fn finding(
        &self,
        account: &AccountId,
        trails: &[TrailArn],
        now: Timestamp,
    ) -> Option<Finding> {
        let at = &self.object;
        if self.kind == ConditionKind::NotWatched {
            let scope = Scope {
                account: Some(account.to_string()),
                ..Scope::default()
            };
            // An all-clear does not name the cause.
            let cause = Cause::Interrupted;
            return Some(monitoring::not_watched(scope, at, self.since, &cause));
        }
        let key = self.digest()?;
        let scope = Scope::of_chain(&key.chain, trails);
        if self.kind == ConditionKind::Unverified {
            let unverified = Unverified {
                at,
                key: &key,
                functions: "",
                times: 0,
            };
            return Some(monitoring::stays_unverified(scope, &unverified));
        }
        let subject = DigestSubject {
            scope,
            at,
            shown_by: DigestReference::by_key(at, Some(&key)),
        };
        let silence = Silence {
            place: key.chain.place_in(&at.bucket),
            since: self.since,
            until: now,
            reasons: &[],
        };
        Some(chain::silent(subject, &silence))
    }
}
