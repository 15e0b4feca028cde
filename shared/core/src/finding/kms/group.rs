//! What is said of findings that are not listed one by one.
//!
//! The tests are in `tests/tests/kms/grouped.rs`.

use super::evidence::FindingSubject;
use crate::finding::{Finding, FindingKind};

/// What to do about findings that are not listed one by one. What the kind advises is about one object,
/// and here the object is the log file that records the calls.
const LEFT_OUT: &str = "Run `trailseal kms s3://BUCKET/KEY` on the log file that the finding names, with the trails, keys and readers of the stack. The command explains what each rule says about each KMS event. Then follow the advice of the other findings of this kind. The log file that the finding names records the calls, and needs no repair.";

/// So many more findings of a kind in a log file, the subject's object.
#[must_use]
pub fn findings_left_out(kind: FindingKind, subject: FindingSubject, findings: u64) -> Finding {
    let FindingSubject { scope, object } = subject;
    let message =
        format!("{findings} more findings of this kind in {object} are not listed one by one.");
    Finding::new(kind, scope, object, message)
        .with_detail("left out")
        .with_evidence("none", format!("{findings} more"))
        .with_remedy(LEFT_OUT)
}

/// The example of a group, with how many `more` are like it and which other objects they are about.
#[must_use]
pub fn with_more_like_it(example: Finding, more: u64, objects: &[String]) -> Finding {
    let mut finding = example;
    if more > 0 {
        let about = match objects {
            [] => String::new(),
            objects => format!(", also about {}", objects.join(", ")),
        };
        let more = format!(" And {more} more like it{about}.");
        finding.message.push_str(&more);
    }
    finding
}
