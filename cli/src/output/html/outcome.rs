//! The three outcomes in words, marks and classes: never only in color.

use super::text;
use crate::report::{Outcome, Verification};
use maud::{Markup, html};

/// Returns the class that colors it.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => "v",
        Outcome::Finding => "f",
        Outcome::CannotTell => "c",
    }
}

/// Returns its word.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => "valid",
        Outcome::Finding => "finding",
        Outcome::CannotTell => "cannot tell",
    }
}

/// Returns its mark, which is readable without color.
pub(super) fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => "✓",
        Outcome::Finding => "✕",
        Outcome::CannotTell => "?",
    }
}

/// Returns the mark and the word.
pub(super) fn badge(outcome: Outcome) -> Markup {
    html! {
        span class={ "badge " (class(outcome)) } {
            span aria-hidden="true" { (mark(outcome)) } " " (word(outcome))
        }
    }
}

/// Returns the number of findings, including those left out.
pub(super) fn findings(verification: &Verification) -> u64 {
    verification.findings_by_kind.values().sum()
}

/// Returns the number of things that could not be verified, including those left out.
pub(super) fn unreadable(verification: &Verification) -> u64 {
    u64::try_from(verification.cannot_tell.len())
        .unwrap_or(u64::MAX)
        .saturating_add(verification.cannot_tell_left_out)
}

/// Returns the verdict in words.
pub(super) fn sentence(verification: &Verification) -> String {
    match verification.verdict {
        Outcome::Finding => format!(
            "{}: the record is not as CloudTrail delivered it",
            text::count(findings(verification), "finding", "findings"),
        ),
        Outcome::CannotTell if verification.chains.is_empty() => {
            "Cannot tell: no digest was found".to_owned()
        }
        Outcome::CannotTell => {
            "Cannot tell: not everything could be verified; nothing wrong was found".to_owned()
        }
        Outcome::Valid => "Valid: the record is as CloudTrail delivered it".to_owned(),
    }
}

/// Returns what the verdict does not say.
pub(super) fn addition(verification: &Verification) -> Option<String> {
    let interrupted = verification.interrupted.then(|| {
        "The run was interrupted: this report does not include objects that it did not reach."
            .to_owned()
    });
    let unreadable = match unreadable(verification) {
        0 => None,
        number => Some(format!(
            "{} could not be read: the verdict does not cover them.",
            text::count(number, "object", "objects"),
        )),
    };
    match (interrupted, unreadable) {
        (Some(interrupted), Some(unreadable)) => Some(format!("{interrupted} {unreadable}")),
        (one, other) => one.or(other),
    }
}
