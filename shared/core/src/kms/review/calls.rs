//! The review of a call when it is read: its context, its caller, its attestation.
//!
//! The tests are in `tests/tests/kms/agreement.rs`, `tests/tests/kms/writing.rs` and
//! `tests/tests/kms/reading.rs`.

use super::results::ReviewResults;
use crate::finding::Finding;
use crate::finding::kms::{self, EventReference, Evidence as _};
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::rules::{self, Rule};
use crate::names::ids::TrailArn;

/// The principal of CloudTrail's own calls.
pub(super) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// Returns the caller, with one name for CloudTrail, whatever its records call it.
pub(super) fn principal_of(event: &KmsEvent<'_>) -> String {
    if event.is_cloudtrails {
        CLOUDTRAIL.to_owned()
    } else {
        event.caller.principal().key()
    }
}

/// Reviews a call under another key that names our trail or a log file. It encrypts and decrypts
/// nothing of ours, whatever context it states. The finding is about the caller, and not about an
/// object.
pub(super) fn review_foreign_call(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    results: &mut ReviewResults<'_>,
) {
    let ruling = rules::foreign(event, named, results.expected);
    if let Some(problem) = results.note(Rule::Caller, event, ruling) {
        let principal = event.caller.principal();
        let call = EventReference::of(event);
        let subject = results.subject(None);
        let finding = kms::foreign_context(subject, &problem, &principal.shown(), &call);
        raise_about(finding, &principal.key(), &call, results);
    }
}

/// Applies rules 1 and 2. Returns whether the context agrees with the trail.
pub(super) fn review_context(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&ContextObject<'_>>,
    results: &mut ReviewResults<'_>,
) -> bool {
    let of_trail = rules::trail(event, trail, results.expected);
    let of_object = rules::object(event, trail, named, results.expected);
    let mut agrees = true;
    for (rule, ruling) in [(Rule::Trail, of_trail), (Rule::Object, of_object)] {
        if let Some(problem) = results.note(rule, event, ruling) {
            agrees = false;
            let call = EventReference::of(event);
            let object = named.and_then(ContextObject::our_log_file);
            let subject = results.subject(object.as_ref());
            let finding = kms::context_mismatch(subject, &problem, &call);
            results.raise(finding, &principal_of(event), event.key_named(), &call);
        }
    }
    agrees
}

/// Applies rule 5.
pub(super) fn review_caller(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    results: &mut ReviewResults<'_>,
) {
    let ruling = rules::caller(event, named);
    if let Some(problem) = results.note(Rule::Caller, event, ruling) {
        let call = EventReference::of(event);
        let object = named.and_then(ContextObject::our_log_file);
        let subject = results.subject(object.as_ref());
        let finding = kms::foreign_caller(subject, &problem, object.is_some(), &call);
        let principal = event.caller.principal().key();
        results.raise(finding, &principal, event.key_named(), &call);
    }
}

/// Applies rule 10. `counts`: whether the call counts for the trail and its log files.
pub(super) fn review_enclave(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    counts: bool,
    results: &mut ReviewResults<'_>,
) {
    let expected = results.expected;
    let principal = event.caller.principal();
    if let Some(recipient) = &event.recipient {
        let form = rules::attestation(recipient);
        if !form.is_wrong()
            && let ruling = rules::image(recipient, expected)
            && let Some(problem) = results.note(Rule::Enclaves, event, ruling)
        {
            let call = EventReference::of(event);
            let subject = results.subject(None);
            let finding = kms::unlisted_image(subject, &problem, &principal.shown(), &call);
            raise_about(finding, &problem.actual(), &call, results);
        }
        if let Some(problem) = results.note(Rule::Enclaves, event, form) {
            let call = EventReference::of(event);
            let subject = results.subject(None);
            let finding = kms::malformed_attestation(subject, &problem, &principal.shown(), &call);
            raise_about(finding, &principal.key(), &call, results);
        }
    }
    if counts
        && let ruling = rules::attested(event, named, expected)
        && let Some(problem) = results.note(Rule::Enclaves, event, ruling)
    {
        let call = EventReference::of(event);
        let finding = kms::missing_attestation(results.subject(None), &problem, &call);
        raise_about(finding, &principal.key(), &call, results);
    }
}

/// Raises the problem of a call, together with all problems of the same kind in calls of the same
/// principal or image.
fn raise_about(
    finding: Finding,
    about: &str,
    call: &EventReference,
    results: &mut ReviewResults<'_>,
) {
    let finding = finding.about(about, results.occurrence(call));
    results.groups.add(finding, about, &call.id);
}
