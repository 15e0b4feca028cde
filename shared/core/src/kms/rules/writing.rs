//! Rules 5 to 8: only CloudTrail writes, KMS lets it write, a delivered log file exists, and it is
//! under the trail's key.
//!
//! The tests are in `tests/tests/kms/writing.rs` and `tests/tests/kms/delivery.rs`.

use super::calls::{caller_shown, is_writing, writes_replica};
use super::ruling::Ruling;
use crate::finding::kms::{
    ChangedEncryption, EventReference, ForeignCaller, ForeignContext, MissingLogFile, RefusedCall,
};
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;
use crate::kms::key_name::same_key;
use crate::world::{Absence, Encryption};

/// Rule 5: only CloudTrail generates data keys under a trail's context or for a log file.
///
/// If S3 replicates, it writes under a role of the bucket's owner.
pub(crate) fn caller(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
) -> Ruling<ForeignCaller> {
    if !is_writing(event) || event.failed() {
        return Ruling::Silent;
    }
    if event.is_cloudtrails {
        return Ruling::Valid("CloudTrail called");
    }
    if writes_replica(event, named) {
        return Ruling::Silent;
    }
    Ruling::Wrong(ForeignCaller {
        caller: caller_shown(event),
    })
}

/// Rule 5, for a call under another key: a caller that generates a data key for, or decrypts, what
/// it claims to be our trail's is reported, once for each caller, and nothing is reported about the
/// trail. S3 writes a replica under the replica's key, which is not reported.
pub(crate) fn foreign(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
) -> Ruling<ForeignContext> {
    let uses_a_data_key = is_writing(event) || event.name == "Decrypt";
    if event.failed() || !uses_a_data_key || writes_replica(event, named) {
        return Ruling::Silent;
    }
    let text = |text: Option<&str>| text.map(str::to_owned);
    Ruling::Wrong(ForeignContext {
        configured_keys: expected.key_arns.clone(),
        caller: caller_shown(event),
        key: text(event.key_named()),
        trail: text(event.trail.as_deref()),
        object: text(event.object.as_deref()),
    })
}

/// Rule 6: KMS lets CloudTrail write.
pub(crate) fn delivery(event: &KmsEvent<'_>) -> Ruling<RefusedCall> {
    if !is_writing(event) || !event.is_cloudtrails {
        return Ruling::Silent;
    }
    match event.error.as_deref() {
        None => Ruling::Valid("KMS gave CloudTrail a data key"),
        Some(error) => Ruling::Wrong(RefusedCall {
            error: error.to_owned(),
        }),
    }
}

/// Rule 7, the first look: the log file that was delivered according to the event exists.
pub(crate) fn present(found: Result<(), Absence>, call: &EventReference) -> Ruling<MissingLogFile> {
    match found {
        Ok(()) => Ruling::Valid("the delivered log file exists"),
        Err(absence) => Ruling::Wrong(MissingLogFile {
            call: call.clone(),
            absence,
        }),
    }
}

/// Rule 8: a log file is encrypted under one of the configured keys. If none is configured, it is
/// encrypted under any key, if a KMS event shows that the trail uses one (`uses_a_key`).
pub(crate) fn encryption(
    object: &Encryption,
    uses_a_key: bool,
    expected: &Expected,
) -> Ruling<ChangedEncryption> {
    let keys = &expected.key_arns;
    if keys.is_empty() && !uses_a_key {
        return Ruling::Silent;
    }
    match object.kms_key() {
        Some(key) if keys.is_empty() || keys.iter().any(|arn| same_key(key, arn)) => {
            Ruling::Valid("the log file is encrypted under the trail's key")
        }
        _ => Ruling::Wrong(ChangedEncryption {
            configured: keys.clone(),
            found: object.clone(),
        }),
    }
}
