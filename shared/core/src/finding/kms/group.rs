//! Findings that are not listed one by one.
//!
//! The tests are in `tests/tests/kms/grouped.rs`.

use super::evidence::FindingSubject;
use crate::finding::{Finding, FindingKind};

/// The advice for findings that are not listed one by one. The advice of the kind is about one
/// object, and here the object is the log file that records the calls.
const LEFT_OUT: &str = "Run `trailseal kms s3://BUCKET/KEY` on the log file that the finding names, with the trails, keys and readers of the stack. The command explains what each rule says about each KMS event. Then follow the advice of the other findings of this kind. The log file that the finding names records the calls, and needs no repair.";

/// Reports how many more findings of a kind a log file, the subject's object, has.
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

/// Returns the example of a group, with the number of findings like it (`more`) and the other
/// objects of those.
#[must_use]
pub fn with_similar(example: Finding, more: u64, objects: &[String]) -> Finding {
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
