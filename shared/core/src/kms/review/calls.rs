//! What is said of a call as soon as it is read: its context, its caller, its attestation.

use super::explanation::EventReference;
use super::results::ReviewResults;
use crate::finding::FindingKind;
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::rules::{self, Rule, Ruling};
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;

/// Who calls, where CloudTrail itself does.
pub(super) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// Who called: CloudTrail by one name, whatever its records call it.
pub(super) fn principal_of(event: &KmsEvent<'_>) -> String {
    if rules::is_cloudtrail(event) {
        CLOUDTRAIL.to_owned()
    } else {
        event.caller.principal().key()
    }
}

/// A call under somebody else's key that names our trail or a log file. It encrypts and decrypts
/// nothing of ours, whatever context it states: it is told of the caller, and of no object.
pub(super) fn review_foreign_call(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject>,
    results: &mut ReviewResults<'_>,
) {
    let ruling = rules::foreign(event, named, results.expected);
    if let Some(problem) = results.note(Rule::Caller, event, ruling) {
        let principal = event.caller.principal();
        let call = EventReference::of(event);
        let finding = results
            .finding(
                &problem,
                None,
                format!(
                    "{} named the trail or its log files in a KMS call under a key that is not the trail's: {call}.",
                    principal.shown()
                ),
            )
            .about(principal.key(), results.occurrence(&call));
        results.groups.add(finding, &principal.key(), &call.id);
    }
}

/// Rules 1 and 2. Whether the context agrees with the trail.
pub(super) fn review_context(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&ContextObject>,
    object: Option<&ObjectLocation>,
    results: &mut ReviewResults<'_>,
) -> bool {
    let of_trail = rules::trail(event, trail, results.expected);
    let of_object = rules::object(event, trail, named, results.expected);
    let mut agrees = true;
    for (rule, ruling) in [(Rule::Trail, of_trail), (Rule::Object, of_object)] {
        if let Some(problem) = results.note(rule, event, ruling) {
            agrees = false;
            let call = EventReference::of(event);
            let finding = results.mismatch(&problem, object, &call);
            results.raise(finding, &principal_of(event), event.key_named(), &call);
        }
    }
    agrees
}

/// Rule 5.
pub(super) fn review_caller(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject>,
    object: Option<&ObjectLocation>,
    results: &mut ReviewResults<'_>,
) {
    let ruling = rules::caller(event, named);
    if let Some(problem) = results.note(Rule::Caller, event, ruling) {
        let call = EventReference::of(event);
        let finding = results.finding(
            &problem,
            object,
            format!(
                "Somebody other than CloudTrail had a data key generated for {}: {call} by {}.",
                if object.is_some() {
                    "the log file, and so wrote it"
                } else {
                    "the trail, to write under its name"
                },
                problem.actual,
            ),
        );
        let principal = event.caller.principal().key();
        results.raise(finding, &principal, event.key_named(), &call);
    }
}

/// Rule 10. `counts`: whether the call counts for the trail and its log files.
pub(super) fn review_enclave(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject>,
    counts: bool,
    results: &mut ReviewResults<'_>,
) {
    let expected = results.expected;
    let mut rulings = Vec::new();
    if let Some(recipient) = &event.recipient {
        let form = rules::attestation(recipient);
        if !matches!(form, Ruling::Wrong(_)) {
            rulings.push(rules::image(recipient, expected));
        }
        rulings.push(form);
    }
    if counts {
        rulings.push(rules::attested(event, named, expected));
    }
    for ruling in rulings {
        if let Some(problem) = results.note(Rule::Enclaves, event, ruling) {
            let principal = event.caller.principal();
            let about = match problem.kind {
                FindingKind::EnclaveImageUnlisted => problem.actual.clone(),
                _ => principal.key(),
            };
            let call = EventReference::of(event);
            let message = match problem.kind {
                FindingKind::EnclaveImageUnlisted => format!(
                    "An enclave whose image is not listed used KMS: {call} by {}.",
                    principal.shown()
                ),
                FindingKind::EnclaveAttestationMissing => format!(
                    "A reader that reads from an enclave only read without its attestation: {call} by {}.",
                    rules::caller_shown(event)
                ),
                _ => format!(
                    "A KMS event carries an attestation that no Nitro Enclave makes: {call} by {}.",
                    principal.shown()
                ),
            };
            let finding = results
                .finding(&problem, None, message)
                .about(about.clone(), results.occurrence(&call));
            results.groups.add(finding, &about, &call.id);
        }
    }
}
