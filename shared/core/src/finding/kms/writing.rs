//! Writes by others, refusals of CloudTrail by KMS, and log files with another encryption.
//!
//! The tests are in `tests/tests/kms/writing.rs` and `tests/tests/kms/delivery.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};
use crate::world::Encryption;

/// A caller other than CloudTrail that called KMS to encrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCaller {
    /// The caller and its source address.
    pub caller: String,
}

impl Evidence for ForeignCaller {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsForeignCaller
    }

    fn expected(&self) -> String {
        "CloudTrail (userIdentity AWSService, invokedBy cloudtrail.amazonaws.com)".to_owned()
    }

    fn actual(&self) -> String {
        self.caller.clone()
    }
}

/// The advice about a call that names no log file. The advice of the kind is about a forged log
/// file, and here the object is the log file that records the call.
const NO_LOG_FILE_NAMED: &str = "First, remove the caller's kms:GenerateDataKey permission on the key and its s3:PutObject permission on the bucket. Then find the objects that this caller wrote: look for its PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs. The call names no log file, so the finding names the log file that records the call. That log file is not the suspect: do not remove it.";

/// Reports that a caller other than CloudTrail called KMS to encrypt a log file (`for_log_file`) or
/// something else in the name of the trail.
#[must_use]
pub fn foreign_caller(
    subject: FindingSubject,
    by: &ForeignCaller,
    for_log_file: bool,
    call: &EventReference,
) -> Finding {
    let message = if for_log_file {
        format!(
            "A caller other than CloudTrail called KMS to encrypt this log file: {}, in {call}. Only the writer of a log file needs to do this.",
            by.caller
        )
    } else {
        format!(
            "A caller other than CloudTrail called KMS to encrypt data in the name of the trail: {}, in {call}. The call names no log file.",
            by.caller
        )
    };
    let finding = finding(subject, by, message);
    if for_log_file {
        finding
    } else {
        finding.with_advice(NO_LOG_FILE_NAMED)
    }
}

/// A call by CloudTrail that KMS refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// The answer of KMS.
    pub error: String,
}

impl Evidence for RefusedCall {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsDeliveryDenied
    }

    fn expected(&self) -> String {
        "a data key for CloudTrail".to_owned()
    }

    fn actual(&self) -> String {
        format!("KMS answered {}", self.error)
    }
}

/// A key for which KMS refuses CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// Its ARN, or its name if the ARN is unknown.
    pub key: String,
    /// The number of refused calls.
    pub calls: u64,
    /// The first refused call.
    pub first: EventReference,
    /// The answer of KMS to the first call.
    pub answer: String,
}

impl Evidence for RefusedKey {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsDeliveryDenied
    }

    fn expected(&self) -> String {
        format!("a data key under {} for CloudTrail", self.key)
    }

    fn actual(&self) -> String {
        format!("{} in this log file, from {}", self.answer, self.first)
    }
}

/// Reports that KMS refuses CloudTrail data keys, so that log files are not delivered.
#[must_use]
pub fn refused_key(subject: FindingSubject, refused: &RefusedKey) -> Finding {
    let times = match refused.calls {
        1 => "once".to_owned(),
        calls => format!("{calls} times"),
    };
    finding(
        subject,
        refused,
        format!(
            "KMS refused CloudTrail a data key {times}, first in {}: log files are not being delivered.",
            refused.first
        ),
    )
}

/// A log file that is not encrypted the way the trail encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedEncryption {
    /// The configured keys, if any.
    pub configured: Vec<String>,
    /// The encryption that the object's headers state.
    pub found: Encryption,
}

impl Evidence for ChangedEncryption {
    fn kind(&self) -> FindingKind {
        FindingKind::LogFileEncryptionChanged
    }

    fn expected(&self) -> String {
        match self.configured.as_slice() {
            [] => "encryption under a KMS key (SSE-KMS)".to_owned(),
            keys => format!("encryption under {}", keys.join(" or ")),
        }
    }

    fn actual(&self) -> String {
        match self.found.kms_key() {
            Some(key) => format!("the object is encrypted under {key}"),
            None => format!(
                "the object is not encrypted under a KMS key but with {}",
                self.found.algorithm.as_deref().unwrap_or("nothing")
            ),
        }
    }
}

/// Reports a log file that is not encrypted the way the trail encrypts.
#[must_use]
pub fn changed_encryption(subject: FindingSubject, changed: &ChangedEncryption) -> Finding {
    finding(
        subject,
        changed,
        "The log file is not encrypted the way the trail encrypts. Another principal wrote or copied the file, or the trail's key was changed.",
    )
}
