//! When one bucket policy is another one than it was.

use super::setting::Setting;
use crate::names::sha256::Sha256;
use crate::world::Policy;
use serde_json::Value;
use std::collections::BTreeSet;

/// The maximum length in bytes of a bucket policy that is compared statement by statement: "Bucket
/// policies are limited to 20 KB in size".
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
const MAX_POLICY_BYTES: usize = 20 * 1024;

impl Policy {
    /// Returns the statements in one form. A policy that cannot be read counts as one statement.
    fn statements(&self) -> BTreeSet<String> {
        if self.json.is_empty() {
            return BTreeSet::new();
        }
        let policy = (self.json.len() <= MAX_POLICY_BYTES)
            .then(|| serde_json::from_str::<Value>(&self.json).ok())
            .flatten();
        let statements = policy.and_then(|mut policy| Some(policy.get_mut("Statement")?.take()));
        match statements {
            Some(Value::Array(statements)) => statements.into_iter().map(one_form).collect(),
            Some(statement) => BTreeSet::from([one_form(statement)]),
            None => BTreeSet::from([self.json.clone()]),
        }
    }
}

/// Returns a statement as JSON with sorted names and lists. The order of a list says nothing, and S3
/// does not always return principals in the order in which they were written. A list of one value is
/// the value.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
fn one_form(statement: Value) -> String {
    sorted(statement).to_string()
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(sorted).collect();
            values.sort_by_cached_key(Value::to_string);
            match (values.pop(), values.is_empty()) {
                (Some(only), true) => only,
                (last, _) => Value::Array(values.into_iter().chain(last).collect()),
            }
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(name, value)| (name, sorted(value))).collect())
        }
        other => other,
    }
}

impl Setting for Policy {
    const NAME: &'static str = "bucket policy";

    /// Whether a policy allows more than another is not decided here: any change counts.
    fn is_weaker_than(&self, was: &Self, _: &[&str]) -> bool {
        self.statements() != was.statements()
    }

    fn difference(&self, was: &Self) -> (String, String) {
        let (old, new) = (was.statements(), self.statements());
        let text = |these: &BTreeSet<String>, others: &BTreeSet<String>| {
            let all: Vec<&str> = these.iter().map(String::as_str).collect();
            let hash = Sha256::of(all.join(", ").as_bytes());
            let only: Vec<&str> = these.difference(others).map(String::as_str).collect();
            if only.is_empty() {
                format!("policy with statements of SHA-256 {hash}")
            } else {
                let only = only.join(", ");
                format!("policy with statements of SHA-256 {hash}; only it has: {only}")
            }
        };
        (text(&old, &new), text(&new, &old))
    }
}
