//! A policy, and what it says about a request.

use super::request::AccessRequest;
use super::statement::{self, Holder};
use super::truth::Truth;
use serde_json::Value;
use trailseal::format::policy::statements_of;

/// What a policy says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// Whether a statement allows it.
    pub(crate) allowed: Truth,
    /// Whether a statement denies it, no matter what allows it.
    pub(crate) denied: Truth,
    /// The names of the statements that deny it, or may.
    pub(crate) deniers: Vec<String>,
}

/// A policy whose statements can be read.
#[derive(Debug, Clone)]
pub(crate) struct AccessPolicy {
    statements: Vec<Value>,
    holder: Holder,
}

impl AccessPolicy {
    /// Reads the policy of a resource, such as a key, a bucket or a queue. An empty text has no
    /// statements.
    ///
    /// # Errors
    /// What is wrong with the policy.
    pub(crate) fn of_resource(json: &str) -> Result<Self, String> {
        Self::read(json, Holder::Resource)
    }

    /// Reads the policy of an identity, such as a role.
    ///
    /// # Errors
    /// What is wrong with the policy.
    pub(crate) fn of_identity(json: &str) -> Result<Self, String> {
        Self::read(json, Holder::Identity)
    }

    fn read(json: &str, holder: Holder) -> Result<Self, String> {
        let statements = if json.is_empty() {
            Vec::new()
        } else {
            let policy = serde_json::from_str(json)
                .map_err(|error| format!("the policy is not JSON: {error}"))?;
            statements_of(policy).map_err(|error| format!("the policy cannot be read: {error}"))?
        };
        Ok(Self { statements, holder })
    }

    /// Returns what the policy says about a request.
    pub(crate) fn ruling(&self, request: &AccessRequest) -> Ruling {
        let of = |effect: &'static str| {
            self.statements
                .iter()
                .enumerate()
                .filter(move |(_, it)| it.get("Effect").and_then(Value::as_str) == Some(effect))
                .map(|(place, it)| (place, it, statement::applies(it, self.holder, request)))
        };
        let deniers = of("Deny")
            .filter(|(_, _, applies)| *applies != Truth::No)
            .map(|(place, it, _)| statement::name(place, it));
        Ruling {
            allowed: Truth::any(of("Allow").map(|(_, _, applies)| applies)),
            denied: Truth::any(of("Deny").map(|(_, _, applies)| applies)),
            deniers: deniers.collect(),
        }
    }

    /// Returns a name for a new statement: the wanted one, or the first free one with a number.
    pub(crate) fn free_sid(&self, wanted: &str) -> String {
        let taken = |sid: &str| {
            let mut sids = self.statements.iter().map(|it| it.get("Sid"));
            sids.any(|it| it.and_then(Value::as_str) == Some(sid))
        };
        let others = (2..=self.statements.len().saturating_add(2)).map(|n| format!("{wanted}{n}"));
        let mut all = std::iter::once(wanted.to_owned()).chain(others);
        all.find(|sid| !taken(sid)).unwrap_or_default()
    }
}
