//! Checks whether a key's policy lets trails write under the key that it was not intended for.
//!
//! CloudTrail encrypts for every trail of every account under the same service principal. A key's
//! policy should therefore let it use the key only under a condition that names the trails. AWS's
//! documentation has a condition on the encryption context, which holds the trail's ARN, along with
//! one on `aws:SourceArn`, which holds the same. `aws:SourceAccount` holds the trail's account.
//!
//! Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/default-kms-key-policy.html>.

use crate::format::policy::{covered_actions, covers_services, names_cloudtrail, statements_of};
use serde_json::Value;

/// The maximum size in bytes of a policy that is checked: twice what KMS accepts.
///
/// Rule: <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const MAX_POLICY_BYTES: usize = 64 << 10;

/// The maximum length of a statement's name in characters.
const MAX_SHOWN: usize = 200;

/// The calls that encrypt a log file under a key. Calls for key pairs do not.
const ENCRYPTING: [&str; 2] = ["kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"];

/// The condition keys that identify a trail or its account. Keys are compared case-insensitively.
const TRAIL_KEYS: [&str; 2] = ["kms:EncryptionContext:aws:cloudtrail:arn", "aws:SourceArn"];
const ACCOUNT_KEY: &str = "aws:SourceAccount";

/// Condition keys that a request of a service principal does not have. A condition on one of them
/// excludes CloudTrail.
///
/// Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const CALLER_KEYS: [&str; 8] = [
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalType",
    "aws:userid",
    "aws:username",
    "kms:CallerAccount",
];

/// The verdict on what a key's policy allows other trails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyVerdict {
    /// CloudTrail may encrypt for the trails of given accounts, or for none.
    Sound,
    /// CloudTrail may encrypt for trails of any account.
    Open {
        /// The statements that allow it: by `Sid`, otherwise `statement N (Principal …, Action …)`,
        /// counted from one. Each has at most 200 characters.
        statements: Vec<String>,
    },
    /// The text is not a policy, for this reason.
    Unreadable(String),
}

/// Reads a key policy, the JSON text of `GetKeyPolicy`, and returns whether it lets CloudTrail
/// encrypt for trails of any account.
///
/// A statement is open if it allows CloudTrail `kms:GenerateDataKey` or
/// `kms:GenerateDataKeyWithoutPlaintext` and has no condition on
/// `kms:EncryptionContext:aws:cloudtrail:arn`, `aws:SourceArn` or `aws:SourceAccount` that is true
/// only for given accounts. A value such as `arn:aws:cloudtrail:*:*:trail/*` does not count.
/// Neither does a condition that is true if the key is missing (`…IfExists`, `ForAllValues:`), one
/// that excludes (`StringNotEquals`), or one that only requires the key (`Null`).
///
/// The principal `*` includes services; `{"AWS": "*"}` does not. A policy's `Deny` closes the
/// opening if it is for CloudTrail by name or for `*`, and is unconditional or has only the
/// condition that the trail or its account is not (`StringNotLike`, `ArnNotEquals`, …) one of given
/// accounts. Other `Deny` statements are not considered. Neither are grants, nor a statement's
/// `Resource`, which is the key in a key policy.
#[must_use]
pub fn check_policy(policy: &str) -> PolicyVerdict {
    let statements = match statements(policy) {
        Ok(statements) => statements,
        Err(problem) => return PolicyVerdict::Unreadable(problem),
    };
    let denied: Vec<&str> = statements
        .iter()
        .filter(|statement| closes(statement))
        .flat_map(encrypting_actions)
        .collect();
    let open: Vec<String> = statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| {
            opens(statement) && encrypting_actions(statement).any(|a| !denied.contains(&a))
        })
        .map(|(place, statement)| name(place + 1, statement))
        .collect();
    if open.is_empty() {
        PolicyVerdict::Sound
    } else {
        PolicyVerdict::Open { statements: open }
    }
}

/// Returns the policy's statements.
fn statements(policy: &str) -> Result<Vec<Value>, String> {
    if policy.len() > MAX_POLICY_BYTES {
        return Err(format!(
            "it has {} bytes, more than a key policy can have",
            policy.len()
        ));
    }
    let policy =
        serde_json::from_str(policy).map_err(|error| format!("it is not JSON: {error}"))?;
    statements_of(policy)
}

/// Returns whether it allows CloudTrail something for trails of any account.
fn opens(statement: &Value) -> bool {
    let conditions = || conditions(statement);
    let named = names_cloudtrail(statement.get("Principal"));
    let among_all = covers_services(statement.get("Principal"))
        || statement
            .get("NotPrincipal")
            .is_some_and(|not| !names_cloudtrail(Some(not)) && !covers_services(Some(not)));
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && (named || (among_all && !conditions().any(|c| c.excludes_services())))
        && !conditions().any(|c| c.is_positive() && c.is_of_given_accounts())
}

/// Returns whether it denies CloudTrail its actions for all trails except those of given accounts.
fn closes(statement: &Value) -> bool {
    let principal = statement.get("Principal");
    let mut conditions = conditions(statement);
    let all_others = match (conditions.next(), conditions.next()) {
        (None, _) => statement
            .get("Condition")
            .is_none_or(|condition| condition.as_object().is_some_and(serde_json::Map::is_empty)),
        (Some(condition), None) => condition.is_negative() && condition.is_of_given_accounts(),
        _ => false,
    };
    statement.get("Effect").and_then(Value::as_str) == Some("Deny")
        && (names_cloudtrail(principal) || covers_services(principal))
        && all_others
}

