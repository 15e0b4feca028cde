//! The statements of an IAM policy: of a key or of a bucket.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. The
//! tests are in `shared/core/src/kms/policy/tests.rs`.

use crate::names::wildcard::wildcard_matches;
use serde_json::Value;

/// Returns the policy's statements. A single statement needs no list.
///
/// # Errors
/// What is wrong with the policy.
pub fn statements_of(mut policy: Value) -> Result<Vec<Value>, String> {
    let statements = match policy.get_mut("Statement").map(Value::take) {
        Some(Value::Array(statements)) => statements,
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err("it has no Statement".to_owned()),
    };
    match statements.iter().position(|s| !s.is_object()) {
        Some(place) => Err(format!("its statement {} is not an object", place + 1)),
        None => Ok(statements),
    }
}

/// Returns whether the service principal is CloudTrail's, which may name a Region and has another
/// ending in China.
pub(crate) fn names_cloudtrail(principal: Option<&Value>) -> bool {
    let Some(Value::Object(kinds)) = principal else {
        return false;
    };
    kinds.get("Service").is_some_and(|services| {
        texts(services).any(|name| name == "*" || name.starts_with("cloudtrail."))
    })
}

/// Returns whether the principal is everybody, including services.
pub(crate) fn covers_services(principal: Option<&Value>) -> bool {
    principal.is_some_and(|principal| texts(principal).any(|name| name == "*"))
}

/// Returns which of the actions the statement is about.
pub(crate) fn covered_actions(
    statement: &Value,
    actions: &'static [&'static str],
) -> impl Iterator<Item = &'static str> {
    let listed = |element: &str| -> Option<Vec<String>> {
        let actions = texts(statement.get(element)?);
        Some(actions.map(str::to_ascii_lowercase).collect())
    };
    let matched = |patterns: &[String], action: &str| {
        let action = action.to_ascii_lowercase();
        patterns.iter().any(|p| wildcard_matches(p, &action))
    };
    let (given, others) = (listed("Action"), listed("NotAction"));
    actions.iter().copied().filter(move |action| {
        given.as_deref().is_some_and(|a| matched(a, action))
            || others.as_deref().is_some_and(|a| !matched(a, action))
    })
}

/// Returns the texts of an element that holds one text or a list of texts.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let several = value.as_array().into_iter().flatten();
    value
        .as_str()
        .into_iter()
        .chain(several.filter_map(Value::as_str))
}
