//! The events that S3 sends to EventBridge.
//!
//! Format: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use crate::functions::Function;
use jiff::Timestamp;
use serde_json::json;
use trailseal_tests::trail::Object;

/// CloudTrail, as S3 names it.
pub(crate) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// S3 Lifecycle, as S3 names it.
const LIFECYCLE: &str = "s3.amazonaws.com";

/// Another account.
pub(crate) const SOMEBODY: &str = "999999999999";

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was written by this requester.
    Written(&'static str),
    /// Somebody added a delete marker.
    Hidden,
    /// Somebody deleted a version or a delete marker permanently.
    Erased,
    /// A lifecycle rule added a delete marker.
    Expired,
}

impl Cause {
    /// Returns the functions to whose queues the rules of the stack send the event.
    pub(crate) fn functions(self, key: &str) -> Vec<Function> {
        let is_digest = key.contains("/CloudTrail-Digest/");
        let mut functions = Vec::new();
        if let Self::Written(requester) = self {
            if is_digest {
                functions.extend([Function::DigestValidator, Function::LogVerifier]);
            } else {
                functions.push(Function::KmsContextChecker);
            }
            if requester != CLOUDTRAIL {
                functions.push(Function::DeletionMonitor);
            }
        } else {
            functions.push(Function::DeletionMonitor);
        }
        functions
    }

    /// Returns the event.
    pub(crate) fn event(self, object: &Object, version: &str, time: Timestamp) -> String {
        let (kind, requester, reason, how) = match self {
            Self::Written(requester) => ("Object Created", requester, "PutObject", None),
            Self::Hidden => (
                "Object Deleted",
                SOMEBODY,
                "DeleteObject",
                Some("Delete Marker Created"),
            ),
            Self::Erased => (
                "Object Deleted",
                SOMEBODY,
                "DeleteObject",
                Some("Permanently Deleted"),
            ),
            Self::Expired => (
                "Object Deleted",
                LIFECYCLE,
                "Lifecycle Expiration",
                Some("Delete Marker Created"),
            ),
        };
        let mut event = json!({
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "111122223333",
            "time": time.to_string(),
            "region": "us-east-1",
            "resources": [format!("arn:aws:s3:::{}", object.bucket)],
            "detail": {
                "version": "0",
                "bucket": {"name": object.bucket},
                "object": {
                    "key": object.key,
                    "etag": "b1946ac92492d2347c6235b4d2611184",
                    "version-id": version,
                    "sequencer": "00617F08299329D189"
                },
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": requester,
                "source-ip-address": "198.51.100.7",
                "reason": reason
            }
        });
        if let Some(how) = how {
            event["detail"]["deletion-type"] = how.into();
        }
        event.to_string()
    }
}
