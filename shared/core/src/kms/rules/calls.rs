//! The kind of call that an event records, and its caller.
//!
//! The tests are in `tests/tests/kms/writing.rs` and `tests/tests/kms/reading.rs`.

use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::{Caller, KmsEvent};
use crate::kms::expected::Expected;

/// Returns whether the call generates a data key to write with.
pub(crate) fn is_writing(event: &KmsEvent<'_>) -> bool {
    event.name.starts_with("GenerateDataKey") || event.name == "Encrypt"
}

/// Returns whether the call generates a data key to write a replica with. S3 replicates under a
/// role of the bucket's owner and a key of the replica.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html>.
pub(crate) fn writes_replica(event: &KmsEvent<'_>, named: Option<&ContextObject>) -> bool {
    is_writing(event) && named.is_some_and(|named| named.replica)
}

/// Returns whether the event is a read of our log files: of one by its name, or of objects under a
/// Bucket Key of the trail.
pub(crate) fn is_reading(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject>,
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

/// Returns whether the call is made by CloudTrail itself.
///
/// In current events, `userIdentity` is the service. In older ones, it is CloudTrail's own role or
/// user, in an account that AWS owns, called from within AWS, as a service event. Calls of other
/// callers are not service events, and the owner of a trail or key never has an account that AWS
/// owns, whatever its roles are named.
pub(crate) fn is_cloudtrail(event: &KmsEvent<'_>) -> bool {
    let Caller {
        kind,
        arn,
        invoked_by,
        ..
    } = &event.caller;
    let kind = kind.as_deref().unwrap_or_default();
    let invoked_by = invoked_by.as_deref().unwrap_or_default();
    if kind == "AWSService" {
        return matches!(
            invoked_by,
            "cloudtrail.amazonaws.com" | "cloudtrail.amazonaws.com.cn"
        );
    }
    let resource = arn.as_deref().and_then(|arn| arn.splitn(6, ':').nth(5));
    let is_its_own = resource.is_some_and(|resource| match kind {
        "AssumedRole" => resource.starts_with("assumed-role/AWSCloudTrail/"),
        "IAMUser" => resource == "user/AWSCloudTrail",
        _ => false,
    });
    is_its_own
        && invoked_by == "internal.amazonaws.com"
        && event.event_type.as_deref() == Some("AwsServiceEvent")
        && !is_of_an_owner(event)
}

/// Returns whether the caller's account owns the trail or the key of the call.
pub(crate) fn is_of_an_owner(event: &KmsEvent<'_>) -> bool {
    fn account_in(arn: &str) -> Option<&str> {
        arn.split(':').nth(4)
    }
    let caller = &event.caller;
    let by_arn = caller.arn.as_deref().and_then(account_in);
    let callers = [by_arn, caller.account.as_deref()];
    let owners = [&event.trail, &event.key, &event.requested_key];
    let mut owners = owners
        .into_iter()
        .map(|arn| arn.as_deref().and_then(account_in));
    owners.any(|owner| owner.is_some() && callers.contains(&owner))
}

/// Returns the caller and its source address, for people.
pub(crate) fn caller_shown(event: &KmsEvent<'_>) -> String {
    let who = event.caller.principal().shown();
    match event.source.as_deref() {
        Some(source) => format!("{who} from {source}"),
        None => who,
    }
}
