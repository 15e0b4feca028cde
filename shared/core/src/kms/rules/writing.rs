//! Rules 5 to 8: only CloudTrail writes, KMS lets it, what it delivered is there, and is under the
//! trail's key.

use super::calls::{caller_shown, is_cloudtrail, is_writing, writes_replica};
use super::ruling::{Ruling, wrong};
use crate::finding::FindingKind;
use crate::kms::context::ContextObject;
use crate::kms::event::{KmsEvent, OBJECT_CONTEXT, TRAIL_CONTEXT};
use crate::kms::expected::Expected;
use crate::kms::key_name::same_key;
use crate::world::{Absence, Encryption};

/// Rule 5: only CloudTrail has data keys generated under a trail's context or for a log file.
///
/// Where S3 replicates, it writes under a role of the bucket's owner.
pub(crate) fn caller(event: &KmsEvent<'_>, named: Option<&ContextObject>) -> Ruling {
    if !is_writing(event) || event.failed() {
        return Ruling::Silent;
    }
    if is_cloudtrail(event) {
        return Ruling::Valid("CloudTrail called");
    }
    if writes_replica(event, named) {
        return Ruling::Silent;
    }
    wrong(
        FindingKind::KmsForeignCaller,
        "CloudTrail (userIdentity AWSService, invokedBy cloudtrail.amazonaws.com)",
        caller_shown(event),
    )
}

/// Rule 5, of a call under somebody else's key: who makes a data key for, or decrypts, what he says
/// is our trail's is told, once a caller, and nothing is said of the trail. S3 writes a replica under
/// the replica's key, and nothing is said of that.
pub(crate) fn foreign(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject>,
    expected: &Expected,
) -> Ruling {
    let is_told = is_writing(event) || event.name == "Decrypt";
    if event.failed() || !is_told || writes_replica(event, named) {
        return Ruling::Silent;
    }
    let keys = &expected.key_arns;
    wrong(
        FindingKind::KmsForeignContext,
        if keys.is_empty() {
            "the key of the log file that the call names".to_owned()
        } else {
            format!("a configured key: {}", keys.join(" or "))
        },
        format!(
            "{} under {}, with {TRAIL_CONTEXT} {} and {OBJECT_CONTEXT} {}",
            caller_shown(event),
            event.key_named().unwrap_or("no key"),
            event.trail.as_deref().unwrap_or("none"),
            event.object.as_deref().unwrap_or("none"),
        ),
    )
}

/// Rule 6: KMS lets CloudTrail write.
pub(crate) fn delivery(event: &KmsEvent<'_>) -> Ruling {
    if !is_writing(event) || !is_cloudtrail(event) {
        return Ruling::Silent;
    }
    match event.error.as_deref() {
        None => Ruling::Valid("KMS gave CloudTrail a data key"),
        Some(error) => wrong(
            FindingKind::KmsDeliveryDenied,
            "a data key for CloudTrail",
            format!("KMS answered {error}"),
        ),
    }
}

/// Rule 7, the first look: the log file that the event says was delivered is there.
pub(crate) fn present(found: Result<(), Absence>, event: &str) -> Ruling {
    match found {
        Ok(()) => Ruling::Valid("the log file that was delivered is there"),
        Err(absence) => wrong(
            FindingKind::LogFileMissing,
            format!("the log file that {event} shows being delivered"),
            absence.to_string(),
        ),
    }
}

/// Rule 8: a log file is encrypted under one of the configured keys. None configured: under any
/// key, where a KMS event shows that the trail uses one (`uses_a_key`).
pub(crate) fn encryption(object: &Encryption, uses_a_key: bool, expected: &Expected) -> Ruling {
    let keys = &expected.key_arns;
    if keys.is_empty() && !uses_a_key {
        return Ruling::Silent;
    }
    let what_it_should_be = || match keys.as_slice() {
        [] => "encryption under a KMS key (SSE-KMS)".to_owned(),
        keys => format!("encryption under {}", keys.join(" or ")),
    };
    match object.kms_key() {
        None => wrong(
            FindingKind::LogFileEncryptionChanged,
            what_it_should_be(),
            format!(
                "the object is not encrypted under a KMS key but with {}",
                object.algorithm.as_deref().unwrap_or("nothing")
            ),
        ),
        Some(key) if keys.is_empty() || keys.iter().any(|arn| same_key(key, arn)) => {
            Ruling::Valid("the log file is encrypted under the trail's key")
        }
        Some(key) => wrong(
            FindingKind::LogFileEncryptionChanged,
            what_it_should_be(),
            format!("the object is encrypted under {key}"),
        ),
    }
}