/// Returns the encrypting actions that the statement is about.
fn encrypting_actions(statement: &Value) -> impl Iterator<Item = &'static str> {
    covered_actions(statement, &ENCRYPTING)
}

/// One line of a `Condition`: an operator, a key and its values.
struct Condition<'a> {
    /// The operator in lower case.
    operator: String,
    key: &'a str,
    values: Vec<String>,
}

/// Returns the statement's conditions, all of which must be true.
fn conditions(statement: &Value) -> impl Iterator<Item = Condition<'_>> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators
        .into_iter()
        .flatten()
        .filter_map(|(operator, keys)| Some((operator, keys.as_object()?)))
        .flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, values)| Condition {
                operator: operator.to_ascii_lowercase(),
                key,
                values: condition_values(values),
            })
        })
}

impl Condition<'_> {
    /// Returns whether it is true only if the request has the key, with one of the values.
    ///
    /// Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    fn is_positive(&self) -> bool {
        let operator = self.operator.strip_prefix("foranyvalue:");
        matches!(
            operator.unwrap_or(&self.operator),
            "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike"
        )
    }

    /// Returns whether it is true for every request except those that have the key with one of the
    /// values.
    fn is_negative(&self) -> bool {
        matches!(
            self.operator.as_str(),
            "stringnotequals"
                | "stringnotequalsignorecase"
                | "stringnotlike"
                | "arnnotequals"
                | "arnnotlike"
        )
    }

    /// Returns whether it has values, and they are trails of given accounts, or given accounts.
    fn is_of_given_accounts(&self) -> bool {
        let is = |key: &str| self.key.eq_ignore_ascii_case(key);
        let of_a_trail = TRAIL_KEYS.into_iter().any(is);
        !self.values.is_empty()
            && (of_a_trail || is(ACCOUNT_KEY))
            && self.values.iter().all(|value| {
                !(self.has_wildcard(value) && (!of_a_trail || is_of_any_account(value)))
            })
    }

    /// Returns whether `value` contains wildcards or policy variables that the operator evaluates.
    fn has_wildcard(&self, value: &str) -> bool {
        let heeded = self.operator.contains("like") || self.operator.contains("arn");
        value.contains("${") || (heeded && value.contains(['*', '?']))
    }

    /// Returns whether it is false for a service that makes its own calls.
    fn excludes_services(&self) -> bool {
        let is = |key: &str| self.key.eq_ignore_ascii_case(key);
        let tag = "aws:principaltag/";
        let of_caller = CALLER_KEYS.into_iter().any(is)
            || self
                .key
                .get(..tag.len())
                .is_some_and(|k| k.eq_ignore_ascii_case(tag));
        let no_service = self.operator == "bool"
            && is("aws:PrincipalIsAWSService")
            && self.values.iter().all(|v| v.eq_ignore_ascii_case("false"));
        (of_caller && self.is_positive()) || no_service
    }
}

/// Returns whether trails of any account have an ARN that `pattern` matches.
///
/// A trail's ARN contains a colon and twelve digits only at its account. A pattern that contains
/// these belongs to that account, whatever its wildcards stand for. A pattern that starts like
/// another ARN does not belong to a trail.
fn is_of_any_account(pattern: &str) -> bool {
    let names_an_account = pattern.split(':').skip(1).any(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        digits >= 12
    });
    let literal = pattern.split(['*', '?', '$']).next().unwrap_or_default();
    let parts: Vec<&str> = literal.split(':').collect();
    let of_a_trail = match parts.as_slice() {
        [] => true,
        [scheme] => "arn".starts_with(scheme),
        [scheme, _] => *scheme == "arn",
        [scheme, _, service] => *scheme == "arn" && "cloudtrail".starts_with(service),
        [scheme, _, service, ..] => *scheme == "arn" && *service == "cloudtrail",
    };
    of_a_trail && !names_an_account
}

/// Returns the values of a condition. A single value needs no list, and numbers and truth values
/// need no quotes. The account of the key itself counts as some account.
///
/// Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
fn condition_values(values: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.replace("${aws:ResourceAccount}", "000000000000")),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    match values {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

/// Returns the name of the statement at `place`.
fn name(place: usize, statement: &Value) -> String {
    let shown = match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) if !sid.trim().is_empty() => sid.to_owned(),
        _ => {
            let first = |elements: [&str; 2]| {
                elements
                    .iter()
                    .find_map(|element| statement.get(element).map(|value| (*element, value)))
                    .map_or_else(String::new, |(element, value)| format!("{element} {value}"))
            };
            let principal = first(["Principal", "NotPrincipal"]);
            let action = first(["Action", "NotAction"]);
            format!("statement {place} ({principal}, {action})")
        }
    };
    match shown.char_indices().nth(MAX_SHOWN - 1) {
        Some((end, last)) if end + last.len_utf8() < shown.len() => {
            format!("{}…", shown.get(..end).unwrap_or_default())
        }
        _ => shown,
    }
}

#[cfg(test)]
mod tests;
