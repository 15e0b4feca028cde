//! Whether a statement is about a request.
//!
//! Rules: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use super::condition;
use super::request::AccessRequest;
use super::truth::Truth;
use serde_json::Value;
use trailseal::format::policy::texts;
use trailseal::names::wildcard::wildcard_matches;

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// A resource: the policy names principals.
    Resource,
    /// An identity: the policy is about its requests.
    Identity,
}

/// Returns whether a statement applies to a request.
pub(super) fn applies(statement: &Value, holder: Holder, request: &AccessRequest) -> Truth {
    let principal = match holder {
        Holder::Identity => Truth::Yes,
        Holder::Resource => names_principal(statement, request),
    };
    principal
        .and(names_action(statement, request))
        .and(names_resource(statement, request))
        .and(condition::hold(statement, request))
}

/// Returns the name of a statement: its `Sid`, otherwise its number.
pub(super) fn name(place: usize, statement: &Value) -> String {
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) if !sid.is_empty() => sid.to_owned(),
        _ => format!("statement {}", place.saturating_add(1)),
    }
}

fn names_action(statement: &Value, request: &AccessRequest) -> Truth {
    let action = request.action.to_ascii_lowercase();
    let is_in = |patterns: &Value| {
        let mut patterns = texts(patterns).map(str::to_ascii_lowercase);
        Truth::of(patterns.any(|pattern| wildcard_matches(&pattern, &action)))
    };
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => is_in(actions),
        (None, Some(others)) => is_in(others).not(),
        (None, None) => Truth::Unknown,
    }
}

/// Returns whether a statement is about the resource. A variable in a pattern is not evaluated.
fn names_resource(statement: &Value, request: &AccessRequest) -> Truth {
    let is_in = |patterns: &Value| {
        Truth::any(texts(patterns).map(|pattern| {
            if pattern.contains("${") {
                Truth::Unknown
            } else {
                Truth::of(wildcard_matches(pattern, &request.resource))
            }
        }))
    };
    match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(resources), _) => is_in(resources),
        (None, Some(others)) => is_in(others).not(),
        // The resource that the policy belongs to.
        (None, None) => Truth::Yes,
    }
}

fn names_principal(statement: &Value, request: &AccessRequest) -> Truth {
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => is_among(principal, request),
        // A statement without the role may still name the role's session: that is not known here.
        (None, Some(others)) => match is_among(others, request) {
            Truth::No => Truth::Yes,
            _ => Truth::Unknown,
        },
        (None, None) => Truth::Unknown,
    }
}

/// Returns whether the principal of a request is among those of an element.
fn is_among(principal: &Value, request: &AccessRequest) -> Truth {
    match principal {
        Value::String(everybody) => Truth::of(everybody == "*"),
        Value::Object(kinds) => Truth::any(kinds.iter().flat_map(|(kind, names)| {
            texts(names).map(move |name| match (kind.as_str(), request.is_of_service()) {
                ("AWS", false) => is_role(name, request),
                ("Service", true) => Truth::of(name == request.principal),
                _ => Truth::No,
            })
        })),
        _ => Truth::Unknown,
    }
}

/// Returns whether a principal of the kind `AWS` is the role of a request, or its account.
///
/// IAM stores a role by its ID if the policy named the role by its ARN and the role was deleted:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles>
fn is_role(name: &str, request: &AccessRequest) -> Truth {
    if name.starts_with("AROA") {
        return Truth::No;
    }
    let is_account = name.ends_with(":root") && name.split(':').nth(4) == Some(&request.account);
    Truth::of(name == "*" || name == request.account || is_account || name == request.principal)
}
