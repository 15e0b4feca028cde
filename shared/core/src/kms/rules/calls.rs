//! The kind of call that an event records, and its caller.
//!
//! The tests are in `tests/tests/kms/writing.rs` and `tests/tests/kms/reading.rs`.

use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;

/// Returns whether the call generates a data key to write with.
pub(crate) fn is_writing(event: &KmsEvent<'_>) -> bool {
    event.name.starts_with("GenerateDataKey") || event.name == "Encrypt"
}

/// Returns whether the call generates a data key to write a replica with. S3 replicates under a
/// role of the bucket's owner and a key of the replica.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html>.
pub(crate) fn writes_replica(event: &KmsEvent<'_>, named: Option<&ContextObject<'_>>) -> bool {
    is_writing(event) && named.is_some_and(|named| named.replica)
}

/// Returns whether the event is a read of our log files: of one by its name, or of objects under a
/// Bucket Key of the trail.
pub(crate) fn is_reading(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
) -> bool {
    if event.name != "Decrypt" || event.failed() {
        return false;
    }
    let Some(named) = named.filter(|named| named.ours) else {
        return false;
    };
    named.names_log_file()
        || (matches!(
            named.target,
            ContextTarget::Bucket | ContextTarget::Folder { .. }
        ) && (event.trail.is_some() || uses_our_key(event, expected)))
}

pub(crate) fn uses_our_key(event: &KmsEvent<'_>, expected: &Expected) -> bool {
    let key = event.key_named();
    key.is_some_and(|key| expected.key_arns.iter().any(|arn| arn == key))
}

/// Returns the caller and its source address, for people.
pub(crate) fn caller_shown(event: &KmsEvent<'_>) -> String {
    let who = event.caller.principal().shown();
    match event.source.as_deref() {
        Some(source) => format!("{who} from {source}"),
        None => who,
    }
}
