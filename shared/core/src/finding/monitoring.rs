//! The findings about Trailseal's own monitoring, with their sentences.
//!
//! The tests are in `tests/tests/watch`.

use super::{DigestReference, Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::world::Cause;
use jiff::Timestamp;

/// The subject of the incident about events that do not arrive, whichever digests show it.
const EVENTS: &str = "events of the log buckets";

/// The advice if events do not arrive.
const CHECK_EVENTS: &str = "Check whether the log bucket sends its events to EventBridge (aws s3api get-bucket-notification-configuration), whether the EventBridge rules of digest-validator and log-verifier are enabled, and whether these functions fail or are throttled. Find out who changed this: look for PutBucketNotification, DisableRule, RemoveTargets, PutRule and DeleteRule calls in CloudTrail's event history. Until it is repaired, watchdog sends the digests to the functions once an hour.";

/// The advice if a digest remains unverified.
const CHECK_FUNCTION: &str = "Look for this digest in the log of the function and in its dead-letter queue, and correct the cause. Then verify the digest: move its message back to the queue (aws sqs start-message-move-task --source-arn DEAD_LETTER_QUEUE_ARN --destination-arn QUEUE_ARN), or run trailseal verify for its day.";

/// The advice if something cannot be read.
const CHECK_ACCESS: &str = "Check whether the role of the function watchdog may list and read it, and find out who changed the policies of the role and of the bucket. If a document of the evidence bucket is damaged, keep a copy of it and delete it: the next digest writes it again.";

/// `monitoring-impaired`: `count` digests were not verified although they exist. Their events did not
/// arrive, or functions need longer than they should. `example` is one of them.
#[must_use]
pub fn events_lost(example: &ObjectLocation, count: u64, hour: Timestamp) -> Finding {
    Finding::new(
        FindingKind::MonitoringImpaired,
        Scope::default(),
        example.clone(),
        format!(
            "Trailseal's Lambda functions digest-validator and log-verifier did not verify all digests within 90 minutes. Digests that are not verified: {count}. Their events did not arrive, or the functions fail or are late. The object named here is one of these digests. The function watchdog sends them to the functions again."
        ),
    )
    .with_evidence(
        "receipts of digest-validator and log-verifier for each digest",
        format!("{count} digests without both receipts"),
    )
    .with_advice(CHECK_EVENTS)
    .about(EVENTS, hour.strftime("%Y-%m-%d").to_string())
}

/// A digest that remains unverified.
#[derive(Debug, Clone)]
pub struct Unverified<'a> {
    /// The location of the digest.
    pub at: &'a ObjectLocation,
    /// The content of its key.
    pub key: &'a DigestKey,
    /// The functions that left no receipt.
    pub functions: &'a str,
    /// The number of times that it was sent to them.
    pub times: u32,
}

/// `monitoring-impaired`: a digest was sent to functions several times, and they did not record
/// that they verified it. It is one incident for each chain.
#[must_use]
pub fn stays_unverified(scope: Scope, digest: &Unverified<'_>) -> Finding {
    let Unverified {
        at,
        key,
        functions,
        times,
    } = digest;
    Finding::new(
        FindingKind::MonitoringImpaired,
        scope,
        (*at).clone(),
        format!(
            "Trailseal could not verify this digest: {functions} received it {times} times, and left no receipt. The log files that the digest lists may be unverified."
        ),
    )
    .with_digest(DigestReference::by_key(at, Some(key)))
    .with_evidence(
        format!("a receipt of {functions}"),
        format!("none, after {times} tries"),
    )
    .with_advice(CHECK_FUNCTION)
    .about(key.chain.place_in(&at.bucket), at.key.clone())
}

/// `monitoring-impaired`: a folder of the log bucket, or a document of the evidence bucket, could
/// not be read since a time. It is one incident for each of them.
#[must_use]
pub fn not_watched(scope: Scope, at: &ObjectLocation, since: Timestamp, cause: &Cause) -> Finding {
    Finding::new(
        FindingKind::MonitoringImpaired,
        scope,
        at.clone(),
        format!(
            "Trailseal has not been able to read this object or folder since {since}: {cause}. It cannot find out whether digests of this account are missing or overdue."
        ),
    )
    .with_evidence("a folder or document that watchdog can read", cause.to_string())
    .with_advice(CHECK_ACCESS)
    .about(at.to_string(), since.to_string())
}
