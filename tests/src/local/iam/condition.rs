//! The conditions of a statement.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::policy::{is_like, one_or_several};

/// The values of a request's condition keys. The names are in lower case: they do not depend on case.
pub type Keys = BTreeMap<String, String>;

/// All conditions of a statement. Each must hold.
#[derive(Debug)]
pub struct Conditions(Vec<Condition>);

#[derive(Debug)]
struct Condition {
    operator: Operator,
    key: String,
    /// One of them must match.
    values: Vec<String>,
}

/// The operators that the policies of the templates use.
#[derive(Clone, Copy, Debug)]
enum Operator {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    NumericLessThanEquals,
    Null,
}

impl Conditions {
    /// Reads conditions. Refuses an operator that it does not evaluate.
    pub fn read(conditions: &Value) -> Result<Self> {
        let mut read = Vec::new();
        for (operator, keys) in conditions.as_object().into_iter().flatten() {
            let operator = match operator.as_str() {
                "StringEquals" => Operator::StringEquals,
                "StringEqualsIgnoreCase" => Operator::StringEqualsIgnoreCase,
                "StringLike" => Operator::StringLike,
                "NumericLessThanEquals" => Operator::NumericLessThanEquals,
                "Null" => Operator::Null,
                other => bail!("the operator {other} is not evaluated"),
            };
            for (key, values) in keys.as_object().context("a condition names its keys")? {
                let values = one_or_several(values).into_iter().map(|value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                read.push(Condition {
                    operator,
                    key: key.to_ascii_lowercase(),
                    values: values.collect(),
                });
            }
        }
        Ok(Self(read))
    }

    /// Returns whether all hold for a request.
    pub fn hold(&self, keys: &Keys) -> bool {
        self.0.iter().all(|condition| condition.holds(keys))
    }
}

impl Condition {
    /// A key that the request does not have matches no value.
    fn holds(&self, keys: &Keys) -> bool {
        let actual = keys.get(&self.key);
        self.values
            .iter()
            .any(|wanted| match (self.operator, actual) {
                (Operator::Null, actual) => wanted.parse() == Ok(actual.is_none()),
                (_, None) => false,
                (Operator::StringEquals, Some(actual)) => wanted == actual,
                (Operator::StringEqualsIgnoreCase, Some(actual)) => {
                    wanted.eq_ignore_ascii_case(actual)
                }
                (Operator::StringLike, Some(actual)) => is_like(wanted, actual),
                (Operator::NumericLessThanEquals, Some(actual)) => {
                    match (actual.parse::<f64>(), wanted.parse::<f64>()) {
                        (Ok(actual), Ok(wanted)) => actual <= wanted,
                        _ => false,
                    }
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(conditions: &Value, keys: &[(&str, &str)]) -> bool {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let keys = keys.iter().map(owned).collect();
        Conditions::read(conditions).unwrap().hold(&keys)
    }

    #[test]
    fn operators_compare_as_in_iam() {
        for (conditions, value, expected) in [
            (json!({"StringEquals": {"k": ["a", "b"]}}), Some("b"), true),
            (json!({"StringEquals": {"k": "a"}}), Some("A"), false),
            (json!({"StringEquals": {"k": "a*"}}), Some("ab"), false),
            (json!({"StringEquals": {"k": "a"}}), None, false),
            (
                json!({"StringEqualsIgnoreCase": {"K": "Governance"}}),
                Some("GOVERNANCE"),
                true,
            ),
            (
                json!({"StringLike": {"k": "s3.*"}}),
                Some("s3.us-east-1.amazonaws.com"),
                true,
            ),
            (
                json!({"StringLike": {"k": "s3.*"}}),
                Some("sns.us-east-1.amazonaws.com"),
                false,
            ),
            (json!({"StringLike": {"k": "*"}}), None, false),
            (
                json!({"NumericLessThanEquals": {"k": "30"}}),
                Some("30"),
                true,
            ),
            (
                json!({"NumericLessThanEquals": {"k": 30}}),
                Some("31"),
                false,
            ),
            (
                json!({"NumericLessThanEquals": {"k": 30}}),
                Some("x"),
                false,
            ),
            (json!({"Null": {"k": "false"}}), Some("*"), true),
            (json!({"Null": {"k": "false"}}), None, false),
            (json!({"Null": {"k": true}}), None, true),
            (json!(null), None, true),
        ] {
            let keys: Vec<(&str, &str)> = value.map(|value| ("k", value)).into_iter().collect();
            assert_eq!(
                holds(&conditions, &keys),
                expected,
                "{conditions} {value:?}"
            );
        }
    }

    #[test]
    fn every_key_must_match() {
        let both = json!({"StringEquals": {"a": "1", "b": "2"}});
        assert!(holds(&both, &[("a", "1"), ("b", "2")]));
        assert!(!holds(&both, &[("a", "1"), ("b", "3")]));
    }
}
