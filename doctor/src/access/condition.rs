//! The conditions of a statement.
//!
//! Rules: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::request::{AccessRequest, KnownKey};
use super::truth::Truth;
use serde_json::Value;
use trailseal::names::wildcard::wildcard_matches;

/// Returns whether all conditions of a statement are true for a request.
pub(super) fn hold(statement: &Value, request: &AccessRequest) -> Truth {
    let Some(condition) = statement.get("Condition") else {
        return Truth::Yes;
    };
    let Some(operators) = condition.as_object() else {
        return Truth::Unknown;
    };
    operators
        .iter()
        .flat_map(|(operator, keys)| match keys.as_object() {
            Some(keys) => keys
                .iter()
                .map(|(key, values)| holds(operator, key, values, request))
                .collect(),
            None => vec![Truth::Unknown],
        })
        .fold(Truth::Yes, Truth::and)
}

fn holds(operator: &str, key: &str, values: &Value, request: &AccessRequest) -> Truth {
    let operator = operator.to_ascii_lowercase();
    let (of_all, operator) = match operator.strip_prefix("forallvalues:") {
        Some(rest) => (true, rest),
        None => (
            false,
            operator.strip_prefix("foranyvalue:").unwrap_or(&operator),
        ),
    };
    let (if_exists, operator) = match operator.strip_suffix("ifexists") {
        Some(rest) => (true, rest),
        None => (of_all, operator),
    };
    let known = request.key(key);
    if known == KnownKey::Unknown {
        return Truth::Unknown;
    }
    let values = texts(values);
    if operator == "null" {
        return match values.as_slice() {
            [wanted] => Truth::of((wanted == "true") == (known == KnownKey::Absent)),
            _ => Truth::Unknown,
        };
    }
    let positive = operator.replace("not", "");
    let is_negative = positive != operator;
    let KnownKey::Value(value) = known else {
        return Truth::of(if_exists || is_negative);
    };
    // Policy variables are not evaluated.
    if values.iter().any(|wanted| wanted.contains("${")) {
        return Truth::Unknown;
    }
    let is_one = |same: &dyn Fn(&str) -> bool| Truth::of(values.iter().any(|it| same(it)));
    let found = match positive.as_str() {
        "stringequals" => is_one(&|it| it == value),
        "stringequalsignorecase" | "bool" => is_one(&|it| it.eq_ignore_ascii_case(value)),
        "stringlike" | "arnequals" | "arnlike" => is_one(&|it| wildcard_matches(it, value)),
        _ => return Truth::Unknown,
    };
    if is_negative { found.not() } else { found }
}

/// Returns the values of a condition. A single one needs no list, and truth values no quotes.
fn texts(values: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match values {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}
